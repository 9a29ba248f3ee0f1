/*
 * Assigning: whether a value of one type may stand where another is asked for, and what that says about types that are still open.
 *
 * For the checker. Open types are parameters; what is known of them is kept in a substitution that can be set back to a mark.
 */
#ifndef DATASTORE_CEL_CHECK_ASSIGN_H
#define DATASTORE_CEL_CHECK_ASSIGN_H

#include "datastore/cel/value/type.h"

/* What an open type means. The newest entry counts; `before` is the one it took the place of. */
struct assign_entry {
	uint32_t id, before;
	const struct cel_type *type;
};

struct assign {
	struct arena *arena;
	struct assign_entry *at;
	uint32_t *latest; /* by the number of an open type: place + 1 of its entry */
	uint32_t len, cap;
	uint32_t fresh, fresh_cap; /* open types that were made */
};

const struct cel_type *assign_fresh(struct assign *known); /* a new open type */
/* All pairs together, or none: then nothing is learned. */
bool assign_all(struct assign *known, const struct cel_type *const *from,
		const struct cel_type *const *to, uint32_t count);
/* With what is known put in; what is open becomes dyn if `is_last`. */
const struct cel_type *assign_resolve(const struct assign *known, const struct cel_type *type,
				      bool is_last);
/* The one of two types, which go together, that says less. */
const struct cel_type *assign_general(const struct cel_type *a, const struct cel_type *b);

#endif
