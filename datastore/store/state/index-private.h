/* The index's inside, shared by index.c (state, reading) and index-apply.c (writing). */
#ifndef DATASTORE_STORE_STATE_INDEX_PRIVATE_H
#define DATASTORE_STORE_STATE_INDEX_PRIVATE_H

#include "datastore/store/state/index.h"
#include "datastore/store/state/recent.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/collection/tree.h"

struct index_item {
	uint64_t id, create_revision, version, lease;
	uint32_t value_len;
	struct blob *value; /* NULL: only the table has it */
	struct list in_use; /* in index.used while the value is in memory, the longest unused first */
};

struct index {
	struct index_hooks hooks;
	struct tree *items; /* by key */
	struct leases leases;
	struct recent recent;
	uint64_t revision, compact_revision;
	uint64_t chain;   /* a hash over all changes so far: equal states have equal pasts */
	uint64_t written; /* the table has everything up to this revision */
	struct list used;
	size_t value_bytes, value_budget;
};

void index_set_value(struct index *index, struct index_item *item, struct blob *value);
void index_drop_value(struct index *index, struct index_item *item);
/* The item's value, from memory or the table; borrowed from the arena. */
struct blob *index_value(struct index *index, struct index_item *item, struct arena *arena);
void index_fill_row(struct store_row *row, struct str key, const struct index_item *item);

#endif
