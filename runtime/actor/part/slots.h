/*
 * A table of items of one size, each found by index and generation: a stale pair finds nothing.
 *
 * An item begins with a `struct slot`. Its memory never moves and is only ever used for items of the same table, so a
 * pointer to one that was given back may be read, and its generation tells. Bounded by the `limit` it is made with.
 */
#ifndef RUNTIME_ACTOR_PART_SLOTS_H
#define RUNTIME_ACTOR_PART_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"

#define SLOTS_SLAB 64U

struct slot {
	uint32_t index;
	uint32_t gen; /* odd: in use */
	uint32_t next_free;
};

struct slots {
	char **slabs;
	uint32_t slab_count, slab_cap;
	uint32_t item_bytes, limit;
	uint32_t made, used;
	uint32_t first_free; /* index + 1; 0: none */
};

void slots_init(struct slots *slots, size_t item_bytes, uint32_t limit);
void slots_fini(struct slots *slots);

/* A cleared item in its next generation; NULL at the limit. */
void *slots_take(struct slots *slots);
void slots_give(struct slots *slots, void *item);

static inline struct slot *slots_at(const struct slots *slots, uint32_t index)
{
	return (struct slot *)(void *)(slots->slabs[index / SLOTS_SLAB] +
				       (size_t)(index % SLOTS_SLAB) * slots->item_bytes);
}

static inline void *slots_get(const struct slots *slots, uint32_t index, uint32_t gen)
{
	if (index >= slots->made)
		return NULL;
	struct slot *slot = slots_at(slots, index);
	return slot->gen == gen && (gen & 1) ? slot : NULL;
}

/* Index and generation as one number, never 0. */
static inline uint64_t slots_id(const struct slot *slot)
{
	return (uint64_t)slot->gen << 32 | slot->index;
}

static inline void *slots_find(const struct slots *slots, uint64_t id)
{
	return slots_get(slots, (uint32_t)id, (uint32_t)(id >> 32));
}

#endif
