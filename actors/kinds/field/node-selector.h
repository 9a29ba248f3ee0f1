/*
 * Node selectors: which nodes a pod or a volume may be on.
 */
#ifndef ACTORS_KINDS_FIELD_NODE_SELECTOR_H
#define ACTORS_KINDS_FIELD_NODE_SELECTOR_H

#include "actors/kinds/kind.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/core.h"

/* Values that are no labels may be tolerated: preferences always had them, stored requirements may. */
bool node_selector_check(const struct path *at, const struct core_node_selector *selector,
			 bool allows_bad_values);
bool node_selector_check_term(const struct path *at, const struct core_node_selector_term *term,
			      bool allows_bad_values);

/* What to say about a label of nodes that has another name today; NULL: nothing. */
const char *node_selector_label_words(struct str key);
void node_selector_warn(struct kind_change *change, const struct path *at,
			const struct core_node_selector_term *term, bool judges_values);
void node_selector_warn_affinity(struct kind_change *change, const struct path *at,
				 const struct core_node_affinity *affinity);

#endif
