#include "actors/scheduler/scheduler.h"

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "actors/controller/caches.h"
#include "actors/controller/pod.h"
#include "actors/controller/recorder.h"
#include "actors/scheduler/criterion.h"
#include "actors/scheduler/cycle.h"
#include "actors/scheduler/pod-queue.h"
#include "actors/scheduler/snapshot.h"
#include "actors/scheduler/writer.h"
#include "datastore/object/record.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/storage.h"
#include "runtime/base/log.h"

#define SUBSCRIBE_TAG 0x5d00000000000001ULL
#define SUBSCRIBE_MS 5000U
#define NAME "default-scheduler"
#define USER "system:kube-scheduler"
#define MAILBOX \
	32768U /* a burst of changes while a slice runs; more is a crash and a new look at everything */
#define ATTEMPT_NODES 20U /* what an attempt costs beside looking at nodes, in nodes */
#define LOUD_FAILURES 5U

struct scheduler {
	struct caches *caches;
	struct snapshot *snapshot;
	struct pod_queue *queue;
	struct recorder *recorder;
	struct writer writer;
	bool has_started;
	bool is_going; /* a message to go on is under way */
	bool is_short; /* some pods did not fit into the queue: look at all of them when it is half empty */
	uint64_t timer;
	struct mono timer_due;
};

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
};
#define WANTED (sizeof wanted / sizeof wanted[0])

/* ---- going on -------------------------------------------------------------------------------------------- */

static void go_on(struct scheduler *scheduler, struct act *act)
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

/* ---- news ------------------------------------------------------------------------------------------------- */

static bool news_helps(const struct queued *item, const struct news *news)
{
	for (uint32_t i = 0; i < CRITERION_COUNT; i++)
		if ((item->rejected_by >> i & 1) && (criteria[i]->wakes & news->kinds) &&
		    (criteria[i]->helps == NULL || criteria[i]->helps(item->pod, news)))
			return true;
	return false;
}

static bool helps(void *arg, const struct queued *item)
{
	return news_helps(item, arg);
}

static void tell(struct scheduler *scheduler, struct act *act, struct news news)
{
	if (news.kinds != 0 && scheduler->has_started)
		pod_queue_wake(scheduler->queue, helps, &news, act_now(act));
}

/* ---- nodes ------------------------------------------------------------------------------------------------ */

static void node_set(struct scheduler *scheduler, struct act *act, const struct object *object)
{
	struct node_info *node = snapshot_node(scheduler->snapshot, object_name(object));
	const struct object *old = node && node->object ? object_ref(node->object) : NULL;
	struct news news = { .kinds = NEWS_NODE_ADDED };

	if (old != NULL) {
		news.old_node = old->record;
		news.kinds = news_of_node(object->record, old->record);
	}
	if (snapshot_set_node(scheduler->snapshot, object)) {
		news.node = snapshot_node(scheduler->snapshot, object_name(object));
		tell(scheduler, act, news);
	}
	object_unref(old);
}

static void node_changed(struct scheduler *scheduler, struct act *act,
			 const struct caches_change *change)
{
	if (change->change != INFORMER_DELETED) {
		node_set(scheduler, act, change->object);
		return;
	}
	snapshot_remove_node(scheduler->snapshot, object_name(change->object));
	tell(scheduler, act, (struct news){ .kinds = NEWS_NODE_GONE });
}

/* ---- pods -------------------------------------------------------------------------------------------------- */

static bool is_ours(const struct core_pod *pod)
{
	struct str name = pod->spec->scheduler_name;

	return name.len == 0 || str_is(name, NAME);
}

static void leave_queue(struct scheduler *scheduler, struct str key)
{
	struct queued *item = pod_queue_find(scheduler->queue, key);

	if (item != NULL)
		pod_queue_remove(scheduler->queue, item);
}

static void pod_gone(struct scheduler *scheduler, struct act *act, struct str key)
{
	struct pod_info *pod = snapshot_pod(scheduler->snapshot, key);

	leave_queue(scheduler, key);
	if (pod == NULL)
		return;
	pod_info_ref(pod);
	snapshot_remove_pod(scheduler->snapshot, key);
	tell(scheduler, act, (struct news){ .kinds = NEWS_POD_GONE, .pod = pod });
	pod_info_unref(pod);
}

