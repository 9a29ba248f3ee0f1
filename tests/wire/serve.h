/*
 * What the servers of this folder have alike: two words and a life that ends with SIGTERM.
 */
#ifndef TESTS_WIRE_SERVE_H
#define TESTS_WIRE_SERVE_H

#include "runtime/actor/act.h"
#include "runtime/base/base.h"

typedef enum status serve_fn(const char *first, const char *second, struct arena *arena,
			     struct fault *why);

/* Exit codes: 0 told to end, 1 with words, 2 wrong usage. */
int serve_main(int argc, char **argv, const char *usage, serve_fn *serve);
/* In a host of their own, until they end. */
MUST_USE enum status serve_actors(const struct act_child *children, uint32_t count,
				  struct fault *why);

#endif
