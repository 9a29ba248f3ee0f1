#include "actors/controller/workload/condition.h"
#include "actors/controller/workload/pod.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/batch.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/controllers/scene-private.h"

#define JOB (&job_controller)
#define KEY "default/work"

static void add_job(struct scene *scene, const char *spec, const char *status)
{
	scene_add(scene,
		  "{apiVersion: batch/v1, kind: Job, metadata: {name: work}, spec: {selector: "
		  "{matchLabels: {job: work}}, template: {metadata: {labels: {job: work}}, spec: "
		  "{restartPolicy: Never, containers: [{name: c, image: a}]}}, %s}, status: "
		  "{startTime: '2026-01-02T03:00:00Z', uncountedTerminatedPods: {}, ready: 0, "
		  "terminating: 0, %s}}",
		  spec, status);
}

#define OWNED                                                                                   \
	"labels: {job: work}, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: work, " \
	"uid: "                                                                                 \
	"Job-work, controller: true}]"
#define HELD "finalizers: [batch.kubernetes.io/job-tracking]"

static void add_pod(struct scene *scene, const char *name, const char *meta, const char *status)
{
	scene_add(scene,
		  "{apiVersion: v1, kind: Pod, metadata: {name: %s, " OWNED
		  ", %s}, spec: {nodeName: n1, containers: []}, status: {%s}}",
		  name, meta, status);
}

static struct scene make_scene(void)
{
	struct scene scene = scene_open();

	scene.hide = "again events";
	return scene;
}

static void end_pod(struct scene *scene, struct object *object, const char *phase)
{
	struct core_pod *pod = object->record;

	pod->spec->node_name = STR("n1");
	pod->status->phase = str_from(phase);
	condition_set(object_arena(object), &pod->status->conditions, scene->now,
		      core_pod_condition, "Ready", "False", "PodCompleted", STR(""));
	scene_put(scene, object);
}

/* All that run end with that phase; those that were let go are gone. */
static void end_pods(struct scene *scene, const char *phase)
{
	for (uint32_t i = scene->len; i-- > 0;) {
		const struct object *old = scene->objects[i];
		struct object *object;
		struct core_pod *pod;

		if (!str_is(type_kind(old->type), "Pod"))
			continue;
		pod = old->record;
		if (pod->metadata->has.deletion_timestamp && pod->metadata->finalizers.len == 0) {
			scene_drop(scene, &scene->objects[i]);
			continue;
		}
		if (pod_is_finished(pod))
			continue;
		object = object_edit(old);
		end_pod(scene, object, phase);
	}
}

static void settle(struct scene *scene)
{
	scene_settle(scene, (const struct controller *const[]){ JOB, NULL });
}

static const struct batch_job_status *status_of(const struct scene *scene)
{
	return scene_get(scene, KEY, batch_job)->status;
}

/* "Complete/CompletionsReached", the last condition that is true. */
static const char *end_of(const struct scene *scene)
{
	const struct batch_job_condition_list *list = &status_of(scene)->conditions;

	for (uint32_t i = list->len; i-- > 0;)
		if (str_is(list->at[i].status, "True"))
			return arena_printf(scene->arena, STR_FMT "/" STR_FMT,
					    STR_ARG(list->at[i].type), STR_ARG(list->at[i].reason))
			    .at;
	return "";
}

#define CHECK_END(scene, text) CHECK_STR(str_from(end_of(scene)), (text))

/* ---- one step ------------------------------------------------------------------------------------------------- */

TEST(a_new_job_starts_its_pods)
{
	struct scene scene = scene_open();

	scene.show = "metadata.labels metadata.finalizers metadata.ownerReferences[0].uid";
	scene_add(
	    &scene,
	    "{apiVersion: batch/v1, kind: Job, metadata: {name: work}, spec: {completions: 3, "
	    "parallelism: 1, selector: {matchLabels: {job: work}}, template: {metadata: {labels: "
	    "{job: work}}, spec: {restartPolicy: Never, containers: [{name: c, image: a}]}}}}");
	CHECK_PLAN(&scene, JOB, KEY,
		   "update status of batch/v1 Job default/work\n"
		   "  status.startTime: - -> now\n"
		   "  status.terminating: - -> 0\n"
		   "  status.ready: - -> 0\n"
		   "create v1 Pod default/work-*\n"
		   "  metadata.labels.job: work\n"
		   "  metadata.ownerReferences[0].uid: Job-work\n"
		   "  metadata.finalizers[0]: batch.kubernetes.io/job-tracking\n"
		   "event Normal SuccessfulCreate Job work: Created pod: work-44b5k\n");
}

