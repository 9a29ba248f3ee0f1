/*
 * The runner: the actor around one controller.
 *
 *     caches ──changes──> keys ──> reconcile(world, key, plan) ──> run ──> API server
 *
 * It starts when every kind it names has been listed, with every key of its own kind. Its state is rebuilt
 * from the caches whenever it starts, so any trouble it cannot judge ends in a crash and a new start.
 */
#include <stdio.h>

#include "actors/client/api.h"
#include "actors/controller/caches.h"
#include "actors/controller/controller.h"
#include "actors/controller/figures/figures.h"
#include "actors/controller/plan-private.h"
#include "actors/controller/recorder.h"
#include "actors/controller/remembered.h"
#include "actors/controller/run.h"
#include "runtime/actor/act.h"
#include "runtime/actor/queue.h"
#include "runtime/base/log.h"

#define SUBSCRIBE_TAG 0x7e00000000000002ULL
#define SUBSCRIBE_MS 5000U
#define KEY_MAX_BYTES 800U /* the collector puts group and kind before the namespace */
#define WORKERS 5U         /* upstream's --concurrent-*-syncs */
#define SETTLE_LOOK_MS 250U
#define LOUD_FAILURES 5U     /* failures in a row of one key from which on each is logged */
#define ROUNDS_MAX 8U        /* plans of one turn that ask */
#define AWAIT_AGAIN_MS 1000U /* a cache that did not come far enough in time */
/* Keys that are begun without another turn of the loop: thousands with nothing to write would all be looked at in one. */
#define KEYS_AT_ONCE 4U

struct runner {
	const struct controller *controller;
	struct run_sender sender;
	struct queue *queue;
	struct caches *caches;
	struct recorder *recorder;
	struct figures_work *work;
	struct run *runs; /* `workers` of them */
	struct remembered remembered;
	struct caches_subscribe wish;
	uint32_t workers;
	uint64_t runs_begun;
	bool is_looking; /* a timer will look at them */
	bool goes_on;    /* the rest of the keys has its turn behind what else waits on the loop */
	bool has_started;
	bool is_deposed; /* somebody else leads by now */
	char user[128];
};

struct runner_look {
	uint32_t resync; /* 1: all keys again; 0: look at settling runs */
};
static const ACT_TYPE(runner_look, .id = 0);

struct runner_more {
	uint32_t unused;
};
static const ACT_TYPE(runner_more, .id = 0);

/* ---- keys --------------------------------------------------------------------------------------------- */

static void add_key(void *arg, struct str namespace, struct str name)
{
	struct runner *runner = arg;
	char key[KEY_MAX_BYTES];
	uint32_t len = namespace.len + 1 + name.len;

	assert(len <= sizeof key);
	if (namespace.len > 0)
		memcpy(key, namespace.at, namespace.len);
	key[namespace.len] = '/';
	memcpy(key + namespace.len + 1, name.at, name.len);
	if (queue_add(runner->queue, str_of(key, len)) != OK)
		log_error("controller", "queue of keys is full",
			  LOG_CSTR("controller", runner->controller->name));
}

static struct key key_of(struct str text)
{
	struct str rest = text, namespace = str_cut(&rest, '/');

	return (struct key){ namespace, rest };
}

static bool is_type(const struct type *a, const struct type *b)
{
	return a != NULL && str_eq(type_name(a), type_name(b)) &&
	       str_eq(type_group(a), type_group(b));
}

/* The owner of our kind that controls the object is looked at again. */
static void wake_owner(struct runner *runner, const struct object *object)
{
	const struct meta_object_meta *meta = record_meta(object->type, object->record);

	for (uint32_t i = 0; meta != NULL && i < meta->owner_references.len; i++) {
		const struct meta_owner_reference *owner = &meta->owner_references.at[i];

		if (owner->controller &&
		    str_eq(owner->kind, type_kind(runner->controller->reconciles)))
			add_key(runner, meta->namespace, owner->name);
	}
}

typedef void wakes_fn(const struct world *world, const struct object *object,
		      const struct object *old, struct wake *to);

