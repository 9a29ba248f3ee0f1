#include "actors/controllers/controllers.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene.h"

#define FIRST "web-75bb8cf97"   /* the set of image a */
#define SECOND "web-6cc594956b" /* of image b */
#define DONE                                                                                  \
	"{type: Available, status: 'True', reason: MinimumReplicasAvailable, message: "       \
	"Deployment has minimum availability.}, {type: Progressing, status: 'True', reason: " \
	"NewReplicaSetAvailable, message: fine, lastUpdateTime: '2026-01-02T03:00:00Z'}"
#define ROLLING(age)                                                                          \
	"{type: Available, status: 'True', reason: MinimumReplicasAvailable, message: "       \
	"Deployment has minimum availability.}, {type: Progressing, status: 'True', reason: " \
	"ReplicaSetUpdated, message: 'ReplicaSet \"" SECOND "\" is progressing.', "           \
	"lastUpdateTime: '2026-01-02T02:" age "Z'}"

/* A Deployment of revision `revision`; `more` is further members of its spec, `status` those of its status. */
static void add_deployment(struct scene *scene, const char *revision, const char *image,
			   const char *more, const char *status)
{
	scene_add(
	    scene,
	    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, annotations: "
	    "{deployment.kubernetes.io/revision: '%s'}}, spec: {selector: {matchLabels: {app: "
	    "web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, "
	    "image: %s}]}}, %s}, status: {observedGeneration: 1, terminatingReplicas: 0, %s}}",
	    revision, image, more, status);
}

/* A set of it: replicas it should have, those it has, and those that serve. `desired` is what it was last scaled for. */
static void add_set(struct scene *scene, const char *name, const char *revision, const char *image,
		    int replicas, int has, int serves, int desired)
{
	scene_add(
	    scene,
	    "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: %s, creationTimestamp: "
	    "'2026-01-0%sT00:00:00Z', labels: {app: web}, annotations: "
	    "{deployment.kubernetes.io/revision: '%s', deployment.kubernetes.io/desired-replicas: "
	    "'%d', deployment.kubernetes.io/max-replicas: '%d'}, ownerReferences: [{apiVersion: "
	    "apps/v1, kind: Deployment, name: web, uid: Deployment-web, controller: true}]}, spec: "
	    "{replicas: %d, selector: {matchLabels: {app: web, pod-template-hash: x}}, template: "
	    "{metadata: {labels: {app: web, pod-template-hash: x}}, spec: {containers: [{name: c, "
	    "image: %s}]}}}, status: {observedGeneration: 1, replicas: %d, readyReplicas: %d, "
	    "availableReplicas: %d}}",
	    name, revision, revision, desired, desired + (desired + 3) / 4, replicas, image, has,
	    serves, serves);
}

static struct scene make_scene(void)
{
	struct scene scene = scene_open();

	scene.hide = "status again";
	return scene;
}

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
	    "set \"" FIRST "\"\n"
	    "create apps/v1 ReplicaSet default/" FIRST "\n"
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
	    "event Normal ScalingReplicaSet Deployment web: Scaled up replica set " FIRST
	    " from 0 to 3\n");
}

TEST(a_name_that_is_taken_is_counted_as_a_collision)
{
	struct scene scene = make_scene();

	add_deployment(&scene, "0", "a", "replicas: 1", "");
	scene_add(&scene, "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: " FIRST
			  "}, spec: {selector: {matchLabels: {app: other}}, template: {metadata: "
			  "{labels: {app: other}}, spec: {containers: [{name: c, image: z}]}}}}");
	scene.hide = "again status.conditions status.unavailableReplicas";
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "update status of apps/v1 Deployment default/web\n"
		   "  status.collisionCount: - -> 1\n");
	add_deployment(&scene, "0", "a", "replicas: 1", "collisionCount: 1");
	scene.hide = "again status";
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "create apps/v1 ReplicaSet default/web-6699cb8684\n"
		   "event Normal ScalingReplicaSet Deployment web: Scaled up replica set "
		   "web-6699cb8684 from 0 to 1\n");
}

