/*
 * What apply's walkers share: how a value of a table's field is owned, whether it is there, and by what an element of a list is known.
 *
 * A slot is a place in the tables: a field, or what one element of its list or value of its map is. Only for this folder.
 */
#ifndef DATASTORE_OBJECT_APPLY_SLOT_H
#define DATASTORE_OBJECT_APPLY_SLOT_H

#include "datastore/object/apply/fields.h"
#include "datastore/schema/type.h"

struct slot {
	const struct field *field;
	bool is_element;
};

/* How ownership divides it. LEAF: not at all, since it is a scalar or atomic. RAW: any JSON, divided where it is an object (raw.h). */
enum slot_sort { SLOT_LEAF, SLOT_LIST, SLOT_MAP, SLOT_STRUCT, SLOT_RAW };
enum slot_sort slot_sort(struct slot slot);

/*
 * When a member is there. SAID: it was written in a configuration, be it zero. GO: as in an object that upstream's server holds, where
 * zero says nothing, and messages held by value and members that are always written are there. MERGED: either, in a pruned
 * object with a configuration in it.
 */
enum slot_view { SLOT_SAID, SLOT_GO, SLOT_MERGED };

struct slot_value {
	bool is_there, is_null;
	const void *record; /* that has the field; of an element: NULL */
	const void *
	    at; /* the message, the list or map, or the scalar; NULL of an absent message held by value */
};
struct slot_value slot_value(enum slot_view view, const struct field *field, const void *record);
struct slot_value slot_element(const struct field *field, const void *block);

/* A message of protobuf only, that is a bare list or map in JSON, is replaced by that one. */
void slot_unwrap(struct slot *slot, struct slot_value *value, enum slot_view view);

/* Whether there is no member, element or entry. Not of LEAF. */
bool slot_is_empty(struct slot slot, struct slot_value value, enum slot_view view);
bool slot_equal(struct slot slot, struct slot_value a, struct slot_value b);
/* Of RAW: what it says, null if it says nothing although it is there; absent: it is not there. */
struct str slot_raw(struct slot_value value);

/* An element of a list and the step that leads to it. */
struct slot_item {
	struct fields_step step;
	const void *at;
	uint32_t place, same; /* how many elements have this step */
};
struct slot_items {
	struct slot_item *at;     /* in the order of the list */
	struct slot_item **order; /* by step, then place */
	uint32_t len;
};
/* Of a LIST that is a set or has keys. INVALID: an element has no key; `why` says which. */
MUST_USE enum status slot_items(const struct field *field, const struct block_list *list,
				enum slot_view view, struct arena *arena, struct slot_items *out,
				struct fault *why);
/* The first with this step, or NULL. */
const struct slot_item *slot_find(const struct slot_items *items, struct fields_step step);

#endif
