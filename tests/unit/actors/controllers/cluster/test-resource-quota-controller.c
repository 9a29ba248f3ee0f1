#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene.h"

#define QUOTA "{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {%s}}}"
#define POD                                                                                       \
	"{apiVersion: v1, kind: Pod, metadata: {name: %s}, spec: {containers: [{name: c, image: " \
	"i, "                                                                                     \
	"resources: {requests: {cpu: 100m}}}]}, status: {phase: %s}}"

TEST(a_quota_tells_what_is_used_of_what_it_limits)
{
	struct scene scene = scene_open();

	scene_add(&scene, QUOTA,
		  "pods: '10', requests.cpu: '1', count/pods: '20', secrets: '5', "
		  "count/cats.example.com: '1'");
	scene_add(&scene, POD, "a", "Running");
	scene_add(&scene, POD, "b", "Succeeded");
	scene_add(&scene,
		  "{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: other}, spec: "
		  "{containers: []}}");
	/* What nobody here counts is limited, and its use is not told. */
	CHECK_PLAN(&scene, &resource_quota_controller, "default/q",
		   "update status of v1 ResourceQuota default/q\n"
		   "  status.hard[count/cats.example.com]: - -> 1\n"
		   "  status.hard[count/pods]: - -> 20\n"
		   "  status.hard.pods: - -> 10\n"
		   "  status.hard[requests.cpu]: - -> 1\n"
		   "  status.hard.secrets: - -> 5\n"
		   "  status.used[count/pods]: - -> 2\n"
		   "  status.used.pods: - -> 1\n"
		   "  status.used[requests.cpu]: - -> 100m\n"
		   "  status.used.secrets: - -> 0\n");
}

TEST(a_quota_that_is_right_is_left_alone)
{
	struct scene scene = scene_open();
	static const struct controller *const list[] = { &resource_quota_controller, NULL };

	scene_add(&scene, QUOTA, "pods: '10'");
	scene_add(&scene, POD, "a", "Running");
	CHECK_EQ(scene_settle(&scene, list), 1);
	CHECK_PLAN(&scene, &resource_quota_controller, "default/q", "");
	scene_remove(&scene, &core_pod_type, "default/a");
	scene_settle(&scene, list);
	CHECK_STR(str_map_get(scene_get(&scene, "default/q", core_resource_quota)->status->used,
			      STR("pods")),
		  "0");
}

/* Who was charged at a revision that the cache of pods has not seen yet would be let off again. */
TEST(a_quota_waits_for_what_it_was_charged_for)
{
	struct scene scene = scene_open();

	scene_add(&scene, QUOTA, "pods: '10'");
	scene.lag = 1;
	CHECK_PLAN(&scene, &resource_quota_controller, "default/q", "await Pod 101\n");
}

TEST(quotas_of_its_namespace_hear_of_what_uses_them)
{
	struct scene scene = scene_open();

	scene_add(&scene, POD, "a", "Running");
	CHECK_STR(scene_wakes(&scene, &resource_quota_controller, &core_pod_type, "default/a"), "");
	scene_add(&scene, QUOTA, "pods: '10'");
	CHECK_STR(scene_wakes(&scene, &resource_quota_controller, &core_pod_type, "default/a"),
		  "default/q ");
}
