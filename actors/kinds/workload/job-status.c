#include "actors/kinds/seen.h"
#include "actors/kinds/workload/index-list.h"
#include "actors/kinds/workload/job-private.h"
#include "actors/kinds/workload/workload.h"
#include "datastore/object/record.h"

/*
 * What may be said of how far a Job is. Whoever manages it is held to this: a Job ends once, completely, and stays ended. Most
 * rules are asked only when what they look at has changed, so that what is stored and broken can still be written.
 */

#define IMMUTABLE "field is immutable"

/* One status update, and what it changes. */
struct status_check {
	const struct batch_job_spec *spec;
	const struct batch_job_status *now, *old;
	const struct path *at, *conditions;
	bool is_finished;
	bool has_new_end, has_new_complete, has_new_failed, has_new_target, has_new_criteria;
	bool has_new_start, has_new_completion, has_new_active;
	bool has_new_completed, has_new_failed_indexes;
};

bool job_has_condition(const struct batch_job_status *status, const char *type, const char *value)
{
	for (uint32_t i = 0; i < status->conditions.len; i++)
		if (str_is(status->conditions.at[i].type, type) &&
		    str_is(status->conditions.at[i].status, value))
			return true;
	return false;
}

static bool is_true(const struct batch_job_status *status, const char *type)
{
	return job_has_condition(status, type, "True");
}

static bool is_finished(const struct batch_job_status *status)
{
	return is_true(status, "Complete") || is_true(status, "Failed");
}

static bool has_new(const struct status_check *c, const char *type)
{
	return is_true(c->now, type) != is_true(c->old, type);
}

static bool differs(const struct status_check *c, const char *member)
{
	return !record_equal_field(type_field(&batch_job_status_type, str_from(member)), c->now,
				   c->old);
}

static struct str shown(const struct status_check *c, const char *member)
{
	return path_shown_field(c->at, &batch_job_status_type, member, c->now);
}

static void refuse(const struct status_check *c, const char *member, const char *words)
{
	path_fault(PATH_NAMED(c->at, str_from(member)), FAULT_INVALID, shown(c, member), "%s",
		   words);
}

static void refuse_conditions(const struct status_check *c, const char *words)
{
	path_fault(c->conditions, FAULT_INVALID, STR_NONE, "%s", words);
}

/* ---- counts ----------------------------------------------------------------------------------------------------------- */

static void check_uids(const struct path *at, struct str_list uids, struct seen *seen)
{
	for (uint32_t i = 0; i < uids.len; i++)
		if (uids.at[i].len == 0)
			path_invalid(PATH_AT(at, i), uids.at[i], "must not be empty");
		else if (!seen_add(seen, uids.at[i]))
			path_duplicate(PATH_AT(at, i), uids.at[i]);
}

static void check_counts(const struct status_check *c)
{
	static const char *const counts[] = { "active", "succeeded", "failed", "ready",
					      "terminating" };
	const struct batch_uncounted_terminated_pods *pods = c->now->uncounted_terminated_pods;
	const struct path *at = PATH(c->at, "uncountedTerminatedPods");
	struct seen seen = seen_in(path_arena(at));

	workload_check_counts(c->at, &batch_job_status_type, c->now, counts, 5);
	if (pods == NULL)
		return;
	check_uids(PATH(at, "succeeded"), pods->succeeded, &seen);
	check_uids(PATH(at, "failed"), pods->failed, &seen);
}

/* ---- one end --------------------------------------------------------------------------------------------------------------- */

static void check_completion(const struct status_check *c)
{
	const struct batch_job_status *now = c->now;
	bool is_complete = is_true(now, "Complete");

	if ((c->has_new_complete || c->has_new_completion) && now->has.completion_time &&
	    !is_complete)
		refuse(c, "completionTime",
		       "cannot set completionTime when there is no Complete=True condition");
	if ((c->has_new_complete || c->has_new_completion) && !now->has.completion_time &&
	    is_complete)
		path_required(PATH(c->at, "completionTime"),
			      "completionTime is required for Complete jobs");
	if ((c->has_new_start || c->has_new_completion) && now->has.start_time &&
	    now->has.completion_time && now->completion_time.ns < now->start_time.ns)
		refuse(c, "completionTime", "must be equal to or after `startTime`");
}

