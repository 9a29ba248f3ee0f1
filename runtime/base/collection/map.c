#include "runtime/base/collection/map.h"

#include <assert.h>
#include <string.h>

#include "runtime/base/hash.h"
#include "runtime/base/mem.h"

#define MAP_FIRST_SLOTS 8U

/*
 * Slots keep the order of insertion; the index is a table of slot numbers + 1, probed in line. A removed
 * slot stays behind as a hole (key == NULL) that the index may still point to, until the next rebuild.
 */
struct map_slot {
	char *key; /* ends in NUL; NULL: a hole */
	uint32_t len;
	uint32_t hash;
	void *value;
};

static uint32_t map_hash(struct str key)
{
	return (uint32_t)hash_str(key);
}

/* The index is at most half full, so a free place ends every probe. */
static struct map_slot *map_find(const struct map *map, struct str key)
{
	uint32_t hash, mask = map->index_cap - 1;

	if (map->len == 0)
		return NULL;
	hash = map_hash(key);
	for (uint32_t at = hash & mask; map->index[at] != 0; at = (at + 1) & mask) {
		struct map_slot *slot = &map->slots[map->index[at] - 1];

		if (slot->hash == hash && slot->key != NULL &&
		    str_eq((struct str){ slot->key, slot->len }, key))
			return slot;
	}
	return NULL;
}

static void map_index_slot(struct map *map, uint32_t number)
{
	uint32_t mask = map->index_cap - 1;
	uint32_t at = map->slots[number].hash & mask;

	while (map->index[at] != 0)
		at = (at + 1) & mask;
	map->index[at] = number + 1;
}

/* Closes the holes, doubles the slots unless that made room enough, and builds the index anew. */
static void map_rebuild(struct map *map)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < map->used; i++)
		if (map->slots[i].key != NULL)
			map->slots[kept++] = map->slots[i];
	assert(kept == map->len);
	map->used = kept;
	if (kept > map->cap / 2 || map->cap == 0) {
		assert(map->cap <= UINT32_MAX / 8);
		map->cap = map->cap == 0 ? MAP_FIRST_SLOTS : map->cap * 2;
		map->slots = mem_resize(map->slots, map->cap * sizeof *map->slots);
		map->index_cap = map->cap * 2;
		map->index = mem_resize(map->index, map->index_cap * sizeof *map->index);
	}
	memset(map->index, 0, map->index_cap * sizeof *map->index);
	for (uint32_t i = 0; i < map->used; i++)
		map_index_slot(map, i);
}

void map_clear(struct map *map)
{
	for (uint32_t i = 0; i < map->used; i++)
		mem_free(map->slots[i].key);
	if (map->used > 0)
		memset(map->index, 0, map->index_cap * sizeof *map->index);
	map->len = map->used = 0;
}

void map_fini(struct map *map)
{
	map_clear(map);
	mem_free(map->slots);
	mem_free(map->index);
	*map = (struct map){ 0 };
}

void *map_get(const struct map *map, struct str key)
{
	struct map_slot *slot = map_find(map, key);

	return slot == NULL ? NULL : slot->value;
}

bool map_has(const struct map *map, struct str key)
{
	return map_find(map, key) != NULL;
}

static char *map_copy_key(struct str key)
{
	char *copy = mem_alloc((size_t)key.len + 1);

	if (key.len > 0)
		memcpy(copy, key.at, key.len);
	copy[key.len] = '\0';
	return copy;
}

void *map_put(struct map *map, struct str key, void *value)
{
	struct map_slot *slot = map_find(map, key);

	if (slot != NULL) {
		void *old = slot->value;

		slot->value = value;
		return old;
	}
	if (map->used == map->cap)
		map_rebuild(map);
	map->slots[map->used] =
	    (struct map_slot){ map_copy_key(key), key.len, map_hash(key), value };
	map_index_slot(map, map->used);
	map->used++;
	map->len++;
	return NULL;
}

void *map_remove(struct map *map, struct str key)
{
	struct map_slot *slot = map_find(map, key);
	void *value;

	if (slot == NULL)
		return NULL;
	value = slot->value;
	mem_free(slot->key);
	slot->key = NULL;
	slot->value = NULL;
	map->len--;
	return value;
}

bool map_next(const struct map *map, uint32_t *at, struct str *key, void **value)
{
	while (*at < map->used) {
		const struct map_slot *slot = &map->slots[(*at)++];

		if (slot->key == NULL)
			continue;
		*key = (struct str){ slot->key, slot->len };
		*value = slot->value;
		return true;
	}
	return false;
}
