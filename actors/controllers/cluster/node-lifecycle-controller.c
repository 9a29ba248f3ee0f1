/*
 * Node lifecycle: what a node's silence and its conditions mean for others, written down as taints.
 *
 * A node that has not been heard of (by its lease or status) for the grace period gets its conditions set to Unknown and
 * its pods' Ready to False; NoSchedule taints follow the conditions, NoExecute ones follow Ready alone. These make pods leave,
 * so they come one node after the other, and not at all when it looks as if we were the ones who are cut off.
 */
#include "actors/controller/plan.h"
#include "actors/controller/workload/condition.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/coordination.h"
#include "datastore/schema/type.h"
#include "runtime/base/str.h"

/* Upstream's defaults, by their flags. */
#define GRACE_MS 50000          /* --node-monitor-grace-period */
#define STARTUP_MS 60000        /* --node-startup-grace-period */
#define EVICTION_MS 10000       /* --node-eviction-rate 0.1 */
#define EVICTION_SLOW_MS 100000 /* --secondary-node-eviction-rate 0.01 */
#define LARGE_ZONE 50U          /* --large-cluster-size-threshold */
#define UNHEALTHY_PERCENT 55U   /* --unhealthy-zone-threshold */
#define UNHEALTHY_LEAST 2U      /* more than so many must be dark */

#define NOT_READY "node.kubernetes.io/not-ready"
#define UNREACHABLE "node.kubernetes.io/unreachable"
#define TAINTS_MAX 16U

/* ---- what a node says ------------------------------------------------------------------------------------- */

static const struct core_node_condition *condition(const struct core_node *node, const char *type)
{
	return condition_find(&node->status->conditions, type, core_node_condition);
}

static bool is_status(const struct core_node *node, const char *type, const char *status)
{
	const struct core_node_condition *found = condition(node, type);

	return found != NULL && str_is(found->status, status);
}

/* How long it has not been heard of. Its lease is judged by when we saw it change: its clock may be wrong. */
static int64_t silent_ms(const struct world *world, const struct core_node *node)
{
	struct key key = { STR("kube-node-lease"), node->metadata->name };
	int64_t by_lease = world_unchanged_ms(world, &coordination_lease_type, key);
	const struct core_node_condition *ready = condition(node, "Ready");
	int64_t heard = node->metadata->creation_timestamp.ns, by_status;

	if (ready != NULL && ready->last_heartbeat_time.ns > heard)
		heard = ready->last_heartbeat_time.ns;
	by_status = (world_now(world).ns - heard) / TIME_MS;
	/* Out of reach: only what it has written since is a sign of life. */
	if (by_lease >= WORLD_DOUBT_MS && by_status > by_lease - WORLD_DOUBT_MS)
		return by_lease;
	return by_lease >= 0 && by_lease < by_status ? by_lease : by_status;
}

/* ---- silence ------------------------------------------------------------------------------------------------- */

static void mark_unknown(const struct world *world, struct plan *plan, const struct core_node *node)
{
	static const char *const types[] = { "Ready", "MemoryPressure", "DiskPressure",
					     "PIDPressure" };
	struct core_node_status *status = plan_status(plan, node, core_node)->status;

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		bool was_there = condition(node, types[i]) != NULL;

		if (is_status(node, types[i], "Unknown"))
			continue;
		condition_set(plan_arena(plan), &status->conditions, world_now(world),
			      core_node_condition, types[i], "Unknown",
			      was_there ? "NodeStatusUnknown" : "NodeStatusNeverUpdated",
			      was_there ? STR("Kubelet stopped posting node status.")
					: STR("Kubelet never posted node status."));
	}
	if (is_status(node, "Ready", "True"))
		plan_event(plan, &core_node_type, node->metadata, false, "NodeNotReady",
			   "Node " STR_FMT " status is now: NodeNotReady",
			   STR_ARG(node->metadata->name));
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
		plan_event(plan, &core_pod_type, pod->metadata, true, "NodeNotReady",
			   "Node is not ready");
	}
}

/* ---- how fast pods may be driven out -------------------------------------------------------------------------- */

static bool is_same_zone(const struct core_node *a, const struct core_node *b)
{
	static const char *const labels[] = { "topology.kubernetes.io/region",
					      "topology.kubernetes.io/zone" };

	for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
		if (!str_eq(str_map_get(a->metadata->labels, str_from(labels[i])),
			    str_map_get(b->metadata->labels, str_from(labels[i]))))
			return false;
	return true;
}

static bool drives_out(const struct core_taint *taint)
{
	return str_is(taint->effect, "NoExecute") &&
	       (str_is(taint->key, NOT_READY) || str_is(taint->key, UNREACHABLE));
}

