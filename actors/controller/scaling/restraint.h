/*
 * Restraint: how far and how fast replicas may change, by what was proposed and done lately (upstream: podautoscaler/horizontal.go).
 *
 * The memory of one HorizontalPodAutoscaler goes from turn to turn as bytes (plan_remember), so the controller keeps nothing; it is lost
 * when another node leads, as upstream's is. At most RESTRAINT_ITEMS_MAX things are remembered, for an hour at most. Pure.
 */
#ifndef ACTORS_CONTROLLER_SCALING_RESTRAINT_H
#define ACTORS_CONTROLLER_SCALING_RESTRAINT_H

#include "datastore/schema/autoscaling_v2.h"
#include "runtime/base/base.h"

#define RESTRAINT_ITEMS_MAX 900U

enum restraint_kind { RESTRAINT_PROPOSED, RESTRAINT_ADDED, RESTRAINT_REMOVED };

struct restraint_item {
	int64_t at_ms;
	int32_t count;
	int32_t kind; /* enum restraint_kind */
};

struct restraint {
	struct arena *arena;
	int64_t now_ms;
	int64_t last_ms;    /* of the last turn; 0: this is the first */
	int64_t generation; /* of the object then */
	struct restraint_item *items;
	uint32_t len;
};

struct restraint restraint_open(struct arena *arena, struct str bytes, struct wall now);
struct str restraint_bytes(const struct restraint *restraint);
void restraint_add(struct restraint *restraint, enum restraint_kind kind, int32_t count);

struct restraint_verdict {
	int32_t replicas;
	const char *able_reason, *able_words;   /* AbleToScale */
	const char *limit_reason, *limit_words; /* ScalingLimited */
	bool is_limited;
};

/* From the replicas there are to those proposed, within [least, most]; remembers the proposal. NULL: no behavior is asked for. */
void restraint_judge(struct restraint *restraint,
		     const struct autoscaling_v2_horizontal_pod_autoscaler_behavior *behavior,
		     int32_t current, int32_t proposed, int32_t least, int32_t most,
		     struct restraint_verdict *out);

#endif