TEST(a_pod_that_ends_is_counted_by_uid_then_let_go_then_counted_for_good)
{
	struct scene scene = make_scene();

	add_job(&scene, "completions: 2, parallelism: 1", "active: 1");
	add_pod(&scene, "p", HELD, "phase: Succeeded");
	CHECK_PLAN(&scene, JOB, KEY,
		   "update status of batch/v1 Job default/work\n"
		   "  status.uncountedTerminatedPods.succeeded[0]: - -> Pod-p\n"
		   "  status.active: 1 -> -\n"
		   "update v1 Pod default/p\n"
		   "  metadata.finalizers[0]: batch.kubernetes.io/job-tracking -> -\n"
		   "create v1 Pod default/work-*\n");
	scene_apply(&scene, scene_reconcile(&scene, JOB, KEY));
	CHECK_PLAN(&scene, JOB, KEY,
		   "update status of batch/v1 Job default/work\n"
		   "  status.active: - -> 1\n"
		   "  status.succeeded: - -> 1\n"
		   "  status.uncountedTerminatedPods.succeeded[0]: Pod-p -> -\n");
	scene_apply(&scene, scene_reconcile(&scene, JOB, KEY));
	CHECK_PLAN(&scene, JOB, KEY, "");
	/* It goes, and stays counted. */
	scene_remove(&scene, &core_pod_type, "default/p");
	CHECK_PLAN(&scene, JOB, KEY, "");
}

TEST(an_end_is_told_in_two_steps)
{
	struct scene scene = make_scene();

	scene.hide = "again";
	add_job(&scene, "completions: 1", "succeeded: 1");
	CHECK_PLAN(&scene, JOB, KEY,
		   "update status of batch/v1 Job default/work\n"
		   "  status.conditions[SuccessCriteriaMet]: - -> True/CompletionsReached: Reached "
		   "expected number of succeeded pods\n");
	scene_apply(&scene, scene_reconcile(&scene, JOB, KEY));
	CHECK_PLAN(&scene, JOB, KEY,
		   "update status of batch/v1 Job default/work\n"
		   "  status.conditions[Complete]: - -> True/CompletionsReached: Reached expected "
		   "number of succeeded pods\n"
		   "  status.completionTime: - -> now\n"
		   "event Normal Completed Job work: Job completed\n");
	scene_apply(&scene, scene_reconcile(&scene, JOB, KEY));
	CHECK_PLAN(&scene, JOB, KEY, "");
	add_job(&scene, "completions: 1, backoffLimit: 1", "failed: 2");
	CHECK_PLAN(&scene, JOB, KEY,
		   "update status of batch/v1 Job default/work\n"
		   "  status.conditions[FailureTarget]: - -> True/BackoffLimitExceeded: Job has "
		   "reached the specified backoff limit\n");
	scene_apply(&scene, scene_reconcile(&scene, JOB, KEY));
	add_pod(&scene, "ending", "deletionTimestamp: '" SCENE_NOW "'", "phase: Running");
	CHECK_PLAN(&scene, JOB, KEY,
		   "update status of batch/v1 Job default/work\n"
		   "  status.terminating: 0 -> 1\n");
	scene_remove(&scene, &core_pod_type, "default/ending");
	CHECK_PLAN(
	    &scene, JOB, KEY,
	    "update status of batch/v1 Job default/work\n"
	    "  status.conditions[Failed]: - -> True/BackoffLimitExceeded: Job has reached the "
	    "specified backoff limit\n"
	    "event Warning BackoffLimitExceeded Job work: Job has reached the specified backoff "
	    "limit\n");
}

TEST(failures_are_followed_by_longer_and_longer_pauses)
{
	struct scene scene = make_scene();

	scene.hide = "status events";
	add_job(&scene, "completions: 1", "failed: 1");
	add_pod(&scene, "a", "",
		"phase: Failed, conditions: [{type: Ready, status: 'False', "
		"lastTransitionTime: '2026-01-02T03:04:01Z'}]");
	CHECK_PLAN(&scene, JOB, KEY, "again 6001 ms\n");
	add_pod(&scene, "b", "",
		"phase: Failed, conditions: [{type: Ready, status: 'False', "
		"lastTransitionTime: '2026-01-02T03:04:05Z'}]");
	CHECK_PLAN(&scene, JOB, KEY, "again 20001 ms\n");
	add_pod(&scene, "c", "",
		"phase: Succeeded, conditions: [{type: Ready, status: 'False', "
		"lastTransitionTime: '2026-01-02T03:04:03Z'}]");
	CHECK_PLAN(&scene, JOB, KEY, "again 10001 ms\n");
	scene_pass(&scene, 11);
	CHECK_PLAN(&scene, JOB, KEY, "create v1 Pod default/work-*\n");
}

