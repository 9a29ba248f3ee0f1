/*
 * The form in which an object lies in the store: what upstream's API server writes, so that data can move both ways.
 *
 * That is the stored version's protobuf in its envelope; JSON and the end of its line for kinds that have no protobuf. A
 * CustomResourceDefinition lies there as JSON of v1beta1, which nobody serves any more: what all its versions have in common stands
 * once, beside them.
 */
#ifndef ACTORS_SERVER_ANSWER_STORED_H
#define ACTORS_SERVER_ANSWER_STORED_H

#include "datastore/object/object.h"
#include "runtime/base/text.h"

/* Written without its resourceVersion, which is the store's. */
void stored_encode(const struct type *type, const void *record, struct text *out);
/* A fresh object of the type, unfrozen, whose strings may lie in the bytes: it is settled or dropped before they go. Faults are those of object_decode(). */
MUST_USE enum status stored_decode(const struct type *type, struct str bytes, struct object **out,
				   struct fault *why);

#endif
