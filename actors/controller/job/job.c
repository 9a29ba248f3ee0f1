#include "actors/controller/job/job.h"

#include "actors/controller/workload/owner.h"
#include "actors/controller/workload/pod.h"

#define DELAY_MS 10000      /* upstream's DefaultJobPodFailureBackOff */
#define DELAY_MAX_MS 600000 /* and its limit */

/* ---- pods --------------------------------------------------------------------------------------------------- */

bool job_has_finalizer(const struct core_pod *pod)
{
	return str_list_has(pod->metadata->finalizers, JOB_FINALIZER);
}

int64_t job_number(const struct core_pod *pod, struct str annotation)
{
	int64_t number = -1;

	(void)!str_to_i64(str_map_get(pod->metadata->annotations, annotation), &number);
	return number;
}

int32_t job_index_of(const struct core_pod *pod)
{
	int64_t index = job_number(pod, JOB_INDEX);

	return index < 0 || index > INT32_MAX ? -1 : (int32_t)index;
}

bool job_is_valid(const struct job *j, const struct core_pod *pod)
{
	int32_t index = job_index_of(pod);

	return !j->is_indexed || (index >= 0 && index < j->job->spec->completions);
}

bool job_pod_has_failed(const struct job *j, const struct core_pod *pod)
{
	if (str_is(pod->status->phase, "Failed"))
		return true;
	return !j->replaces_failed_only && pod->metadata->has.deletion_timestamp &&
	       !str_is(pod->status->phase, "Succeeded");
}

bool job_is_uncounted(const struct str_list *list, const struct core_pod *pod)
{
	return str_list_has(*list, pod->metadata->uid);
}

int64_t job_finished_ns(const struct core_pod *pod, struct wall now)
{
	const struct core_pod_condition *ready = pod_condition(pod, "Ready");
	const struct core_container_status_list *list = &pod->status->container_statuses;
	int64_t last = 0;

	for (uint32_t i = 0; i < list->len; i++) {
		const struct core_container_state *state = list->at[i].state;

		if (state == NULL || state->terminated == NULL ||
		    state->terminated->finished_at.ns == 0) {
			last = 0; /* one that has not ended says nothing of the others */
			break;
		}
		if (state->terminated->finished_at.ns > last)
			last = state->terminated->finished_at.ns;
	}
	if (last != 0)
		return last;
	if (ready != NULL && ready->last_transition_time.ns != 0)
		return ready->last_transition_time.ns;
	return pod->metadata->has.deletion_timestamp ? pod->metadata->deletion_timestamp.ns : now.ns;
}

/* ---- looking -------------------------------------------------------------------------------------------------- */

static void add_active(struct job *j, const struct core_pod *pod)
{
	j->active.at[j->active.len++] = pod;
	j->ready += pod_is_ready(pod);
}

/* It ends and bears the finalizer, and the status does not know of it. */
static bool is_news(const struct job *j, const struct core_pod *pod, const struct str_list *counted)
{
	return job_has_finalizer(pod) && job_is_valid(j, pod) && !job_is_uncounted(counted, pod);
}

static void count(struct job *j, const struct core_pod *pod,
		  const struct batch_uncounted_terminated_pods *uncounted, struct arena *arena)
{
	if (pod_is_active(pod))
		add_active(j, pod);
	else if (!pod_is_finished(pod))
		j->terminating++;
	if (str_is(pod->status->phase, "Succeeded"))
		j->succeeded += is_news(j, pod, &uncounted->succeeded);
	else if (job_pod_has_failed(j, pod) && is_news(j, pod, &uncounted->failed))
		j->failed += job_judge(j->job, pod, arena, NULL) != JOB_IGNORE;
}

static bool fails_index(const struct job *j, const struct core_pod *pod, struct arena *arena)
{
	if (!job_pod_has_failed(j, pod) || !job_has_finalizer(pod) || !job_is_valid(j, pod))
		return false;
	switch (job_judge(j->job, pod, arena, NULL)) {
	case JOB_FAIL_INDEX: return true;
	case JOB_IGNORE: return false;
	default: break;
	}
	return job_number(pod, JOB_FAILURES) >= j->job->spec->backoff_limit_per_index;
}

