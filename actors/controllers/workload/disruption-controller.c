/*
 * Disruption: how many pods of a PodDisruptionBudget may be evicted now. Whoever evicts takes from that number at once and
 * notes the pod; here it is counted anew from what is there.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/condition.h"
#include "actors/controller/workload/owner.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/workload/template.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/policy.h"
#include "runtime/base/arena.h"
#include "runtime/base/time/wall.h"

#define DELETION_MS \
	120000 /* a pod that was evicted and is not being deleted by then counts again */
#define DISRUPTION_ALLOWED "DisruptionAllowed"

struct work {
	const struct world *world;
	struct plan *plan;
	const struct policy_pod_disruption_budget *budget;
	struct policy_pod_disruption_budget_status *status;
	struct records pods;
	int32_t expected, desired;
};

/* ---- how many there should be --------------------------------------------------------------------------------- */

/* What asks for the pod, and how many it asks for; -1: nobody knows. */
static int32_t scale_of(const struct work *w, const struct meta_owner_reference *owner,
			struct str *uid)
{
	struct key key = { w->budget->metadata->namespace, owner->name };
	const struct apps_replica_set *set;
	const struct apps_stateful_set *stateful;
	const struct core_replication_controller *old;

	*uid = owner->uid;
	if (str_is(owner->kind, "ReplicaSet") &&
	    (set = world_get(w->world, key, apps_replica_set)) != NULL) {
		const struct meta_owner_reference *above = owner_of(set->metadata);
		struct key place = { key.namespace, above ? above->name : STR_NONE };
		const struct apps_deployment *deployment =
		    above && str_is(above->kind, "Deployment")
			? world_get(w->world, place, apps_deployment)
			: NULL;

		if (deployment == NULL)
			return set->spec->replicas;
		*uid = above->uid;
		return deployment->spec->replicas;
	}
	if (str_is(owner->kind, "StatefulSet") &&
	    (stateful = world_get(w->world, key, apps_stateful_set)) != NULL)
		return stateful->spec->replicas;
	if (str_is(owner->kind, "ReplicationController") &&
	    (old = world_get(w->world, key, core_replication_controller)) != NULL)
		return old->spec->replicas;
	return -1;
}

/* The sum over all that ask for these pods; false: it cannot be told. */
static bool sum_scales(struct work *w, int32_t *out)
{
	struct str *seen = arena_array(world_arena(w->world), struct str, w->pods.len + 1);
	uint32_t len = 0;

	*out = 0;
	for (uint32_t i = 0; i < w->pods.len; i++) {
		const struct core_pod *pod = record_at(w->pods, i, core_pod);
		const struct meta_owner_reference *owner = owner_of(pod->metadata);
		bool is_known = false;
		int32_t scale;
		struct str uid;

		if (owner == NULL)
			continue;
		scale = scale_of(w, owner, &uid);
		if (scale < 0) {
			plan_event(w->plan, &policy_pod_disruption_budget_type, w->budget->metadata,
				   true, "CalculateExpectedPodCountFailed",
				   "Failed to calculate the number of expected pods: found no "
				   "controllers for pod \"" STR_FMT "\"",
				   STR_ARG(pod->metadata->name));
			return false;
		}
		for (uint32_t s = 0; s < len; s++)
			is_known |= str_eq(seen[s], uid);
		if (is_known)
			continue;
		seen[len++] = uid;
		*out += scale;
	}
	return true;
}

static bool expect(struct work *w)
{
	const struct policy_pod_disruption_budget_spec *spec = w->budget->spec;
	int32_t gone;

	if (spec->has.max_unavailable) {
		if (!sum_scales(w, &w->expected))
			return false;
		gone = template_scaled(spec->max_unavailable, w->expected, true);
		w->desired = gone < w->expected ? w->expected - gone : 0;
	} else if (spec->has.min_available && spec->min_available.is_string) {
		if (!sum_scales(w, &w->expected))
			return false;
		w->desired = template_scaled(spec->min_available, w->expected, true);
	} else if (spec->has.min_available) {
		w->expected = (int32_t)w->pods.len;
		w->desired = spec->min_available.number;
	}
	return true;
}

/* ---- how many there are ------------------------------------------------------------------------------------------ */

/* When the pod was evicted; 0: it was not, or so long ago that its deletion has failed. */
static int64_t evicted_ns(const struct work *w, const struct core_pod *pod)
{
	const struct wall_map *map = &w->budget->status->disrupted_pods;

	for (uint32_t i = 0; i < map->len; i++)
		if (str_eq(map->at[i].key, pod->metadata->name) &&
		    wall_since(world_now(w->world), map->at[i].value) < DELETION_MS * TIME_MS)
			return map->at[i].value.ns;
	return 0;
}

