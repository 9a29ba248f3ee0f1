/*
 * A hash map from strings to pointers that remembers the order of insertion.
 *
 * One thread at a time. Iterating goes in insertion order and never depends on addresses or on a hash
 * seed: the simulator needs that. Keys are copied into the map. No limit of its own: its owner has one.
 */
#ifndef RUNTIME_BASE_COLLECTION_MAP_H
#define RUNTIME_BASE_COLLECTION_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"

struct map {
	struct map_slot *slots; /* in insertion order, with holes */
	uint32_t *index;        /* open addressing over slots */
	uint32_t len, used, cap, index_cap;
};

/* All zero is an empty map. */
void map_fini(struct map *map);
void *map_get(const struct map *map, struct str key); /* NULL: not there */
bool map_has(const struct map *map, struct str key);
void *map_put(struct map *map, struct str key, void *value); /* the value it replaced, or NULL */
void *map_remove(struct map *map, struct str key);           /* the value it had, or NULL */
void map_clear(struct map *map);

/*
 * for (uint32_t at = 0; map_next(map, &at, &key, &value);) ...
 * The current entry may be removed inside the loop; putting new keys in is not allowed there.
 */
bool map_next(const struct map *map, uint32_t *at, struct str *key, void **value);

#endif
