/*
 * What the files of proposals share: pods, what each uses, and what of it counts. Only for this folder.
 */
#ifndef ACTORS_CONTROLLER_SCALING_PROPOSAL_PRIVATE_H
#define ACTORS_CONTROLLER_SCALING_PROPOSAL_PRIVATE_H

#include "actors/controller/scaling/proposal.h"

/* By each pod's use: a percentage of what it requested, or so many thousandths. */
struct proposal_use {
	bool by_request;
	int64_t target;
	struct str resource, container; /* absent: a metric that is no resource; all containers */
	int64_t mean, percent;          /* out: what is used now */
};

static inline struct arena *proposal_arena(const struct proposal_target *target)
{
	return plan_arena(target->place.plan);
}

int32_t proposal_round_up(double number);
bool proposal_is_near(const struct proposal_target *target, double ratio);
const struct core_pod **proposal_pods(const struct proposal_target *target, uint32_t *count);
/* How many there should be; false: *why not. */
bool proposal_count(const struct proposal_target *target, const struct readings *readings,
		    struct proposal_use *use, int32_t *replicas, struct str *why);

#endif
