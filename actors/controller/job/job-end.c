/*
 * Whether a Job has come to its end, and why.
 */
#include "actors/controller/job/job.h"
#include "actors/controller/workload/condition.h"

static struct job_end failed(const char *reason, const char *message)
{
	return (struct job_end){ "FailureTarget", reason, str_from(message) };
}

/* The first step stands in the status: what is left is the second. */
static bool is_decided(const struct job *j, struct plan *plan, struct job_end *out)
{
	static const char *const steps[][2] = { { "SuccessCriteriaMet", "Complete" },
						{ "FailureTarget", "Failed" } };

	for (int i = 0; i < 2; i++) {
		const struct batch_job_condition *found =
		    condition_find(&j->job->status->conditions, steps[i][0], batch_job_condition);

		if (found == NULL || !str_is(found->status, "True"))
			continue;
		*out = (struct job_end){ steps[i][1], arena_cstr(plan_arena(plan), found->reason),
					 arena_str(plan_arena(plan), found->message) };
		return true;
	}
	return false;
}

static bool fails_by_policy(const struct job *j, struct plan *plan, struct job_end *out)
{
	for (uint32_t i = 0; i < j->pods.len; i++) {
		const struct core_pod *pod = record_at(j->pods, i, core_pod);
		struct str why;

		if (!job_pod_has_failed(j, pod) ||
		    job_judge(j->job, pod, plan_arena(plan), &why) != JOB_FAIL)
			continue;
		*out = (struct job_end){ "FailureTarget", "PodFailurePolicy", why };
		return true;
	}
	return false;
}

static int32_t restarts_of(const struct core_container_status_list *list)
{
	int32_t restarts = 0;

	for (uint32_t i = 0; i < list->len; i++)
		restarts += list->at[i].restart_count;
	return restarts;
}

/* Where containers are started again in their pod, these are the failures that count. */
static bool restarts_too_often(const struct job *j)
{
	const struct core_pod_spec *spec = j->job->spec->template->spec;
	int32_t limit = j->job->spec->backoff_limit, restarts = 0;

	if (!str_is(spec->restart_policy, "OnFailure"))
		return false;
	for (uint32_t i = 0; i < j->pods.len; i++) {
		const struct core_pod *pod = record_at(j->pods, i, core_pod);

		if (str_is(pod->status->phase, "Running") || str_is(pod->status->phase, "Pending"))
			restarts += restarts_of(&pod->status->init_container_statuses) +
				    restarts_of(&pod->status->container_statuses);
	}
	return limit == 0 ? restarts > 0 : restarts >= limit;
}

static bool is_past_deadline(const struct job *j, const struct world *world, struct plan *plan)
{
	const struct batch_job *job = j->job;
	int64_t left_ms;

	if (!job->spec->has.active_deadline_seconds || j->is_suspended ||
	    !job->status->has.start_time)
		return false;
	left_ms = (job->status->start_time.ns + job->spec->active_deadline_seconds * TIME_S -
		   world_now(world).ns) /
		  TIME_MS;
	if (left_ms <= 0)
		return true;
	plan_again(plan, left_ms + 1);
	return false;
}

static void judge_indexes(const struct job *j, struct plan *plan, struct job_end *out)
{
	const struct batch_job_spec *spec = j->job->spec;
	int32_t lost = index_set_total(&j->failed_indexes);
	struct str why;

	if (j->has_limit_per_index && spec->has.max_failed_indexes &&
	    lost > spec->max_failed_indexes)
		*out = failed("MaxFailedIndexesExceeded",
			      "Job has exceeded the specified maximal number of failed indexes");
	else if (lost > 0 && lost + index_set_total(&j->succeeded_indexes) >= spec->completions)
		*out = failed("FailedIndexes", "Job has failed indexes");
	else if (job_is_success(j, plan_arena(plan), &why))
		*out = (struct job_end){ "SuccessCriteriaMet", "SuccessPolicy", why };
}

void job_decide(const struct job *j, const struct world *world, struct plan *plan,
		struct job_end *out)
{
	*out = (struct job_end){ NULL, NULL, STR_NONE };
	if (is_decided(j, plan, out) || fails_by_policy(j, plan, out))
		return;
	if (j->failed > j->job->spec->backoff_limit || restarts_too_often(j))
		*out =
		    failed("BackoffLimitExceeded", "Job has reached the specified backoff limit");
	else if (is_past_deadline(j, world, plan))
		*out = failed("DeadlineExceeded", "Job was active longer than specified deadline");
	else if (j->is_indexed)
		judge_indexes(j, plan, out);
}
