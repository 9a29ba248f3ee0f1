/*
 * One key's turn: from the writes of its plan to the moment when the caches have seen them.
 *
 *     SENDING ──all answered, or one refused──> SETTLING ──caches passed the writes──> DONE or FAILED
 *
 * Also what failed in the middle settles first: the next turn must see what the first half made. Belongs to a runner;
 * at most RUN_MAX of them at once. Creates that follow one another go out in batches that double while they succeed and
 * stop at the first failure, deletes all at once, anything else one by one.
 */
#ifndef ACTORS_CONTROLLER_RUN_H
#define ACTORS_CONTROLLER_RUN_H

#include "actors/controller/caches.h"
#include "actors/controller/figures/figures.h"
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
	uint32_t batch,
	    batched; /* so many creates may go out before the first of them is answered; so many have */
	enum status outcome; /* the first failure */
	struct fault why;
	const struct plan_write *refused; /* by the server; NULL: none was */
	uint32_t made;                    /* so many writes of the plan, without a gap */
	uint32_t told;                    /* events of the plan that were written */
	struct mono settle_until;
	struct run_seen written[RUN_TYPES_MAX]; /* what the caches have to pass */
	uint32_t written_count;
	bool is_late;                 /* settling took too long */
	struct world_answer *answers; /* to what its plans have asked */
	uint32_t answer_count;
	uint32_t rounds; /* plans of this turn that asked */
};

/* Who sends: as in api_call. */
struct run_sender {
	const char *api, *user;
	uint64_t term;
	uint32_t slot; /* part of the tags of its requests */
};

/* Sends what may be sent now; moves on to SETTLING, DONE or FAILED. */
void run_go(struct run *run, struct act *act, const struct run_sender *sender);
/* The key is looked at again with what its plan asked: all that belongs to that plan is forgotten. */
void run_again(struct run *run, uint64_t number);
void run_give_up(struct run *run);
/* What is counted of the request that this answers; of another run: of one like it. */
struct figures_call run_figure(const struct run *run, struct act *act, const struct act_msg *msg);
/* Takes an answer to one of its requests; false: it was not for this run. */
bool run_answered(struct run *run, struct act *act, const struct run_sender *sender,
		  const struct act_msg *msg);
/* In SETTLING: on to the end when the caches have seen all writes, or when waiting longer would be of no use. */
void run_settle(struct run *run, struct caches *caches, struct mono now);
/* In SETTLING: the kinds whose caches have not come far enough, one a call, `at` being 0 at first; NULL past the last. */
const struct type *run_lags(const struct run *run, struct caches *caches, uint32_t *at);
/* The next event whose writes have been made; NULL: none now. */
const struct plan_event *run_event(struct run *run);

/* The slot that an answer is for; UINT32_MAX: of no run. */
uint32_t run_slot_of(uint64_t tag);

#endif
