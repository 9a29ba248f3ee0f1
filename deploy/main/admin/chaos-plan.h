/*
 * What a ChaosPlan wants next, and what its status says about what was done. Pure: records in, decisions out; admin-chaos.c acts.
 */
#ifndef DEPLOY_MAIN_ADMIN_CHAOS_PLAN_H
#define DEPLOY_MAIN_ADMIN_CHAOS_PLAN_H

#include "datastore/schema/troupe.h"
#include "deploy/main/admin/admin.h"
#include "deploy/main/admin/chaos-target.h"

enum chaos_want {
	CHAOS_NOTHING, /* it is over, or there is time yet */
	CHAOS_MEASURE, /* a fault was done by somebody who could not say what it cost */
	CHAOS_BEGIN,
	CHAOS_INJECT,
	CHAOS_COMPLETE,
};

/* `is_due`: the time between two faults is over, as whoever acts has drawn it. */
enum chaos_want chaos_want(const struct troupe_chaos_plan *plan, struct wall now, bool is_due);
bool chaos_is_over(const struct troupe_chaos_plan *plan);

/* What the node of that target is asked to do. */
struct admin_fault chaos_fault(const struct troupe_chaos_plan *plan,
			       const struct chaos_target *target);
/* 0: it is over in the moment in which it is done. */
uint32_t chaos_lasts_ms(const struct troupe_chaos_plan *plan);
/* Until then its last fault may still be going on; the beginning of time: there was none. */
struct wall chaos_last_until(const struct troupe_chaos_plan *plan);

/* ---- whose turn it is -------------------------------------------------------------------------------------------- */

/*
 * Faults are done one at a time, so plans that are due wait for each other, and one whose target is not there just then has lost a
 * turn that it did not have. Of those that are due the one with the fewest turns is first: whoever lost some has them back
 * when it can. Nobody collects more than CHAOS_CREDIT, so that one that had nobody to strike for an hour does not keep others
 * waiting for another; and who is new begins with as many as whoever has fewest. One that another leader has begun is not new: its status
 * says how many it had, or those that had none would have to be lucky under each leader again.
 */
#define CHAOS_PLANS 16U /* acted upon at once; others wait */
#define CHAOS_CREDIT 2U
#define CHAOS_NEW UINT64_MAX

struct chaos_turn {
	uint64_t plan; /* hash of its uid; 0: free */
	uint64_t had;
	uint32_t misses; /* in a row */
	struct mono due; /* 0: not drawn yet */
};

struct chaos_turns {
	struct chaos_turn at[CHAOS_PLANS];
};

/* Made if it is not there, with `had`; NULL: there are too many. */
struct chaos_turn *chaos_turn_of(struct chaos_turns *turns, uint64_t plan, uint64_t had);
uint64_t chaos_had(const struct troupe_chaos_plan *plan); /* CHAOS_NEW: nobody has begun it */
void chaos_turn_forget(struct chaos_turns *turns, uint64_t plan);
void chaos_turn_had(struct chaos_turns *turns, struct chaos_turn *turn);
/* It had nobody to strike, or nobody who could be spared: it is due again, later each time. */
void chaos_turn_missed(struct chaos_turn *turn, struct mono now);
/*
 * Of two plans that want something. Only a fault is a turn: whatever else there is to do comes first, and before all of it to say what
 * the last one cost where somebody else did it, since until then the time that passes counts.
 */
bool chaos_turn_is_before(const struct chaos_turn *a, enum chaos_want a_want,
			  const struct chaos_turn *b, enum chaos_want b_want);

/* ---- what is noted, in a record that is being made ------------------------------------------------------------- */

void chaos_note_begin(struct troupe_chaos_plan *plan, struct arena *arena, struct wall now);
void chaos_note_injection(struct troupe_chaos_plan *plan, struct arena *arena, struct str target,
			  struct wall now);
void chaos_note_struck(struct troupe_chaos_plan *plan, struct arena *arena, uint64_t struck);
void chaos_note_outage(struct troupe_chaos_plan *plan, struct arena *arena, const char *what,
		       int64_t ms);
void chaos_note_end(struct troupe_chaos_plan *plan, struct arena *arena, const char *phase,
		    struct wall now);
/* False: it said so already. */
bool chaos_note_condition(struct troupe_chaos_plan *plan, struct arena *arena, struct wall now,
			  const char *type, bool holds, const char *reason, struct str message);

#endif
