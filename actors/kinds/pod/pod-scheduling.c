#include "actors/kinds/field/node-selector.h"
#include "actors/kinds/field/toleration.h"
#include "actors/kinds/pod/pod-private.h"
#include "datastore/object/record.h"

/*
 * Where a pod may run: affinity, spread, tolerations, gates.
 */

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution"

/* ---- keys of labels that a selector takes from the pod ----------------------------------------------------------------------- */

static void check_keys(const struct path *at, struct str_list keys,
		       const struct meta_label_selector *selector)
{
	if (keys.len == 0)
		return;
	if (selector == NULL) {
		path_forbidden(at, "must not be specified when labelSelector is not set");
		return;
	}
	for (uint32_t i = 0; i < keys.len; i++)
		rule_name(PATH_AT(at, i), NAME_LABEL_KEY, keys.at[i]);
}

/* One expression of a key is what merging made of it; a second one is its sender's. */
static void check_merged(const struct path *at, struct str_list keys,
			 const struct meta_label_selector *selector)
{
	struct seen wanted = seen_in(path_arena(at)), met = seen_in(path_arena(at));

	/* The last of equal keys counts. */
	for (uint32_t i = keys.len; i-- > 0;)
		seen_put(&wanted, keys.at[i], i);
	for (uint32_t i = 0; i < selector->match_labels.len; i++)
		seen_add(&met, selector->match_labels.at[i].key);
	for (uint32_t i = 0; i < selector->match_expressions.len; i++) {
		struct str key = selector->match_expressions.at[i].key;
		int64_t place = seen_find(&wanted, key);

		if (place >= 0 && seen_has(&met, key))
			path_invalid(PATH_AT(at, (uint32_t)place), key,
				     "exists in both matchLabelKeys and labelSelector");
		seen_add(&met, key);
	}
}

static void check_match_keys(const struct path *at, struct str_list keys, struct str_list other,
			     const struct meta_label_selector *selector)
{
	const struct path *match = PATH(at, "matchLabelKeys");
	struct seen mismatched = seen_in(path_arena(at));

	check_keys(match, keys, selector);
	check_keys(PATH(at, "mismatchLabelKeys"), other, selector);
	if (selector != NULL && keys.len > 0)
		check_merged(at, keys, selector);
	for (uint32_t i = 0; i < other.len; i++)
		seen_add(&mismatched, other.at[i]);
	for (uint32_t i = 0; i < keys.len; i++)
		if (seen_has(&mismatched, keys.at[i]))
			path_invalid(PATH_AT(match, i), keys.at[i],
				     "exists in both matchLabelKeys and mismatchLabelKeys");
}

/* The rule of stored constraints from before merging: the selector has none of the keys. */
static void check_unmerged(const struct path *at, struct str_list keys,
			   const struct meta_label_selector *selector)
{
	struct seen met = seen_in(path_arena(at));

	if (keys.len == 0)
		return;
	if (selector == NULL)
		path_forbidden(at, "must not be specified when labelSelector is not set");
	for (uint32_t i = 0; selector != NULL && i < selector->match_labels.len; i++)
		seen_add(&met, selector->match_labels.at[i].key);
	for (uint32_t i = 0; selector != NULL && i < selector->match_expressions.len; i++)
		seen_add(&met, selector->match_expressions.at[i].key);
	for (uint32_t i = 0; i < keys.len; i++) {
		rule_name(PATH_AT(at, i), NAME_LABEL_KEY, keys.at[i]);
		if (seen_has(&met, keys.at[i]))
			path_invalid(PATH_AT(at, i), keys.at[i],
				     "exists in both matchLabelKeys and labelSelector");
	}
}

/* ---- affinity --------------------------------------------------------------------------------------------------------------------- */

static void check_term(const struct path *at, const struct core_pod_affinity_term *term,
		       const struct pod_tolerance *tolerance)
{
	rule_selector(PATH(at, "labelSelector"), term->label_selector,
		      tolerance->bad_selector_values);
	rule_selector(PATH(at, "namespaceSelector"), term->namespace_selector,
		      tolerance->bad_selector_values);
	for (uint32_t i = 0; i < term->namespaces.len; i++)
		rule_name(PATH(at, "namespace"), NAME_DNS_LABEL, term->namespaces.at[i]);
	check_match_keys(at, term->match_label_keys, term->mismatch_label_keys,
			 term->label_selector);
	rule_needed(PATH(at, "topologyKey"), term->topology_key, "can not be empty");
	rule_name(PATH(at, "topologyKey"), NAME_LABEL_KEY, term->topology_key);
}

static void check_weight(const struct path *at, int32_t weight)
{
	if (weight < 1 || weight > 100)
		path_invalid_number(at, weight, "must be in the range 1-100");
}

static void check_terms(const struct path *at, struct core_pod_affinity_term_list required,
			struct core_weighted_pod_affinity_term_list preferred,
			const struct pod_tolerance *tolerance)
{
	for (uint32_t i = 0; i < required.len; i++)
		check_term(PATH_AT(PATH(at, REQUIRED), i), &required.at[i], tolerance);
	for (uint32_t i = 0; i < preferred.len; i++) {
		const struct path *here = PATH_AT(PATH(at, PREFERRED), i);

		check_weight(PATH(here, "weight"), preferred.at[i].weight);
		check_term(PATH(here, "podAffinityTerm"), preferred.at[i].pod_affinity_term,
			   tolerance);
	}
}

