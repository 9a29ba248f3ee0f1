#include "actors/scheduler/snapshot/pod-term.h"

#include "actors/controller/node-selector.h"
#include "actors/scheduler/snapshot/pod-info.h"

static struct selector selector_of(const struct meta_label_selector *from, struct arena *arena)
{
	struct selector selector;

	if (selector_from_label_selector(from, arena, &selector, NULL) != OK)
		return (struct selector){ .is_nothing = true };
	return selector;
}

static uint64_t bit_of(struct str key, struct str value)
{
	return 1ULL << (hash_mix(hash_str(key), hash_str(value)) & 63);
}

uint64_t pod_term_label_bits(struct str_map labels)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < labels.len; i++)
		bits |= bit_of(labels.at[i].key, labels.at[i].value);
	return bits;
}

uint64_t pod_term_bits(const struct selector *selector)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < selector->len; i++)
		if (selector->at[i].relation == SELECTOR_IN && selector->at[i].value_count == 1)
			bits |= bit_of(selector->at[i].key, selector->at[i].values[0]);
	return bits;
}

static struct pod_term read_term(const struct core_pod_affinity_term *term, int32_t weight,
				 struct str own_namespace, struct arena *arena)
{
	struct pod_term out = { .topology_key = term->topology_key,
				.namespaces = term->namespaces,
				.in = selector_of(term->namespace_selector, arena),
				.pods = selector_of(term->label_selector, arena),
				.weight = weight };

	out.bits = pod_term_bits(&out.pods);
	if (term->namespaces.len == 0 && term->namespace_selector == NULL) {
		out.namespaces.at = arena_copy(arena, &own_namespace, sizeof own_namespace);
		out.namespaces.len = 1;
	}
	return out;
}

struct pod_terms pod_term_list(const struct core_pod_affinity_term_list *terms,
			       struct str own_namespace, struct arena *arena)
{
	struct pod_terms out = { .len = terms->len };

	if (terms->len > 0)
		out.at = arena_array(arena, struct pod_term, terms->len);
	for (uint32_t i = 0; i < terms->len; i++)
		out.at[i] = read_term(&terms->at[i], 0, own_namespace, arena);
	return out;
}

struct pod_terms pod_term_weighted_list(const struct core_weighted_pod_affinity_term_list *terms,
					struct str own_namespace, struct arena *arena)
{
	struct pod_terms out = { 0 };

	if (terms->len > 0)
		out.at = arena_array(arena, struct pod_term, terms->len);
	for (uint32_t i = 0; i < terms->len; i++)
		if (terms->at[i].pod_affinity_term != NULL)
			out.at[out.len++] = read_term(terms->at[i].pod_affinity_term,
						      terms->at[i].weight, own_namespace, arena);
	return out;
}

static bool is_meant(const struct pod_term *term, struct str namespace, const struct world *world)
{
	const struct core_namespace *object;

	if (node_selector_is_in(namespace, &term->namespaces))
		return true;
	if (term->in.is_nothing || term->in.len == 0)
		return !term->in.is_nothing;
	object =
	    world ? world_get(world, ((struct key){ STR_NONE, namespace }), core_namespace) : NULL;
	return selector_matches_labels(&term->in, object ? object->metadata->labels
							 : (struct str_map){ NULL, 0 });
}

bool pod_term_matches(const struct pod_term *term, const struct pod_info *pod,
		      const struct world *world)
{
	const struct meta_object_meta *meta = pod_info_meta(pod);

	return (pod->label_bits & term->bits) == term->bits &&
	       selector_matches_labels(&term->pods, meta->labels) &&
	       is_meant(term, meta->namespace, world);
}

bool pod_terms_match_all(struct pod_terms terms, const struct pod_info *pod,
			 const struct world *world)
{
	for (uint32_t i = 0; i < terms.len; i++)
		if (!pod_term_matches(&terms.at[i], pod, world))
			return false;
	return terms.len > 0;
}

bool pod_terms_match_any(struct pod_terms terms, const struct pod_info *pod,
			 const struct world *world)
{
	for (uint32_t i = 0; i < terms.len; i++)
		if (pod_term_matches(&terms.at[i], pod, world))
			return true;
	return false;
}
