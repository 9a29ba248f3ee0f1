#include <assert.h>
#include <math.h>

#include "datastore/cel/value/value.h"
#include "runtime/base/hash.h"

/*
 * Lists and maps that expressions make. What grows step by step shares its room: each step is a value of its own that sees only the
 * beginning, and the one that is longest may go on where it ends.
 */

#define FIRST_ROOM 4U
#define INDEX_FROM 8U /* fewer entries are looked at one by one */

/* ---- lists ------------------------------------------------------------------------------------------------ */

struct room {
	struct cel_value *at;
	uint32_t used, cap;
};

static struct cel_value plain_item(const struct cel_list *list, uint32_t i, struct arena *arena)
{
	(void)arena;
	return ((const struct cel_value *)list->at)[i];
}

static struct cel_value room_item(const struct cel_list *list, uint32_t i, struct arena *arena)
{
	(void)arena;
	return ((const struct room *)list->at)->at[i];
}

/* Of two, the first behind `at`, the second behind `extra`. */
static struct cel_value joined_item(const struct cel_list *list, uint32_t i, struct arena *arena)
{
	const struct cel_list *first = list->at, *second = list->extra;

	return i < first->len ? first->item(first, i, arena)
			      : second->item(second, i - first->len, arena);
}

struct cel_value cel_list_item(const struct cel_list *list, uint32_t i, struct arena *arena)
{
	assert(i < list->len);
	return list->item(list, i, arena);
}

static struct cel_value list_value(struct arena *arena, struct cel_list list)
{
	return (struct cel_value){ .kind = CEL_LIST, .list = arena_copy(arena, &list, sizeof list) };
}

struct cel_value cel_list_make(struct arena *arena, const struct cel_value *at, uint32_t len)
{
	return list_value(arena, (struct cel_list){ .item = plain_item, .at = at, .len = len });
}

struct cel_value cel_list_join(const struct cel_list *a, const struct cel_list *b,
			       struct arena *arena)
{
	return list_value(
	    arena,
	    (struct cel_list){ .item = joined_item, .at = a, .extra = b, .len = a->len + b->len });
}

static struct room *room_of(const struct cel_list *list, struct arena *arena)
{
	struct room *room = arena_new_of(arena, struct room);

	room->cap = list->len < FIRST_ROOM ? FIRST_ROOM : list->len * 2;
	room->at = arena_alloc(arena, room->cap * sizeof *room->at);
	for (uint32_t i = 0; i < list->len; i++)
		room->at[i] = cel_list_item(list, i, arena);
	room->used = list->len;
	return room;
}

struct cel_value cel_list_append(const struct cel_list *list, struct cel_value item,
				 struct arena *arena)
{
	struct room *room = NULL;

	if (list->item == room_item)
		room = (struct room *)(uintptr_t)list->at;
	if (room == NULL || room->used != list->len)
		room = room_of(list, arena);
	if (room->used == room->cap) {
		room->at = arena_grow(arena, room->at, room->cap * sizeof *room->at,
				      2 * (size_t)room->cap * sizeof *room->at);
		room->cap *= 2;
	}
	room->at[room->used++] = item;
	return list_value(arena,
			  (struct cel_list){ .item = room_item, .at = room, .len = list->len + 1 });
}

/* ---- maps ------------------------------------------------------------------------------------------------- */

struct entry {
	struct cel_value key, value;
};

struct table {
	struct entry *at;
	uint32_t *slots; /* places + 1, by the hash of the key; NULL: too few */
	uint32_t used, cap, slot_cap;
};

bool cel_map_is_key(struct cel_value key)
{
	switch (key.kind) {
	case CEL_BOOL:
	case CEL_INT:
	case CEL_UINT:
	case CEL_STRING: return true;
	case CEL_DOUBLE: return !isnan(key.number);
	default: return false;
	}
}

/* Equal keys have equal hashes, whatever kind of number they are. */
static uint64_t hash_of(struct cel_value key)
{
	int64_t whole = 0;

	switch (key.kind) {
	case CEL_STRING: return hash_str(key.text);
	case CEL_BOOL: return hash_mix(1, key.is_true);
	case CEL_DOUBLE:
		if (!cel_value_whole(key.number, &whole))
			return 2;
		return hash_mix(3, (uint64_t)whole);
	default: return hash_mix(3, (uint64_t)key.integer);
	}
}

