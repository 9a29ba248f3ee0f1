/*
 * Volumes and claims: each claim gets a volume that serves it, each volume says whose it is, and what no claim holds any more is free, kept or given back
 * (upstream: volume/persistentvolume).
 *
 * A key is a claim; one without a namespace is a volume. A volume names its claim before the claim names its volume, so that two that want the same are told
 * apart by the conflict. Making volumes and deleting them is for provisioners: a claim says which one, a volume which one made it.
 */
#include "actors/controller/controller.h"
#include "actors/controller/storage/volume-match.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "datastore/schema/storage.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"

#define BOUND_BY_US STR("pv.kubernetes.io/bound-by-controller")
#define COMPLETED STR("pv.kubernetes.io/bind-completed")
#define PROVISIONED_BY STR("pv.kubernetes.io/provisioned-by")
#define PROVISIONER STR("volume.kubernetes.io/storage-provisioner")
#define OLD_PROVISIONER STR("volume.beta.kubernetes.io/storage-provisioner")
#define SELECTED_NODE STR("volume.kubernetes.io/selected-node")
#define IN_TREE STR("kubernetes.io/")

typedef const struct core_persistent_volume volume_record;
typedef const struct core_persistent_volume_claim claim_record;

struct binder {
	const struct world *world;
	struct plan *plan;
};

static bool has(const struct meta_object_meta *meta, struct str annotation)
{
	return str_map_get(meta->annotations, annotation).at != NULL;
}

static void annotate(const struct binder *b, struct meta_object_meta *meta, struct str key,
		     struct str value)
{
	str_map_put(&meta->annotations, plan_arena(b->plan), key, value);
}

/* ---- what claims say ------------------------------------------------------------------------------------------ */

static struct core_persistent_volume_claim_status *claim_status(const struct binder *b,
								claim_record *claim)
{
	return MAKE(plan_status(b->plan, claim, core_persistent_volume_claim)->status,
		    plan_arena(b->plan));
}

static bool is_phase(claim_record *claim, const char *phase)
{
	return claim->status != NULL && str_is(claim->status->phase, phase);
}

static void set_pending(const struct binder *b, claim_record *claim)
{
	struct core_persistent_volume_claim_status *status = claim_status(b, claim);

	status->phase = STR("Pending");
	status->access_modes.len = 0;
	status->capacity.len = 0;
	status->current_volume_attributes_class_name = STR_NONE;
}

static void set_lost(const struct binder *b, claim_record *claim, const char *reason,
		     const char *words)
{
	set_pending(b, claim);
	claim_status(b, claim)->phase = STR("Lost");
	if (!is_phase(claim, "Lost"))
		plan_event(b->plan, &core_persistent_volume_claim_type, claim->metadata, true,
			   reason, "%s", words);
}

static void tell(const struct binder *b, claim_record *claim, bool is_warning, const char *reason,
		 struct str words)
{
	plan_event(b->plan, &core_persistent_volume_claim_type, claim->metadata, is_warning, reason,
		   STR_FMT, STR_ARG(words));
}

static void set_bound(const struct binder *b, claim_record *claim, volume_record *volume)
{
	struct core_persistent_volume_claim_status *status = claim_status(b, claim);
	struct core_persistent_volume_spec *copy =
	    plan_copy(b->plan, volume->spec, core_persistent_volume_spec);

	status->access_modes = copy->access_modes;
	if (!is_phase(claim, "Bound"))
		status->capacity = copy->capacity;
	if (is_phase(claim, "Pending"))
		status->current_volume_attributes_class_name = copy->volume_attributes_class_name;
	status->phase = STR("Bound");
}

/* ---- binding ---------------------------------------------------------------------------------------------------- */

static void set_phase(const struct binder *b, volume_record *volume, const char *phase)
{
	struct core_persistent_volume_status *status =
	    MAKE(plan_status(b->plan, volume, core_persistent_volume)->status, plan_arena(b->plan));

	status->phase = str_from(phase);
	status->message = STR_NONE;
}

