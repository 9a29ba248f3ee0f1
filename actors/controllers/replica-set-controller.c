/*
 * ReplicaSets: keeps as many pods of one template as asked for.
 *
 * Pods that match its selector and belong to nobody are adopted, its own that match no longer are let go. Too few: pods
 * are created; too many: those go first whose loss costs the least (upstream's order of ranks).
 */
#include <stdlib.h>

#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/pod.h"
#include "actors/controller/template.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define BURST 500U /* creates or deletes of one call, upstream's burst */

struct pods {
	const struct core_pod **at;
	uint32_t len;
};

/* ---- whose pods --------------------------------------------------------------------------------------- */

static const struct meta_owner_reference *controller_of(const struct meta_object_meta *meta)
{
	for (uint32_t i = 0; i < meta->owner_references.len; i++)
		if (meta->owner_references.at[i].controller)
			return &meta->owner_references.at[i];
	return NULL;
}

static void adopt(struct plan *plan, const struct apps_replica_set *set, const struct core_pod *pod)
{
	struct core_pod *edit = plan_edit(plan, pod, core_pod);
	struct meta_owner_reference_list *list = &edit->metadata->owner_references;
	struct meta_owner_reference *grown =
	    arena_array(plan_arena(plan), struct meta_owner_reference, list->len + 1);

	if (list->len > 0)
		memcpy(grown, list->at, list->len * sizeof *grown);
	grown[list->len] =
	    (struct meta_owner_reference){ .api_version = STR("apps/v1"),
					   .kind = STR("ReplicaSet"),
					   .name = arena_str(plan_arena(plan), set->metadata->name),
					   .uid = arena_str(plan_arena(plan), set->metadata->uid) };
	SET(&grown[list->len], controller, true);
	SET(&grown[list->len], block_owner_deletion, true);
	list->at = grown;
	list->len++;
}

static void let_go(struct plan *plan, const struct apps_replica_set *set, const struct core_pod *pod)
{
	struct meta_owner_reference_list *list =
	    &plan_edit(plan, pod, core_pod)->metadata->owner_references;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < list->len; i++)
		if (!str_eq(list->at[i].uid, set->metadata->uid))
			list->at[kept++] = list->at[i];
	list->len = kept;
}

/* The active pods that are the set's, after adopting and letting go. */
static struct pods claim(const struct world *world, struct plan *plan,
			 const struct apps_replica_set *set)
{
	struct records all =
	    world_matching(world, set->metadata->namespace, core_pod, set->spec->selector);
	struct records owned = world_owned(world, set, core_pod);
	struct pods pods = { arena_array(world_arena(world), const struct core_pod *, all.len + 1),
			     0 };
	bool is_leaving = set->metadata->has.deletion_timestamp;

	for (uint32_t i = 0; i < all.len; i++) {
		const struct core_pod *pod = record_at(all, i, core_pod);
		const struct meta_owner_reference *owner = controller_of(pod->metadata);

		if (!pod_is_active(pod) ||
		    (owner != NULL && !str_eq(owner->uid, set->metadata->uid)))
			continue;
		if (owner == NULL && is_leaving)
			continue;
		if (owner == NULL)
			adopt(plan, set, pod);
		pods.at[pods.len++] = pod;
	}
	for (uint32_t i = 0; i < owned.len && !is_leaving; i++) {
		const struct core_pod *pod = record_at(owned, i, core_pod);

		if (!world_selects(set->spec->selector, pod->metadata->labels))
			let_go(plan, set, pod);
	}
	return pods;
}

/* ---- which pods go first -------------------------------------------------------------------------------- */

/* A pod and what decides about it, all in the order of importance. */
struct ranked {
	const struct core_pod *pod;
	int assigned, phase, ready; /* lower goes first */
	int64_t cost;
	uint32_t neighbours; /* more go first */
	int64_t ready_since, created;
	int64_t restarts;
};

static int64_t restarts_of(const struct core_pod *pod)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < pod->status->container_statuses.len; i++)
		sum += pod->status->container_statuses.at[i].restart_count;
	return sum;
}

static int64_t cost_of(const struct core_pod *pod)
{
	int64_t cost = 0;

	(void)!str_to_i64(str_map_get(pod->metadata->annotations,
				      STR("controller.kubernetes.io/pod-deletion-cost")),
			  &cost);
	return cost;
}

static int phase_rank(struct str phase)
{
	return str_is(phase, "Pending") ? 0 : str_is(phase, "Unknown") ? 1 : 2;
}

static uint32_t neighbours_of(const struct pods *pods, const struct core_pod *pod)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < pods->len; i++)
		count += str_eq(pods->at[i]->spec->node_name, pod->spec->node_name);
	return count;
}

static struct ranked rank(const struct pods *pods, const struct core_pod *pod)
{
	const struct core_pod_condition *ready = pod_condition(pod, "Ready");

	return (struct ranked){ .pod = pod,
				.assigned = pod->spec->node_name.len > 0,
				.phase = phase_rank(pod->status->phase),
				.ready = pod_is_ready(pod),
				.cost = cost_of(pod),
				.neighbours = neighbours_of(pods, pod),
				.ready_since = ready ? ready->last_transition_time.ns : 0,
				.created = pod->metadata->creation_timestamp.ns,
				.restarts = restarts_of(pod) };
}

