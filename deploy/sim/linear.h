/*
 * Is a history of operations on one register linearizable? Wing and Gong's search with Lowe's cache of what was tried.
 *
 * Pure. Whoever does not know how an operation ended says that it never returned: it may then have happened at any time after it was
 * called, or not at all. Takes time and memory exponential in how many operations overlap, at worst.
 */
#ifndef DEPLOY_SIM_LINEAR_H
#define DEPLOY_SIM_LINEAR_H

#include <stdbool.h>
#include <stdint.h>

#define LINEAR_OPS 4096U
#define LINEAR_NEVER INT64_MAX

enum linear_kind {
	LINEAR_READ,  /* saw `value` */
	LINEAR_WRITE, /* `value` */
	LINEAR_SWAP,  /* to `value` if it was `expected` */
};

struct linear_op {
	enum linear_kind kind;
	int64_t called, returned; /* NEVER: nobody knows how it ended */
	uint64_t value, expected;
	bool is_refused; /* of a swap that returned: it was not `expected` */
};

/* At most LINEAR_OPS, in any order. `first` is what the register holds before. */
bool linear_check(const struct linear_op *ops, uint32_t count, uint64_t first);

/* Prints the last operations up to the first moment at which one is not; those that never returned go to 0. Times are nanoseconds. */
void linear_explain(const struct linear_op *ops, uint32_t count, uint64_t first);

#endif
