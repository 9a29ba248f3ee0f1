#include "actors/scheduler/volumes.h"

#include <stdlib.h>

#include "actors/controller/node-selector.h"
#include "datastore/object/quantity.h"
#include "datastore/object/selector.h"
#include "datastore/schema/storage.h"
#include "datastore/schema/type.h"

#define OLD_CLASS_KEY STR("volume.beta.kubernetes.io/storage-class")

static struct str class_of(const struct meta_object_meta *meta, struct str named)
{
	struct str old = str_map_get(meta->annotations, OLD_CLASS_KEY);

	return old.at != NULL ? old : named;
}

static const struct storage_storage_class *
class_of_claim(const struct core_persistent_volume_claim *claim, const struct world *world)
{
	struct key key = { STR_NONE, class_of(claim->metadata, claim->spec->storage_class_name) };

	return key.name.len > 0 ? world_get(world, key, storage_storage_class) : NULL;
}

bool volumes_are_bound(const struct core_persistent_volume_claim *claim)
{
	return claim->spec->volume_name.len > 0 &&
	       str_map_get(claim->metadata->annotations, STR("pv.kubernetes.io/bind-completed")).at !=
		   NULL;
}

bool volumes_wait_for_consumer(const struct core_persistent_volume_claim *claim,
			       const struct world *world)
{
	const struct storage_storage_class *class = class_of_claim(claim, world);

	/* One that names its volume is bound like any other. */
	return class != NULL && claim->spec->volume_name.len == 0 &&
	       str_is(class->volume_binding_mode, "WaitForFirstConsumer");
}

bool volumes_are_for(const struct core_persistent_volume *volume,
		     const struct meta_object_meta *claim)
{
	const struct core_object_reference *ref = volume->spec->claim_ref;

	return ref != NULL && str_eq(ref->name, claim->name) &&
	       str_eq(ref->namespace, claim->namespace) &&
	       (ref->uid.len == 0 || str_eq(ref->uid, claim->uid));
}

/* ---- one volume for one claim ------------------------------------------------------------------------------- */

static struct quantity wanted_bytes(const struct core_persistent_volume_claim *claim)
{
	static const struct str_map none = { NULL, 0 };

	return quantity_of(str_map_get(
	    claim->spec->resources ? claim->spec->resources->requests : none, STR("storage")));
}

static struct quantity bytes_of(const struct core_persistent_volume *volume)
{
	return quantity_of(str_map_get(volume->spec->capacity, STR("storage")));
}

static bool is_mode(struct str mode, struct str other)
{
	return str_eq(mode.len > 0 ? mode : STR("Filesystem"),
		      other.len > 0 ? other : STR("Filesystem"));
}

bool volumes_reach(const struct core_persistent_volume *volume, const struct core_node *node)
{
	const struct core_volume_node_affinity *affinity = volume->spec->node_affinity;

	return affinity == NULL || affinity->required == NULL ||
	       node_selector_matches(affinity->required, node);
}

/* Rules for any volume, also one that is kept for the claim. */
static bool could_serve(const struct core_persistent_volume *volume,
			const struct core_persistent_volume_claim *claim)
{
	return (volume->spec->claim_ref == NULL || volumes_are_for(volume, claim->metadata)) &&
	       quantity_cmp(bytes_of(volume), wanted_bytes(claim)) >= 0 &&
	       is_mode(volume->spec->volume_mode, claim->spec->volume_mode) &&
	       str_eq(volume->spec->volume_attributes_class_name,
		      claim->spec->volume_attributes_class_name) &&
	       !volume->metadata->has.deletion_timestamp;
}

static bool has_modes(const struct core_persistent_volume *volume,
		      const struct core_persistent_volume_claim *claim)
{
	for (uint32_t i = 0; i < claim->spec->access_modes.len; i++)
		if (!node_selector_is_in(claim->spec->access_modes.at[i],
					 &volume->spec->access_modes))
			return false;
	return true;
}

/* Further rules for one that is nobody's yet. */
static bool is_free_for(const struct core_persistent_volume *volume,
			const struct core_persistent_volume_claim *claim)
{
	return str_is(volume->status->phase, "Available") &&
	       (claim->spec->selector == NULL ||
		world_selects(claim->spec->selector, volume->metadata->labels)) &&
	       str_eq(class_of(volume->metadata, volume->spec->storage_class_name),
		      class_of(claim->metadata, claim->spec->storage_class_name)) &&
	       has_modes(volume, claim);
}