static void check_nodes(const struct path *at, const struct core_node_affinity *affinity,
			const struct pod_tolerance *tolerance)
{
	struct core_preferred_scheduling_term_list preferred =
	    affinity->preferred_during_scheduling_ignored_during_execution;

	if (affinity->required_during_scheduling_ignored_during_execution != NULL)
		node_selector_check(PATH(at, REQUIRED),
				    affinity->required_during_scheduling_ignored_during_execution,
				    tolerance->bad_node_values);
	for (uint32_t i = 0; i < preferred.len; i++) {
		const struct path *here = PATH_AT(PATH(at, PREFERRED), i);

		check_weight(PATH(here, "weight"), preferred.at[i].weight);
		node_selector_check_term(PATH(here, "preference"), preferred.at[i].preference, true);
	}
}

void pod_check_affinity(const struct path *at, const struct core_affinity *affinity,
			const struct pod_tolerance *tolerance)
{
	const struct core_pod_affinity *with;
	const struct core_pod_anti_affinity *against;

	if (affinity == NULL)
		return;
	with = affinity->pod_affinity;
	against = affinity->pod_anti_affinity;
	if (affinity->node_affinity != NULL)
		check_nodes(PATH(at, "nodeAffinity"), affinity->node_affinity, tolerance);
	if (with != NULL)
		check_terms(PATH(at, "podAffinity"),
			    with->required_during_scheduling_ignored_during_execution,
			    with->preferred_during_scheduling_ignored_during_execution, tolerance);
	if (against != NULL)
		check_terms(PATH(at, "podAntiAffinity"),
			    against->required_during_scheduling_ignored_during_execution,
			    against->preferred_during_scheduling_ignored_during_execution,
			    tolerance);
}

/* ---- spread ------------------------------------------------------------------------------------------------------------------------- */

static void check_positive(const struct path *at, int64_t value)
{
	if (value <= 0)
		path_invalid_number(at, value, "must be greater than zero");
}

static void check_domains(const struct path *at,
			  const struct core_topology_spread_constraint *constraint)
{
	if (!constraint->has.min_domains)
		return;
	check_positive(at, constraint->min_domains);
	if (!str_is(constraint->when_unsatisfiable, "DoNotSchedule"))
		path_fault(
		    at, FAULT_INVALID, arena_printf(path_arena(at), "%d", constraint->min_domains),
		    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " STR_FMT,
		    STR_ARG(constraint->when_unsatisfiable));
}

static struct str pair_of(const struct path *at,
			  const struct core_topology_spread_constraint *constraint)
{
	return arena_printf(path_arena(at), "{" STR_FMT ", " STR_FMT "}",
			    STR_ARG(constraint->topology_key),
			    STR_ARG(constraint->when_unsatisfiable));
}

static void check_constraint(const struct path *at,
			     const struct core_topology_spread_constraint *constraint,
			     bool is_repeated)
{
	check_positive(PATH(at, "maxSkew"), constraint->max_skew);
	rule_needed(PATH(at, "topologyKey"), constraint->topology_key, "can not be empty");
	rule_one_of(PATH(at, "whenUnsatisfiable"), constraint->when_unsatisfiable,
		    &core_unsatisfiable_constraint_action_values);
	if (is_repeated)
		path_duplicate(PATH(at, "{topologyKey, whenUnsatisfiable}"),
			       pair_of(at, constraint));
	check_domains(PATH(at, "minDomains"), constraint);
	if (constraint->node_affinity_policy.at != NULL)
		rule_one_of(PATH(at, "nodeAffinityPolicy"), constraint->node_affinity_policy,
			    &core_node_inclusion_policy_values);
	if (constraint->node_taints_policy.at != NULL)
		rule_one_of(PATH(at, "nodeTaintsPolicy"), constraint->node_taints_policy,
			    &core_node_inclusion_policy_values);
}

void pod_check_spread(const struct path *at, struct core_topology_spread_constraint_list list,
		      const struct pod_tolerance *tolerance)
{
	bool *is_repeated = arena_array(path_arena(at), bool, list.len + 1);
	struct seen pairs = seen_in(path_arena(at));

	/* The earlier one of a pair is told. */
	for (uint32_t i = list.len; i-- > 0;)
		is_repeated[i] = !seen_add(&pairs, pair_of(at, &list.at[i]));
	for (uint32_t i = 0; i < list.len; i++) {
		const struct core_topology_spread_constraint *constraint = &list.at[i];
		const struct path *here = PATH_AT(at, i);

		check_constraint(here, constraint, is_repeated[i]);
		if (tolerance->bad_match_label_keys)
			check_unmerged(PATH(here, "matchLabelKeys"), constraint->match_label_keys,
				       constraint->label_selector);
		else
			check_match_keys(here, constraint->match_label_keys, (struct str_list){ 0 },
					 constraint->label_selector);
		if (!tolerance->bad_spread_selectors)
			rule_selector(PATH(here, "labelSelector"), constraint->label_selector,
				      false);
	}
}

/* ---- gates ---------------------------------------------------------------------------------------------------------------------------- */

void pod_check_scheduling(const struct pod_check *check, const struct path *at)
{
	const struct core_pod_spec *spec = check->spec;
	const struct path *gates = PATH(at, "schedulingGates");
	struct seen names = seen_in(path_arena(at));

	for (uint32_t i = 0; i < spec->readiness_gates.len; i++)
		rule_name(PATH(PATH_AT(PATH(at, "readinessGates"), i), "conditionType"),
			  NAME_LABEL_KEY, spec->readiness_gates.at[i].condition_type);
	for (uint32_t i = 0; i < spec->scheduling_gates.len; i++) {
		struct str name = spec->scheduling_gates.at[i].name;

		rule_name(PATH_AT(gates, i), NAME_LABEL_KEY, name);
		if (!seen_add(&names, name))
			path_duplicate(PATH_AT(gates, i), name);
	}
	pod_check_spread(PATH(at, "topologySpreadConstraints"), spec->topology_spread_constraints,
			 check->tolerance);
}
