/*
 * Which fields a record has, and in which two differ, as sets: walkers over the tables, no JSON is made or read.
 *
 * Any code may call these. apiVersion and kind are in no record, so in no set. Bounded by what was decoded.
 */
#ifndef DATASTORE_OBJECT_APPLY_RECORD_FIELDS_H
#define DATASTORE_OBJECT_APPLY_RECORD_FIELDS_H

#include "datastore/object/apply/fields.h"
#include "datastore/schema/type.h"

/*
 * What a configuration says something about, be it zero: the record as json_decode() gave it, without defaults. INVALID: elements of a list
 * have the same keys or none; `why` says where, as upstream does.
 */
MUST_USE enum status record_fields_said(const struct type *type, const void *record,
					struct arena *arena, struct fields *out, struct fault *why);
/* What the configuration says is null, which is not in the record that `json` was decoded to. */
struct fields record_fields_nulls(const struct type *type, const void *record, struct str json,
				  struct arena *arena);
/* Of these what is a new value in the merged object: a null instead of one with members says nothing. */
struct fields record_fields_null_values(const struct type *type, struct fields nulls,
					const void *merged, struct arena *arena);
/* What is in a record, be it zero: of a merged one (record_merge), while it is taken to pieces. */
struct fields record_fields_of(const struct type *type, const void *record, struct arena *arena);

struct record_fields_change {
	struct fields changed; /* new, or another value */
	struct fields removed;
};
/*
 * What became of `before`; NULL: an object of which nothing is known yet, as it is before it is created. What a configuration has said
 * counts in a merged object, be it zero.
 */
struct record_fields_change record_fields_compare(const struct type *type, const void *before,
						  const void *after, bool is_merged,
						  struct arena *arena);

/* The set, and in it all members of structs that have something in it below them: what is to go when all below it goes. */
struct fields record_fields_closed(const struct type *type, struct fields set, struct arena *arena);

/* The set as far as the type divides its fields: what is below something that is owned as a whole (by now) is that. */
struct fields record_fields_fitted(const struct type *type, struct fields set, struct arena *arena);

#endif
