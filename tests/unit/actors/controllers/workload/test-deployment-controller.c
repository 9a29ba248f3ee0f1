#include "actors/controllers/controllers.h"
#include "datastore/schema/apps.h"
#include "tests/unit/actors/controllers/scene.h"
#include "tests/unit/actors/controllers/workload/web.h"

/* ---- the first set ------------------------------------------------------------------------------------------ */

TEST(a_new_deployment_gets_a_set_and_says_so)
{
	struct scene scene = scene_open();

	scene.show = "spec.replicas spec.minReadySeconds spec.selector spec.template.metadata "
		     "metadata.labels metadata.annotations metadata.ownerReferences";
	scene_add(
	    &scene,
	    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, annotations: {note: "
	    "hi, kubectl.kubernetes.io/last-applied-configuration: '{}'}}, spec: {replicas: 3, "
	    "minReadySeconds: 5, selector: {matchLabels: {app: web}}, template: {metadata: "
	    "{labels: {app: web}}, spec: {containers: [{name: c, image: a}]}}}}");
	CHECK_PLAN(
	    &scene, &deployment_controller, "default/web",
	    "update status of apps/v1 Deployment default/web\n"
	    "  metadata.annotations[deployment.kubernetes.io/revision]: - -> 1\n"
	    "  status.observedGeneration: - -> 1\n"
	    "  status.unavailableReplicas: - -> 3\n"
	    "  status.terminatingReplicas: - -> 0\n"
	    "  status.conditions[Available]: - -> False/MinimumReplicasUnavailable: Deployment "
	    "does "
	    "not have minimum availability.\n"
	    "  status.conditions[Progressing]: - -> True/NewReplicaSetCreated: Created new replica "
	    "set \"" WEB_FIRST "\"\n"
	    "create apps/v1 ReplicaSet default/" WEB_FIRST "\n"
	    "  metadata.labels.app: web\n"
	    "  metadata.labels.pod-template-hash: 75bb8cf97\n"
	    "  metadata.annotations[deployment.kubernetes.io/desired-replicas]: 3\n"
	    "  metadata.annotations[deployment.kubernetes.io/max-replicas]: 4\n"
	    "  metadata.annotations[deployment.kubernetes.io/revision]: 1\n"
	    "  metadata.annotations.note: hi\n"
	    "  metadata.ownerReferences[0].apiVersion: apps/v1\n"
	    "  metadata.ownerReferences[0].kind: Deployment\n"
	    "  metadata.ownerReferences[0].name: web\n"
	    "  metadata.ownerReferences[0].uid: Deployment-web\n"
	    "  metadata.ownerReferences[0].controller: true\n"
	    "  metadata.ownerReferences[0].blockOwnerDeletion: true\n"
	    "  spec.replicas: 3\n"
	    "  spec.minReadySeconds: 5\n"
	    "  spec.selector.matchLabels.app: web\n"
	    "  spec.selector.matchLabels.pod-template-hash: 75bb8cf97\n"
	    "  spec.template.metadata.labels.app: web\n"
	    "  spec.template.metadata.labels.pod-template-hash: 75bb8cf97\n"
	    "event Normal ScalingReplicaSet Deployment web: Scaled up replica set " WEB_FIRST
	    " from 0 to 3\n");
}

TEST(a_name_that_is_taken_is_counted_as_a_collision)
{
	struct scene scene = web_scene();

	web_add_deployment(&scene, "0", "a", "replicas: 1", "");
	scene_add(&scene, "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: " WEB_FIRST
			  "}, spec: {selector: {matchLabels: {app: other}}, template: {metadata: "
			  "{labels: {app: other}}, spec: {containers: [{name: c, image: z}]}}}}");
	scene.hide = "again status.conditions status.unavailableReplicas";
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "update status of apps/v1 Deployment default/web\n"
		   "  status.collisionCount: - -> 1\n");
	web_add_deployment(&scene, "0", "a", "replicas: 1", "collisionCount: 1");
	scene.hide = "again status";
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "create apps/v1 ReplicaSet default/web-6699cb8684\n"
		   "event Normal ScalingReplicaSet Deployment web: Scaled up replica set "
		   "web-6699cb8684 from 0 to 1\n");
}

