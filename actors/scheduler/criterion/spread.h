/*
 * Spreading: the constraints that say how evenly the pods of a set lie over zones and hosts. Shared by the filter and the score of
 * PodTopologySpread.
 */
#ifndef ACTORS_SCHEDULER_CRITERION_SPREAD_H
#define ACTORS_SCHEDULER_CRITERION_SPREAD_H

#include "actors/controller/world.h"
#include "actors/scheduler/snapshot/node-info.h"
#include "actors/scheduler/snapshot/pod-info.h"
#include "datastore/object/selector.h"
#include "runtime/base/base.h"

struct spread_constraint {
	struct str topology_key;
	struct selector pods;
	uint64_t bits; /* pod_term_bits() of it */
	int32_t max_skew, min_domains;
	bool honours_affinity,
	    honours_taints; /* nodes that the pod cannot use anyway do not count */
	bool is_host;       /* the key is kubernetes.io/hostname */
};

struct spread {
	struct spread_constraint *at;
	uint32_t len;
	bool is_default; /* not the pod's own: nodes without all the keys take part */
};

/* The pod's constraints with that whenUnsatisfiable; of ScheduleAnyway the cluster's defaults if it has none at all. */
struct spread spread_of_pod(const struct pod_info *pod, const struct world *world,
			    const char *when_unsatisfiable, struct arena *arena);
/* Whether the node takes part: it has all the keys. */
bool spread_includes(const struct spread *spread, const struct core_node *node);
/* Whether the constraint counts this node's pods at all. */
bool spread_counts(const struct spread_constraint *constraint, const struct core_pod *pod,
		   const struct core_node *node);
/* How many pods of the node the constraint means, in that namespace; those being deleted are passed over. */
int64_t spread_count(const struct spread_constraint *constraint, const struct node_info *node,
		     struct str namespace);

#endif
