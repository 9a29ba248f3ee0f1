/*
 * Jobs: pods that are to end well, so many of them, so many at once.
 *
 * Each call does what is still missing of: counting pods that have ended (job.h says how one is counted once), judging whether
 * the Job has succeeded or failed, and then either making and removing pods or ending the rest. An end is told in two steps,
 * FailureTarget or SuccessCriteriaMet at once, Failed or Complete when the last pod has gone. The status is
 * written first, the finalizers go after it, and pods are made last.
 */
#include "actors/controller/controller.h"
#include "actors/controller/job/job.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/condition.h"
#include "actors/controller/workload/owner.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/workload/template.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/batch.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define MANAGER "kubernetes.io/job-controller"
#define UNCOUNTED_MAX 500 /* uids in a status, upstream's MaxUncountedPods: below 20 KB */

struct work {
	const struct world *world;
	struct plan *plan;
	struct job j;
	struct batch_job_status *status;
	struct job_end end;
	bool is_done; /* nothing is left to be counted */
};

static bool has_condition(const struct batch_job *job, const char *type)
{
	const struct batch_job_condition *found =
	    condition_find(&job->status->conditions, type, batch_job_condition);

	return found != NULL && str_is(found->status, "True");
}

static void set_condition(const struct work *w, const char *type, const char *word,
			  const char *reason, struct str message)
{
	condition_set(plan_arena(w->plan), &w->status->conditions, world_now(w->world),
		      batch_job_condition, type, word, reason, message);
}

/* ---- finalizers ------------------------------------------------------------------------------------------------- */

static void drop_finalizer(struct plan *plan, const struct core_pod *pod)
{
	struct str_list *list = &plan_edit(plan, pod, core_pod)->metadata->finalizers;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < list->len; i++)
		if (!str_eq(list->at[i], JOB_FINALIZER))
			list->at[kept++] = list->at[i];
	list->len = kept;
}

/* Pods that were adopted are to be counted too. */
static void mark_adopted(const struct work *w)
{
	for (uint32_t i = 0; i < w->j.pods.len; i++) {
		const struct core_pod *pod = record_at(w->j.pods, i, core_pod);

		if (owner_of(pod->metadata) == NULL && !job_has_finalizer(pod))
			job_add_finalizer(w->plan, plan_edit(w->plan, pod, core_pod));
	}
}

/* Nobody counts the pods of a Job that has gone. Their key is its name and uid: another may bear the name by now. */
static void release_orphans(const struct world *world, struct plan *plan, struct str uid)
{
	struct meta_object_meta gone = { .uid = uid };
	struct records pods = world_owned_(world, &core_pod_type, &gone);

	for (uint32_t i = 0; i < pods.len; i++)
		if (job_has_finalizer(record_at(pods, i, core_pod)))
			drop_finalizer(plan, record_at(pods, i, core_pod));
}

static void wake_orphans(struct str namespace, struct str name, struct str uid, struct wake *to)
{
	struct arena *arena = arena_new(0);

	wake_key(to, namespace,
		 arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(name), STR_ARG(uid)));
	arena_free(arena);
}

/* Enough have ended well, and none is left that could still end otherwise. */
static bool is_complete(const struct job *j)
{
	if (j->active.len > 0)
		return false;
	if (!j->job->spec->has.completions)
		return j->succeeded > 0;
	return j->succeeded >= j->job->spec->completions;
}

static bool is_failing(const struct work *w)
{
	return w->end.type != NULL &&
	       (strcmp(w->end.type, "FailureTarget") == 0 || strcmp(w->end.type, "Failed") == 0);
}

/* ---- counting --------------------------------------------------------------------------------------------------- */

static void add_uid(struct plan *plan, struct str_list *list, const struct core_pod *pod)
{
	struct str *grown = arena_array(plan_arena(plan), struct str, list->len + 1);

	if (list->len > 0)
		memcpy(grown, list->at, list->len * sizeof *grown);
	grown[list->len] = arena_str(plan_arena(plan), pod->metadata->uid);
	*list = (struct str_list){ grown, list->len + 1 };
}

