/*
 * Criteria: one question about a pod and a node each, as upstream's scheduler framework cuts it.
 *
 * A filter says whether a node is possible at all; a score, how good it is, 0 to 100, times its weight. All of them are pure
 * functions of the cycle: the pod, the snapshot, the world. What a criterion works out once per pod it keeps in its slot of
 * cycle->state. The array is in upstream's order: the first filter that says no is the one that is reported.
 */
#ifndef ACTORS_SCHEDULER_CRITERION_H
#define ACTORS_SCHEDULER_CRITERION_H

#include "actors/scheduler/cycle.h"
#include "actors/scheduler/queue/news.h"
#include "actors/scheduler/snapshot/node-info.h"
#include "actors/scheduler/snapshot/pod-info.h"
#include "runtime/base/base.h"

#define CRITERION_SCORE_MAX 100

struct criterion {
	const char *name; /* upstream's */
	int64_t weight;   /* of its score */
	/* Once per pod. FIT_SKIP: its filter has nothing to say about this pod. FIT_NO, FIT_NEVER: no node will do. NULL: FIT_YES. */
	enum fit (*pre_filter)(struct cycle *cycle);
	/* FIT_NO: not now; FIT_NEVER: not even if other pods went away. Says why by cycle_because(). */
	enum fit (*filter)(struct cycle *cycle, const struct node_info *node);
	/* Adjusts what pre_filter kept, for "what if" a pod came to the node or went. NULL: reads the node anew each time. */
	void (*count_pod)(struct cycle *cycle, const struct node_info *node,
			  const struct pod_info *pod, int32_t sign);
	bool (*pre_score)(struct cycle *cycle); /* once per pod; false: no scores. NULL: true */
	int64_t (*score)(struct cycle *cycle, const struct node_info *node);
	/* Brings all scores into 0 to 100. NULL: they are. */
	void (*normalize)(struct cycle *cycle, int64_t *scores, uint32_t count);
	/* What could help a pod that this filter rejected: kinds of news, and whether this very news does. NULL: each does. */
	uint32_t wakes;
	bool (*helps)(const struct pod_info *pod, const struct news *news);
};

/* name, variable */
#define CRITERION_MAP(X)                                                                    \
	X(CRITERION_NODE_NAME, node_name)                                                   \
	X(CRITERION_NODE_UNSCHEDULABLE, node_unschedulable)                                 \
	X(CRITERION_TAINT_TOLERATION, taint_toleration)                                     \
	X(CRITERION_NODE_AFFINITY, node_affinity)                                           \
	X(CRITERION_NODE_PORTS, node_ports)                                                 \
	X(CRITERION_NODE_RESOURCES_FIT, node_resources_fit)                                 \
	X(CRITERION_VOLUME_RESTRICTIONS, volume_restrictions)                               \
	X(CRITERION_VOLUME_BINDING, volume_binding)                                         \
	X(CRITERION_POD_TOPOLOGY_SPREAD, pod_topology_spread)                               \
	X(CRITERION_INTER_POD_AFFINITY, inter_pod_affinity)                                 \
	X(CRITERION_NODE_RESOURCES_BALANCED_ALLOCATION, node_resources_balanced_allocation) \
	X(CRITERION_IMAGE_LOCALITY, image_locality)

#define X(name, variable) extern const struct criterion criterion_##variable;
CRITERION_MAP(X)
#undef X

enum criterion_id {
#define X(name, variable) name,
	CRITERION_MAP(X)
#undef X
	    CRITERION_COUNT
};

extern const struct criterion *const criteria[CRITERION_COUNT];

/* Scales scores so that the highest is 100; reversed, so that the highest is 0. */
void criterion_normalize(int64_t *scores, uint32_t count, bool is_reverse);

#endif
