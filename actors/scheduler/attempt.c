#include "actors/client/api.h"
#include "actors/client/request.h"
#include "actors/controller/workload/pod.h"
#include "actors/scheduler/criterion.h"
#include "actors/scheduler/cycle.h"
#include "actors/scheduler/preemption.h"
#include "actors/scheduler/scheduler-private.h"
#include "actors/scheduler/snapshot/nominator.h"
#include "actors/scheduler/volumes.h"
#include "datastore/schema/core.h"
#include "runtime/base/log.h"

#define ATTEMPT_NODES 20U /* what an attempt costs beside looking at nodes, in nodes */
#define LOUD_FAILURES 5U

static struct nominator *nominator_of(const struct scheduler *scheduler)
{
	return snapshot_nominator(scheduler->snapshot);
}

/* ---- what is said on the pod ------------------------------------------------------------------------------- */

static bool says_so(const struct pod_info *pod, const struct writer_status *status)
{
	const struct core_pod_condition *condition = pod_condition(pod->pod, "PodScheduled");

	return condition != NULL && str_is(condition->status, "False") &&
	       str_is(condition->reason, status->reason) &&
	       str_eq(condition->message, status->message) && !status->has_nominated;
}

static void set_nominated(const struct pod_info *pod, struct writer_status *status, struct str node)
{
	const struct core_pod_status *said = pod->pod->status;

	status->has_nominated = !str_eq(said ? said->nominated_node_name : STR_NONE, node);
	status->nominated = node;
}

/* The attempt has left a slot for it. */
static void report(struct scheduler *scheduler, struct act *act, struct pod_info *pod,
		   const struct writer_status *status)
{
	recorder_write(scheduler->recorder, act, &core_pod_type, pod_info_meta(pod), true,
		       "FailedScheduling", status->message);
	if (!says_so(pod, status) && writer_tell(&scheduler->writer, act, pod, status) != OK)
		log_debug("scheduler", "cannot say why a pod waits", LOG_STR("pod", pod->key));
}

/* ---- errands ------------------------------------------------------------------------------------------------- */

void scheduler_add_errand(struct scheduler *scheduler, const struct errand *like)
{
	struct errand errand = *like;

	pod_info_ref(errand.pod);
	if (errand.preemptor != NULL)
		pod_info_ref(errand.preemptor);
	if (errand.claim != NULL)
		object_ref(errand.claim);
	if (errand.volume != NULL)
		object_ref(errand.volume);
	errand.node = arena_str(errand.pod->arena, like->node);
	vec_push(&scheduler->errands, errand);
}

static void drop_errand(struct errand errand)
{
	pod_info_unref(errand.pod);
	pod_info_unref(errand.preemptor);
	object_unref(errand.claim);
	object_unref(errand.volume);
}

void scheduler_drop_errands(struct scheduler *scheduler)
{
	while (scheduler->errands.len > 0)
		drop_errand(vec_pop(&scheduler->errands));
	vec_fini(&scheduler->errands);
}

/* The one whose victims are asked to go, if it still waits for them. */
static void release(struct scheduler *scheduler, struct act *act, const struct pod_info *preemptor,
		    bool is_failed)
{
	struct queued *item = pod_queue_find(scheduler->queue, preemptor->key);

	if (item != NULL && item->holds > 0 &&
	    str_eq(object_uid(item->pod->object), object_uid(preemptor->object)))
		pod_queue_release(scheduler->queue, item, is_failed, act_now(act));
}

static enum status run_errand(struct scheduler *scheduler, struct act *act,
			      const struct errand *errand)
{
	static const struct writer_status no_promise = { .has_nominated = true,
							 .nominated = { "", 0 } };

	switch (errand->kind) {
	case ERRAND_EVICT:
		return writer_evict(&scheduler->writer, act, errand->pod, errand->preemptor,
				    errand->node);
	case ERRAND_TAKE_BACK:
		return writer_tell(&scheduler->writer, act, errand->pod, &no_promise);
	case ERRAND_CLAIM:
		return writer_claim(&scheduler->writer, act, errand->pod, errand->claim,
				    errand->volume, errand->node);
	}
	return INTERNAL;
}

