/*
 * CronJobs: a Job at each time of a schedule.
 *
 * A Job's name is made of its time, so none is made twice; what is known of it stands in the Job itself, and the status
 * follows from there. Only UTC is known: a cluster need not have a database of time zones.
 */
#include <stdlib.h>

#include "actors/controller/controller.h"
#include "actors/controller/job/cron.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/condition.h"
#include "actors/controller/workload/owner.h"
#include "actors/controller/workload/template.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/batch.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define SCHEDULED STR("batch.kubernetes.io/cronjob-scheduled-timestamp")
#define MISSED_MAX 100
#define DELTA_MS 100 /* upstream's nextScheduleDelta */

struct work {
	const struct world *world;
	struct plan *plan;
	const struct batch_cron_job *cron_job;
	struct batch_cron_job_status *status;
	struct records jobs;
	struct cron cron;
};

static void tell(const struct work *w, bool is_warning, const char *reason, struct str message)
{
	plan_event(w->plan, &batch_cron_job_type, w->cron_job->metadata, is_warning, reason,
		   STR_FMT, STR_ARG(message));
}

/* ---- jobs ------------------------------------------------------------------------------------------------------ */

static const char *end_of(const struct batch_job *job)
{
	static const char *const types[] = { "Complete", "Failed" };

	for (int i = 0; i < 2; i++) {
		const struct batch_job_condition *found =
		    condition_find(&job->status->conditions, types[i], batch_job_condition);

		if (found != NULL && str_is(found->status, "True"))
			return types[i];
	}
	return NULL;
}

static bool is_listed(const struct work *w, const struct batch_job *job)
{
	const struct core_object_reference_list *list = &w->cron_job->status->active;

	for (uint32_t i = 0; i < list->len; i++)
		if (str_eq(list->at[i].uid, job->metadata->uid))
			return true;
	return false;
}

static int64_t scheduled_ns(const struct batch_job *job)
{
	struct wall at = { 0 };

	(void)!time_parse(str_map_get(job->metadata->annotations, SCHEDULED), &at);
	return at.ns;
}

static struct core_object_reference reference_to(struct arena *arena, const struct batch_job *job)
{
	return (struct core_object_reference){
		.kind = STR("Job"),
		.api_version = STR("batch/v1"),
		.namespace = arena_str(arena, job->metadata->namespace),
		.name = arena_str(arena, job->metadata->name),
		.uid = arena_str(arena, job->metadata->uid),
		.resource_version = STR_NONE,
	};
}

/* The Jobs that run, as the status lists them; and what the ended ones tell. */
static void list_jobs(const struct work *w)
{
	struct arena *arena = plan_arena(w->plan);
	struct core_object_reference_list active = {
		arena_array(arena, struct core_object_reference, w->jobs.len + 1), 0
	};

	for (uint32_t i = 0; i < w->jobs.len; i++) {
		const struct batch_job *job = record_at(w->jobs, i, batch_job);
		const char *end = end_of(job);

		if (scheduled_ns(job) > w->status->last_schedule_time.ns)
			SET(w->status, last_schedule_time, (struct wall){ scheduled_ns(job) });
		if (end == NULL) {
			active.at[active.len++] = reference_to(arena, job);
			continue;
		}
		if (is_listed(w, job))
			tell(w, false, "SawCompletedJob",
			     arena_printf(arena, "Saw completed job: " STR_FMT ", condition: %s",
					  STR_ARG(job->metadata->name), end));
		if (end[0] == 'C' &&
		    job->status->completion_time.ns > w->status->last_successful_time.ns)
			SET(w->status, last_successful_time, job->status->completion_time);
	}
	w->status->active = active;
}

static void delete_job(const struct work *w, const struct batch_job *job)
{
	plan_delete(w->plan, job, batch_job);
	tell(w, false, "SuccessfulDelete",
	     arena_printf(plan_arena(w->plan), "Deleted job " STR_FMT,
			  STR_ARG(job->metadata->name)));
}

/* ---- history ------------------------------------------------------------------------------------------------------ */

static int by_start(const void *left, const void *right)
{
	const struct batch_job *a = *(const struct batch_job *const *)left;
	const struct batch_job *b = *(const struct batch_job *const *)right;

	if (a->status->start_time.ns != b->status->start_time.ns)
		return a->status->start_time.ns < b->status->start_time.ns ? -1 : 1;
	return str_cmp(a->metadata->name, b->metadata->name);
}

static void forget(const struct work *w, char end, int32_t limit)
{
	const struct batch_job **old =
	    arena_array(world_arena(w->world), const struct batch_job *, w->jobs.len + 1);
	uint32_t count = 0;

	for (uint32_t i = 0; i < w->jobs.len; i++) {
		const struct batch_job *job = record_at(w->jobs, i, batch_job);
		const char *how = end_of(job);

		if (how != NULL && how[0] == end && !job->metadata->has.deletion_timestamp)
			old[count++] = job;
	}
	qsort(old, count, sizeof *old, by_start);
	for (uint32_t i = 0; (int64_t)i < (int64_t)count - limit; i++)
		delete_job(w, old[i]);
}

/* ---- the schedule -------------------------------------------------------------------------------------------------- */