TEST(too_many_pods_are_removed_without_being_counted)
{
	struct scene scene = make_scene();

	scene.hide = "status again";
	add_job(&scene, "completions: 5, parallelism: 1", "");
	add_pod(&scene, "runs", HELD, "phase: Running");
	add_pod(&scene, "pends", HELD, "phase: Pending");
	CHECK_PLAN(&scene, JOB, KEY,
		   "update v1 Pod default/pends\n"
		   "  metadata.finalizers[0]: batch.kubernetes.io/job-tracking -> -\n"
		   "delete v1 Pod default/pends\n"
		   "event Normal SuccessfulDelete Job work: Deleted pod: pends\n");
}

TEST(a_suspended_job_has_no_pods_until_it_is_resumed)
{
	struct scene scene = make_scene();

	scene.hide = "again metadata";
	scene_add(
	    &scene,
	    "{apiVersion: batch/v1, kind: Job, metadata: {name: work}, spec: {suspend: true, "
	    "selector: {matchLabels: {job: work}}, template: {metadata: {labels: {job: work}}, "
	    "spec: {restartPolicy: Never, containers: [{name: c, image: a}]}}}, status: "
	    "{uncountedTerminatedPods: {}, ready: 0, terminating: 0}}");
	CHECK_PLAN(&scene, JOB, KEY,
		   "update status of batch/v1 Job default/work\n"
		   "  status.conditions[Suspended]: - -> True/JobSuspended: Job suspended\n"
		   "event Normal Suspended Job work: Job suspended\n");
	add_job(&scene, "", "conditions: [{type: Suspended, status: 'True', reason: JobSuspended}]");
	scene.hide = "again metadata events";
	CHECK_PLAN(&scene, JOB, KEY,
		   "update status of batch/v1 Job default/work\n"
		   "  status.conditions[Suspended]: True/JobSuspended -> False/JobResumed: Job "
		   "resumed\n"
		   "  status.startTime: now-245s -> now\n"
		   "create v1 Pod default/work-*\n");
}

TEST(a_job_has_a_deadline)
{
	struct scene scene = make_scene();

	scene.hide = "events status.active";
	add_job(&scene, "activeDeadlineSeconds: 300", "active: 1");
	add_pod(&scene, "p", HELD, "phase: Running");
	CHECK_PLAN(&scene, JOB, KEY, "again 55001 ms\n");
	scene_pass(&scene, 55);
	CHECK_PLAN(&scene, JOB, KEY,
		   "update status of batch/v1 Job default/work\n"
		   "  status.conditions[FailureTarget]: - -> True/DeadlineExceeded: Job was active "
		   "longer than specified deadline\n"
		   "  status.uncountedTerminatedPods.failed[0]: - -> Pod-p\n"
		   "update v1 Pod default/p\n"
		   "  metadata.finalizers[0]: batch.kubernetes.io/job-tracking -> -\n"
		   "delete v1 Pod default/p\n");
}

/* ---- policies ------------------------------------------------------------------------------------------------------ */

#define CODE(n) \
	"phase: Failed, containerStatuses: [{name: c, state: {terminated: {exitCode: " #n "}}}]"

