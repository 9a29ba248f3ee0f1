/*
 * Descriptions: one sentence of our own for a type or a field, shown by `kubectl explain` and in OpenAPI documents.
 *
 * Generated from descriptions/<prefix>.txt. Kept apart from the tables of types, which many read and these nobody but a
 * person: constant bytes without a pointer in them, so that they cost no memory until they are read. Types made at run
 * time have none; their definitions bring their own.
 */
#ifndef DATASTORE_SCHEMA_DESCRIPTION_H
#define DATASTORE_SCHEMA_DESCRIPTION_H

#include <stdint.h>

#include "datastore/schema/type.h"
#include "runtime/base/str.h"

/* Of a type; absent without one. */
struct str description_type(const struct type *type);
/* Of a field of it: its own, else what is said of every field of that name (`metadata`). */
struct str description_field(const struct type *type, struct str name);

/* "core.PodSpec" and "nodeName"; of the type itself the field is empty. Type "*": of every field of that name. */
struct description {
	struct str type, field, sentence;
};

/* All, in order of types, then of fields. */
uint32_t description_count(void);
struct description description_at(uint32_t i);

#endif
