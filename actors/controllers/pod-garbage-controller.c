/*
 * Pod garbage collection: pods of nodes that do not exist, pods that were deleted before they were ever scheduled, and
 * the oldest of too many finished ones.
 */
#include <stdlib.h>

#include "actors/controller/plan.h"
#include "actors/controller/pod.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "runtime/base/str.h"

#define FINISHED_MAX 12500U /* upstream's --terminated-pod-gc-threshold */
#define QUARANTINE_MS 40000 /* how long a node must be gone */

/* All pods are judged together, under one key that stands for the cluster. */
static int by_age(const void *left, const void *right)
{
	const struct core_pod *const *a = left, *const *b = right;
	int64_t first = (*a)->metadata->creation_timestamp.ns,
		second = (*b)->metadata->creation_timestamp.ns;

	return first != second ? (first > second) - (first < second)
			       : str_cmp((*a)->metadata->name, (*b)->metadata->name);
}

static void remove_now(struct plan *plan, const struct core_pod *pod)
{
	plan_delete_(plan, &core_pod_type, pod->metadata, PLAN_BACKGROUND, 0);
}

static bool node_exists(const struct world *world, struct str name)
{
	return world_get(world, ((struct key){ STR(""), name }), core_node) != NULL;
}

/* A pod is young as long as its node may only not have registered yet, or be known to another cache first. */
static bool is_young(const struct world *world, const struct core_pod *pod)
{
	int64_t since = world_now(world).ns - pod->metadata->creation_timestamp.ns;

	return since < QUARANTINE_MS * TIME_MS;
}

static void remove_finished(const struct world *world, struct plan *plan, struct records pods)
{
	const struct core_pod **finished =
	    arena_array(world_arena(world), const struct core_pod *, pods.len + 1);
	uint32_t count = 0;

	for (uint32_t i = 0; i < pods.len; i++)
		if (pod_is_finished(record_at(pods, i, core_pod)))
			finished[count++] = record_at(pods, i, core_pod);
	if (count <= FINISHED_MAX)
		return;
	qsort(finished, count, sizeof *finished, by_age);
	for (uint32_t i = 0; i < count - FINISHED_MAX; i++)
		remove_now(plan, finished[i]);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	struct records pods = world_list(world, STR_NONE, core_pod);

	/* The namespace default always exists: its key stands for all. */
	if (!str_is(key.name, "default"))
		return OK;
	remove_finished(world, plan, pods);
	for (uint32_t i = 0; i < pods.len; i++) {
		const struct core_pod *pod = record_at(pods, i, core_pod);
		bool is_bound = pod->spec->node_name.len > 0;

		if (is_bound && !node_exists(world, pod->spec->node_name) && !is_young(world, pod))
			remove_now(plan, pod);
		else if (!is_bound && pod->metadata->has.deletion_timestamp)
			remove_now(plan, pod);
	}
	return OK;
}

const struct controller pod_garbage_controller = {
	.name = "pod-garbage-collector",
	.account = "pod-garbage-collector",
	.reconciles = &core_namespace_type,
	.reads = { &core_pod_type, &core_node_type },
	.resync_ms = 20000,
	.workers = 1,
	.reconcile = reconcile,
};
