#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene.h"

TEST(a_replication_controller_keeps_its_pods)
{
	struct scene scene = scene_open();
	static const struct controller *const list[] = { &replication_controller, NULL };

	scene_add(
	    &scene,
	    "{apiVersion: v1, kind: ReplicationController, metadata: {name: rc}, spec: {replicas: "
	    "3, selector: {app: web}, template: {metadata: {labels: {app: web}}, spec: "
	    "{containers: [{name: c, image: a}]}}}}");
	scene_settle(&scene, list);
	scene_run_pods(&scene);
	scene_settle(&scene, list);
	CHECK_EQ(scene_count(&scene, &core_pod_type), 3);
	CHECK_EQ(
	    scene_get(&scene, "default/rc", core_replication_controller)->status->available_replicas,
	    3);
	scene_add(&scene,
		  "{apiVersion: v1, kind: Pod, metadata: {name: orphan, labels: {app: web}}, spec: "
		  "{containers: []}}");
	CHECK_STR(scene_wakes(&scene, &replication_controller, &core_pod_type, "default/orphan"),
		  "default/rc ");
	scene_settle(&scene, list);
	CHECK_EQ(scene_count(&scene, &core_pod_type), 3);
}
