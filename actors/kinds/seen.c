#include "actors/kinds/seen.h"

#define FIRST_CAP 16U

struct seen_slot {
	struct str name; /* absent: free */
	uint32_t place;
};

struct seen seen_in(struct arena *arena)
{
	return (struct seen){ .arena = arena };
}

/* The slot of the name, or the free one where it belongs. */
static uint32_t slot_of(const struct seen_slot *slots, uint32_t cap, struct str name)
{
	uint32_t at = (uint32_t)hash_str(name) & (cap - 1);

	while (slots[at].name.at != NULL && !str_eq(slots[at].name, name))
		at = (at + 1) & (cap - 1);
	return at;
}

static void grow(struct seen *seen)
{
	uint32_t cap = seen->cap == 0 ? FIRST_CAP : seen->cap * 2;
	struct seen_slot *slots = arena_array(seen->arena, struct seen_slot, cap);

	for (uint32_t i = 0; i < seen->cap; i++)
		if (seen->slots[i].name.at != NULL)
			slots[slot_of(slots, cap, seen->slots[i].name)] = seen->slots[i];
	seen->slots = slots;
	seen->cap = cap;
}

bool seen_put(struct seen *seen, struct str name, uint32_t place)
{
	struct seen_slot *slot;

	if (seen->len * 4 >= seen->cap * 3)
		grow(seen);
	slot = &seen->slots[slot_of(seen->slots, seen->cap, name)];
	if (slot->name.at != NULL)
		return false;
	*slot = (struct seen_slot){ name.at != NULL ? name : STR(""), place };
	seen->len++;
	return true;
}

bool seen_add(struct seen *seen, struct str name)
{
	return seen_put(seen, name, 0);
}

int64_t seen_find(const struct seen *seen, struct str name)
{
	const struct seen_slot *slot;

	if (seen->cap == 0)
		return -1;
	slot = &seen->slots[slot_of(seen->slots, seen->cap, name)];
	return slot->name.at != NULL ? (int64_t)slot->place : -1;
}

bool seen_has(const struct seen *seen, struct str name)
{
	return seen_find(seen, name) >= 0;
}