static void wake_by(struct runner *runner, struct act *act, wakes_fn *wakes,
		    const struct caches_change *change)
{
	struct arena *arena = arena_new(0);
	struct world world = caches_world(runner->caches, arena, act_wall(act));
	struct wake wake = { add_key, runner };

	wakes(&world, change->object, change->old, &wake);
	arena_free(arena);
}

static void wake_for(struct runner *runner, struct act *act, const struct caches_change *change)
{
	const struct controller *c = runner->controller;
	const struct type *type = change->object->type;

	if (c->reconciles != NULL && is_type(c->reconciles, type))
		add_key(runner, object_namespace(change->object), object_name(change->object));
	for (uint32_t i = 0; i < CONTROLLER_OWNS_MAX && c->owns[i] != NULL; i++)
		if (is_type(c->owns[i], type)) {
			wake_owner(runner, change->object);
			if (change->old != NULL)
				wake_owner(runner, change->old);
		}
	for (uint32_t i = 0; i < CONTROLLER_TRIGGERS_MAX && c->triggers[i].type != NULL; i++)
		if (is_type(c->triggers[i].type, type))
			wake_by(runner, act, c->triggers[i].wakes, change);
	if (c->wakes != NULL)
		wake_by(runner, act, c->wakes, change);
}

static bool add_object(void *arg, const struct object *object)
{
	add_key(arg, object_namespace(object), object_name(object));
	return true;
}

struct waking {
	wakes_fn *wakes;
	struct world world; /* its arena is for one object */
	struct wake wake;
};

static bool wake_object(void *arg, const struct object *object)
{
	struct waking *waking = arg;

	waking->wakes(&waking->world, object, NULL, &waking->wake);
	arena_reset(waking->world.arena);
	return true;
}

static void wake_by_all_of(struct runner *runner, const struct world *world, wakes_fn *wakes,
			   const struct type *type)
{
	struct waking waking = { wakes, *world, { add_key, runner } };

	waking.world.arena = arena_new(0);
	world_each(world, type, STR_NONE, wake_object, &waking);
	arena_free(waking.world.arena);
}

static void wake_all_of(struct runner *runner, const struct world *world, const struct type *type)
{
	wake_by_all_of(runner, world, runner->controller->wakes, type);
}

static void wake_everything(struct runner *runner, const struct world *world)
{
	const struct type *type;

	for (uint32_t i = 0; (type = world_kind(world, i)) != NULL; i++)
		wake_all_of(runner, world, type);
}

static void ask_triggers(struct runner *runner, const struct world *world)
{
	for (uint32_t i = 0; i < CONTROLLER_TRIGGERS_MAX; i++) {
		const struct trigger *trigger = &runner->controller->triggers[i];

		if (trigger->type != NULL && trigger->is_asked_at_start)
			wake_by_all_of(runner, world, trigger->wakes, trigger->type);
	}
}

static void add_all(struct runner *runner, struct act *act)
{
	struct arena *arena = arena_new(0);
	struct world world = caches_world(runner->caches, arena, act_wall(act));

	if (runner->controller->reconciles != NULL)
		world_each(&world, runner->controller->reconciles, STR_NONE, add_object, runner);
	if (runner->controller->wakes != NULL)
		wake_everything(runner, &world);
	ask_triggers(runner, &world);
	arena_free(arena);
}

/* ---- runs ----------------------------------------------------------------------------------------------- */

ACT_BRANCH(runs_again, 50, "a controller looks again at what it has just done");

