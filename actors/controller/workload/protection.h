/*
 * Finalizers that keep an object until nobody uses it: given to those that lack one, taken away from those that may go.
 *
 * For controllers. The plug-in StorageObjectInUseProtection gives the finalizer to new objects; those that are
 * older than it get theirs here. Pure.
 */
#ifndef ACTORS_CONTROLLER_WORKLOAD_PROTECTION_H
#define ACTORS_CONTROLLER_WORKLOAD_PROTECTION_H

#include "actors/controller/plan.h"

/* It is being deleted, and the finalizer is what it waits for. */
bool protection_is_asked(const struct meta_object_meta *meta, struct str finalizer);
/* It is not being deleted and has no such finalizer. */
bool protection_is_missing(const struct meta_object_meta *meta, struct str finalizer);
/* Both change what plan_edit gave. */
void protection_add(struct plan *plan, struct meta_object_meta *meta, struct str finalizer);
void protection_remove(struct plan *plan, struct meta_object_meta *meta, struct str finalizer);

#endif
