/*
 * Stacks and switching between them: what tasks run on.
 *
 * A context has a stack of its own with a page below it that no access survives. Switching saves what the calling convention says a
 * call preserves and nothing else (no signal mask), which is why it costs about as much as a few calls. Assembly for x86-64 and
 * aarch64; elsewhere ucontext. Tells the address and thread sanitizers which stack is in use.
 */
#ifndef RUNTIME_ACTOR_PART_CONTEXT_H
#define RUNTIME_ACTOR_PART_CONTEXT_H

#include <stddef.h>

#include "runtime/base/status.h"

struct context_stack;

/* NULL: the system gives no more mappings. The size is rounded up to pages and lies at the end of its own mapping. */
GIVE struct context_stack *context_new(size_t stack_bytes);
void context_free(TAKE struct context_stack *context); /* not while it runs */

/* The next switch into it calls run(arg) on its stack, which must never return: it ends by switching out. */
void context_begin(struct context_stack *context, void (*run)(void *arg), void *arg);
/* Runs the context until it switches out. */
void context_switch_in(struct context_stack *context);
/* From inside: back to whoever switched in. `is_last`: it will not be switched into again as it is. */
void context_switch_out(struct context_stack *context, int is_last);

#endif
