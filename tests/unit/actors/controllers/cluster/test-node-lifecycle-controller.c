#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene.h"

#define NODES (&node_lifecycle_controller)

/* `ready` is True, False or Unknown, said so many seconds before now. */
static void add_node(struct scene *scene, const char *name, const char *ready, int age_s,
		     const char *meta, const char *spec)
{
	char at[TIME_TEXT];
	struct str heard = time_print((struct wall){ scene->now.ns - (int64_t)age_s * TIME_S }, at);

	scene_add(
	    scene,
	    "{apiVersion: v1, kind: Node, metadata: {name: %s, %s}, spec: {%s}, status: "
	    "{conditions: [{type: Ready, status: '%s', reason: r, lastHeartbeatTime: '" STR_FMT
	    "'}, {type: DiskPressure, status: 'False', reason: r}]}}",
	    name, meta, spec, ready, STR_ARG(heard));
}

TEST(a_node_that_speaks_is_left_alone)
{
	struct scene scene = scene_open();

	add_node(&scene, "n1", "True", 20, "", "");
	CHECK_PLAN(&scene, NODES, "/n1", "again 30001 ms\n");
	CHECK_PLAN(&scene, NODES, "/n2", "");
}

TEST(a_silent_node_becomes_unknown_and_its_pods_unready)
{
	struct scene scene = scene_open();

	scene.hide = "again";
	add_node(&scene, "n1", "True", 51, "", "");
	add_node(&scene, "n2", "True", 1, "", "");
	CHECK_PLAN(
	    &scene, NODES, "/n1",
	    "update status of v1 Node n1\n"
	    "  status.conditions[Ready]: True/r -> Unknown/NodeStatusUnknown: Kubelet stopped "
	    "posting node status.\n"
	    "  status.conditions[DiskPressure]: False/r -> Unknown/NodeStatusUnknown: Kubelet "
	    "stopped posting node status.\n"
	    "  status.conditions[MemoryPressure]: - -> Unknown/NodeStatusNeverUpdated: Kubelet "
	    "never posted node status.\n"
	    "  status.conditions[PIDPressure]: - -> Unknown/NodeStatusNeverUpdated: Kubelet "
	    "never posted node status.\n"
	    "event Normal NodeNotReady Node n1: Node n1 status is now: NodeNotReady\n");
	scene_apply(&scene, scene_reconcile(&scene, NODES, "/n1"));
	scene_add(
	    &scene,
	    "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: n1, containers: "
	    "[]}, status: {conditions: [{type: Ready, status: 'True'}]}}\n"
	    "---\n{apiVersion: v1, kind: Pod, metadata: {name: q}, spec: {nodeName: n1, "
	    "containers: []}, status: {conditions: [{type: Ready, status: 'False'}]}}");
	CHECK_PLAN(&scene, NODES, "/n1",
		   "update status of v1 Pod default/p\n"
		   "  status.conditions[Ready]: True -> False\n"
		   "update v1 Node n1\n"
		   "  spec.taints[0].key: - -> node.kubernetes.io/unreachable\n"
		   "  spec.taints[0].effect: - -> NoSchedule\n"
		   "  spec.taints[0].timeAdded: - -> now\n"
		   "  spec.taints[1].key: - -> node.kubernetes.io/unreachable\n"
		   "  spec.taints[1].effect: - -> NoExecute\n"
		   "  spec.taints[1].timeAdded: - -> now\n"
		   "event Warning NodeNotReady Pod p: Node is not ready\n");
	scene_apply(&scene, scene_reconcile(&scene, NODES, "/n1"));
	CHECK_PLAN(&scene, NODES, "/n1", "");
	/* It is back. */
	add_node(&scene, "n1", "True", 0, "",
		 "taints: [{key: mine, effect: NoSchedule}, {key: node.kubernetes.io/unreachable, "
		 "effect: NoExecute}]");
	CHECK_PLAN(&scene, NODES, "/n1",
		   "update v1 Node n1\n"
		   "  spec.taints[1].key: node.kubernetes.io/unreachable -> -\n"
		   "  spec.taints[1].effect: NoExecute -> -\n");
}

TEST(a_lease_that_changes_is_a_sign_of_life_whatever_its_clock_says)
{
	struct scene scene = scene_open();

	add_node(&scene, "n1", "True", 300, "", "");
	scene_add(
	    &scene,
	    "{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: n1, namespace: "
	    "kube-node-lease}, spec: {renewTime: '2020-01-01T00:00:00.000000Z'}}");
	scene.unchanged_s = 10;
	CHECK_PLAN(&scene, NODES, "/n1", "again 40001 ms\n");
	scene.unchanged_s = 51;
	CHECK_EQ(scene_reconcile(&scene, NODES, "/n1")->write_count, 1);
}

TEST(a_node_out_of_reach_is_silent_unless_it_has_written_since)
{
	struct scene scene = scene_open();

	scene_add(&scene, "{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: n1, "
			  "namespace: kube-node-lease}}");
	scene.unchanged_s = WORLD_DOUBT_MS / 1000 + 12;
	add_node(&scene, "n1", "True", 30, "", "");
	CHECK_EQ(scene_reconcile(&scene, NODES, "/n1")->write_count, 1);
	add_node(&scene, "n1", "True", 5, "", "");
	CHECK_PLAN(&scene, NODES, "/n1", "again 45001 ms\n");
}