TEST(a_set_that_could_not_be_created_is_told_and_tried_again)
{
	struct scene scene = make_scene();

	scene.hide = "again status.unavailableReplicas";
	scene.failure = &(struct world_failure){ .type = &apps_replica_set_type,
						 .is_create = true,
						 .status = FORBIDDEN,
						 .message = STR("no more room") };
	add_deployment(&scene, "1", "a", "replicas: 1", "conditions: [" DONE "]");
	CHECK_PLAN(
	    &scene, &deployment_controller, "default/web",
	    "update status of apps/v1 Deployment default/web\n"
	    "  status.conditions[Available]: True/MinimumReplicasAvailable: Deployment has "
	    "minimum availability. -> False/MinimumReplicasUnavailable: Deployment does not "
	    "have minimum availability.\n"
	    "  status.conditions[Progressing]: True/NewReplicaSetAvailable: fine -> "
	    "False/ReplicaSetCreateError: Failed to create new replica set: no more room\n"
	    "create apps/v1 ReplicaSet default/" FIRST "\n"
	    "event Warning ReplicaSetCreateError Deployment web: Failed to create new replica "
	    "set: no more room\n"
	    "event Normal ScalingReplicaSet Deployment web: Scaled up replica set " FIRST
	    " from 0 to 1\n");
}

TEST(a_selector_of_everything_is_refused)
{
	struct scene scene = make_scene();

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
	struct scene scene = make_scene();

	scene.hide = "again status events";
	add_deployment(&scene, "1", "a", "replicas: 1", "conditions: [" DONE "]");
	scene_add(
	    &scene,
	    "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: orphan, labels: {app: "
	    "web}, annotations: {deployment.kubernetes.io/revision: '1'}}, spec: {replicas: 1, "
	    "selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, "
	    "spec: {containers: [{name: c, image: a}]}}}}");
	add_set(&scene, "stranger", "1", "a", 1, 1, 1, 1);
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
		struct scene scene = make_scene();
		struct str expected = STR_NONE;

		scene.hide = "status again spec metadata";
		add_deployment(&scene, "2", "b",
			       arena_printf(scene.arena,
					    "replicas: 4, strategy: {rollingUpdate: {%s}}",
					    cases[i].pace)
				   .at,
			       "");
		add_set(&scene, "old", "1", "a", cases[i].old, cases[i].old_serves,
			cases[i].old_serves, 4);
		add_set(&scene, "new", "2", "b", cases[i].new, cases[i].new_serves,
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
	struct scene scene = make_scene();

	scene.hide = "again events status";
	add_deployment(&scene, "2", "a", "replicas: 2", "");
	add_set(&scene, "one", "1", "a", 0, 0, 0, 2);
	add_set(&scene, "two", "2", "b", 2, 2, 2, 2);
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
	struct scene scene = make_scene();

	add_deployment(&scene, "5", "e", "replicas: 2, revisionHistoryLimit: 2", "");
	add_set(&scene, "one", "1", "a", 0, 0, 0, 2);
	add_set(&scene, "two", "2", "b", 0, 0, 0, 2);
	add_set(&scene, "three", "3", "c", 0, 0, 0, 2);
	add_set(&scene, "four", "4", "d", 0, 0, 0, 2);
	add_set(&scene, "five", "5", "e", 2, 2, 1, 2);
	CHECK_PLAN(&scene, &deployment_controller, "default/web", "");
	add_set(&scene, "five", "5", "e", 2, 2, 2, 2);
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "delete apps/v1 ReplicaSet default/one\n"
		   "delete apps/v1 ReplicaSet default/two\n");
	/* One that still has pods stays, and counts. */
	add_set(&scene, "one", "1", "a", 0, 1, 0, 2);
	scene.hide = "again status";
	CHECK_PLAN(&scene, &deployment_controller, "default/web", "");
}

/* ---- scaling -------------------------------------------------------------------------------------------------- */