/* When pods were told to leave this node; 0: they are not. */
static int64_t driven_since(const struct core_node *node)
{
	for (uint32_t i = 0; i < node->spec->taints.len; i++)
		if (drives_out(&node->spec->taints.at[i]))
			return node->spec->taints.at[i].time_added.ns;
	return 0;
}

struct zone {
	bool is_all_dark; /* all nodes of all zones */
	uint32_t nodes, dark;
	int64_t last_ns; /* when another node of the zone was emptied */
};

static struct zone look_at_zone(const struct world *world, const struct core_node *node)
{
	struct records nodes = world_list(world, STR_NONE, core_node);
	struct zone zone = { .is_all_dark = true };

	for (uint32_t i = 0; i < nodes.len; i++) {
		const struct core_node *other = record_at(nodes, i, core_node);
		bool is_dark = !is_status(other, "Ready", "True");

		zone.is_all_dark &= is_dark;
		if (!is_same_zone(node, other))
			continue;
		zone.nodes++;
		zone.dark += is_dark;
		if (driven_since(other) > zone.last_ns)
			zone.last_ns = driven_since(other);
	}
	return zone;
}

enum driving { DRIVE, DRIVE_NOT_NOW, DRIVE_NEVER };

/* All dark: then we are. Most of a small zone dark: its network is, and its pods are better off where they are. */
static enum driving may_drive_out(const struct world *world, struct plan *plan,
				  const struct core_node *node)
{
	struct zone zone = look_at_zone(world, node);
	bool is_partly_dark = zone.dark > UNHEALTHY_LEAST && zone.dark < zone.nodes &&
			      zone.dark * 100 >= zone.nodes * UNHEALTHY_PERCENT;
	int64_t pace_ms = is_partly_dark ? EVICTION_SLOW_MS : EVICTION_MS;
	int64_t since_ms = (world_now(world).ns - zone.last_ns) / TIME_MS;

	if (zone.is_all_dark)
		return DRIVE_NEVER;
	if (driven_since(node) != 0)
		return DRIVE;
	if (is_partly_dark && zone.nodes <= LARGE_ZONE)
		return DRIVE_NOT_NOW;
	if (since_ms >= pace_ms)
		return DRIVE;
	plan_again(plan, pace_ms - since_ms + 1);
	return DRIVE_NOT_NOW;
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

static void want_taints(const struct world *world, struct plan *plan, const struct core_node *node,
			struct taints *wanted)
{
	static const struct {
		const char *type, *status, *key;
	} rows[] = { { "Ready", "False", NOT_READY },
		     { "Ready", "Unknown", UNREACHABLE },
		     { "MemoryPressure", "True", "node.kubernetes.io/memory-pressure" },
		     { "DiskPressure", "True", "node.kubernetes.io/disk-pressure" },
		     { "NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable" },
		     { "PIDPressure", "True", "node.kubernetes.io/pid-pressure" } };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (!is_status(node, rows[i].type, rows[i].status))
			continue;
		want_taint(wanted, rows[i].key, "NoSchedule");
		if (strcmp(rows[i].type, "Ready") == 0 && may_drive_out(world, plan, node) == DRIVE)
			want_taint(wanted, rows[i].key, "NoExecute");
	}
	if (node->spec->unschedulable)
		want_taint(wanted, "node.kubernetes.io/unschedulable", "NoSchedule");
}

static bool is_among(const struct core_taint *taint, const struct core_taint *at, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (str_eq(taint->key, at[i].key) && str_eq(taint->effect, at[i].effect))
			return true;
	return false;
}

/* Ours; others put taints on nodes too. */
static bool is_managed(const struct core_taint *taint)
{
	static const char *const names[] = { "memory-pressure",     "disk-pressure", "not-ready",
					     "network-unavailable", "pid-pressure",  "unreachable",
					     "unschedulable" };
	struct str key = taint->key;

	if (!str_starts(key, STR("node.kubernetes.io/")))
		return false;
	if (!str_is(taint->effect, "NoSchedule") && !drives_out(taint))
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

	want_taints(world, plan, node, &wanted);
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

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_node *node = world_get(world, key, core_node);
	int64_t grace_ms, silent;

	if (node == NULL || node->metadata->has.deletion_timestamp)
		return OK;
	grace_ms = condition(node, "Ready") ? GRACE_MS : STARTUP_MS;
	silent = silent_ms(world, node);
	if (silent > grace_ms && !is_status(node, "Ready", "Unknown"))
		mark_unknown(world, plan, node);
	else if (silent <= grace_ms)
		plan_again(plan, grace_ms - silent + 1);
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
	.resync_ms = 5000, /* --node-monitor-period */
	.reconcile = reconcile,
};