static void check_ends(const struct status_check *c)
{
	bool is_complete = is_true(c->now, "Complete"), is_failed = is_true(c->now, "Failed");

	if ((c->has_new_complete || c->has_new_failed) && is_complete && is_failed)
		refuse_conditions(c, "cannot set Complete=True and Failed=true conditions");
	if ((c->has_new_complete || c->has_new_target) && is_complete &&
	    is_true(c->now, "FailureTarget"))
		refuse_conditions(c, "cannot set Complete=True and FailureTarget=true conditions");
	check_completion(c);
	if ((c->has_new_failed || c->has_new_failed_indexes) && is_failed &&
	    !is_true(c->now, "FailureTarget"))
		refuse_conditions(c, "cannot set Failed=True condition without the "
				     "FailureTarget=true condition");
	if ((c->has_new_complete || c->has_new_criteria) && is_complete &&
	    !is_true(c->now, "SuccessCriteriaMet"))
		refuse_conditions(c, "cannot set Complete=True condition without the "
				     "SuccessCriteriaMet=true condition");
}

static struct str shown_pods(const struct status_check *c)
{
	const struct batch_uncounted_terminated_pods *pods = c->now->uncounted_terminated_pods;

	return arena_printf(path_arena(c->at), "{\"Succeeded\":" STR_FMT ",\"Failed\":" STR_FMT "}",
			    STR_ARG(path_shown_list(c->at, pods->succeeded)),
			    STR_ARG(path_shown_list(c->at, pods->failed)));
}

static void check_finished(const struct status_check *c)
{
	const struct batch_uncounted_terminated_pods *pods = c->now->uncounted_terminated_pods;
	bool never_began = c->spec->suspend && c->spec->has.completions && c->spec->completions == 0;

	if (!c->is_finished)
		return;
	if ((c->has_new_end || c->has_new_active) && c->now->active > 0)
		refuse(c, "active", "active>0 is invalid for finished job");
	if ((c->has_new_end || c->has_new_start) && !never_began && !c->now->has.start_time)
		path_required(PATH(c->at, "startTime"), "startTime is required for finished job");
	if ((c->has_new_end || differs(c, "uncountedTerminatedPods")) && pods != NULL &&
	    pods->succeeded.len + pods->failed.len > 0)
		path_fault(PATH(c->at, "uncountedTerminatedPods"), FAULT_INVALID, shown_pods(c),
			   "must be empty for finished job");
}

/* ---- indexes ------------------------------------------------------------------------------------------------------------ */

static void check_list(const struct status_check *c, const char *member, struct str list)
{
	struct str why = STR_NONE;
	int64_t count;

	if (!index_list_count(path_arena(c->at), list, c->spec->completions, &count, &why))
		path_fault(PATH_NAMED(c->at, str_from(member)), FAULT_INVALID,
			   name_quoted(path_arena(c->at), list), "error parsing %s: " STR_FMT,
			   member, STR_ARG(why));
}

static void check_overlap(const struct status_check *c)
{
	int64_t index = index_list_overlap(path_arena(c->at), c->now->completed_indexes,
					   c->now->failed_indexes, c->spec->completions);

	if (index >= 0)
		path_fault(PATH(c->at, "failedIndexes"), FAULT_INVALID, shown(c, "failedIndexes"),
			   "failedIndexes and completedIndexes overlap at index: %jd",
			   (intmax_t)index);
}