TEST(a_failure_policy_judges_by_exit_codes_and_conditions)
{
	static const struct {
		const char *rule, *pod, *end;
		int failed;
	} cases[] = {
		{ "{action: FailJob, onExitCodes: {operator: In, values: [3, 4]}}", CODE(3),
		  "FailureTarget/PodFailurePolicy", 1 },
		{ "{action: FailJob, onExitCodes: {operator: In, values: [3, 4]}}", CODE(5), "", 1 },
		{ "{action: FailJob, onExitCodes: {operator: NotIn, values: [3, 4]}}", CODE(5),
		  "FailureTarget/PodFailurePolicy", 1 },
		{ "{action: FailJob, onExitCodes: {containerName: d, operator: In, values: [3]}}",
		  CODE(3), "", 1 },
		{ "{action: Ignore, onExitCodes: {operator: In, values: [3]}}", CODE(3), "", 0 },
		{ "{action: Count, onExitCodes: {operator: In, values: [3]}}", CODE(3), "", 1 },
		{ "{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}",
		  "phase: Failed, conditions: [{type: DisruptionTarget, status: 'True'}]", "", 0 },
		{ "{action: FailJob, onPodConditions: [{type: X, status: 'False'}]}",
		  "phase: Failed, conditions: [{type: X, status: 'False'}]",
		  "FailureTarget/PodFailurePolicy", 1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = make_scene();

		add_job(
		    &scene,
		    arena_printf(scene.arena, "podFailurePolicy: {rules: [%s]}", cases[i].rule).at,
		    "");
		add_pod(&scene, "p", HELD, cases[i].pod);
		scene_apply(&scene, scene_reconcile(&scene, JOB, KEY));
		CHECK_END(&scene, cases[i].end);
		settle(&scene);
		CHECK_EQ(status_of(&scene)->failed, cases[i].failed);
	}
}

TEST(a_success_policy_is_met_by_indexes_and_counts)
{
	static const struct {
		const char *rule, *done;
		bool is_met;
	} cases[] = {
		{ "{succeededIndexes: '0-2'}", "0,1", false },
		{ "{succeededIndexes: '0-2'}", "0-2", true },
		{ "{succeededCount: 2}", "4,7", true },
		{ "{succeededCount: 3}", "4,7", false },
		{ "{succeededIndexes: '0-5', succeededCount: 2}", "4,7", false },
		{ "{succeededIndexes: '0-5', succeededCount: 2}", "4,5", true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = make_scene();

		add_job(&scene,
			arena_printf(scene.arena,
				     "completionMode: Indexed, completions: 10, parallelism: 1, "
				     "successPolicy: {rules: [%s]}",
				     cases[i].rule)
			    .at,
			arena_printf(scene.arena, "completedIndexes: '%s'", cases[i].done).at);
		scene_apply(&scene, scene_reconcile(&scene, JOB, KEY));
		CHECK_END(&scene, cases[i].is_met ? "SuccessCriteriaMet/SuccessPolicy" : "");
	}
}

/* ---- indexes ---------------------------------------------------------------------------------------------------------- */

TEST(pods_of_an_indexed_job_know_their_index)
{
	struct scene scene = make_scene();

	scene.hide = "status again";
	scene.show = "metadata.labels metadata.annotations spec.hostname spec.containers[0].env";
	add_job(&scene, "completionMode: Indexed, completions: 5, parallelism: 3",
		"completedIndexes: '0,1', succeeded: 2");
	add_pod(&scene, "runs",
		HELD ", annotations: {batch.kubernetes.io/job-completion-index: '3'}",
		"phase: Running");
	CHECK_PLAN(&scene, JOB, KEY,
		   "create v1 Pod default/work-2-*\n"
		   "  metadata.labels[batch.kubernetes.io/job-completion-index]: 2\n"
		   "  metadata.labels.job: work\n"
		   "  metadata.annotations[batch.kubernetes.io/job-completion-index]: 2\n"
		   "  spec.containers[0].env[0].name: JOB_COMPLETION_INDEX\n"
		   "  spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: "
		   "metadata.labels['batch.kubernetes.io/job-completion-index']\n"
		   "  spec.hostname: work-2\n"
		   "create v1 Pod default/work-4-*\n"
		   "  metadata.labels[batch.kubernetes.io/job-completion-index]: 4\n"
		   "  metadata.labels.job: work\n"
		   "  metadata.annotations[batch.kubernetes.io/job-completion-index]: 4\n"
		   "  spec.containers[0].env[0].name: JOB_COMPLETION_INDEX\n"
		   "  spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: "
		   "metadata.labels['batch.kubernetes.io/job-completion-index']\n"
		   "  spec.hostname: work-4\n"
		   "event Normal SuccessfulCreate Job work: Created pod: work-2-t2zpd\n"
		   "event Normal SuccessfulCreate Job work: Created pod: work-4-2vgqc\n");
}

TEST(an_index_that_is_taken_twice_or_is_none_is_given_up)
{
	struct scene scene = make_scene();

	scene.hide = "status again metadata.finalizers events";
	add_job(&scene, "completionMode: Indexed, completions: 2, parallelism: 2", "");
	add_pod(&scene, "zero",
		HELD ", annotations: {batch.kubernetes.io/job-completion-index: '0'}",
		"phase: Running");
	add_pod(&scene, "twice",
		HELD ", annotations: {batch.kubernetes.io/job-completion-index: '0'}",
		"phase: Pending");
	add_pod(&scene, "beyond",
		HELD ", annotations: {batch.kubernetes.io/job-completion-index: '2'}",
		"phase: Running");
	CHECK_PLAN(&scene, JOB, KEY,
		   "update v1 Pod default/twice\n"
		   "update v1 Pod default/beyond\n"
		   "delete v1 Pod default/twice\n"
		   "delete v1 Pod default/beyond\n");
}

TEST(a_limit_for_each_index_ends_the_index_and_not_the_job)
{
	struct scene scene = make_scene();

	add_job(&scene,
		"completionMode: Indexed, completions: 2, parallelism: 2, backoffLimitPerIndex: 1",
		"");
	settle(&scene);
	CHECK_EQ(scene_count(&scene, &core_pod_type), 2);
	for (int round = 0; round < 8; round++) {
		/* The first index always fails, the second ends well at once. */
		for (uint32_t i = scene.len; i-- > 0;) {
			const struct object *old = scene.objects[i];
			const struct core_pod *pod = old->record;
			struct object *object;

			if (!str_is(type_kind(old->type), "Pod") || pod_is_finished(pod))
				continue;
			object = object_edit(old);
			end_pod(&scene, object,
				str_is(str_map_get(pod->metadata->annotations,
						   STR("batch.kubernetes.io/job-completion-index")),
				       "0")
				    ? "Failed"
				    : "Succeeded");
		}
		settle(&scene);
		scene_pass(&scene, 60);
	}
	CHECK_END(&scene, "Failed/FailedIndexes");
	CHECK_STR(status_of(&scene)->completed_indexes, "1");
	CHECK_STR(status_of(&scene)->failed_indexes, "0");
	CHECK_EQ(status_of(&scene)->failed, 2); /* the first and its one retry */
	CHECK_EQ(status_of(&scene)->succeeded, 1);
	CHECK_EQ(scene.refused, 0);
}

/* ---- from end to end ------------------------------------------------------------------------------------------------------ */

TEST(jobs_of_all_sorts_come_to_their_end)
{
	static const struct {
		const char *spec, *phase, *end;
		int succeeded, failed, most;
	} cases[] = {
		{ "completions: 7, parallelism: 3", "Succeeded", "Complete/CompletionsReached", 7,
		  0, 3 },
		{ "parallelism: 4", "Succeeded", "Complete/CompletionsReached", 4, 0, 4 },
		{ "completions: 0", "Succeeded", "Complete/CompletionsReached", 0, 0, 0 },
		{ "completionMode: Indexed, completions: 5, parallelism: 2", "Succeeded",
		  "Complete/CompletionsReached", 5, 0, 2 },
		{ "completions: 3, parallelism: 1, backoffLimit: 2", "Failed",
		  "Failed/BackoffLimitExceeded", 0, 3, 1 },
		{ "completions: 3, parallelism: 1, backoffLimit: 0", "Failed",
		  "Failed/BackoffLimitExceeded", 0, 1, 1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = make_scene();
		int most = 0;

		add_job(&scene, cases[i].spec, "");
		for (int round = 0; round < 20; round++) {
			settle(&scene);
			if (status_of(&scene)->active > most)
				most = status_of(&scene)->active;
			end_pods(&scene, cases[i].phase);
			scene_pass(&scene, 600);
		}
		CHECK_END(&scene, cases[i].end);
		CHECK_EQ(status_of(&scene)->succeeded, cases[i].succeeded);
		CHECK_EQ(status_of(&scene)->failed, cases[i].failed);
		CHECK_EQ(status_of(&scene)->active, 0);
		CHECK_EQ(most, cases[i].most);
		CHECK_EQ(scene.refused, 0);
		for (uint32_t k = 0; k < scene.len; k++)
			CHECK_EQ(object_meta(scene.objects[k])->finalizers.len, 0);
	}
}

TEST(pods_of_a_job_that_has_gone_are_let_go)
{
	struct scene scene = make_scene();

	scene.hide = "events";
	add_pod(&scene, "p", HELD, "phase: Running");
	CHECK_STR(scene_wakes(&scene, JOB, &core_pod_type, "default/p"), "default/work/Job-work ");
	CHECK_PLAN(&scene, JOB, "default/work/Job-work",
		   "update v1 Pod default/p\n"
		   "  metadata.finalizers[0]: batch.kubernetes.io/job-tracking -> -\n");
	/* Another one of the same name is not its Job. */
	scene_add(&scene, "{apiVersion: batch/v1, kind: Job, metadata: {name: work, uid: other}, "
			  "spec: {selector: "
			  "{matchLabels: {job: x}}, template: {metadata: {labels: {job: x}}, spec: "
			  "{restartPolicy: Never, containers: []}}}}");
	CHECK_STR(scene_wakes(&scene, JOB, &core_pod_type, "default/p"), "default/work/Job-work ");
}

TEST(a_job_that_somebody_else_manages_is_left_alone)
{
	struct scene scene = make_scene();

	add_job(&scene, "managedBy: example.com/other", "");
	CHECK_PLAN(&scene, JOB, KEY, "");
}
