/*
 * Replicas: as many pods of one template as somebody asks for. What ReplicaSets and ReplicationControllers share.
 *
 * Too few: pods are created; too many: those go first whose loss costs the least (upstream's order of ranks).
 */
#ifndef ACTORS_CONTROLLER_WORKLOAD_REPLICAS_H
#define ACTORS_CONTROLLER_WORKLOAD_REPLICAS_H

#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "datastore/schema/core.h"
#include "datastore/schema/meta.h"

/* Who asks for what; borrowed from the world. */
struct replicas {
	const struct type *type; /* of the owner */
	const struct meta_object_meta *owner;
	const struct meta_label_selector *selector;
	const struct core_pod_template_spec *template;
	int32_t wanted, min_ready_seconds;
};

struct replica_counts {
	int32_t pods, labelled, ready, available, terminating;
	const char *
	    failure; /* FailedCreate or FailedDelete when the last turn could not do what it wanted; else NULL */
	struct str message;
};

/* Takes and lets go, and counts; asks to be called again when time alone will make a pod available. */
struct records replicas_look(const struct replicas *r, const struct world *world, struct plan *plan,
			     struct replica_counts *out);
/* Creates or deletes, at most upstream's burst of 500, and tells about it. */
void replicas_move(const struct replicas *r, const struct world *world, struct plan *plan,
		   struct records pods);

#endif
