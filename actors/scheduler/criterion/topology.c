#include "actors/scheduler/criterion/topology.h"

#define ROWS_MIN 8U

void topology_init(struct topology *topology, struct arena *arena)
{
	*topology = (struct topology){ .arena = arena };
}

static uint64_t hash_of(struct str key, struct str value)
{
	return hash_mix(hash_str(key), hash_str(value));
}

static uint32_t *slot_of(const struct topology *topology, uint64_t hash, struct str key,
			 struct str value)
{
	uint32_t at = (uint32_t)hash & (topology->index_cap - 1);

	for (;; at = (at + 1) & (topology->index_cap - 1)) {
		const struct topology_row *row;

		if (topology->index[at] == 0)
			return &topology->index[at];
		row = &topology->rows[topology->index[at] - 1];
		if (row->hash == hash && str_eq(row->value, value) && str_eq(row->key, key))
			return &topology->index[at];
	}
}

static void grow(struct topology *topology)
{
	uint32_t cap = topology->cap ? 2 * topology->cap : ROWS_MIN;

	topology->rows =
	    arena_grow(topology->arena, topology->rows, topology->cap * sizeof *topology->rows,
		       cap * sizeof *topology->rows);
	topology->cap = cap;
	topology->index_cap = 2 * cap;
	topology->index = arena_array(topology->arena, uint32_t, topology->index_cap);
	for (uint32_t i = 0; i < topology->len; i++) {
		const struct topology_row *row = &topology->rows[i];

		*slot_of(topology, row->hash, row->key, row->value) = i + 1;
	}
}

struct topology_row *topology_find(const struct topology *topology, struct str key, struct str value)
{
	uint32_t place;

	if (topology->len == 0)
		return NULL;
	place = *slot_of(topology, hash_of(key, value), key, value);
	return place ? &topology->rows[place - 1] : NULL;
}

static void note_key(struct topology *topology, struct str key)
{
	struct str_list *keys = &topology->keys;

	if (str_list_has(*keys, key))
		return;
	keys->at = arena_grow(topology->arena, keys->at, keys->len * sizeof key,
			      (keys->len + 1) * sizeof key);
	keys->at[keys->len++] = key;
}

struct topology_row *topology_row(struct topology *topology, struct str key, struct str value)
{
	uint64_t hash = hash_of(key, value);
	uint32_t *slot;

	if (topology->len == topology->cap)
		grow(topology);
	slot = slot_of(topology, hash, key, value);
	if (*slot == 0) {
		topology->rows[topology->len] = (struct topology_row){ key, value, hash, 0 };
		*slot = ++topology->len;
		note_key(topology, key);
	}
	return &topology->rows[*slot - 1];
}
