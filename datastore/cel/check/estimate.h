/*
 * Estimating: between what and what the cost of an expression lies, whatever its variables hold.
 *
 * For whoever has to say whether an expression is too expensive before it is used. After check_types() found nothing wrong. Sizes are those that the types of
 * variables allow (`max_size`); what has none is as large as it likes. The figures are upstream's, to the unit: definitions that it takes must be taken.
 */
#ifndef DATASTORE_CEL_CHECK_ESTIMATE_H
#define DATASTORE_CEL_CHECK_ESTIMATE_H

#include "datastore/cel/syntax/node.h"

/* UINT64_MAX is without bounds. */
struct estimate {
	uint64_t min, max;
};

/* `root`: the type of the variable that paths begin at, `self`. Writes into the nodes. */
struct estimate estimate_cost(struct node *root_node, const struct cel_type *root,
			      struct arena *arena);

#endif
