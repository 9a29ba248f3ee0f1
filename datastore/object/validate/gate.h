/*
 * Feature gates: which fields and values of the API are there at all.
 *
 * The gates stand at the defaults of Kubernetes v1.37; those that are off are listed, any other is on. A field of a gate that is off
 * is dropped from what is written, unless the stored object uses it already: then nobody loses data.
 */
#ifndef DATASTORE_OBJECT_VALIDATE_GATE_H
#define DATASTORE_OBJECT_VALIDATE_GATE_H

#include "datastore/schema/type.h"

bool gate_is_on(struct str name);
/* Drops what is off from `record`; `old` is what is stored, or NULL. */
void gate_drop(const struct type *type, void *record, const void *old);

#endif
