/*
 * Descriptions: one sentence of our own for a type or a field, shown by `kubectl explain` and in OpenAPI documents.
 *
 * Generated from descriptions/<prefix>.txt, which nobody reads but a person: the program has them packed, and whoever writes a document
 * opens them for as long as that takes (150 KB, half a millisecond). Types made at run time have none; their definitions bring their own.
 */
#ifndef DATASTORE_OBJECT_OPENAPI_DESCRIPTIONS_H
#define DATASTORE_OBJECT_OPENAPI_DESCRIPTIONS_H

#include <stdint.h>

#include "datastore/schema/type.h"
#include "runtime/base/str.h"

struct descriptions;

/* Good as long as the arena. */
struct descriptions *descriptions_open(struct arena *arena);
/* Of a type; absent without one. */
struct str descriptions_type(const struct descriptions *descriptions, const struct type *type);
/* Of a field of it: its own, else what is said of every field of that name (`metadata`). */
struct str descriptions_field(const struct descriptions *descriptions, const struct type *type,
			      struct str name);

/* "core.PodSpec" and "nodeName"; of the type itself the field is empty. Type "*": of every field of that name. */
struct description {
	struct str type, field, sentence;
};

/* In order of types, then of fields. NULL: no more. */
const struct description *descriptions_at(const struct descriptions *descriptions, uint32_t i);

#endif
