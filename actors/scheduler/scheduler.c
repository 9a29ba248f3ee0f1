#include "actors/scheduler/scheduler.h"

#include "actors/scheduler/scheduler-private.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/core.h"
#include "datastore/schema/policy.h"
#include "datastore/schema/storage.h"

#define SUBSCRIBE_TAG 0x5d00000000000001ULL
#define SUBSCRIBE_MS 5000U
#define USER "system:kube-scheduler"
#define MAILBOX \
	32768U /* a burst of changes while a slice runs; more is a crash and a new look at everything */

struct scheduler_go {
	char nothing;
};
static const ACT_TYPE(scheduler_go, .id = 0);

struct scheduler_tick {
	char nothing;
};
static const ACT_TYPE(scheduler_tick, .id = 0);

static const struct type *const wanted[] = {
	&core_node_type,
	&core_pod_type,
	&core_namespace_type,
	&core_service_type,
	&core_replication_controller_type,
	&apps_replica_set_type,
	&apps_stateful_set_type,
	&core_persistent_volume_claim_type,
	&core_persistent_volume_type,
	&storage_storage_class_type,
	&policy_pod_disruption_budget_type,
};
#define WANTED (sizeof wanted / sizeof wanted[0])

/* ---- going on -------------------------------------------------------------------------------------------- */

void scheduler_go_on(struct scheduler *scheduler, struct act *act)
{
	if (scheduler->is_going || !scheduler->has_started)
		return;
	scheduler->is_going = true;
	act_cast(act, act_self(act), &scheduler_go_type, &(struct scheduler_go){ 0 });
}

/* One timer for whatever becomes due by time alone. */
static void set_timer(struct scheduler *scheduler, struct act *act)
{
	struct mono due = pod_queue_due(scheduler->queue), now = act_now(act);
	struct mono waits_due = scheduler_waits_due(scheduler);

	if (waits_due.ns < due.ns || due.ns <= now.ns)
		due = waits_due;

	if (scheduler->timer != 0 && scheduler->timer_due.ns == due.ns)
		return;
	if (scheduler->timer != 0)
		act_cancel(act, scheduler->timer);
	scheduler->timer = 0;
	if (due.ns == INT64_MAX || due.ns <= now.ns)
		return;
	scheduler->timer_due = due;
	scheduler->timer = act_after(act, (uint64_t)((due.ns - now.ns) / TIME_MS) + 1,
				     &scheduler_tick_type, &(struct scheduler_tick){ 0 });
}

static void look_again_if_short(struct scheduler *scheduler, struct act *act)
{
	if (!scheduler->is_short || pod_queue_len(scheduler->queue) >= POD_QUEUE_MAX / 2)
		return;
	scheduler->is_short = false;
	scheduler_load(scheduler, act, true);
}

static void work(struct scheduler *scheduler, struct act *act)
{
	uint32_t cost = 0;
	struct queued *item;

	scheduler->is_going = false;
	look_again_if_short(scheduler, act);
	scheduler_run_errands(scheduler, act);
	scheduler_check_waits(scheduler, act);
	while (writer_room(&scheduler->writer) > 0 && scheduler->errands.len == 0) {
		if (cost >= SCHEDULER_SLICE) {
			scheduler_go_on(scheduler, act);
			return;
		}
		item = pod_queue_take(scheduler->queue, act_now(act));
		if (item == NULL)
			break;
		cost += scheduler_attempt(scheduler, act, item);
		scheduler_run_errands(scheduler, act);
	}
	set_timer(scheduler, act);
	tally_pending(&scheduler->tally, scheduler->queue);
}

/* ---- start --------------------------------------------------------------------------------------------------- */

static void start_when_synced(struct scheduler *scheduler, struct act *act)
{
	if (scheduler->has_started || scheduler->caches == NULL)
		return;
	for (uint32_t i = 0; i < WANTED; i++)
		if (!caches_has_synced(scheduler->caches, wanted[i]))
			return;
	scheduler_load(scheduler, act, false);
	scheduler->has_started = true;
	scheduler_go_on(scheduler, act);
}

static void release_caches(void *caches)
{
	caches_unref(caches);
}

static void subscribed(struct scheduler *scheduler, struct act *act, const struct act_msg *msg)
{
	if (msg->status != OK)
		act_fail(act, "no caches: %s", status_text(msg->status));
	scheduler->caches = caches_ref(ACT_AS(msg, caches_subscribed)->caches);
	act_own(act, release_caches, scheduler->caches);
	act_monitor(act, msg->from); /* dead caches send nothing that would make us look */
	start_when_synced(scheduler, act);
}

static void answered(struct scheduler *scheduler, struct act *act, const struct act_msg *msg)
{
	struct write *write;

	if (msg->tag == SUBSCRIBE_TAG) {
		subscribed(scheduler, act, msg);
		return;
	}
	write = writer_answered(&scheduler->writer, msg);
	if (write == NULL)
		return; /* of the recorder */
	scheduler_written(scheduler, act, write, msg);
	scheduler_go_on(scheduler, act);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct scheduler *scheduler = state;

	if (scheduler->caches != NULL && caches_is_dead(scheduler->caches))
		act_fail(act, "the caches ended");
	if (msg->kind == ACT_ANSWER) {
		answered(scheduler, act, msg);
	} else if (ACT_IS(msg, caches_change)) {
		scheduler_changed(scheduler, act, msg->body);
	} else if (ACT_IS(msg, caches_synced)) {
		start_when_synced(scheduler, act);
	} else if (ACT_IS(msg, act_down)) {
		act_fail(act, "the caches ended: %s", ACT_AS(msg, act_down)->what);
	} else if (ACT_IS(msg, scheduler_go)) {
		work(scheduler, act);
	} else if (ACT_IS(msg, scheduler_tick)) {
		scheduler->timer = 0;
		work(scheduler, act);
	} else {
		return ACT_UNHANDLED;
	}
	return ACT_OK;
}

static void free_state(void *arg)
{
	struct scheduler *scheduler = arg;

	scheduler_drop_errands(scheduler);
	scheduler_drop_waits(scheduler);
	pod_queue_free(scheduler->queue);
	snapshot_free(scheduler->snapshot);
}

static enum status init(struct act *act, void *state, const void *args)
{
	const struct scheduler_args *given = args;
	struct scheduler *scheduler = state;
	struct caches_subscribe wish = { .count = WANTED };

	scheduler->snapshot = snapshot_new();
	scheduler->queue = pod_queue_new();
	act_own(act, free_state, scheduler);
	writer_init(&scheduler->writer, act, given->api, given->term);
	tally_init(&scheduler->tally, given->metrics);
	scheduler->recorder = recorder_new(act, SCHEDULER_NAME, USER, given->api);
	memcpy(wish.types, wanted, sizeof wanted);
	return act_request(act, act_named(act, "caches"), &caches_subscribe_type, &wish,
			   SUBSCRIBE_MS, SUBSCRIBE_TAG);
}

const struct act_class scheduler_class = {
	.name = "scheduler",
	.state_size = sizeof(struct scheduler),
	.init = init,
	.receive = receive,
	.mailbox_max = MAILBOX,
	.on_full = ACT_FULL_CRASH,
};