TEST(a_set_that_could_not_be_created_is_told_and_tried_again)
{
	struct scene scene = web_scene();

	scene.hide = "again status.unavailableReplicas";
	scene.failure = &(struct world_failure){ .type = &apps_replica_set_type,
						 .is_create = true,
						 .status = FORBIDDEN,
						 .message = STR("no more room") };
	web_add_deployment(&scene, "1", "a", "replicas: 1", "conditions: [" WEB_DONE "]");
	CHECK_PLAN(
	    &scene, &deployment_controller, "default/web",
	    "update status of apps/v1 Deployment default/web\n"
	    "  status.conditions[Available]: True/MinimumReplicasAvailable: Deployment has "
	    "minimum availability. -> False/MinimumReplicasUnavailable: Deployment does not "
	    "have minimum availability.\n"
	    "  status.conditions[Progressing]: True/NewReplicaSetAvailable: fine -> "
	    "False/ReplicaSetCreateError: Failed to create new replica set: no more room\n"
	    "create apps/v1 ReplicaSet default/" WEB_FIRST "\n"
	    "event Warning ReplicaSetCreateError Deployment web: Failed to create new replica "
	    "set: no more room\n"
	    "event Normal ScalingReplicaSet Deployment web: Scaled up replica set " WEB_FIRST
	    " from 0 to 1\n");
}

TEST(a_selector_of_everything_is_refused)
{
	struct scene scene = web_scene();

	scene_add(
	    &scene,
	    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {}, "
	    "template: {metadata: {labels: {app: web}}, spec: {containers: []}}}, status: "
	    "{observedGeneration: 1}}");
	CHECK_PLAN(
	    &scene, &deployment_controller, "default/web",
	    "event Warning SelectingAll Deployment web: This deployment is selecting all pods. "
	    "A non-empty selector is required.\n");
}

TEST(orphans_are_adopted_and_strangers_are_let_go)
{
	struct scene scene = web_scene();

	scene.hide = "again status events";
	web_add_deployment(&scene, "1", "a", "replicas: 1", "conditions: [" WEB_DONE "]");
	scene_add(
	    &scene,
	    "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: orphan, labels: {app: "
	    "web}, annotations: {deployment.kubernetes.io/revision: '1'}}, spec: {replicas: 1, "
	    "selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, "
	    "spec: {containers: [{name: c, image: a}]}}}}");
	web_add_set(&scene, "stranger", "1", "a", 1, 1, 1, 1);
	scene_add(
	    &scene,
	    "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: stranger, labels: {app: "
	    "other}, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: "
	    "Deployment-web, controller: true}]}, spec: {replicas: 1, selector: {matchLabels: "
	    "{app: other}}, template: {metadata: {labels: {app: other}}, spec: {containers: "
	    "[{name: c, image: a}]}}}}");
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "update apps/v1 ReplicaSet default/stranger\n"
		   "  metadata.ownerReferences[0].apiVersion: apps/v1 -> -\n"
		   "  metadata.ownerReferences[0].kind: Deployment -> -\n"
		   "  metadata.ownerReferences[0].name: web -> -\n"
		   "  metadata.ownerReferences[0].uid: Deployment-web -> -\n"
		   "  metadata.ownerReferences[0].controller: true -> -\n"
		   "update apps/v1 ReplicaSet default/orphan\n"
		   "  metadata.ownerReferences[0].apiVersion: - -> apps/v1\n"
		   "  metadata.ownerReferences[0].kind: - -> Deployment\n"
		   "  metadata.ownerReferences[0].name: - -> web\n"
		   "  metadata.ownerReferences[0].uid: - -> Deployment-web\n"
		   "  metadata.ownerReferences[0].controller: - -> true\n"
		   "  metadata.ownerReferences[0].blockOwnerDeletion: - -> true\n");
	CHECK_STR(
	    scene_wakes(&scene, &deployment_controller, &apps_replica_set_type, "default/orphan"),
	    "default/web ");
	CHECK_STR(
	    scene_wakes(&scene, &deployment_controller, &apps_replica_set_type, "default/stranger"),
	    "");
}

/* ---- rolling -------------------------------------------------------------------------------------------------- */

