/*
 * Nominations: nodes that are promised to waiting pods for which others had to go. Part of the snapshot.
 *
 * A pod of lower priority may not take a promised place: filters are asked again as if the pods with the promise were there.
 */
#ifndef ACTORS_SCHEDULER_SNAPSHOT_NOMINATOR_H
#define ACTORS_SCHEDULER_SNAPSHOT_NOMINATOR_H

#include "actors/scheduler/snapshot/node-info.h"
#include "actors/scheduler/snapshot/pod-info.h"
#include "runtime/base/base.h"

struct nominator;

GIVE struct nominator *nominator_new(void);
void nominator_free(TAKE struct nominator *nominator);
bool nominator_is_empty(const struct nominator *nominator);

/* Promises the node to the pod, in place of another if it had one. Keeps a reference. An empty name takes the promise back. */
void nominator_set(struct nominator *nominator, struct pod_info *pod, struct str node);
/*
 * A waiting pod was seen in a newer version: what its status says counts when it says something new, else the promise stays, since
 * our own word about it may not have come back yet. `old` is NULL for a new pod.
 */
void nominator_update(struct nominator *nominator, struct pod_info *pod, const struct pod_info *old);
void nominator_remove(struct nominator *nominator, struct str key);

/* The promised node's name, absent without a promise. */
struct str nominator_node(const struct nominator *nominator, struct str key);
/* Those to whom that node is promised; borrowed until the next change. */
struct node_pods nominator_pods(const struct nominator *nominator, struct str node);

#endif
