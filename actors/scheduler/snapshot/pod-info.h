/*
 * A pod as scheduling sees it: its object and what was read out of it once, so that no cycle parses anything twice.
 *
 * Made by the scheduler for every pod that waits or that takes room on a node; counted, since the queue and the snapshot may
 * hold the same one while it is being bound. Immutable but for its place in the snapshot (node, slot, is_assumed).
 */
#ifndef ACTORS_SCHEDULER_SNAPSHOT_POD_INFO_H
#define ACTORS_SCHEDULER_SNAPSHOT_POD_INFO_H

#include "actors/scheduler/snapshot/pod-term.h"
#include "actors/scheduler/snapshot/resources.h"
#include "datastore/object/object.h"
#include "datastore/schema/core.h"
#include "runtime/base/base.h"

struct node_info;

/* The lists of pods that a node keeps: all of them, those with any term between pods, those that keep others away. */
enum pod_list { POD_LIST_ALL, POD_LIST_AFFINITY, POD_LIST_ANTI };
#define POD_LISTS (POD_LIST_ANTI + 1)

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
	uint64_t label_bits;         /* a bit for each label, as pod_term_bits() asks for them */
	int32_t priority;
	struct resources request;  /* what filters count */
	struct resources at_least; /* what scores count: cpu and memory */
	const struct host_port *ports;
	uint32_t port_count;
	struct pod_terms affinity, anti_affinity; /* required */
	struct pod_terms likes, dislikes;         /* preferred */
	struct arena *arena;                      /* of all this */
	uint32_t references;
	/* Where the snapshot counts it; NULL: nowhere. */
	struct node_info *node;
	uint32_t slots[POD_LISTS]; /* its places in the node's lists */
	bool is_assumed;
};

/* Whether it belongs into that list of its node. */
bool pod_info_is_in(const struct pod_info *info, enum pod_list list);
/* One reference. RESOURCES_USED for a pod that is on a node. */
GIVE struct pod_info *pod_info_new(const struct object *object, enum resources_view view);
struct pod_info *pod_info_ref(struct pod_info *info);
void pod_info_unref(TAKE struct pod_info *info); /* NULL is fine */

/* "namespace/name" in the arena. */
struct str pod_info_key(const struct object *object, struct arena *arena);
const struct meta_object_meta *pod_info_meta(const struct pod_info *info);

#endif