TEST(a_new_node_has_longer_to_say_its_first_word)
{
	struct scene scene = scene_open();

	scene_add(&scene, "{apiVersion: v1, kind: Node, metadata: {name: n1, creationTimestamp: "
			  "'2026-01-02T03:03:10Z'}}");
	CHECK_PLAN(&scene, NODES, "/n1", "again 5001 ms\n");
	scene_pass(&scene, 6);
	scene.hide = "status.conditions";
	CHECK_PLAN(&scene, NODES, "/n1", "update status of v1 Node n1\n");
}

TEST(conditions_and_cordons_become_taints)
{
	struct scene scene = scene_open();

	scene.hide = "again";
	scene_add(
	    &scene,
	    "{apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {unschedulable: true, "
	    "taints: "
	    "[{key: node.kubernetes.io/disk-pressure, effect: NoSchedule}, {key: "
	    "node.kubernetes.io/out-of-service, effect: NoExecute}]}, status: {conditions: "
	    "[{type: Ready, status: 'True', lastHeartbeatTime: '" SCENE_NOW
	    "'}, {type: MemoryPressure, status: 'True'}, {type: DiskPressure, status: 'False'}]}}");
	scene_apply(&scene, scene_reconcile(&scene, NODES, "/n1"));
	CHECK_PLAN(&scene, NODES, "/n1", "");
	CHECK_EQ(scene_get(&scene, "/n1", core_node)->spec->taints.len, 3);
	CHECK_STR(scene_get(&scene, "/n1", core_node)->spec->taints.at[0].key,
		  "node.kubernetes.io/out-of-service");
	CHECK_STR(scene_get(&scene, "/n1", core_node)->spec->taints.at[1].key,
		  "node.kubernetes.io/memory-pressure");
	CHECK_STR(scene_get(&scene, "/n1", core_node)->spec->taints.at[2].key,
		  "node.kubernetes.io/unschedulable");
}

/* ---- driving pods out -------------------------------------------------------------------------------------------- */

static bool is_driven(struct scene *scene, const char *key)
{
	const struct core_taint_list *taints;

	scene_apply(scene, scene_reconcile(scene, NODES, key));
	taints = &scene_get(scene, key, core_node)->spec->taints;
	for (uint32_t i = 0; i < taints->len; i++)
		if (str_is(taints->at[i].effect, "NoExecute"))
			return true;
	return false;
}

static void add_nodes(struct scene *scene, const char *zone, int healthy, int dark)
{
	const char *labels =
	    arena_printf(scene->arena, "labels: {topology.kubernetes.io/zone: %s}", zone).at;

	for (int i = 0; i < healthy + dark; i++)
		add_node(scene, arena_printf(scene->arena, "%s-%d", zone, i).at,
			 i < dark ? "False" : "True", 0, labels, "");
}

TEST(when_every_node_is_dark_nobody_is_driven_out)
{
	struct scene scene = scene_open();

	add_nodes(&scene, "a", 0, 1);
	CHECK(!is_driven(&scene, "/a-0"));
	add_nodes(&scene, "b", 1, 0);
	CHECK(is_driven(&scene, "/a-0"));
	add_nodes(&scene, "b", 0, 1);
	CHECK(!is_driven(&scene, "/a-0"));
}

TEST(most_of_a_small_zone_dark_is_an_outage_of_the_zone)
{
	struct scene scene = scene_open();

	add_nodes(&scene, "a", 2, 3);
	CHECK(!is_driven(&scene, "/a-0"));
	add_nodes(&scene, "b", 3, 3);
	CHECK(is_driven(&scene, "/b-0"));
	/* All of it dark while others are well: those nodes are gone. */
	add_nodes(&scene, "c", 0, 3);
	CHECK(is_driven(&scene, "/c-0"));
}

TEST(nodes_are_emptied_one_after_the_other)
{
	struct scene scene = scene_open();

	add_nodes(&scene, "a", 2, 2);
	add_nodes(&scene, "b", 2, 1);
	CHECK(is_driven(&scene, "/a-0"));
	CHECK(is_driven(&scene, "/b-0"));
	CHECK(!is_driven(&scene, "/a-1"));
	CHECK_EQ(scene_reconcile(&scene, NODES, "/a-1")->again_ms, 10001);
	scene_pass(&scene, 9);
	CHECK(!is_driven(&scene, "/a-1"));
	scene_pass(&scene, 1);
	CHECK(is_driven(&scene, "/a-1"));
}

TEST(a_large_zone_that_is_mostly_dark_is_emptied_slowly)
{
	struct scene scene = scene_open();

	add_nodes(&scene, "a", 20, 35);
	CHECK(is_driven(&scene, "/a-0"));
	scene_pass(&scene, 40);
	CHECK(!is_driven(&scene, "/a-1"));
	scene_pass(&scene, 60);
	CHECK(is_driven(&scene, "/a-1"));
}
