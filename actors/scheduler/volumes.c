#include "actors/scheduler/volumes.h"

#include <stdlib.h>

#include "actors/controller/node-selector.h"
#include "actors/controller/storage/volume-match.h"
#include "datastore/object/quantity.h"
#include "datastore/schema/storage.h"
#include "datastore/schema/type.h"

/* ---- one volume for one claim ------------------------------------------------------------------------------- */

bool volumes_reach(const struct core_persistent_volume *volume, const struct core_node *node)
{
	const struct core_volume_node_affinity *affinity = volume->spec->node_affinity;

	return affinity == NULL || affinity->required == NULL ||
	       node_selector_matches(affinity->required, node);
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
	bool is_kept = volume_match_is_for(volume, search->claim->metadata);

	if (is_taken(search, volume) || !volume_match_could_serve(volume, search->claim))
		return true;
	if (is_kept) {
		search->best = volumes_reach(volume, search->node) ? volume : NULL;
		return false;
	}
	if (volume_match_is_free_for(volume, search->claim) && volumes_reach(volume, search->node) &&
	    (search->best == NULL ||
	     quantity_cmp(volume_match_size(volume), volume_match_size(search->best)) < 0))
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
	const struct storage_storage_class *class = volume_match_class_of(claim, world);

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
	int order = quantity_cmp(volume_match_wanted(x->claim->record),
				 volume_match_wanted(y->claim->record));

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
