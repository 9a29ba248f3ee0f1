/*
 * Specs of PersistentVolumes: of an object of their own, or inside a VolumeAttachment.
 */
#ifndef ACTORS_KINDS_STORAGE_PERSISTENT_VOLUME_H
#define ACTORS_KINDS_STORAGE_PERSISTENT_VOLUME_H

#include "actors/kinds/rule.h"
#include "datastore/schema/core.h"

/* `name` is the volume's. Values of stored node selectors may be no labels. */
void persistent_volume_check_spec(const struct path *at,
				  const struct core_persistent_volume_spec *spec, struct str name,
				  bool is_inline, bool allows_bad_values);

#endif
