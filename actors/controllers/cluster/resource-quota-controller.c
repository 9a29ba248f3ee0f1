/*
 * ResourceQuotas: how much of what a quota limits is used. The API server charges each write to it at once; here it is counted anew from
 * what is there, so that what has gone, and what came before the quota, counts right.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/quota/quota.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"

#define RESYNC_MS 300000 /* upstream's: a pod that hangs counts no more once its grace is over */

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_resource_quota *quota = world_get(world, key, core_resource_quota);
	struct core_resource_quota *changed;
	struct str_map used;

	if (quota == NULL || !quota_fill(world, quota, plan, &used))
		return OK;
	changed = plan_status(plan, quota, core_resource_quota);
	changed->status->hard = changed->spec->hard;
	changed->status->used = used;
	return OK;
}

static void wakes(const struct world *world, const struct object *object, const struct object *old,
		  struct wake *to)
{
	const struct meta_object_meta *meta = world_meta(object->type, object->record);
	struct records quotas;

	if (meta->namespace.len == 0)
		return;
	quotas = world_list(world, meta->namespace, core_resource_quota);
	if (quotas.len == 0 || !quota_is_news(world, object, old))
		return;
	for (uint32_t i = 0; i < quotas.len; i++)
		wake_key(to, meta->namespace,
			 record_at(quotas, i, core_resource_quota)->metadata->name);
}

const struct controller resource_quota_controller = {
	.name = "resource-quota",
	.account = "resourcequota-controller",
	.reconciles = &core_resource_quota_type,
	/* Of these more counts than how many there are. */
	.reads = { &core_pod_type, &core_service_type, &core_persistent_volume_claim_type },
	.reads_all = true,
	.wakes = wakes,
	.resync_ms = RESYNC_MS,
	.reconcile = reconcile,
};
