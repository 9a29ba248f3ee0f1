#include <stdio.h>

#include "actors/controllers/controllers.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene.h"

#define OWNED                                                                        \
	"ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: " \
	"ReplicaSet-web, "                                                           \
	"controller: true}]"
#define READY(since) \
	"conditions: [{type: Ready, status: 'True', lastTransitionTime: '2026-01-02T" since "Z'}]"
#define RUNS "phase: Running, " READY("03:00:00")

static void add_set(struct scene *scene, int replicas, const char *more, const char *status)
{
	scene_add(
	    scene,
	    "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web}, spec: {replicas: %d, "
	    "selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}, "
	    "annotations: {note: hi}}, spec: {containers: [{name: c, image: a}]}}, %s}, status: "
	    "{observedGeneration: 1, terminatingReplicas: 0, %s}}",
	    replicas, more, status);
}

static void add_pod(struct scene *scene, const char *name, const char *meta, const char *spec,
		    const char *status)
{
	scene_add(scene,
		  "{apiVersion: v1, kind: Pod, metadata: {name: %s, labels: {app: web}, %s}, spec: "
		  "{containers: [], %s}, status: {%s}}",
		  name, meta, spec, status);
}

static struct scene make_scene(void)
{
	struct scene scene = scene_open();

	scene.hide = "status";
	return scene;
}

TEST(missing_pods_are_created_from_the_template)
{
	struct scene scene = scene_open();

	scene.show =
	    "metadata.labels metadata.annotations metadata.ownerReferences spec.containers[0].name";
	add_set(&scene, 2, "", "replicas: 0");
	CHECK_PLAN(&scene, &replica_set_controller, "default/web",
		   "create v1 Pod default/web-*\n"
		   "  metadata.labels.app: web\n"
		   "  metadata.annotations.note: hi\n"
		   "  metadata.ownerReferences[0].apiVersion: apps/v1\n"
		   "  metadata.ownerReferences[0].kind: ReplicaSet\n"
		   "  metadata.ownerReferences[0].name: web\n"
		   "  metadata.ownerReferences[0].uid: ReplicaSet-web\n"
		   "  metadata.ownerReferences[0].controller: true\n"
		   "  metadata.ownerReferences[0].blockOwnerDeletion: true\n"
		   "  spec.containers[0].name: c\n"
		   "create v1 Pod default/web-*\n"
		   "  metadata.labels.app: web\n"
		   "  metadata.annotations.note: hi\n"
		   "  metadata.ownerReferences[0].apiVersion: apps/v1\n"
		   "  metadata.ownerReferences[0].kind: ReplicaSet\n"
		   "  metadata.ownerReferences[0].name: web\n"
		   "  metadata.ownerReferences[0].uid: ReplicaSet-web\n"
		   "  metadata.ownerReferences[0].controller: true\n"
		   "  metadata.ownerReferences[0].blockOwnerDeletion: true\n"
		   "  spec.containers[0].name: c\n"
		   "event Normal SuccessfulCreate ReplicaSet web: Created pod: web-prdqf\n"
		   "event Normal SuccessfulCreate ReplicaSet web: Created pod: web-6x6bs\n");
}