/* It could not even be sent. */
static void errand_failed(struct scheduler *scheduler, struct act *act, const struct errand *errand)
{
	if (errand->kind == ERRAND_EVICT)
		release(scheduler, act, errand->preemptor, true);
	else if (errand->kind == ERRAND_CLAIM)
		scheduler_volume_failed(scheduler, errand->pod);
}

void scheduler_run_errands(struct scheduler *scheduler, struct act *act)
{
	while (scheduler->errands.len > 0 && writer_room(&scheduler->writer) > 0) {
		struct errand errand = vec_pop(&scheduler->errands);

		if (run_errand(scheduler, act, &errand) != OK)
			errand_failed(scheduler, act, &errand);
		drop_errand(errand);
	}
}

/* ---- preemption ---------------------------------------------------------------------------------------------- */

/* Less important pods that were promised the same node will have to look elsewhere. */
static void take_promises_back(struct scheduler *scheduler, struct act *act,
			       const struct pod_info *pod, struct str node)
{
	for (uint32_t i = 0;;) {
		struct node_pods pods = nominator_pods(nominator_of(scheduler), node);
		struct queued *item;

		if (i >= pods.len)
			return;
		if (pods.at[i]->priority >= pod->priority) {
			i++;
			continue;
		}
		item = pod_queue_find(scheduler->queue, pods.at[i]->key);
		scheduler_add_errand(
		    scheduler, &(struct errand){ .kind = ERRAND_TAKE_BACK, .pod = pods.at[i] });
		nominator_remove(nominator_of(scheduler), pods.at[i]->key);
		if (item != NULL)
			pod_queue_wake_one(scheduler->queue, item, act_now(act));
	}
}

static void preempt(struct scheduler *scheduler, struct act *act, struct queued *item,
		    const struct preemption *preemption)
{
	uint32_t asked = 0;

	for (uint32_t i = 0; i < preemption->victim_count; i++) {
		if (pod_info_meta(preemption->victims[i])->has.deletion_timestamp)
			continue; /* on its way already */
		scheduler_add_errand(scheduler, &(struct errand){ .kind = ERRAND_EVICT,
								  .pod = preemption->victims[i],
								  .preemptor = item->pod,
								  .node = preemption->node->name });
		asked++;
	}
	pod_queue_hold(item, asked);
	tally_preempts(&scheduler->tally, preemption->victim_count);
	take_promises_back(scheduler, act, item->pod, preemption->node->name);
	nominator_set(nominator_of(scheduler), item->pod, preemption->node->name);
	log_info("scheduler", "pods have to go for a more important one",
		 LOG_STR("pod", item->pod->key), LOG_STR("node", preemption->node->name),
		 LOG_U64("victims", preemption->victim_count));
}

/* ---- one attempt ----------------------------------------------------------------------------------------------- */

void scheduler_failed(struct scheduler *scheduler, struct act *act, struct queued *item,
		      struct str message)
{
	struct writer_status status = { .reason = "SchedulerError", .message = message };
	struct pod_info *pod = pod_info_ref(item->pod);

	tally_tried(&scheduler->tally, item, TALLY_ERROR, act_now(act));
	pod_queue_fail(scheduler->queue, item, 0, act_now(act));
	set_nominated(pod, &status, STR(""));
	report(scheduler, act, pod, &status);
	pod_info_unref(pod);
}

static uint32_t rejected(struct scheduler *scheduler, struct act *act, struct queued *item,
			 struct cycle *cycle)
{
	struct writer_status status = { .reason = "Unschedulable" };
	struct preemption preemption = { .is_void = true };
	struct pod_info *pod = pod_info_ref(item->pod);

