/*
 * The relay: an actor of the core host that passes on questions to actors of other hosts of its node, and of other nodes.
 *
 * The hosts of a node are linked with each other, and core hosts with core hosts; so the way from one node's controllers to
 * another's agent has three links. Keeps nothing: a question that is passed on is answered to who asked it, or lost with a link.
 */
#ifndef DEPLOY_MAIN_NODE_RELAY_H
#define DEPLOY_MAIN_NODE_RELAY_H

#include "runtime/actor/act.h"

/* args: the struct process. */
extern const struct act_class relay_class;

#endif