/* Upstream's ActivePodsWithRanks, rank by rank: `goes` is the first of the two that is deleted. */
TEST(of_too_many_pods_the_cheapest_goes)
{
	static const struct {
		const char *meta[2], *spec[2], *status[2];
		int goes;
	} cases[] = {
		{ { "", "" }, { "nodeName: n1", "" }, { RUNS, RUNS }, 1 },
		{ { "", "" }, { "nodeName: n1", "nodeName: n2" }, { RUNS, "phase: Pending" }, 1 },
		{ { "", "" }, { "nodeName: n1", "nodeName: n2" }, { "phase: Running", RUNS }, 0 },
		{ { "annotations: {controller.kubernetes.io/pod-deletion-cost: '5'}", "" },
		  { "nodeName: n1", "nodeName: n2" },
		  { RUNS, RUNS },
		  1 },
		{ { "annotations: {controller.kubernetes.io/pod-deletion-cost: '-5'}", "" },
		  { "nodeName: n1", "nodeName: n2" },
		  { RUNS, RUNS },
		  0 },
		/* n3 has a pod of another set of the same Deployment. */
		{ { "", "" }, { "nodeName: n1", "nodeName: n3" }, { RUNS, RUNS }, 1 },
		{ { "", "" },
		  { "nodeName: n1", "nodeName: n2" },
		  { "phase: Running, " READY("01:00:00"), "phase: Running, " READY("03:04:00") },
		  1 },
		/* Nearly the same age is the same age. */
		{ { "", "uid: a" },
		  { "nodeName: n1", "nodeName: n2" },
		  { "phase: Running, " READY("03:00:03"), "phase: Running, " READY("03:00:00") },
		  0 },
		{ { "", "" },
		  { "nodeName: n1", "nodeName: n2" },
		  { RUNS ", containerStatuses: [{restartCount: 1}]",
		    RUNS ", containerStatuses: [{restartCount: 3}]" },
		  1 },
		{ { "creationTimestamp: '2026-01-02T03:04:00Z'", "" },
		  { "nodeName: n1", "nodeName: n2" },
		  { RUNS, RUNS },
		  0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = make_scene();
		struct str plan;

		scene_add(
		    &scene,
		    "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web, "
		    "ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: d, uid: d, "
		    "controller: true}]}, spec: {replicas: 1, selector: {matchLabels: {app: "
		    "web}}, template: {metadata: {labels: {app: web}}, spec: {containers: []}}}}");
		scene_add(
		    &scene,
		    "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: other, "
		    "ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: d, uid: d, "
		    "controller: true}]}, spec: {replicas: 1, selector: {matchLabels: {app: "
		    "other}}, template: {metadata: {labels: {app: other}}, spec: {containers: "
		    "[]}}}}");
		scene_add(
		    &scene,
		    "{apiVersion: v1, kind: Pod, metadata: {name: x, ownerReferences: "
		    "[{apiVersion: apps/v1, kind: ReplicaSet, name: other, uid: ReplicaSet-other, "
		    "controller: true}]}, spec: {containers: [], nodeName: n3}}");
		for (int p = 0; p < 2; p++)
			add_pod(&scene, p == 0 ? "first" : "second",
				arena_printf(scene.arena, OWNED ", %s", cases[i].meta[p]).at,
				cases[i].spec[p], cases[i].status[p]);
		plan = scene_print(&scene,
				   scene_reconcile(&scene, &replica_set_controller, "default/web"));
		printf("case %zu\n", i);
		CHECK_STR(plan, cases[i].goes == 0
				    ? "delete v1 Pod default/first\nevent Normal SuccessfulDelete "
				      "ReplicaSet web: Deleted pod: first\n"
				    : "delete v1 Pod default/second\nevent Normal SuccessfulDelete "
				      "ReplicaSet web: Deleted pod: second\n");
	}
}

TEST(orphans_that_match_are_adopted_and_own_pods_that_do_not_are_let_go)
{
	struct scene scene = make_scene();

	scene.hide = "status events metadata.ownerReferences[0].apiVersion "
		     "metadata.ownerReferences[0].kind metadata.ownerReferences[0].controller "
		     "metadata.ownerReferences[0].blockOwnerDeletion";
	add_set(&scene, 1, "", "");
	add_pod(&scene, "orphan", "", "nodeName: n1", RUNS);
	add_pod(&scene, "ending", "deletionTimestamp: '" SCENE_NOW "'", "nodeName: n1", RUNS);
	add_pod(&scene, "finished", "", "nodeName: n1", "phase: Succeeded");
	add_pod(&scene, "anothers",
		"ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: b, uid: b, "
		"controller: true}]",
		"nodeName: n1", RUNS);
	scene_add(
	    &scene,
	    "{apiVersion: v1, kind: Pod, metadata: {name: stranger, labels: {app: other}, " OWNED
	    "}, spec: {containers: []}}");
	CHECK_PLAN(&scene, &replica_set_controller, "default/web",
		   "update v1 Pod default/stranger\n"
		   "  metadata.ownerReferences[0].name: web -> -\n"
		   "  metadata.ownerReferences[0].uid: ReplicaSet-web -> -\n"
		   "update v1 Pod default/orphan\n"
		   "  metadata.ownerReferences[0].name: - -> web\n"
		   "  metadata.ownerReferences[0].uid: - -> ReplicaSet-web\n");
	CHECK_STR(scene_wakes(&scene, &replica_set_controller, &core_pod_type, "default/orphan"),
		  "default/web ");
	CHECK_STR(scene_wakes(&scene, &replica_set_controller, &core_pod_type, "default/ending"),
		  "");
	CHECK_STR(scene_wakes(&scene, &replica_set_controller, &core_pod_type, "default/anothers"),
		  "");
}

TEST(a_set_that_is_being_deleted_neither_takes_nor_makes)
{
	struct scene scene = make_scene();

	scene_add(
	    &scene,
	    "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web, finalizers: [x], "
	    "deletionTimestamp: '" SCENE_NOW
	    "'}, spec: {replicas: 3, selector: {matchLabels: {app: web}}, template: {metadata: "
	    "{labels: {app: web}}, spec: {containers: []}}}}");
	add_pod(&scene, "orphan", "", "nodeName: n1", RUNS);
	CHECK_PLAN(&scene, &replica_set_controller, "default/web", "");
}

TEST(the_status_counts_what_is_there)
{
	struct scene scene = scene_open();

	add_set(&scene, 4, "minReadySeconds: 100", "");
	add_pod(&scene, "old", OWNED, "nodeName: n1", "phase: Running, " READY("03:00:00"));
	add_pod(&scene, "young", OWNED, "nodeName: n1", "phase: Running, " READY("03:03:05"));
	add_pod(&scene, "pending", OWNED, "", "phase: Pending");
	add_pod(&scene, "ending", OWNED ", deletionTimestamp: '" SCENE_NOW "'", "nodeName: n1",
		RUNS);
	add_pod(&scene, "failed", OWNED, "nodeName: n1", "phase: Failed");
	scene.hide = "events";
	CHECK_PLAN(&scene, &replica_set_controller, "default/web",
		   "update status of apps/v1 ReplicaSet default/web\n"
		   "  status.replicas: 0 -> 3\n"
		   "  status.fullyLabeledReplicas: - -> 3\n"
		   "  status.readyReplicas: - -> 2\n"
		   "  status.availableReplicas: - -> 1\n"
		   "  status.terminatingReplicas: 0 -> 1\n"
		   "create v1 Pod default/web-*\n"
		   "again 40001 ms\n");
}

TEST(what_hinders_it_is_told_until_it_has_passed)
{
	struct scene scene = scene_open();

	scene.failure =
	    &(struct world_failure){ .type = &core_pod_type,
				     .is_create = true,
				     .status = FORBIDDEN,
				     .message = STR("pods \"web-1\" is forbidden: quota") };
	add_set(&scene, 1, "", "");
	CHECK_PLAN(&scene, &replica_set_controller, "default/web",
		   "update status of apps/v1 ReplicaSet default/web\n"
		   "  status.conditions[ReplicaFailure]: - -> True/FailedCreate: pods \"web-1\" is "
		   "forbidden: quota\n"
		   "create v1 Pod default/web-*\n"
		   "event Warning FailedCreate ReplicaSet web: Error creating: pods \"web-1\" is "
		   "forbidden: quota\n"
		   "event Normal SuccessfulCreate ReplicaSet web: Created pod: web-prdqf\n");
	/* The condition keeps its first words: other names in them would be news for ever. */
	add_set(
	    &scene, 1,
	    "", "conditions: [{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: x}]");
	scene.hide = "events";
	CHECK_PLAN(&scene, &replica_set_controller, "default/web", "create v1 Pod default/web-*\n");
	scene.failure = NULL;
	CHECK_PLAN(&scene, &replica_set_controller, "default/web",
		   "update status of apps/v1 ReplicaSet default/web\n"
		   "  status.conditions[ReplicaFailure]: True/FailedCreate: x -> -\n"
		   "create v1 Pod default/web-*\n");
}

TEST(at_most_five_hundred_pods_are_made_at_once)
{
	struct scene scene = make_scene();
	struct plan *plan;

	add_set(&scene, 700, "", "");
	plan = scene_reconcile(&scene, &replica_set_controller, "default/web");
	CHECK_EQ(plan->write_count, 500);
	CHECK_EQ(plan->again_ms, 0);
}
