/*
 * Lists of indexes of a Job: 1,3-5,7.
 */
#ifndef ACTORS_KINDS_WORKLOAD_INDEX_LIST_H
#define ACTORS_KINDS_WORKLOAD_INDEX_LIST_H

#include "runtime/base/base.h"

/* How many there are; "" has none. False: it is no list of indexes below `completions`, and `why` says so in upstream's words. */
bool index_list_count(struct arena *arena, struct str text, int32_t completions, int64_t *count,
		      struct str *why);
/* The first index that both lists have; -1: none. What is no interval is passed over. */
int64_t index_list_overlap(struct arena *arena, struct str a, struct str b, int32_t completions);

#endif