static void pod_placed(struct scheduler *scheduler, struct act *act, const struct object *object)
{
	struct pod_info *pod = pod_info_new(object, RESOURCES_USED);
	struct pod_info *old = snapshot_pod(scheduler->snapshot, pod->key);
	struct news news = { .kinds = NEWS_POD_ADDED, .pod = pod };

	if (old != NULL) {
		pod_info_ref(old);
		news.old_pod = old;
		if (!old->is_assumed)
			news.kinds = news_of_pod(pod, old);
	}
	leave_queue(scheduler, pod->key);
	snapshot_set_pod(scheduler->snapshot, pod);
	tell(scheduler, act, news);
	pod_info_unref(old);
	pod_info_unref(pod);
}

static void enqueue(struct scheduler *scheduler, struct act *act, struct pod_info *pod)
{
	if (pod_queue_add(scheduler->queue, pod, act_now(act)) != BUSY)
		return;
	if (!scheduler->is_short)
		log_warn("scheduler", "queue is full", LOG_U64("pods", POD_QUEUE_MAX));
	scheduler->is_short = true;
}

static void requeue(struct scheduler *scheduler, struct act *act, struct queued *item,
		    struct pod_info *pod)
{
	struct pod_info *old = pod_info_ref(item->pod);
	struct news news = { .kinds = NEWS_SELF, .pod = pod, .old_pod = old };

	pod_queue_replace(scheduler->queue, item, pod, act_now(act));
	/* Our own condition comes back as a change too: that must not wake it. */
	if (!record_equal(&core_pod_spec_type, pod->pod->spec, old->pod->spec) ||
	    news_of_pod(pod, old) != 0)
		if (news_helps(item, &news))
			pod_queue_wake_one(scheduler->queue, item, act_now(act));
	pod_info_unref(old);
}

static void pod_waits(struct scheduler *scheduler, struct act *act, const struct object *object)
{
	struct pod_info *pod = pod_info_new(object, RESOURCES_WANTED);
	struct queued *item = pod_queue_find(scheduler->queue, pod->key);
	const struct pod_info *placed = snapshot_pod(scheduler->snapshot, pod->key);

	if (item != NULL && !str_eq(object_uid(item->pod->object), object_uid(object))) {
		pod_queue_remove(scheduler->queue, item);
		item = NULL;
	}
	if (item != NULL && item->pod->object->revision <= object->revision)
		requeue(scheduler, act, item, pod);
	/* News from before its binding, which has been answered: the cache is about to tell. */
	else if (item == NULL &&
		 (placed == NULL || !str_eq(object_uid(placed->object), object_uid(object))))
		enqueue(scheduler, act, pod);
	pod_info_unref(pod);
}

static void pod_set(struct scheduler *scheduler, struct act *act, const struct object *object)
{
	const struct core_pod *pod = object->record;
	struct arena *arena;

	if (!pod_is_finished(pod) && pod->spec->node_name.len > 0) {
		pod_placed(scheduler, act, object);
		return;
	}
	if (pod_is_active(pod) && is_ours(pod)) {
		pod_waits(scheduler, act, object);
		return;
	}
	arena = arena_new(0);
	pod_gone(scheduler, act, pod_info_key(object, arena));
	arena_free(arena);
}

static void pod_changed(struct scheduler *scheduler, struct act *act,
			const struct caches_change *change)
{
	struct arena *arena;

	if (change->change != INFORMER_DELETED) {
		pod_set(scheduler, act, change->object);
		return;
	}
	arena = arena_new(0);
	pod_gone(scheduler, act, pod_info_key(change->object, arena));
	arena_free(arena);
}

static bool is_volume_kind(const struct type *type)
{
	return str_eq(type->kind, core_persistent_volume_claim_type.kind) ||
	       str_eq(type->kind, core_persistent_volume_type.kind) ||
	       str_eq(type->kind, storage_storage_class_type.kind);
}

static void changed(struct scheduler *scheduler, struct act *act, const struct caches_change *change)
{
	const struct type *type = change->object->type;

	if (!scheduler->has_started)
		return;
	if (str_eq(type->kind, core_pod_type.kind))
		pod_changed(scheduler, act, change);
	else if (str_eq(type->kind, core_node_type.kind))
		node_changed(scheduler, act, change);
	else if (is_volume_kind(type) && change->change != INFORMER_DELETED)
		tell(scheduler, act,
		     (struct news){ .kinds = NEWS_VOLUMES, .object = change->object });
	go_on(scheduler, act);
}