static void end_run(struct runner *runner, struct act *act, struct run *run)
{
	const struct controller *c = runner->controller;
	bool is_done = run->state == RUN_DONE;

	if (!is_done && queue_failures(runner->queue, run->key) >= LOUD_FAILURES)
		log_warn("controller", "cannot reconcile", LOG_CSTR("controller", c->name),
			 LOG_STR("key", run->key), LOG_STATUS(run->outcome), LOG_FAULT(&run->why));
	remembered_take(&runner->remembered, run);
	if (!is_done)
		queue_done(runner->queue, run->key, QUEUE_RETRY);
	else if (run->plan.is_cut)
		queue_done_after(runner->queue, run->key, 0);
	else if (run->plan.await_count > 0)
		queue_done_after(runner->queue, run->key, run->is_late ? AWAIT_AGAIN_MS : 0);
	else if (run->plan.again_ms >= 0)
		queue_done_after(runner->queue, run->key, (uint64_t)run->plan.again_ms);
	else if (act_buggify(act, &runs_again))
		queue_done_after(runner->queue, run->key, 0);
	else
		queue_done(runner->queue, run->key, QUEUE_DONE);
	figures_did(runner->work, (uint32_t)(run - runner->runs), act_now(act));
	arena_free(run->arena);
	run->arena = NULL;
	run->state = RUN_FREE;
}

static struct run *free_run(struct runner *runner)
{
	for (uint32_t i = 0; i < runner->workers; i++)
		if (runner->runs[i].state == RUN_FREE)
			return &runner->runs[i];
	return NULL;
}

static struct run_sender sender_of(const struct runner *runner, const struct run *run)
{
	struct run_sender sender = runner->sender;

	sender.slot = (uint32_t)(run - runner->runs);
	return sender;
}

static void look_later(struct runner *runner, struct act *act)
{
	if (runner->is_looking)
		return;
	runner->is_looking = true;
	act_after(act, SETTLE_LOOK_MS, &runner_look_type, &(struct runner_look){ 0 });
}

static void write_events(struct runner *runner, struct act *act, struct run *run)
{
	const struct plan_event *event;

	while ((event = run_event(run)) != NULL)
		recorder_write(runner->recorder, act, event->type, event->about, event->is_warning,
			       event->reason, event->message);
}

static void hurry(struct runner *runner, struct act *act, const struct run *run)
{
	const struct type *type;
	uint32_t at = 0;

	while ((type = run_lags(run, runner->caches, &at)) != NULL)
		act_cast(act, act_named(act, "caches"), &caches_hurry_type,
			 &(struct caches_hurry){ type });
}

static void think(struct runner *runner, struct act *act, struct run *run)
{
	struct world world = caches_world(runner->caches, run->arena, act_wall(act));
	struct run_sender sender = sender_of(runner, run);

	world.clock = act_now(act);
	world.failure = remembered_failure(&runner->remembered, run->key);
	world.arg = runner->controller->arg;
	world.answers = run->answers;
	world.answer_count = run->answer_count;
	world.memory = remembered_memory(&runner->remembered, run->key);
	plan_init(&run->plan, run->arena);
	run->outcome = runner->controller->reconcile(&world, key_of(run->key), &run->plan);
	plan_settle(&run->plan, runner->controller->patches, CONTROLLER_PATCHES_MAX);
	run_go(run, act, &sender);
	if (run->state == RUN_SETTLING && run->plan.await_count > 0)
		hurry(runner, act, run);
}

/* What it asked has been answered, unless it asks for ever. */
static bool thinks_again(struct runner *runner, struct act *act, struct run *run)
{
	if (run->state != RUN_DONE || run->plan.ask_count == 0)
		return false;
	if (run->rounds == ROUNDS_MAX) {
		run_give_up(run);
		return false;
	}
	run_again(run, ++runner->runs_begun);
	think(runner, act, run);
	return true;
}

/* Brings a run forward after anything that could have moved it. */
static void advance(struct runner *runner, struct act *act, struct run *run)
{
	do {
		write_events(runner, act, run);
		if (run->state == RUN_SETTLING)
			run_settle(run, runner->caches, act_now(act));
	} while (thinks_again(runner, act, run));
	if (run->state == RUN_SETTLING)
		look_later(runner, act);
	if (run->outcome == GONE && run->refused != NULL && runner->sender.term != 0)
		runner->is_deposed = true;
	if (run->state == RUN_DONE || run->state == RUN_FAILED)
		end_run(runner, act, run);
}

