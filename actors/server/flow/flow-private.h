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

/* How many requests wait, and run, that read, and that change something; and for how long that was what part of what there is room for. */
enum flow_phase { FLOW_WAITING, FLOW_EXECUTING };
#define FLOW_PART_BUCKETS 16U
struct flow_parts {
	struct flow_part {
		uint32_t count;
		uint64_t ns[FLOW_PART_BUCKETS];
		double sum;
	} of[2][2]; /* by phase, and whether it changes something */
	struct mono at;
};

struct flow {
	struct levels levels;
	struct flow_parts parts;
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
#define FLOW_WAITING_MAX 10000U /* requests in all lanes together */
void flow_count(struct flow *flow, const struct flow_ticket *ticket, enum flow_phase phase,
		int32_t change, struct mono now);
void flow_tally(struct level_tally *tally, enum flow_bounds bounds, double value);

#endif
