/* The index's inside, shared by index.c (state, reading) and index-apply.c (writing). */
#ifndef DATASTORE_STORE_STATE_INDEX_PRIVATE_H
#define DATASTORE_STORE_STATE_INDEX_PRIVATE_H

#include "datastore/store/state/index.h"
#include "datastore/store/state/recent.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/collection/tree.h"
#include "runtime/base/collection/vec.h"
#include "runtime/base/slab.h"

/* A revision is below COMMAND_REVISION_MAX, and so is a version, which counts some of them; a value is shorter than LIMIT_STORE_COMMAND_BYTES. */
#define INDEX_REVISION_BITS 42
#define INDEX_LEN_BITS 22
_Static_assert(COMMAND_REVISION_MAX == UINT64_C(1) << INDEX_REVISION_BITS, "revisions fit");
_Static_assert(LIMIT_STORE_COMMAND_BYTES < 1U << INDEX_LEN_BITS, "lengths fit");

/* Half a line of the processor's cache: there is one for each key. */
struct index_item {
	uint64_t id;
	uint64_t create_revision : INDEX_REVISION_BITS, value_len : INDEX_LEN_BITS;
	uint64_t version : INDEX_REVISION_BITS;
	bool is_in_memory : 1,
	    has_lease : 1; /* its value; what `more` would say is here, since it lies elsewhere */
	union {
		struct index_more *more; /* NULL: only the table has its value, and it has no lease */
		struct index_item *next_unused; /* of an item that is nobody's */
	};
};
_Static_assert(sizeof(struct index_item) == 32, "an item is small");

/*
 * What few items have: a value in memory, in index.used, the longest unused first, or in .read, the eldest first. Or a lease.
 */
struct index_more {
	struct list in_use;
	struct blob *blob; /* NULL: not in memory, and in no list */
	struct index_item *item;
	uint64_t lease;
	bool is_read; /* is here for readers who come again */
};

/*
 * Items lie side by side: they stay while what is allocated between them goes, whose pages could not be given back otherwise. Slabs
 * are freed with the index: it has as many as it had keys at once.
 */
#define INDEX_SLAB_ITEMS 2046U /* just below 64 KiB */
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
	struct slab more;
	struct list used, read;
	size_t value_bytes, value_budget;
	size_t read_bytes, read_budget; /* of value_bytes, what is_read; beyond value_budget */
	uint32_t refused;               /* values that found no room among those */
};

GIVE struct index_item *index_item_new(struct index *index);             /* cleared */
void index_item_free(struct index *index, TAKE struct index_item *item); /* and its value */
void index_set_value(struct index *index, struct index_item *item, struct blob *value);
void index_set_lease(struct index *index, struct index_item *item, uint64_t lease);
/* The item's value, from memory or the table; borrowed from the arena. */
struct blob *index_value(struct index *index, struct index_item *item, struct arena *arena);
static inline struct blob *index_blob(const struct index_item *item)
{
	return item->is_in_memory ? item->more->blob : NULL;
}
static inline uint64_t index_lease(const struct index_item *item)
{
	return item->has_lease ? item->more->lease : 0;
}
void index_fill_row(struct store_row *row, struct str key, const struct index_item *item);

#endif
