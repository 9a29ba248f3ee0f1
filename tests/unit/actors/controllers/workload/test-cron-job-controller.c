#include "actors/controllers/controllers.h"
#include "datastore/schema/batch.h"
#include "tests/unit/actors/controllers/scene.h"

#define CJ (&cron_job_controller)
#define KEY "default/c"

/* Made at three o'clock; the scene's now is 03:04:05. */
static void add_cron_job(struct scene *scene, const char *schedule, const char *spec,
			 const char *status)
{
	scene_add(
	    scene,
	    "{apiVersion: batch/v1, kind: CronJob, metadata: {name: c, creationTimestamp: "
	    "'2026-01-02T03:00:00Z'}, spec: {schedule: '%s', jobTemplate: {metadata: {labels: {a: "
	    "b}}, spec: {template: {spec: {restartPolicy: Never, containers: []}}}}, %s}, status: "
	    "{%s}}",
	    schedule, spec, status);
}

static void add_job(struct scene *scene, const char *name, const char *scheduled,
		    const char *condition)
{
	scene_add(
	    scene,
	    "{apiVersion: batch/v1, kind: Job, metadata: {name: %s, annotations: "
	    "{batch.kubernetes.io/cronjob-scheduled-timestamp: '%s'}, ownerReferences: "
	    "[{apiVersion: batch/v1, kind: CronJob, name: c, uid: CronJob-c, controller: true}]}, "
	    "spec: {template: {spec: {containers: []}}}, status: {startTime: '%s', "
	    "completionTime: '%s', conditions: [%s]}}",
	    name, scheduled, scheduled, scheduled, condition);
}

#define DONE "{type: Complete, status: 'True'}"

TEST(a_job_is_made_when_its_time_has_come_and_once)
{
	struct scene scene = scene_open();

	scene.show = "metadata.labels metadata.annotations metadata.ownerReferences[0].uid";
	add_cron_job(&scene, "*/10 * * * *", "", "");
	CHECK_PLAN(&scene, CJ, KEY, "again 355100 ms\n");
	scene_pass(&scene, 356);
	CHECK_PLAN(
	    &scene, CJ, KEY,
	    "create batch/v1 Job default/c-29455390\n"
	    "  metadata.labels.a: b\n"
	    "  metadata.annotations[batch.kubernetes.io/cronjob-scheduled-timestamp]: now-1s\n"
	    "  metadata.ownerReferences[0].uid: CronJob-c\n"
	    "event Normal SuccessfulCreate CronJob c: Created job c-29455390\n"
	    "again 599100 ms\n");
	scene_apply(&scene, scene_reconcile(&scene, CJ, KEY));
	scene.hide = "again status.active[0].uid status.active[0].apiVersion status.active[0].kind "
		     "status.active[0].namespace";
	CHECK_PLAN(&scene, CJ, KEY,
		   "update status of batch/v1 CronJob default/c\n"
		   "  status.active[0].name: - -> c-29455390\n"
		   "  status.lastScheduleTime: - -> now-1s\n");
	scene_apply(&scene, scene_reconcile(&scene, CJ, KEY));
	CHECK_PLAN(&scene, CJ, KEY, "");
	/* It ends, and goes: it is not made again. */
	scene_remove(&scene, &batch_job_type, "default/c-29455390");
	scene_apply(&scene, scene_reconcile(&scene, CJ, KEY));
	CHECK_PLAN(&scene, CJ, KEY, "");
}

TEST(of_many_missed_times_the_last_is_made_up_for)
{
	struct scene scene = scene_open();

	scene.hide = "again";
	add_cron_job(&scene, "* * * * *", "", "");
	CHECK_PLAN(&scene, CJ, KEY,
		   "create batch/v1 Job default/c-29455384\n"
		   "event Normal SuccessfulCreate CronJob c: Created job c-29455384\n");
	scene_pass(&scene, 200 * 60);
	CHECK_PLAN(
	    &scene, CJ, KEY,
	    "create batch/v1 Job default/c-29455584\n"
	    "event Warning TooManyMissedTimes CronJob c: too many missed start times. Set or "
	    "decrease .spec.startingDeadlineSeconds or check clock skew\n"
	    "event Normal SuccessfulCreate CronJob c: Created job c-29455584\n");
}

TEST(what_runs_decides_by_the_policy)
{
	struct scene scene = scene_open();

	scene.hide = "again status";
	add_cron_job(&scene, "* * * * *", "concurrencyPolicy: Forbid", "");
	add_job(&scene, "c-1", "2026-01-02T03:02:00Z", "");
	CHECK_PLAN(
	    &scene, CJ, KEY,
	    "event Normal JobAlreadyActive CronJob c: Not starting job because prior execution "
	    "is running and concurrency policy is Forbid\n");
	add_cron_job(&scene, "* * * * *", "concurrencyPolicy: Replace", "");
	CHECK_PLAN(&scene, CJ, KEY,
		   "delete batch/v1 Job default/c-1\n"
		   "create batch/v1 Job default/c-29455384\n"
		   "event Normal SuccessfulDelete CronJob c: Deleted job c-1\n"
		   "event Normal SuccessfulCreate CronJob c: Created job c-29455384\n");
	add_cron_job(&scene, "* * * * *", "", "");
	CHECK_PLAN(&scene, CJ, KEY,
		   "create batch/v1 Job default/c-29455384\n"
		   "event Normal SuccessfulCreate CronJob c: Created job c-29455384\n");
}

TEST(history_is_kept_up_to_its_limits)
{
	struct scene scene = scene_open();

	scene.hide = "again status events";
	add_cron_job(&scene, "0 0 1 1 *",
		     "successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0", "");
	add_job(&scene, "a", "2026-01-02T03:01:00Z", DONE);
	add_job(&scene, "b", "2026-01-02T03:02:00Z", DONE);
	add_job(&scene, "f", "2026-01-02T03:02:00Z", "{type: Failed, status: 'True'}");
	CHECK_PLAN(&scene, CJ, KEY,
		   "delete batch/v1 Job default/a\n"
		   "delete batch/v1 Job default/f\n");
}

TEST(what_cannot_be_followed_is_said)
{
	struct scene scene = scene_open();

	add_cron_job(&scene, "x", "", "");
	CHECK_PLAN(
	    &scene, CJ, KEY,
	    "event Warning UnparseableSchedule CronJob c: unparseable schedule: \"x\" : failed "
	    "to parse \"x\"\n");
	add_cron_job(&scene, "* * * * *", "timeZone: Europe/Paris", "");
	CHECK_PLAN(
	    &scene, CJ, KEY,
	    "event Warning UnknownTimeZone CronJob c: invalid timeZone: \"Europe/Paris\": only "
	    "UTC is known here\n");
	add_cron_job(&scene, "* * * * *", "suspend: true", "");
	CHECK_PLAN(&scene, CJ, KEY, "");
}
