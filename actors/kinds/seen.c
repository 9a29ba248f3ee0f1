#include "actors/kinds/seen.h"

#define FIRST_CAP 16U

struct seen seen_in(struct arena *arena)
{
	return (struct seen){ .arena = arena };
}

/* The slot of the name, or the free one where it belongs. */
static uint32_t place_of(const struct str *slots, uint32_t cap, struct str name)
{
	uint32_t at = (uint32_t)hash_str(name) & (cap - 1);

	while (slots[at].at != NULL && !str_eq(slots[at], name))
		at = (at + 1) & (cap - 1);
	return at;
}

static void grow(struct seen *seen)
{
	uint32_t cap = seen->cap == 0 ? FIRST_CAP : seen->cap * 2;
	struct str *slots = arena_array(seen->arena, struct str, cap);

	for (uint32_t i = 0; i < seen->cap; i++)
		if (seen->slots[i].at != NULL)
			slots[place_of(slots, cap, seen->slots[i])] = seen->slots[i];
	seen->slots = slots;
	seen->cap = cap;
}

bool seen_add(struct seen *seen, struct str name)
{
	uint32_t place;

	if (seen->len * 4 >= seen->cap * 3)
		grow(seen);
	place = place_of(seen->slots, seen->cap, name);
	if (seen->slots[place].at != NULL)
		return false;
	seen->slots[place] = name.at != NULL ? name : STR("");
	seen->len++;
	return true;
}

bool seen_has(const struct seen *seen, struct str name)
{
	return seen->cap > 0 && seen->slots[place_of(seen->slots, seen->cap, name)].at != NULL;
}
