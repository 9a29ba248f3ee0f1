/*
 * One key's turn: from the writes of its plan to the moment when the caches have seen them.
 *
 *     SENDING ──all answered──> SETTLING ──caches passed the writes──> (ended)
 *        └──refused, failed, late──────────────────────────────────────> (ended, to be retried)
 *
 * Belongs to a runner; at most RUN_MAX of them at once. Creates that follow one another go out in batches
 * that double while they succeed and stop at the first failure, deletes all at once, anything else one by one.
 */
#ifndef ACTORS_CONTROLLER_RUN_H
#define ACTORS_CONTROLLER_RUN_H

#include "actors/controller/caches.h"
#include "actors/controller/plan-private.h"
#include "runtime/actor/act.h"
#include "runtime/base/base.h"

#define RUN_MAX 64U
#define RUN_TYPES_MAX 8U

enum run_state { RUN_FREE, RUN_SENDING, RUN_SETTLING, RUN_DONE, RUN_FAILED };

struct run_seen {
	const struct type *type;
	uint64_t revision;
};

struct run {
	enum run_state state;
	struct arena *arena;
	struct str key;
	struct plan plan;
	uint64_t number;        /* tells answers of an earlier run in the same slot apart */
	uint32_t next, waiting; /* the write to be sent next; requests under way */
	uint32_t batch;         /* how many creates may be under way */
	enum status outcome;    /* the first failure */
	struct fault why;
	struct mono settle_until;
	struct run_seen written[RUN_TYPES_MAX];
	uint32_t written_count;
};

/* Who sends: as in api_call. */
struct run_sender {
	const char *api, *user;
	uint64_t term;
	uint32_t slot; /* part of the tags of its requests */
};

/* Sends what may be sent now; moves on to SETTLING, DONE or FAILED. */
void run_go(struct run *run, struct act *act, const struct run_sender *sender);
/* Takes an answer to one of its requests; false: it was not for this run. */
bool run_answered(struct run *run, struct act *act, const struct run_sender *sender,
		  const struct act_msg *msg);
/* In SETTLING: DONE when the caches have seen all writes, or when waiting longer would be of no use. */
void run_settle(struct run *run, const struct caches *caches, struct mono now);

/* The slot that an answer is for; UINT32_MAX: of no run. */
uint32_t run_slot_of(uint64_t tag);

#endif