/* The search for one claim's volume on one node, among those that neither we nor others have taken. */
struct search {
	const struct core_persistent_volume_claim *claim;
	const struct core_node *node;
	const struct str_list *taken;
	const struct volume_choice *chosen; /* for the pod's other claims */
	uint32_t chosen_count;
	const struct core_persistent_volume *best;
};

static bool is_taken(const struct search *search, const struct core_persistent_volume *volume)
{
	for (uint32_t i = 0; i < search->chosen_count; i++)
		if (search->chosen[i].volume != NULL && search->chosen[i].volume->record == volume)
			return true;
	return node_selector_is_in(volume->metadata->name, search->taken);
}

/* False ends the search. */
static bool consider(struct search *search, const struct core_persistent_volume *volume)
{
	bool is_kept = volumes_are_for(volume, search->claim->metadata);

	if (is_taken(search, volume) || !could_serve(volume, search->claim))
		return true;
	if (is_kept) {
		search->best = volumes_reach(volume, search->node) ? volume : NULL;
		return false;
	}
	if (is_free_for(volume, search->claim) && volumes_reach(volume, search->node) &&
	    (search->best == NULL || quantity_cmp(bytes_of(volume), bytes_of(search->best)) < 0))
		search->best = volume;
	return true;
}

/* ---- provisioning ---------------------------------------------------------------------------------------------- */

static bool holds(const struct core_topology_selector_term *term, const struct core_node *node)
{
	const struct core_topology_selector_label_requirement_list *list =
	    &term->match_label_expressions;

	for (uint32_t i = 0; i < list->len; i++) {
		struct str value = str_map_get(node->metadata->labels, list->at[i].key);

		if (value.at == NULL || !node_selector_is_in(value, &list->at[i].values))
			return false;
	}
	return list->len > 0;
}

static bool can_provision(const struct core_persistent_volume_claim *claim,
			  const struct core_node *node, const struct world *world)
{
	const struct storage_storage_class *class = class_of_claim(claim, world);

	if (class == NULL || class->provisioner.len == 0 ||
	    str_is(class->provisioner, "kubernetes.io/no-provisioner"))
		return false;
	for (uint32_t i = 0; i < class->allowed_topologies.len; i++)
		if (holds(&class->allowed_topologies.at[i], node))
			return true;
	return class->allowed_topologies.len == 0;
}

/* ---- all claims of a pod ----------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	const struct volume_choice *x = a, *y = b;
	int order = quantity_cmp(wanted_bytes(x->claim->record), wanted_bytes(y->claim->record));

	return order != 0 ? order : str_cmp(object_name(x->claim), object_name(y->claim));
}

static bool choose_one(struct volume_choice *choice, struct search *search,
		       const struct records *volumes, const struct world *world)
{
	const struct core_persistent_volume_claim *claim = choice->claim->record;
	struct str selected = str_map_get(claim->metadata->annotations, VOLUMES_SELECTED_NODE);

	if (selected.at != NULL) /* somebody is at it already, for this node or for none */
		return str_eq(selected, search->node->metadata->name) &&
		       can_provision(claim, search->node, world);
	search->claim = claim;
	search->best = NULL;
	for (uint32_t i = 0; i < volumes->len; i++)
		if (!consider(search, record_at(*volumes, i, core_persistent_volume)))
			break;
	if (search->best == NULL)
		return can_provision(claim, search->node, world);
	choice->volume = world_object(world, &core_persistent_volume_type,
				      (struct key){ STR_NONE, search->best->metadata->name });
	return choice->volume != NULL;
}

bool volumes_choose(const struct volume_needs *needs, const struct core_node *node,
		    const struct str_list *taken, const struct world *world,
		    struct volume_choice *out)
{
	struct records volumes = world_list(world, STR_NONE, core_persistent_volume);
	struct search search = { .node = node, .taken = taken, .chosen = out };

	for (uint32_t i = 0; i < needs->unbound_count; i++)
		out[i] = (struct volume_choice){ needs->unbound[i], NULL };
	/* The smallest first, so that big volumes are left for those who need them. */
	qsort(out, needs->unbound_count, sizeof *out, by_size);
	for (uint32_t i = 0; i < needs->unbound_count; i++) {
		search.chosen_count = i;
		if (!choose_one(&out[i], &search, &volumes, world))
			return false;
	}
	return true;
}
