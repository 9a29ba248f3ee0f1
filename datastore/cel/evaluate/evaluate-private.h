/*
 * What evaluating, folding of constants and prices share. Only for this folder.
 */
#ifndef DATASTORE_CEL_EVALUATE_EVALUATE_PRIVATE_H
#define DATASTORE_CEL_EVALUATE_EVALUATE_PRIVATE_H

#include "datastore/cel/evaluate/evaluate.h"
#include "datastore/cel/library/function.h"

struct evaluate_run {
	const struct evaluate_task *task;
	struct cel_call call;
	struct cel_value *locals; /* by slot */
	uint64_t cost;
	bool is_over; /* a limit was reached: nothing absorbs that */
};

/* With arguments of which none is an error. */
struct cel_value evaluate_call(struct evaluate_run *run, const struct node *node,
			       const struct cel_value *args, uint32_t count);
/* A list or map of these, the optional ones left out where they are none; or an error. */
struct cel_value evaluate_list(struct evaluate_run *run, const struct node *node,
			       struct cel_value *items);
struct cel_value evaluate_map(struct evaluate_run *run, const struct node *node,
			      const struct cel_value *items);

/* price.c: what a call cost that gave `result`. */
uint64_t price_of(struct evaluate_run *run, const struct node *node,
		  const struct cel_function *function, const struct cel_value *args, uint32_t count,
		  struct cel_value result);

#endif
