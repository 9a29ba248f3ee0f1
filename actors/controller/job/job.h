/*
 * Jobs: what their pods amount to. Pure functions over records; what follows from it is the controller's.
 *
 * A pod is counted once although it may go at any time: it bears a finalizer until its end stands in the Job's status,
 * first by its uid (uncountedTerminatedPods), then, when the finalizer is gone, in the numbers.
 */
#ifndef ACTORS_CONTROLLER_JOB_JOB_H
#define ACTORS_CONTROLLER_JOB_JOB_H

#include "actors/controller/job/index-set.h"
#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "datastore/schema/batch.h"
#include "datastore/schema/core.h"

#define JOB_FINALIZER STR("batch.kubernetes.io/job-tracking")
#define JOB_INDEX STR("batch.kubernetes.io/job-completion-index")
#define JOB_FAILURES STR("batch.kubernetes.io/job-index-failure-count")
#define JOB_IGNORED STR("batch.kubernetes.io/job-index-ignored-failure-count")

struct job_pods {
	const struct core_pod **at;
	uint32_t len;
};

/* One look at the world; everything is borrowed from it or lies in its arena. */
struct job {
	const struct batch_job *job;
	struct records pods;    /* all that are the Job's */
	struct job_pods active; /* neither finished nor ending */
	bool is_indexed, is_suspended;
	bool replaces_failed_only;  /* podReplacementPolicy Failed: a pod that ends is waited for */
	bool has_limit_per_index;   /* backoffLimitPerIndex */
	int32_t ready, terminating; /* of active ones; ending, not ended */
	int32_t succeeded, failed;  /* in all, those that are not counted yet too */
	struct index_set succeeded_before; /* as the status has them */
	struct index_set succeeded_indexes, failed_indexes;
};

void job_look(struct job *j, const struct world *world, struct plan *plan,
	      const struct batch_job *job);

bool job_has_finalizer(const struct core_pod *pod);
/* -1: it has none. */
int32_t job_index_of(const struct core_pod *pod);
/* Of an Indexed Job: whether its index is one of the Job's; of another always. */
bool job_is_valid(const struct job *j, const struct core_pod *pod);
/* Also one that is being deleted, unless only failed ones are replaced. */
bool job_pod_has_failed(const struct job *j, const struct core_pod *pod);
int64_t job_finished_ns(const struct core_pod *pod, struct wall now);
/* How long until the next pod may be made after failures; 0: now. */
int64_t job_back_off_ms(const struct job *j, struct wall now);
/* The same after so many failures the last of which was then. */
int64_t job_delay_ms(int64_t failures, int64_t last_ns, struct wall now);
bool job_is_uncounted(const struct str_list *list, const struct core_pod *pod);
/* The failed pod whose successor of this index has to know how often it failed; NULL: none. */
const struct core_pod *job_last_failed(const struct job *j, int32_t index, struct wall now);
int64_t job_number(const struct core_pod *pod, struct str annotation);

/* ---- its end: job-end.c ------------------------------------------------------------------------------------ */

struct job_end {
	const char *
	    type; /* FailureTarget, SuccessCriteriaMet, or when those stand Failed, Complete; NULL: it goes on */
	const char *reason;
	struct str message;
};
/* Asks to be called again when a deadline will have passed. */
void job_decide(const struct job *j, const struct world *world, struct plan *plan,
		struct job_end *out);

/* ---- its pods: job-pods.c ----------------------------------------------------------------------------------- */

#define JOB_MOVES_MAX \
	500 /* pods made or removed in one call, upstream's MaxPodCreateDeletePerSync */

void job_add_finalizer(struct plan *plan, struct core_pod *pod);
/* Plans so many, fewer while some have to wait after failures; then asks to be called again. */
void job_make_pods(const struct job *j, const struct world *world, struct plan *plan, int32_t count);
/* Indexes that are taken twice, or are no indexes any more: moves those pods to the front and gives their number. */
uint32_t job_superfluous(const struct job *j, struct job_pods *pods);
/* From there on, those that have come the least far first. */
void job_sort_by_progress(struct job_pods *pods, uint32_t from);

/* ---- policies: job-policy.c ------------------------------------------------------------------------------ */

enum job_verdict { JOB_COUNT, JOB_IGNORE, JOB_FAIL, JOB_FAIL_INDEX };
/* What the Job's failure policy says about a pod that failed. `why` (or NULL) gets the words for JOB_FAIL. */
enum job_verdict job_judge(const struct batch_job *job, const struct core_pod *pod,
			   struct arena *arena, struct str *why);
/* Whether the success policy is met; the words then. */
bool job_is_success(const struct job *j, struct arena *arena, struct str *why);

#endif