/* The uids of pods that still bear the finalizer stay; the others have been counted: how many. */
static int32_t settle(const struct job *j, struct str_list *list)
{
	uint32_t kept = 0, len = list->len;

	for (uint32_t i = 0; i < len; i++) {
		bool is_held = false;

		for (uint32_t p = 0; p < j->pods.len && !is_held; p++) {
			const struct core_pod *pod = record_at(j->pods, p, core_pod);

			is_held = str_eq(pod->metadata->uid, list->at[i]) && job_has_finalizer(pod);
		}
		if (is_held)
			list->at[kept++] = list->at[i];
	}
	list->len = kept;
	return (int32_t)(len - kept);
}

static bool may_release(const struct work *w, const struct core_pod *pod)
{
	int32_t index = job_index_of(pod);

	if (w->j.job->metadata->has.deletion_timestamp || w->end.type != NULL ||
	    str_is(pod->status->phase, "Succeeded"))
		return true;
	if (!job_pod_has_failed(&w->j, pod))
		return false;
	/* Its successor will have to know how often it failed. */
	return !w->j.has_limit_per_index || index < 0 ||
	       index_set_has(&w->j.failed_indexes, index) ||
	       index_set_has(&w->j.succeeded_indexes, index) ||
	       job_last_failed(&w->j, index, world_now(w->world)) != pod;
}

/* Puts the pod's end into the status; false: there is nothing to be said of it. */
static void count_pod(struct work *w, const struct core_pod *pod)
{
	struct batch_uncounted_terminated_pods *uncounted = w->status->uncounted_terminated_pods;
	bool is_known = job_is_uncounted(&uncounted->failed, pod) ||
			job_is_uncounted(&uncounted->succeeded, pod);

	if (is_known || !job_is_valid(&w->j, pod))
		return;
	if (str_is(pod->status->phase, "Succeeded")) {
		if (!w->j.is_indexed) /* an index that stands in the status is counted already */
			add_uid(w->plan, &uncounted->succeeded, pod);
	} else if ((job_pod_has_failed(&w->j, pod) || is_failing(w)) &&
		   job_judge(w->j.job, pod, plan_arena(w->plan), NULL) != JOB_IGNORE) {
		add_uid(w->plan, &uncounted->failed, pod);
	}
}

static void count_pods(struct work *w)
{
	struct batch_uncounted_terminated_pods *uncounted =
	    MAKE(w->status->uncounted_terminated_pods, plan_arena(w->plan));
	int32_t succeeded = settle(&w->j, &uncounted->succeeded);
	int32_t lost = settle(&w->j, &uncounted->failed);
	uint32_t released = 0;

	SET(w->status, failed, w->j.job->status->failed + lost);
	if (!w->j.is_indexed)
		SET(w->status, succeeded, w->j.job->status->succeeded + succeeded);
	w->is_done = uncounted->succeeded.len + uncounted->failed.len == 0;
	for (uint32_t i = 0; i < w->j.pods.len; i++) {
		const struct core_pod *pod = record_at(w->j.pods, i, core_pod);

		if (!job_has_finalizer(pod))
			continue;
		if (!may_release(w, pod))
			continue;
		w->is_done = false;
		if (released == UNCOUNTED_MAX)
			break; /* the others follow when these are counted */
		released++;
		count_pod(w, pod);
		drop_finalizer(w->plan, pod);
	}
	if (w->j.is_indexed) {
		SET(w->status, succeeded, index_set_total(&w->j.succeeded_indexes));
		w->status->completed_indexes =
		    index_set_print(&w->j.succeeded_indexes, plan_arena(w->plan));
	}
	if (w->j.has_limit_per_index)
		w->status->failed_indexes =
		    index_set_print(&w->j.failed_indexes, plan_arena(w->plan));
}

/* ---- removing pods ------------------------------------------------------------------------------------------------ */

