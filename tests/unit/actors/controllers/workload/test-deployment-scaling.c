/*
 * Deployments that are scaled, and rollouts from end to end.
 */
#include "actors/controllers/controllers.h"
#include "datastore/schema/apps.h"
#include "tests/unit/actors/controllers/scene.h"
#include "tests/unit/actors/controllers/workload/web.h"

TEST(a_settled_deployment_is_scaled_at_once)
{
	struct scene scene = web_scene();

	scene.hide = "again status";
	web_add_deployment(&scene, "1", "a", "replicas: 5", "conditions: [" WEB_DONE "]");
	web_add_set(&scene, "one", "1", "a", 3, 3, 3, 3);
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
	web_add_deployment(
	    &scene, "1", "a", "replicas: 5",
	    "replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3, "
	    "conditions: [" WEB_DONE "]");
	CHECK_PLAN(&scene, &deployment_controller, "default/web",
		   "update status of apps/v1 Deployment default/web\n"
		   "  status.unavailableReplicas: - -> 2\n"
		   "  status.conditions[Available]: True/MinimumReplicasAvailable: Deployment has "
		   "minimum availability. -> False/MinimumReplicasUnavailable: Deployment does not "
		   "have minimum availability.\n");
}

TEST(a_deployment_of_nothing_has_no_pods_left)
{
	struct scene scene = web_scene();

	scene.hide = "again status metadata";
	web_add_deployment(&scene, "2", "b", "replicas: 0", "");
	web_add_set(&scene, "one", "1", "a", 2, 2, 2, 3);
	web_add_set(&scene, "two", "2", "b", 2, 2, 1, 3);
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
		struct scene scene = web_scene();
		struct text sizes = text_in(scene.arena, KIB);
		static const char *const keys[] = { "default/one", "default/two", "default/three" };

		web_add_deployment(
		    &scene, "4", "d",
		    arena_printf(
			scene.arena,
			"paused: true, replicas: %d, strategy: {rollingUpdate: {maxSurge: 0}}",
			cases[i].to)
			.at,
		    "");
		scene_add(&scene, "{apiVersion: v1, kind: Namespace, metadata: {name: default}}");
		web_add_set(&scene, "one", "1", "a", cases[i].one, cases[i].one, cases[i].one,
			    cases[i].from);
		web_add_set(&scene, "two", "2", "b", cases[i].two, cases[i].two, cases[i].two,
			    cases[i].from);
		web_add_set(&scene, "three", "3", "c", cases[i].three, cases[i].three,
			    cases[i].three, cases[i].from);
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

		web_add_deployment(&scene, "1", "a", pace, "");
		scene_settle(&scene, both);
		scene_run_pods(&scene);
		scene_settle(&scene, both);
		web_add_deployment(&scene, "1", "b", pace, "");
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
		CHECK_EQ(scene_get(&scene, "default/" WEB_SECOND, apps_replica_set)
			     ->status->available_replicas,
			 5);
		CHECK_EQ(
		    scene_get(&scene, "default/" WEB_FIRST, apps_replica_set)->status->replicas, 0);
	}
}
