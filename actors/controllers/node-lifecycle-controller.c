/*
 * Node lifecycle: what a node's silence and its conditions mean for others, written down as taints.
 *
 * A node that has not been heard of (by its lease or status) for the grace period gets its conditions set to Unknown and
 * its pods' Ready to False; NoSchedule taints follow the conditions, NoExecute ones follow Ready alone.
 */
#include "actors/controller/plan.h"
#include "actors/controller/pod.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/coordination.h"
#include "runtime/base/str.h"

#define GRACE_MS 50000   /* upstream's --node-monitor-grace-period */
#define STARTUP_MS 60000 /* upstream's --node-startup-grace-period */
#define TAINTS_MAX 64U

/* ---- what a node says ------------------------------------------------------------------------------------- */

static const struct core_node_condition *condition(const struct core_node *node, const char *type)
{
	for (uint32_t i = 0; i < node->status->conditions.len; i++)
		if (str_is(node->status->conditions.at[i].type, type))
			return &node->status->conditions.at[i];
	return NULL;
}

static bool is_status(const struct core_node *node, const char *type, const char *status)
{
	const struct core_node_condition *found = condition(node, type);

	return found != NULL && str_is(found->status, status);
}

/* When it was last heard of, by whichever came last. */
static int64_t heard_ns(const struct world *world, const struct core_node *node)
{
	struct key key = { STR("kube-node-lease"), node->metadata->name };
	const struct coordination_lease *lease = world_get(world, key, coordination_lease);
	const struct core_node_condition *ready = condition(node, "Ready");
	int64_t heard = node->metadata->creation_timestamp.ns;

	if (lease != NULL && lease->spec->renew_time.ns > heard)
		heard = lease->spec->renew_time.ns;
	if (ready != NULL && ready->last_heartbeat_time.ns > heard)
		heard = ready->last_heartbeat_time.ns;
	return heard;
}

/* ---- silence ------------------------------------------------------------------------------------------------- */

static const struct {
	const char *type, *never;
} watched[] = { { "Ready", "NodeStatusNeverUpdated" },
		{ "MemoryPressure", "NodeStatusNeverUpdated" },
		{ "DiskPressure", "NodeStatusNeverUpdated" },
		{ "PIDPressure", "NodeStatusNeverUpdated" } };

static struct core_node_condition *
condition_to_set(struct plan *plan, struct core_node_status *status, const char *type)
{
	struct core_node_condition *grown;

	for (uint32_t i = 0; i < status->conditions.len; i++)
		if (str_is(status->conditions.at[i].type, type))
			return &status->conditions.at[i];
	grown =
	    arena_array(plan_arena(plan), struct core_node_condition, status->conditions.len + 1);
	if (status->conditions.len > 0)
		memcpy(grown, status->conditions.at, status->conditions.len * sizeof *grown);
	status->conditions.at = grown;
	return &grown[status->conditions.len++];
}

static void mark_unknown(const struct world *world, struct plan *plan, const struct core_node *node)
{
	struct core_node_status *status = plan_status(plan, node, core_node)->status;

	for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++) {
		bool was_there = condition(node, watched[i].type) != NULL;
		struct core_node_condition *at = condition_to_set(plan, status, watched[i].type);

		if (str_is(at->status, "Unknown"))
			continue;
		at->type = str_from(watched[i].type);
		at->status = STR("Unknown");
		at->reason = was_there ? STR("NodeStatusUnknown") : str_from(watched[i].never);
		at->message = was_there ? STR("Kubelet stopped posting node status.")
					: STR("Kubelet never posted node status.");
		SET(at, last_transition_time, world_now(world));
	}
	plan_event(plan, &core_node_type, node->metadata, false, "NodeNotReady",
		   "Node " STR_FMT " status is now: NodeNotReady", STR_ARG(node->metadata->name));
}

/* Who asks a service must not be sent to pods of a silent node. */
static void mark_pods(const struct world *world, struct plan *plan, const struct core_node *node)
{
	struct records pods = world_pods_on(world, node->metadata->name);

	for (uint32_t i = 0; i < pods.len; i++) {
		const struct core_pod *pod = record_at(pods, i, core_pod);
		struct core_pod_status *status;

		if (!pod_is_ready(pod))
			continue;
		status = plan_status(plan, pod, core_pod)->status;
		for (uint32_t c = 0; c < status->conditions.len; c++) {
			if (!str_is(status->conditions.at[c].type, "Ready"))
				continue;
			status->conditions.at[c].status = STR("False");
			SET(&status->conditions.at[c], last_transition_time, world_now(world));
		}
	}
}

