#include "actors/scheduler/criterion.h"
#include "actors/scheduler/node-selector.h"
#include "datastore/schema/storage.h"

/*
 * Volumes: a pod waits until its claims are bound, and goes only where the volumes behind them can be reached.
 *
 * Claims of a class that waits for its first consumer need somebody who binds them to volumes near the chosen node; nobody here does
 * yet, so such a pod waits too and says so.
 */

struct volume_state {
	const struct core_persistent_volume **volumes; /* of bound claims; NULL: the volume is gone */
	uint32_t count;
	uint32_t unbound; /* claims that wait for their first consumer */
};

static const struct core_persistent_volume_claim *claim_of(struct cycle *cycle, struct str name)
{
	struct key key = { cycle->pod->pod->metadata->namespace, name };

	return world_get(cycle->world, key, core_persistent_volume_claim);
}

/* The name of the claim behind a volume; absent if it has none. */
static struct str claim_name(const struct cycle *cycle, const struct core_volume *volume)
{
	const struct core_volume_source *source = volume->volume_source;

	if (source != NULL && source->persistent_volume_claim != NULL)
		return source->persistent_volume_claim->claim_name;
	if (source != NULL && source->ephemeral != NULL)
		return arena_printf(cycle->arena, STR_FMT "-" STR_FMT,
				    STR_ARG(cycle->pod->pod->metadata->name), STR_ARG(volume->name));
	return STR_NONE;
}

static bool is_owned_by(const struct meta_object_meta *claim, const struct meta_object_meta *pod)
{
	for (uint32_t i = 0; i < claim->owner_references.len; i++)
		if (claim->owner_references.at[i].controller &&
		    str_eq(claim->owner_references.at[i].uid, pod->uid))
			return true;
	return false;
}

/* What keeps the pod from using the claim at all; absent: nothing. */
static struct str objection(struct cycle *cycle, const struct core_volume *volume, struct str name,
			    const struct core_persistent_volume_claim *claim)
{
	const struct meta_object_meta *pod = cycle->pod->pod->metadata;
	bool is_ephemeral = volume->volume_source->persistent_volume_claim == NULL;

	if (claim == NULL && is_ephemeral)
		return arena_printf(cycle->arena,
				    "waiting for ephemeral volume controller to create the "
				    "persistentvolumeclaim \"" STR_FMT "\"",
				    STR_ARG(name));
	if (claim == NULL)
		return arena_printf(cycle->arena, "persistentvolumeclaim \"" STR_FMT "\" not found",
				    STR_ARG(name));
	if (str_is(claim->status->phase, "Lost"))
		return arena_printf(cycle->arena,
				    "persistentvolumeclaim \"" STR_FMT
				    "\" bound to non-existent persistentvolume \"" STR_FMT "\"",
				    STR_ARG(name), STR_ARG(claim->spec->volume_name));
	if (claim->metadata->has.deletion_timestamp)
		return arena_printf(cycle->arena,
				    "persistentvolumeclaim \"" STR_FMT "\" is being deleted",
				    STR_ARG(name));
	if (is_ephemeral && !is_owned_by(claim->metadata, pod))
		return arena_printf(cycle->arena,
				    "PVC " STR_FMT "/" STR_FMT " was not created for pod " STR_FMT
				    "/" STR_FMT " (pod is not owner)",
				    STR_ARG(claim->metadata->namespace), STR_ARG(name),
				    STR_ARG(pod->namespace), STR_ARG(pod->name));
	return STR_NONE;
}

static bool is_bound(const struct core_persistent_volume_claim *claim)
{
	return claim->spec->volume_name.len > 0 &&
	       str_map_get(claim->metadata->annotations, STR("pv.kubernetes.io/bind-completed")).at !=
		   NULL;
}

static bool waits_for_consumer(struct cycle *cycle, const struct core_persistent_volume_claim *claim)
{
	struct key key = { STR_NONE, claim->spec->storage_class_name };
	const struct storage_storage_class *class =
	    key.name.len > 0 ? world_get(cycle->world, key, storage_storage_class) : NULL;

	return class != NULL && claim->spec->volume_name.len == 0 &&
	       str_is(class->volume_binding_mode, "WaitForFirstConsumer");
}

/* False: no node will do, and why is said. */
static bool take_claim(struct cycle *cycle, struct volume_state *state,
		       const struct core_volume *volume, struct str name)
{
	const struct core_persistent_volume_claim *claim = claim_of(cycle, name);
	struct str why = objection(cycle, volume, name, claim);

	if (why.len == 0 && !is_bound(claim) && !waits_for_consumer(cycle, claim))
		why = STR("pod has unbound immediate PersistentVolumeClaims");
	if (why.len > 0) {
		cycle_because(cycle, why);
		return false;
	}
	if (is_bound(claim))
		state->volumes[state->count++] =
		    world_get(cycle->world, ((struct key){ STR_NONE, claim->spec->volume_name }),
			      core_persistent_volume);
	else
		state->unbound++;
	return true;
}

static enum fit pre_filter(struct cycle *cycle)
{
	const struct core_volume_list *list = &cycle->pod->pod->spec->volumes;
	struct volume_state *state = NULL;

	for (uint32_t i = 0; i < list->len; i++) {
		struct str name = claim_name(cycle, &list->at[i]);

		if (name.at == NULL)
			continue;
		if (state == NULL) {
			state = arena_new_of(cycle->arena, struct volume_state);
			state->volumes = arena_array(
			    cycle->arena, const struct core_persistent_volume *, list->len);
		}
		if (!take_claim(cycle, state, &list->at[i], name))
			return FIT_NEVER;
	}
	cycle->state[CRITERION_VOLUME_BINDING] = state;
	return state != NULL ? FIT_YES : FIT_SKIP;
}

static enum fit filter(struct cycle *cycle, const struct node_info *node)
{
	const struct volume_state *state = cycle->state[CRITERION_VOLUME_BINDING];
	bool is_gone = false, is_far = false;

	for (uint32_t i = 0; i < state->count; i++) {
		const struct core_persistent_volume *volume = state->volumes[i];

		if (volume == NULL)
			is_gone = true;
		else if (volume->spec->node_affinity != NULL &&
			 volume->spec->node_affinity->required != NULL &&
			 !node_selector_matches(volume->spec->node_affinity->required, node->node))
			is_far = true;
	}
	if (is_far)
		cycle_because(cycle, STR("node(s) didn't match PersistentVolume's node affinity"));
	if (state->unbound > 0)
		cycle_because(cycle,
			      STR("node(s) didn't find available persistent volumes to bind"));
	if (is_gone)
		cycle_because(cycle, STR("node(s) unavailable due to one or more pvc(s) bound to "
					 "non-existent pv(s)"));
	return is_gone || is_far || state->unbound > 0 ? FIT_NEVER : FIT_YES;
}

/* Claims in the pod's namespace are those it could wait for; volumes and classes may concern any. */
static bool helps(const struct pod_info *pod, const struct news *news)
{
	if ((news->kinds & NEWS_VOLUMES) == 0)
		return true; /* a node came, or its labels changed */
	return !str_eq(news->object->type->kind, core_persistent_volume_claim_type.kind) ||
	       str_eq(object_namespace(news->object), pod->pod->metadata->namespace);
}

const struct criterion criterion_volume_binding = {
	.name = "VolumeBinding",
	.pre_filter = pre_filter,
	.filter = filter,
	.wakes = NEWS_NODE_ADDED | NEWS_NODE_LABELS | NEWS_VOLUMES,
	.helps = helps,
};