static void delete_pod(const struct work *w, const struct core_pod *pod)
{
	plan_delete(w->plan, pod, core_pod);
	plan_event(w->plan, &batch_job_type, w->j.job->metadata, false, "SuccessfulDelete",
		   "Deleted pod: " STR_FMT, STR_ARG(pod->metadata->name));
}

/* They are not to be counted as failed: the finalizer goes before the pod does. */
static void remove_pods(struct work *w, uint32_t at_least)
{
	struct job_pods *pods = &w->j.active;
	uint32_t count = w->j.is_indexed ? job_superfluous(&w->j, pods) : 0;

	if (count < at_least) {
		job_sort_by_progress(pods, count);
		count = at_least;
	}
	if (count > JOB_MOVES_MAX)
		count = JOB_MOVES_MAX;
	for (uint32_t i = 0; i < count; i++)
		drop_finalizer(w->plan, pods->at[i]);
	for (uint32_t i = 0; i < count; i++)
		delete_pod(w, pods->at[i]);
	memmove(pods->at, &pods->at[count], (pods->len - count) * sizeof *pods->at);
	pods->len -= count;
}

/* How many pods should run now. */
static int32_t wanted_active(const struct job *j)
{
	int32_t parallelism = j->job->spec->parallelism, wanted;

	if (j->is_suspended)
		return 0;
	/* Without a number the first success says that the others are finishing too. */
	if (!j->job->spec->has.completions)
		return j->succeeded > 0 ? (int32_t)j->active.len : parallelism;
	wanted = j->job->spec->completions - j->succeeded;
	if (j->is_indexed)
		wanted -= index_set_total(&j->failed_indexes);
	wanted = wanted < parallelism ? wanted : parallelism;
	return wanted > 0 ? wanted : 0;
}

static void manage(struct work *w)
{
	int32_t active = (int32_t)w->j.active.len, wanted = wanted_active(&w->j), missing;

	remove_pods(w, active > wanted ? (uint32_t)(active - wanted) : 0);
	if ((int32_t)w->j.active.len != active || w->j.is_suspended)
		return; /* either the one or the other in one call */
	missing = wanted - active;
	if (w->j.replaces_failed_only)
		missing -= w->j.terminating;
	if (missing > 0)
		job_make_pods(&w->j, w->world, w->plan, missing);
}

/* ---- the status ----------------------------------------------------------------------------------------------------- */

static void report_suspended(struct work *w)
{
	const struct batch_job_condition *old =
	    condition_find(&w->j.job->status->conditions, "Suspended", batch_job_condition);
	bool was_suspended = old != NULL && str_is(old->status, "True");

	if (w->j.is_suspended && !was_suspended) {
		set_condition(w, "Suspended", "True", "JobSuspended", STR("Job suspended"));
		plan_event(w->plan, &batch_job_type, w->j.job->metadata, false, "Suspended",
			   "Job suspended");
	} else if (!w->j.is_suspended && was_suspended) {
		set_condition(w, "Suspended", "False", "JobResumed", STR("Job resumed"));
		plan_event(w->plan, &batch_job_type, w->j.job->metadata, false, "Resumed",
			   "Job resumed");
		/* The deadline is counted from here. */
		SET(w->status, start_time, world_now(w->world));
	}
}

static void report_end(struct work *w)
{
	bool is_second = w->end.type != NULL && (strcmp(w->end.type, "Complete") == 0 ||
						 strcmp(w->end.type, "Failed") == 0);
	bool is_complete = is_second && w->end.type[0] == 'C';

	if (w->end.type == NULL ||
	    (is_second && (!w->is_done || w->j.terminating > 0 || w->status->active > 0)))
		return;
	set_condition(w, w->end.type, "True", w->end.reason, w->end.message);
	if (!is_second)
		return;
	if (is_complete)
		SET(w->status, completion_time, world_now(w->world));
	plan_event(w->plan, &batch_job_type, w->j.job->metadata, !is_complete,
		   is_complete ? "Completed" : w->end.reason, STR_FMT,
		   STR_ARG(is_complete ? STR("Job completed") : w->end.message));
}