/* The volume says whose it is. */
static void bind_volume(const struct binder *b, volume_record *volume, claim_record *claim)
{
	struct core_persistent_volume *edit = plan_edit(b->plan, volume, core_persistent_volume);
	struct core_object_reference *ref = edit->spec->claim_ref;
	struct arena *arena = plan_arena(b->plan);

	if (ref != NULL && str_eq(ref->uid, claim->metadata->uid))
		return;
	if (!volume_match_is_for(volume, claim->metadata))
		annotate(b, edit->metadata, BOUND_BY_US, STR("yes"));
	ref = MAKE(edit->spec->claim_ref, arena);
	ref->kind = STR("PersistentVolumeClaim");
	ref->api_version = STR("v1");
	ref->namespace = arena_str(arena, claim->metadata->namespace);
	ref->name = arena_str(arena, claim->metadata->name);
	ref->uid = arena_str(arena, claim->metadata->uid);
	ref->resource_version = arena_str(arena, claim->metadata->resource_version);
}

static void bind(const struct binder *b, volume_record *volume, claim_record *claim)
{
	struct core_persistent_volume_claim *edit;
	bool is_named = str_eq(claim->spec->volume_name, volume->metadata->name);

	bind_volume(b, volume, claim);
	set_phase(b, volume, "Bound");
	edit = plan_edit(b->plan, claim, core_persistent_volume_claim);
	if (!is_named) {
		edit->spec->volume_name = arena_str(plan_arena(b->plan), volume->metadata->name);
		annotate(b, edit->metadata, BOUND_BY_US, STR("yes"));
	}
	if (!has(claim->metadata, COMPLETED))
		annotate(b, edit->metadata, COMPLETED, STR("yes"));
	set_bound(b, claim, volume);
}

/* ---- the search for a volume ------------------------------------------------------------------------------------- */

/* That with the fewest ways of access first, then the smallest. */
static bool is_better(volume_record *volume, volume_record *than)
{
	if (than == NULL || volume->spec->access_modes.len != than->spec->access_modes.len)
		return than == NULL || volume->spec->access_modes.len < than->spec->access_modes.len;
	return volume_match_size_cmp(volume, than) < 0;
}

static volume_record *find(const struct binder *b, claim_record *claim, bool is_waiting)
{
	struct records all = world_list(b->world, STR_NONE, core_persistent_volume);
	volume_record *best = NULL;

	for (uint32_t i = 0; i < all.len; i++) {
		volume_record *volume = record_at(all, i, core_persistent_volume);

		if (!volume_match_could_serve(volume, claim))
			continue;
		if (volume_match_is_for(volume, claim->metadata)) {
			if (volume_match_has_access(volume, claim))
				return volume;
			continue;
		}
		if (!is_waiting && volume->status != NULL &&
		    volume_match_is_free_for(volume, claim) && is_better(volume, best))
			best = volume;
	}
	return best;
}

/* Claims that name no class get the default once there is one: the plug-in of admission could not know it then. */
static const struct storage_storage_class *default_class(const struct binder *b)
{
	struct records all = world_list(b->world, STR_NONE, storage_storage_class);
	const struct storage_storage_class *best = NULL;

	for (uint32_t i = 0; i < all.len; i++) {
		const struct storage_storage_class *class = record_at(all, i, storage_storage_class);
		struct str_map said = class->metadata->annotations;

		if (!str_is(str_map_get(said, STR("storageclass.kubernetes.io/is-default-class")),
			    "true") &&
		    !str_is(
			str_map_get(said, STR("storageclass.beta.kubernetes.io/is-default-class")),
			"true"))
			continue;
		if (best == NULL ||
		    class->metadata->creation_timestamp.ns > best->metadata->creation_timestamp.ns)
			best = class;
	}
	return best;
}

static bool assign_class(const struct binder *b, claim_record *claim)
{
	const struct storage_storage_class *class;

	if (claim->spec->storage_class_name.at != NULL ||
	    volume_match_class(claim->metadata, STR_NONE).at != NULL)
		return false;
	class = default_class(b);
	if (class == NULL)
		return false;
	plan_edit(b->plan, claim, core_persistent_volume_claim)->spec->storage_class_name =
	    arena_str(plan_arena(b->plan), class->metadata->name);
	return true;
}

