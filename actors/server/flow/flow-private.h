/*
 * What the files of the room share. Only for actors/server/flow.
 */
#ifndef ACTORS_SERVER_FLOW_FLOW_PRIVATE_H
#define ACTORS_SERVER_FLOW_FLOW_PRIVATE_H

#include "actors/server/flow/flow.h"
#include "actors/server/flow/level.h"

struct flow_ticket {
	struct fair_ticket fair;
	struct list link; /* of those that wait, run or linger */
	struct level_schema *schema;
	struct request *request;
	struct mono until;      /* it waits, or lingers, no longer */
	uint32_t retry_after_s; /* of one that is refused */
	uint32_t body_bytes;
	enum verb verb;
};

struct flow {
	struct levels levels;
	struct list ready; /* fair.link: their turn has come, or they are refused */
	struct list waiting, running, lingering;
	uint32_t waiting_count;
	uint64_t waiting_bytes;
	struct map watches; /* 8 bytes -> how many, as a pointer */
	struct cache *schemas, *configurations;
	uint64_t timer;
	struct mono due; /* of the timer, if there is one */
	struct flow_ticket *spare;
	uint32_t spare_count;
};

/* flow-width.c: how many seats it takes, and for how long after its answer. */
void flow_width(struct flow_ticket *ticket, const struct request *r);

/* flow-measure.c */
enum flow_bounds { FLOW_SECONDS, FLOW_LENGTHS, FLOW_WIDTHS, FLOW_WATCHERS };
void flow_tally(struct level_tally *tally, enum flow_bounds bounds, double value);

#endif