/* ---- one attempt -------------------------------------------------------------------------------------------- */

static bool has_condition(const struct pod_info *pod, const char *reason, struct str message)
{
	const struct core_pod_condition *condition = pod_condition(pod->pod, "PodScheduled");

	return condition != NULL && str_is(condition->status, "False") &&
	       str_is(condition->reason, reason) && str_eq(condition->message, message);
}

/* Says on the pod why it has no node. The queue may have freed nothing of it yet. */
static void report(struct scheduler *scheduler, struct act *act, struct pod_info *pod,
		   const char *reason, struct str message)
{
	recorder_write(scheduler->recorder, act, &core_pod_type, pod_info_meta(pod), true,
		       "FailedScheduling", message);
	if (has_condition(pod, reason, message))
		return;
	if (writer_refuse(&scheduler->writer, act, pod, reason, message) != OK)
		log_debug("scheduler", "cannot say why a pod waits", LOG_STR("pod", pod->key));
}

static void failed(struct scheduler *scheduler, struct act *act, struct queued *item,
		   uint64_t rejected_by, struct str message)
{
	struct pod_info *pod = pod_info_ref(item->pod);

	pod_queue_fail(scheduler->queue, item, rejected_by, act_now(act));
	report(scheduler, act, pod, rejected_by ? "Unschedulable" : "SchedulerError", message);
	pod_info_unref(pod);
}

static void bind(struct scheduler *scheduler, struct act *act, struct queued *item,
		 struct node_info *node)
{
	enum status status;

	snapshot_assume(scheduler->snapshot, item->pod, node);
	status = writer_bind(&scheduler->writer, act, item->pod, node->name);
	if (status == OK)
		return;
	/* The server is away or overwhelmed: nobody is told, it has enough to do. */
	snapshot_forget(scheduler->snapshot, item->pod);
	pod_queue_fail(scheduler->queue, item, 0, act_now(act));
}

/* What it cost, in nodes. */
static uint32_t attempt(struct scheduler *scheduler, struct act *act, struct queued *item)
{
	struct arena *arena = arena_new(0);
	struct world world = caches_world(scheduler->caches, arena, act_wall(act));
	struct cycle cycle;
	struct node_info *node;

	cycle_init(&cycle, arena, scheduler->snapshot, &world, item->pod, act_random(act));
	node = cycle_run(&cycle);
	if (node != NULL)
		bind(scheduler, act, item, node);
	else
		failed(scheduler, act, item, cycle.rejected_by, cycle_message(&cycle));
	arena_free(arena);
	return cycle.looked_at + ATTEMPT_NODES;
}

static bool add_pod(void *arg, const struct object *object);

struct adding {
	struct scheduler *scheduler;
	struct act *act;
};

static void look_again(struct scheduler *scheduler, struct act *act)
{
	struct arena *arena = arena_new(0);
	struct world world = caches_world(scheduler->caches, arena, act_wall(act));

	scheduler->is_short = false;
	world.face->each(world.self, &core_pod_type, STR_NONE, add_pod,
			 &(struct adding){ scheduler, act });
	arena_free(arena);
}

static void work(struct scheduler *scheduler, struct act *act)
{
	uint32_t cost = 0;
	struct queued *item;

	scheduler->is_going = false;
	if (scheduler->is_short && pod_queue_len(scheduler->queue) < POD_QUEUE_MAX / 2)
		look_again(scheduler, act);
	while (writer_room(&scheduler->writer) > 0) {
		if (cost >= SCHEDULER_SLICE) {
			go_on(scheduler, act);
			return;
		}
		item = pod_queue_take(scheduler->queue, act_now(act));
		if (item == NULL)
			break;
		cost += attempt(scheduler, act, item);
	}
	set_timer(scheduler, act);
}

/* ---- answers ------------------------------------------------------------------------------------------------ */

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
	const struct meta_object_meta *meta = pod_info_meta(write->pod);
	struct queued *item = item_of(scheduler, write);
	struct arena *arena = arena_new(0);

	recorder_write(scheduler->recorder, act, &core_pod_type, meta, false, "Scheduled",
		       arena_printf(arena, "Successfully assigned " STR_FMT " to " STR_FMT,
				    STR_ARG(write->pod->key), STR_ARG(write->node)));
	arena_free(arena);
	if (item != NULL)
		pod_queue_done(scheduler->queue, item);
}

