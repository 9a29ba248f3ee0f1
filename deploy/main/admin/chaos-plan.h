/*
 * What a ChaosPlan wants next, and what its status says about what was done. Pure: records in, decisions out; admin-chaos.c acts.
 */
#ifndef DEPLOY_MAIN_ADMIN_CHAOS_PLAN_H
#define DEPLOY_MAIN_ADMIN_CHAOS_PLAN_H

#include "datastore/object/object.h"
#include "datastore/schema/troupe.h"
#include "deploy/main/admin/overview.h"

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

/* * is any text, ? any letter. */
bool chaos_matches(struct str pattern, struct str name);
/* Whether the plan means this one: its level, one of its names, its labels. */
bool chaos_means(const struct troupe_chaos_plan *plan, const struct object *actor,
		 struct arena *arena);
/* Whether the cluster goes on without the one that this fault hits, whatever the plan allows. */
bool chaos_can_bear(const struct overview *overview, struct str fault,
		    const struct troupe_actor *actor);

/* ---- what is noted, in a record that is being made ------------------------------------------------------------- */

void chaos_note_begin(struct troupe_chaos_plan *plan, struct arena *arena, struct wall now);
void chaos_note_injection(struct troupe_chaos_plan *plan, struct arena *arena, struct str target,
			  struct wall now);
void chaos_note_outage(struct troupe_chaos_plan *plan, struct arena *arena, const char *what,
		       int64_t ms);
void chaos_note_end(struct troupe_chaos_plan *plan, struct arena *arena, const char *phase,
		    struct wall now);
/* False: it said so already. */
bool chaos_note_condition(struct troupe_chaos_plan *plan, struct arena *arena, struct wall now,
			  const char *type, bool holds, const char *reason, struct str message);

#endif
