/*
 * Readings: what the metrics APIs say of pods, objects and the world outside, as autoscaling asks it.
 *
 * metrics.k8s.io, custom.metrics.k8s.io and external.metrics.k8s.io are programs of others behind the API server; each is asked
 * once a turn (plan_ask), the answer is there when the key is looked at again. Failures are told in upstream's words. Pure.
 */
#ifndef ACTORS_CONTROLLER_SCALING_READING_H
#define ACTORS_CONTROLLER_SCALING_READING_H

#include "actors/controller/plan.h"
#include "datastore/object/selector.h"
#include "datastore/schema/autoscaling_v2.h"
#include "runtime/base/base.h"

struct reading_place {
	const struct world *world;
	struct plan *plan;
	struct str namespace;
	struct str pods; /* the selector of the target's pods, as text */
};

/* Of one pod; of an object or the outside: one without a name. */
struct reading {
	struct str pod;
	int64_t milli;
	struct wall at;
	int64_t window_ns;
};

struct readings {
	struct reading *at; /* in the plan's arena */
	uint32_t len;
	struct str why; /* with READING_FAILED */
};

/* WAITS: it was asked for just now. */
enum reading_outcome { READING_DONE, READING_WAITS, READING_FAILED };

/* Of that container, or of all of a pod where it is absent; pods that lack one are left out. */
enum reading_outcome reading_resource(const struct reading_place *place, struct str resource,
				      struct str container, struct readings *out);
/* A metric of each pod; of `object`, unless NULL. */
enum reading_outcome
reading_custom(const struct reading_place *place,
	       const struct autoscaling_v2_cross_version_object_reference *object,
	       const struct autoscaling_v2_metric_identifier *metric, struct readings *out);
enum reading_outcome reading_external(const struct reading_place *place,
				      const struct autoscaling_v2_metric_identifier *metric,
				      struct readings *out);

/* "apps" of "apps/v1", absent for core. */
struct str reading_group(struct str api_version);
/* What a failure means to a person: a server that does not know the path says nothing itself. */
struct str reading_words(const struct world_answer *answer, struct arena *arena, struct str of);

#endif