static void unbound(struct scheduler *scheduler, struct act *act, struct write *write,
		    enum status outcome, const struct fault *why)
{
	struct queued *item = item_of(scheduler, write);
	struct arena *arena = arena_new(0);

	snapshot_forget(scheduler->snapshot, write->pod);
	tell(scheduler, act, (struct news){ .kinds = NEWS_POD_GONE, .pod = write->pod });
	if (item != NULL && item->error_count + 1 >= LOUD_FAILURES)
		log_warn("scheduler", "cannot bind", LOG_STR("pod", write->pod->key),
			 LOG_STR("node", write->node), LOG_STATUS(outcome), LOG_FAULT(why));
	/* Gone, or bound by somebody else: the cache tells what became of it, or it is tried again. */
	if (item != NULL && (outcome == NOT_FOUND || outcome == CONFLICT))
		pod_queue_fail(scheduler->queue, item, 0, act_now(act));
	else if (item != NULL)
		failed(scheduler, act, item, 0,
		       arena_printf(arena, "running Bind plugin \"DefaultBinder\": %s", why->text));
	arena_free(arena);
}

static void written(struct scheduler *scheduler, struct act *act, struct write *write,
		    const struct act_msg *msg)
{
	struct write was = *write;
	enum status outcome = msg->status;
	struct fault why = { 0 };

	if (outcome == OK)
		outcome = request_outcome(msg->body, &why);
	else
		fault_set(&why, outcome, "", "%s", status_text(outcome));
	pod_info_ref(was.pod);
	writer_end(&scheduler->writer, write); /* its slot may be needed for what follows */
	if (was.kind == WRITE_BINDING && outcome == OK)
		bound(scheduler, act, &was);
	else if (was.kind == WRITE_BINDING)
		unbound(scheduler, act, &was, outcome, &why);
	pod_info_unref(was.pod);
}

static void start_when_synced(struct scheduler *scheduler, struct act *act);

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
	written(scheduler, act, write, msg);
	go_on(scheduler, act);
}

/* ---- start --------------------------------------------------------------------------------------------------- */

static bool add_node(void *arg, const struct object *object)
{
	struct adding *adding = arg;

	node_set(adding->scheduler, adding->act, object);
	return true;
}

static bool add_pod(void *arg, const struct object *object)
{
	struct adding *adding = arg;

	pod_set(adding->scheduler, adding->act, object);
	return true;
}

static void start_when_synced(struct scheduler *scheduler, struct act *act)
{
	struct adding adding = { scheduler, act };
	struct arena *arena;
	struct world world;

	if (scheduler->has_started || scheduler->caches == NULL)
		return;
	for (uint32_t i = 0; i < WANTED; i++)
		if (!caches_has_synced(scheduler->caches, wanted[i]))
			return;
	arena = arena_new(0);
	world = caches_world(scheduler->caches, arena, act_wall(act));
	world.face->each(world.self, &core_node_type, STR_NONE, add_node, &adding);
	world.face->each(world.self, &core_pod_type, STR_NONE, add_pod, &adding);
	arena_free(arena);
	scheduler->has_started = true;
	go_on(scheduler, act);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct scheduler *scheduler = state;

	if (scheduler->caches != NULL && caches_is_dead(scheduler->caches))
		act_fail(act, "the caches ended");
	if (msg->kind == ACT_ANSWER)
		answered(scheduler, act, msg);
	else if (ACT_IS(msg, caches_change))
		changed(scheduler, act, msg->body);
	else if (ACT_IS(msg, caches_synced))
		start_when_synced(scheduler, act);
	else if (ACT_IS(msg, scheduler_go))
		work(scheduler, act);
	else if (ACT_IS(msg, scheduler_tick)) {
		scheduler->timer = 0;
		work(scheduler, act);
	} else
		return ACT_UNHANDLED;
	return ACT_OK;
}

static void free_state(void *arg)
{
	struct scheduler *scheduler = arg;

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
	scheduler->recorder = recorder_new(act, NAME, USER, given->api);
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