static void begin_run(struct runner *runner, struct act *act, struct run *run, struct str key)
{
	struct arena *arena = arena_new(0);

	*run = (struct run){ .arena = arena,
			     .key = arena_str(arena, key),
			     .number = ++runner->runs_begun };
	think(runner, act, run);
	advance(runner, act, run);
}

/* Behind the messages that are there: changes are seen before the keys that they have woken. */
static void go_on(struct runner *runner, struct act *act)
{
	runner->goes_on = true;
	act_cast(act, act_self(act), &runner_more_type, &(struct runner_more){ 0 });
}

static void work(struct runner *runner, struct act *act)
{
	struct queue_stats stats;
	struct run *run;
	struct str key;

	/* The one that has waited the longest is the one that is taken. */
	for (uint32_t begun = 0; !runner->goes_on; begun++) {
		queue_stats(runner->queue, &stats);
		if (!runner->has_started || runner->is_deposed || (run = free_run(runner)) == NULL)
			break;
		if (begun == KEYS_AT_ONCE && stats.waiting > 0) {
			go_on(runner, act);
			break;
		}
		if (!queue_take(runner->queue, &key))
			break;
		figures_took(runner->work, (uint32_t)(run - runner->runs), stats.oldest,
			     act_now(act));
		begin_run(runner, act, run, key);
	}
	figures_queue(runner->work, &stats);
}

static void advance_all(struct runner *runner, struct act *act)
{
	for (uint32_t i = 0; i < runner->workers; i++)
		if (runner->runs[i].state == RUN_SETTLING)
			advance(runner, act, &runner->runs[i]);
	work(runner, act);
}

/* ---- messages ----------------------------------------------------------------------------------------------- */

static void want(struct caches_subscribe *wish, const struct type *type, const char *fields)
{
	for (uint32_t i = 0; i < wish->count; i++)
		if (is_type(wish->types[i], type))
			return;
	assert(wish->count < CACHES_WANTED_MAX);
	wish->fields[wish->count] = fields;
	wish->types[wish->count++] = type;
}

static void wish_for(struct caches_subscribe *wish, const struct controller *c)
{
	wish->wants_everything = c->reads_all;
	if (c->reconciles != NULL)
		want(wish, c->reconciles, NULL);
	for (uint32_t i = 0; i < CONTROLLER_OWNS_MAX && c->owns[i] != NULL; i++)
		want(wish, c->owns[i], NULL);
	for (uint32_t i = 0; i < CONTROLLER_TRIGGERS_MAX && c->triggers[i].type != NULL; i++)
		want(wish, c->triggers[i].type, c->triggers[i].fields);
	for (uint32_t i = 0; i < CONTROLLER_READS_MAX && c->reads[i] != NULL; i++)
		want(wish, c->reads[i], NULL);
}

static void start_when_synced(struct runner *runner, struct act *act)
{
	if (runner->has_started || runner->caches == NULL ||
	    (runner->wish.wants_everything && !caches_have_synced_everything(runner->caches)))
		return;
	for (uint32_t i = 0; i < runner->wish.count; i++)
		if (!caches_has_synced(runner->caches, runner->wish.types[i]))
			return;
	runner->has_started = true;
	if (runner->controller->resync_ms != 0)
		act_every(act, runner->controller->resync_ms, &runner_look_type,
			  &(struct runner_look){ 1 });
	add_all(runner, act);
}

/* Of a kind that came later nothing has been told yet. */
static void synced(struct runner *runner, struct act *act, const struct type *type)
{
	struct arena *arena;
	struct world world;

	if (!runner->has_started || runner->controller->wakes == NULL) {
		start_when_synced(runner, act);
		return;
	}
	arena = arena_new(0);
	world = caches_world(runner->caches, arena, act_wall(act));
	wake_all_of(runner, &world, type);
	arena_free(arena);
}

static void release_caches(void *caches)
{
	caches_unref(caches);
}