TEST(a_settled_deployment_is_scaled_at_once)
{
	struct scene scene = make_scene();

	scene.hide = "again status";
	add_deployment(&scene, "1", "a", "replicas: 5", "conditions: [" DONE "]");
	add_set(&scene, "one", "1", "a", 3, 3, 3, 3);
	CHECK_PLAN(
	    &scene, &deployment_controller, "default/web",
	    "update apps/v1 ReplicaSet default/one\n"
	    "  metadata.annotations[deployment.kubernetes.io/desired-replicas]: 3 -> 5\n"
	    "  metadata.annotations[deployment.kubernetes.io/max-replicas]: 4 -> 7\n"
	    "  spec.replicas: 3 -> 5\n"
	    "event Normal ScalingReplicaSet Deployment web: Scaled up replica set one from 3 "
	    "to 5\n");
	/* Being scaled is no rollout: the condition stays. */
	scene.hide = "again events";
	scene_apply(&scene, scene_reconcile(&scene, &deployment_controller, "default/web"));
	add_deployment(&scene, "1", "a", "replicas: 5",
		       "replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3, "
		       "conditions: [" DONE "]");
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "update status of apps/v1 Deployment default/web\n"
		   "  status.unavailableReplicas: - -> 2\n"
		   "  status.conditions[Available]: True/MinimumReplicasAvailable: Deployment has "
		   "minimum availability. -> False/MinimumReplicasUnavailable: Deployment does not "
		   "have minimum availability.\n");
}

TEST(a_deployment_of_nothing_has_no_pods_left)
{
	struct scene scene = make_scene();

	scene.hide = "again status metadata";
	add_deployment(&scene, "2", "b", "replicas: 0", "");
	add_set(&scene, "one", "1", "a", 2, 2, 2, 3);
	add_set(&scene, "two", "2", "b", 2, 2, 1, 3);
	CHECK_PLAN(
	    &scene, &deployment_controller, "default/web",
	    "update apps/v1 ReplicaSet default/two\n"
	    "  spec.replicas: 2 -> 0\n"
	    "update apps/v1 ReplicaSet default/one\n"
	    "  spec.replicas: 2 -> 0\n"
	    "event Normal ScalingReplicaSet Deployment web: Scaled down replica set one from 2 "
	    "to 0\n"
	    "event Normal ScalingReplicaSet Deployment web: Scaled down replica set two from 2 "
	    "to 0\n");
}

/* In mid-rollout each set gets its share of the new size, leftovers go to the largest (upstream's TestScale). */
TEST(a_rollout_that_is_scaled_keeps_its_proportions)
{
	static const struct {
		int from, to, one, two, three; /* of the Deployment; sizes of sets, oldest first */
		const char *sizes;
	} cases[] = {
		{ 10, 20, 5, 5, 0, "10 10 0" }, { 10, 20, 8, 2, 0, "16 4 0" },
		{ 10, 5, 5, 5, 0, "2 3 0" },    { 10, 12, 3, 4, 3, "3 5 4" },
		{ 10, 0, 5, 5, 0, "0 0 0" },    { 10, 11, 5, 5, 0, "5 6 0" },
		{ 10, 20, 10, 0, 0, "20 0 0" }, { 10, 10, 7, 3, 0, "7 3 0" },
		{ 10, 15, 3, 2, 5, "5 2 8" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = make_scene();
		struct text sizes = text_in(scene.arena, KIB);
		static const char *const keys[] = { "default/one", "default/two", "default/three" };

		add_deployment(
		    &scene, "4", "d",
		    arena_printf(
			scene.arena,
			"paused: true, replicas: %d, strategy: {rollingUpdate: {maxSurge: 0}}",
			cases[i].to)
			.at,
		    "");
		scene_add(&scene, "{apiVersion: v1, kind: Namespace, metadata: {name: default}}");
		add_set(&scene, "one", "1", "a", cases[i].one, cases[i].one, cases[i].one,
			cases[i].from);
		add_set(&scene, "two", "2", "b", cases[i].two, cases[i].two, cases[i].two,
			cases[i].from);
		add_set(&scene, "three", "3", "c", cases[i].three, cases[i].three, cases[i].three,
			cases[i].from);
		for (int s = 0; s < 3; s++) {
			const struct apps_replica_set *set =
			    scene_get(&scene, keys[s], apps_replica_set);

			str_map_put(&set->metadata->annotations, scene.arena,
				    STR("deployment.kubernetes.io/max-replicas"),
				    arena_printf(scene.arena, "%d", cases[i].from));
		}
		scene_apply(&scene, scene_reconcile(&scene, &deployment_controller, "default/web"));
		for (int s = 0; s < 3; s++)
			text_printf(&sizes, "%s%d", s ? " " : "",
				    scene_get(&scene, keys[s], apps_replica_set)->spec->replicas);
		CHECK_STR(text_str(&sizes), cases[i].sizes);
	}
}

/* ---- other ways ------------------------------------------------------------------------------------------------ */

TEST(recreate_waits_until_the_last_old_pod_has_gone)
{
	struct scene scene = make_scene();

	scene.hide = "status again metadata";
	add_deployment(&scene, "1", "b", "replicas: 2, strategy: {type: Recreate}", "");
	add_set(&scene, "one", "1", "a", 2, 2, 2, 2);
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
	add_set(&scene, "one", "1", "a", 0, 0, 0, 2);
	CHECK_PLAN(&scene, &deployment_controller, "default/web", "");
	CHECK_STR(scene_wakes(&scene, &deployment_controller, &core_pod_type, "default/p"),
		  "default/web ");
	scene_remove(&scene, &core_pod_type, "default/p");
	scene.show = "spec.replicas";
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "create apps/v1 ReplicaSet default/" SECOND "\n"
		   "  spec.replicas: 2\n"
		   "event Normal ScalingReplicaSet Deployment web: Scaled up replica set " SECOND
		   " from 0 to 2\n");
}

