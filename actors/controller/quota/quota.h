/*
 * Quotas as the world fills them: what of each amount that a ResourceQuota limits is used by what is there.
 */
#ifndef ACTORS_CONTROLLER_QUOTA_QUOTA_H
#define ACTORS_CONTROLLER_QUOTA_QUOTA_H

#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "datastore/schema/core.h"

/*
 * For each name in spec.hard that is known how much is used. false: a cache has not seen all that was written before the quota, whose
 * number may tell of it already; the plan then waits for that.
 */
bool quota_fill(const struct world *world, const struct core_resource_quota *quota,
		struct plan *plan, struct str_map *out_used);
/* Whether a change of an object changes what it uses. */
bool quota_is_news(const struct world *world, const struct object *object, const struct object *old);

#endif
