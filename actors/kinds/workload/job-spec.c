#include "actors/kinds/workload/job-private.h"
#include "datastore/object/record.h"

/*
 * Numbers and modes of a Job, and the order in which all of it is judged (upstream's validateJobSpec).
 */

#define PARALLELISM_MAX 100000    /* of an indexed Job */
#define FAILED_INDEXES_MAX 100000 /* the same */
#define MANY_COMPLETIONS 100000   /* more than these have lower limits */
#define MANY_LIMIT 10000
#define MANAGER_MAX 63U

bool job_spec_is_indexed(const struct batch_job_spec *spec)
{
	return str_is(spec->completion_mode, "Indexed");
}

/* ---- numbers ------------------------------------------------------------------------------------------------------ */

static void check_numbers(const struct path *at, const struct batch_job_spec *spec)
{
	rule_not_negative(PATH(at, "parallelism"), spec->parallelism);
	rule_not_negative(PATH(at, "completions"), spec->completions);
	rule_not_negative(PATH(at, "activeDeadlineSeconds"), spec->active_deadline_seconds);
	rule_not_negative(PATH(at, "backoffLimit"), spec->backoff_limit);
	rule_not_negative(PATH(at, "ttlSecondsAfterFinished"), spec->ttl_seconds_after_finished);
	rule_not_negative(PATH(at, "backoffLimitPerIndex"), spec->backoff_limit_per_index);
	rule_not_negative(PATH(at, "maxFailedIndexes"), spec->max_failed_indexes);
	if (spec->has.max_failed_indexes && !spec->has.backoff_limit_per_index)
		path_required(PATH(at, "backoffLimitPerIndex"),
			      "when maxFailedIndexes is specified");
	if (spec->managed_by.at == NULL)
		return;
	rule_domain_path(PATH(at, "managedBy"), spec->managed_by);
	rule_at_most_bytes(PATH(at, "managedBy"), spec->managed_by, MANAGER_MAX);
}

/* ---- modes -------------------------------------------------------------------------------------------------------- */

#define FOR_MANY                                                                          \
	"must be less than or equal to 10000 when completions are above 100000 and used " \
	"with backoff limit per index"

/* So many indexes that their lists could become too long for an object. */
static void check_many(const struct path *parallel, const struct path *failed,
		       const struct batch_job_spec *spec)
{
	if (!spec->has.max_failed_indexes)
		path_required(failed, "must be specified when completions is above 100000");
	if (spec->parallelism > MANY_LIMIT)
		path_invalid_number(parallel, spec->parallelism, FOR_MANY);
	if (spec->max_failed_indexes > MANY_LIMIT)
		path_invalid_number(failed, spec->max_failed_indexes, FOR_MANY);
}

static void check_indexed(const struct path *at, const struct batch_job_spec *spec)
{
	const struct path *parallel = PATH(at, "parallelism"),
			  *failed = PATH(at, "maxFailedIndexes");

	if (!spec->has.completions)
		path_required(PATH(at, "completions"), "when completion mode is Indexed");
	if (spec->parallelism > PARALLELISM_MAX)
		path_invalid_number(parallel, spec->parallelism,
				    "must be less than or equal to 100000 when completion mode is "
				    "Indexed");
	if (spec->has.completions && spec->max_failed_indexes > spec->completions)
		path_invalid_number(failed, spec->max_failed_indexes,
				    "must be less than or equal to completions");
	if (spec->max_failed_indexes > FAILED_INDEXES_MAX)
		path_invalid_number(failed, spec->max_failed_indexes,
				    "must be less than or equal to 100000");
	if (spec->completions > MANY_COMPLETIONS && spec->has.backoff_limit_per_index)
		check_many(parallel, failed, spec);
}

static void check_not_indexed(const struct path *at, const struct batch_job_spec *spec)
{
	static const char words[] = "requires indexed completion mode";

	if (spec->has.backoff_limit_per_index)
		path_invalid_number(PATH(at, "backoffLimitPerIndex"), spec->backoff_limit_per_index,
				    words);
	if (spec->has.max_failed_indexes)
		path_invalid_number(PATH(at, "maxFailedIndexes"), spec->max_failed_indexes, words);
}

static void check_mode(const struct path *at, const struct batch_job_spec *spec)
{
	if (job_spec_is_indexed(spec))
		check_indexed(at, spec);
	else if (spec->completion_mode.at == NULL || str_is(spec->completion_mode, "NonIndexed"))
		check_not_indexed(at, spec);
	else
		path_not_supported(PATH(at, "completionMode"), spec->completion_mode,
				   "\"NonIndexed\", \"Indexed\"");
}

/* ---- policies ------------------------------------------------------------------------------------------------------ */

static void check_replacement(const struct path *at, const struct batch_job_spec *spec)
{
	struct str policy = spec->pod_replacement_policy;

	if (policy.at == NULL || str_is(policy, "Failed"))
		return;
	if (spec->pod_failure_policy != NULL)
		path_not_supported(at, policy, "\"Failed\"");
	else if (!str_is(policy, "TerminatingOrFailed"))
		path_not_supported(at, policy, "\"Failed\", \"TerminatingOrFailed\"");
}

static void check_restart(const struct path *at, const struct batch_job_spec *spec)
{
	struct str policy = spec->template->spec->restart_policy;

	if (policy.len == 0 || str_is(policy, "Always"))
		path_required(at, "valid values: \"OnFailure\", \"Never\"");
	else if (!str_is(policy, "OnFailure") && !str_is(policy, "Never"))
		path_not_supported(at, policy, "\"OnFailure\", \"Never\"");
	else if (spec->pod_failure_policy != NULL && !str_is(policy, "Never"))
		path_invalid(at, policy,
			     "only \"Never\" is supported when podFailurePolicy is specified");
}

void job_spec_check(const struct path *at, const struct batch_job_spec *spec,
		    const struct pod_tolerance *tolerance)
{
	const struct path *template = PATH(at, "template");

	check_numbers(at, spec);
	check_mode(at, spec);
	if (spec->pod_failure_policy != NULL)
		job_check_failure_policy(PATH(at, "podFailurePolicy"), spec);
	if (spec->success_policy != NULL)
		job_check_success_policy(PATH(at, "successPolicy"), spec);
	check_replacement(PATH(at, "podReplacementPolicy"), spec);
	pod_spec_check_template(template, spec->template, tolerance);
	check_restart(PATH(PATH(template, "spec"), "restartPolicy"), spec);
}

void job_spec_warn(struct kind_change *change, const struct path *at,
		   const struct batch_job_spec *spec)
{
	if (job_spec_is_indexed(spec) && spec->completions > MANY_COMPLETIONS &&
	    spec->parallelism > MANY_LIMIT)
		kind_warn(change,
			  STR_FMT ": In Indexed Jobs with a number of completions higher than 10^5 "
				  "and a parallelism higher than 10^4, Kubernetes might not be "
				  "able to track completedIndexes when a big number of indexes "
				  "fail",
			  STR_ARG(path_text(at)));
	pod_spec_warn_template(change, PATH(at, "template"), spec->template);
}
