/*
 * Levels and schemas: what the FlowSchemas and PriorityLevelConfigurations of the cluster come to, at this server.
 *
 * Read anew as a whole when one of them has changed. A level that is gone goes on until nobody runs or waits in it; a schema whose level is
 * not there is as if it were not. The four mandatory ones are there whether somebody has made them or not. Seats are divided by shares,
 * and lent every LEVELS_LEND_MS to levels that want more. Only for actors/server, on its actor; bounded by what the store has.
 */
#ifndef ACTORS_SERVER_FLOW_LEVEL_H
#define ACTORS_SERVER_FLOW_LEVEL_H

#include "actors/server/flow/fair-queue.h"
#include "actors/server/flow/flow-schema.h"
#include "datastore/object/object.h"
#include "runtime/base/base.h"

#define LEVELS_LEND_MS 10000
#define LEVEL_RETRY_MAX_S 32U
#define LEVEL_BUCKETS 14U
#define LEVEL_VERBS (VERB_PROXY + 1U)

enum level_refusal {
	LEVEL_QUEUE_FULL,
	LEVEL_NO_SEAT,
	LEVEL_TIME_OUT,
	LEVEL_CANCELLED,
	LEVEL_REFUSALS
};
extern const char *const level_refusal_names[LEVEL_REFUSALS];

/* How many values were below which bound (flow-measure.c), and their sum. */
struct level_tally {
	double sum;
	uint32_t counts[LEVEL_BUCKETS];
};

/* Named by its FlowSchema and its level: with another level it is another. */
struct level_schema {
	struct list link;
	const struct object *object; /* NULL: a mandatory one that nobody has made */
	struct str name, uid;
	int32_t precedence;
	struct level *level;
	bool is_current;
	uint32_t tickets; /* that are out */
	struct fair_counts counts;
	uint64_t dispatched, refused[LEVEL_REFUSALS];
	struct level_tally waits[2]; /* of those refused, and of those served */
	struct level_tally runs[LEVEL_VERBS], lengths, widths, watchers;
};

struct level {
	struct list link;
	const struct object *object;
	struct str name, uid;
	struct fair_queue queue;
	bool is_exempt, is_current; /* the latter: else it is gone, and goes when it is idle */
	int32_t shares, lendable_percent, borrowing_percent; /* the last -1: no limit */
	uint32_t hand_size;
	uint32_t nominal, least, most, current; /* seats */
	double target;
	uint32_t width_max; /* seats of one request; 0: not said */
	uint64_t refused;
	/* How long who is refused is told to wait: longer the more there are (KEP-1040). */
	struct {
		int64_t second, moved;
		uint32_t past[LEVEL_RETRY_MAX_S + 1]; /* refused, by second */
		uint32_t after_s;
	} retry;
};

struct cache;

struct levels {
	uint32_t seats; /* of the server */
	struct list levels, schemas;
	struct level_schema **order; /* those that count, as they are asked */
	uint32_t order_len, order_cap;
	struct level_schema *last; /* catch-all */
	uint64_t seen[2];
	uint32_t nominal_sum;
	double fair_fraction;
	struct mono lent;
	struct list *ready;
};

void levels_init(struct levels *levels, uint32_t seats, struct list *ready, struct mono now);
void levels_fini(struct levels *levels);
/* Looks whether something changed. Caches may be NULL: there are no such kinds. */
void levels_refresh(struct levels *levels, struct cache *schemas, struct cache *configurations,
		    struct mono now);
/* Now and then: lends seats, and lets go of what is over. */
void levels_tick(struct levels *levels, struct mono now);
struct level_schema *levels_match(const struct levels *levels, const struct flow_asked *asked);
struct str level_schema_distinguisher(const struct level_schema *schema,
				      const struct flow_asked *asked);
/* One of its tickets is back. */
void level_schema_done(struct level_schema *schema);

/* Somebody was refused just now: how long it should wait. */
uint32_t level_retry_after(struct level *level, struct mono now);

#endif
