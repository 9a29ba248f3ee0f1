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
 * What `said` says wins; of structs, maps, sets and lists with keys member by member, all else as a whole. New elements of a list stand
 * where the configuration has them, next to those that both have. `said` has been through record_fields_said().
 */
void record_merge(const struct type *type, void *record, const void *said, struct arena *arena);

/* Takes the fields of the set out of the record, and messages, lists and maps that are empty then. */
void record_merge_remove(const struct type *type, void *record, struct fields set,
			 struct arena *arena);

#endif
