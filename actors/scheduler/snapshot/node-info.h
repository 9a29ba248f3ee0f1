/*
 * A node as scheduling sees it: its object, what it can give, the pods on it and what they have taken.
 *
 * Owned by the snapshot. A node without an object is one that pods name but that is not (or no longer) there: it
 * counts their room until they are gone or it comes. Changes cost O(1) per pod.
 */
#ifndef ACTORS_SCHEDULER_SNAPSHOT_NODE_INFO_H
#define ACTORS_SCHEDULER_SNAPSHOT_NODE_INFO_H

#include "actors/scheduler/snapshot/pod-info.h"
#include "actors/scheduler/snapshot/resources.h"
#include "datastore/object/object.h"
#include "datastore/schema/core.h"
#include "runtime/base/base.h"

struct node_pods {
	struct pod_info **at;
	uint32_t len, cap;
};

struct node_info {
	struct str name;
	const struct object *object; /* a reference; NULL: not there */
	const struct core_node *node;
	struct arena *arena; /* of what was read from the object */
	struct resources allocatable;
	struct resources requested,
	    at_least; /* sums over the pods; scalars are added up when asked for */
	struct node_pods lists[POD_LISTS]; /* ALL holds a reference each */
	uint32_t index; /* place in the snapshot's order; NODE_NOWHERE without an object */
};

#define NODE_NOWHERE UINT32_MAX

/* All pods on the node. */
static inline const struct node_pods *node_info_pods(const struct node_info *node)
{
	return &node->lists[POD_LIST_ALL];
}

GIVE struct node_info *node_info_new(struct str name);
void node_info_free(TAKE struct node_info *node);
void node_info_set(struct node_info *node, const struct object *object); /* NULL: it is gone */
/* Both change the pod's place; add takes a reference of its own, remove gives it back. */
void node_info_add(struct node_info *node, struct pod_info *pod);
void node_info_remove(struct node_info *node, struct pod_info *pod);

/* What the node's pods ask for of a scalar resource. */
int64_t node_info_requested_scalar(const struct node_info *node, struct str name);
/* The value of a label, absent without it. */
struct str node_info_label(const struct node_info *node, struct str key);
/* "region:zone" of a node's labels, empty without both: the nodes of a zone are tried in turn with those of others. */
struct str node_info_zone(const struct core_node *node, struct arena *arena);

#endif
