/*
 * Evaluating: what comes of an expression, and what it cost.
 *
 * For datastore/cel. Expressions are pure: the same values give the same result at the same cost. Bounded by the cost limit, which is looked at after each
 * step, and by the memory limit; a value is made only when it is asked for.
 */
#ifndef DATASTORE_CEL_EVALUATE_EVALUATE_H
#define DATASTORE_CEL_EVALUATE_EVALUATE_H

#include "datastore/cel/syntax/node.h"
#include "runtime/base/collection/map.h"

struct evaluate_task {
	const struct node *root;
	const struct cel_value *variables; /* by slot */
	struct arena *arena;
	struct map *patterns; /* compiled patterns by text, kept between evaluations; NULL: none */
	uint64_t max_cost;
	size_t max_bytes;
};

/* An error value where there is no other. `*cost` is what it took, also then. */
struct cel_value evaluate(const struct evaluate_task *task, uint64_t *cost);

/*
 * fold.c: what is constant becomes a value once and for all, at no cost later on, as upstream has it. Absent, or the words of what cannot be.
 */
struct str evaluate_constants(struct node *root, struct arena *arena);

#endif