/* Another program makes the volume, and is told so by annotations. */
static void ask_provisioner(const struct binder *b, claim_record *claim)
{
	const struct storage_storage_class *class = volume_match_class_of(claim, b->world);
	struct str name = volume_match_class(claim->metadata, claim->spec->storage_class_name);
	struct arena *arena = plan_arena(b->plan);
	struct core_persistent_volume_claim *edit;

	if (class == NULL) {
		tell(b, claim, true, "ProvisioningFailed",
		     arena_printf(arena, "storageclass.storage.k8s.io \"" STR_FMT "\" not found",
				  STR_ARG(name)));
		return;
	}
	if (str_starts(class->provisioner, IN_TREE)) {
		tell(b, claim, true, "ProvisioningFailed",
		     arena_printf(arena, "no volume plugin matched name: " STR_FMT,
				  STR_ARG(class->provisioner)));
		return;
	}
	edit = plan_edit(b->plan, claim, core_persistent_volume_claim);
	annotate(b, edit->metadata, OLD_PROVISIONER, arena_str(arena, class->provisioner));
	annotate(b, edit->metadata, PROVISIONER, arena_str(arena, class->provisioner));
	tell(b, claim, false, "ExternalProvisioning",
	     arena_printf(
		 arena,
		 "Waiting for a volume to be created either by the external provisioner '" STR_FMT
		 "' or manually by the system administrator. If volume creation is delayed, "
		 "please verify that the provisioner is running and correctly registered.",
		 STR_ARG(class->provisioner)));
}

/* ---- claims ------------------------------------------------------------------------------------------------------- */

static void look_for_volume(const struct binder *b, claim_record *claim)
{
	bool is_waiting = volume_match_waits_for_consumer(claim, b->world);
	volume_record *volume = find(b, claim, is_waiting);

	if (volume != NULL) {
		bind(b, volume, claim);
		return;
	}
	if (assign_class(b, claim))
		return;
	if (is_waiting && !has(claim->metadata, SELECTED_NODE))
		tell(b, claim, false, "WaitForFirstConsumer",
		     STR("waiting for first consumer to be created before binding"));
	else if (volume_match_class(claim->metadata, claim->spec->storage_class_name).len > 0)
		ask_provisioner(b, claim);
	else
		tell(b, claim, false, "FailedBinding",
		     STR("no persistent volumes available for this claim and no storage class is "
			 "set"));
	set_pending(b, claim);
}

/* Why not; NULL: it does. */
static const char *refuse(volume_record *volume, claim_record *claim)
{
	if (volume->metadata->has.deletion_timestamp)
		return "the volume is marked for deletion";
	if (!volume_match_is_large(volume, claim))
		return "requested PV is too small";
	if (!str_eq(volume_match_class(volume->metadata, volume->spec->storage_class_name),
		    volume_match_class(claim->metadata, claim->spec->storage_class_name)))
		return "storageClassName does not match";
	if (!str_eq(volume->spec->volume_attributes_class_name,
		    claim->spec->volume_attributes_class_name))
		return "volumeAttributesClassName does not match";
	if (!volume_match_is_mode(volume, claim))
		return "incompatible volumeMode";
	return volume_match_has_access(volume, claim) ? NULL : "incompatible accessMode";
}

static void bind_named(const struct binder *b, claim_record *claim, volume_record *volume)
{
	struct arena *arena = plan_arena(b->plan);
	const char *why;

	if (volume == NULL) {
		set_pending(b, claim);
		return;
	}
	why = volume->spec->claim_ref == NULL ? refuse(volume, claim) : NULL;
	if (why == NULL &&
	    (volume->spec->claim_ref == NULL || volume_match_is_for(volume, claim->metadata))) {
		bind(b, volume, claim);
		return;
	}
	if (why != NULL)
		tell(b, claim, true, "VolumeMismatch",
		     arena_printf(arena, "Cannot bind to requested volume \"" STR_FMT "\": %s",
				  STR_ARG(volume->metadata->name), why));
	else
		tell(b, claim, true, "FailedBinding",
		     arena_printf(arena,
				  "volume \"" STR_FMT "\" already bound to a different claim.",
				  STR_ARG(volume->metadata->name)));
	set_pending(b, claim);
}

