/*
 * Children in other hosts: a supervisor starts, watches, restarts and stops an actor that lives in another host or on another node.
 *
 * The other host has a nursery (act_nursery_class, by the name "nursery"), which makes children of the classes in its table and of no others. Under
 * the supervisor stands a far child: an ordinary act_child with class act_far_class, whose actor stands for the one over there. All that
 * supervisors do works through it - strategy, restart, intensity, back-off, order and time of shutdown - and messages to it, or to its name, are
 * passed on. Its init only asks: the child may come up later than its brothers, and what is sent to it meanwhile waits.
 *
 * Promises. The far child ends when the other does, for its reason; when the link is lost it ends with ACT_NO_CONNECTION. Its next life, if its
 * restart says there is one, waits for the link for as long as it takes: a host that is away costs one restart, not the supervisor. There are never two
 * lives of one child (of a host, by id) at once: whoever lost its far child, also by a lost link, is ended by the nursery, a new life begins
 * only when the old one has ended, and what an earlier life of the supervisor's host asks for is refused.
 *
 * Bounds: NURSERY_WARDS_MAX children to a nursery; args of LIMIT_MESSAGE_BYTES.
 */
#ifndef RUNTIME_ACTOR_FAR_NURSERY_H
#define RUNTIME_ACTOR_FAR_NURSERY_H

#include "runtime/actor/act.h"

#pragma GCC visibility push(default)

#define NURSERY_WARDS_MAX 4096U
#define NURSERY_NAME_MAX 64U /* of an id, a class or a registered name, with its end */

/* A class that others may ask for. */
struct act_offer {
	const char *name; /* the same in all releases; NULL ends the table */
	const struct act_class *class;
	const struct act_type *args; /* what init is given, encoded by the asker; NULL: nothing */
};

/* args: the table. Its host must know act_nursery_types and the types of all args. */
extern const struct act_class act_nursery_class;

/* args of a far child; borrowed as those of any child. */
struct act_far {
	const char *where;           /* "node", "node/host": whose nursery */
	const char *class;           /* by its name in the table there */
	const struct act_type *type; /* of args, with an id; NULL: none */
	const void *args;
	const char *name; /* registered there; NULL: none */
	uint32_t shutdown_ms; /* how long its stop may take once its far child is gone; 0: LIMIT_SHUTDOWN_MS */
};

extern const struct act_class act_far_class;

/* What crosses the border: both hosts have to know them (act_host_add_types). */
extern const struct act_type *const act_nursery_types[];
extern const uint32_t act_nursery_type_count;

#pragma GCC visibility pop

#endif
