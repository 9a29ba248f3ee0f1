#include "actors/scheduler/criterion/spread.h"

#include "actors/controller/node-selector.h"
#include "actors/controller/taint.h"
#include "datastore/schema/apps.h"

#define HOST_KEY STR("kubernetes.io/hostname")
#define ZONE_KEY STR("topology.kubernetes.io/zone")

/* ---- the pod's own ---------------------------------------------------------------------------------------- */

/* Requirements of two selectors, all of which must hold. */
static struct selector both(struct selector a, struct selector b, struct arena *arena)
{
	struct selector_requirement *at;

	if (a.is_nothing || b.is_nothing)
		return (struct selector){ .is_nothing = true };
	at = arena_array(arena, struct selector_requirement, a.len + b.len);
	if (a.len > 0)
		memcpy(at, a.at, a.len * sizeof *at);
	if (b.len > 0)
		memcpy(at + a.len, b.at, b.len * sizeof *at);
	return (struct selector){ .at = at, .len = a.len + b.len };
}

static struct selector selector_of(const struct meta_label_selector *from, struct arena *arena)
{
	struct selector selector;

	if (selector_from_label_selector(from, arena, &selector, NULL) != OK)
		return (struct selector){ .is_nothing = true };
	return selector;
}

/* matchLabelKeys: pods that have the same values as this one for these keys. */
static struct selector with_label_keys(struct selector selector, const struct pod_info *pod,
				       const struct str_list *keys, struct arena *arena)
{
	struct str_map labels = { 0 };

	for (uint32_t i = 0; i < keys->len; i++) {
		struct str value = str_map_get(pod->pod->metadata->labels, keys->at[i]);

		if (value.at != NULL)
			str_map_put(&labels, arena, keys->at[i], value);
	}
	return labels.len > 0 ? both(selector, selector_from_map(labels, arena), arena) : selector;
}

static struct spread_constraint read_constraint(const struct core_topology_spread_constraint *from,
						const struct pod_info *pod, struct arena *arena)
{
	struct selector pods = with_label_keys(selector_of(from->label_selector, arena), pod,
					       &from->match_label_keys, arena);

	return (struct spread_constraint){
		.topology_key = from->topology_key,
		.pods = pods,
		.bits = pod_term_bits(&pods),
		.max_skew = from->max_skew,
		.min_domains = from->has.min_domains ? from->min_domains : 1,
		.honours_affinity = !str_is(from->node_affinity_policy, "Ignore"),
		.honours_taints = str_is(from->node_taints_policy, "Honor"),
		.is_host = str_eq(from->topology_key, HOST_KEY),
	};
}

/* ---- the cluster's defaults ---------------------------------------------------------------------------------- */

/* The labels by which Services select this pod, together. */
static struct str_map service_labels(const struct pod_info *pod, const struct world *world,
				     struct arena *arena)
{
	struct records services = world_list(world, pod->pod->metadata->namespace, core_service);
	struct str_map all = { 0 };

	for (uint32_t i = 0; i < services.len; i++) {
		struct str_map labels = record_at(services, i, core_service)->spec->selector;
		struct selector selector;

		if (labels.len == 0)
			continue;
		selector = selector_from_map(labels, arena);
		if (!selector_matches_labels(&selector, pod->pod->metadata->labels))
			continue;
		for (uint32_t j = 0; j < labels.len; j++)
			str_map_put(&all, arena, labels.at[j].key, labels.at[j].value);
	}
	return all;
}

static const struct meta_owner_reference *controller_of(const struct pod_info *pod)
{
	const struct meta_owner_reference_list *owners = &pod->pod->metadata->owner_references;

	for (uint32_t i = 0; i < owners->len; i++)
		if (owners->at[i].controller)
			return &owners->at[i];
	return NULL;
}

/* What the set that controls the pod selects by; no requirement if none is known. */
static struct selector owner_selector(const struct pod_info *pod, const struct world *world,
				      struct arena *arena)
{
	const struct meta_owner_reference *owner = controller_of(pod);
	struct key key = { pod->pod->metadata->namespace, owner ? owner->name : STR("") };
	const struct apps_replica_set *replica_set;
	const struct apps_stateful_set *stateful_set;
	const struct core_replication_controller *controller;

