#include "actors/kinds/field/node-selector.h"

static bool is_in(struct str relation)
{
	return str_is(relation, "In") || str_is(relation, "NotIn");
}

static void check_label(const struct path *at, const struct core_node_selector_requirement *need,
			bool allows_bad_values)
{
	struct str relation = need->operator;
	const struct path *values = PATH(at, "values");

	if (is_in(relation)) {
		if (need->values.len == 0)
			path_required(values,
				      "must be specified when `operator` is 'In' or 'NotIn'");
	} else if (str_is(relation, "Exists") || str_is(relation, "DoesNotExist")) {
		if (need->values.len > 0)
			path_forbidden(
			    values,
			    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
	} else if (str_is(relation, "Gt") || str_is(relation, "Lt")) {
		if (need->values.len != 1)
			path_required(
			    values,
			    "must be specified single value when `operator` is 'Lt' or 'Gt'");
	} else {
		path_invalid(PATH(at, "operator"), relation, "not a valid selector operator");
	}
	rule_name(PATH(at, "key"), NAME_LABEL_KEY, need->key);
	for (uint32_t i = 0; i < need->values.len && !allows_bad_values; i++)
		rule_name(PATH_AT(values, i), NAME_LABEL_VALUE, need->values.at[i]);
}

/* The only field is the node's name. */
static void check_field(const struct path *at, const struct core_node_selector_requirement *need)
{
	const struct path *values = PATH(at, "values");

	if (!is_in(need->operator))
		path_invalid(PATH(at, "operator"), need->operator, "not a valid selector operator");
	else if (need->values.len != 1)
		path_required(values, "must be only one value when `operator` is 'In' or 'NotIn' "
				      "for node field selector");
	if (!str_is(need->key, "metadata.name")) {
		path_invalid(PATH(at, "key"), need->key, "not a valid field selector key");
		return;
	}
	for (uint32_t i = 0; i < need->values.len; i++)
		rule_name(PATH_AT(values, i), NAME_DNS_SUBDOMAIN, need->values.at[i]);
}

bool node_selector_check_term(const struct path *at, const struct core_node_selector_term *term,
			      bool allows_bad_values)
{
	uint32_t before = path_faults(at)->len;

	for (uint32_t i = 0; i < term->match_expressions.len; i++)
		check_label(PATH_AT(PATH(at, "matchExpressions"), i),
			    &term->match_expressions.at[i], allows_bad_values);
	for (uint32_t i = 0; i < term->match_fields.len; i++)
		check_field(PATH_AT(PATH(at, "matchFields"), i), &term->match_fields.at[i]);
	return path_faults(at)->len == before;
}

bool node_selector_check(const struct path *at, const struct core_node_selector *selector,
			 bool allows_bad_values)
{
	const struct path *terms = PATH(at, "nodeSelectorTerms");
	bool is_good = true;

	if (selector->node_selector_terms.len == 0)
		return path_required(terms, "must have at least one node selector term");
	for (uint32_t i = 0; i < selector->node_selector_terms.len; i++)
		is_good = node_selector_check_term(PATH_AT(terms, i),
						   &selector->node_selector_terms.at[i],
						   allows_bad_values) &&
			  is_good;
	return is_good;
}

/* ---- warnings --------------------------------------------------------------------------------------------------- */

const char *node_selector_label_words(struct str key)
{
	static const struct {
		const char *key, *words;
	} old[] = {
		{ "beta.kubernetes.io/arch",
		  "deprecated since v1.14; use \"kubernetes.io/arch\" instead" },
		{ "beta.kubernetes.io/os",
		  "deprecated since v1.14; use \"kubernetes.io/os\" instead" },
		{ "failure-domain.beta.kubernetes.io/region",
		  "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead" },
		{ "failure-domain.beta.kubernetes.io/zone",
		  "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead" },
		{ "beta.kubernetes.io/instance-type",
		  "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead" },
		{ "app.kubernetes.io/created-by", "deprecated since v1.9" },
		{ "scheduler.alpha.kubernetes.io/preferAvoidPods",
		  "deprecated since v1.22; use Taints and Tolerations instead" },
		{ "node-role.kubernetes.io/master",
		  "use \"node-role.kubernetes.io/control-plane\" instead" },
	};

	for (size_t i = 0; i < sizeof old / sizeof old[0]; i++)
		if (str_is(key, old[i].key))
			return old[i].words;
	return NULL;
}

static void warn_of_values(struct kind_change *change, const struct path *at, struct str_list values)
{
	for (uint32_t i = 0; i < values.len; i++) {
		struct str words = rule_words(at, NAME_LABEL_VALUE, values.at[i], "\n");

		while (words.len > 0) {
			struct str line = str_cut(&words, '\n');

			kind_warn(change, STR_FMT ": " STR_FMT " is invalid, " STR_FMT,
				  STR_ARG(path_text(PATH_AT(at, i))), STR_ARG(values.at[i]),
				  STR_ARG(line));
		}
	}
}

void node_selector_warn(struct kind_change *change, const struct path *at,
			const struct core_node_selector_term *term, bool judges_values)
{
	for (uint32_t i = 0; i < term->match_expressions.len; i++) {
		const struct core_node_selector_requirement *need = &term->match_expressions.at[i];
		const struct path *here = PATH_AT(PATH(at, "matchExpressions"), i);
		const char *words = node_selector_label_words(need->key);

		if (words != NULL)
			kind_warn(change, STR_FMT ": " STR_FMT " is %s",
				  STR_ARG(path_text(PATH(here, "key"))), STR_ARG(need->key), words);
		if (judges_values)
			warn_of_values(change, PATH(here, "values"), need->values);
	}
}

void node_selector_warn_affinity(struct kind_change *change, const struct path *at,
				 const struct core_node_affinity *affinity)
{
	const struct path *required =
	    PATH(PATH(at, "requiredDuringSchedulingIgnoredDuringExecution"), "nodeSelectorTerms");
	const struct path *preferred = PATH(at, "preferredDuringSchedulingIgnoredDuringExecution");
	const struct core_node_selector *selector =
	    affinity->required_during_scheduling_ignored_during_execution;
	struct core_preferred_scheduling_term_list terms =
	    affinity->preferred_during_scheduling_ignored_during_execution;

	for (uint32_t i = 0; selector != NULL && i < selector->node_selector_terms.len; i++)
		node_selector_warn(change, PATH_AT(required, i),
				   &selector->node_selector_terms.at[i], false);
	for (uint32_t i = 0; i < terms.len; i++)
		node_selector_warn(change, PATH(PATH_AT(preferred, i), "preference"),
				   terms.at[i].preference, true);
}
