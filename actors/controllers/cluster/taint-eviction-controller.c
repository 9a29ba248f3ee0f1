/*
 * Taint eviction: pods leave a node with NoExecute taints that they do not tolerate, or when they have tolerated them for
 * as long as they say.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/taint.h"
#include "actors/controller/workload/condition.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "runtime/base/str.h"

/* How long the pod may stay with this taint: INT64_MAX for ever, 0 not at all. The first toleration that fits counts. */
static int64_t tolerated_s(const struct core_pod *pod, const struct core_taint *taint)
{
	const struct core_toleration *found = taint_toleration(taint, &pod->spec->tolerations);

	if (found == NULL)
		return 0;
	if (!found->has.toleration_seconds)
		return INT64_MAX;
	return found->toleration_seconds > 0 ? found->toleration_seconds : 0;
}

/* When the pod has to go, ns since the epoch; INT64_MAX: never. */
static int64_t due_ns(const struct world *world, const struct core_node *node,
		      const struct core_pod *pod)
{
	int64_t due = INT64_MAX;

	for (uint32_t i = 0; i < node->spec->taints.len; i++) {
		const struct core_taint *taint = &node->spec->taints.at[i];
		int64_t stay_s, from;

		if (!str_is(taint->effect, "NoExecute"))
			continue;
		stay_s = tolerated_s(pod, taint);
		if (stay_s == INT64_MAX)
			continue;
		from = taint->time_added.ns != 0 ? taint->time_added.ns : world_now(world).ns;
		if (from + stay_s * TIME_S < due)
			due = from + stay_s * TIME_S;
	}
	return due;
}

static void evict(const struct world *world, struct plan *plan, const struct core_pod *pod)
{
	condition_set(plan_arena(plan), &plan_status(plan, pod, core_pod)->status->conditions,
		      world_now(world), core_pod_condition, "DisruptionTarget", "True",
		      "DeletionByTaintManager",
		      STR("Taint manager: deleting due to NoExecute taint"));
	plan_event(plan, &core_pod_type, pod->metadata, false, "TaintManagerEviction",
		   "Marking for deletion Pod " STR_FMT "/" STR_FMT,
		   STR_ARG(pod->metadata->namespace), STR_ARG(pod->metadata->name));
	plan_delete(plan, pod, core_pod);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_pod *pod = world_get(world, key, core_pod);
	const struct core_node *node;
	int64_t due;

	if (pod == NULL || pod->spec->node_name.len == 0 || !pod_is_active(pod))
		return OK;
	node = world_get(world, ((struct key){ STR(""), pod->spec->node_name }), core_node);
	if (node == NULL)
		return OK;
	due = due_ns(world, node, pod);
	if (due == INT64_MAX)
		return OK;
	if (due <= world_now(world).ns)
		evict(world, plan, pod);
	else
		plan_again(plan, (due - world_now(world).ns) / TIME_MS + 1);
	return OK;
}

static bool has_no_execute(const struct core_node *node)
{
	for (uint32_t i = 0; i < node->spec->taints.len; i++)
		if (str_is(node->spec->taints.at[i].effect, "NoExecute"))
			return true;
	return false;
}

static void node_wakes(const struct world *world, const struct object *object,
		       const struct object *old, struct wake *to)
{
	const struct core_node *node = object->record;
	struct records pods;

	if (!has_no_execute(node) && (old == NULL || !has_no_execute(old->record)))
		return;
	pods = world_pods_on(world, node->metadata->name);
	for (uint32_t i = 0; i < pods.len; i++) {
		const struct core_pod *pod = record_at(pods, i, core_pod);

		wake_key(to, pod->metadata->namespace, pod->metadata->name);
	}
}

const struct controller taint_eviction_controller = {
	.name = "taint-eviction",
	.account = "node-controller",
	.reconciles = &core_pod_type,
	.triggers = { { &core_node_type, node_wakes } },
	.workers = 8,
	.reconcile = reconcile,
};