TEST(a_paused_deployment_scales_but_does_not_roll)
{
	struct scene scene = make_scene();

	scene.hide = "again metadata status.terminatingReplicas status.unavailableReplicas";
	add_deployment(&scene, "1", "b", "replicas: 3, paused: true",
		       "replicas: 2, readyReplicas: 2, availableReplicas: 2, updatedReplicas: 2, "
		       "conditions: [" DONE "]");
	add_set(&scene, "one", "1", "a", 2, 2, 2, 2);
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
	add_deployment(
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
	struct scene scene = make_scene();
	const char *counts = "replicas: 3, updatedReplicas: 1, readyReplicas: 2, "
			     "availableReplicas: 2, unavailableReplicas: 1, conditions: [%s]";

	scene.hide = "";
	add_set(&scene, "one", "1", "a", 2, 2, 2, 2);
	add_set(&scene, SECOND, "2", "b", 1, 1, 0, 2);
	/* Nine and a half minutes have gone, the deadline is at ten. */
	add_deployment(&scene, "2", "b",
		       "replicas: 2, strategy: {rollingUpdate: {maxUnavailable: 0}}",
		       arena_printf(scene.arena, counts, ROLLING("54:35")).at);
	scene_pass(&scene, 0);
	CHECK_PLAN(&scene, &deployment_controller, "default/web", "again 31000 ms\n");
	scene_pass(&scene, 31);
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "update status of apps/v1 Deployment default/web\n"
		   "  status.conditions[Progressing]: True/ReplicaSetUpdated: ReplicaSet \"" SECOND
		   "\" is progressing. -> False/ProgressDeadlineExceeded: ReplicaSet \"" SECOND
		   "\" has timed out progressing.\n"
		   "again 1000 ms\n");
	scene_apply(&scene, scene_reconcile(&scene, &deployment_controller, "default/web"));
	CHECK_PLAN(&scene, &deployment_controller, "default/web", "");
	/* Pods that come to life after all are progress again. */
	add_set(&scene, SECOND, "2", "b", 1, 1, 1, 2);
	scene.hide = "spec metadata events again status.readyReplicas status.availableReplicas "
		     "status.unavailableReplicas";
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "update status of apps/v1 Deployment default/web\n"
		   "  status.conditions[Progressing]: False/ProgressDeadlineExceeded: ReplicaSet "
		   "\"" SECOND
		   "\" has timed out progressing. -> True/ReplicaSetUpdated: ReplicaSet "
		   "\"" SECOND "\" is progressing.\n"
		   "update apps/v1 ReplicaSet default/one\n");
}