static void look_at_indexes(struct job *j, struct arena *arena)
{
	const struct batch_job_status *status = j->job->status;
	int32_t limit = j->job->spec->completions;

	j->succeeded_before = index_set_parse(status->completed_indexes, limit, arena);
	j->succeeded_indexes = index_set_parse(status->completed_indexes, limit, arena);
	j->failed_indexes = index_set_parse(status->failed_indexes, limit, arena);
	for (uint32_t i = 0; i < j->pods.len; i++) {
		const struct core_pod *pod = record_at(j->pods, i, core_pod);

		if (str_is(pod->status->phase, "Succeeded") && job_is_valid(j, pod) &&
		    job_has_finalizer(pod))
			index_set_add(&j->succeeded_indexes, job_index_of(pod));
		else if (j->has_limit_per_index && fails_index(j, pod, arena))
			index_set_add(&j->failed_indexes, job_index_of(pod));
	}
	j->succeeded = index_set_total(&j->succeeded_indexes);
}

void job_look(struct job *j, const struct world *world, struct plan *plan,
	      const struct batch_job *job)
{
	static const struct batch_uncounted_terminated_pods none;
	const struct batch_uncounted_terminated_pods *uncounted =
	    job->status->uncounted_terminated_pods ? job->status->uncounted_terminated_pods : &none;
	struct owner_claim claim = { .owner_type = &batch_job_type,
				     .owner = job->metadata,
				     .selector = job->spec->selector,
				     .type = &core_pod_type };

	*j = (struct job){ .job = job,
			   .is_indexed = str_is(job->spec->completion_mode, "Indexed"),
			   .is_suspended = job->spec->suspend,
			   .replaces_failed_only =
			       str_is(job->spec->pod_replacement_policy, "Failed"),
			   .has_limit_per_index = job->spec->has.backoff_limit_per_index };
	j->pods = owner_claim(world, plan, &claim);
	j->active.at = arena_array(world_arena(world), const struct core_pod *, j->pods.len + 1);
	j->succeeded = job->status->succeeded + (int32_t)uncounted->succeeded.len;
	j->failed = job->status->failed + (int32_t)uncounted->failed.len;
	for (uint32_t i = 0; i < j->pods.len; i++)
		count(j, record_at(j->pods, i, core_pod), uncounted, world_arena(world));
	if (j->is_indexed)
		look_at_indexes(j, world_arena(world));
}

/* ---- waiting ---------------------------------------------------------------------------------------------------- */

int64_t job_delay_ms(int64_t failures, int64_t last_ns, struct wall now)
{
	int64_t delay_ms = DELAY_MS, since_ms = (now.ns - last_ns) / TIME_MS;

	if (failures <= 0)
		return 0;
	for (int64_t i = 1; i < failures && delay_ms < DELAY_MAX_MS; i++)
		delay_ms *= 2;
	if (delay_ms > DELAY_MAX_MS)
		delay_ms = DELAY_MAX_MS;
	return since_ms < delay_ms ? delay_ms - since_ms : 0;
}

int64_t job_back_off_ms(const struct job *j, struct wall now)
{
	int64_t last_success = 0, last_failure = 0, failures = 0;

	for (uint32_t i = 0; i < j->pods.len; i++) {
		const struct core_pod *pod = record_at(j->pods, i, core_pod);
		int64_t finished = job_finished_ns(pod, now);

		if (str_is(pod->status->phase, "Succeeded") && finished > last_success)
			last_success = finished;
	}
	for (uint32_t i = 0; i < j->pods.len; i++) {
		const struct core_pod *pod = record_at(j->pods, i, core_pod);
		int64_t finished = job_finished_ns(pod, now);

		if (!job_pod_has_failed(j, pod) || finished <= last_success)
			continue;
		failures++;
		if (finished > last_failure)
			last_failure = finished;
	}
	return job_delay_ms(failures, last_failure, now);
}

static bool has_active(const struct job *j, int32_t index)
{
	for (uint32_t i = 0; i < j->active.len; i++)
		if (job_index_of(j->active.at[i]) == index)
			return true;
	return false;
}

static int64_t failures_of(const struct core_pod *pod)
{
	int64_t counted = job_number(pod, JOB_FAILURES), ignored = job_number(pod, JOB_IGNORED);

	return (counted > 0 ? counted : 0) + (ignored > 0 ? ignored : 0);
}

const struct core_pod *job_last_failed(const struct job *j, int32_t index, struct wall now)
{
	const struct core_pod *last = NULL;

	if (has_active(j, index))
		return NULL; /* which knows already */
	for (uint32_t i = 0; i < j->pods.len; i++) {
		const struct core_pod *pod = record_at(j->pods, i, core_pod);

		if (job_index_of(pod) != index || !job_has_finalizer(pod) ||
		    !job_pod_has_failed(j, pod))
			continue;
		if (last == NULL || (failures_of(last) <= failures_of(pod) &&
				     job_finished_ns(last, now) <= job_finished_ns(pod, now)))
			last = pod;
	}
	return last;
}