static void subscribed(struct runner *runner, struct act *act, const struct act_msg *msg)
{
	if (msg->status != OK)
		act_fail(act, "no caches: %s", status_text(msg->status));
	runner->caches = caches_ref(ACT_AS(msg, caches_subscribed)->caches);
	act_own(act, release_caches, runner->caches);
	act_monitor(act, msg->from); /* dead caches send nothing that would make us look */
	start_when_synced(runner, act);
}

static void answered(struct runner *runner, struct act *act, const struct act_msg *msg)
{
	uint32_t slot = run_slot_of(msg->tag);
	struct run_sender sender;
	struct figures_call call;
	struct run *run;

	if (msg->tag == SUBSCRIBE_TAG) {
		subscribed(runner, act, msg);
		return;
	}
	if (slot >= runner->workers)
		return; /* of the recorder */
	run = &runner->runs[slot];
	sender = sender_of(runner, run);
	call = run_figure(run, act, msg);
	figures_asked(runner->work, &call);
	if (run_answered(run, act, &sender, msg))
		advance(runner, act, run);
}

static void looked(struct runner *runner, struct act *act, const struct runner_look *look)
{
	if (look->resync == 1) {
		add_all(runner, act);
		return;
	}
	runner->is_looking = false;
	for (uint32_t i = 0; i < runner->workers; i++)
		if (runner->runs[i].state == RUN_SETTLING)
			hurry(runner, act, &runner->runs[i]);
	advance_all(runner, act);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct runner *runner = state;

	if (runner->caches != NULL && caches_is_dead(runner->caches))
		act_fail(act, "the caches ended");
	if (msg->kind == ACT_ANSWER)
		answered(runner, act, msg);
	else if (ACT_IS(msg, caches_change)) {
		if (runner->has_started)
			wake_for(runner, act, msg->body);
		advance_all(runner, act);
	} else if (ACT_IS(msg, caches_synced))
		synced(runner, act, ACT_AS(msg, caches_synced)->type);
	else if (ACT_IS(msg, caches_passed))
		advance_all(runner, act);
	else if (ACT_IS(msg, runner_more))
		runner->goes_on = false;
	else if (ACT_IS(msg, runner_look))
		looked(runner, act, msg->body);
	else if (ACT_IS(msg, act_down))
		act_fail(act, "the caches ended: %s", ACT_AS(msg, act_down)->what);
	else if (!ACT_IS(msg, queue_ready))
		return ACT_UNHANDLED;
	work(runner, act);
	return runner->is_deposed ? ACT_STOP : ACT_OK;
}

static void free_runs(void *arg)
{
	struct runner *runner = arg;

	for (uint32_t i = 0; i < runner->workers; i++)
		arena_free(runner->runs[i].arena);
	remembered_fini(&runner->remembered);
}

static enum status init(struct act *act, void *state, const void *args)
{
	const struct runner_args *given = args;
	struct runner *runner = state;

	runner->controller = given->controller;
	runner->workers = given->controller->workers ? given->controller->workers : WORKERS;
	assert(runner->workers <= RUN_MAX);
	runner->runs = act_alloc(act, runner->workers * sizeof *runner->runs);
	snprintf(runner->user, sizeof runner->user, "system:serviceaccount:kube-system:%s",
		 given->controller->account);
	runner->sender =
	    (struct run_sender){ .api = given->api, .user = runner->user, .term = given->term };
	runner->queue = queue_new(act, &(struct queue_options){ .backoff_min_ms = 5,
								.backoff_max_ms = 1000000,
								.max_working = runner->workers });
	runner->recorder = recorder_new(act, given->controller->account, runner->user, given->api);
	runner->work = figures_work(given->figures, given->controller->name);
	act_own(act, free_runs, runner);
	wish_for(&runner->wish, runner->controller);
	return act_request(act, act_named(act, "caches"), &caches_subscribe_type, &runner->wish,
			   SUBSCRIBE_MS, SUBSCRIBE_TAG);
}

const struct act_class controller_class = {
	.name = "controller",
	.state_size = sizeof(struct runner),
	.init = init,
	.receive = receive,
	.on_full = ACT_FULL_CRASH,
};
