/*
 * What can be done with any record, by its type's table alone: copy, compare, default, prune, reach by path.
 *
 * Any code may call these; `type` always is the type the record was laid out by. Records never change under
 * a call but for those that say so. Depth is bounded by LIMIT_NESTING, which every decoder enforces.
 */
#ifndef DATASTORE_OBJECT_RECORD_H
#define DATASTORE_OBJECT_RECORD_H

#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/time/time.h"

/* An empty record of the type. */
void *record_new(const struct type *type, struct arena *arena);
/* The memory of a list or map of `len` cleared elements; never NULL, so that an empty list is not an absent one. */
void *record_array(const struct field *field, struct arena *arena, uint32_t len);

/* Whether Go holds the message in its struct, so that it is never absent there. */
bool record_is_by_value(const struct field *field);
/* Whether JSON leaves the member out: a zero value says nothing unless it is held by pointer; an empty message does. */
bool record_is_omitted(const struct field *field, const void *record);
/* Of a member that is always written: whether it is null without a value, and not zero or an empty object. */
bool record_is_null_when_absent(const struct field *field);
/* The record, or one with nothing in it when it is NULL. */
const void *record_or_empty(const struct type *type, const void *record);

/* Goes through the messages of a KIND_MESSAGE field: one or none, or those of a list or map. NULL ends it. */
struct record_walk {
	char *at;
	uint32_t stride, left;
};
struct record_walk record_walk_of(const struct field *field, const void *record);
void *record_walk_next(struct record_walk *walk);

/* Puts a map's entries in order of their keys, equal ones as they were; then the last of equal ones is kept. */
void record_sort_map(const struct field *field, struct block_list *map, struct arena *arena);
void record_unique_map(const struct field *field, struct block_list *map);

/*
 * A deep copy in the arena: messages, lists and maps are new, string bytes too. _shallow shares the string bytes, which
 * then must outlive the copy. NULL gives NULL.
 */
void *record_clone(const struct type *type, const void *record, struct arena *arena);
void *record_clone_shallow(const struct type *type, const void *record, struct arena *arena);
/* The same for one field's value, from record to record. */
void record_clone_field(const struct field *field, const void *from, void *to, struct arena *arena);

/*
 * Whether both mean the same, as upstream compares: absent equals zero where the field is not FIELD_PTR, an absent
 * list or map equals an empty one, quantities by number, raw JSON by bytes. NULL is an empty record.
 */
bool record_equal(const struct type *type, const void *a, const void *b);
bool record_equal_field(const struct field *field, const void *a, const void *b);
/* Of two elements of a field's lists, or values of its maps. */
bool record_equal_element(const struct field *field, const void *a, const void *b);

/*
 * Fills in the defaults that upstream's decoder applies to a request or a stored object of this kind; `now` is for the
 * few that are a time. Afterwards every message that Go holds by value is there, so that readers may follow
 * deployment->spec->template->spec without asking.
 */
void record_default(const struct type *type, void *record, struct arena *arena, struct wall now);

/* Makes messages that Go holds by value where they are absent, without defaults. */
void record_fill(const struct type *type, void *record, struct arena *arena);

/*
 * Drops what says nothing: zero values of fields that are not FIELD_PTR, empty lists and maps, messages held by value
 * that are empty. What is left is what upstream would write.
 */
void record_prune(const struct type *type, void *record);

/* One value somewhere in a record: its field and the block the field is in; of a list or map perhaps one element. */
struct record_place {
	const struct field *field;
	const struct type *type; /* that the field belongs to */
	void *record;            /* NULL when a message on the way is absent */
	void *element; /* what the path's last step chose, if that was one; NULL: it is not there */
	bool is_element;
};

/*
 * Follows a path of JSON names ("spec.replicas", "status.loadBalancer.ingress[0].ip", "metadata.labels[a.b/c]",
 * ".metadata.annotations['x']"), through inlined messages. NOT_FOUND: there can be no such value in the type.
 */
MUST_USE enum status record_field(const struct type *type, const void *record, struct str path,
				  struct record_place *out);
/* The value as text: strings as they are, numbers and booleans as in JSON, anything else as compact JSON; absent if there is none. */
struct str record_value(const struct type *type, const void *record, struct str path,
			struct arena *arena);

#endif
