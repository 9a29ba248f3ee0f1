/*
 * Alive: the question whether a node is there, and its answer, as messages between the controllers' host and node agents.
 *
 * The asker is actors/controller/liveness.c; actors/node answers once its Node object is registered. How its agent is reached
 * stands in the Node's annotation ALIVE_ANNOTATION, a name as act_named takes it. Where hosts are linked with those of their own
 * node only, an actor of the core host passes questions on, by the node that they name.
 */
#ifndef ACTORS_CLIENT_ALIVE_H
#define ACTORS_CLIENT_ALIVE_H

#include "runtime/actor/act.h"
#include "runtime/base/str.h"

#define ALIVE_ANNOTATION STR("troupe.internal/agent")

/* A request to an agent. */
struct alive_ask {
	uint32_t period_ms; /* it will be asked again after so long */
	struct str node;    /* who is asked; borrowed as in alive_here */
};
ACT_TYPE_DECLARE(alive_ask);

/* The answer. The name is borrowed: constant for the sender, of the message's arena for the receiver. */
struct alive_here {
	struct str node;
};
ACT_TYPE_DECLARE(alive_here);

/* Both, for act_host_add_types. */
extern const struct act_type *const alive_types[];
extern const uint32_t alive_type_count;

#endif
