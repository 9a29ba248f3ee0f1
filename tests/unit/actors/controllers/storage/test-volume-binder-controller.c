#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene.h"

#define BINDER &volume_binder_controller

static const struct controller *const all[] = { &volume_binder_controller, NULL };

static void add_volume(struct scene *scene, const char *name, const char *meta, const char *size,
		       const char *modes, const char *spec)
{
	scene_add(
	    scene,
	    "{apiVersion: v1, kind: PersistentVolume, metadata: {name: %s%s}, spec: {capacity: "
	    "{storage: %s}, accessModes: [%s], hostPath: {path: /a}%s}, status: {phase: "
	    "Available}}",
	    name, meta, size, modes, spec);
}

static void add_claim(struct scene *scene, const char *meta, const char *spec, const char *phase)
{
	scene_add(
	    scene,
	    "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c%s}, spec: "
	    "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 2Gi}}%s}, status: "
	    "{phase: %s}}",
	    meta, spec, phase);
}

static struct str volume_is(struct scene *scene, const char *key)
{
	const struct core_persistent_volume *volume = scene_get(scene, key, core_persistent_volume);
	const struct core_object_reference *ref = volume->spec->claim_ref;

	return arena_printf(test_arena(), STR_FMT " " STR_FMT " " STR_FMT,
			    STR_ARG(volume->status->phase), STR_ARG(ref ? ref->name : STR("-")),
			    STR_ARG(ref && ref->uid.len > 0 ? ref->uid : STR("-")));
}

static struct str claim_is(struct scene *scene)
{
	const struct core_persistent_volume_claim *claim =
	    scene_get(scene, "default/c", core_persistent_volume_claim);

	return arena_printf(
	    test_arena(), STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(claim->status->phase),
	    STR_ARG(claim->spec->volume_name.len > 0 ? claim->spec->volume_name : STR("-")),
	    STR_ARG(str_map_get(claim->status->capacity, STR("storage"))));
}

TEST(a_claim_gets_the_smallest_volume_that_serves_it_in_the_fewest_ways)
{
	struct scene scene = scene_open();

	add_volume(&scene, "small", "", "1Gi", "ReadWriteOnce", "");
	add_volume(&scene, "many", "", "2Gi", "ReadWriteOnce, ReadOnlyMany", "");
	add_volume(&scene, "big", "", "9Gi", "ReadWriteOnce", "");
	add_volume(&scene, "good", "", "3Gi", "ReadWriteOnce", "");
	add_volume(&scene, "other", "", "2Gi", "ReadWriteOnce", ", storageClassName: other");
	add_volume(&scene, "block", "", "2Gi", "ReadWriteOnce", ", volumeMode: Block");
	add_claim(&scene, "", ", storageClassName: ''", "Pending");
	scene_settle(&scene, all);
	CHECK_STR(claim_is(&scene), "Bound good 3Gi");
	CHECK_STR(volume_is(&scene, "/good"), "Bound c PersistentVolumeClaim-c");
	CHECK_STR(volume_is(&scene, "/big"), "Available - -");
	CHECK_EQ(scene.refused, 0);
}

static const struct {
	const char *meta, *claim, *volume,
	    *phase; /* of the claim; the rest of both objects' specs */
	const char *is, *event;
} cases[] = {
	{ "", ", volumeName: v", "", "Pending", "Bound v 4Gi", "" },
	{ "", ", volumeName: none", "", "Pending", "Pending none ", "" },
	{ "", ", volumeName: v", ", claimRef: {name: c, namespace: default}", "Pending",
	  "Bound v 4Gi", "" },
	{ "", "", ", claimRef: {name: c, namespace: default}", "Pending", "Bound v 4Gi", "" },
	{ "", ", volumeName: v", ", claimRef: {name: d, namespace: default, uid: u}", "Pending",
	  "Pending v ",
	  "event Warning FailedBinding PersistentVolumeClaim c: volume \"v\" already bound to a "
	  "different claim.\n" },
	{ "", ", volumeName: v, storageClassName: x", "", "Pending", "Pending v ",
	  "event Warning VolumeMismatch PersistentVolumeClaim c: Cannot bind to requested volume "
	  "\"v\": storageClassName does not match\n" },
	{ "", ", storageClassName: ''", ", storageClassName: their", "Pending", "Pending - ",
	  "event Normal FailedBinding PersistentVolumeClaim c: no persistent volumes available for "
	  "this "
	  "claim and no storage class is set\n" },
	{ "", ", storageClassName: none", "", "Pending", "Pending - ",
	  "event Warning ProvisioningFailed PersistentVolumeClaim c: storageclass.storage.k8s.io "
	  "\"none\" "
	  "not found\n" },
	{ "", ", storageClassName: tree", "", "Pending", "Pending - ",
	  "event Warning ProvisioningFailed PersistentVolumeClaim c: no volume plugin matched "
	  "name: "
	  "kubernetes.io/no-provisioner\n" },
	{ "", ", storageClassName: late", ", storageClassName: late", "Pending", "Pending - ",
	  "event Normal WaitForFirstConsumer PersistentVolumeClaim c: waiting for first consumer "
	  "to be "
	  "created before binding\n" },
	{ ", annotations: {pv.kubernetes.io/bind-completed: 'yes'}", ", volumeName: gone", "",
	  "Bound", "Lost gone ",
	  "event Warning ClaimLost PersistentVolumeClaim c: Bound claim has lost its "
	  "PersistentVolume. "
	  "Data on the volume is lost!\n" },
	{ ", annotations: {pv.kubernetes.io/bind-completed: 'yes'}", "", "", "Bound", "Lost - ",
	  "event Warning ClaimLost PersistentVolumeClaim c: Bound claim has lost reference to "
	  "PersistentVolume. Data on the volume is lost!\n" },
	{ ", annotations: {pv.kubernetes.io/bind-completed: 'yes'}", ", volumeName: v",
	  ", claimRef: {name: c, namespace: default, uid: other}", "Bound", "Lost v ",
	  "event Warning ClaimMisbound PersistentVolumeClaim c: Two claims are bound to the same "
	  "volume, "
	  "this one is bound incorrectly\n" },
};

