/*
 * A timer wheel: entries due at a millisecond, added and removed in constant time.
 *
 * Six levels of 64 slots (the n-th level's slot spans 64^n ms) reach 2^36 ms, two years; what is further is looked at
 * again then. Entries are the owner's memory. Never early: an entry is due when `now` has reached its `when`. Entries
 * come out in the order of `when`; those of one millisecond in a fixed order that depends on nothing but the calls made.
 */
#ifndef RUNTIME_ACTOR_PART_WHEEL_H
#define RUNTIME_ACTOR_PART_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/collection/list.h"

#define WHEEL_LEVELS 6U
#define WHEEL_SLOTS 64U

struct wheel_entry {
	struct list link;
	uint64_t when_ms;
	uint8_t level, slot;
	uint8_t kind; /* the owner's own */
	bool is_armed;
};

struct wheel {
	uint64_t now_ms; /* everything before it has come out */
	uint64_t occupied[WHEEL_LEVELS];
	struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
	struct list due;
};

void wheel_init(struct wheel *wheel, uint64_t now_ms);
void wheel_add(struct wheel *wheel, struct wheel_entry *entry, uint64_t when_ms);
void wheel_remove(struct wheel *wheel, struct wheel_entry *entry); /* fine if it is not armed */
/* One entry that is due at now_ms, no longer armed; NULL: none. */
struct wheel_entry *wheel_take(struct wheel *wheel, uint64_t now_ms);
/*
 * When to call wheel_take next; UINT64_MAX: never. That is when the first entry is due, unless many are due about then: it
 * may have nothing yet in that case.
 */
uint64_t wheel_next(const struct wheel *wheel);

#endif
