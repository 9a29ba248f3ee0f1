/*
 * A configuration put into an object, and fields taken out of one: the two changes that apply makes to a record.
 *
 * The record that changes has to be the caller's own (record_clone_shallow); what is put in is shared with the configuration, which
 * then must live as long. Bounded by what was decoded.
 */
#ifndef DATASTORE_OBJECT_APPLY_RECORD_MERGE_H
#define DATASTORE_OBJECT_APPLY_RECORD_MERGE_H

#include "datastore/object/apply/fields.h"
#include "datastore/schema/type.h"

/*
 * Into a record without zero values (record_prune). What `said` says wins; of structs, maps, sets and lists with keys member by member, all else as a whole. New elements of a list stand
 * where the configuration has them, next to those that both have. `said` has been through record_fields_said().
 */
void record_merge(const struct type *type, void *record, const void *said, struct arena *arena);

/* Messages, lists and maps that have lost all that they had: null in upstream's words, which is not the same as gone. */
struct record_merge_emptied {
	struct arena *arena;
	struct record_merge_place {
		const struct field *field;
		void *record;
	} * at;
	uint32_t len, cap;
};

/* Takes the fields of the set out of the record. What is empty then stays until it is cleared. */
void record_merge_remove(const struct type *type, void *record, struct fields set,
			 struct record_merge_emptied *emptied);
void record_merge_clear(const struct record_merge_emptied *emptied);

#endif
