/*
 * Sets of completion indexes, as Jobs write them: "1,3-5,7".
 *
 * Kept as ascending intervals that do not touch, in the arena given. What cannot be read is an empty set.
 */
#ifndef ACTORS_CONTROLLER_JOB_INDEX_SET_H
#define ACTORS_CONTROLLER_JOB_INDEX_SET_H

#include "runtime/base/base.h"

struct index_interval {
	int32_t first, last;
};

struct index_set {
	struct arena *arena;
	struct index_interval *at;
	uint32_t len, cap;
};

/* Indexes from `limit` on are left out. */
struct index_set index_set_parse(struct str text, int32_t limit, struct arena *arena);
bool index_set_has(const struct index_set *set, int32_t index);
void index_set_add(struct index_set *set, int32_t index);
/* How many indexes, at most INT32_MAX. */
int32_t index_set_total(const struct index_set *set);
/* How many both have. */
int32_t index_set_common(const struct index_set *a, const struct index_set *b);
struct str index_set_print(const struct index_set *set, struct arena *arena); /* never absent */

#endif
