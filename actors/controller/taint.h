/*
 * Taints of nodes against tolerations of pods. Pure functions (core/v1 helpers of upstream).
 */
#ifndef ACTORS_CONTROLLER_TAINT_H
#define ACTORS_CONTROLLER_TAINT_H

#include "datastore/schema/core.h"
#include "runtime/base/base.h"

/* The first of the tolerations that covers the taint, or NULL. An empty key or effect of a toleration is any; Lt and Gt need a gate that is off. */
const struct core_toleration *taint_toleration(const struct core_taint *taint,
					       const struct core_toleration_list *tolerations);
bool taint_is_tolerated(const struct core_taint *taint,
			const struct core_toleration_list *tolerations);
/* Whether a pod with these may come to a node with those: no NoSchedule or NoExecute is left uncovered. */
bool taint_allows(const struct core_taint_list *taints,
		  const struct core_toleration_list *tolerations);

#endif
