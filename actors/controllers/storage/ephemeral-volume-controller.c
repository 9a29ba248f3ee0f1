/*
 * Ephemeral volumes: each that a pod describes has a claim of the pod's own, which goes with it (upstream: volume/ephemeral).
 */
#include "actors/controller/controller.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/core.h"
#include "runtime/base/arena.h"

#define LOOK_MS 5000 /* for a claim that is in the way */

typedef const struct core_pod pod_record;
typedef const struct core_persistent_volume_claim claim_record;

static bool is_owned(claim_record *claim, pod_record *pod)
{
	for (uint32_t i = 0; i < claim->metadata->owner_references.len; i++) {
		const struct meta_owner_reference *owner = &claim->metadata->owner_references.at[i];

		if (owner->controller)
			return str_eq(owner->uid, pod->metadata->uid);
	}
	return false;
}

static const struct core_ephemeral_volume_source *source_of(const struct core_volume *volume)
{
	return volume->volume_source != NULL ? volume->volume_source->ephemeral : NULL;
}

static void make(struct plan *plan, pod_record *pod, struct str name,
		 const struct core_persistent_volume_claim_template *template)
{
	struct core_persistent_volume_claim *claim =
	    plan_new_child(plan, pod, core_pod, name, core_persistent_volume_claim);
	struct core_persistent_volume_claim_template *copy =
	    plan_copy(plan, template, core_persistent_volume_claim_template);

	claim->spec = copy->spec;
	if (copy->metadata == NULL)
		return;
	claim->metadata->labels = copy->metadata->labels;
	claim->metadata->annotations = copy->metadata->annotations;
}

/* False: a claim of that name is somebody else's, and nothing more is made for the pod. */
static bool look_at(const struct world *world, struct plan *plan, pod_record *pod,
		    const struct core_volume *volume)
{
	const struct core_ephemeral_volume_source *source = source_of(volume);
	struct str name, space = pod->metadata->namespace;
	claim_record *claim;

	if (source == NULL || source->volume_claim_template == NULL)
		return true;
	name = arena_printf(plan_arena(plan), STR_FMT "-" STR_FMT, STR_ARG(pod->metadata->name),
			    STR_ARG(volume->name));
	claim = world_get(world, ((struct key){ space, name }), core_persistent_volume_claim);
	if (claim == NULL) {
		make(plan, pod, name, source->volume_claim_template);
		return true;
	}
	if (is_owned(claim, pod))
		return true;
	plan_event(plan, &core_pod_type, pod->metadata, true, "FailedBinding",
		   "ephemeral volume " STR_FMT ": PVC " STR_FMT "/" STR_FMT
		   " was not created for pod " STR_FMT "/" STR_FMT " (pod is not owner)",
		   STR_ARG(volume->name), STR_ARG(space), STR_ARG(name), STR_ARG(space),
		   STR_ARG(pod->metadata->name));
	plan_again(plan, LOOK_MS);
	return false;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	pod_record *pod = world_get(world, key, core_pod);
	const struct world_failure *failure = world_failure(world);
	bool goes_on = pod != NULL && !pod->metadata->has.deletion_timestamp;

	if (goes_on && failure != NULL && failure->is_create)
		plan_event(plan, &core_pod_type, pod->metadata, true, "FailedBinding",
			   "create PVC: " STR_FMT, STR_ARG(failure->message));
	for (uint32_t i = 0; goes_on && i < pod->spec->volumes.len; i++)
		goes_on = look_at(world, plan, pod, &pod->spec->volumes.at[i]);
	return OK;
}

const struct controller ephemeral_volume_controller = {
	.name = "ephemeral-volume",
	.account = "ephemeral-volume-controller",
	.reconciles = &core_pod_type,
	.owns = { &core_persistent_volume_claim_type }, /* one that went is made again */
	.reconcile = reconcile,
};
