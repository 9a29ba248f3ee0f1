#include "actors/kinds/kinds.h"
#include "actors/kinds/workload/workload.h"
#include "datastore/object/record.h"
#include "datastore/schema/policy.h"

/*
 * The PodDisruptionBudget. Its elder version selected everything by a key that means nothing today; so the key is taken out of selectors.
 */

#define ODD_KEY "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match"

static struct policy_pod_disruption_budget *new_of(const struct kind_change *change)
{
	return change->object;
}

static const struct policy_pod_disruption_budget *old_of(const struct kind_change *change)
{
	return change->old;
}

/* ---- before rules ------------------------------------------------------------------------------------------------------ */

/* Such a pod there is none of: the selector of a budget that means nobody. */
static bool is_for_nobody(const struct meta_label_selector *selector)
{
	struct meta_label_selector_requirement_list list = selector->match_expressions;

	return selector->match_labels.len == 0 && list.len == 1 &&
	       str_is(list.at[0].key, ODD_KEY) && str_is(list.at[0].operator, "Exists") &&
	       list.at[0].values.len == 0;
}

static void strip(struct meta_label_selector *selector)
{
	struct meta_label_selector_requirement_list *list;
	uint32_t kept = 0;

	if (selector == NULL || is_for_nobody(selector))
		return;
	list = &selector->match_expressions;
	for (uint32_t i = 0; i < list->len; i++)
		if (!str_is(list->at[i].key, ODD_KEY))
			list->at[kept++] = list->at[i];
	list->len = kept;
}

static void prepare_create(struct kind_change *change)
{
	strip(new_of(change)->spec->selector);
}

static bool has_new_spec(const struct kind_change *change)
{
	return !record_equal(&policy_pod_disruption_budget_spec_type, new_of(change)->spec,
			     old_of(change)->spec);
}

static void prepare_update(struct kind_change *change)
{
	struct meta_object_meta *meta = new_of(change)->metadata;
	const struct field *selector =
	    type_field(&policy_pod_disruption_budget_spec_type, STR("selector"));

	if (record_equal_field(selector, new_of(change)->spec, old_of(change)->spec))
		return;
	strip(new_of(change)->spec->selector);
	/* It was another spec before, and counts as one even if nothing is left of that. */
	if (!has_new_spec(change))
		SET(meta, generation, meta->generation + 1);
}

/* ---- rules ---------------------------------------------------------------------------------------------------------------- */

static struct str shown_count(const struct path *at, bool is_set, struct int_or_string count)
{
	return is_set ? rule_shown_count(at, count) : STR("null");
}

/* As upstream's internal type is written. */
static struct str shown_spec(const struct path *at,
			     const struct policy_pod_disruption_budget_spec *spec)
{
	struct str policy = STR("null");

	if (spec->unhealthy_pod_eviction_policy.at != NULL)
		policy = name_quoted(path_arena(at), spec->unhealthy_pod_eviction_policy);
	return arena_printf(
	    path_arena(at),
	    "{\"MinAvailable\":" STR_FMT ",\"Selector\":" STR_FMT ",\"MaxUnavailable\":" STR_FMT
	    ",\"UnhealthyPodEvictionPolicy\":" STR_FMT "}",
	    STR_ARG(shown_count(at, spec->has.min_available, spec->min_available)),
	    STR_ARG(path_shown_record(at, &meta_label_selector_type, spec->selector)),
	    STR_ARG(shown_count(at, spec->has.max_unavailable, spec->max_unavailable)),
	    STR_ARG(policy));
}

static void check_count(const struct path *at, bool is_set, struct int_or_string count)
{
	if (!is_set)
		return;
	rule_count_or_percent(at, count);
	rule_at_most_100_percent(at, count);
}

static void validate(struct kind_change *change)
{
	const struct policy_pod_disruption_budget_spec *spec = new_of(change)->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");
	struct faults before = faults_in(change->arena);
	bool was_bad = change->old != NULL && !rule_selector(PATH_ROOT(&before, "x"),
							     old_of(change)->spec->selector, false);

	if (spec->has.min_available && spec->has.max_unavailable)
		path_fault(at, FAULT_INVALID, shown_spec(at, spec),
			   "minAvailable and maxUnavailable cannot be both set");
	check_count(PATH(at, "minAvailable"), spec->has.min_available, spec->min_available);
	check_count(PATH(at, "maxUnavailable"), spec->has.max_unavailable, spec->max_unavailable);
	rule_selector(PATH(at, "selector"), spec->selector, was_bad);
	if (spec->unhealthy_pod_eviction_policy.at != NULL)
		rule_one_of(PATH(at, "unhealthyPodEvictionPolicy"),
			    spec->unhealthy_pod_eviction_policy,
			    &policy_unhealthy_pod_eviction_policy_type_values);
}

static void validate_status(struct kind_change *change)
{
	static const char *const counts[] = { "disruptionsAllowed", "currentHealthy",
					      "desiredHealthy", "expectedPods" };
	const struct policy_pod_disruption_budget_status *status = new_of(change)->status;
	const struct path *at = PATH_ROOT(change->faults, "status");

	rule_conditions(PATH(at, "conditions"), status->conditions);
	workload_check_counts(at, &policy_pod_disruption_budget_status_type, status, counts, 4);
}

static const struct kind_subresource subresources[] = {
	{ "status", NULL, validate_status },
};

const struct kind_rules kind_pod_disruption_budget = {
	.group = "policy",
	.kind = "PodDisruptionBudget",
	.has_any_finalizer = true,
	.name_syntax = NAME_PATH_SEGMENT,
	.has_generation = true,
	.needs_resource_version = true,
	.prepare_create = prepare_create,
	.prepare_update = prepare_update,
	.validate_create = validate,
	.validate_update = validate,
	.subresources = subresources,
	.subresource_count = 1,
};
