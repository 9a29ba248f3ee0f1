/*
 * The pods of a Job: which are made, and which are too many.
 */
#include <stdlib.h>

#include "actors/controller/job/job.h"
#include "actors/controller/workload/pod.h"
#include "actors/controller/workload/template.h"

void job_add_finalizer(struct plan *plan, struct core_pod *pod)
{
	struct str_list *list = &pod->metadata->finalizers;
	struct str *grown = arena_array(plan_arena(plan), struct str, list->len + 1);

	if (list->len > 0)
		memcpy(grown, list->at, list->len * sizeof *grown);
	grown[list->len] = JOB_FINALIZER;
	*list = (struct str_list){ grown, list->len + 1 };
}

/* ---- too many -------------------------------------------------------------------------------------------------- */

/* Those that have come the least far go first. */
static int by_progress(const void *left, const void *right)
{
	const struct core_pod *a = *(const struct core_pod *const *)left;
	const struct core_pod *b = *(const struct core_pod *const *)right;
	int order[] = { (a->spec->node_name.len > 0) - (b->spec->node_name.len > 0),
			str_is(a->status->phase, "Running") - str_is(b->status->phase, "Running"),
			pod_is_ready(a) - pod_is_ready(b),
			(a->metadata->creation_timestamp.ns < b->metadata->creation_timestamp.ns) -
			    (a->metadata->creation_timestamp.ns >
			     b->metadata->creation_timestamp.ns) };

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		if (order[i] != 0)
			return order[i];
	return str_cmp(a->metadata->name, b->metadata->name);
}

static int by_index(const void *left, const void *right)
{
	const struct core_pod *a = *(const struct core_pod *const *)left;
	const struct core_pod *b = *(const struct core_pod *const *)right;
	int32_t first = job_index_of(a), second = job_index_of(b);

	/* Of two of the same index the one that has come farther comes first: it stays. */
	return first != second ? (first > second) - (first < second) : by_progress(right, left);
}

/* Indexes that are taken twice, or are no indexes any more. Moves those pods to the front; how many. */
uint32_t job_superfluous(const struct job *j, struct job_pods *pods)
{
	struct core_pod const **sorted = pods->at;
	uint32_t found = 0;
	int32_t last = -1;

	qsort(sorted, pods->len, sizeof *sorted, by_index);
	for (uint32_t i = 0; i < pods->len; i++) {
		const struct core_pod *pod = sorted[i];
		int32_t index = job_index_of(pod);

		if (job_is_valid(j, pod) && index != last) {
			last = index;
			continue;
		}
		memmove(&sorted[found + 1], &sorted[found], (i - found) * sizeof *sorted);
		sorted[found++] = pod;
	}
	return found;
}

void job_sort_by_progress(struct job_pods *pods, uint32_t from)
{
	qsort(&pods->at[from], pods->len - from, sizeof *pods->at, by_progress);
}

/* ---- making ------------------------------------------------------------------------------------------------- */

static bool has_env(const struct core_container *container, const char *name)
{
	for (uint32_t i = 0; i < container->env.len; i++)
		if (str_is(container->env.at[i].name, name))
			return true;
	return false;
}

/* Containers are told their pod's index. */
static void add_env(struct plan *plan, struct core_container_list *list)
{
	struct arena *arena = plan_arena(plan);

	for (uint32_t i = 0; i < list->len; i++) {
		struct core_env_var_list *env = &list->at[i].env;
		struct core_env_var *grown, *mine;

		if (has_env(&list->at[i], "JOB_COMPLETION_INDEX"))
			continue;
		grown = arena_array(arena, struct core_env_var, env->len + 1);
		if (env->len > 0)
			memcpy(grown, env->at, env->len * sizeof *grown);
		mine = &grown[env->len];
		mine->name = STR("JOB_COMPLETION_INDEX");
		mine->value_from = arena_new_of(arena, struct core_env_var_source);
		mine->value_from->field_ref = arena_new_of(arena, struct core_object_field_selector);
		mine->value_from->field_ref->field_path =
		    STR("metadata.labels['batch.kubernetes.io/job-completion-index']");
		*env = (struct core_env_var_list){ grown, env->len + 1 };
	}
}

static void annotate(struct plan *plan, struct core_pod *pod, struct str key, int64_t number)
{
	str_map_put(&pod->metadata->annotations, plan_arena(plan), key,
		    arena_printf(plan_arena(plan), "%jd", (intmax_t)number));
}

/* It takes the count of the pod that it follows. */
static void count_failures(const struct job *j, const struct world *world, struct plan *plan,
			   struct core_pod *pod, int32_t index)
{
	const struct core_pod *last = job_last_failed(j, index, world_now(world));
	int64_t counted, ignored;
	bool is_ignored;

