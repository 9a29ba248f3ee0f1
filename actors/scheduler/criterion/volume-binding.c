#include "actors/controller/storage/volume-match.h"
#include "actors/controller/world.h"
#include "actors/scheduler/criterion.h"
#include "actors/scheduler/volumes.h"
#include "datastore/object/object.h"

/*
 * Volumes: a pod waits until its claims are bound, and goes only where the volumes behind them can be reached. Claims of a class that
 * waits for its first consumer are bound after the choice of a node, which must have volumes for them or be one to provision them for.
 */

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

/* False: no node will do, and why is said. */
static bool take_claim(struct cycle *cycle, struct volume_needs *needs,
		       const struct core_volume *volume, struct str name)
{
	struct key key = { cycle->pod->pod->metadata->namespace, name };
	const struct object *object =
	    world_object(cycle->world, &core_persistent_volume_claim_type, key);
	const struct core_persistent_volume_claim *claim = object ? object->record : NULL;
	struct str why = objection(cycle, volume, name, claim);

	if (why.len == 0 && !volume_match_is_bound(claim) &&
	    !volume_match_waits_for_consumer(claim, cycle->world))
		why = STR("pod has unbound immediate PersistentVolumeClaims");
	if (why.len > 0) {
		cycle_because(cycle, why);
		return false;
	}
	if (volume_match_is_bound(claim))
		needs->bound[needs->bound_count++] =
		    world_get(cycle->world, ((struct key){ STR_NONE, claim->spec->volume_name }),
			      core_persistent_volume);
	else
		needs->unbound[needs->unbound_count++] = object;
	return true;
}

static struct volume_needs *new_needs(struct cycle *cycle, uint32_t volumes)
{
	struct volume_needs *needs = arena_new_of(cycle->arena, struct volume_needs);

	needs->bound = arena_array(cycle->arena, const struct core_persistent_volume *, volumes);
	needs->unbound = arena_array(cycle->arena, const struct object *, volumes);
	return needs;
}

static enum fit pre_filter(struct cycle *cycle)
{
	const struct core_volume_list *list = &cycle->pod->pod->spec->volumes;
	struct volume_needs *needs = NULL;

	for (uint32_t i = 0; i < list->len; i++) {
		struct str name = claim_name(cycle, &list->at[i]);

		if (name.at == NULL)
			continue;
		if (needs == NULL)
			needs = new_needs(cycle, list->len);
		if (!take_claim(cycle, needs, &list->at[i], name))
			return FIT_NEVER;
	}
	cycle->state[CRITERION_VOLUME_BINDING] = needs;
	return needs != NULL ? FIT_YES : FIT_SKIP;
}

static bool can_bind(struct cycle *cycle, const struct volume_needs *needs,
		     const struct node_info *node)
{
	return needs->unbound_count == 0 ||
	       volumes_choose(needs, node->node, &cycle->taken_volumes, cycle->world,
			      arena_array(cycle->arena, struct volume_choice, needs->unbound_count));
}

static enum fit filter(struct cycle *cycle, const struct node_info *node)
{
	const struct volume_needs *needs = cycle->state[CRITERION_VOLUME_BINDING];
	bool is_gone = false, is_far = false, is_none = !can_bind(cycle, needs, node);

	for (uint32_t i = 0; i < needs->bound_count; i++) {
		const struct core_persistent_volume *volume = needs->bound[i];

		if (volume == NULL)
			is_gone = true;
		else if (!volumes_reach(volume, node->node))
			is_far = true;
	}
	if (is_far)
		cycle_because(cycle, STR("node(s) didn't match PersistentVolume's node affinity"));
	if (is_none)
		cycle_because(cycle,
			      STR("node(s) didn't find available persistent volumes to bind"));
	if (is_gone)
		cycle_because(cycle, STR("node(s) unavailable due to one or more pvc(s) bound to "
					 "non-existent pv(s)"));
	return is_gone || is_far || is_none ? FIT_NEVER : FIT_YES;
}

/* Claims in the pod's namespace are those it could wait for; volumes and classes may concern any. */
static bool helps(const struct pod_info *pod, const struct news *news)
{
	if ((news->kinds & NEWS_VOLUMES) == 0)
		return true; /* a node came, or its labels changed */
	return !str_eq(type_kind(news->object->type),
		       type_kind(&core_persistent_volume_claim_type)) ||
	       str_eq(object_namespace(news->object), pod->pod->metadata->namespace);
}

const struct criterion criterion_volume_binding = {
	.name = "VolumeBinding",
	.pre_filter = pre_filter,
	.filter = filter,
	.wakes = NEWS_NODE_ADDED | NEWS_NODE_LABELS | NEWS_VOLUMES,
	.helps = helps,
};