TEST(without_a_deadline_there_is_no_progress_to_judge)
{
	struct scene scene = make_scene();

	scene.hide = "";
	add_set(&scene, "one", "1", "a", 1, 1, 1, 1);
	add_deployment(&scene, "1", "a", "replicas: 1, progressDeadlineSeconds: 2147483647",
		       "replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, "
		       "conditions: [" DONE "]");
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "update status of apps/v1 Deployment default/web\n"
		   "  status.conditions[Progressing]: True/NewReplicaSetAvailable: fine -> -\n");
}

TEST(a_failure_of_a_set_is_its_deployments)
{
	struct scene scene = make_scene();

	scene.hide = "again status.unavailableReplicas";
	add_deployment(&scene, "1", "a", "replicas: 1",
		       "conditions: [{type: Available, status: 'False', reason: "
		       "MinimumReplicasUnavailable, message: Deployment does not have minimum "
		       "availability.}, {type: Progressing, status: 'True', reason: "
		       "NewReplicaSetCreated, lastUpdateTime: '" SCENE_NOW "'}]");
	add_set(&scene, "one", "1", "a", 1, 0, 0, 1);
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
	struct scene scene = make_scene();

	scene.hide = "status";
	scene_add(
	    &scene,
	    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, finalizers: [x], "
	    "deletionTimestamp: '" SCENE_NOW
	    "'}, spec: {replicas: 3, selector: {matchLabels: {app: web}}, template: {metadata: "
	    "{labels: {app: web}}, spec: {containers: [{name: c, image: a}]}}}}");
	CHECK_PLAN(&scene, &deployment_controller, "default/web", "");
}

/* ---- from end to end --------------------------------------------------------------------------------------------- */

static const struct controller *const both[] = { &deployment_controller, &replica_set_controller,
						 NULL };

static void count_pods(const struct scene *scene, int32_t *total, int32_t *serving)
{
	*total = *serving = 0;
	for (uint32_t i = 0; i < scene->len; i++) {
		const struct core_pod *pod = scene->objects[i]->record;

		if (!str_is(type_kind(scene->objects[i]->type), "Pod") ||
		    pod->metadata->has.deletion_timestamp)
			continue;
		++*total;
		*serving += pod->status->conditions.len > 0;
	}
}

/* Whatever the pace and however slow the pods: never too many, never too few, and it ends. */
TEST(every_rollout_keeps_its_bounds_and_ends)
{
	static const int paces[][2] = { { 1, 0 }, { 0, 1 }, { 2, 1 }, { 3, 3 }, { 5, 0 } };
	uint64_t chance = 88172645463325252ULL;

	for (size_t p = 0; p < sizeof paces / sizeof paces[0]; p++) {
		struct scene scene = scene_open();
		const char *pace =
		    arena_printf(scene.arena,
				 "replicas: 5, strategy: {rollingUpdate: {maxSurge: %d, "
				 "maxUnavailable: %d}}",
				 paces[p][0], paces[p][1])
			.at;
		uint32_t quiet = 0;

		add_deployment(&scene, "1", "a", pace, "");
		scene_settle(&scene, both);
		scene_run_pods(&scene);
		scene_settle(&scene, both);
		add_deployment(&scene, "1", "b", pace, "");
		for (int round = 0; quiet < 3; round++) {
			int32_t total, serving;
			uint32_t writes;

			CHECK(round < 200);
			chance ^= chance << 13;
			chance ^= chance >> 7;
			chance ^= chance << 17;
			writes = scene_round(&scene, chance % 2 ? both : both + 1);
			count_pods(&scene, &total, &serving);
			CHECK(total <= 5 + paces[p][0]);
			CHECK(serving >= 5 - paces[p][1]);
			if (chance % 3 == 0)
				scene_run_pods(&scene);
			if (chance % 6 == 1)
				quiet = writes + scene_run_pods(&scene) == 0 ? quiet + 1 : 0;
			scene_pass(&scene, 1);
		}
		CHECK_EQ(scene.refused, 0);
		CHECK_EQ(scene_count(&scene, &apps_replica_set_type), 2);
		CHECK_EQ(scene_get(&scene, "default/" SECOND, apps_replica_set)
			     ->status->available_replicas,
			 5);
		CHECK_EQ(scene_get(&scene, "default/" FIRST, apps_replica_set)->status->replicas, 0);
	}
}