/* The last time that has come and for which nothing was done yet; 0: none. */
static int64_t due_ns(const struct work *w)
{
	const struct batch_cron_job *c = w->cron_job;
	int64_t now = world_now(w->world).ns, from = c->metadata->creation_timestamp.ns;
	struct wall first, second, at;
	int64_t between, missed;

	if (w->status->last_schedule_time.ns != 0)
		from = w->status->last_schedule_time.ns;
	if (c->spec->has.starting_deadline_seconds &&
	    now - c->spec->starting_deadline_seconds * TIME_S > from)
		from = now - c->spec->starting_deadline_seconds * TIME_S;
	first = cron_next(&w->cron, (struct wall){ from });
	if (first.ns == 0 || first.ns > now)
		return 0;
	second = cron_next(&w->cron, first);
	if (second.ns == 0 || second.ns > now)
		return first.ns;
	/* Many were missed: near the last one, and from there on. */
	between = second.ns - first.ns;
	missed = (now - first.ns) / between + 1;
	at.ns = first.ns + (missed - 2) * between;
	for (struct wall next = cron_next(&w->cron, at); next.ns != 0 && next.ns <= now;
	     next = cron_next(&w->cron, next))
		at = next;
	if (missed > MISSED_MAX)
		tell(w, true, "TooManyMissedTimes",
		     STR("too many missed start times. Set or decrease "
			 ".spec.startingDeadlineSeconds or check clock skew"));
	return at.ns;
}

static void wait_for_next(const struct work *w)
{
	struct wall now = world_now(w->world), next = cron_next(&w->cron, now);

	if (next.ns != 0)
		plan_again(w->plan, (next.ns - now.ns) / TIME_MS + DELTA_MS);
}

static void make_job(const struct work *w, struct str name, int64_t due)
{
	const struct batch_job_template_spec *like = w->cron_job->spec->job_template;
	struct arena *arena = plan_arena(w->plan);
	char text[TIME_TEXT];
	struct batch_job *job =
	    plan_new_child(w->plan, w->cron_job, batch_cron_job, name, batch_job);

	job->spec = plan_copy(w->plan, like->spec, batch_job_spec);
	if (like->metadata != NULL) {
		job->metadata->labels = template_map_clone(arena, like->metadata->labels);
		job->metadata->annotations = template_map_clone(arena, like->metadata->annotations);
	}
	str_map_put(&job->metadata->annotations, arena, SCHEDULED,
		    arena_str(arena, time_print((struct wall){ due }, text)));
	tell(w, false, "SuccessfulCreate",
	     arena_printf(arena, "Created job " STR_FMT, STR_ARG(name)));
}

static void start(const struct work *w, int64_t due)
{
	const struct batch_cron_job *c = w->cron_job;
	struct arena *arena = plan_arena(w->plan);
	struct str name = arena_printf(arena, STR_FMT "-%jd", STR_ARG(c->metadata->name),
				       (intmax_t)(due / TIME_S / 60));
	struct key key = { c->metadata->namespace, name };

	if (c->spec->has.starting_deadline_seconds &&
	    due + c->spec->starting_deadline_seconds * TIME_S < world_now(w->world).ns) {
		tell(w, true, "MissSchedule", STR("Missed scheduled time to start a job"));
		return;
	}
	if (due == w->status->last_schedule_time.ns || world_get(w->world, key, batch_job) != NULL)
		return;
	if (str_is(c->spec->concurrency_policy, "Forbid") && w->status->active.len > 0) {
		tell(w, false, "JobAlreadyActive",
		     STR("Not starting job because prior execution is running and concurrency "
			 "policy "
			 "is Forbid"));
		return;
	}
	for (uint32_t i = 0; i < w->jobs.len && str_is(c->spec->concurrency_policy, "Replace"); i++)
		if (end_of(record_at(w->jobs, i, batch_job)) == NULL)
			delete_job(w, record_at(w->jobs, i, batch_job));
	make_job(w, name, due);
}

static bool knows_zone(const struct batch_cron_job *c)
{
	struct str zone = c->spec->time_zone;

	return zone.len == 0 || str_is(zone, "UTC") || str_is(zone, "Etc/UTC") ||
	       str_is(zone, "GMT") || str_is(zone, "Etc/GMT");
}

static void follow_schedule(struct work *w)
{
	const struct batch_cron_job *c = w->cron_job;
	struct fault why = { 0 };
	int64_t due;

	if (!knows_zone(c)) {
		tell(w, true, "UnknownTimeZone",
		     arena_printf(plan_arena(w->plan),
				  "invalid timeZone: \"" STR_FMT "\": only UTC is known here",
				  STR_ARG(c->spec->time_zone)));
		return;
	}
	if (cron_parse(c->spec->schedule, &w->cron, &why) != OK) {
		tell(w, true, "UnparseableSchedule",
		     arena_printf(plan_arena(w->plan), "unparseable schedule: \"" STR_FMT "\" : %s",
				  STR_ARG(c->spec->schedule), why.text));
		return;
	}
	due = due_ns(w);
	if (due != 0)
		start(w, due);
	wait_for_next(w);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------- */

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct batch_cron_job *c = world_get(world, key, batch_cron_job);
	struct work w = { .world = world, .plan = plan, .cron_job = c };
	const struct world_failure *failure = world_failure(world);

	if (c == NULL)
		return OK;
	w.status = plan_status(plan, c, batch_cron_job)->status;
	w.jobs = world_owned(world, c, batch_job);
	list_jobs(&w);
	if (failure != NULL && failure->is_create)
		tell(&w, true, "FailedCreate",
		     arena_printf(plan_arena(plan), "Error creating job: " STR_FMT,
				  STR_ARG(failure->message)));
	if (c->metadata->has.deletion_timestamp)
		return OK;
	forget(&w, 'C', c->spec->successful_jobs_history_limit);
	forget(&w, 'F', c->spec->failed_jobs_history_limit);
	if (!c->spec->suspend)
		follow_schedule(&w);
	return OK;
}

const struct controller cron_job_controller = {
	.name = "cronjob",
	.account = "cronjob-controller",
	.reconciles = &batch_cron_job_type,
	.owns = { &batch_job_type },
	.reconcile = reconcile,
};
