#include <assert.h>
#include <string.h>

#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/collection/sorted.h"
#include "runtime/base/str.h"

bool str_list_has(struct str_list list, struct str value)
{
	for (uint32_t i = 0; i < list.len; i++)
		if (str_eq(list.at[i], value))
			return true;
	return false;
}

/* The place of the key, or where it belongs. */
static uint32_t place_of(struct str_map map, struct str key, bool *is_there)
{
	return sorted_place(map.at, map.len, sizeof *map.at, key, is_there);
}

struct str str_map_get(struct str_map map, struct str key)
{
	bool is_there;
	uint32_t at = place_of(map, key, &is_there);

	return is_there ? map.at[at].value : STR_NONE;
}

bool str_map_equal(struct str_map a, struct str_map b)
{
	if (a.len != b.len)
		return false;
	for (uint32_t i = 0; i < a.len; i++)
		if (!str_eq(a.at[i].key, b.at[i].key) || !str_eq(a.at[i].value, b.at[i].value))
			return false;
	return true;
}

bool str_map_has_all(struct str_map map, struct str_map part)
{
	for (uint32_t i = 0; i < part.len; i++) {
		struct str value = str_map_get(map, part.at[i].key);

		if (value.at == NULL || !str_eq(value, part.at[i].value))
			return false;
	}
	return true;
}

/* The map with `cut` entries at a place replaced by room for `room` others. */
static void splice(struct str_map *map, struct arena *arena, uint32_t at, uint32_t cut,
		   uint32_t room)
{
	uint32_t len = map->len - cut + room;
	struct str_entry *fresh = arena_alloc(arena, (len > 0 ? len : 1) * sizeof *fresh);

	if (at > 0)
		memcpy(fresh, map->at, at * sizeof *fresh);
	if (at + cut < map->len)
		memcpy(fresh + at + room, map->at + at + cut, (map->len - at - cut) * sizeof *fresh);
	*map = (struct str_map){ fresh, len };
}

void str_map_put(struct str_map *map, struct arena *arena, struct str key, struct str value)
{
	bool is_there;
	uint32_t at = place_of(*map, key, &is_there);

	splice(map, arena, at, is_there ? 1 : 0, 1);
	map->at[at] = (struct str_entry){ key, value };
}

bool str_map_remove(struct str_map *map, struct arena *arena, struct str key)
{
	bool is_there;
	uint32_t at = place_of(*map, key, &is_there);

	if (is_there)
		splice(map, arena, at, 1, 0);
	return is_there;
}
