#include "runtime/actor/part/wheel.h"

#include <assert.h>

#define BITS 6U
#define LEVEL_DUE 255U
#define LOOKED_AT 16U /* entries of a slot: whoever goes to sleep asks each time */

void wheel_init(struct wheel *wheel, uint64_t now_ms)
{
	*wheel = (struct wheel){ .now_ms = now_ms };
	list_init(&wheel->due);
	for (unsigned level = 0; level < WHEEL_LEVELS; level++)
		for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
			list_init(&wheel->slots[level][slot]);
}

/* The highest digit (base 64) in which `when` differs from now decides the level. */
static unsigned wheel_level(uint64_t now_ms, uint64_t when_ms)
{
	uint64_t differs = (now_ms ^ when_ms) | (WHEEL_SLOTS - 1);
	unsigned level = (unsigned)(63 - __builtin_clzll(differs)) / BITS;
	return level < WHEEL_LEVELS ? level : WHEEL_LEVELS - 1;
}

void wheel_add(struct wheel *wheel, struct wheel_entry *entry, uint64_t when_ms)
{
	assert(!entry->is_armed);
	entry->when_ms = when_ms;
	entry->is_armed = true;
	if (when_ms <= wheel->now_ms) {
		entry->level = LEVEL_DUE;
		list_push(&wheel->due, &entry->link);
		return;
	}
	unsigned level = wheel_level(wheel->now_ms, when_ms);
	unsigned slot = (unsigned)(when_ms >> (level * BITS)) & (WHEEL_SLOTS - 1);
	/* Beyond the wheel's reach: the last slot to come round, where it is looked at again. */
	if (level == WHEEL_LEVELS - 1 && (when_ms - wheel->now_ms) >> (WHEEL_LEVELS * BITS))
		slot = (unsigned)((wheel->now_ms >> (level * BITS)) - 1) & (WHEEL_SLOTS - 1);
	entry->level = (uint8_t)level;
	entry->slot = (uint8_t)slot;
	list_push(&wheel->slots[level][slot], &entry->link);
	wheel->occupied[level] |= 1ULL << slot;
}

void wheel_remove(struct wheel *wheel, struct wheel_entry *entry)
{
	if (!entry->is_armed)
		return;
	list_remove(&entry->link);
	entry->is_armed = false;
	if (entry->level != LEVEL_DUE && list_is_empty(&wheel->slots[entry->level][entry->slot]))
		wheel->occupied[entry->level] &= ~(1ULL << entry->slot);
}

/* When the next occupied slot of a level begins. */
static uint64_t wheel_level_next(const struct wheel *wheel, unsigned level)
{
	uint64_t occupied = wheel->occupied[level];
	if (!occupied)
		return UINT64_MAX;
	uint64_t digits = wheel->now_ms >> (level * BITS);
	unsigned at = (unsigned)digits & (WHEEL_SLOTS - 1);
	uint64_t turned = at ? occupied >> at | occupied << (WHEEL_SLOTS - at) : occupied;
	unsigned ahead = (unsigned)__builtin_ctzll(turned);
	/* The slot we stand in has been emptied: what it holds is for the next round. */
	return (digits + (ahead ? ahead : WHEEL_SLOTS)) << (level * BITS);
}

static uint64_t wheel_find(const struct wheel *wheel)
{
	uint64_t first = UINT64_MAX;
	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		uint64_t begin = wheel_level_next(wheel, level);
		if (begin < first)
			first = begin;
	}
	return first;
}

/* When the first of that slot's entries is due; of more than a few, when the slot begins. */
static uint64_t wheel_slot_first(const struct wheel *wheel, unsigned level, uint64_t begin_ms)
{
	const struct list *slot =
	    &wheel->slots[level][(begin_ms >> (level * BITS)) & (WHEEL_SLOTS - 1)];
	uint64_t first = UINT64_MAX;
	unsigned seen = 0;
	for (const struct list *link = slot->next; link != slot; link = link->next) {
		const struct wheel_entry *entry = list_item(link, const struct wheel_entry, link);
		if (++seen > LOOKED_AT)
			return begin_ms;
		if (entry->when_ms < first)
			first = entry->when_ms;
	}
	return first;
}

uint64_t wheel_next(const struct wheel *wheel)
{
	uint64_t first = UINT64_MAX;
	if (!list_is_empty(&wheel->due))
		return wheel->now_ms;
	/* Later slots of a level hold what is due later. */
	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		uint64_t begin = wheel_level_next(wheel, level);
		if (begin >= first)
			continue;
		uint64_t due = wheel_slot_first(wheel, level, begin);
		if (due < first)
			first = due;
	}
	return first;
}

/* What is due comes out, the rest finds a finer slot. */
static void wheel_empty(struct wheel *wheel, unsigned level, unsigned slot)
{
	struct list *from = &wheel->slots[level][slot];
	struct list taken;

	list_init(&taken);
	while (!list_is_empty(from)) {
		struct list *link = from->next;
		list_remove(link);
		list_push(&taken, link);
	}
	wheel->occupied[level] &= ~(1ULL << slot);
	while (!list_is_empty(&taken)) {
		struct wheel_entry *entry = list_item(taken.next, struct wheel_entry, link);
		list_remove(&entry->link);
		entry->is_armed = false;
		wheel_add(wheel, entry, entry->when_ms);
	}
}

/* Moves on to a moment at which at least one slot begins; coarse ones first, since their entries are older. */
static void wheel_enter(struct wheel *wheel, uint64_t begin_ms)
{
	wheel->now_ms = begin_ms;
	for (unsigned level = WHEEL_LEVELS; level-- > 0;) {
		unsigned slot = (unsigned)(begin_ms >> (level * BITS)) & (WHEEL_SLOTS - 1);
		bool begins_here = (begin_ms & ((1ULL << (level * BITS)) - 1)) == 0;
		if (begins_here && (wheel->occupied[level] >> slot & 1))
			wheel_empty(wheel, level, slot);
	}
}

struct wheel_entry *wheel_take(struct wheel *wheel, uint64_t now_ms)
{
	while (list_is_empty(&wheel->due)) {
		uint64_t begin = wheel_find(wheel);
		if (begin > now_ms) {
			if (now_ms > wheel->now_ms)
				wheel->now_ms = now_ms;
			return NULL;
		}
		wheel_enter(wheel, begin);
	}
	struct wheel_entry *entry = list_item(wheel->due.next, struct wheel_entry, link);
	list_remove(&entry->link);
	entry->is_armed = false;
	return entry;
}