static void check_indexes(const struct status_check *c)
{
	const struct batch_job_spec *spec = c->spec;
	struct str completed = c->now->completed_indexes, failed = c->now->failed_indexes;

	if (c->has_new_completed && spec->has.completions)
		check_list(c, "completedIndexes", completed);
	if (c->has_new_failed_indexes && spec->has.completions && failed.at != NULL &&
	    spec->has.backoff_limit_per_index)
		check_list(c, "failedIndexes", failed);
	if (c->has_new_completed && completed.len > 0 && !job_spec_is_indexed(spec))
		refuse(c, "completedIndexes",
		       "cannot set non-empty completedIndexes when non-indexed completion mode");
	if (c->has_new_failed_indexes && !spec->has.backoff_limit_per_index && failed.at != NULL)
		refuse(c, "failedIndexes",
		       "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
	if ((c->has_new_failed_indexes || c->has_new_completed) && spec->has.completions)
		check_overlap(c);
}

/* ---- what is asked always ------------------------------------------------------------------------------------------------- */

static void check_criteria(const struct status_check *c)
{
	bool is_met = is_true(c->now, "SuccessCriteriaMet");

	if (is_met && is_true(c->now, "Failed"))
		refuse_conditions(c,
				  "cannot set SuccessCriteriaMet=True and Failed=true conditions");
	if (is_met && is_true(c->now, "FailureTarget"))
		refuse_conditions(
		    c, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
	if (c->spec->success_policy != NULL && !is_met && is_true(c->now, "Complete"))
		refuse_conditions(c, "cannot set Complete=True for Job with SuccessPolicy unless "
				     "SuccessCriteriaMet=True");
}

static void check_disabled(const struct status_check *c)
{
	static const char *const types[] = { "Failed", "Complete", "FailureTarget" };

	for (size_t i = 0; i < 3; i++)
		if (is_true(c->old, types[i]) && !is_true(c->now, types[i]))
			path_fault(c->conditions, FAULT_INVALID, STR_NONE,
				   "cannot disable the terminal %s=True condition", types[i]);
}

static void check_counters(const struct status_check *c)
{
	const struct batch_job_spec *spec = c->spec;
	/* Such a Job can be made smaller, which forgets indexes. */
	bool may_shrink = job_spec_is_indexed(spec) &&
			  spec->has.completions == spec->has.parallelism &&
			  spec->completions == spec->parallelism;

	if (c->now->failed < c->old->failed)
		path_invalid_number(PATH(c->at, "failed"), c->now->failed,
				    "cannot decrease the failed counter");
	if (c->now->succeeded < c->old->succeeded && !may_shrink)
		path_invalid_number(PATH(c->at, "succeeded"), c->now->succeeded,
				    "cannot decrease the succeeded counter");
}

static void check_times(const struct status_check *c)
{
	bool resumes =
	    is_true(c->old, "Suspended") && job_has_condition(c->now, "Suspended", "False");

	if (c->now->has.completion_time && c->old->has.completion_time && c->has_new_completion)
		refuse(c, "completionTime", IMMUTABLE);
	if (c->has_new_start && !resumes && c->old->has.start_time && !c->spec->suspend)
		refuse(c, "startTime", "field is immutable for unsuspended job once set");
}

static void check_met(const struct status_check *c)
{
	bool was_met = is_true(c->old, "SuccessCriteriaMet");
	bool is_met = is_true(c->now, "SuccessCriteriaMet");

	if (was_met && !is_met)
		refuse_conditions(c, "cannot disable the SuccessCriteriaMet=True condition");
	if (is_true(c->old, "Complete") && !was_met && is_met)
		refuse_conditions(c, "cannot set SuccessCriteriaMet=True for Job already has "
				     "Complete=true conditions");
}

static void see_changes(struct status_check *c)
{
	c->is_finished = is_finished(c->now);
	c->has_new_end = c->is_finished != is_finished(c->old);
	c->has_new_complete = has_new(c, "Complete");
	c->has_new_failed = has_new(c, "Failed");
	c->has_new_target = has_new(c, "FailureTarget");
	c->has_new_criteria = has_new(c, "SuccessCriteriaMet");
	c->has_new_start = differs(c, "startTime");
	c->has_new_completion = differs(c, "completionTime");
	c->has_new_active = c->now->active != c->old->active;
	c->has_new_completed = !str_eq(c->now->completed_indexes, c->old->completed_indexes);
	c->has_new_failed_indexes = differs(c, "failedIndexes");
}

void job_check_status(struct kind_change *change)
{
	const struct path *at = PATH_ROOT(change->faults, "status");
	struct status_check c = {
		.spec = ((const struct batch_job *)change->object)->spec,
		.now = ((const struct batch_job *)change->object)->status,
		.old = ((const struct batch_job *)change->old)->status,
		.at = at,
		.conditions = PATH(at, "conditions"),
	};

	see_changes(&c);
	check_counts(&c);
	check_ends(&c);
	check_finished(&c);
	check_indexes(&c);
	if ((c.has_new_end || differs(&c, "terminating")) && c.is_finished && c.now->terminating > 0)
		refuse(&c, "terminating", "terminating>0 is invalid for finished job");
	if ((differs(&c, "ready") || c.has_new_active) && c.now->has.ready &&
	    c.now->ready > c.now->active)
		refuse(&c, "ready", "cannot set more ready pods than active");
	check_criteria(&c);
	check_disabled(&c);
	check_counters(&c);
	check_times(&c);
	check_met(&c);
}
