#include "actors/server/server-private.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/object/record.h"
#include "datastore/object/selector.h"
#include "datastore/schema/core.h"
#include "datastore/schema/policy.h"

/*
 * pods/eviction: a delete of a pod that its disruption budget has to allow.
 *
 * What the budget allows is used up in the same write that deletes the pod or marks it, so neither happens without the other.
 */

#define DISRUPTED_MAX 2000U /* upstream's: more mean that nobody confirms them */
#define RETRY_S 10
#define TOO_MANY "Cannot evict pod as it would violate the pod's disruption budget."
#define BUDGET_BYTES_MAX LIMIT_OBJECT_BYTES

/* ---- what is asked for ------------------------------------------------------------------------------------- */

static enum next other_dry_run(struct request *r)
{
	return request_fail(r, failure_plain(r->arena, 500,
					     STR("Non-matching dry-run options in request and "
						 "content")));
}

/* Dry runs may be asked for in either place. */
static enum next take_options(struct request *r, const struct meta_delete_options *options)
{
	const struct str *dry_run = r->options.dry_run;
	uint32_t count = r->options.dry_run_count;
	struct faults faults = faults_in(r->arena);
	const char *kind;

	if (options == NULL)
		return NEXT;
	if (count > 0 && options->dry_run.len > 0 && count != options->dry_run.len)
		return other_dry_run(r);
	options_take_delete(&r->options, options);
	if (r->options.dry_run_count == 0) {
		r->options.dry_run = dry_run;
		r->options.dry_run_count = count;
	}
	options_validate(&r->options, VERB_DELETE, false, &faults, &kind);
	if (faults.len == 0)
		return NEXT;
	return request_fail(
	    r, failure_invalid(r->arena, STR("meta.k8s.io"), str_from(kind), STR(""), &faults));
}

static enum next eviction_decode(struct request *r)
{
	const struct policy_eviction *eviction;
	enum next next = body_decode_as(r, &policy_eviction_type, false);

	if (next != NEXT)
		return next;
	eviction = r->work = r->record;
	if (!str_eq(eviction->metadata->name, r->route.name))
		return request_fail(
		    r, failure_bad_request(r->arena,
					   "name in URL does not match name in Eviction object"));
	return take_options(r, eviction->delete_options);
}

/* ---- the budget ------------------------------------------------------------------------------------------------ */

struct search {
	struct request *r;
	const struct core_pod *pod;
	const struct object *found;
	uint32_t count;
};

static bool visit_budget(void *arg, const struct object *object)
{
	struct search *search = arg;
	const struct policy_pod_disruption_budget *budget = object->record;
	struct selector selector;

	if (selector_from_label_selector(budget->spec->selector, search->r->arena, &selector,
					 NULL) != OK ||
	    !selector_matches_labels(&selector, search->pod->metadata->labels))
		return true;
	search->found = object;
	search->count++;
	return true;
}

static bool is_ready(const struct core_pod *pod)
{
	for (uint32_t i = 0; i < pod->status->conditions.len; i++)
		if (str_is(pod->status->conditions.at[i].type, "Ready"))
			return str_is(pod->status->conditions.at[i].status, "True");
	return false;
}

/* One that runs no more, or not yet, has no disruption left to cause. */
static bool is_beyond_budgets(const struct core_pod *pod)
{
	struct str phase = pod->status->phase;

	return str_is(phase, "Succeeded") || str_is(phase, "Failed") || str_is(phase, "Pending") ||
	       pod->metadata->has.deletion_timestamp;
}

/* A pod that is not ready does not count; whether it may go says the policy. */
static bool may_go_unready(const struct policy_pod_disruption_budget *budget)
{
	const struct policy_pod_disruption_budget_status *status = budget->status;

	return str_is(budget->spec->unhealthy_pod_eviction_policy, "AlwaysAllow") ||
	       (status->current_healthy >= status->desired_healthy && status->desired_healthy > 0);
}

