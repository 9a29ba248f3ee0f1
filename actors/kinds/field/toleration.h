/*
 * Tolerations of pods and taints of nodes.
 */
#ifndef ACTORS_KINDS_FIELD_TOLERATION_H
#define ACTORS_KINDS_FIELD_TOLERATION_H

#include "actors/kinds/rule.h"
#include "datastore/schema/core.h"

/* Operators Lt and Gt belong to a gate that is off: they may be stored already. */
bool toleration_check(const struct path *at, struct core_toleration_list tolerations,
		      bool allows_comparison);
bool toleration_check_taints(const struct path *at, struct core_taint_list taints);

#endif
