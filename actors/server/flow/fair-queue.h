/*
 * A fair queue: whose turn it is among the requests of one priority level (KEP-1040, "Fair Queuing for Server Requests").
 *
 * A level has seats. A ticket takes as many as it is wide, for as long as it runs, and may linger on them. Where none are free it
 * waits in a lane, chosen among a hand of them that its flow is always dealt, so that one that floods fills its own hand and few
 * others'. Of the lanes the one goes first that would be done first, had all lanes been served evenly in seats and seconds.
 *
 * Knows nothing of requests; the caller gives the time and owns the tickets. One thread. Bounds: `length_max` waiting tickets a
 * lane, unless the ticket is patient: those are the caller's to bound; a lane is made when it is first needed.
 */
#ifndef ACTORS_SERVER_FLOW_FAIR_QUEUE_H
#define ACTORS_SERVER_FLOW_FAIR_QUEUE_H

#include "actors/server/flow/demand.h"
#include "actors/server/flow/share.h"
#include "runtime/base/base.h"

#define FAIR_HAND_MAX 15U    /* what 60 bits of a hash can deal */
#define FAIR_SERVICE_S 0.003 /* how long a request takes, as far as is known when it begins */

struct fair_limits {
	bool is_exempt;     /* nobody waits and nobody is refused */
	uint32_t lanes;     /* 0: nobody waits */
	uint32_t hand_size; /* 1 to FAIR_HAND_MAX, at most `lanes` */
	uint32_t length_max;
	uint32_t seats;
	uint32_t nominal; /* seats by its own shares, which others may have borrowed; only told of */
};

/* What tickets of one kind add up to. */
struct fair_counts {
	uint32_t waiting, running, seats_waiting, seats;
	uint64_t unroomed; /* that were next, and too wide for the seats left */
};

enum fair_state { FAIR_NEW, FAIR_WAITS, FAIR_RUNS, FAIR_LINGERS, FAIR_OVER };

struct fair_ticket {
	struct list
	    link; /* of its lane; then of those whose turn came (fair_queue_init); then the owner's */
	struct fair_queue *queue;
	struct fair_lane *lane; /* NULL: it does not need to wait in any */
	struct fair_counts *counts;
	uint32_t seats, final_seats; /* while it runs; while it lingers */
	int64_t linger_ns;
	bool is_patient;
	enum fair_state state;
	struct mono arrived, started;
	double arrived_r;
};

struct fair_queue {
	struct fair_limits limits;
	struct map lanes; /* 4 bytes of its number -> struct fair_lane */
	struct list busy; /* lanes in which somebody waits */
	struct list *ready;
	uint32_t waiting, running, lingering, seats_waiting, seats_used;
	uint32_t active; /* lanes in which somebody waits or runs */
	uint32_t robin;  /* the lane that was served last */
	uint64_t entered;
	double r; /* seat-seconds that each active lane could have had */
	double dispatched_r, latest_s, next_s_min, next_s_max, discounted_min, discounted_max;
	struct mono at;
	struct demand demand;
	struct share_times times;
};

/* Tickets that stop waiting since it is their turn are put into `ready`; a ticket that need not wait is not. */
void fair_queue_init(struct fair_queue *queue, struct list *ready, struct mono now);
void fair_queue_fini(struct fair_queue *queue); /* its tickets were the caller's to end */
/* Those who wait may go on if there is more room now. */
void fair_queue_configure(struct fair_queue *queue, const struct fair_limits *limits,
			  struct mono now);

/* FAIR_RUNS or FAIR_WAITS, which is its state now; FAIR_OVER: there is no place for it. Its width, counts and patience are set. */
enum fair_state fair_queue_enter(struct fair_queue *queue, struct fair_ticket *ticket,
				 uint64_t flow, struct mono now);
/* It waits no more, or has run. FAIR_LINGERS: fair_queue_release is to be called after linger_ns; else FAIR_OVER. */
enum fair_state fair_queue_leave(struct fair_ticket *ticket, struct mono now);
void fair_queue_release(struct fair_ticket *ticket, struct mono now);

bool fair_queue_is_idle(const struct fair_queue *queue);
/* For how long it was how full, up to now. */
struct share_times fair_queue_times(const struct fair_queue *queue, struct mono now);

/* ---- to be looked at ----------------------------------------------------------------------------------------- */

struct fair_lane {
	struct list link; /* of the busy ones */
	struct list tickets;
	uint32_t number, waiting, running, seats, seats_waiting, first_seats_waiting;
	double work; /* seat-seconds of those that wait */
	double next_r;
};

struct fair_lane *fair_queue_lane(const struct fair_queue *queue,
				  uint32_t number); /* NULL: it was never needed */

#endif