static void report_failure(const struct work *w)
{
	const struct world_failure *failure = world_failure(w->world);

	if (failure == NULL || failure->type != &core_pod_type)
		return;
	plan_event(w->plan, &batch_job_type, w->j.job->metadata, true,
		   failure->is_create ? "FailedCreate" : "FailedDelete", "Error %s: " STR_FMT,
		   failure->is_create ? "creating" : "deleting", STR_ARG(failure->message));
}

/* ---- the whole -------------------------------------------------------------------------------------------------------- */

static void end_pods(const struct work *w)
{
	for (uint32_t i = 0; i < w->j.active.len && i < JOB_MOVES_MAX; i++)
		delete_pod(w, w->j.active.at[i]);
}

static void advance(struct work *w)
{
	const struct batch_job *job = w->j.job;

	mark_adopted(w);
	if (!w->status->has.start_time && !w->j.is_suspended)
		SET(w->status, start_time, world_now(w->world));
	SET(w->status, active, (int32_t)w->j.active.len);
	SET(w->status, ready, w->j.ready);
	SET(w->status, terminating, w->j.terminating);
	report_failure(w);
	job_decide(&w->j, w->world, w->plan, &w->end);
	if (w->end.type == NULL && is_complete(&w->j))
		w->end = (struct job_end){ "SuccessCriteriaMet", "CompletionsReached",
					   STR("Reached expected number of succeeded pods") };
	count_pods(w);
	report_end(w);
	if (w->end.type != NULL) {
		end_pods(w);
	} else if (!job->metadata->has.deletion_timestamp) {
		report_suspended(w);
		manage(w);
	}
}

static bool is_anothers(const struct batch_job *job)
{
	return job->spec->managed_by.len > 0 && !str_is(job->spec->managed_by, MANAGER);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct batch_job *job = world_get(world, key, batch_job);
	struct work *w = arena_new_of(world_arena(world), struct work);
	struct str uid = key.name;

	(void)str_cut(&uid, '/');
	if (uid.at != NULL)
		release_orphans(world, plan, uid);
	if (job == NULL || is_anothers(job) || has_condition(job, "Complete") ||
	    has_condition(job, "Failed"))
		return OK;
	*w = (struct work){ .world = world, .plan = plan };
	w->status = plan_status(plan, job, batch_job)->status;
	job_look(&w->j, world, plan, job);
	advance(w);
	return OK;
}

static const struct meta_label_selector *selector_of(const void *job)
{
	return ((const struct batch_job *)job)->spec->selector;
}

static void pod_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	const struct core_pod *pod = object->record;
	const struct meta_owner_reference *owner = owner_of(pod->metadata);
	const struct batch_job *job;

	(void)old;
	owner_wake_adopters(world, pod->metadata, &batch_job_type, selector_of, to);
	if (owner == NULL || !str_is(owner->kind, "Job") || !job_has_finalizer(pod))
		return;
	job = world_get(world, ((struct key){ pod->metadata->namespace, owner->name }), batch_job);
	if (job == NULL || !str_eq(job->metadata->uid, owner->uid))
		wake_orphans(pod->metadata->namespace, owner->name, owner->uid, to);
}

static void job_wakes(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to)
{
	const struct batch_job *job = object->record;
	struct key key = { job->metadata->namespace, job->metadata->name };
	const struct batch_job *now = world_get(world, key, batch_job);

	(void)old;
	if (now == NULL || !str_eq(now->metadata->uid, job->metadata->uid))
		wake_orphans(key.namespace, key.name, job->metadata->uid, to);
}

const struct controller job_controller = {
	.name = "job",
	.account = "job-controller",
	.reconciles = &batch_job_type,
	.owns = { &core_pod_type },
	.triggers = { { &core_pod_type, pod_wakes, .is_asked_at_start = true },
		      { &batch_job_type, job_wakes } },
	.patches = { &core_pod_type },
	.reconcile = reconcile,
};