/* One step of a rollout from image a to b, from the numbers of both sets to the sizes that they get. */
TEST(a_rolling_update_stays_between_surge_and_unavailable)
{
	static const struct {
		const char *pace;
		int old, old_serves, new, new_serves; /* of 4 that are wanted */
		const char *plan;
	} cases[] = {
		/* maxSurge and maxUnavailable are 25%: one above, one below. The new one grows first. */
		{ "", 4, 4, 0, 0, "new from 0 to 1\n" },
		{ "", 4, 4, 1, 0, "old from 4 to 3\n" },
		{ "", 3, 3, 1, 0, "new from 1 to 2\n" },
		{ "", 3, 3, 2, 0, "" },
		{ "", 3, 3, 2, 1, "old from 3 to 2\n" },
		{ "", 3, 3, 2, 2, "old from 3 to 1\n" },
		{ "", 1, 1, 4, 4, "old from 1 to 0\n" },
		{ "", 0, 0, 4, 4, "" },
		/* Sick old pods serve nobody, so they go first, but never more than may go at all. */
		{ "", 4, 1, 1, 0, "old from 4 to 3\n" },
		{ "", 4, 0, 1, 1, "old from 4 to 2\n" },
		{ "maxSurge: 0, maxUnavailable: 1", 4, 4, 0, 0, "old from 4 to 3\n" },
		{ "maxSurge: 0, maxUnavailable: 1", 3, 3, 0, 0, "new from 0 to 1\n" },
		{ "maxSurge: 0, maxUnavailable: 1", 3, 3, 1, 0, "" },
		{ "maxSurge: 2, maxUnavailable: 0", 4, 4, 0, 0, "new from 0 to 2\n" },
		{ "maxSurge: 2, maxUnavailable: 0", 4, 4, 2, 0, "" },
		{ "maxSurge: 2, maxUnavailable: 0", 4, 4, 2, 2, "old from 4 to 2\n" },
		{ "maxSurge: 100%, maxUnavailable: 0", 4, 4, 0, 0, "new from 0 to 4\n" },
		{ "maxSurge: 0, maxUnavailable: 100%", 4, 4, 0, 0, "old from 4 to 0\n" },
		/* An old set whose report is older than its size is no reason to shrink it once more. */
		{ "", 2, 3, 3, 0, "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = web_scene();
		struct str expected = STR_NONE;

		scene.hide = "status again spec metadata";
		web_add_deployment(&scene, "2", "b",
				   arena_printf(scene.arena,
						"replicas: 4, strategy: {rollingUpdate: {%s}}",
						cases[i].pace)
				       .at,
				   "");
		web_add_set(&scene, "old", "1", "a", cases[i].old, cases[i].old_serves,
			    cases[i].old_serves, 4);
		web_add_set(&scene, "new", "2", "b", cases[i].new, cases[i].new_serves,
			    cases[i].new_serves, 4);
		if (cases[i].plan[0] != '\0') {
			bool is_old = cases[i].plan[0] == 'o';
			bool is_up = !is_old;

			expected = arena_printf(
			    scene.arena,
			    "update apps/v1 ReplicaSet default/%s\nevent Normal ScalingReplicaSet "
			    "Deployment web: Scaled %s replica set %s",
			    is_old ? "old" : "new", is_up ? "up" : "down", cases[i].plan);
		}
		CHECK_PLAN(&scene, &deployment_controller, "default/web",
			   expected.at ? expected.at : "");
	}
}

TEST(a_rollback_gets_a_new_revision_and_remembers_the_old_one)
{
	struct scene scene = web_scene();

	scene.hide = "again events status";
	web_add_deployment(&scene, "2", "a", "replicas: 2", "");
	web_add_set(&scene, "one", "1", "a", 0, 0, 0, 2);
	web_add_set(&scene, "two", "2", "b", 2, 2, 2, 2);
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "update apps/v1 ReplicaSet default/one\n"
		   "  metadata.annotations[deployment.kubernetes.io/revision]: 1 -> 3\n"
		   "  metadata.annotations[deployment.kubernetes.io/revision-history]: - -> 1\n"
		   "  spec.replicas: 0 -> 1\n");
	scene.hide = "again events status.conditions status";
	scene_apply(&scene, scene_reconcile(&scene, &deployment_controller, "default/web"));
	CHECK_STR(
	    str_map_get(scene_get(&scene, "default/web", apps_deployment)->metadata->annotations,
			STR("deployment.kubernetes.io/revision")),
	    "3");
}

TEST(history_is_kept_up_to_its_limit_and_only_when_the_rollout_is_complete)
{
	struct scene scene = web_scene();

	web_add_deployment(&scene, "5", "e", "replicas: 2, revisionHistoryLimit: 2", "");
	web_add_set(&scene, "one", "1", "a", 0, 0, 0, 2);
	web_add_set(&scene, "two", "2", "b", 0, 0, 0, 2);
	web_add_set(&scene, "three", "3", "c", 0, 0, 0, 2);
	web_add_set(&scene, "four", "4", "d", 0, 0, 0, 2);
	web_add_set(&scene, "five", "5", "e", 2, 2, 1, 2);
	CHECK_PLAN(&scene, &deployment_controller, "default/web", "");
	web_add_set(&scene, "five", "5", "e", 2, 2, 2, 2);
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "delete apps/v1 ReplicaSet default/one\n"
		   "delete apps/v1 ReplicaSet default/two\n");
	/* One that still has pods stays, and counts. */
	web_add_set(&scene, "one", "1", "a", 0, 1, 0, 2);
	scene.hide = "again status";
	CHECK_PLAN(&scene, &deployment_controller, "default/web", "");
}

