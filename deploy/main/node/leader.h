/*
 * The leader's work: controllers, scheduler and the objects every cluster has, run where the datastore's leader is.
 *
 * The actor follows the local datastore replica. When it leads, what is to run is started with the leader's term, by which every
 * write is guarded; when it no longer leads, all of it is stopped. There is no lock and no waiting for one to expire.
 */
#ifndef DEPLOY_MAIN_NODE_LEADER_H
#define DEPLOY_MAIN_NODE_LEADER_H

#include "deploy/main/host/process.h"

/* args: the struct process. */
extern const struct act_class leader_class;
/* Which of them may live in a host of their own: names, NULL at the end. */
const char *const *leader_movable(struct arena *arena);

#endif