	if (cycle->nodes.len > 0)
		preemption_run(cycle, &preemption);
	cycle->afterword = preemption.word;
	status.message = cycle_message(cycle);
	tally_tried(&scheduler->tally, item, TALLY_UNSCHEDULABLE, act_now(act));
	pod_queue_fail(scheduler->queue, item, cycle->rejected_by, act_now(act));
	if (preemption.node != NULL)
		preempt(scheduler, act, item, &preemption);
	else if (preemption.is_void)
		nominator_remove(nominator_of(scheduler), pod->key);
	if (preemption.node != NULL || preemption.is_void)
		set_nominated(pod, &status, preemption.node ? preemption.node->name : STR(""));
	report(scheduler, act, pod, &status);
	pod_info_unref(pod);
	return preemption.cost;
}

void scheduler_bind(struct scheduler *scheduler, struct act *act, struct queued *item,
		    struct pod_info *pod, struct str node)
{
	if (writer_bind(&scheduler->writer, act, pod, node) == OK)
		return;
	/* The server is away or overwhelmed: nobody is told, it has enough to do. */
	snapshot_forget(scheduler->snapshot, pod);
	pod_queue_fail(scheduler->queue, item, 0, act_now(act));
}

static void place(struct scheduler *scheduler, struct act *act, struct queued *item,
		  struct node_info *node, const struct cycle *cycle)
{
	const struct volume_needs *needs = cycle->state[CRITERION_VOLUME_BINDING];

	snapshot_assume(scheduler->snapshot, item->pod, node);
	nominator_remove(nominator_of(scheduler), item->pod->key);
	if (needs == NULL || needs->unbound_count == 0) {
		scheduler_bind(scheduler, act, item, item->pod, node->name);
		return;
	}
	if (scheduler_await_volumes(scheduler, act, item, node, cycle) == OK)
		return;
	snapshot_forget(scheduler->snapshot, item->pod);
	scheduler_failed(scheduler, act, item,
			 STR("running PreBind plugin \"VolumeBinding\": too many pods wait for "
			     "their volumes"));
}

uint32_t scheduler_attempt(struct scheduler *scheduler, struct act *act, struct queued *item)
{
	struct arena *arena = arena_new(0);
	struct world world = caches_world(scheduler->caches, arena, act_wall(act));
	struct cycle cycle;
	struct node_info *node;
	uint32_t cost = ATTEMPT_NODES;

	item->tried = act_now(act);
	cycle_init(&cycle, arena, scheduler->snapshot, &world, item->pod, act_random(act));
	cycle.taken_volumes = scheduler_taken_volumes(scheduler, arena);
	node = cycle_run(&cycle);
	if (node != NULL)
		place(scheduler, act, item, node, &cycle);
	else
		cost += rejected(scheduler, act, item, &cycle);
	arena_free(arena);
	return cost + cycle.looked_at;
}

/* ---- answers --------------------------------------------------------------------------------------------------- */

/* The queue's item that a write was for, if it still is the same pod and waits for this answer. */
static struct queued *item_of(struct scheduler *scheduler, const struct write *write)
{
	struct queued *item = pod_queue_find(scheduler->queue, write->pod->key);

	if (item == NULL || item->place != POD_OUT ||
	    !str_eq(object_uid(item->pod->object), object_uid(write->pod->object)))
		return NULL;
	return item;
}

static void bound(struct scheduler *scheduler, struct act *act, struct write *write)
{
	struct queued *item = item_of(scheduler, write);
	struct arena *arena = arena_new(0);

	/* When it was decided: the node knows of it, and says so, before the answer is here. */
	recorder_write_at(scheduler->recorder, act, write->sent, &core_pod_type,
			  pod_info_meta(write->pod), false, "Scheduled",
			  arena_printf(arena, "Successfully assigned " STR_FMT " to " STR_FMT,
				       STR_ARG(write->pod->key), STR_ARG(write->node)));
	arena_free(arena);
	if (item == NULL)
		return;
	tally_tried(&scheduler->tally, item, TALLY_SCHEDULED, act_now(act));
	pod_queue_done(scheduler->queue, item);
}