static enum next refuse(struct request *r, struct failure *failure, struct str why)
{
	failure_cause_add(failure, r->arena, STR("DisruptionBudget"), why, STR_NONE);
	return request_fail(r, failure);
}

static enum next forbid(struct request *r, struct str name, const char *why, const char *words)
{
	struct failure *failure = failure_forbidden(
	    r->arena, STR("policy"), STR("poddisruptionbudget"), name, str_from(why));

	return refuse(r, failure,
		      request_printf(r,
				     "The disruption budget " STR_FMT
				     " does not allow evicting pods currently: %s",
				     STR_ARG(name), words));
}

static const struct meta_condition *condition_of(const struct policy_pod_disruption_budget *budget)
{
	const struct meta_condition_list *list = &budget->status->conditions;

	for (uint32_t i = 0; i < list->len; i++)
		if (str_is(list->at[i].type, "DisruptionAllowed"))
			return &list->at[i];
	return NULL;
}

static struct str why_none(struct request *r, const struct policy_pod_disruption_budget *budget)
{
	const struct meta_condition *condition = condition_of(budget);
	struct str name = budget->metadata->name;
	bool is_false =
	    condition && str_is(condition->status, "False") && condition->message.len > 0;

	if (is_false && str_is(condition->reason, "SyncFailed"))
		return request_printf(r,
				      "The disruption budget " STR_FMT
				      " does not allow evicting pods currently because it failed "
				      "sync: " STR_FMT,
				      STR_ARG(name), STR_ARG(condition->message));
	if (budget->status->current_healthy <= budget->status->desired_healthy)
		return request_printf(r,
				      "The disruption budget " STR_FMT
				      " needs %d healthy pods and has %d currently",
				      STR_ARG(name), budget->status->desired_healthy,
				      budget->status->current_healthy);
	if (is_false)
		return request_printf(
		    r,
		    "The disruption budget " STR_FMT
		    " does not allow evicting pods currently (" STR_FMT "): " STR_FMT,
		    STR_ARG(name), STR_ARG(condition->reason), STR_ARG(condition->message));
	return request_printf(
	    r, "The disruption budget " STR_FMT " does not allow evicting pods currently",
	    STR_ARG(name));
}

static enum next judge(struct request *r, const struct policy_pod_disruption_budget *budget)
{
	const struct policy_pod_disruption_budget_status *status = budget->status;
	struct str name = budget->metadata->name;

	if (status->observed_generation < budget->metadata->generation)
		return refuse(r, failure_too_many(r->arena, RETRY_S, TOO_MANY),
			      request_printf(r,
					     "The disruption budget " STR_FMT
					     " is still being processed by the server.",
					     STR_ARG(name)));
	if (status->disruptions_allowed < 0)
		return forbid(r, name, "pdb disruptions allowed is negative",
			      "pdb disruptions allowed is negative");
	if (status->disrupted_pods.len > DISRUPTED_MAX)
		return forbid(
		    r,
		    name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
		    "too many pending evictions not confirmed by PDB controller");
	if (status->disruptions_allowed == 0)
		return refuse(r, failure_too_many(r->arena, 0, TOO_MANY), why_none(r, budget));
	return NEXT;
}

/* ---- what is written ----------------------------------------------------------------------------------------- */

static void add_disrupted(struct request *r, struct wall_map *map, struct str pod)
{
	struct wall now = act_wall(r->server->act);
	struct wall_entry *at = arena_array(r->arena, struct wall_entry, map->len + 1);
	uint32_t place = 0;

	while (place < map->len && str_cmp(map->at[place].key, pod) < 0)
		place++;
	if (place > 0)
		memcpy(at, map->at, place * sizeof *at);
	if (place < map->len)
		memcpy(at + place + 1, map->at + place, (map->len - place) * sizeof *at);
	at[place] = (struct wall_entry){ pod, { now.ns - now.ns % TIME_S } };
	map->at = at;
	map->len++;
}

