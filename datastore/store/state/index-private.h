/* The index's inside, shared by index.c (state, reading) and index-apply.c (writing). */
#ifndef DATASTORE_STORE_STATE_INDEX_PRIVATE_H
#define DATASTORE_STORE_STATE_INDEX_PRIVATE_H

#include "datastore/store/state/index.h"
#include "datastore/store/state/recent.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/collection/tree.h"
#include "runtime/base/collection/vec.h"
#include "runtime/base/slab.h"

struct index_item {
	uint64_t id, create_revision, version, lease;
	union {
		struct index_value *value;      /* NULL: only the table has it */
		struct index_item *next_unused; /* of an item that is nobody's */
	};
	uint32_t value_len;
};

/* A value in memory, as few are: in index.used, the longest unused first, or in .read, the eldest first. */
struct index_value {
	struct list in_use;
	struct blob *blob;
	struct index_item *item;
	bool is_read; /* is here for readers who come again */
};

/*
 * Items lie side by side: they stay while what is allocated between them goes, whose pages could not be given back otherwise. Slabs
 * are freed with the index: it has as many as it had keys at once.
 */
#define INDEX_SLAB_ITEMS 1364U /* just below 64 KiB */
struct index_items {
	VEC(struct index_item *) slabs;
	uint32_t used; /* of the last one */
	struct index_item *unused;
};

struct index {
	struct index_hooks hooks;
	struct tree *items; /* by key */
	struct index_items slabs;
	struct leases leases;
	struct recent recent;
	uint64_t revision, compact_revision;
	uint64_t chain;   /* a hash over all changes so far: equal states have equal pasts */
	uint64_t written; /* the table has everything up to this revision */
	struct slab values;
	struct list used, read;
	size_t value_bytes, value_budget;
	size_t read_bytes, read_budget; /* of value_bytes, what is_read; beyond value_budget */
	uint32_t refused;               /* values that found no room among those */
};

GIVE struct index_item *index_item_new(struct index *index);             /* cleared */
void index_item_free(struct index *index, TAKE struct index_item *item); /* and its value */
void index_set_value(struct index *index, struct index_item *item, struct blob *value);
/* The item's value, from memory or the table; borrowed from the arena. */
struct blob *index_value(struct index *index, struct index_item *item, struct arena *arena);
static inline struct blob *index_blob(const struct index_item *item)
{
	return item->value ? item->value->blob : NULL;
}
void index_fill_row(struct store_row *row, struct str key, const struct index_item *item);

#endif
