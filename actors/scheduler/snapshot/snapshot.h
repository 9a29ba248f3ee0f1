/*
 * The snapshot: all nodes and the pods on them, kept up to date by every event, as the next cycle is to see them.
 *
 * For the scheduler's actor, in which events and cycles never overlap, so one copy serves both. A pod that is being bound is assumed on
 * its node from the decision on; the cache's word replaces that, snapshot_forget takes it back. Bounded by the cluster's objects.
 */
#ifndef ACTORS_SCHEDULER_SNAPSHOT_SNAPSHOT_H
#define ACTORS_SCHEDULER_SNAPSHOT_SNAPSHOT_H

#include "actors/scheduler/snapshot/node-info.h"
#include "actors/scheduler/snapshot/pod-info.h"
#include "runtime/base/base.h"

struct images;
struct nominator;
struct snapshot;

GIVE struct snapshot *snapshot_new(void);
void snapshot_free(TAKE struct snapshot *snapshot);

/* A node of the cache: new, or changed. Older news than what is known is passed over: false. */
bool snapshot_set_node(struct snapshot *snapshot, const struct object *object);
void snapshot_remove_node(struct snapshot *snapshot, struct str name);

/* A pod of the cache with a node: new, changed, or the confirmation of an assumed one. Keeps a reference of its own. */
void snapshot_set_pod(struct snapshot *snapshot, struct pod_info *pod);
void snapshot_remove_pod(struct snapshot *snapshot, struct str key);
/* The pod on a node under that key, assumed or confirmed; or NULL. */
struct pod_info *snapshot_pod(const struct snapshot *snapshot, struct str key);

/* Whether any pod on any node belongs into that list. */
bool snapshot_has(const struct snapshot *snapshot, enum pod_list list);

void snapshot_assume(struct snapshot *snapshot, struct pod_info *pod, struct node_info *node);
/* Takes an assumption back; one that the cache has confirmed stays. The caller has a reference of its own. */
void snapshot_forget(struct snapshot *snapshot, struct pod_info *pod);

/* The node, with or without an object; or NULL. */
struct node_info *snapshot_node(const struct snapshot *snapshot, struct str name);
/* Nodes that are there, zones taking turns. Borrowed until the next node comes or goes. */
struct snapshot_nodes {
	struct node_info *const *at;
	uint32_t len;
};
struct snapshot_nodes snapshot_nodes(struct snapshot *snapshot);

struct nominator *snapshot_nominator(const struct snapshot *snapshot);
const struct images *snapshot_images(const struct snapshot *snapshot);

/* Where the next cycle begins its search, so that all nodes have the same chance in clusters too big to look at all. */
uint32_t snapshot_start(const struct snapshot *snapshot);
void snapshot_advance(struct snapshot *snapshot, uint32_t nodes_looked_at);

#endif
