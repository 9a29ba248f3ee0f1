/*
 * A set of strings in an arena: what was seen before. For rules about names that have to be unique.
 *
 * An object may hold a hundred thousand names that its sender chose, so looking through those before is no way. Strings are borrowed;
 * there is no removal; never more entries than the object has elements.
 */
#ifndef ACTORS_KINDS_SEEN_H
#define ACTORS_KINDS_SEEN_H

#include "runtime/base/base.h"

struct seen {
	struct arena *arena;
	struct str *slots; /* open addressing; absent: free */
	uint32_t len, cap; /* cap is 0 or a power of two */
};

struct seen seen_in(struct arena *arena);
/* True if it is new; afterwards it is not. */
bool seen_add(struct seen *seen, struct str name);
bool seen_has(const struct seen *seen, struct str name);

#endif
