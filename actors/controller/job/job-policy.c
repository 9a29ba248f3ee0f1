/*
 * The policies of a Job: which failures of pods count, and when enough have succeeded.
 */
#include "actors/controller/job/job.h"

#include "actors/controller/workload/pod.h"

/* ---- failures --------------------------------------------------------------------------------------------- */

static bool has_code(const struct batch_pod_failure_policy_on_exit_codes_requirement *rule,
		     int32_t code)
{
	bool is_listed = false;

	for (uint32_t i = 0; i < rule->values.len; i++)
		is_listed |= rule->values.at[i] == code;
	return is_listed == str_is(rule->operator, "In");
}

static const struct core_container_status *
find_container(const struct core_container_status_list *list,
	       const struct batch_pod_failure_policy_on_exit_codes_requirement *rule)
{
	for (uint32_t i = 0; i < list->len; i++) {
		const struct core_container_status *status = &list->at[i];

		if (status->state == NULL || status->state->terminated == NULL ||
		    status->state->terminated->exit_code == 0)
			continue;
		if (rule->container_name.len > 0 && !str_eq(rule->container_name, status->name))
			continue;
		if (has_code(rule, status->state->terminated->exit_code))
			return status;
	}
	return NULL;
}

static bool is_met_by_code(const struct batch_pod_failure_policy_rule *rule, uint32_t index,
			   const struct core_pod *pod, struct arena *arena, struct str *why)
{
	const struct core_container_status *found =
	    find_container(&pod->status->container_statuses, rule->on_exit_codes);

	if (found == NULL)
		found = find_container(&pod->status->init_container_statuses, rule->on_exit_codes);
	if (found == NULL)
		return false;
	if (why != NULL)
		*why =
		    arena_printf(arena,
				 "Container " STR_FMT " for pod " STR_FMT "/" STR_FMT
				 " failed with exit code %d matching " STR_FMT " rule at index %u",
				 STR_ARG(found->name), STR_ARG(pod->metadata->namespace),
				 STR_ARG(pod->metadata->name), found->state->terminated->exit_code,
				 STR_ARG(rule->action), index);
	return true;
}

static bool is_met_by_condition(const struct batch_pod_failure_policy_rule *rule, uint32_t index,
				const struct core_pod *pod, struct arena *arena, struct str *why)
{
	for (uint32_t i = 0; i < rule->on_pod_conditions.len; i++) {
		const struct batch_pod_failure_policy_on_pod_conditions_pattern *pattern =
		    &rule->on_pod_conditions.at[i];
		const struct core_pod_condition *found =
		    pod_condition(pod, arena_cstr(arena, pattern->type));

		if (found == NULL || !str_eq(found->status, pattern->status))
			continue;
		if (why != NULL)
			*why = arena_printf(arena,
					    "Pod " STR_FMT "/" STR_FMT " has condition " STR_FMT
					    " matching " STR_FMT " rule at index %u",
					    STR_ARG(pod->metadata->namespace),
					    STR_ARG(pod->metadata->name), STR_ARG(found->type),
					    STR_ARG(rule->action), index);
		return true;
	}
	return false;
}

static enum job_verdict verdict_of(struct str action)
{
	if (str_is(action, "Ignore"))
		return JOB_IGNORE;
	if (str_is(action, "FailJob"))
		return JOB_FAIL;
	return str_is(action, "FailIndex") ? JOB_FAIL_INDEX : JOB_COUNT;
}

enum job_verdict job_judge(const struct batch_job *job, const struct core_pod *pod,
			   struct arena *arena, struct str *why)
{
	const struct batch_pod_failure_policy *policy = job->spec->pod_failure_policy;

	for (uint32_t i = 0; policy != NULL && i < policy->rules.len; i++) {
		const struct batch_pod_failure_policy_rule *rule = &policy->rules.at[i];
		bool is_met = rule->on_exit_codes ? is_met_by_code(rule, i, pod, arena, why)
						  : is_met_by_condition(rule, i, pod, arena, why);

		if (is_met)
			return verdict_of(rule->action);
	}
	return JOB_COUNT;
}

/* ---- success -------------------------------------------------------------------------------------------------- */

static bool is_rule_met(const struct job *j, const struct batch_success_policy_rule *rule,
			struct arena *arena)
{
	int32_t completions = j->job->spec->completions;
	struct index_set wanted;

	if (rule->succeeded_indexes.at == NULL)
		return rule->has.succeeded_count &&
		       index_set_total(&j->succeeded_indexes) >= rule->succeeded_count;
	wanted = index_set_parse(rule->succeeded_indexes, completions, arena);
	return index_set_common(&wanted, &j->succeeded_indexes) >=
	       (rule->has.succeeded_count ? rule->succeeded_count : index_set_total(&wanted));
}

bool job_is_success(const struct job *j, struct arena *arena, struct str *why)
{
	const struct batch_success_policy *policy = j->job->spec->success_policy;

	for (uint32_t i = 0; policy != NULL && i < policy->rules.len; i++)
		if (is_rule_met(j, &policy->rules.at[i], arena)) {
			*why = arena_printf(arena, "Matched rules at index %u", i);
			return true;
		}
	return false;
}
