#include "actors/controller/node-selector.h"
#include "actors/scheduler/criterion.h"

/* Node affinity: nodes that the pod's nodeSelector and required terms mean; the score adds the weights of preferred terms. */

static const struct core_node_affinity *affinity_of(const struct pod_info *pod)
{
	const struct core_affinity *affinity = pod->pod->spec->affinity;

	return affinity ? affinity->node_affinity : NULL;
}

static const struct core_node_selector *required_of(const struct pod_info *pod)
{
	const struct core_node_affinity *affinity = affinity_of(pod);

	return affinity ? affinity->required_during_scheduling_ignored_during_execution : NULL;
}

/* ---- terms that name their nodes --------------------------------------------------------------------------- */

static bool names_nodes(const struct core_node_selector_requirement *r)
{
	return str_is(r->key, "metadata.name") && str_is(r->operator, "In");
}

/* Whether the term is for certain nodes only, and whether this is one of them. */
static bool is_named_in(const struct core_node_selector_term *term, struct str name)
{
	for (uint32_t i = 0; i < term->match_fields.len; i++)
		if (names_nodes(&term->match_fields.at[i]) &&
		    !node_selector_is_in(name, &term->match_fields.at[i].values))
			return false;
	return true;
}

static const struct str_list *names_of(const struct core_node_selector_term *term)
{
	for (uint32_t i = 0; i < term->match_fields.len; i++)
		if (names_nodes(&term->match_fields.at[i]))
			return &term->match_fields.at[i].values;
	return NULL;
}

static void add_name(struct str_list *names, struct arena *arena, struct str name)
{
	if (node_selector_is_in(name, names))
		return;
	names->at = arena_grow(arena, names->at, names->len * sizeof *names->at,
			       (names->len + 1) * sizeof *names->at);
	names->at[names->len++] = name;
}

/* False: some term is for nodes of any name. */
static bool gather_names(const struct core_node_selector *required, struct arena *arena,
			 struct str_list *names)
{
	for (uint32_t i = 0; i < required->node_selector_terms.len; i++) {
		const struct core_node_selector_term *term = &required->node_selector_terms.at[i];
		const struct str_list *of_term = names_of(term);

		if (of_term == NULL)
			return false;
		for (uint32_t j = 0; j < of_term->len; j++)
			if (is_named_in(term, of_term->at[j]))
				add_name(names, arena, of_term->at[j]);
	}
	return true;
}

static enum fit pre_filter(struct cycle *cycle)
{
	const struct core_node_selector *required = required_of(cycle->pod);
	struct str_list names = { 0 };

	if (required == NULL && cycle->pod->pod->spec->node_selector.len == 0)
		return FIT_SKIP;
	if (required == NULL || required->node_selector_terms.len == 0 ||
	    !gather_names(required, cycle->arena, &names))
		return FIT_YES;
	if (names.len == 0) {
		cycle_because(cycle, STR("pod affinity terms conflict"));
		return FIT_NEVER;
	}
	cycle_narrow(cycle, CRITERION_NODE_AFFINITY, names);
	return FIT_YES;
}

/* ---- nodes -------------------------------------------------------------------------------------------------- */

static enum fit filter(struct cycle *cycle, const struct node_info *node)
{
	if (node_selector_allows(cycle->pod->pod, node->node))
		return FIT_YES;
	cycle_because(cycle, STR("node(s) didn't match Pod's node affinity/selector"));
	return FIT_NEVER;
}

static bool pre_score(struct cycle *cycle)
{
	const struct core_node_affinity *affinity = affinity_of(cycle->pod);

	return affinity != NULL &&
	       affinity->preferred_during_scheduling_ignored_during_execution.len > 0;
}

static int64_t score(struct cycle *cycle, const struct node_info *node)
{
	const struct core_preferred_scheduling_term_list *terms =
	    &affinity_of(cycle->pod)->preferred_during_scheduling_ignored_during_execution;
	int64_t sum = 0;

	for (uint32_t i = 0; i < terms->len; i++)
		if (terms->at[i].preference != NULL &&
		    node_selector_term_matches(terms->at[i].preference, node->node))
			sum += terms->at[i].weight;
	return sum;
}

static void normalize(struct cycle *cycle, int64_t *scores, uint32_t count)
{
	(void)cycle;
	criterion_normalize(scores, count, false);
}

static bool helps(const struct pod_info *pod, const struct news *news)
{
	return node_selector_allows(pod->pod, news->node->node) &&
	       (news->old_node == NULL || !node_selector_allows(pod->pod, news->old_node));
}

const struct criterion criterion_node_affinity = {
	.name = "NodeAffinity",
	.weight = 2,
	.pre_filter = pre_filter,
	.filter = filter,
	.pre_score = pre_score,
	.score = score,
	.normalize = normalize,
	.wakes = NEWS_NODE_ADDED | NEWS_NODE_LABELS,
	.helps = helps,
};
