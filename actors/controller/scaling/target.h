/*
 * Targets: what a HorizontalPodAutoscaler scales, by the scale subresource of any kind that has one. Pure.
 */
#ifndef ACTORS_CONTROLLER_SCALING_TARGET_H
#define ACTORS_CONTROLLER_SCALING_TARGET_H

#include "actors/controller/scaling/reading.h"
#include "datastore/schema/autoscaling.h"

struct target {
	struct str path;                       /* of the subresource */
	const struct autoscaling_scale *scale; /* as it was read */
	struct str why;                        /* with READING_FAILED */
};

enum reading_outcome target_read(const struct world *world, struct plan *plan, struct str namespace,
				 const struct autoscaling_v2_cross_version_object_reference *of,
				 struct target *out);
/* What the scale says of its pods; false: *why it cannot be read. */
bool target_select(struct str text, struct arena *arena, struct selector *out, struct str *why);
void target_write(struct plan *plan, const struct target *target, int32_t replicas);

#endif
