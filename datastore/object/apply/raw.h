/*
 * JSON that a custom resource's schema does not describe, owned member by member: objects are divided as maps are, all else is one value.
 *
 * Text in, text out; only for this folder. What is handed in is valid and no deeper than LIMIT_NESTING, as every decoder sees to.
 */
#ifndef DATASTORE_OBJECT_APPLY_RAW_H
#define DATASTORE_OBJECT_APPLY_RAW_H

#include "datastore/object/apply/fields.h"

bool raw_is_object(struct str json);
bool raw_is_empty(struct str json); /* an object without members */
/* Compact, members in the order of their names. */
struct str raw_sorted(struct str json, struct arena *arena);

/* Of an object: every member is owned, and what is below it. */
struct fields raw_fields(struct str json, struct arena *arena);

struct raw_change {
	bool is_changed, is_removed;    /* itself */
	struct fields changed, removed; /* below it */
};
/* What became of a value; absent: it was not there, or is not there any more. */
struct raw_change raw_compare(struct str before, struct str after, struct arena *arena);

/* What is said wins, member by member where both are objects. */
struct str raw_merge(struct str json, struct str said, struct arena *arena);
/* Without what the set owns; an object inside that loses its last member becomes null. */
struct str raw_remove(struct str json, struct fields set, struct arena *arena);

#endif
