/*
 * DefaultStorageClass: a claim that names no class gets the default one (upstream: plugin/pkg/admission/storage/storageclass/setdefault).
 */
#include "actors/admission/object/default-class.h"
#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "datastore/schema/core.h"
#include "datastore/schema/storage.h"

static const char *const annotations[] = { "storageclass.kubernetes.io/is-default-class",
					   "storageclass.beta.kubernetes.io/is-default-class",
					   NULL };

/* "" is a class too: none, and not the default one. */
static bool has_class(const struct core_persistent_volume_claim *claim)
{
	return str_map_get(claim->metadata->annotations,
			   STR("volume.beta.kubernetes.io/storage-class"))
		       .at != NULL ||
	       claim->spec->storage_class_name.at != NULL;
}

static enum check mutate(struct admission *admission)
{
	struct core_persistent_volume_claim *claim = admission->object;

	if (admission->group.len == 0 && str_is(admission->resource, "persistentvolumeclaims") &&
	    admission->subresource.len == 0 && !has_class(claim))
		claim->spec->storage_class_name =
		    default_class_name(&admission->check, &storage_storage_class_type, annotations);
	return CHECK_PASS;
}

const struct plugin admission_default_storage_class = {
	.name = "DefaultStorageClass",
	.operations = ADMISSION_CREATE,
	.mutate = mutate,
};
