/*
 * Pod templates and what controllers make of them, and the small arithmetic that several of them share.
 */
#ifndef ACTORS_CONTROLLER_WORKLOAD_TEMPLATE_H
#define ACTORS_CONTROLLER_WORKLOAD_TEMPLATE_H

#include "actors/controller/plan.h"
#include "datastore/schema/core.h"
#include "runtime/base/base.h"

#define TEMPLATE_HASH "pod-template-hash"

/* Equal but for the label pod-template-hash. */
bool template_same(const struct core_pod_template_spec *a, const struct core_pod_template_spec *b);
/* Ten letters and digits that name the template; another `collisions` gives others. */
struct str template_hash(struct arena *arena, const struct core_pod_template_spec *template,
			 int32_t collisions);
/* A deep copy in the arena. */
struct str_map template_map_clone(struct arena *arena, struct str_map map);

/*
 * A pod of the template, to be created with a name of its own: the owner's, a dash and five characters that depend on
 * `salt` and the time, so that a name that is taken is not tried again.
 */
struct core_pod *template_pod(const struct world *world, struct plan *plan,
			      const struct type *owner_type, const struct meta_object_meta *owner,
			      const struct core_pod_template_spec *template, uint64_t salt);

/* The same for a pod that is called by its place, "<prefix>-": `prefix` instead of the owner's name. */
struct core_pod *template_pod_named(const struct world *world, struct plan *plan,
				    const struct type *owner_type,
				    const struct meta_object_meta *owner,
				    const struct core_pod_template_spec *template,
				    struct str prefix, uint64_t salt);

/* "25%" of a number, or the number itself (intstr.GetScaledValueFromIntOrPercent). */
int32_t template_scaled(struct int_or_string value, int32_t of, bool rounds_up);

static inline int32_t template_least(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

static inline int32_t template_most(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

#endif
