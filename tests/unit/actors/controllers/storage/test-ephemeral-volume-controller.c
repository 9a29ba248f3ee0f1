#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene.h"

#define EPHEMERAL &ephemeral_volume_controller
#define VOLUME(name)                                                                      \
	"{name: " name ", ephemeral: {volumeClaimTemplate: {metadata: {labels: {a: b}}, " \
	"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}"

static void add_pod(struct scene *scene, const char *meta, const char *volumes)
{
	scene_add(
	    scene,
	    "{apiVersion: v1, kind: Pod, metadata: {name: p%s}, spec: {containers: [], volumes: "
	    "[%s]}}",
	    meta, volumes);
}

TEST(each_ephemeral_volume_has_a_claim_that_goes_with_its_pod)
{
	struct scene scene = scene_open();

	add_pod(&scene, "", VOLUME("v") ", {name: e, emptyDir: {}}, " VOLUME("w"));
	scene.show = "metadata.labels metadata.ownerReferences spec.accessModes";
	CHECK_PLAN(&scene, EPHEMERAL, "default/p",
		   "create v1 PersistentVolumeClaim default/p-v\n"
		   "  metadata.labels.a: b\n"
		   "  metadata.ownerReferences[0].apiVersion: v1\n"
		   "  metadata.ownerReferences[0].kind: Pod\n"
		   "  metadata.ownerReferences[0].name: p\n"
		   "  metadata.ownerReferences[0].uid: Pod-p\n"
		   "  metadata.ownerReferences[0].controller: true\n"
		   "  metadata.ownerReferences[0].blockOwnerDeletion: true\n"
		   "  spec.accessModes[0]: ReadWriteOnce\n"
		   "create v1 PersistentVolumeClaim default/p-w\n"
		   "  metadata.labels.a: b\n"
		   "  metadata.ownerReferences[0].apiVersion: v1\n"
		   "  metadata.ownerReferences[0].kind: Pod\n"
		   "  metadata.ownerReferences[0].name: p\n"
		   "  metadata.ownerReferences[0].uid: Pod-p\n"
		   "  metadata.ownerReferences[0].controller: true\n"
		   "  metadata.ownerReferences[0].blockOwnerDeletion: true\n"
		   "  spec.accessModes[0]: ReadWriteOnce\n");
	scene_apply(&scene, scene_reconcile(&scene, EPHEMERAL, "default/p"));
	CHECK_PLAN(&scene, EPHEMERAL, "default/p", "");
	scene_remove(&scene, &core_persistent_volume_claim_type, "default/p-v");
	scene.show = "";
	CHECK_PLAN(&scene, EPHEMERAL, "default/p", "create v1 PersistentVolumeClaim default/p-v\n");
}

TEST(a_pod_that_goes_gets_no_claims)
{
	struct scene scene = scene_open();

	add_pod(&scene, ", deletionTimestamp: '2026-01-02T03:04:00Z', finalizers: [a/b]",
		VOLUME("v"));
	CHECK_PLAN(&scene, EPHEMERAL, "default/p", "");
	CHECK_PLAN(&scene, EPHEMERAL, "default/none", "");
}

TEST(a_claim_of_that_name_that_is_another_s_is_told)
{
	struct scene scene = scene_open();

	add_pod(&scene, "", VOLUME("v") ", " VOLUME("w"));
	scene_add(&scene,
		  "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: p-v}, spec: {}}");
	scene.hide = "again";
	CHECK_PLAN(&scene, EPHEMERAL, "default/p",
		   "event Warning FailedBinding Pod p: ephemeral volume v: PVC default/p-v was "
		   "not created for pod default/p (pod is not owner)\n");
}

TEST(a_claim_that_is_refused_is_told)
{
	struct scene scene = scene_open();
	struct world_failure failure = { .type = &core_persistent_volume_claim_type,
					 .is_create = true,
					 .status = FORBIDDEN,
					 .message = STR("words") };

	add_pod(&scene, "", VOLUME("v"));
	scene.failure = &failure;
	scene.show = "";
	CHECK_PLAN(&scene, EPHEMERAL, "default/p",
		   "create v1 PersistentVolumeClaim default/p-v\n"
		   "event Warning FailedBinding Pod p: create PVC: words\n");
}
