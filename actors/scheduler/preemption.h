/*
 * Preemption: which pods would have to go so that a more important one fits, on the node where that costs least.
 *
 * Only looks; the scheduler's actor carries it out. Upstream's DefaultPreemption: pods of lower priority on one node, as few and as
 * unimportant as possible, budgets of disruption respected where there is a choice.
 */
#ifndef ACTORS_SCHEDULER_PREEMPTION_H
#define ACTORS_SCHEDULER_PREEMPTION_H

#include "actors/scheduler/cycle.h"
#include "runtime/base/base.h"

struct preemption {
	const struct node_info *node; /* NULL: it does not help */
	struct pod_info **victims;    /* most important first; in the cycle's arena */
	uint32_t victim_count;
	bool is_void;    /* a promise that the pod has is worth nothing any more */
	struct str word; /* for the end of the pod's message */
	uint32_t cost;   /* how often filters were asked */
};

/* For a cycle that found no node. The snapshot is as before when it returns. */
void preemption_run(struct cycle *cycle, struct preemption *out);

#endif