/* ---- other ways ------------------------------------------------------------------------------------------------ */

TEST(recreate_waits_until_the_last_old_pod_has_gone)
{
	struct scene scene = web_scene();

	scene.hide = "status again metadata";
	web_add_deployment(&scene, "1", "b", "replicas: 2, strategy: {type: Recreate}", "");
	web_add_set(&scene, "one", "1", "a", 2, 2, 2, 2);
	scene_add(
	    &scene,
	    "{apiVersion: v1, kind: Pod, metadata: {name: p, deletionTimestamp: '" SCENE_NOW
	    "', labels: {app: web, pod-template-hash: x}, ownerReferences: [{apiVersion: apps/v1, "
	    "kind: ReplicaSet, name: one, uid: ReplicaSet-one, controller: true}]}, spec: "
	    "{containers: []}, status: {phase: Running}}");
	CHECK_PLAN(
	    &scene, &deployment_controller, "default/web",
	    "update apps/v1 ReplicaSet default/one\n"
	    "  spec.replicas: 2 -> 0\n"
	    "event Normal ScalingReplicaSet Deployment web: Scaled down replica set one from 2 "
	    "to 0\n");
	web_add_set(&scene, "one", "1", "a", 0, 0, 0, 2);
	CHECK_PLAN(&scene, &deployment_controller, "default/web", "");
	CHECK_STR(scene_wakes(&scene, &deployment_controller, &core_pod_type, "default/p"),
		  "default/web ");
	scene_remove(&scene, &core_pod_type, "default/p");
	scene.show = "spec.replicas";
	CHECK_PLAN(
	    &scene, &deployment_controller, "default/web",
	    "create apps/v1 ReplicaSet default/" WEB_SECOND "\n"
	    "  spec.replicas: 2\n"
	    "event Normal ScalingReplicaSet Deployment web: Scaled up replica set " WEB_SECOND
	    " from 0 to 2\n");
}

TEST(a_paused_deployment_scales_but_does_not_roll)
{
	struct scene scene = web_scene();

	scene.hide = "again metadata status.terminatingReplicas status.unavailableReplicas";
	web_add_deployment(
	    &scene, "1", "b", "replicas: 3, paused: true",
	    "replicas: 2, readyReplicas: 2, availableReplicas: 2, updatedReplicas: 2, "
	    "conditions: [" WEB_DONE "]");
	web_add_set(&scene, "one", "1", "a", 2, 2, 2, 2);
	CHECK_PLAN(
	    &scene, &deployment_controller, "default/web",
	    "update status of apps/v1 Deployment default/web\n"
	    "  status.conditions[Available]: True/MinimumReplicasAvailable: Deployment has "
	    "minimum availability. -> False/MinimumReplicasUnavailable: Deployment does not "
	    "have minimum availability.\n"
	    "  status.conditions[Progressing]: True/NewReplicaSetAvailable: fine -> "
	    "Unknown/DeploymentPaused: Deployment is paused\n"
	    "  status.updatedReplicas: 2 -> -\n"
	    "update apps/v1 ReplicaSet default/one\n"
	    "  spec.replicas: 2 -> 3\n"
	    "event Normal ScalingReplicaSet Deployment web: Scaled up replica set one from 2 "
	    "to 3\n");
	web_add_deployment(
	    &scene, "1", "a", "replicas: 2",
	    "replicas: 2, readyReplicas: 2, availableReplicas: 2, updatedReplicas: 1, "
	    "conditions: [{type: Progressing, status: Unknown, reason: DeploymentPaused}]");
	scene.hide = "again status.updatedReplicas status.terminatingReplicas";
	CHECK_PLAN(
	    &scene, &deployment_controller, "default/web",
	    "update status of apps/v1 Deployment default/web\n"
	    "  status.conditions[Progressing]: Unknown/DeploymentPaused -> "
	    "True/NewReplicaSetAvailable: ReplicaSet \"one\" has successfully progressed.\n"
	    "  status.conditions[Available]: - -> True/MinimumReplicasAvailable: Deployment has "
	    "minimum availability.\n");
}

