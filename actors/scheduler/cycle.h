/*
 * A cycle: one pod's way from the snapshot to a node, or to the words that say why there is none.
 *
 *     pre-filters ─> filters on each node ─> pre-scores ─> scores ─> the best; of several equals any
 *
 * Runs to its end within one call, on the snapshot as it stands. Everything it makes lies in its arena. In big clusters it looks only until
 * enough nodes are found (upstream's numFeasibleNodesToFind), beginning where the last cycle ended.
 */
#ifndef ACTORS_SCHEDULER_CYCLE_H
#define ACTORS_SCHEDULER_CYCLE_H

#include "actors/controller/world.h"
#include "actors/scheduler/snapshot/snapshot.h"
#include "runtime/base/base.h"

enum fit {
	FIT_YES,
	FIT_SKIP,  /* of a pre-filter: nothing to say */
	FIT_NO,    /* could be helped by other pods' going */
	FIT_NEVER, /* could not */
};

/* How often a filter gave a reason. */
struct cycle_reason {
	struct str text;
	uint32_t count;
};
#define CYCLE_REASONS_MAX 64U /* a message with more says no more; further ones are left out */
struct cycle_reasons {
	struct cycle_reason at[CYCLE_REASONS_MAX];
	uint32_t len;
};
#define CYCLE_CRITERIA_MAX 32U

struct cycle {
	struct arena *arena;
	struct snapshot *snapshot;
	const struct world *world; /* kinds beside nodes and pods; NULL in tests that need none */
	const struct pod_info *pod;
	struct str_list taken_volumes; /* names of volumes that are promised to other pods */
	uint64_t random;               /* decides among equals */
	void *state[CYCLE_CRITERIA_MAX];
	uint64_t skips; /* filters that have nothing to say, a bit each */

	/* A pre-filter may know that only some nodes are possible. */
	bool is_narrowed;
	struct str_list only;
	uint64_t narrowed_by;

	struct snapshot_nodes nodes;
	const struct node_info **feasible;
	uint32_t feasible_count;
	uint32_t looked_at;
	int64_t *totals; /* one for each feasible node */

	/* Why not. */
	uint64_t rejected_by;
	struct str no_node_will_do; /* a pre-filter's reason */
	enum fit pre_fit;           /* and its verdict */
	uint8_t *fits;              /* enum fit for each node of `nodes` */
	struct cycle_reasons reasons;
	struct str afterword; /* of preemption */
};

void cycle_init(struct cycle *cycle, struct arena *arena, struct snapshot *snapshot,
		const struct world *world, const struct pod_info *pod, uint64_t random);
/* The chosen node, or NULL: then cycle_message says why. */
struct node_info *cycle_run(struct cycle *cycle);
/* As upstream words it: "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: ...". */
struct str cycle_message(const struct cycle *cycle);

/* "0/3 nodes are available: 1 this, 2 that."; `others` nodes have one more reason. */
struct str cycle_reasons_text(const struct cycle *cycle, const struct cycle_reasons *reasons,
			      uint32_t others, struct str their_reason);

/* Whether the pod could go to the node, those to whom it is promised taken into account. Says why not by cycle_because(). */
enum fit cycle_filter(struct cycle *cycle, struct node_info *node);
/* "What if" for filters: a pod comes to the node (1) or goes (-1); the caller sees to it that all is as before at the end. */
void cycle_count_pod(struct cycle *cycle, struct node_info *node, struct pod_info *pod,
		     int32_t sign);

/* For criteria: a reason against the node at hand, or against all of them in a pre-filter. */
void cycle_because(struct cycle *cycle, struct str reason);
/* For pre-filters: no node but these. */
void cycle_narrow(struct cycle *cycle, uint32_t criterion, struct str_list names);

#endif
