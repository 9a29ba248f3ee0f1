#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime/actor/far/remote.h"
#include "runtime/actor/mail/mailbox-private.h"
#include "runtime/actor/trace.h"
#include "runtime/base/chance.h"
#include "runtime/base/log.h"

#define DRAIN_LOOK_MS 5

/* The parent of everything; it does nothing but live. */
static enum act_verdict root_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct act_host *host = act->host;

	(void)state;
	if (msg->type != &life_ended_type)
		return ACT_UNHANDLED;
	/* The root supervisor gave up, or was stopped: the host ends for the same reason. */
	const struct life_ended *ended = msg->body;
	snprintf(host->words, sizeof host->words, "%s", ended->what);
	host->root_failed = ended->why != ACT_SHUTDOWN && ended->why != ACT_NORMAL;
	return ACT_STOP;
}

static const struct act_class root_class = { .name = "host", .receive = root_receive };

/* ---- random: seeded once from the seam ------------------------------------------------------------------ */

uint64_t act_random(struct act *act)
{
	return chance_next(&act->host->chance);
}

/* ---- life of a host ----------------------------------------------------------------------------------- */

static struct act_host *host_make(const struct act_host_config *config, const struct seams *seams)
{
	struct act_host *host = mem_new(struct act_host);

	host->peek = mmap(NULL, sizeof *host->peek, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert(host->peek != MAP_FAILED);
	host->config = *config;
	host->here =
	    (struct act_ref){ .node = config->node, .host = config->host, .epoch = config->epoch };
	host->is_unmeasured = config->is_unmeasured;
	host->is_encoding_local = config->is_encoding_local;
	if (!host->config.run_max_ms)
		host->config.run_max_ms = LIMIT_RUN_MS;
	host->seams = *seams;
	host->now = seams->clock.mono(seams->clock.self);
	seams->random.fill(seams->random.self, &host->chance, sizeof host->chance);
	host->chance.state[0] |= 1; /* the generator must not start at all zero */
	slots_init(&host->actors, sizeof(struct act), LIMIT_ACTORS);
	slots_init(&host->timers, sizeof(struct timer), LIMIT_TIMERS);
	slots_init(&host->requests, sizeof(struct request), LIMIT_TIMERS);
	slots_init(&host->watches, sizeof(struct watch), LIMIT_TIMERS);
	slots_init(&host->owned, sizeof(struct owned), LIMIT_TIMERS);
	wheel_init(&host->wheel, actor_host_now_ms(host));
	list_init(&host->calls);
	for (size_t i = 0; i < sizeof host->peers / sizeof *host->peers; i++)
		list_init(&host->peers[i]);
	host->scratch = text_new(LIMIT_MESSAGE_BYTES);
	return host;
}

enum status act_host_start(struct act_host *host, const struct act_supervisor *root)
{
	const struct life_spawn supervisor = { .class = &act_supervisor_class,
					       .args = root,
					       .is_announced = true };
	struct act *made;

	return life_spawn(host, host->root, &supervisor, &made);
}

static enum status host_start_root(struct act_host *host)
{
	const struct life_spawn root = { .class = &root_class };

