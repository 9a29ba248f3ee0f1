#include "actors/controller/node-selector.h"

#include "datastore/schema/type.h"

bool node_selector_is_in(struct str value, const struct str_list *values)
{
	return str_list_has(*values, value);
}

static bool compares(const struct core_node_selector_requirement *r, struct str value)
{
	int64_t here, wanted;

	if (r->values.len != 1 || str_to_i64(value, &here) != OK ||
	    str_to_i64(r->values.at[0], &wanted) != OK)
		return false;
	return str_is(r->operator, "Gt") ? here > wanted : here < wanted;
}

/* `value` is absent when the node has no such label. */
static bool holds(const struct core_node_selector_requirement *r, struct str value)
{
	bool is_there = value.at != NULL;

	if (str_is(r->operator, "In"))
		return is_there && node_selector_is_in(value, &r->values);
	if (str_is(r->operator, "NotIn"))
		return r->values.len > 0 && (!is_there || !node_selector_is_in(value, &r->values));
	if (str_is(r->operator, "Exists"))
		return is_there;
	if (str_is(r->operator, "DoesNotExist"))
		return !is_there;
	if (str_is(r->operator, "Gt") || str_is(r->operator, "Lt"))
		return is_there && compares(r, value);
	return false;
}

/* Of fields there is only the name, and of operators only these two, with one value each. */
static bool field_holds(const struct core_node_selector_requirement *r, struct str name)
{
	struct str value = str_is(r->key, "metadata.name") ? name : STR("");

	if (r->values.len != 1)
		return false;
	if (str_is(r->operator, "In"))
		return str_eq(value, r->values.at[0]);
	return str_is(r->operator, "NotIn") && !str_eq(value, r->values.at[0]);
}

bool node_selector_term_matches(const struct core_node_selector_term *term,
				const struct core_node *node)
{
	const struct core_node_selector_requirement_list *labels = &term->match_expressions;
	const struct core_node_selector_requirement_list *fields = &term->match_fields;

	if (labels->len == 0 && fields->len == 0)
		return false;
	for (uint32_t i = 0; i < labels->len; i++)
		if (!holds(&labels->at[i], str_map_get(node->metadata->labels, labels->at[i].key)))
			return false;
	for (uint32_t i = 0; i < fields->len; i++)
		if (!field_holds(&fields->at[i], node->metadata->name))
			return false;
	return true;
}

bool node_selector_matches(const struct core_node_selector *selector, const struct core_node *node)
{
	for (uint32_t i = 0; i < selector->node_selector_terms.len; i++)
		if (node_selector_term_matches(&selector->node_selector_terms.at[i], node))
			return true;
	return false;
}

bool node_selector_allows(const struct core_pod *pod, const struct core_node *node)
{
	const struct str_map *labels = &pod->spec->node_selector;
	const struct core_affinity *affinity = pod->spec->affinity;
	const struct core_node_selector *required;

	for (uint32_t i = 0; i < labels->len; i++) {
		struct str value = str_map_get(node->metadata->labels, labels->at[i].key);

		if (value.at == NULL || !str_eq(value, labels->at[i].value))
			return false;
	}
	if (affinity == NULL || affinity->node_affinity == NULL)
		return true;
	required = affinity->node_affinity->required_during_scheduling_ignored_during_execution;
	return required == NULL || node_selector_matches(required, node);
}