TEST(what_becomes_of_a_claim_and_what_it_is_told)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = scene_open();
		struct plan *plan;
		struct str printed;
		int64_t at;

		add_volume(&scene, "v", "", "4Gi", "ReadWriteOnce", cases[i].volume);
		scene_add(&scene,
			  "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: "
			  "tree}, provisioner: kubernetes.io/no-provisioner}");
		scene_add(&scene,
			  "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: "
			  "late}, provisioner: a.com/b, volumeBindingMode: WaitForFirstConsumer}");
		add_claim(&scene, cases[i].meta, cases[i].claim, cases[i].phase);
		plan = scene_reconcile(&scene, BINDER, "default/c");
		scene.hide = "again";
		printed = scene_print(&scene, plan);
		at = str_find(printed, STR("event "));
		CHECK_STR(at < 0 ? STR("") : str_slice(printed, (uint32_t)at, printed.len),
			  cases[i].event);
		scene_apply(&scene, plan);
		CHECK_STR(claim_is(&scene), cases[i].is);
		CHECK_EQ(scene.refused, 0);
	}
}

TEST(a_claim_of_a_class_that_others_provide_for_names_them)
{
	struct scene scene = scene_open();
	const struct core_persistent_volume_claim *claim;

	scene_add(&scene,
		  "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast, "
		  "annotations: {storageclass.kubernetes.io/is-default-class: 'true'}}, "
		  "provisioner: a.com/b}");
	add_claim(&scene, "", "", "Pending");
	scene_apply(&scene, scene_reconcile(&scene, BINDER, "default/c"));
	scene_apply(&scene, scene_reconcile(&scene, BINDER, "default/c"));
	claim = scene_get(&scene, "default/c", core_persistent_volume_claim);
	CHECK_STR(claim->spec->storage_class_name, "fast");
	CHECK_STR(str_map_get(claim->metadata->annotations,
			      STR("volume.kubernetes.io/storage-provisioner")),
		  "a.com/b");
}

static const struct {
	const char *meta, *spec, *claim; /* the claim's volumeName; NULL: there is no claim */
	const char *is;
} volumes[] = {
	{ "", "", NULL, "Available - -" },
	{ "", ", claimRef: {name: c, namespace: default}", NULL, "Available c -" },
	{ "", ", claimRef: {name: c, namespace: default, uid: PersistentVolumeClaim-c}",
	  ", volumeName: v", "Bound c PersistentVolumeClaim-c" },
	{ "", ", persistentVolumeReclaimPolicy: Retain, claimRef: {name: c, namespace: default, uid: u}",
	  NULL, "Released c u" },
	{ "", ", persistentVolumeReclaimPolicy: Delete, claimRef: {name: c, namespace: default, uid: u}",
	  "", "Failed c u" },
	{ ", annotations: {pv.kubernetes.io/provisioned-by: a.com/b}",
	  ", persistentVolumeReclaimPolicy: Delete, claimRef: {name: c, namespace: default, uid: "
	  "u}",
	  NULL, "Released c u" },
	{ ", annotations: {pv.kubernetes.io/bound-by-controller: 'yes'}",
	  ", claimRef: {name: c, namespace: default, uid: PersistentVolumeClaim-c}",
	  ", volumeName: other", "Available - -" },
	{ "", ", claimRef: {name: c, namespace: default, uid: PersistentVolumeClaim-c}",
	  ", volumeName: other", "Available c -" },
};

TEST(a_volume_that_no_claim_holds_is_free_kept_or_given_back)
{
	for (size_t i = 0; i < sizeof volumes / sizeof volumes[0]; i++) {
		struct scene scene = scene_open();

		add_volume(&scene, "v", volumes[i].meta, "4Gi", "ReadWriteOnce", volumes[i].spec);
		if (volumes[i].claim != NULL)
			add_claim(&scene, "", volumes[i].claim, "Bound");
		scene_apply(&scene, scene_reconcile(&scene, BINDER, "/v"));
		scene_apply(&scene, scene_reconcile(&scene, BINDER, "/v"));
		CHECK_STR(volume_is(&scene, "/v"), volumes[i].is);
		CHECK_EQ(scene.refused, 0);
	}
}
