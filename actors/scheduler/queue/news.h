/*
 * News: what happened in the cluster that could make a waiting pod possible. A plain value, borrowed for one call.
 */
#ifndef ACTORS_SCHEDULER_QUEUE_NEWS_H
#define ACTORS_SCHEDULER_QUEUE_NEWS_H

#include "actors/scheduler/snapshot/node-info.h"
#include "actors/scheduler/snapshot/pod-info.h"
#include "datastore/object/object.h"

enum news_kind {
	NEWS_NODE_ADDED = 1 << 0,
	NEWS_NODE_ALLOCATABLE = 1 << 1,
	NEWS_NODE_LABELS = 1 << 2,
	NEWS_NODE_TAINTS = 1 << 3, /* or spec.unschedulable */
	NEWS_NODE_GONE = 1 << 4,
	NEWS_POD_ADDED = 1 << 5, /* a pod came to a node */
	NEWS_POD_GONE = 1 << 6,
	NEWS_POD_LABELS = 1 << 7,
	NEWS_POD_SHRANK = 1 << 8, /* asks for less than before */
	NEWS_SELF = 1 << 9,       /* the waiting pod itself was changed; only it is told */
	NEWS_VOLUMES = 1 << 10,   /* a claim, volume or class came or changed */
};

struct news {
	uint32_t kinds;
	const struct node_info *node;         /* NEWS_NODE_*: as it is now */
	const struct core_node *old_node;     /* NULL: ADDED */
	const struct pod_info *pod, *old_pod; /* NEWS_POD_*, NEWS_SELF */
	const struct object *object;          /* NEWS_VOLUMES */
};

/* What of a node changed: NEWS_NODE_ALLOCATABLE, LABELS, TAINTS. */
uint32_t news_of_node(const struct core_node *node, const struct core_node *old);
/* What of a pod on a node changed: NEWS_POD_LABELS, SHRANK. */
uint32_t news_of_pod(const struct pod_info *pod, const struct pod_info *old);

#endif
