#include "actors/kinds/kinds.h"
#include "actors/kinds/workload/job-spec.h"
#include "actors/kinds/workload/schedule.h"
#include "actors/kinds/workload/workload.h"
#include "datastore/object/record.h"

/*
 * The CronJob: Jobs again and again. Everything of it may change; what runs is not touched.
 */

#define NAME_BYTES_MAX 52U /* eleven more make the name of a Job */

static struct batch_cron_job *new_of(const struct kind_change *change)
{
	return change->object;
}

static const struct batch_cron_job *old_of(const struct kind_change *change)
{
	return change->old;
}

static void prepare(struct kind_change *change)
{
	pod_spec_drop(change, new_of(change)->spec->job_template->spec->template->metadata);
}

static bool has_zone(struct str schedule)
{
	return str_find(schedule, STR("TZ")) >= 0;
}

/* A zone within the schedule is of old; who has one may keep it. That there is a schedule is for the marks of the schema. */
static void check_schedule(const struct path *at, const struct batch_cron_job_spec *spec,
			   const struct batch_cron_job_spec *old)
{
	bool may_have_zone = old != NULL && has_zone(old->schedule);

	if (spec->schedule.len == 0)
		return;
	schedule_check(at, spec->schedule);
	if (!has_zone(spec->schedule))
		return;
	if (!may_have_zone)
		path_invalid(at, spec->schedule,
			     "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
	else if (spec->time_zone.at != NULL)
		path_invalid(at, spec->schedule,
			     "cannot use both timeZone field and TZ or CRON_TZ in schedule");
}

static bool is_same_zone(const struct batch_cron_job_spec *spec,
			 const struct batch_cron_job_spec *old)
{
	return (spec->time_zone.at == NULL) == (old->time_zone.at == NULL) &&
	       str_eq(spec->time_zone, old->time_zone);
}

static void check_concurrency(const struct path *at, struct str policy)
{
	if (rule_needed(at, policy, "") && !str_is(policy, "Allow") && !str_is(policy, "Forbid") &&
	    !str_is(policy, "Replace"))
		path_not_supported(at, policy, "\"Allow\", \"Forbid\", \"Replace\"");
}

static void check_template(const struct path *at, const struct batch_job_spec *spec,
			   const struct pod_tolerance *tolerance)
{
	const struct path *selector = PATH(at, "selector");

	job_spec_check(at, spec, tolerance);
	if (spec->selector != NULL)
		path_fault(selector, FAULT_INVALID,
			   path_shown_record(selector, &meta_label_selector_type, spec->selector),
			   "`selector` will be auto-generated");
	if (spec->manual_selector)
		path_fault(PATH(at, "manualSelector"), FAULT_NOT_SUPPORTED, STR("true"),
			   "supported values: \"nil\", \"false\"");
}

static void check_spec(struct kind_change *change)
{
	const struct batch_cron_job_spec *spec = new_of(change)->spec;
	const struct batch_cron_job_spec *old = change->old ? old_of(change)->spec : NULL;
	const struct path *at = PATH_ROOT(change->faults, "spec");
	struct pod_tolerance tolerance =
	    pod_tolerance_of_template(change->arena, old ? old->job_template->spec->template : NULL);

	check_schedule(PATH(at, "schedule"), spec, old);
	rule_not_negative(PATH(at, "startingDeadlineSeconds"), spec->starting_deadline_seconds);
	if (spec->time_zone.at != NULL && (old == NULL || !is_same_zone(spec, old)))
		schedule_check_zone(PATH(at, "timeZone"), spec->time_zone);
	check_concurrency(PATH(at, "concurrencyPolicy"), spec->concurrency_policy);
	check_template(PATH(PATH(at, "jobTemplate"), "spec"), spec->job_template->spec, &tolerance);
	rule_not_negative(PATH(at, "successfulJobsHistoryLimit"),
			  spec->successful_jobs_history_limit);
	rule_not_negative(PATH(at, "failedJobsHistoryLimit"), spec->failed_jobs_history_limit);
}

static void warn(struct kind_change *change)
{
	job_spec_warn(change, PATH(PATH(PATH_ROOT(change->faults, "spec"), "jobTemplate"), "spec"),
		      new_of(change)->spec->job_template->spec);
}

static void validate_create(struct kind_change *change)
{
	struct str name = new_of(change)->metadata->name;

	check_spec(change);
	if (name.len > NAME_BYTES_MAX)
		path_invalid(PATH(PATH_ROOT(change->faults, "metadata"), "name"), name,
			     "must be no more than 52 characters");
	workload_warn_of_name(change);
	warn(change);
}

static void validate_update(struct kind_change *change)
{
	check_spec(change);
	if (kind_is_new_generation(change))
		warn(change);
	if (has_zone(new_of(change)->spec->schedule))
		kind_warn(
		    change,
		    "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, "
		    "see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ "
		    "for more details");
}

const struct kind_rules kind_cron_job = {
	.group = "batch",
	.kind = "CronJob",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.prepare_create = prepare,
	.prepare_update = prepare,
	.validate_create = validate_create,
	.validate_update = validate_update,
};
