#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene.h"

#define GC (&pod_garbage_controller)
#define ALL "/default"

static void add_pod(struct scene *scene, const char *name, const char *meta, const char *spec,
		    const char *status)
{
	scene_add(
	    scene,
	    "{apiVersion: v1, kind: Pod, metadata: {name: %s, %s}, spec: {containers: [], %s}, "
	    "status: {%s}}",
	    name, meta, spec, status);
}

TEST(pods_of_a_node_that_is_gone_are_marked_and_go_when_it_stays_away)
{
	struct scene scene = scene_open();

	add_pod(&scene, "p", "", "nodeName: n1", "phase: Running");
	CHECK_STR(scene_wakes(&scene, GC, &core_pod_type, "default/p"), "/default ");
	CHECK_PLAN(
	    &scene, GC, ALL,
	    "update status of v1 Pod default/p\n"
	    "  status.conditions[DisruptionTarget]: - -> True/DeletionByPodGC: PodGC: node no "
	    "longer exists\n"
	    "again 40000 ms\n");
	scene_apply(&scene, scene_reconcile(&scene, GC, ALL));
	scene_pass(&scene, 30);
	CHECK_PLAN(&scene, GC, ALL, "again 10000 ms\n");
	scene_pass(&scene, 10);
	CHECK_PLAN(&scene, GC, ALL,
		   "update status of v1 Pod default/p\n"
		   "  status.phase: Running -> Failed\n"
		   "delete v1 Pod default/p grace=0\n");
	/* It comes back in time: nothing was lost. */
	scene_add(&scene, "{apiVersion: v1, kind: Node, metadata: {name: n1}}");
	CHECK_PLAN(&scene, GC, ALL,
		   "update status of v1 Pod default/p\n"
		   "  status.conditions[DisruptionTarget]: True/DeletionByPodGC: PodGC: node no "
		   "longer exists -> False/DeletionByPodGC: PodGC: node no longer exists\n");
	CHECK_STR(scene_wakes(&scene, GC, &core_pod_type, "default/p"), "");
	CHECK_STR(scene_wakes(&scene, GC, &core_node_type, "/n1"), "");
}

/* By a leader whose clock was ahead: what it marked would stay until ours gets there. */
TEST(a_mark_of_the_future_counts_from_now)
{
	struct scene scene = scene_open();

	add_pod(&scene, "p", "", "nodeName: n1",
		"phase: Running, conditions: [{type: DisruptionTarget, status: 'True', reason: "
		"DeletionByPodGC, message: 'PodGC: node no longer exists', lastTransitionTime: "
		"'2099-01-01T00:00:00Z'}]");
	scene_apply(&scene, scene_reconcile(&scene, GC, ALL));
	scene_pass(&scene, 30);
	CHECK_PLAN(&scene, GC, ALL, "again 10000 ms\n");
	scene_pass(&scene, 10);
	CHECK_PLAN(&scene, GC, ALL,
		   "update status of v1 Pod default/p\n"
		   "  status.phase: Running -> Failed\n"
		   "delete v1 Pod default/p grace=0\n");
}

TEST(pods_that_end_before_they_were_scheduled_go_at_once)
{
	struct scene scene = scene_open();

	add_pod(&scene, "p", "deletionTimestamp: '" SCENE_NOW "'", "", "");
	add_pod(&scene, "q", "", "", "");
	CHECK_PLAN(&scene, GC, ALL, "delete v1 Pod default/p grace=0\n");
	CHECK_STR(scene_wakes(&scene, GC, &core_pod_type, "default/p"), "/default ");
	CHECK_STR(scene_wakes(&scene, GC, &core_pod_type, "default/q"), "");
}

TEST(pods_that_end_on_a_machine_that_is_off_are_not_waited_for)
{
	struct scene scene = scene_open();

	scene_add(&scene,
		  "{apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {taints: [{key: "
		  "node.kubernetes.io/out-of-service, effect: NoExecute}]}}");
	add_pod(&scene, "p", "deletionTimestamp: '" SCENE_NOW "'", "nodeName: n1", "phase: Running");
	add_pod(&scene, "q", "", "nodeName: n1", "phase: Running");
	CHECK_PLAN(&scene, GC, ALL,
		   "update status of v1 Pod default/p\n"
		   "  status.phase: Running -> Failed\n"
		   "delete v1 Pod default/p grace=0\n");
	scene_add(&scene,
		  "{apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {taints: [{key: "
		  "node.kubernetes.io/out-of-service, effect: NoExecute}]}, status: {conditions: "
		  "[{type: Ready, status: 'True'}]}}");
	CHECK_PLAN(&scene, GC, ALL, "");
}

TEST(of_too_many_finished_pods_the_oldest_go)
{
	struct scene scene = scene_open();
	const struct plan *plan;

	scene_add(&scene, "{apiVersion: v1, kind: Node, metadata: {name: n1}}");
	for (int i = 0; i < 12500; i++)
		add_pod(&scene, arena_printf(scene.arena, "p%d", i).at, "", "nodeName: n1",
			"phase: Succeeded");
	CHECK_EQ(scene_reconcile(&scene, GC, ALL)->write_count, 0);
	add_pod(&scene, "old", "creationTimestamp: '2026-01-01T00:00:00Z'", "nodeName: n1",
		"phase: Failed");
	CHECK_PLAN(&scene, GC, ALL, "delete v1 Pod default/old grace=0\n");
	add_pod(&scene, "evicted", "", "nodeName: n1", "phase: Failed, reason: Evicted");
	plan = scene_reconcile(&scene, GC, ALL);
	CHECK_EQ(plan->write_count, 2);
	CHECK_STR(plan->writes[0].name, "evicted");
	CHECK_STR(plan->writes[1].name, "old");
}
