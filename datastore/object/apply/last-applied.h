/*
 * What kubectl keeps of its own in an annotation, so that those who applied by it can go over to the server's way. Only for this folder.
 */
#ifndef DATASTORE_OBJECT_APPLY_LAST_APPLIED_H
#define DATASTORE_OBJECT_APPLY_LAST_APPLIED_H

#include "datastore/object/apply/apply.h"

/* The fields that the annotation says and that still have its values. Empty without an annotation that can be read. */
struct fields last_applied_fields(const struct apply *apply, struct arena *arena);
/* Puts the configuration in the place of an annotation that is there; too long for one, it goes. */
void last_applied_renew(const struct apply *apply, void *record, struct arena *arena);

#endif
