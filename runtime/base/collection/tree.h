/*
 * An ordered map from byte strings to pointers: a B+ tree with keys copied into it.
 *
 * One thread at a time. For what is read by range: the datastore's index and the API server's caches.
 * get, put and remove are O(log n); walking from a key is O(1) a step. An iterator is a key position and
 * survives changes: tree_after finds its way again.
 */
#ifndef RUNTIME_BASE_COLLECTION_TREE_H
#define RUNTIME_BASE_COLLECTION_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/base/str.h"

struct tree;

GIVE struct tree *tree_new(void);
void tree_free(TAKE struct tree *tree);
uint64_t tree_len(const struct tree *tree);
size_t tree_size(const struct tree *tree); /* bytes of heap, keys included */
void *tree_get(const struct tree *tree, struct str key);
void *tree_put(struct tree *tree, struct str key, void *value); /* the value it replaced, or NULL */
void *tree_remove(struct tree *tree, struct str key);           /* the value it had, or NULL */

/*
 * A walk in key order: for (cursor = tree_from(tree, key); tree_step(&cursor, &key, &value);) ...
 * tree_from starts at the first key >= `key`. Any change of the tree ends the walk (asserted by a
 * change count); start again with tree_from. The key given out is borrowed until the next change.
 */
struct tree_cursor {
	const struct tree *tree;
	const void *leaf;
	uint32_t at;
	uint64_t change;
};

struct tree_cursor tree_from(const struct tree *tree, struct str key);
bool tree_step(struct tree_cursor *cursor, struct str *key, void **value);

/* How many keys lie in [from, to); an absent `to` is no end. */
uint64_t tree_count(const struct tree *tree, struct str from, struct str to);

#endif
