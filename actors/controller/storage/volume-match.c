#include "actors/controller/storage/volume-match.h"

#include "actors/controller/node-selector.h"
#include "datastore/schema/storage.h"
#include "datastore/schema/type.h"

#define OLD_CLASS_KEY STR("volume.beta.kubernetes.io/storage-class")

struct str volume_match_class(const struct meta_object_meta *meta, struct str named)
{
	struct str old = str_map_get(meta->annotations, OLD_CLASS_KEY);

	return old.at != NULL ? old : named;
}

const struct storage_storage_class *
volume_match_class_of(const struct core_persistent_volume_claim *claim, const struct world *world)
{
	struct key key = { STR_NONE,
			   volume_match_class(claim->metadata, claim->spec->storage_class_name) };

	return key.name.len > 0 ? world_get(world, key, storage_storage_class) : NULL;
}

bool volume_match_is_bound(const struct core_persistent_volume_claim *claim)
{
	return claim->spec->volume_name.len > 0 &&
	       str_map_get(claim->metadata->annotations, STR("pv.kubernetes.io/bind-completed")).at !=
		   NULL;
}

bool volume_match_waits_for_consumer(const struct core_persistent_volume_claim *claim,
				     const struct world *world)
{
	const struct storage_storage_class *class = volume_match_class_of(claim, world);

	/* One that names its volume is bound like any other. */
	return class != NULL && claim->spec->volume_name.len == 0 &&
	       str_is(class->volume_binding_mode, "WaitForFirstConsumer");
}

bool volume_match_is_for(const struct core_persistent_volume *volume,
			 const struct meta_object_meta *claim)
{
	const struct core_object_reference *ref = volume->spec->claim_ref;

	return ref != NULL && str_eq(ref->name, claim->name) &&
	       str_eq(ref->namespace, claim->namespace) &&
	       (ref->uid.len == 0 || str_eq(ref->uid, claim->uid));
}

struct quantity volume_match_wanted(const struct core_persistent_volume_claim *claim)
{
	static const struct str_map none = { NULL, 0 };

	return quantity_of(str_map_get(
	    claim->spec->resources ? claim->spec->resources->requests : none, STR("storage")));
}

struct quantity volume_match_size(const struct core_persistent_volume *volume)
{
	return quantity_of(str_map_get(volume->spec->capacity, STR("storage")));
}

int volume_match_size_cmp(const struct core_persistent_volume *a,
			  const struct core_persistent_volume *b)
{
	return quantity_cmp(volume_match_size(a), volume_match_size(b));
}

bool volume_match_is_large(const struct core_persistent_volume *volume,
			   const struct core_persistent_volume_claim *claim)
{
	return quantity_cmp(volume_match_size(volume), volume_match_wanted(claim)) >= 0;
}

static bool is_mode(struct str mode, struct str other)
{
	return str_eq(mode.len > 0 ? mode : STR("Filesystem"),
		      other.len > 0 ? other : STR("Filesystem"));
}

bool volume_match_is_mode(const struct core_persistent_volume *volume,
			  const struct core_persistent_volume_claim *claim)
{
	return is_mode(volume->spec->volume_mode, claim->spec->volume_mode);
}

bool volume_match_could_serve(const struct core_persistent_volume *volume,
			      const struct core_persistent_volume_claim *claim)
{
	return (volume->spec->claim_ref == NULL || volume_match_is_for(volume, claim->metadata)) &&
	       volume_match_is_large(volume, claim) && volume_match_is_mode(volume, claim) &&
	       str_eq(volume->spec->volume_attributes_class_name,
		      claim->spec->volume_attributes_class_name) &&
	       !volume->metadata->has.deletion_timestamp;
}

bool volume_match_has_access(const struct core_persistent_volume *volume,
			     const struct core_persistent_volume_claim *claim)
{
	for (uint32_t i = 0; i < claim->spec->access_modes.len; i++)
		if (!node_selector_is_in(claim->spec->access_modes.at[i],
					 &volume->spec->access_modes))
			return false;
	return true;
}

bool volume_match_is_free_for(const struct core_persistent_volume *volume,
			      const struct core_persistent_volume_claim *claim)
{
	return str_is(volume->status->phase, "Available") &&
	       (claim->spec->selector == NULL ||
		world_selects(claim->spec->selector, volume->metadata->labels)) &&
	       str_eq(volume_match_class(volume->metadata, volume->spec->storage_class_name),
		      volume_match_class(claim->metadata, claim->spec->storage_class_name)) &&
	       volume_match_has_access(volume, claim);
}