static void check_bound(const struct binder *b, claim_record *claim, volume_record *volume)
{
	if (claim->spec->volume_name.len == 0)
		set_lost(
		    b, claim, "ClaimLost",
		    "Bound claim has lost reference to PersistentVolume. Data on the volume is "
		    "lost!");
	else if (volume == NULL)
		set_lost(b, claim, "ClaimLost",
			 "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
	else if (volume->spec->claim_ref == NULL ||
		 str_eq(volume->spec->claim_ref->uid, claim->metadata->uid))
		bind(b, volume, claim);
	else
		set_lost(b, claim, "ClaimMisbound",
			 "Two claims are bound to the same volume, this one is bound incorrectly");
}

static void look_at_claim(const struct binder *b, claim_record *claim)
{
	struct key key = { STR(""), claim->spec->volume_name };
	volume_record *volume =
	    key.name.len > 0 ? world_get(b->world, key, core_persistent_volume) : NULL;

	if (has(claim->metadata, COMPLETED))
		check_bound(b, claim, volume);
	else if (claim->spec->volume_name.len > 0)
		bind_named(b, claim, volume);
	else
		look_for_volume(b, claim);
}

/* ---- volumes ------------------------------------------------------------------------------------------------------ */

static void fail(const struct binder *b, volume_record *volume, const char *reason, struct str words)
{
	set_phase(b, volume, "Failed");
	plan_status(b->plan, volume, core_persistent_volume)->status->message = words;
	if (!str_is(volume->status->phase, "Failed"))
		plan_event(b->plan, &core_persistent_volume_type, volume->metadata, true, reason,
			   STR_FMT, STR_ARG(words));
}

/* Whoever made it deletes it; of what nobody made nothing is known. */
static bool has_deleter(volume_record *volume)
{
	struct str by = str_map_get(volume->metadata->annotations, PROVISIONED_BY);
	const struct core_persistent_volume_source *source = volume->spec->persistent_volume_source;

	if (by.len > 0)
		return !str_starts(by, IN_TREE);
	return has(volume->metadata, STR("pv.kubernetes.io/migrated-to")) ||
	       (source != NULL && source->csi != NULL);
}

static void release(const struct binder *b, volume_record *volume)
{
	struct str policy = volume->spec->persistent_volume_reclaim_policy;
	bool is_over = volume->status != NULL && (str_is(volume->status->phase, "Released") ||
						  str_is(volume->status->phase, "Failed"));
	struct arena *arena = plan_arena(b->plan);

	if (!is_over) {
		set_phase(b, volume, "Released");
		return; /* the rest when that is known */
	}
	if (str_is(policy, "Delete") && !has_deleter(volume) &&
	    !volume->metadata->has.deletion_timestamp)
		fail(b, volume, "VolumeFailedDelete",
		     arena_printf(arena,
				  "error getting deleter volume plugin for volume \"" STR_FMT
				  "\": no deletable volume plugin matched",
				  STR_ARG(volume->metadata->name)));
	else if (str_is(policy, "Recycle"))
		fail(b, volume, "VolumeFailedRecycle",
		     STR("No recycler plugin found for the volume!"));
	else if (!str_is(policy, "Delete") && !str_is(policy, "Retain"))
		fail(b, volume, "VolumeUnknownReclaimPolicy",
		     STR("Volume has unrecognized PersistentVolumeReclaimPolicy"));
}

static void unbind(const struct binder *b, volume_record *volume)
{
	struct core_persistent_volume *edit = plan_edit(b->plan, volume, core_persistent_volume);

	if (has(volume->metadata, BOUND_BY_US)) {
		edit->spec->claim_ref = NULL;
		(void)str_map_remove(&edit->metadata->annotations, plan_arena(b->plan), BOUND_BY_US);
	} else {
		edit->spec->claim_ref->uid = STR_NONE;
	}
	set_phase(b, volume, "Available");
}

static void look_at_volume(const struct binder *b, volume_record *volume)
{
	const struct core_object_reference *ref = volume->spec->claim_ref;
	claim_record *claim;

	if (ref == NULL || ref->uid.len == 0) {
		set_phase(b, volume, "Available");
		return;
	}
	claim = world_get(b->world, ((struct key){ ref->namespace, ref->name }),
			  core_persistent_volume_claim);
	if (claim == NULL || !str_eq(claim->metadata->uid, ref->uid))
		release(b, volume);
	else if (str_eq(claim->spec->volume_name, volume->metadata->name))
		set_phase(b, volume, "Bound");
	else if (claim->spec->volume_name.len > 0 && has(volume->metadata, PROVISIONED_BY) &&
		 str_is(volume->spec->persistent_volume_reclaim_policy, "Delete"))
		release(b, volume);
	else if (claim->spec->volume_name.len > 0)
		unbind(b, volume);
}

/* ---- keys ---------------------------------------------------------------------------------------------------------- */

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	struct binder b = { world, plan };
	volume_record *volume;
	claim_record *claim;

	if (key.namespace.len == 0) {
		volume = world_get(world, key, core_persistent_volume);
		if (volume != NULL)
			look_at_volume(&b, volume);
		return OK;
	}
	claim = world_get(world, key, core_persistent_volume_claim);
	if (claim != NULL)
		look_at_claim(&b, claim);
	return OK;
}

