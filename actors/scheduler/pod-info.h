/*
 * A pod as scheduling sees it: its object and what was read out of it once, so that no cycle parses anything twice.
 *
 * Made by the scheduler for every pod that waits or that takes room on a node; counted, since the queue and the snapshot may
 * hold the same one while it is being bound. Immutable but for its place in the snapshot (node, slot, is_assumed).
 */
#ifndef ACTORS_SCHEDULER_POD_INFO_H
#define ACTORS_SCHEDULER_POD_INFO_H

#include "actors/scheduler/resources.h"
#include "datastore/object/object.h"
#include "datastore/schema/core.h"
#include "runtime/base/base.h"

struct node_info;

/* A port of the node that a pod takes for itself. */
struct host_port {
	struct str ip;       /* never empty: 0.0.0.0 is all */
	struct str protocol; /* never empty */
	int32_t port;
};

struct pod_info {
	const struct object *object; /* a reference */
	const struct core_pod *pod;  /* its record */
	struct str key;              /* namespace/name */
	int32_t priority;
	struct resources request;  /* what filters count */
	struct resources at_least; /* what scores count: cpu and memory */
	const struct host_port *ports;
	uint32_t port_count;
	struct arena *arena; /* of all this */
	uint32_t references;
	/* Where the snapshot counts it; NULL: nowhere. */
	struct node_info *node;
	uint32_t slot; /* among the node's pods */
	bool is_assumed;
};

/* One reference. RESOURCES_USED for a pod that is on a node. */
GIVE struct pod_info *pod_info_new(const struct object *object, enum resources_view view);
struct pod_info *pod_info_ref(struct pod_info *info);
void pod_info_unref(TAKE struct pod_info *info); /* NULL is fine */

/* "namespace/name" in the arena. */
struct str pod_info_key(const struct object *object, struct arena *arena);
const struct meta_object_meta *pod_info_meta(const struct pod_info *info);

#endif