static void unbound(struct scheduler *scheduler, struct act *act, struct write *write,
		    enum status outcome, const struct fault *why)
{
	struct queued *item = item_of(scheduler, write);
	struct arena *arena = arena_new(0);

	snapshot_forget(scheduler->snapshot, write->pod);
	scheduler_wake(scheduler, act, &(struct news){ .kinds = NEWS_POD_GONE, .pod = write->pod });
	if (item != NULL && item->error_count + 1 >= LOUD_FAILURES)
		log_warn("scheduler", "cannot bind", LOG_STR("pod", write->pod->key),
			 LOG_STR("node", write->node), LOG_STATUS(outcome), LOG_FAULT(why));
	/* Gone, or bound by somebody else: the cache tells what became of it, or it is tried again. */
	if (item != NULL && (outcome == NOT_FOUND || outcome == CONFLICT))
		pod_queue_fail(scheduler->queue, item, 0, act_now(act));
	else if (item != NULL)
		scheduler_failed(
		    scheduler, act, item,
		    arena_printf(arena, "running Bind plugin \"DefaultBinder\": %s", why->text));
	arena_free(arena);
}

static void evicted(struct scheduler *scheduler, struct act *act, struct write *write,
		    enum status outcome, const struct fault *why)
{
	/* Gone by itself, or replaced by a successor: as good as evicted. */
	bool is_failed = outcome != OK && outcome != NOT_FOUND && outcome != CONFLICT;
	struct arena *arena = arena_new(0);

	if (outcome == OK)
		recorder_write(scheduler->recorder, act, &core_pod_type, pod_info_meta(write->pod),
			       false, "Preempted",
			       arena_printf(arena, "Preempted by pod " STR_FMT " on node " STR_FMT,
					    STR_ARG(object_uid(write->preemptor->object)),
					    STR_ARG(write->node)));
	if (is_failed)
		log_warn("scheduler", "cannot evict", LOG_STR("pod", write->pod->key),
			 LOG_STR("for", write->preemptor->key), LOG_STATUS(outcome), LOG_FAULT(why));
	release(scheduler, act, write->preemptor, is_failed);
	arena_free(arena);
}

void scheduler_written(struct scheduler *scheduler, struct act *act, struct write *write,
		       const struct act_msg *msg)
{
	struct write was = *write;
	enum status outcome = msg->status;
	struct fault why = { 0 };

	if (outcome == OK)
		outcome = request_outcome(msg->body, &why);
	else
		fault_set(&why, outcome, "", "%s", status_text(outcome));
	if (outcome == OK && writer_goes_on(&scheduler->writer, act, write))
		return;
	if (outcome == OK && was.kind == WRITE_DISRUPTION)
		outcome = BUSY; /* the second half could not be sent */
	/* What is left of it outlives its slot, which may be needed for what follows. */
	pod_info_ref(was.pod);
	if (was.preemptor != NULL)
		pod_info_ref(was.preemptor);
	writer_end(&scheduler->writer, write);
	if (was.kind == WRITE_BINDING && outcome == OK)
		bound(scheduler, act, &was);
	else if (was.kind == WRITE_BINDING)
		unbound(scheduler, act, &was, outcome, &why);
	else if (was.kind == WRITE_VOLUME && outcome != OK)
		scheduler_volume_failed(scheduler, was.pod);
	else if (was.kind == WRITE_DISRUPTION || was.kind == WRITE_EVICTION)
		evicted(scheduler, act, &was, outcome, &why);
	pod_info_unref(was.pod);
	pod_info_unref(was.preemptor);
}