TEST(a_rollout_that_hangs_is_told_after_its_deadline)
{
	struct scene scene = web_scene();
	const char *counts = "replicas: 3, updatedReplicas: 1, readyReplicas: 2, "
			     "availableReplicas: 2, unavailableReplicas: 1, conditions: [%s]";

	scene.hide = "";
	web_add_set(&scene, "one", "1", "a", 2, 2, 2, 2);
	web_add_set(&scene, WEB_SECOND, "2", "b", 1, 1, 0, 2);
	/* Nine and a half minutes have gone, the deadline is at ten. */
	web_add_deployment(&scene, "2", "b",
			   "replicas: 2, strategy: {rollingUpdate: {maxUnavailable: 0}}",
			   arena_printf(scene.arena, counts, WEB_ROLLING("54:35")).at);
	scene_pass(&scene, 0);
	CHECK_PLAN(&scene, &deployment_controller, "default/web", "again 31000 ms\n");
	scene_pass(&scene, 31);
	CHECK_PLAN(
	    &scene, &deployment_controller, "default/web",
	    "update status of apps/v1 Deployment default/web\n"
	    "  status.conditions[Progressing]: True/ReplicaSetUpdated: ReplicaSet \"" WEB_SECOND
	    "\" is progressing. -> False/ProgressDeadlineExceeded: ReplicaSet \"" WEB_SECOND
	    "\" has timed out progressing.\n"
	    "again 1000 ms\n");
	scene_apply(&scene, scene_reconcile(&scene, &deployment_controller, "default/web"));
	CHECK_PLAN(&scene, &deployment_controller, "default/web", "");
	/* Pods that come to life after all are progress again. */
	web_add_set(&scene, WEB_SECOND, "2", "b", 1, 1, 1, 2);
	scene.hide = "spec metadata events again status.readyReplicas status.availableReplicas "
		     "status.unavailableReplicas";
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "update status of apps/v1 Deployment default/web\n"
		   "  status.conditions[Progressing]: False/ProgressDeadlineExceeded: ReplicaSet "
		   "\"" WEB_SECOND
		   "\" has timed out progressing. -> True/ReplicaSetUpdated: ReplicaSet "
		   "\"" WEB_SECOND "\" is progressing.\n"
		   "update apps/v1 ReplicaSet default/one\n");
}

TEST(without_a_deadline_there_is_no_progress_to_judge)
{
	struct scene scene = web_scene();

	scene.hide = "";
	web_add_set(&scene, "one", "1", "a", 1, 1, 1, 1);
	web_add_deployment(
	    &scene, "1", "a", "replicas: 1, progressDeadlineSeconds: 2147483647",
	    "replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, "
	    "conditions: [" WEB_DONE "]");
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "update status of apps/v1 Deployment default/web\n"
		   "  status.conditions[Progressing]: True/NewReplicaSetAvailable: fine -> -\n");
}

TEST(a_failure_of_a_set_is_its_deployments)
{
	struct scene scene = web_scene();

	scene.hide = "again status.unavailableReplicas";
	web_add_deployment(&scene, "1", "a", "replicas: 1",
			   "conditions: [{type: Available, status: 'False', reason: "
			   "MinimumReplicasUnavailable, message: Deployment does not have minimum "
			   "availability.}, {type: Progressing, status: 'True', reason: "
			   "NewReplicaSetCreated, lastUpdateTime: '" SCENE_NOW "'}]");
	web_add_set(&scene, "one", "1", "a", 1, 0, 0, 1);
	scene_add(
	    &scene,
	    "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: one, labels: {app: web}, "
	    "annotations: {deployment.kubernetes.io/revision: '1'}, ownerReferences: "
	    "[{apiVersion: apps/v1, kind: Deployment, name: web, uid: Deployment-web, "
	    "controller: true}]}, spec: {replicas: 1, selector: {matchLabels: {app: web}}, "
	    "template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: "
	    "a}]}}}, status: {observedGeneration: 1, conditions: [{type: ReplicaFailure, status: "
	    "'True', reason: FailedCreate, message: no account}]}}");
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "update status of apps/v1 Deployment default/web\n"
		   "  status.conditions[ReplicaFailure]: - -> True/FailedCreate: no account\n");
}

TEST(a_deployment_that_is_being_deleted_only_reports)
{
	struct scene scene = web_scene();

	scene.hide = "status";
	scene_add(
	    &scene,
	    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, finalizers: [x], "
	    "deletionTimestamp: '" SCENE_NOW
	    "'}, spec: {replicas: 3, selector: {matchLabels: {app: web}}, template: {metadata: "
	    "{labels: {app: web}}, spec: {containers: [{name: c, image: a}]}}}}");
	CHECK_PLAN(&scene, &deployment_controller, "default/web", "");
}
