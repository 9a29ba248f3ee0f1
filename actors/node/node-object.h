/*
 * What this node's object says: made from the machine's facts and from how the agent is doing.
 *
 * Pure. Labels and annotations of ours are put in and those of others stay; a condition's time of transition changes with its status
 * only. The words are the kubelet's.
 */
#ifndef ACTORS_NODE_NODE_OBJECT_H
#define ACTORS_NODE_NODE_OBJECT_H

#include "actors/node/facts.h"
#include "datastore/schema/core.h"
#include "runtime/base/base.h"

struct node_object_config {
	struct str name, address;
	const struct facts *facts;
	struct str runtime; /* hollow://1.0.0 */
	struct str range;   /* of pod addresses, if nobody is to assign one; else absent */
	uint32_t pods_max;
	int32_t port;             /* of the node's own API; 0: it serves none */
	struct str agent;         /* how others reach the agent; absent: they do not */
	struct str not_ready_why; /* absent: it is ready */
};

/* A node to be created: with the taint that keeps pods away until a controller finds it ready. */
struct core_node *node_object_new(struct arena *arena, const struct node_object_config *config,
				  struct wall now);
/* Puts our labels, annotations and range into a clone. True: something changed. */
bool node_object_adopt(struct arena *arena, const struct node_object_config *config,
		       struct core_node *node);
/* Sets its status in a clone. True: something changed besides the times of heartbeats. */
bool node_object_report(struct arena *arena, const struct node_object_config *config,
			struct core_node *node, struct wall now);

#endif
