#include "deploy/main/admin/chaos-plan.h"

#include <stdio.h>

#include "actors/controller/workload/condition.h"

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

/* ---- whose turn it is ---------------------------------------------------------------------------------------- */

#define MISSED_MIN_MS 250
#define MISSED_MAX_MS 2000

static uint64_t fewest(const struct chaos_turns *turns, const struct chaos_turn *but)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < CHAOS_PLANS; i++)
		if (turns->at[i].plan != 0 && &turns->at[i] != but && turns->at[i].had < least)
			least = turns->at[i].had;
	return least;
}

uint64_t chaos_had(const struct troupe_chaos_plan *plan)
{
	const struct troupe_chaos_plan_status *status = plan->status;

	if (status == NULL || !status->has.start_time)
		return CHAOS_NEW;
	return status->injected.len > 0 ? (uint64_t)status->injected.at->count : 0;
}

struct chaos_turn *chaos_turn_of(struct chaos_turns *turns, uint64_t plan, uint64_t had)
{
	struct chaos_turn *room = NULL;
	uint64_t least = fewest(turns, NULL);

	for (uint32_t i = 0; i < CHAOS_PLANS; i++) {
		if (turns->at[i].plan == plan)
			return &turns->at[i];
		if (turns->at[i].plan == 0 && room == NULL)
			room = &turns->at[i];
	}
	if (had == CHAOS_NEW)
		had = least == UINT64_MAX ? 0 : least;
	if (room != NULL)
		*room = (struct chaos_turn){ .plan = plan, .had = had };
	return room;
}

void chaos_turn_forget(struct chaos_turns *turns, uint64_t plan)
{
	for (uint32_t i = 0; i < CHAOS_PLANS; i++)
		if (turns->at[i].plan == plan)
			turns->at[i] = (struct chaos_turn){ 0 };
}

void chaos_turn_had(struct chaos_turns *turns, struct chaos_turn *turn)
{
	uint64_t least = fewest(turns, turn);

	if (least != UINT64_MAX && turn->had + CHAOS_CREDIT < least)
		turn->had = least - CHAOS_CREDIT;
	turn->had++;
	turn->misses = 0;
}

void chaos_turn_missed(struct chaos_turn *turn, struct mono now)
{
	int64_t wait_ms = turn->misses < 3 ? MISSED_MIN_MS << turn->misses : MISSED_MAX_MS;

	turn->misses++;
	turn->due = (struct mono){ now.ns + wait_ms * TIME_MS };
}

bool chaos_turn_is_before(const struct chaos_turn *a, enum chaos_want a_want,
			  const struct chaos_turn *b, enum chaos_want b_want)
{
	bool is_turn = a_want == CHAOS_INJECT, is_late = a_want == CHAOS_MEASURE;

	if (is_late != (b_want == CHAOS_MEASURE))
		return is_late;
	if (is_turn != (b_want == CHAOS_INJECT))
		return !is_turn;
	if (is_turn && a->had != b->had)
		return a->had < b->had;
	return a->due.ns < b->due.ns;
}

/* ---- what is to be done ------------------------------------------------------------------------------------- */

#define MILLION 1000000U
#define HOUR_MS (3600 * 1000)

/* What a fault of a host's own seams is when the plan does not say. */
static const struct {
	const char *fault;
	enum faulty_kind kind;
	uint32_t per_million;
	int64_t delay_ms, skew_ms;
} orders[] = {
	{ "Drop", FAULTY_DROP, MILLION / 100, 0, 0 },
	{ "Delay", FAULTY_DELAY, MILLION, 50, 0 },
	{ "Duplicate", FAULTY_DUPLICATE, MILLION / 100, 0, 0 },
	{ "SlowFsync", FAULTY_SLOW_DISK, MILLION, 200, 0 },
	{ "FullDisk", FAULTY_FULL_DISK, MILLION, 0, 0 },
	{ "ClockSkew", FAULTY_SKEW, MILLION, 0, HOUR_MS },
};

static bool is_order(struct str fault, size_t *out)
{
	for (*out = 0; *out < sizeof orders / sizeof orders[0]; ++*out)
		if (str_is(fault, orders[*out].fault))
			return true;
	return false;
}

static struct faulty_order order_of(const struct troupe_chaos_plan_spec *spec, size_t i)
{
	struct faulty_order order = { .kind = orders[i].kind,
				      .per_million = spec->has.per_million
							 ? (uint32_t)spec->per_million
							 : orders[i].per_million };
	int64_t delay_ms =
	    spec->has.delay_milliseconds ? spec->delay_milliseconds : orders[i].delay_ms;
	int64_t skew_ms = spec->has.skew_milliseconds ? spec->skew_milliseconds : orders[i].skew_ms;

	order.value = order.kind == FAULTY_SKEW ? skew_ms : delay_ms * 1000;
	return order;
}

static uint32_t fault_ms(const struct troupe_chaos_plan_spec *spec)
{
	return spec->has.fault_seconds ? (uint32_t)spec->fault_seconds * 1000 : 1000;
}

static enum admin_fault_kind kind_of(struct str fault)
{
	if (str_is(fault, "Pause"))
		return ADMIN_PAUSE;
	if (str_is(fault, "Partition"))
		return ADMIN_PARTITION;
	return str_is(fault, "CorruptSegment") ? ADMIN_CORRUPT : ADMIN_KILL;
}

struct admin_fault chaos_fault(const struct troupe_chaos_plan *plan,
			       const struct chaos_target *target)
{
	const struct troupe_chaos_plan_spec *spec = plan->spec;
	struct admin_fault fault = { .kind = kind_of(spec->fault), .for_ms = fault_ms(spec) };
	size_t i;

	if (is_order(spec->fault, &i)) {
		fault.kind = ADMIN_ORDER;
		fault.order = order_of(spec, i);
		fault.order.for_ms = fault.for_ms;
	}
	snprintf(fault.path, sizeof fault.path, STR_FMT "%s" STR_FMT, STR_ARG(target->host),
		 target->path.len > 0 ? "/" : "", STR_ARG(target->path));
	snprintf(fault.to_node, sizeof fault.to_node, STR_FMT, STR_ARG(target->to_node));
	snprintf(fault.to_host, sizeof fault.to_host, STR_FMT, STR_ARG(target->to_host));
	return fault;
}

uint32_t chaos_lasts_ms(const struct troupe_chaos_plan *plan)
{
	bool is_moment =
	    str_is(plan->spec->fault, "Kill") || str_is(plan->spec->fault, "CorruptSegment");

	return is_moment ? 0 : fault_ms(plan->spec);
}

struct wall chaos_last_until(const struct troupe_chaos_plan *plan)
{
	const struct troupe_chaos_plan_status *status = plan->status;

	if (plan->spec == NULL || status == NULL || status->last_injection == NULL)
		return (struct wall){ INT64_MIN };
	return (struct wall){ status->last_injection->time.ns +
			      (int64_t)chaos_lasts_ms(plan) * TIME_MS };
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

void chaos_note_struck(struct troupe_chaos_plan *plan, struct arena *arena, uint64_t struck)
{
	struct troupe_chaos_plan_status *status = MAKE(plan->status, arena);

	if (status->injected.len > 0 && struck > 0)
		SET(status->injected.at, struck, status->injected.at->struck + (int64_t)struck);
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