	TRY(life_spawn(host, NULL, &root, &host->root));
	return host->config.root ? act_host_start(host, host->config.root) : OK;
}

enum status act_host_open(const struct act_host_config *config, const struct seams *seams,
			  struct act_host **out)
{
	assert(config->node != 0 && config->epoch != 0);
	struct act_host *host = host_make(config, seams);
	enum status status = act_host_add_types(host, config->types, config->type_count);
	if (status == OK)
		status = host_start_root(host);
	if (status == OK) {
		*out = host;
		return OK;
	}
	/* Virtual time stands still in here, and an orderly end may need some. */
	if (config->is_unmeasured)
		act_host_abandon(host);
	else
		act_host_close(host);
	return status;
}

static void host_free(struct act_host *host)
{
	while (host->posted) {
		struct message *message = host->posted;
		host->posted = message->next;
		message_free(host, message);
	}
	trace_fini(host);
	class_fini(host);
	timer_forget_calls(host);
	task_fini(host);
	remote_fini(host);
	registry_fini(host);
	map_fini(&host->types);
	text_fini(&host->scratch);
	slots_fini(&host->actors);
	slots_fini(&host->timers);
	slots_fini(&host->requests);
	slots_fini(&host->watches);
	slots_fini(&host->owned);
	pool_fini(&host->pool);
	munmap(host->peek, sizeof *host->peek);
	mem_free(host);
}

void act_host_close(struct act_host *host)
{
	assert(!host->current);
	act_host_stop(host);
	while (host->root && !host->is_done)
		if (!act_host_turn(host) && host->seams.jobs.finish)
			host->seams.jobs.finish(host->seams.jobs.self);
	while (host->run_head)
		act_host_turn(host);
	host_free(host);
}

void act_host_abandon(struct act_host *host)
{
	host->is_abandoned = true;
	for (uint32_t i = 0; i < host->actors.made; i++) {
		struct act *act = (struct act *)slots_at(&host->actors, i);
		if ((act->slot.gen & 1) && !(act->flags & ACTOR_DEAD)) {
			timer_free_all(act);
			task_free_all(act);
			life_abandon(act);
		}
	}
	host_free(host);
}

static void host_stop_call(struct act_host *host, void *arg)
{
	(void)arg;
	struct act_exit exit = { .why = ACT_SHUTDOWN };
	if (host->root && !(host->root->flags & (ACTOR_ENDING | ACTOR_STOPPING)))
		life_control_send(host->root, CONTROL_STOP, &exit);
}

void act_host_stop(struct act_host *host)
{
	act_host_call(host, host_stop_call, NULL);
}

static void host_look_if_drained(void *arg)
{
	struct act_host *host = arg;
	struct mono now = host->seams.clock.mono(host->seams.clock.self);

	if ((!remote_is_asked(host) && host->job_count == 0) || now.ns >= host->drained_by.ns)
		act_host_stop(host);
	else
		act_host_call_at(host, (struct mono){ now.ns + DRAIN_LOOK_MS * TIME_MS },
				 host_look_if_drained, host);
}

void act_host_drain(struct act_host *host, uint32_t timeout_ms)
{
	struct mono now = host->seams.clock.mono(host->seams.clock.self);

	if (host->is_draining)
		return;
	host->is_draining = true;
	host->drained_by = (struct mono){ now.ns + (int64_t)timeout_ms * TIME_MS };
	host_look_if_drained(host);
}

bool act_host_is_done(const struct act_host *host)
{
	return host->is_done;
}

enum act_reason act_host_reason(const struct act_host *host)
{
	return host->root_failed ? ACT_CRASHED : ACT_SHUTDOWN;
}

struct act_ref act_host_root(const struct act_host *host)
{
	return host->root ? actor_ref(host->root) : ACT_NIL;
}

/* ---- running ------------------------------------------------------------------------------------------- */

/* What a message may be besides one for the handler; true: the handler does not get it. */
static bool host_handle_special(struct act_host *host, struct act *act, struct message *message)
{
	if (message->flags & MESSAGE_JOB) {
		job_delivered(message->job);
		message->job = NULL;
		message->flags &= ~(uint32_t)MESSAGE_JOB;
	}
	if (message->flags & MESSAGE_TASK) {
		host->message = NULL;
		task_resume(message->task, message);
		return true;
	}
	if (message->flags & MESSAGE_CONTROL) {
		struct life_control control = *(struct life_control *)message->msg.body;
		host->message = NULL;
		message_free(host, message);
		life_control(act, &control);
		return true;
	}
	return false;
}

static void host_unhandled(struct act_host *host, struct act *act, struct message *message)
{
	message_dead(host, ACT_DEAD_UNHANDLED, message->msg.type);
	if (message->msg.kind == ACT_REQUEST)
		act_answer_status(act, act_ticket(&message->msg), NOT_IMPLEMENTED);
}

/* One message. Afterwards the actor may have ended. */
static void host_handle(struct act_host *host, struct act *act, struct message *message)
{
	host->message = message;
	host->stats.messages++;
	act->messages++;
	actor_host_peek_set(host, act, message->msg.type);
	if (host->trace)
		trace_begin(host, message);
	if (message->flags & (MESSAGE_JOB | MESSAGE_TASK | MESSAGE_CONTROL) &&
	    host_handle_special(host, act, message))
		return;
	enum act_verdict verdict = act->receive(act, act->state, &message->msg);
	if (verdict == ACT_UNHANDLED && host->message)
		host_unhandled(host, act, message);
	if (host->message) {
		message_give(host, message);
		host->message = NULL;
	}
	if (verdict == ACT_STOP)
		life_leave(act, ACT_NORMAL);
}

ACT_BRANCH(ends_early, 20, "an activation ends though there are messages left");

/* Where no time passes while somebody works, it is chance whether it was much. */
static bool host_has_run_long(const struct act_host *host, struct act *act, uint32_t left)
{
	if (left % ACTIVATION_LOOK != 0)
		return false;
	if (host->is_unmeasured)
		return act_buggify(act, &ends_early);
	return actor_host_cycles() - host->cycles_mark >= host->activation_cycles;
}

/*
 * The actor's share: as many messages as it had when its turn came, so that it cannot feed itself for ever, and fewer when they take
 * long.
 */
static void host_activate(struct act_host *host, struct act *act)
{
	uint32_t quantum = act->system_len + act->user_len;
	struct message *message;

	host->current = act;
	act->flags |= ACTOR_ON_STACK | ACTOR_HELD;
	while (quantum-- > 0 && (message = mailbox_take(act)) != NULL) {
		host_handle(host, act, message);
		if (host->trace)
			trace_end(host);
		if ((act->flags & ACTOR_ENDING) || host_has_run_long(host, act, quantum))
			break;
	}
	act->flags &= ~(uint32_t)ACTOR_ON_STACK;
	host->current = NULL;
	/* What came into the arena by other ways than act_alloc. */
	if (act->class->memory_max)
		life_check_memory(act);
}

static struct act *host_next_ready(struct act_host *host)
{
	struct act *act = host->run_head;
	if (!act)
		return NULL;
	host->run_head = act->run_next;
	if (!host->run_head)
		host->run_tail = NULL;
	act->flags &= ~(uint32_t)ACTOR_QUEUED;
	return act;
}

static void host_was_longest(struct act_host *host, const struct act *act, uint64_t cycles)
{
	host->longest_cycles = cycles;
	snprintf(host->stats.longest_who, sizeof host->stats.longest_who, "%s",
		 act->flags & ACTOR_ENDING ? act->class->name : act_name(act));
	/* Only one that is longer than all since the last look at the figures: a slow host does not fill its log. */
	uint64_t ms = actor_host_ns(host, cycles) / (uint64_t)TIME_MS;
	if (ms > host->config.run_max_ms)
		log_warn(host->config.name, "an activation took long",
			 LOG_CSTR("actor", host->stats.longest_who), LOG_U64("ms", ms));
}

/*
 * After an activation or a crash: the time it took, and whether it has more to do. Time is kept in the processor's own unit and
 * turned into nanoseconds for whoever looks: once for each activation that would cost as much as a send.
 */
static void host_activated(struct act_host *host, struct act *act)
{
	if (!host->is_unmeasured) {
		uint64_t now = actor_host_cycles(), cycles = now - host->cycles_mark;
		host->cycles_mark = now;
		act->run_cycles += cycles;
		if (now >= host->turn_ends_cycles)
			host->budget = 0;
		if (cycles > host->longest_cycles)
			host_was_longest(host, act, cycles);
		if ((act->flags & (ACTOR_TIMED | ACTOR_ENDING)) == ACTOR_TIMED)
			supervisor_ran(act->supervised, cycles);
	}
	act->flags &= ~(uint32_t)ACTOR_HELD;
	if (act->flags & ACTOR_DEAD) {
		if (!(act->flags & ACTOR_QUEUED))
			class_leave(act);
	} else if (!(act->flags & ACTOR_ENDING) && act->system_len + act->user_len > 0) {
		mailbox_make_ready(act);
	}
}

/* A function of its own, so that what it works with may stay in registers beside a setjmp. */
__attribute__((noinline)) static void host_run_ready(struct act_host *host)
{
	while (host->budget > 0 && host->run_head) {
		struct act *act = host_next_ready(host);
		host->budget--;
		if (act->flags & ACTOR_ENDING) {
			if (act->flags & ACTOR_DEAD)
				class_leave(act);
			continue;
		}
		host->stats.activations++;
		host_activate(host, act);
		host_activated(host, act);
	}
}

static void host_run(struct act_host *host)
{
	jmp_buf unwind;

	host->budget = TURN_ACTIVATIONS;
	host->unwind = &unwind;
	if (_setjmp(unwind) != 0) {
		struct act *crashed = host->current;
		if (host->trace)
			trace_end(host);
		life_crashed(host);
		host_activated(host, crashed);
	}
	host_run_ready(host);
	host->unwind = NULL;
	actor_host_peek_set(host, NULL, NULL);
}

/* How long a cycle is: measured from the first turn on, always over at least a millisecond. And so when this turn shall end. */
static void host_calibrate(struct act_host *host)
{
	uint64_t cycles = actor_host_cycles();
	int64_t passed_ns = host->now.ns - host->calibrate_ns;

	host->cycles_mark = cycles;
	host->turn_ends_cycles = UINT64_MAX;
	host->activation_cycles = UINT64_MAX;
	if (!host->calibrate_ns) {
		host->calibrate_ns = host->now.ns;
		host->calibrate_cycles = cycles;
	} else if (passed_ns >= TIME_MS && cycles > host->calibrate_cycles) {
		host->ns_per_cycle = (double)passed_ns / (double)(cycles - host->calibrate_cycles);
		host->turn_ends_cycles = cycles + (uint64_t)((double)TURN_NS / host->ns_per_cycle);
		host->activation_cycles = (uint64_t)((double)ACTIVATION_NS / host->ns_per_cycle);
	}
}

/* What other threads posted, oldest first. */
static void host_drain(struct act_host *host)
{
	struct message *stack = atomic_exchange_explicit(&host->posted, NULL, memory_order_acquire);
	struct message *oldest = NULL;

	while (stack) {
		struct message *next = stack->next;
		stack->next = oldest;
		oldest = stack;
		stack = next;
	}
	while (oldest) {
		struct message *message = oldest;
		oldest = oldest->next;
		host->stats.posts++;
		if (message->flags & MESSAGE_CALL) {
			struct message_call call = *(struct message_call *)(void *)message->body;
			message_free(host, message);
			call.fn(host, call.arg);
			continue;
		}
		struct act *act = slots_get(&host->actors, message->slot, message->gen);
		if (message->slot == SLOT_BY_NAME)
			act = registry_by_hash(host, message->gen);
		if (!act || (act->flags & ACTOR_ENDING))
			message_bury(host, message, ACT_DEAD_STALE);
		else if (mailbox_put(act, message) != OK)
			message_free(host, message);
	}
}

bool act_host_turn(struct act_host *host)
{
	assert(!host->current);
	atomic_store_explicit(&host->is_asleep, false, memory_order_relaxed);
	host->now = host->seams.clock.mono(host->seams.clock.self);
	host->stats.turns++;
	if (!host->is_unmeasured)
		host_calibrate(host);
	if (atomic_load_explicit(&host->posted, memory_order_relaxed))
		host_drain(host);
	timer_fire_due(host);
	host_run(host);
	return host->run_head != NULL;
}

struct mono act_host_next(const struct act_host *host)
{
	uint64_t next_ms = wheel_next(&host->wheel);
	if (next_ms >= (uint64_t)(INT64_MAX / TIME_MS))
		return (struct mono){ INT64_MAX };
	return (struct mono){ (int64_t)next_ms * TIME_MS };
}

bool act_host_sleep(struct act_host *host)
{
	atomic_store(&host->is_asleep, true);
	if (host->run_head || atomic_load(&host->posted)) {
		atomic_store(&host->is_asleep, false);
		return false;
	}
	return true;
}

/* ---- from other threads ----------------------------------------------------------------------------------- */

static void host_post(struct act_host *host, struct message *message)
{
	struct message *head = atomic_load_explicit(&host->posted, memory_order_relaxed);

	do {
		message->next = head;
	} while (!atomic_compare_exchange_weak(&host->posted, &head, message));
	/* Only the first post since the host fell asleep has to wake it. */
	if (atomic_load(&host->is_asleep) && atomic_exchange(&host->is_asleep, false) &&
	    host->seams.wake)
		host->seams.wake(host->seams.wake_self);
}

enum status act_post(struct act_host *host, struct act_ref to, const struct act_type *type,
		     const void *body)
{
	if (!actor_host_is_here(host, to) || (to.epoch && to.epoch != host->config.epoch))
		return NOT_FOUND;
	struct message *message = message_new_posted(type, body);
	message->slot = to.slot;
	message->gen = to.gen;
	host_post(host, message);
	return OK;
}

void act_host_call(struct act_host *host, void (*fn)(struct act_host *host, void *arg), void *arg)
{
	static const struct act_type call_type = { .name = "call",
						   .size = sizeof(struct message_call) };
	const struct message_call call = { fn, arg };
	struct message *message = message_new_posted(&call_type, &call);

	message->flags |= MESSAGE_CALL;
	host_post(host, message);
}

/* ---- facts -------------------------------------------------------------------------------------------------- */

const char *act_host_name(const struct act_host *host)
{
	return host->config.name;
}

void *act_host_driver(const struct act_host *host)
{
	return host->config.driver;
}

struct seams_peer act_host_peer(const struct act_host *host)
{
	return (struct seams_peer){ host->config.node, host->config.host, host->config.epoch };
}

const struct seams *act_host_seams(const struct act_host *host)
{
	return &host->seams;
}

void act_host_set_link(struct act_host *host, const struct seams_link *link)
{
	host->seams.link = *link;
}

enum status act_host_add_types(struct act_host *host, const struct act_type *const *types,
			       uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct str key = str_of(&types[i]->id, sizeof types[i]->id);
		struct act_type *known = map_get(&host->types, key);
		assert(types[i]->id && types[i]->encode && types[i]->decode);
		if (known && known != types[i])
			return EXISTS;
		map_put(&host->types, key, (void *)(uintptr_t)types[i]);
	}
	return OK;
}
