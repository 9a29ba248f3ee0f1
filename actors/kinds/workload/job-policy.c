#include "actors/kinds/seen.h"
#include "actors/kinds/workload/index-list.h"
#include "actors/kinds/workload/job-private.h"

/*
 * When a Job gives up on a pod, and when it has done enough.
 */

#define FAILURE_RULES_MAX 20U
#define EXIT_CODES_MAX 255U
#define PATTERNS_MAX 20U
#define SUCCESS_RULES_MAX 20U
#define INDEXES_MAX (64U * KIB)

/* ---- failures -------------------------------------------------------------------------------------------------------- */

static void check_action(const struct path *at, struct str action, const struct batch_job_spec *spec)
{
	if (action.len == 0) {
		path_required(at, "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
	} else if (str_is(action, "FailIndex")) {
		if (!spec->has.backoff_limit_per_index)
			path_invalid(at, action, "requires the backoffLimitPerIndex to be set");
	} else {
		rule_one_of(at, action, &batch_pod_failure_policy_action_values);
	}
}

static void check_code_list(const struct path *at,
			    const struct batch_pod_failure_policy_on_exit_codes_requirement *codes)
{
	struct int32_list values = codes->values;
	struct str shown = path_shown_field(
	    at, &batch_pod_failure_policy_on_exit_codes_requirement_type, "values", codes);
	struct seen seen = seen_in(path_arena(at));
	bool is_ordered = true;

	if (values.len == 0)
		path_fault(at, FAULT_INVALID, shown, "at least one value is required");
	else if (values.len > EXIT_CODES_MAX)
		path_too_many(at, values.len, EXIT_CODES_MAX);
	for (uint32_t i = 0; i < values.len; i++) {
		struct str text = arena_printf(path_arena(at), "%d", values.at[i]);

		if (str_is(codes->operator, "In") && values.at[i] == 0)
			path_invalid_number(PATH_AT(at, i), 0, "must not be 0 for the In operator");
		if (!seen_add(&seen, text))
			path_fault(PATH_AT(at, i), FAULT_DUPLICATE, text, "%s", "");
		is_ordered = is_ordered && (i == 0 || values.at[i - 1] <= values.at[i]);
	}
	if (!is_ordered)
		path_fault(at, FAULT_INVALID, shown, "must be ordered");
}

static void check_codes(const struct path *at,
			const struct batch_pod_failure_policy_on_exit_codes_requirement *codes,
			const struct seen *containers)
{
	const struct path *relation = PATH(at, "operator");

	if (rule_needed(relation, codes->operator, "valid values: [\"In\" \"NotIn\"]"))
		rule_one_of(relation, codes->operator, &
			    batch_pod_failure_policy_on_exit_codes_operator_values);
	if (codes->container_name.at != NULL && !seen_has(containers, codes->container_name))
		path_invalid(PATH(at, "containerName"), codes->container_name,
			     "must be one of the container or initContainer names in the pod "
			     "template");
	check_code_list(PATH(at, "values"), codes);
}

static void check_patterns(const struct path *at,
			   struct batch_pod_failure_policy_on_pod_conditions_pattern_list list)
{
	if (list.len > PATTERNS_MAX)
		path_too_many(at, list.len, PATTERNS_MAX);
	for (uint32_t i = 0; i < list.len; i++) {
		const struct path *status = PATH(PATH_AT(at, i), "status");
		struct str value = list.at[i].status;

		rule_name(PATH(PATH_AT(at, i), "type"), NAME_LABEL_KEY, list.at[i].type);
		if (rule_needed(status, value, "valid values: [\"False\" \"True\" \"Unknown\"]") &&
		    !str_is(value, "True") && !str_is(value, "False") && !str_is(value, "Unknown"))
			path_not_supported(status, value, "\"False\", \"True\", \"Unknown\"");
	}
}

static void check_failure_rule(const struct path *at,
			       const struct batch_pod_failure_policy_rule *rule,
			       const struct batch_job_spec *spec, const struct seen *containers)
{
	bool has_codes = rule->on_exit_codes != NULL, has_patterns = rule->on_pod_conditions.len > 0;

	check_action(PATH(at, "action"), rule->action, spec);
	if (has_codes)
		check_codes(PATH(at, "onExitCodes"), rule->on_exit_codes, containers);
	if (has_patterns)
		check_patterns(PATH(at, "onPodConditions"), rule->on_pod_conditions);
	if (has_codes && has_patterns)
		path_fault(at, FAULT_INVALID, STR_NONE,
			   "specifying both OnExitCodes and OnPodConditions is not supported");
	if (!has_codes && !has_patterns)
		path_fault(at, FAULT_INVALID, STR_NONE,
			   "specifying one of OnExitCodes and OnPodConditions is required");
}

void job_check_failure_policy(const struct path *at, const struct batch_job_spec *spec)
{
	struct batch_pod_failure_policy_rule_list rules = spec->pod_failure_policy->rules;
	const struct core_pod_spec *pod = spec->template->spec;
	struct seen containers = seen_in(path_arena(at));

	if (rules.len > FAILURE_RULES_MAX)
		path_too_many(PATH(at, "rules"), rules.len, FAILURE_RULES_MAX);
	for (uint32_t i = 0; i < pod->containers.len; i++)
		seen_add(&containers, pod->containers.at[i].name);
	for (uint32_t i = 0; i < pod->init_containers.len; i++)
		seen_add(&containers, pod->init_containers.at[i].name);
	for (uint32_t i = 0; i < rules.len; i++)
		check_failure_rule(PATH_AT(PATH(at, "rules"), i), &rules.at[i], spec, &containers);
}

/* ---- success --------------------------------------------------------------------------------------------------------- */

static void check_count(const struct path *at, const struct batch_success_policy_rule *rule,
			int32_t completions, int64_t total)
{
	struct str shown = arena_printf(path_arena(at), "%d", rule->succeeded_count);

	rule_not_negative(at, rule->succeeded_count);
	if (rule->succeeded_count > completions)
		path_fault(at, FAULT_INVALID, shown,
			   "must be less than or equal to %d (the number of specified completions)",
			   completions);
	if (rule->succeeded_indexes.at != NULL && rule->succeeded_count > total)
		path_fault(at, FAULT_INVALID, shown,
			   "must be less than or equal to %jd (the number of indexes in the "
			   "specified succeededIndexes field)",
			   (intmax_t)total);
}

static void check_success_rule(const struct path *at, const struct batch_success_policy_rule *rule,
			       int32_t completions)
{
	const struct path *indexes = PATH(at, "succeededIndexes");
	struct str why = STR_NONE;
	int64_t total = 0;

	if (!rule->has.succeeded_count && rule->succeeded_indexes.at == NULL)
		path_required(
		    at, "at least one of succeededCount or succeededIndexes must be specified");
	if (rule->succeeded_indexes.at != NULL) {
		rule_at_most_bytes(indexes, rule->succeeded_indexes, INDEXES_MAX);
		if (!index_list_count(path_arena(at), rule->succeeded_indexes, completions, &total,
				      &why))
			path_invalid_lines(indexes, rule->succeeded_indexes,
					   STR("error parsing succeededIndexes: "), why);
	}
	if (rule->has.succeeded_count)
		check_count(PATH(at, "succeededCount"), rule, completions, total);
}

/* As upstream's internal type is written. */
static struct str shown_policy(const struct path *at, struct batch_success_policy_rule_list rules)
{
	struct text out = text_in(path_arena(at), INDEXES_MAX);

	if (rules.at == NULL)
		return STR("{\"Rules\":null}");
	text_lit(&out, "{\"Rules\":[");
	for (uint32_t i = 0; i < rules.len; i++) {
		const struct batch_success_policy_rule *rule = &rules.at[i];
		struct str indexes = STR("null"), count = STR("null");

		if (rule->succeeded_indexes.at != NULL)
			indexes = name_quoted(path_arena(at), rule->succeeded_indexes);
		if (rule->has.succeeded_count)
			count = arena_printf(path_arena(at), "%d", rule->succeeded_count);
		text_printf(&out,
			    "%s{\"SucceededIndexes\":" STR_FMT ",\"SucceededCount\":" STR_FMT "}",
			    i ? "," : "", STR_ARG(indexes), STR_ARG(count));
	}
	text_lit(&out, "]}");
	return text_str(&out);
}

void job_check_success_policy(const struct path *at, const struct batch_job_spec *spec)
{
	struct batch_success_policy_rule_list rules = spec->success_policy->rules;
	const struct path *here = PATH(at, "rules");

	if (!job_spec_is_indexed(spec)) {
		path_fault(at, FAULT_INVALID, shown_policy(at, rules),
			   "requires indexed completion mode");
		return;
	}
	if (rules.len == 0)
		path_required(here, "at least one rules must be specified when the successPolicy "
				    "is specified");
	if (rules.len > SUCCESS_RULES_MAX)
		path_too_many(here, rules.len, SUCCESS_RULES_MAX);
	/* Without completions there is a fault already, and nothing to compare with. */
	for (uint32_t i = 0; i < rules.len && spec->has.completions; i++)
		check_success_rule(PATH_AT(here, i), &rules.at[i], spec->completions);
}
