/*
 * Volume protection: a volume that is being deleted stays while it is bound to a claim.
 */
#include "actors/controller/controller.h"
#include "actors/controller/workload/protection.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"

#define FINALIZER STR("kubernetes.io/pv-protection")

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_persistent_volume *volume = world_get(world, key, core_persistent_volume);

	if (volume == NULL)
		return OK;
	if (protection_is_missing(volume->metadata, FINALIZER))
		protection_add(plan, plan_edit(plan, volume, core_persistent_volume)->metadata,
			       FINALIZER);
	if (protection_is_asked(volume->metadata, FINALIZER) &&
	    (volume->status == NULL || !str_is(volume->status->phase, "Bound")))
		protection_remove(plan, plan_edit(plan, volume, core_persistent_volume)->metadata,
				  FINALIZER);
	return OK;
}

const struct controller pv_protection_controller = {
	.name = "persistentvolume-protection",
	.account = "pv-protection-controller",
	.reconciles = &core_persistent_volume_type,
	.workers = 1,
	.reconcile = reconcile,
};
