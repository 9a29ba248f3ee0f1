#include "deploy/main/admin/chaos-plan.h"

#include "actors/controller/workload/condition.h"
#include "datastore/object/selector.h"

static bool is_at(const struct troupe_chaos_plan *plan, const char *phase)
{
	return plan->status != NULL && str_is(plan->status->phase, phase);
}

bool chaos_is_over(const struct troupe_chaos_plan *plan)
{
	return is_at(plan, "Completed") || is_at(plan, "Refused");
}

enum chaos_want chaos_want(const struct troupe_chaos_plan *plan, struct wall now, bool is_due)
{
	const struct troupe_chaos_plan_spec *spec = plan->spec;
	const struct troupe_chaos_plan_status *status = plan->status;

	if (spec == NULL || spec->target == NULL || chaos_is_over(plan))
		return CHAOS_NOTHING;
	if (status == NULL || !status->has.start_time)
		return CHAOS_BEGIN;
	if (status->last_injection != NULL && !status->last_injection->measured)
		return CHAOS_MEASURE;
	if (!spec->has.every_seconds && status->injected.len > 0)
		return CHAOS_COMPLETE;
	if (spec->has.duration_seconds &&
	    now.ns - status->start_time.ns >= (int64_t)spec->duration_seconds * TIME_S)
		return CHAOS_COMPLETE;
	return is_due ? CHAOS_INJECT : CHAOS_NOTHING;
}

/* ---- targets ------------------------------------------------------------------------------------------------ */

bool chaos_matches(struct str pattern, struct str name)
{
	uint32_t p = 0, n = 0, star = UINT32_MAX, mark = 0;

	/* On a mismatch the last star takes one letter more; no earlier one ever has to. */
	while (n < name.len) {
		if (p < pattern.len && pattern.at[p] == '*') {
			star = p++;
			mark = n;
		} else if (p < pattern.len && (pattern.at[p] == '?' || pattern.at[p] == name.at[n])) {
			p++;
			n++;
		} else if (star != UINT32_MAX) {
			p = star + 1;
			n = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.at[p] == '*')
		p++;
	return p == pattern.len;
}

static bool is_named(const struct troupe_chaos_target *target, struct str name)
{
	for (uint32_t i = 0; i < target->names.len; i++)
		if (chaos_matches(target->names.at[i], name))
			return true;
	return target->names.len == 0;
}

bool chaos_means(const struct troupe_chaos_plan *plan, const struct object *actor,
		 struct arena *arena)
{
	const struct troupe_chaos_target *target = plan->spec->target;
	const struct troupe_actor *record = actor->record;
	struct selector selector = SELECTOR_ALL;

	if (!str_eq(record->spec->level, target->level) || !is_named(target, object_name(actor)) ||
	    !str_is(record->status->state, "Running"))
		return false;
	if (target->selector != NULL &&
	    selector_from_label_selector(target->selector, arena, &selector, NULL) != OK)
		return false;
	return selector_matches_labels(&selector, object_meta(actor)->labels);
}

/* Without it a replica of the data is away: its process, the store in it, or the whole node. */
static bool keeps_data(const struct troupe_actor *actor)
{
	struct str path = actor->spec->path, first = str_cut(&path, '/');

	return str_is(actor->spec->level, "Node") ||
	       (str_is(actor->spec->host, "core") &&
		(str_is(actor->spec->level, "Host") || str_is(first, "store")));
}

bool chaos_can_bear(const struct overview *overview, struct str fault,
		    const struct troupe_actor *actor)
{
	(void)fault;
	if (!keeps_data(actor))
		return true;
	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		const struct store_member *member = &overview->store.members[i];

		if (str_eq(member->name, actor->spec->node) && member->role != STORE_VOTER)
			return true;
	}
	return overview->store.leader != 0 && overview->tolerance > 0;
}

/* ---- notes ---------------------------------------------------------------------------------------------------- */

void chaos_note_begin(struct troupe_chaos_plan *plan, struct arena *arena, struct wall now)
{
	struct troupe_chaos_plan_status *status = MAKE(plan->status, arena);

	status->phase = STR("Running");
	SET(status, start_time, now);
	SET(status, observed_generation, plan->metadata->generation);
}

void chaos_note_injection(struct troupe_chaos_plan *plan, struct arena *arena, struct str target,
			  struct wall now)
{
	struct troupe_chaos_plan_status *status = MAKE(plan->status, arena);
	struct troupe_chaos_injection *last = arena_new_of(arena, struct troupe_chaos_injection);

	if (status->injected.len == 0) {
		status->injected.at = arena_new_of(arena, struct troupe_chaos_count);
		*status->injected.at = (struct troupe_chaos_count){ .fault = plan->spec->fault };
		status->injected.len = 1;
	}
	SET(status->injected.at, count, status->injected.at->count + 1);
	*last = (struct troupe_chaos_injection){ .fault = plan->spec->fault,
						 .target = arena_str(arena, target) };
	SET(last, time, now);
	SET(last, measured, false);
	status->last_injection = last;
}

static struct troupe_chaos_outage *outage_of(struct troupe_chaos_plan_status *status,
					     struct arena *arena, const char *what)
{
	struct troupe_chaos_outage_list *list = &status->outages;
	struct troupe_chaos_outage *grown;

	for (uint32_t i = 0; i < list->len; i++)
		if (str_is(list->at[i].what, what))
			return &list->at[i];
	grown = arena_array(arena, struct troupe_chaos_outage, list->len + 1);
	if (list->len > 0)
		memcpy(grown, list->at, list->len * sizeof *grown);
	list->at = grown;
	grown[list->len] = (struct troupe_chaos_outage){ .what = str_from(what) };
	return &grown[list->len++];
}

void chaos_note_outage(struct troupe_chaos_plan *plan, struct arena *arena, const char *what,
		       int64_t ms)
{
	struct troupe_chaos_plan_status *status = MAKE(plan->status, arena);
	struct troupe_chaos_outage *outage = outage_of(status, arena, what);

	SET(outage, worst_milliseconds,
	    ms > outage->worst_milliseconds ? ms : outage->worst_milliseconds);
	SET(outage, total_milliseconds, outage->total_milliseconds + ms);
	if (status->last_injection != NULL)
		SET(status->last_injection, measured, true);
}

void chaos_note_end(struct troupe_chaos_plan *plan, struct arena *arena, const char *phase,
		    struct wall now)
{
	struct troupe_chaos_plan_status *status = MAKE(plan->status, arena);

	status->phase = str_from(phase);
	SET(status, completion_time, now);
}

bool chaos_note_condition(struct troupe_chaos_plan *plan, struct arena *arena, struct wall now,
			  const char *type, bool holds, const char *reason, struct str message)
{
	struct troupe_chaos_plan_status *status = MAKE(plan->status, arena);

	return condition_set(arena, &status->conditions, now, meta_condition, .type = type,
			     .status = holds ? "True" : "False", .reason = reason,
			     .message = arena_str(arena, message));
}
