/*
 * Claim protection: a claim that is being deleted stays until no pod on a node uses it.
 *
 * A pod that was given a node before the claim was deleted may not have been seen yet, so nothing is concluded before the pods are
 * known up to the claim's last change; later ones do not count, for a node does not start pods with a claim that is being deleted.
 */
#include "actors/controller/controller.h"
#include "actors/controller/workload/protection.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "runtime/base/arena.h"

#define FINALIZER STR("kubernetes.io/pvc-protection")

/* Its volumes are not mounted any more, or it was told to go at once; it must not wait for its claim while that waits for it. */
static bool is_shut_down(const struct core_pod *pod)
{
	return pod->metadata->has.deletion_timestamp &&
	       pod->metadata->has.deletion_grace_period_seconds &&
	       pod->metadata->deletion_grace_period_seconds == 0;
}

static bool is_of_pod(const struct meta_object_meta *claim, const struct core_pod *pod)
{
	for (uint32_t i = 0; i < claim->owner_references.len; i++)
		if (claim->owner_references.at[i].controller)
			return str_eq(claim->owner_references.at[i].uid, pod->metadata->uid);
	return false;
}

static struct str ephemeral_name(struct arena *arena, const struct core_pod *pod,
				 const struct core_volume *volume)
{
	return arena_printf(arena, STR_FMT "-" STR_FMT, STR_ARG(pod->metadata->name),
			    STR_ARG(volume->name));
}

static bool uses(const struct world *world, const struct core_pod *pod,
		 const struct meta_object_meta *claim)
{
	for (uint32_t i = 0; i < pod->spec->volumes.len; i++) {
		const struct core_volume *volume = &pod->spec->volumes.at[i];
		const struct core_volume_source *source = volume->volume_source;

		if (source == NULL)
			continue;
		if (source->persistent_volume_claim != NULL &&
		    str_eq(source->persistent_volume_claim->claim_name, claim->name))
			return true;
		if (source->ephemeral != NULL && !is_shut_down(pod) && is_of_pod(claim, pod) &&
		    str_eq(ephemeral_name(world_arena(world), pod, volume), claim->name))
			return true;
	}
	return false;
}

static bool is_used(const struct world *world, const struct meta_object_meta *claim)
{
	struct records pods = world_list(world, claim->namespace, core_pod);

	for (uint32_t i = 0; i < pods.len; i++) {
		const struct core_pod *pod = record_at(pods, i, core_pod);

		if (pod->spec->node_name.len > 0 && uses(world, pod, claim))
			return true;
	}
	return false;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct core_persistent_volume_claim *claim =
	    world_get(world, key, core_persistent_volume_claim);
	const struct object *object = world_object(world, &core_persistent_volume_claim_type, key);

	if (claim == NULL)
		return OK;
	if (protection_is_missing(claim->metadata, FINALIZER))
		protection_add(plan, plan_edit(plan, claim, core_persistent_volume_claim)->metadata,
			       FINALIZER);
	if (protection_is_asked(claim->metadata, FINALIZER) &&
	    plan_has_seen(plan, world, &core_pod_type, (uint64_t)object->revision) &&
	    !is_used(world, claim->metadata))
		protection_remove(plan,
				  plan_edit(plan, claim, core_persistent_volume_claim)->metadata,
				  FINALIZER);
	return OK;
}

/* Each change of a pod may be the last use of what it names; claims that stay cost a look and no write. */
static void pod_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	const struct core_pod *pod = object->record;

	(void)old;
	for (uint32_t i = 0; pod->spec != NULL && i < pod->spec->volumes.len; i++) {
		const struct core_volume *volume = &pod->spec->volumes.at[i];
		const struct core_volume_source *source = volume->volume_source;

		if (source != NULL && source->persistent_volume_claim != NULL)
			wake_key(to, pod->metadata->namespace,
				 source->persistent_volume_claim->claim_name);
		else if (source != NULL && source->ephemeral != NULL)
			wake_key(to, pod->metadata->namespace,
				 ephemeral_name(world_arena(world), pod, volume));
	}
}

const struct controller pvc_protection_controller = {
	.name = "persistentvolumeclaim-protection",
	.account = "pvc-protection-controller",
	.reconciles = &core_persistent_volume_claim_type,
	.triggers = { { &core_pod_type, pod_wakes } },
	.workers = 1,
	.reconcile = reconcile,
};
