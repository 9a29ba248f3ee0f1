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
