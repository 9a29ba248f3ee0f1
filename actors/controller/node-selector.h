/*
 * Node selectors: which nodes a pod, a volume or a constraint means. Pure functions over records, nothing is parsed ahead.
 *
 * A term with an operator that does not exist, or a comparison with what is no number, matches no node (upstream ignores such errors).
 */
#ifndef ACTORS_CONTROLLER_NODE_SELECTOR_H
#define ACTORS_CONTROLLER_NODE_SELECTOR_H

#include "datastore/schema/core.h"
#include "runtime/base/base.h"

/* All requirements of the term hold; an empty term matches nothing. */
bool node_selector_term_matches(const struct core_node_selector_term *term,
				const struct core_node *node);
/* Any term matches. */
bool node_selector_matches(const struct core_node_selector *selector, const struct core_node *node);
/* The pod's own: spec.nodeSelector and the required node affinity. */
bool node_selector_allows(const struct core_pod *pod, const struct core_node *node);
bool node_selector_is_in(struct str value, const struct str_list *values);

#endif
