/*
 * Proposals: how many replicas one metric of a HorizontalPodAutoscaler asks for (upstream: podautoscaler/replica_calculator.go).
 *
 * Pods that are not ready yet, or of which nothing is known, count so that they never make a change larger. Pure.
 */
#ifndef ACTORS_CONTROLLER_SCALING_PROPOSAL_H
#define ACTORS_CONTROLLER_SCALING_PROPOSAL_H

#include "actors/controller/scaling/reading.h"

struct core_pod;

struct proposal_target {
	struct reading_place place;
	struct selector selector; /* of the pods */
	int32_t spec_replicas, status_replicas;
	double up, down; /* tolerances */
};

struct proposal {
	int32_t replicas;
	struct str metric;  /* its name in a sentence */
	const char *reason; /* of a failure */
	struct str why;     /* it failed */
	struct str why_all; /* the same, and for which metric */
};

/* How far from what is wanted is near enough, by these rules; NULL: there are none. */
double proposal_tolerance(const struct autoscaling_v2_hpa_scaling_rules *rules);
/* Sets *status as well, unless it fails; all in the plan's arena. */
enum reading_outcome proposal_make(const struct proposal_target *target,
				   const struct autoscaling_v2_metric_spec *spec,
				   struct autoscaling_v2_metric_status *status,
				   struct proposal *out);

#endif