static bool same_key(struct cel_value a, struct cel_value b)
{
	int order;

	return cel_value_order(a, b, &order) && order == 0;
}

static const struct entry *find(const struct table *table, uint32_t len, struct cel_value key)
{
	uint32_t mask = table->slot_cap - 1;

	if (table->slots == NULL) {
		for (uint32_t i = 0; i < len; i++)
			if (same_key(table->at[i].key, key))
				return &table->at[i];
		return NULL;
	}
	for (uint32_t at = (uint32_t)hash_of(key) & mask; table->slots[at] != 0;
	     at = (at + 1) & mask) {
		const struct entry *entry = &table->at[table->slots[at] - 1];

		/* Entries behind the end belong to those who went on. */
		if (table->slots[at] <= len && same_key(entry->key, key))
			return entry;
	}
	return NULL;
}

static void index_one(struct table *table, uint32_t place)
{
	uint32_t mask = table->slot_cap - 1;
	uint32_t at = (uint32_t)hash_of(table->at[place].key) & mask;

	while (table->slots[at] != 0)
		at = (at + 1) & mask;
	table->slots[at] = place + 1;
}

static void index_all(struct table *table, struct arena *arena)
{
	table->slot_cap = 1;
	while (table->slot_cap < table->cap * 2)
		table->slot_cap *= 2;
	table->slots = arena_array(arena, uint32_t, table->slot_cap);
	for (uint32_t i = 0; i < table->used; i++)
		index_one(table, i);
}

static bool table_get(const struct cel_map *map, struct cel_value key, struct arena *arena,
		      struct cel_value *out)
{
	const struct entry *entry = find(map->at, map->len, key);

	(void)arena;
	if (entry != NULL && out != NULL)
		*out = entry->value;
	return entry != NULL;
}

static void table_entry(const struct cel_map *map, uint32_t i, struct arena *arena,
			struct cel_value *key, struct cel_value *value)
{
	const struct entry *entry = &((const struct table *)map->at)->at[i];

	(void)arena;
	*key = entry->key;
	if (value != NULL)
		*value = entry->value;
}

static struct cel_value map_value(struct arena *arena, const struct table *table, uint32_t len)
{
	struct cel_map *map = arena_new_of(arena, struct cel_map);

	*map = (struct cel_map){ .get = table_get, .entry = table_entry, .at = table, .len = len };
	return (struct cel_value){ .kind = CEL_MAP, .map = map };
}

struct cel_value cel_map_make(struct arena *arena)
{
	return map_value(arena, arena_new_of(arena, struct table), 0);
}

static struct table *table_of(const struct cel_map *map, struct arena *arena)
{
	struct table *table = arena_new_of(arena, struct table);

	table->cap = map->len < FIRST_ROOM ? FIRST_ROOM : map->len * 2;
	table->at = arena_alloc(arena, table->cap * sizeof *table->at);
	for (uint32_t i = 0; i < map->len; i++)
		map->entry(map, i, arena, &table->at[i].key, &table->at[i].value);
	table->used = map->len;
	if (table->cap > INDEX_FROM)
		index_all(table, arena);
	return table;
}

struct cel_value cel_map_insert(const struct cel_map *map, struct cel_value key,
				struct cel_value value, struct arena *arena)
{
	struct table *table = NULL;

	if (map->get == table_get)
		table = (struct table *)(uintptr_t)map->at;
	if (table == NULL || table->used != map->len)
		table = table_of(map, arena);
	if (table->used == table->cap) {
		uint32_t cap = table->cap == 0 ? FIRST_ROOM : table->cap * 2;

		table->at = arena_grow(arena, table->at, table->cap * sizeof *table->at,
				       cap * sizeof *table->at);
		table->cap = cap;
		if (cap > INDEX_FROM)
			index_all(table, arena);
	}
	table->at[table->used] = (struct entry){ key, value };
	table->used++;
	if (table->slots != NULL)
		index_one(table, table->used - 1);
	return map_value(arena, table, map->len + 1);
}