/* A volume's claim, or all that still look for one. */
static void volume_wakes(const struct world *world, const struct object *object,
			 const struct object *old, struct wake *to)
{
	volume_record *volume = object->record;
	struct records all;

	(void)old;
	wake_key(to, STR(""), volume->metadata->name);
	if (volume->spec->claim_ref != NULL) {
		wake_key(to, volume->spec->claim_ref->namespace, volume->spec->claim_ref->name);
		return;
	}
	all = world_list(world, STR_NONE, core_persistent_volume_claim);
	for (uint32_t i = 0; i < all.len; i++) {
		claim_record *claim = record_at(all, i, core_persistent_volume_claim);

		if (!has(claim->metadata, COMPLETED) ||
		    str_eq(claim->spec->volume_name, volume->metadata->name))
			wake_key(to, claim->metadata->namespace, claim->metadata->name);
	}
}

/* The volume that it has, or had. */
static void claim_wakes(const struct world *world, const struct object *object,
			const struct object *old, struct wake *to)
{
	claim_record *claim = object->record, *before = old != NULL ? old->record : NULL;

	(void)world;
	if (claim->spec->volume_name.len > 0)
		wake_key(to, STR(""), claim->spec->volume_name);
	if (before != NULL && before->spec->volume_name.len > 0)
		wake_key(to, STR(""), before->spec->volume_name);
}

static void class_wakes(const struct world *world, const struct object *object,
			const struct object *old, struct wake *to)
{
	struct records all = world_list(world, STR_NONE, core_persistent_volume_claim);

	(void)object;
	(void)old;
	for (uint32_t i = 0; i < all.len; i++) {
		claim_record *claim = record_at(all, i, core_persistent_volume_claim);

		if (!has(claim->metadata, COMPLETED))
			wake_key(to, claim->metadata->namespace, claim->metadata->name);
	}
}

const struct controller volume_binder_controller = {
	.name = "persistentvolume-binder",
	.account = "persistent-volume-binder",
	.reconciles = &core_persistent_volume_claim_type,
	.triggers = { { &core_persistent_volume_type, volume_wakes, true },
		      { &core_persistent_volume_claim_type, claim_wakes },
		      { &storage_storage_class_type, class_wakes } },
	.workers = 1, /* two claims must not choose the same volume */
	.reconcile = reconcile,
};