/* The last one: the budget says itself that it allows no more. */
static void set_exhausted(struct request *r, struct policy_pod_disruption_budget *budget)
{
	struct meta_condition *condition = (struct meta_condition *)(uintptr_t)condition_of(budget);
	struct wall now = act_wall(r->server->act);

	if (condition == NULL)
		return; /* its controller says so with the next look */
	if (!str_is(condition->status, "False"))
		SET(condition, last_transition_time, ((struct wall){ now.ns - now.ns % TIME_S }));
	condition->status = STR("False");
	condition->reason = STR("InsufficientPods");
	condition->message = STR_NONE;
	SET(condition, observed_generation, budget->status->observed_generation);
}

static void use_up(struct request *r, const struct object *object)
{
	const struct type *type = object->type;
	struct policy_pod_disruption_budget *budget =
	    record_clone_shallow(type, object->record, r->arena);
	const struct resource *resource = resources_find_type(r->server->resources, type);
	struct text value = text_in(r->arena, BUDGET_BYTES_MAX);

	SET(budget->status, disruptions_allowed, budget->status->disruptions_allowed - 1);
	add_disrupted(r, &budget->status->disrupted_pods, r->route.name);
	if (budget->status->disruptions_allowed == 0)
		set_exhausted(r, budget);
	budget->metadata->resource_version = STR_NONE;
	proto_envelope_encode(type, budget, &value);
	r->also = arena_new_of(r->arena, struct kind_write);
	r->also->key =
	    request_printf(r, STR_FMT STR_FMT "/" STR_FMT, STR_ARG(resource->row->prefix),
			   STR_ARG(budget->metadata->namespace), STR_ARG(budget->metadata->name));
	r->also->value = text_str(&value);
	r->also->expected = (uint64_t)object->revision;
}

/* ---- the steps -------------------------------------------------------------------------------------------------- */

static enum next ask_budget(struct request *r)
{
	struct search search = { .r = r, .pod = r->live->record };
	const struct reader *reader = &r->server->reader;
	enum next next;

	r->also = NULL;
	if (is_beyond_budgets(search.pod))
		return NEXT;
	reader->each(reader->self, &policy_pod_disruption_budget_type, r->route.namespace,
		     visit_budget, &search);
	if (search.count > 1)
		return request_fail(
		    r,
		    failure_plain(r->arena, 500,
				  STR("This pod has more than one PodDisruptionBudget, which the "
				      "eviction subresource does not support.")));
	if (search.count == 0 || (!is_ready(search.pod) && may_go_unready(search.found->record)))
		return NEXT;
	next = judge(r, search.found->record);
	if (next == NEXT)
		use_up(r, search.found);
	return next;
}

static enum next eviction_read(struct request *r)
{
	if (!r->is_fresh)
		return request_refresh(r);
	r->live = request_live(r);
	return r->live ? ask_budget(r) : request_not_found(r);
}

static enum next eviction_admit(struct request *r)
{
	return write_admit(r, ADMISSION_CREATE, &policy_eviction_type, r->work, NULL, false);
}

static enum next eviction_validate(struct request *r)
{
	enum next next =
	    write_admit(r, ADMISSION_CREATE, &policy_eviction_type, r->work, NULL, true);
	enum delete_verdict verdict;

	if (next != NEXT)
		return next;
	verdict = delete_judge(r);
	if (verdict == DELETE_REFUSED)
		return DONE;
	if (verdict == DELETE_NOTHING) {
		respond_success(r);
		return DONE;
	}
	r->is_removal = verdict == DELETE_REMOVE;
	binding_set_condition(
	    r, r->record,
	    (struct core_pod_condition){ .type = STR("DisruptionTarget"),
					 .status = STR("True"),
					 .reason = STR("EvictionByEvictionAPI"),
					 .message = STR("Eviction API: evicting") });
	return NEXT;
}

const struct verb_steps eviction_steps = {
	.name = "eviction",
	.is_write = true,
	.decode = eviction_decode,
	.read = eviction_read,
	.admit = eviction_admit,
	.validate = eviction_validate,
	.persist = delete_persist,
	.answer = respond_success,
};
