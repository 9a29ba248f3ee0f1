/*
 * TTL after finished: Jobs that have ended go when their ttlSecondsAfterFinished is over.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/workload/condition.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/batch.h"
#include "runtime/base/time/time.h"

/* When it ended; 0: it has not. */
static int64_t ended_ns(const struct batch_job *job)
{
	static const char *const types[] = { "Complete", "Failed" };

	for (int i = 0; i < 2; i++) {
		const struct batch_job_condition *found =
		    condition_find(&job->status->conditions, types[i], batch_job_condition);

		if (found != NULL && str_is(found->status, "True"))
			return found->last_transition_time.ns;
	}
	return 0;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct batch_job *job = world_get(world, key, batch_job);
	int64_t ended, left_ms;

	if (job == NULL || job->metadata->has.deletion_timestamp ||
	    !job->spec->has.ttl_seconds_after_finished || (ended = ended_ns(job)) == 0)
		return OK;
	left_ms = (ended + job->spec->ttl_seconds_after_finished * TIME_S - world_now(world).ns) /
		  TIME_MS;
	if (left_ms > 0)
		plan_again(plan, left_ms + 1);
	else
		plan_delete_(plan, &batch_job_type, job->metadata, PLAN_FOREGROUND, -1);
	return OK;
}

const struct controller ttl_after_finished_controller = {
	.name = "ttl-after-finished",
	.account = "ttl-after-finished-controller",
	.reconciles = &batch_job_type,
	.reconcile = reconcile,
};