	if (last == NULL) {
		annotate(plan, pod, JOB_FAILURES, 0);
		return;
	}
	counted = job_number(last, JOB_FAILURES);
	ignored = job_number(last, JOB_IGNORED);
	is_ignored = job_judge(j->job, last, plan_arena(plan), NULL) == JOB_IGNORE;
	annotate(plan, pod, JOB_FAILURES, (counted > 0 ? counted : 0) + !is_ignored);
	if (is_ignored || ignored > 0)
		annotate(plan, pod, JOB_IGNORED, (ignored > 0 ? ignored : 0) + is_ignored);
}

static void make_pod(const struct job *j, const struct world *world, struct plan *plan,
		     int32_t index, uint64_t salt)
{
	const struct batch_job *job = j->job;
	struct arena *arena = plan_arena(plan);
	struct str prefix = job->metadata->name, number;
	struct core_pod *pod;

	number = index >= 0 ? arena_printf(arena, "%d", index) : STR_NONE;
	if (index >= 0)
		prefix =
		    arena_printf(arena, STR_FMT "-" STR_FMT,
				 STR_ARG(str_slice(prefix, 0, 56 - number.len)), STR_ARG(number));
	pod = template_pod_named(world, plan, &batch_job_type, job->metadata, job->spec->template,
				 prefix, salt);
	job_add_finalizer(plan, pod);
	if (index >= 0) {
		str_map_put(&pod->metadata->annotations, arena, JOB_INDEX, number);
		str_map_put(&pod->metadata->labels, arena, JOB_INDEX, number);
		pod->spec->hostname = arena_printf(arena, STR_FMT "-" STR_FMT,
						   STR_ARG(job->metadata->name), STR_ARG(number));
		add_env(plan, &pod->spec->init_containers);
		add_env(plan, &pod->spec->containers);
	}
	if (j->has_limit_per_index)
		count_failures(j, world, plan, pod, index);
	plan_event(plan, &batch_job_type, job->metadata, false, "SuccessfulCreate",
		   "Created pod: " STR_FMT, STR_ARG(pod->metadata->name));
}

/* Indexes for which a pod is there or was enough. */
static struct index_set taken_indexes(const struct job *j, const struct world *world)
{
	struct index_set taken = { .arena = world_arena(world) };

	for (uint32_t i = 0; i < j->active.len; i++)
		if (job_index_of(j->active.at[i]) >= 0)
			index_set_add(&taken, job_index_of(j->active.at[i]));
	/* One that ends is waited for where only failed ones are replaced. */
	for (uint32_t i = 0; i < j->pods.len && j->replaces_failed_only; i++) {
		const struct core_pod *pod = record_at(j->pods, i, core_pod);

		if (!pod_is_finished(pod) && job_index_of(pod) >= 0)
			index_set_add(&taken, job_index_of(pod));
	}
	return taken;
}

static bool must_wait(const struct job *j, const struct world *world, struct plan *plan,
		      int32_t index)
{
	struct wall now = world_now(world);
	const struct core_pod *last = job_last_failed(j, index, now);
	int64_t wait_ms;

	if (last == NULL)
		return false;
	wait_ms = job_delay_ms(job_number(last, JOB_FAILURES) + 1, job_finished_ns(last, now), now);
	if (wait_ms > 0)
		plan_again(plan, wait_ms + 1);
	return wait_ms > 0;
}

static void make_indexed_pods(const struct job *j, const struct world *world, struct plan *plan,
			      int32_t count)
{
	struct index_set taken = taken_indexes(j, world);

	for (int32_t i = 0; i < j->job->spec->completions && count > 0; i++) {
		if (index_set_has(&taken, i) || index_set_has(&j->succeeded_indexes, i) ||
		    index_set_has(&j->failed_indexes, i))
			continue;
		if (j->has_limit_per_index && must_wait(j, world, plan, i))
			continue;
		make_pod(j, world, plan, i, (uint64_t)i);
		count--;
	}
}

void job_make_pods(const struct job *j, const struct world *world, struct plan *plan, int32_t count)
{
	int64_t wait_ms = j->has_limit_per_index ? 0 : job_back_off_ms(j, world_now(world));

	if (wait_ms > 0) {
		plan_again(plan, wait_ms + 1);
		return;
	}
	if (count > JOB_MOVES_MAX) {
		count = JOB_MOVES_MAX;
		plan_again(plan, 0);
	}
	if (j->is_indexed)
		make_indexed_pods(j, world, plan, count);
	for (int32_t i = 0; i < count && !j->is_indexed; i++)
		make_pod(j, world, plan, -1, (uint64_t)j->pods.len + (uint64_t)i);
}
