/*
 * Alive: the question whether a node is there, and its answer, as messages between the controllers' host and node agents.
 *
 * The asker is actors/controller/liveness.c; actors/node answers once its Node object is registered. How its agent is reached
 * stands in the Node's annotation ALIVE_ANNOTATION, as act_named takes it: agent@n1/node. Where hosts are linked with those of
 * their own node only, an actor of each core host passes questions on (deploy/main/node/relay.c).
 */
#ifndef ACTORS_CLIENT_ALIVE_H
#define ACTORS_CLIENT_ALIVE_H

#include "runtime/actor/act.h"
#include "runtime/base/str.h"

#define ALIVE_ANNOTATION STR("troupe.internal/agent")
#define ALIVE_ANSWER_MS 5000U
#define ALIVE_NAME_BYTES \
	320U /* of a node, which is a DNS name, and what stands around it; with its NUL */

/* A request. */
struct alive_ask {
	uint32_t period_ms;           /* it will be asked again after so long */
	char agent[ALIVE_NAME_BYTES]; /* who is meant */
};
ACT_TYPE_DECLARE(alive_ask);

/* The answer. */
struct alive_here {
	char node[ALIVE_NAME_BYTES];
};
ACT_TYPE_DECLARE(alive_here);

/* Both, for act_host_add_types. */
extern const struct act_type *const alive_types[];
extern const uint32_t alive_type_count;

#endif
