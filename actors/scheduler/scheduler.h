/*
 * The scheduler: the actor that gives every waiting pod a node.
 *
 * Runs once in the cluster, where the datastore is led, as a sibling of an actor registered `caches` (actors/controller/caches.h). It keeps
 * no state of its own that the caches cannot give again: any trouble it cannot judge ends in a crash and a new start.
 * It handles pods whose spec.schedulerName is default-scheduler, tries them in upstream's order with upstream's filters and
 * scores, and writes bindings with the leader's term, at most WRITER_SLOTS at once. One activation looks at SCHEDULER_SLICE nodes or a
 * little more, a few milliseconds; what is left goes on in the next.
 */
#ifndef ACTORS_SCHEDULER_SCHEDULER_H
#define ACTORS_SCHEDULER_SCHEDULER_H

#include "runtime/actor/act.h"

#define SCHEDULER_SLICE 2000U

struct scheduler_args {
	const char *api;         /* registered name of the API server to talk to */
	uint64_t term;           /* of the leader we act for; writes carry it */
	struct metrics *metrics; /* where it counts; NULL: nowhere */
};
extern const struct act_class scheduler_class;

#endif