/* ---- taints ---------------------------------------------------------------------------------------------------- */

struct taints {
	struct core_taint at[TAINTS_MAX];
	uint32_t len;
};

static void want_taint(struct taints *wanted, const char *key, const char *effect)
{
	wanted->at[wanted->len++] =
	    (struct core_taint){ .key = str_from(key), .effect = str_from(effect) };
}

static void want_taints(const struct core_node *node, struct taints *wanted)
{
	static const struct {
		const char *type, *status, *key;
	} rows[] = { { "Ready", "False", "node.kubernetes.io/not-ready" },
		     { "Ready", "Unknown", "node.kubernetes.io/unreachable" },
		     { "MemoryPressure", "True", "node.kubernetes.io/memory-pressure" },
		     { "DiskPressure", "True", "node.kubernetes.io/disk-pressure" },
		     { "NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable" },
		     { "PIDPressure", "True", "node.kubernetes.io/pid-pressure" } };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (!is_status(node, rows[i].type, rows[i].status))
			continue;
		want_taint(wanted, rows[i].key, "NoSchedule");
		if (str_is(str_from(rows[i].type), "Ready"))
			want_taint(wanted, rows[i].key, "NoExecute");
	}
	if (node->spec->unschedulable)
		want_taint(wanted, "node.kubernetes.io/unschedulable", "NoSchedule");
}

static bool is_same(const struct core_taint *a, const struct core_taint *b)
{
	return str_eq(a->key, b->key) && str_eq(a->effect, b->effect);
}

static bool is_among(const struct core_taint *taint, const struct core_taint *at, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (is_same(taint, &at[i]))
			return true;
	return false;
}

static bool is_managed(const struct core_taint *taint)
{
	static const char *const names[] = { "not-ready",           "unreachable",
					     "memory-pressure",     "disk-pressure",
					     "network-unavailable", "pid-pressure",
					     "unschedulable" };
	struct str key = taint->key;

	if (!str_starts(key, STR("node.kubernetes.io/")))
		return false;
	key = str_slice(key, sizeof "node.kubernetes.io/" - 1, key.len);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_is(key, names[i]))
			return true;
	return false;
}

static void set_taints(const struct world *world, struct plan *plan, const struct core_node *node)
{
	struct taints wanted = { .len = 0 };
	struct core_taint_list *list = &plan_edit(plan, node, core_node)->spec->taints;
	struct core_taint *out;
	uint32_t len = 0;

	want_taints(node, &wanted);
	out = arena_array(plan_arena(plan), struct core_taint, list->len + wanted.len + 1);
	for (uint32_t i = 0; i < list->len; i++)
		if (!is_managed(&list->at[i]) || is_among(&list->at[i], wanted.at, wanted.len))
			out[len++] = list->at[i];
	for (uint32_t i = 0; i < wanted.len; i++) {
		if (is_among(&wanted.at[i], out, len))
			continue;
		out[len] = wanted.at[i];
		SET(&out[len], time_added, world_now(world));
		len++;
	}
	list->at = out;
	list->len = len;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_node *node = world_get(world, key, core_node);
	int64_t grace_ms, silent_ms;

	if (node == NULL || node->metadata->has.deletion_timestamp)
		return OK;
	grace_ms = condition(node, "Ready") ? GRACE_MS : STARTUP_MS;
	silent_ms = (world_now(world).ns - heard_ns(world, node)) / TIME_MS;
	if (silent_ms > grace_ms && !is_status(node, "Ready", "Unknown"))
		mark_unknown(world, plan, node);
	else if (silent_ms <= grace_ms)
		plan_again(plan, grace_ms - silent_ms + 1);
	if (is_status(node, "Ready", "Unknown") || is_status(node, "Ready", "False"))
		mark_pods(world, plan, node);
	set_taints(world, plan, node);
	return OK;
}

const struct controller node_lifecycle_controller = {
	.name = "node-lifecycle",
	.account = "node-controller",
	.reconciles = &core_node_type,
	.reads = { &coordination_lease_type, &core_pod_type },
	.resync_ms = 5000, /* upstream's --node-monitor-period */
	.reconcile = reconcile,
};
