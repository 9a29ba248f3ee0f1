/*
 * A change: one key put or deleted, frozen once made; one owner, the history.
 *
 * The index makes it; the history, the watchers and the table's writer read it. Its id is its revision and its
 * place within it, so that changes of one write share a revision and all changes have one order.
 */
#ifndef DATASTORE_STORE_STATE_CHANGE_H
#define DATASTORE_STORE_STATE_CHANGE_H

#include <stdbool.h>

#include "datastore/store/state/blob.h"

#define CHANGE_PLACE_BITS 20 /* a write changes at most a million keys (a lease's, a range's) */
#define CHANGE_PLACES (1U << CHANGE_PLACE_BITS)

static inline uint64_t change_id(uint64_t revision, uint32_t place)
{
	return revision << CHANGE_PLACE_BITS | place;
}

static inline uint64_t change_revision(uint64_t id)
{
	return id >> CHANGE_PLACE_BITS;
}

/* What a key was before; id 0: it was not there. */
struct change_before {
	uint64_t id, create_revision, version, lease;
	uint32_t value_len;
	struct blob *value; /* NULL: not in memory; the table has it under the id */
};

struct change {
	bool is_delete;
	bool is_failure_branch; /* of a write's branches, which one made it: to answer a repeated request */
	uint64_t id, create_revision, version, lease;
	uint64_t request;   /* 0: none */
	struct blob *value; /* NULL for a delete */
	struct change_before before;
	uint32_t key_len;
	char key[];
};

GIVE struct change *change_new(struct str key);
void change_free(TAKE struct change *change);      /* NULL is fine */
uint32_t change_size(const struct change *change); /* bytes it keeps alive, roughly */

static inline struct str change_key(const struct change *change)
{
	return (struct str){ change->key, change->key_len };
}

#endif
