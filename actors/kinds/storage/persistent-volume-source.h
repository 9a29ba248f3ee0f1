/*
 * The source of a PersistentVolume. Only for persistent-volume.c.
 */
#ifndef ACTORS_KINDS_STORAGE_PERSISTENT_VOLUME_SOURCE_H
#define ACTORS_KINDS_STORAGE_PERSISTENT_VOLUME_SOURCE_H

#include "actors/kinds/rule.h"
#include "datastore/schema/core.h"

/* Its members are at `at`; `name` is the volume's. */
void persistent_volume_check_source(const struct path *at,
				    const struct core_persistent_volume_source *source,
				    struct str name);

#endif
