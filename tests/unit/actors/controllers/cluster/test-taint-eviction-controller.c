#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene.h"

#define EVICTION (&taint_eviction_controller)
#define GOES                                                                                       \
	"update status of v1 Pod default/p\n"                                                      \
	"  status.conditions[DisruptionTarget]: - -> True/DeletionByTaintManager: Taint manager: " \
	"deleting due to NoExecute taint\n"                                                        \
	"delete v1 Pod default/p\n"                                                                \
	"event Normal TaintManagerEviction Pod p: Marking for deletion Pod default/p\n"

/* The taint was added 100 s before now. */
#define TAINT "{key: a, value: b, effect: NoExecute, timeAdded: '2026-01-02T03:02:25Z'}"

TEST(a_pod_stays_as_long_as_it_tolerates_every_taint)
{
	static const struct {
		const char *taints, *tolerations, *plan;
	} cases[] = {
		{ "", "", "" },
		{ "{key: a, effect: NoSchedule}", "", "" },
		{ TAINT, "", GOES },
		{ TAINT, "{key: a, operator: Exists}", "" },
		{ TAINT, "{operator: Exists}", "" },
		{ TAINT, "{key: a, value: b, effect: NoExecute}", "" },
		{ TAINT, "{key: a, value: c, effect: NoExecute}", GOES },
		{ TAINT, "{key: a, operator: Exists, effect: NoSchedule}", GOES },
		{ TAINT, "{key: a, operator: Exists, tolerationSeconds: 100}", GOES },
		{ TAINT, "{key: a, operator: Exists, tolerationSeconds: 110}", "again 10001 ms\n" },
		{ TAINT, "{key: a, operator: Exists, tolerationSeconds: -5}", GOES },
		/* The first toleration that fits decides. */
		{ TAINT,
		  "{key: a, operator: Exists, tolerationSeconds: 200}, {operator: Exists, "
		  "tolerationSeconds: 1}",
		  "again 100001 ms\n" },
		/* Of two taints the one that is tolerated less. */
		{ TAINT ", {key: c, effect: NoExecute, timeAdded: '" SCENE_NOW "'}",
		  "{key: a, operator: Exists}, {key: c, operator: Exists, tolerationSeconds: 7}",
		  "again 7001 ms\n" },
		{ TAINT ", {key: c, effect: NoExecute, timeAdded: '" SCENE_NOW "'}",
		  "{key: a, operator: Exists}", GOES },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = scene_open();

		scene_add(
		    &scene,
		    "{apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {taints: [%s]}}\n"
		    "---\n{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: n1, "
		    "containers: [], tolerations: [%s]}}",
		    cases[i].taints, cases[i].tolerations);
		CHECK_PLAN(&scene, EVICTION, "default/p", cases[i].plan);
	}
}

TEST(pods_that_end_or_have_no_node_are_not_judged)
{
	struct scene scene = scene_open();

	scene_add(&scene,
		  "{apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {taints: [" TAINT
		  "]}}\n"
		  "---\n{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: []}}\n"
		  "---\n{apiVersion: v1, kind: Pod, metadata: {name: q, deletionTimestamp: "
		  "'" SCENE_NOW "'}, spec: {nodeName: n1, containers: []}}\n"
		  "---\n{apiVersion: v1, kind: Pod, metadata: {name: r}, spec: {nodeName: n2, "
		  "containers: []}}");
	CHECK_PLAN(&scene, EVICTION, "default/p", "");
	CHECK_PLAN(&scene, EVICTION, "default/q", "");
	CHECK_PLAN(&scene, EVICTION, "default/r", "");
	CHECK_STR(scene_wakes(&scene, EVICTION, &core_node_type, "/n1"), "default/q ");
}