static int sign(int64_t difference)
{
	return (difference > 0) - (difference < 0);
}

static int by_rank(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	const int order[] = { sign(a->assigned - b->assigned),
			      sign(a->phase - b->phase),
			      sign(a->ready - b->ready),
			      sign(a->cost - b->cost),
			      sign((int64_t)b->neighbours - a->neighbours),
			      a->ready && b->ready ? sign(b->ready_since - a->ready_since) : 0,
			      sign(b->restarts - a->restarts),
			      sign(b->created - a->created),
			      str_cmp(a->pod->metadata->name, b->pod->metadata->name) };

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		if (order[i] != 0)
			return order[i];
	return 0;
}

static void remove_pods(const struct world *world, struct plan *plan,
			const struct apps_replica_set *set, const struct pods *pods, uint32_t count)
{
	struct ranked *ranked = arena_array(world_arena(world), struct ranked, pods->len);

	for (uint32_t i = 0; i < pods->len; i++)
		ranked[i] = rank(pods, pods->at[i]);
	qsort(ranked, pods->len, sizeof *ranked, by_rank);
	for (uint32_t i = 0; i < count && i < BURST; i++) {
		plan_delete(plan, ranked[i].pod, core_pod);
		plan_event(plan, &apps_replica_set_type, set->metadata, false, "SuccessfulDelete",
			   "Deleted pod: " STR_FMT, STR_ARG(ranked[i].pod->metadata->name));
	}
}

static void create_pods(const struct world *world, struct plan *plan,
			const struct apps_replica_set *set, uint32_t have, uint32_t count)
{
	for (uint32_t i = 0; i < count && i < BURST; i++) {
		const struct core_pod *pod =
		    template_pod(world, plan, &apps_replica_set_type, set->metadata,
				 set->spec->template, have + i);

		plan_event(plan, &apps_replica_set_type, set->metadata, false, "SuccessfulCreate",
			   "Created pod: " STR_FMT, STR_ARG(pod->metadata->name));
	}
}

/* ---- status ------------------------------------------------------------------------------------------------ */

static bool has_template_labels(const struct apps_replica_set *set, const struct core_pod *pod)
{
	struct str_map wanted = set->spec->template->metadata
				    ? set->spec->template->metadata->labels
				    : (struct str_map){ 0 };

	for (uint32_t i = 0; i < wanted.len; i++)
		if (!str_eq(str_map_get(pod->metadata->labels, wanted.at[i].key),
			    wanted.at[i].value))
			return false;
	return true;
}

static void report(const struct world *world, struct plan *plan, const struct apps_replica_set *set,
		   const struct pods *pods)
{
	struct apps_replica_set_status *status = plan_status(plan, set, apps_replica_set)->status;
	int32_t labelled = 0, ready = 0, available = 0;

	for (uint32_t i = 0; i < pods->len; i++) {
		int64_t wait_ms;

		labelled += has_template_labels(set, pods->at[i]);
		ready += pod_is_ready(pods->at[i]);
		available += pod_is_available(pods->at[i], set->spec->min_ready_seconds,
					      world_now(world), &wait_ms);
		if (wait_ms > 0)
			plan_again(plan, wait_ms);
	}
	SET(status, replicas, (int32_t)pods->len);
	SET(status, fully_labeled_replicas, labelled);
	SET(status, ready_replicas, ready);
	SET(status, available_replicas, available);
	SET(status, observed_generation, set->metadata->generation);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct apps_replica_set *set = world_get(world, key, apps_replica_set);
	struct pods pods;
	int64_t missing;

	if (set == NULL)
		return OK;
	pods = claim(world, plan, set);
	missing = (int64_t)set->spec->replicas - pods.len;
	if (!set->metadata->has.deletion_timestamp && missing > 0)
		create_pods(world, plan, set, pods.len, (uint32_t)missing);
	else if (!set->metadata->has.deletion_timestamp && missing < 0)
		remove_pods(world, plan, set, &pods, (uint32_t)-missing);
	report(world, plan, set, &pods);
	return OK;
}

/* A pod without an owner may be one to adopt. */
static void pod_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	const struct core_pod *pod = object->record;
	struct records sets;

	(void)old;
	if (controller_of(pod->metadata) != NULL || !pod_is_active(pod))
		return;
	sets = world_list(world, pod->metadata->namespace, apps_replica_set);
	for (uint32_t i = 0; i < sets.len; i++) {
		const struct apps_replica_set *set = record_at(sets, i, apps_replica_set);

		if (world_selects(set->spec->selector, pod->metadata->labels))
			wake_key(to, set->metadata->namespace, set->metadata->name);
	}
}

const struct controller replica_set_controller = {
	.name = "replicaset",
	.account = "replicaset-controller",
	.reconciles = &apps_replica_set_type,
	.owns = { &core_pod_type },
	.triggers = { { &core_pod_type, pod_wakes } },
	.workers = 16,
	.reconcile = reconcile,
};
