/*
 * PersistentVolumeClaimResize: a claim grows only where its class says that its volumes can (upstream:
 * plugin/pkg/admission/storage/persistentvolume/resize).
 */
#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "datastore/object/quantity.h"
#include "datastore/schema/core.h"
#include "datastore/schema/storage.h"
#include "datastore/schema/type.h"

static struct quantity size_of(const struct core_persistent_volume_claim *claim)
{
	struct str size = claim->spec->resources
			      ? str_map_get(claim->spec->resources->requests, STR("storage"))
			      : STR_NONE;

	return quantity_of(size.at ? size : STR("0"));
}

static struct str class_of(const struct core_persistent_volume_claim *claim)
{
	struct str old = str_map_get(claim->metadata->annotations,
				     STR("volume.beta.kubernetes.io/storage-class"));

	return old.at ? old : claim->spec->storage_class_name;
}

static bool can_grow(const struct admission *admission,
		     const struct core_persistent_volume_claim *claim,
		     const struct core_persistent_volume_claim *old)
{
	struct str name = class_of(claim);
	const struct object *object;

	if (name.len == 0 || !str_eq(name, class_of(old)))
		return false;
	object = check_get(&admission->check, &storage_storage_class_type, STR_NONE, name);
	return object != NULL &&
	       ((const struct storage_storage_class *)object->record)->allow_volume_expansion;
}

static enum check validate(struct admission *admission)
{
	const struct core_persistent_volume_claim *claim = admission->object;
	const struct core_persistent_volume_claim *old = admission->old;

	if (admission->group.len > 0 || !str_is(admission->resource, "persistentvolumeclaims") ||
	    admission->subresource.len > 0 || quantity_cmp(size_of(claim), size_of(old)) <= 0)
		return CHECK_PASS;
	if (old->status == NULL || !str_is(old->status->phase, "Bound"))
		return admission_deny(admission,
				      "Only bound persistent volume claims can be expanded");
	if (can_grow(admission, claim, old))
		return CHECK_PASS;
	if (!admission->check.is_fresh)
		return check_refresh(&admission->check);
	return admission_deny(
	    admission, "only dynamically provisioned pvc can be resized and the storageclass "
		       "that provisions the pvc must support resize");
}

const struct plugin admission_persistent_volume_claim_resize = {
	.name = "PersistentVolumeClaimResize",
	.operations = ADMISSION_UPDATE,
	.validate = validate,
};
