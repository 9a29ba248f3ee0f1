/*
 * Where a tree's keys lie: side by side, each size by itself. From the heap each would have a word more, and hold the page on which it
 * happens to lie among what comes and goes.
 *
 * Private to tree.c. What is given back is used again for keys of that size; all of it is freed with the last key. Long keys are the heap's, and
 * under the address sanitizer all are, so that it sees each use after free.
 */
#ifndef RUNTIME_BASE_COLLECTION_TREE_PRIVATE_H
#define RUNTIME_BASE_COLLECTION_TREE_PRIVATE_H

#include <stdint.h>

#include "runtime/base/status.h"

struct tree_keys;

struct tree_key {
	uint32_t len;
	char bytes[];
};

/* Not filled but for its length. `*keys` is NULL without any. */
GIVE struct tree_key *tree_keys_take(struct tree_keys **keys, uint32_t len);
void tree_keys_give(struct tree_keys **keys, TAKE struct tree_key *key);

#endif
