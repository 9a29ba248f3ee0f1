/*
 * Counts by place: how many of something there are for each value of a node label (a zone, a host).
 *
 * Made for one cycle in its arena. Keys and values are borrowed. O(1) a look-up; walking goes in order of insertion.
 */
#ifndef ACTORS_SCHEDULER_CRITERION_TOPOLOGY_H
#define ACTORS_SCHEDULER_CRITERION_TOPOLOGY_H

#include "datastore/schema/type.h"
#include "runtime/base/base.h"

struct topology_row {
	struct str key, value;
	uint64_t hash;
	int64_t count;
};

struct topology {
	struct arena *arena;
	struct topology_row *rows;
	uint32_t len, cap;
	uint32_t *index; /* open addressing: place in rows + 1 */
	uint32_t index_cap;
	struct str_list keys; /* the different ones */
};

void topology_init(struct topology *topology, struct arena *arena);
/* The row of that pair, made with 0 if it is new. Borrowed until the next is made. */
struct topology_row *topology_row(struct topology *topology, struct str key, struct str value);
/* NULL: there is none. */
struct topology_row *topology_find(const struct topology *topology, struct str key,
				   struct str value);

#endif
