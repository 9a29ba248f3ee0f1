#include "datastore/cel/value/escape.h"
#include "datastore/cel/value/value.h"
#include "runtime/base/limits.h"

/*
 * Lists that are sets or maps. An element is known by a text that only equal ones have, so that a pass is enough.
 */

#define KEY_BYTES_MAX (4U * MIB)

static void write_key(struct text *out, struct cel_value value, struct arena *arena, uint32_t depth);

/* Entries by the order of the map, which of records is that of their names. */
static void write_entries(struct text *out, const struct cel_map *map, struct arena *arena,
			  uint32_t depth)
{
	for (uint32_t i = 0; i < map->len; i++) {
		struct cel_value key, value;

		map->entry(map, i, arena, &key, &value);
		write_key(out, key, arena, depth);
		write_key(out, value, arena, depth);
	}
}

static void write_key(struct text *out, struct cel_value value, struct arena *arena, uint32_t depth)
{
	int64_t whole = value.integer;

	if (depth > LIMIT_NESTING)
		return;
	switch (value.kind) {
	case CEL_STRING:
	case CEL_BYTES:
		text_printf(out, "s%u:", value.text.len);
		text_add(out, value.text);
		return;
	case CEL_DOUBLE:
		if (!cel_value_whole(value.number, &whole)) {
			text_printf(out, "d%a;", value.number);
			return;
		}
		text_printf(out, "i%lld;", (long long)whole);
		return;
	case CEL_INT:
	case CEL_UINT: text_printf(out, "i%lld;", (long long)value.integer); return;
	case CEL_BOOL: text_add_char(out, value.is_true ? 't' : 'f'); return;
	case CEL_TIMESTAMP:
		text_printf(out, "m%lld.%d;", (long long)value.moment.seconds, value.moment.nanos);
		return;
	case CEL_DURATION: text_printf(out, "p%lld;", (long long)value.integer); return;
	case CEL_LIST:
		text_printf(out, "l%u:", value.list->len);
		for (uint32_t i = 0; i < value.list->len; i++)
			write_key(out, cel_list_item(value.list, i, arena), arena, depth + 1);
		return;
	case CEL_MAP:
	case CEL_OBJECT:
		text_printf(out, "o%u:", value.map->len);
		write_entries(out, value.map, arena, depth + 1);
		return;
	default: text_printf(out, "k%d;", (int)value.kind);
	}
}

/* Of an element: all of it, or its key fields. */
static struct cel_value key_of(const struct cel_list *list, struct cel_value item,
			       struct arena *arena)
{
	struct text out = text_in(arena, KEY_BYTES_MAX);
	bool is_map = item.kind == CEL_OBJECT || item.kind == CEL_MAP;

	if (list->keyed != CEL_LIST_MAP || !is_map) {
		write_key(&out, item, arena, 0);
		return cel_string(text_str(&out));
	}
	for (uint32_t i = 0; i < list->key_count; i++) {
		struct cel_value value = CEL_VALUE_NULL;
		struct str name = list->keys[i];

		if (escape_name(list->keys[i], arena, &name))
			item.map->get(item.map, cel_string(name), arena, &value);
		write_key(&out, value, arena, 0);
	}
	return cel_string(text_str(&out));
}

/* Places by key, the first of each. */
static struct cel_value index_of(const struct cel_list *keyed_as, const struct cel_list *list,
				 struct arena *arena)
{
	struct cel_value index = cel_map_make(arena);

	for (uint32_t i = 0; i < list->len; i++) {
		struct cel_value key = key_of(keyed_as, cel_list_item(list, i, arena), arena);

		if (!index.map->get(index.map, key, arena, NULL))
			index = cel_map_insert(index.map, key, cel_int(i), arena);
	}
	return index;
}

bool cel_list_equal_keyed(const struct cel_list *a, const struct cel_list *b, struct arena *arena)
{
	struct cel_value index = index_of(a, a, arena), others = index_of(a, b, arena), place;

	if (index.map->len != others.map->len)
		return false;
	for (uint32_t i = 0; i < b->len; i++) {
		struct cel_value item = cel_list_item(b, i, arena);

		if (!index.map->get(index.map, key_of(a, item, arena), arena, &place) ||
		    !cel_value_equal(cel_list_item(a, (uint32_t)place.integer, arena), item, arena))
			return false;
	}
	return true;
}

struct cel_value cel_list_merge(const struct cel_list *a, const struct cel_list *b,
				struct arena *arena)
{
	struct cel_value index = index_of(a, a, arena), place, out;
	struct cel_value *items = arena_alloc(arena, ((size_t)a->len + b->len + 1) * sizeof *items);
	struct cel_list list;
	uint32_t len = a->len;

	for (uint32_t i = 0; i < a->len; i++)
		items[i] = cel_list_item(a, i, arena);
	for (uint32_t i = 0; i < b->len; i++) {
		struct cel_value item = cel_list_item(b, i, arena);

		if (index.map->get(index.map, key_of(a, item, arena), arena, &place))
			items[place.integer] = item;
		else
			items[len++] = item;
	}
	out = cel_list_make(arena, items, len);
	list = *out.list;
	list.keyed = a->keyed;
	list.keys = a->keys;
	list.key_count = a->key_count;
	out.list = arena_copy(arena, &list, sizeof list);
	return out;
}
