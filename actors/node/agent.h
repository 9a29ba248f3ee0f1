/*
 * The node agent: what makes this machine a node of the cluster. It registers the node, keeps it known to be alive, runs
 * the pods that are bound to it and reports how they are.
 *
 *     registration.c   the Node object: created or adopted, its status when it changes, the lease
 *     pods.c           one machine a pod (pod-machine.h), driven by informer, runtime and time
 *     reports.c        statuses of pods to the API server: newest only, in order, few at once
 *     runtime.h        what runs pods; hollow.h only pretends
 *
 * One actor a node and nothing global, so a host may hold thousands. It talks to the API server by messages as user
 * system:node:<name>. A restarted one goes on from what the objects say: running pods stay as they are. What it cannot reach it
 * tries again, later each time; meanwhile pods run on.
 */
#ifndef ACTORS_NODE_AGENT_H
#define ACTORS_NODE_AGENT_H

#include "actors/node/facts.h"
#include "runtime/actor/act.h"

struct agent_args {
	const char *node;    /* name of the Node object */
	const char *address; /* its IP */
	const char *api;     /* registered name of the API server actor: "api@n1/core" */
	const char *
	    self; /* how this actor is reached from other hosts: "agent@n1/node"; NULL: it is not */
	const char *pods; /* auto, hollow; NULL: auto */
	const char *
	    pod_range; /* of pod addresses; NULL: the one that a controller assigns (spec.podCIDR) */
	const char *folder;        /* whose file system pods would use; NULL: "/" */
	const struct facts *facts; /* NULL: this machine's */
	uint32_t pods_max;         /* 0: upstream's 110 */
};

/* `args` and what they point to are borrowed as long as the actor lives. */
extern const struct act_class agent_class;

#endif
