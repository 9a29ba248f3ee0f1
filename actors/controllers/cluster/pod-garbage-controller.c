/*
 * Pod garbage collection: pods of nodes that do not exist, pods that were deleted before they were ever scheduled, those
 * that end on a node that is out of service, and the oldest of too many finished ones.
 *
 * A node may come back: its pods are marked at first, with the condition that says they will be deleted, and go when that
 * has stood for a while. So the clock lies in the object, and whoever leads next goes on with it; if the
 * one that marked it had a clock ahead of its own, the while begins anew.
 */
#include <stdlib.h>

#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/condition.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "runtime/base/str.h"
#include "runtime/base/time/wall.h"

#define FINISHED_MAX 12500U /* upstream's --terminated-pod-gc-threshold */
#define QUARANTINE_MS 40000 /* how long a node must be gone */
#define DISRUPTION "DisruptionTarget"
#define REASON "DeletionByPodGC"
/* All pods are judged together, under the key of a namespace that always exists. */
#define EVERYTHING STR("default")

static bool node_exists(const struct world *world, struct str name)
{
	return world_get(world, ((struct key){ STR(""), name }), core_node) != NULL;
}

/* ---- going ---------------------------------------------------------------------------------------------------- */

/* Whoever owns it is to see that it failed, not only that it is gone. */
static void remove_now(struct plan *plan, const struct core_pod *pod)
{
	if (!pod_is_finished(pod))
		plan_status(plan, pod, core_pod)->status->phase = STR("Failed");
	plan_delete_(plan, &core_pod_type, pod->metadata, PLAN_BACKGROUND, 0);
}

/* The mark of pods whose node is gone; NULL: it has none. */
static const struct core_pod_condition *mark_of(const struct core_pod *pod)
{
	const struct core_pod_condition *found = pod_condition(pod, DISRUPTION);

	return found != NULL && str_is(found->reason, REASON) && str_is(found->status, "True")
		   ? found
		   : NULL;
}

static void set_mark(const struct world *world, struct plan *plan, const struct core_pod *pod,
		     bool is_true)
{
	condition_set(plan_arena(plan), &plan_status(plan, pod, core_pod)->status->conditions,
		      world_now(world), core_pod_condition, DISRUPTION, is_true ? "True" : "False",
		      REASON, STR("PodGC: node no longer exists"));
}

/* The leader that marked it had a clock ahead of ours. */
static void mark_anew(const struct world *world, struct plan *plan, const struct core_pod *pod)
{
	condition_remove(&plan_status(plan, pod, core_pod)->status->conditions, DISRUPTION,
			 core_pod_condition);
	set_mark(world, plan, pod, true);
	plan_again(plan, QUARANTINE_MS);
}

static void judge_orphan(const struct world *world, struct plan *plan, const struct core_pod *pod)
{
	const struct core_pod_condition *mark = mark_of(pod);
	int64_t since_ms;

	if (mark == NULL) {
		set_mark(world, plan, pod, true);
		plan_again(plan, QUARANTINE_MS);
		return;
	}
	since_ms = wall_since(world_now(world), mark->last_transition_time) / TIME_MS;
	if (since_ms < 0)
		mark_anew(world, plan, pod);
	else if (since_ms >= QUARANTINE_MS)
		remove_now(plan, pod);
	else
		plan_again(plan, QUARANTINE_MS - since_ms);
}

/* ---- judging --------------------------------------------------------------------------------------------------- */

/* Somebody said that the machine is off: what runs there cannot be asked to end. */
static bool is_out_of_service(const struct world *world, struct str name)
{
	const struct core_node *node = world_get(world, ((struct key){ STR(""), name }), core_node);
	const struct core_node_condition *ready =
	    condition_find(&node->status->conditions, "Ready", core_node_condition);

	if (ready != NULL && str_is(ready->status, "True"))
		return false;
	for (uint32_t i = 0; i < node->spec->taints.len; i++)
		if (str_is(node->spec->taints.at[i].key, "node.kubernetes.io/out-of-service"))
			return true;
	return false;
}

static void judge(const struct world *world, struct plan *plan, const struct core_pod *pod)
{
	struct str node = pod->spec->node_name;
	bool is_ending = pod->metadata->has.deletion_timestamp;

	if (node.len == 0) {
		if (is_ending)
			plan_delete_(plan, &core_pod_type, pod->metadata, PLAN_BACKGROUND, 0);
	} else if (!node_exists(world, node)) {
		judge_orphan(world, plan, pod);
	} else if (mark_of(pod) != NULL) {
		set_mark(world, plan, pod, false);
	} else if (is_ending && is_out_of_service(world, node)) {
		remove_now(plan, pod);
	}
}

static bool is_evicted(const struct core_pod *pod)
{
	return str_is(pod->status->reason, "Evicted");
}

/* Evicted ones first, then the oldest. */
static int by_use(const void *left, const void *right)
{
	const struct core_pod *a = *(const struct core_pod *const *)left;
	const struct core_pod *b = *(const struct core_pod *const *)right;
	int64_t first = a->metadata->creation_timestamp.ns,
		second = b->metadata->creation_timestamp.ns;

	if (is_evicted(a) != is_evicted(b))
		return is_evicted(a) ? -1 : 1;
	return first != second ? (first > second) - (first < second)
			       : str_cmp(a->metadata->name, b->metadata->name);
}

static void remove_finished(const struct world *world, struct plan *plan, struct records pods)
{
	const struct core_pod **finished;
	uint32_t count = 0;

	if (pods.len <= FINISHED_MAX)
		return;
	finished = arena_array(world_arena(world), const struct core_pod *, pods.len);
	for (uint32_t i = 0; i < pods.len; i++)
		if (pod_is_finished(record_at(pods, i, core_pod)))
			finished[count++] = record_at(pods, i, core_pod);
	if (count <= FINISHED_MAX)
		return;
	qsort(finished, count, sizeof *finished, by_use);
	for (uint32_t i = 0; i < count - FINISHED_MAX; i++)
		remove_now(plan, finished[i]);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	struct records pods;

	if (!str_eq(key.name, EVERYTHING))
		return OK;
	pods = world_list(world, STR_NONE, core_pod);
	remove_finished(world, plan, pods);
	for (uint32_t i = 0; i < pods.len; i++)
		judge(world, plan, record_at(pods, i, core_pod));
	return OK;
}

/* Only what has gone or is going is news here; everything else is looked at from time to time. */
static void pod_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	const struct core_pod *pod = object->record;
	struct str node = pod->spec->node_name;

	(void)old;
	if (node.len == 0 ? pod->metadata->has.deletion_timestamp : !node_exists(world, node))
		wake_key(to, STR(""), EVERYTHING);
}

static void node_wakes(const struct world *world, const struct object *object,
		       const struct object *old, struct wake *to)
{
	const struct core_node *node = object->record;

	(void)old;
	if (!node_exists(world, node->metadata->name))
		wake_key(to, STR(""), EVERYTHING);
}

const struct controller pod_garbage_controller = {
	.name = "pod-garbage-collector",
	.account = "pod-garbage-collector",
	.reconciles = &core_namespace_type,
	.triggers = { { &core_pod_type, pod_wakes }, { &core_node_type, node_wakes } },
	.resync_ms = 20000,
	.workers = 1,
	.patches = { &core_pod_type },
	.reconcile = reconcile,
};
