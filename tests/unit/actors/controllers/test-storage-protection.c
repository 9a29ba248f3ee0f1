/*
 * What is in use is kept by a finalizer, which goes with its last user.
 */
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "datastore/schema/storage.h"
#include "tests/unit/actors/controllers/scene.h"

#define DELETED "deletionTimestamp: '2026-01-02T03:04:00Z', "

static void add_claim(struct scene *scene, const char *metadata)
{
	scene_add(
	    scene,
	    "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c, %s}, spec: {}}",
	    metadata);
}

TEST(a_claim_goes_when_no_pod_on_a_node_uses_it)
{
	static const struct {
		const char *claim, *pod, *plan;
	} cases[] = {
		{ "", "",
		  "update v1 PersistentVolumeClaim default/c\n  metadata.finalizers[0]: - -> "
		  "kubernetes.io/pvc-protection\n" },
		{ "finalizers: [kubernetes.io/pvc-protection]", "", "" },
		{ DELETED "finalizers: [a/b, kubernetes.io/pvc-protection]", "",
		  "update v1 PersistentVolumeClaim default/c\n  metadata.finalizers[1]: "
		  "kubernetes.io/pvc-protection -> -\n" },
		{ DELETED "finalizers: [a/b]", "", "" },
		{ DELETED "finalizers: [a/b, kubernetes.io/pvc-protection]",
		  "metadata: {name: p}, spec: {nodeName: n1, containers: [], volumes: [{name: v, "
		  "persistentVolumeClaim: {claimName: c}}]}",
		  "" },
		{ DELETED "finalizers: [a/b, kubernetes.io/pvc-protection]",
		  "metadata: {name: p}, spec: {containers: [], volumes: [{name: v, "
		  "persistentVolumeClaim: {claimName: c}}]}",
		  "update v1 PersistentVolumeClaim default/c\n  metadata.finalizers[1]: "
		  "kubernetes.io/pvc-protection -> -\n" },
		{ DELETED "finalizers: [a/b, kubernetes.io/pvc-protection]",
		  "metadata: {name: p}, spec: {nodeName: n1, containers: [], volumes: [{name: v, "
		  "persistentVolumeClaim: {claimName: other}}]}",
		  "update v1 PersistentVolumeClaim default/c\n  metadata.finalizers[1]: "
		  "kubernetes.io/pvc-protection -> -\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = scene_open();

		add_claim(&scene, cases[i].claim);
		if (cases[i].pod[0])
			scene_add(&scene, "{apiVersion: v1, kind: Pod, %s}", cases[i].pod);
		CHECK_PLAN(&scene, &pvc_protection_controller, "default/c", cases[i].plan);
	}
}

/* An ephemeral volume's claim belongs to its pod: one of the same name that does not is somebody else's. */
TEST(the_claim_of_an_ephemeral_volume_goes_when_its_pod_is_done)
{
	static const struct {
		const char *uid, *metadata;
		bool goes;
	} cases[] = {
		{ "Pod-p", "", false },
		{ "Pod-p", DELETED "deletionGracePeriodSeconds: 5", false },
		{ "Pod-p", DELETED "deletionGracePeriodSeconds: 0", true },
		{ "Pod-q", "", true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = scene_open();
		struct plan *plan;

		scene_add(&scene,
			  "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: p-v, "
			  "ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: %s, "
			  "controller: true}], " DELETED
			  "finalizers: [kubernetes.io/pvc-protection]}, spec: {}}",
			  cases[i].uid);
		scene_add(
		    &scene,
		    "{apiVersion: v1, kind: Pod, metadata: {name: p, %s}, spec: {nodeName: n1, "
		    "containers: [], volumes: [{name: v, ephemeral: {}}]}}",
		    cases[i].metadata);
		CHECK_STR(
		    scene_wakes(&scene, &pvc_protection_controller, &core_pod_type, "default/p"),
		    "default/p-v ");
		plan = scene_reconcile(&scene, &pvc_protection_controller, "default/p-v");
		CHECK_EQ(scene_print(&scene, plan).len > 0, cases[i].goes);
	}
}

/* A pod that got its node before the claim was deleted may not be known yet. */
TEST(a_claim_waits_until_the_pods_are_known_up_to_its_end)
{
	struct scene scene = scene_open();

	add_claim(&scene, DELETED "finalizers: [kubernetes.io/pvc-protection]");
	scene.lag = 1;
	CHECK_PLAN(&scene, &pvc_protection_controller, "default/c", "await Pod 101\n");
}

TEST(a_volume_goes_when_it_is_bound_to_nothing)
{
	static const struct {
		const char *metadata, *phase, *plan;
	} cases[] = {
		{ "", "Available",
		  "update v1 PersistentVolume v\n  metadata.finalizers[0]: - -> "
		  "kubernetes.io/pv-protection\n" },
		{ DELETED "finalizers: [a/b, kubernetes.io/pv-protection]", "Bound", "" },
		{ DELETED "finalizers: [a/b, kubernetes.io/pv-protection]", "Released",
		  "update v1 PersistentVolume v\n  metadata.finalizers[1]: "
		  "kubernetes.io/pv-protection -> -\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = scene_open();

		scene_add(&scene,
			  "{apiVersion: v1, kind: PersistentVolume, metadata: {name: v, %s}, spec: "
			  "{}, status: {phase: %s}}",
			  cases[i].metadata, cases[i].phase);
		CHECK_PLAN(&scene, &pv_protection_controller, "/v", cases[i].plan);
	}
}

TEST(a_class_of_attributes_goes_when_no_claim_and_no_volume_names_it)
{
	static const struct {
		const char *claim, *volume;
		bool goes;
	} cases[] = {
		{ "spec: {}", "", true },
		{ "spec: {volumeAttributesClassName: other}", "", true },
		{ "spec: {volumeAttributesClassName: k}", "", false },
		{ "spec: {}, status: {currentVolumeAttributesClassName: k}", "", false },
		{ "spec: {}, status: {modifyVolumeStatus: {status: Pending, "
		  "targetVolumeAttributesClassName: k}}",
		  "", false },
		{ "spec: {}", "volumeAttributesClassName: k", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = scene_open();
		struct plan *plan;

		scene_add(&scene,
			  "{apiVersion: storage.k8s.io/v1, kind: VolumeAttributesClass, metadata: "
			  "{name: k, " DELETED
			  "finalizers: [kubernetes.io/vac-protection]}, driverName: d}");
		scene_add(&scene,
			  "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, %s}",
			  cases[i].claim);
		scene_add(
		    &scene,
		    "{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {%s}}",
		    cases[i].volume);
		plan = scene_reconcile(&scene, &vac_protection_controller, "/k");
		CHECK_EQ(scene_print(&scene, plan).len > 0, cases[i].goes);
		if (i == 2)
			CHECK_STR(scene_wakes(&scene, &vac_protection_controller,
					      &core_persistent_volume_claim_type, "default/c"),
				  "/k ");
	}
}