	if (owner == NULL)
		return SELECTOR_ALL;
	if (str_is(owner->kind, "ReplicaSet") && str_is(owner->api_version, "apps/v1") &&
	    (replica_set = world_get(world, key, apps_replica_set)) != NULL)
		return selector_of(replica_set->spec->selector, arena);
	if (str_is(owner->kind, "StatefulSet") && str_is(owner->api_version, "apps/v1") &&
	    (stateful_set = world_get(world, key, apps_stateful_set)) != NULL)
		return selector_of(stateful_set->spec->selector, arena);
	if (str_is(owner->kind, "ReplicationController") && str_is(owner->api_version, "v1") &&
	    (controller = world_get(world, key, core_replication_controller)) != NULL)
		return selector_from_map(controller->spec->selector, arena);
	return SELECTOR_ALL;
}

/* Upstream's system defaults: softly over hosts and zones, by what Services and the owner select. */
static struct spread defaults(const struct pod_info *pod, const struct world *world,
			      struct arena *arena)
{
	struct str_map labels = service_labels(pod, world, arena);
	struct selector by_service =
	    labels.len > 0 ? selector_from_map(labels, arena) : SELECTOR_ALL;
	struct selector pods = both(by_service, owner_selector(pod, world, arena), arena);
	struct spread_constraint even = { .pods = pods,
					  .bits = pod_term_bits(&pods),
					  .min_domains = 1,
					  .honours_affinity = true };
	struct spread spread = { .is_default = true };

	if (pods.is_nothing || pods.len == 0)
		return spread;
	spread.at = arena_array(arena, struct spread_constraint, 2);
	spread.len = 2;
	spread.at[0] = spread.at[1] = even;
	spread.at[0].topology_key = HOST_KEY;
	spread.at[0].is_host = true;
	spread.at[0].max_skew = 3;
	spread.at[1].topology_key = ZONE_KEY;
	spread.at[1].max_skew = 5;
	return spread;
}

struct spread spread_of_pod(const struct pod_info *pod, const struct world *world,
			    const char *when_unsatisfiable, struct arena *arena)
{
	const struct core_topology_spread_constraint_list *list =
	    &pod->pod->spec->topology_spread_constraints;
	struct spread spread = { 0 };

	if (list->len == 0 && world != NULL && strcmp(when_unsatisfiable, "ScheduleAnyway") == 0)
		return defaults(pod, world, arena);
	if (list->len > 0)
		spread.at = arena_array(arena, struct spread_constraint, list->len);
	for (uint32_t i = 0; i < list->len; i++)
		if (str_is(list->at[i].when_unsatisfiable, when_unsatisfiable))
			spread.at[spread.len++] = read_constraint(&list->at[i], pod, arena);
	return spread;
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

bool spread_includes(const struct spread *spread, const struct core_node *node)
{
	for (uint32_t i = 0; i < spread->len; i++)
		if (str_map_get(node->metadata->labels, spread->at[i].topology_key).at == NULL)
			return false;
	return true;
}

bool spread_counts(const struct spread_constraint *constraint, const struct core_pod *pod,
		   const struct core_node *node)
{
	if (constraint->honours_affinity && !node_selector_allows(pod, node))
		return false;
	return !constraint->honours_taints ||
	       taint_allows(&node->spec->taints, &pod->spec->tolerations);
}

int64_t spread_count(const struct spread_constraint *constraint, const struct node_info *node,
		     struct str namespace)
{
	const struct node_pods *all = node_info_pods(node);
	int64_t count = 0;

	if (!constraint->pods.is_nothing && constraint->pods.len == 0)
		return 0; /* upstream: a selector of everything spreads nothing */
	for (uint32_t i = 0; i < all->len; i++) {
		const struct meta_object_meta *meta;

		if ((all->at[i]->label_bits & constraint->bits) != constraint->bits)
			continue;
		meta = all->at[i]->pod->metadata;
		if (!meta->has.deletion_timestamp && str_eq(meta->namespace, namespace) &&
		    selector_matches_labels(&constraint->pods, meta->labels))
			count++;
	}
	return count;
}