static int32_t count_healthy(struct work *w)
{
	struct wall_map kept = {
		arena_array(plan_arena(w->plan), struct wall_entry, w->pods.len + 1), 0
	};
	int32_t healthy = 0;

	for (uint32_t i = 0; i < w->pods.len; i++) {
		const struct core_pod *pod = record_at(w->pods, i, core_pod);
		int64_t evicted = evicted_ns(w, pod);

		if (pod->metadata->has.deletion_timestamp)
			continue;
		if (evicted == 0) {
			healthy += pod_is_ready(pod);
			continue;
		}
		kept.at[kept.len++] =
		    (struct wall_entry){ arena_str(plan_arena(w->plan), pod->metadata->name),
					 { evicted } };
		plan_again(w->plan, DELETION_MS - (world_now(w->world).ns - evicted) / TIME_MS + 1);
	}
	w->status->disrupted_pods = kept; /* in the order of names, as the pods are */
	return healthy;
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

static void report(struct work *w, int32_t allowed, const char *reason)
{
	int64_t generation = w->budget->metadata->generation;
	struct meta_condition_list *list = &w->status->conditions;

	SET(w->status, disruptions_allowed, allowed);
	SET(w->status, observed_generation, generation);
	condition_set(plan_arena(w->plan), list, world_now(w->world), meta_condition,
		      DISRUPTION_ALLOWED, allowed > 0 ? "True" : "False", reason, STR(""));
	for (uint32_t i = 0; i < list->len; i++)
		if (str_is(list->at[i].type, DISRUPTION_ALLOWED))
			SET(&list->at[i], observed_generation, generation);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	struct work w = { .world = world, .plan = plan };
	int32_t healthy, allowed;

	w.budget = world_get(world, key, policy_pod_disruption_budget);
	if (w.budget == NULL)
		return OK;
	w.status = plan_status(plan, w.budget, policy_pod_disruption_budget)->status;
	w.pods = world_matching(world, key.namespace, core_pod, w.budget->spec->selector);
	if (w.pods.len == 0)
		plan_event(plan, &policy_pod_disruption_budget_type, w.budget->metadata, false,
			   "NoPods", "No matching pods found");
	if (!expect(&w)) {
		report(&w, 0, "SyncFailed"); /* whoever does not know lets nothing go */
		return OK;
	}
	healthy = count_healthy(&w);
	SET(w.status, current_healthy, healthy);
	SET(w.status, desired_healthy, w.desired);
	SET(w.status, expected_pods, w.expected);
	allowed = w.expected > 0 && healthy > w.desired ? healthy - w.desired : 0;
	report(&w, allowed, allowed > 0 ? "SufficientPods" : "InsufficientPods");
	return OK;
}

static bool matters(const struct core_pod *now, const struct core_pod *before)
{
	return pod_is_ready(now) != pod_is_ready(before) ||
	       now->metadata->has.deletion_timestamp != before->metadata->has.deletion_timestamp;
}

static void wake_for(const struct world *world, const struct meta_object_meta *pod, struct wake *to)
{
	struct records budgets = world_list(world, pod->namespace, policy_pod_disruption_budget);

	for (uint32_t i = 0; i < budgets.len; i++) {
		const struct policy_pod_disruption_budget *budget =
		    record_at(budgets, i, policy_pod_disruption_budget);

		if (world_selects(budget->spec->selector, pod->labels))
			wake_key(to, budget->metadata->namespace, budget->metadata->name);
	}
}

static void pod_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	const struct core_pod *pod = object->record, *before = old ? old->record : NULL;
	struct key key = { pod->metadata->namespace, pod->metadata->name };
	bool is_gone = world_get(world, key, core_pod) == NULL;

	if (before == NULL || is_gone || matters(pod, before) ||
	    pod->metadata->labels.len != before->metadata->labels.len)
		wake_for(world, pod->metadata, to);
}

/* What is asked for has changed: every budget of the namespace may be one of percents. */
static void scale_wakes(const struct world *world, const struct object *object,
			const struct object *old, struct wake *to)
{
	struct str namespace = world_meta(object->type, object->record)->namespace;
	struct records budgets = world_list(world, namespace, policy_pod_disruption_budget);
	bool is_same = old != NULL && world_meta(object->type, object->record)->generation ==
					  world_meta(old->type, old->record)->generation;

	for (uint32_t i = 0; i < budgets.len && !is_same; i++)
		wake_key(to, namespace,
			 record_at(budgets, i, policy_pod_disruption_budget)->metadata->name);
}

const struct controller disruption_controller = {
	.name = "disruption",
	.account = "disruption-controller",
	.reconciles = &policy_pod_disruption_budget_type,
	.triggers = { { &core_pod_type, pod_wakes },
		      { &apps_deployment_type, scale_wakes },
		      { &apps_replica_set_type, scale_wakes },
		      { &apps_stateful_set_type, scale_wakes },
		      { &core_replication_controller_type, scale_wakes } },
	.workers = 1,
	.reconcile = reconcile,
};
