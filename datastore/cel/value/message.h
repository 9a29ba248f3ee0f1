/*
 * Messages that expressions make where a mutation is asked for: `Object{spec: Object.spec{replicas: 3}}` and `JSONPatch{op: "add", ...}`.
 *
 * Their names are types: Object and what begins with `Object.` take any field of any type, JSONPatch has four. Nothing is known here of the
 * kind that will be changed; whether names follow the path of fields is looked at when there is a value.
 */
#ifndef DATASTORE_CEL_VALUE_MESSAGE_H
#define DATASTORE_CEL_VALUE_MESSAGE_H

#include "datastore/cel/value/type.h"

#define CEL_MESSAGE_OBJECT "Object"
#define CEL_MESSAGE_JSON_PATCH "JSONPatch"

/* NULL: no message has this name. */
const struct cel_type *message_type(struct str name, struct arena *arena);
bool message_is(const struct cel_type *type);

#endif
