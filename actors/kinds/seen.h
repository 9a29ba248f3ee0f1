/*
 * A set of strings in an arena: what was seen before, and where. For rules about names that have to be unique or known.
 *
 * An object may hold a hundred thousand names that its sender chose, so looking through those before is no way. Strings are borrowed;
 * there is no removal; never more entries than the object has elements.
 */
#ifndef ACTORS_KINDS_SEEN_H
#define ACTORS_KINDS_SEEN_H

#include "runtime/base/base.h"

struct seen {
	struct arena *arena;
	struct seen_slot *slots; /* open addressing */
	uint32_t len, cap;       /* cap is 0 or a power of two */
};

struct seen seen_in(struct arena *arena);
/* True if it is new; afterwards it is not. */
bool seen_add(struct seen *seen, struct str name);
/* The same, and remembers a place; of a name that is there already the first place stays. */
bool seen_put(struct seen *seen, struct str name, uint32_t place);
bool seen_has(const struct seen *seen, struct str name);
int64_t seen_find(const struct seen *seen, struct str name); /* its place; -1: not there */

#endif
