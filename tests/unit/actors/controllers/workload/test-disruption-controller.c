#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "datastore/schema/policy.h"
#include "tests/unit/actors/controllers/scene.h"

static void add_web(struct scene *scene, int ready, int unready, int replicas)
{
	scene_add(
	    scene,
	    "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web}, spec: {replicas: %d, "
	    "selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: "
	    "{containers: []}}}}",
	    replicas);
	for (int i = 0; i < ready + unready; i++)
		scene_add(
		    scene,
		    "{apiVersion: v1, kind: Pod, metadata: {name: p%d, labels: {app: web}, "
		    "ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: "
		    "ReplicaSet-web, controller: true}]}, spec: {containers: []}, status: "
		    "{conditions: "
		    "[{type: Ready, status: '%s'}]}}",
		    i, i < ready ? "True" : "False");
}

TEST(a_budget_says_how_many_pods_may_go)
{
	static const struct {
		const char *spec;
		int ready, unready, replicas, expected, desired, allowed;
		const char *reason;
	} cases[] = {
		{ "minAvailable: 2", 3, 0, 3, 3, 2, 1, "SufficientPods" },
		{ "minAvailable: 3", 3, 0, 3, 3, 3, 0, "InsufficientPods" },
		{ "minAvailable: 50%", 4, 0, 5, 5, 3, 1, "SufficientPods" },
		{ "maxUnavailable: 1", 4, 1, 5, 5, 4, 0, "InsufficientPods" },
		{ "maxUnavailable: 2", 4, 1, 5, 5, 3, 1, "SufficientPods" },
		{ "maxUnavailable: 30%", 5, 0, 5, 5, 3, 2, "SufficientPods" },
		{ "maxUnavailable: 10", 2, 0, 2, 2, 0, 2, "SufficientPods" },
		{ "minAvailable: 0", 0, 0, 0, 0, 0, 0, "InsufficientPods" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = scene_open();
		const struct policy_pod_disruption_budget_status *status;

		add_web(&scene, cases[i].ready, cases[i].unready, cases[i].replicas);
		scene_add(
		    &scene,
		    "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: "
		    "{%s, selector: {matchLabels: {app: web}}}}",
		    cases[i].spec);
		scene_apply(&scene, scene_reconcile(&scene, &disruption_controller, "default/b"));
		status = scene_get(&scene, "default/b", policy_pod_disruption_budget)->status;
		CHECK_EQ(status->expected_pods, cases[i].expected);
		CHECK_EQ(status->desired_healthy, cases[i].desired);
		CHECK_EQ(status->disruptions_allowed, cases[i].allowed);
		CHECK_EQ(status->current_healthy, cases[i].ready);
		CHECK_STR(status->conditions.at[0].reason, cases[i].reason);
		CHECK_EQ(scene_reconcile(&scene, &disruption_controller, "default/b")->write_count,
			 0);
	}
}

TEST(a_pod_that_was_evicted_does_not_count_until_it_should_have_gone)
{
	struct scene scene = scene_open();

	scene.hide = "events status.conditions";
	add_web(&scene, 3, 0, 3);
	scene_add(
	    &scene,
	    "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: "
	    "{minAvailable: 2, selector: {matchLabels: {app: web}}}, status: {observedGeneration: "
	    "1, expectedPods: 3, desiredHealthy: 2, currentHealthy: 3, disruptionsAllowed: 0, "
	    "disruptedPods: {p1: '2026-01-02T03:03:05Z', gone: '2026-01-02T03:03:05Z'}}}");
	CHECK_PLAN(&scene, &disruption_controller, "default/b",
		   "update status of policy/v1 PodDisruptionBudget default/b\n"
		   "  status.currentHealthy: 3 -> 2\n"
		   "  status.disruptedPods.gone: now-60s -> -\n"
		   "again 60001 ms\n");
	scene_pass(&scene, 61);
	scene.hide = "events status.conditions again status.disruptedPods";
	CHECK_PLAN(&scene, &disruption_controller, "default/b",
		   "update status of policy/v1 PodDisruptionBudget default/b\n"
		   "  status.disruptionsAllowed: 0 -> 1\n");
	CHECK_STR(scene_wakes(&scene, &disruption_controller, &core_pod_type, "default/p0"),
		  "default/b ");
}
