/*
 * List types: a list that is a set has no element twice, one that is a map no key.
 *
 * Elements are told apart by what they are as JSON, so it takes one pass however long a list is.
 */
#ifndef DATASTORE_CUSTOM_LIST_TYPE_H
#define DATASTORE_CUSTOM_LIST_TYPE_H

#include "datastore/custom/value.h"
#include "datastore/schema/apiextensions.h"
#include "runtime/base/collection/map.h"
#include "runtime/base/fault.h"

/* Adds a fault for each element or key that is there again, in all lists below. The arena is the faults'. */
void list_type_check(const struct apiextensions_json_schema_props *schema,
		     const struct value *value, struct faults *faults);

/* The elements of a list that is a map, by their keys: for finding the old one. All zero has none. */
struct list_type_index {
	const struct apiextensions_json_schema_props *schema;
	struct map by_key;
	struct arena *arena;
};
void list_type_index(const struct apiextensions_json_schema_props *schema, const struct value *list,
		     struct arena *arena, struct list_type_index *out);
const struct value *list_type_find(const struct list_type_index *index,
				   const struct value *element); /* NULL: none */
void list_type_forget(struct list_type_index *index);

#endif
