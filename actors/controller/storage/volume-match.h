/*
 * Volumes for claims: whether one may serve the other.
 *
 * Pure functions over a world, for the controller that binds and for the scheduler. Upstream's component-helpers/storage/volume.
 */
#ifndef ACTORS_CONTROLLER_STORAGE_VOLUME_MATCH_H
#define ACTORS_CONTROLLER_STORAGE_VOLUME_MATCH_H

#include "actors/controller/world.h"
#include "datastore/object/quantity.h"
#include "datastore/schema/core.h"
#include "runtime/base/base.h"

struct storage_storage_class;

/* The class that a claim or volume names, by the annotation of old or the member. */
struct str volume_match_class(const struct meta_object_meta *meta, struct str named);
/* NULL: it names none, or none that is there. */
const struct storage_storage_class *
volume_match_class_of(const struct core_persistent_volume_claim *claim, const struct world *world);

bool volume_match_is_bound(const struct core_persistent_volume_claim *claim);
bool volume_match_waits_for_consumer(const struct core_persistent_volume_claim *claim,
				     const struct world *world);
/* Whether the volume is bound to, or kept for, this claim. */
bool volume_match_is_for(const struct core_persistent_volume *volume,
			 const struct meta_object_meta *claim);

struct quantity volume_match_wanted(const struct core_persistent_volume_claim *claim);
struct quantity volume_match_size(const struct core_persistent_volume *volume);
int volume_match_size_cmp(const struct core_persistent_volume *a,
			  const struct core_persistent_volume *b);
bool volume_match_is_large(const struct core_persistent_volume *volume,
			   const struct core_persistent_volume_claim *claim);
bool volume_match_is_mode(const struct core_persistent_volume *volume,
			  const struct core_persistent_volume_claim *claim);
bool volume_match_has_access(const struct core_persistent_volume *volume,
			     const struct core_persistent_volume_claim *claim);

/* Rules for any volume, also one that is kept for the claim. */
bool volume_match_could_serve(const struct core_persistent_volume *volume,
			      const struct core_persistent_volume_claim *claim);
/* Further rules for one that is nobody's yet. */
bool volume_match_is_free_for(const struct core_persistent_volume *volume,
			      const struct core_persistent_volume_claim *claim);

#endif
