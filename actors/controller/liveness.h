/*
 * Liveness: whether nodes are there, asked of their agents over the links and remembered in memory only.
 *
 * Leases that are renewed by writes would keep the disks of an idle cluster busy. So this actor, one beside the controllers,
 * asks each agent every LIVENESS_MS (actors/client/alive.h); an answer confirms the node's lease in the caches, as a renewal
 * would, and for the controllers nothing else changes. An agent that is asked renews its lease by a write only every five
 * minutes; one that nobody asks (the controllers are another's) every ten seconds. Nodes that do not say how
 * their agent is reached live by their leases alone. A new leader's caches begin with a whole grace period for everybody.
 *
 * Links know within seconds that a host has gone. An agent that has been out of reach for LIVENESS_LOST_MS makes its lease
 * doubtful, as if it had not been renewed for long, unless it was written meanwhile: so pods of a dead machine stop being
 * ready after some fifteen seconds and not fifty. One that has never answered has longer than a lease takes that is renewed by writes.
 *
 * The questions are spread over the period; one a node is under way, and what is not answered is asked again with the next.
 */
#ifndef ACTORS_CONTROLLER_LIVENESS_H
#define ACTORS_CONTROLLER_LIVENESS_H

#include "runtime/actor/act.h"

#define LIVENESS_LOST_MS 10000
#define LIVENESS_STRANGE_MS 15000
#define LIVENESS_MS 10000U /* upstream's interval of renewing leases */

/* Beside the actor `caches` of its host; without args agents are asked themselves. */
struct liveness_args {
	const char *relay; /* who passes questions on: "relay@n1/core"; NULL: nobody */
};
extern const struct act_class liveness_class;

#endif
