#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/actor/far/remote.h"
#include "runtime/actor/mail/mailbox-private.h"

ACT_TYPE(act_exit);
ACT_TYPE(life_ended);
ACT_TYPE(life_control);

/* What runs now, to be put back when code of another actor has run in between. */
struct context {
	struct act *current;
	struct task *task;
	struct message *message;
	jmp_buf *unwind;
	const struct act_type *peek_type;
};

static struct context context_enter(struct act_host *host, struct act *act, jmp_buf *unwind)
{
	struct context saved = {
		host->current,
		host->task,
		host->message,
		host->unwind,
		atomic_load_explicit(&host->peek->type, memory_order_relaxed),
	};
	actor_host_peek_set(host, act, NULL);
	host->current = act;
	host->task = NULL;
	host->message = NULL;
	host->unwind = unwind;
	return saved;
}

static void context_leave(struct act_host *host, struct context saved)
{
	host->current = saved.current;
	host->task = saved.task;
	host->message = saved.message;
	host->unwind = saved.unwind;
	actor_host_peek_set(host, saved.current, saved.peek_type);
}

/* ---- birth --------------------------------------------------------------------------------------- */

static struct act *life_make(struct act_host *host, struct act *parent,
			     const struct life_spawn *spawn)
{
	struct act *act = slots_take(&host->actors);
	if (!act)
		return NULL;
	act->host = host;
	act->class = spawn->class;
	act->receive = spawn->class->receive;
	act->user_max = spawn->class->mailbox_max ? spawn->class->mailbox_max : LIMIT_MAILBOX;
	act->parent = parent;
	act->supervised = spawn->supervised;
	if (spawn->supervised)
		act->flags |= ACTOR_TIMED;
	if (spawn->supervised || spawn->is_announced)
		act->flags |= ACTOR_ANNOUNCED;
	if (spawn->class->key)
		act->flags |= ACTOR_KEYED;
	act->started = host->now;
	act->ties = (struct act_ties *)&act_no_ties;
	list_init(&act->sibling);
	if (parent)
		list_push(&actor_ties(parent)->children, &act->sibling);
	if (spawn->class->state_size) {
		act->state = pool_take(&host->pool, spawn->class->state_size);
		memset(act->state, 0, spawn->class->state_size);
	}
	host->stats.spawned++;
	return act;
}

/* Runs init where it can be unwound; what it returned, INTERNAL for a crash. */
static enum status life_init(struct act *act, const void *args)
{
	struct act_host *host = act->host;
	jmp_buf unwind;
	volatile enum status status = INTERNAL;

	if (!act->class->init)
		return OK;
	struct context saved = context_enter(host, act, &unwind);
	act->flags |= ACTOR_ON_STACK;
	if (_setjmp(unwind) == 0) {
		host->words[0] = '\0';
		status = act->class->init(act, act->state, args);
		if (status != OK && !host->words[0])
			snprintf(host->words, sizeof host->words, "init: %s", status_text(status));
	} else {
		host->stats.crashed++;
	}
	act->flags &= ~(uint32_t)ACTOR_ON_STACK;
	context_leave(host, saved);
	return status;
}

static void end(struct act *act, enum act_reason reason, const char *words)
{
	if (act->flags & ACTOR_ENDING)
		return;
	assert(!(act->flags & ACTOR_ON_STACK));
	act->flags |= ACTOR_ENDING;
	act->reason = reason;
	if (words)
		actor_ties(act)->words = mem_copy(words, strlen(words) + 1);
	registry_remove(act);
	timer_free_all(act);
	task_free_all(act);
	while (!list_is_empty(&act->ties->asking))
		request_forget(list_item(act->ties->asking.next, struct request, asker_link));
	request_fail_all(&act->ties->asked, GONE);
	mailbox_bury_all(act);
	job_withdraw_all(act);
	life_go_on(act);
}

enum status life_spawn(struct act_host *host, struct act *parent, const struct life_spawn *spawn,
		       struct act **out)
{
	if (parent && (parent->flags & ACTOR_ENDING))
		return GONE;
	struct act *act = life_make(host, parent, spawn);
	if (!act)
		return BUSY;
	enum status status = spawn->name ? registry_add(act, spawn->name) : OK;
	if (status != OK)
		snprintf(host->words, sizeof host->words, "name %.40s: %s", spawn->name,
			 status_text(status));
	else
		status = life_init(act, spawn->args);
	if (status != OK) {
		end(act, ACT_CRASHED, host->words);
		return status;
	}
	*out = act;
	return OK;
}

enum status act_spawn(struct act *act, const struct act_class *class, const void *args,
		      const char *name, struct act_ref *out)
{
	const struct life_spawn spawn = { .class = class, .args = args, .name = name };
	struct act *made;

	TRY(life_spawn(act->host, act, &spawn, &made));
	if (out)
		*out = actor_ref(made);
	return OK;
}

/* ---- crashing ------------------------------------------------------------------------------------ */

void life_unwind(struct act_host *host)
{
	if (host->task)
		task_fail(host->task);
	assert(host->unwind);
	longjmp(*host->unwind, 1);
}

void act_fail(struct act *act, const char *format, ...)
{
	struct act_host *host = act->host;
	va_list args;

	assert(act == host->current);
	va_start(args, format);
	vsnprintf(host->words, sizeof host->words, format, args);
	va_end(args);
	life_unwind(host);
}

void life_crashed(struct act_host *host)
{
	struct act *act = host->current;
	struct message *message = host->message;

	host->current = NULL;
	host->task = NULL;
	host->message = NULL;
	act->flags &= ~(uint32_t)ACTOR_ON_STACK;
	host->stats.crashed++;
	if (message)
		message_bury(host, message, ACT_DEAD_ENDED);
	end(act, ACT_CRASHED, host->words);
}

/* ---- ending -------------------------------------------------------------------------------------- */

/* The class's stop, which may crash like any handler. */
static void life_stop(struct act *act, enum act_reason reason)
{
	struct act_host *host = act->host;
	jmp_buf unwind;

	if (act->class->stop) {
		struct context saved = context_enter(host, act, &unwind);
		act->flags |= ACTOR_ON_STACK;
		if (_setjmp(unwind) == 0)
			act->class->stop(act, act->state, reason);
		act->flags &= ~(uint32_t)ACTOR_ON_STACK;
		context_leave(host, saved);
	}
	end(act, reason, NULL);
}

static void life_release(struct act *act)
{
	struct act_host *host = act->host;

	while (!list_is_empty(&act->ties->owned)) {
		struct owned *owned = list_item(act->ties->owned.prev, struct owned, link);
		void (*release)(void *arg) = owned->release;
		void *arg = owned->arg;
		list_remove(&owned->link);
		slots_give(&host->owned, owned);
		release(arg);
	}
	job_close_lanes(act);
	arena_free(act->arena);
	act->arena = NULL;
	pool_give(&host->pool, act->state, act->class->state_size);
	act->state = NULL;
}

static void life_tell_parent(struct act *act)
{
	struct act *parent = act->parent;
	struct life_ended ended = { .supervised = act->supervised,
				    .who = actor_ref(act),
				    .why = act->reason };

	snprintf(ended.what, sizeof ended.what, "%s", act->ties->words ? act->ties->words : "");
	struct message *message = message_new(act->host, &life_ended_type, &ended);
	message->msg.kind = ACT_SIGNAL;
	mailbox_put_system(parent, message);
}

static void life_finish(struct act *act)
{
	struct act_host *host = act->host;
	struct act *parent = act->parent;

	life_release(act);
	watch_actor_ended(act);
	list_remove(&act->sibling);
	if ((act->flags & ACTOR_ANNOUNCED) && !(parent->flags & ACTOR_ENDING))
		life_tell_parent(act);
	ties_free(act);
	host->stats.ended++;
	if (act == host->root) {
		host->root = NULL;
		host->is_done = true;
	}
	act->flags |= ACTOR_DEAD;
	if (!(act->flags & (ACTOR_QUEUED | ACTOR_HELD)))
		class_leave(act);
	if (parent && (parent->flags & ACTOR_ENDING))
		life_go_on(parent);
}

/* Asks the youngest child to end, and sees to it that it does. */
static void life_end_child(struct act *act)
{
	struct act *child = list_item(act->ties->children.prev, struct act, sibling);
	struct act_exit exit = { .who = actor_ref(act), .why = ACT_SHUTDOWN };

	/* Whoever else has asked it to end has set no time. */
	if (child->flags & (ACTOR_ENDING | ACTOR_DUE))
		return;
	child->flags |= ACTOR_DUE;
	uint32_t shutdown_ms = LIMIT_SHUTDOWN_MS;
	if (child->supervised) {
		struct supervised_view view;
		supervisor_view(child->supervised, &view);
		shutdown_ms = view.shutdown_ms;
	}
	life_control_send(child, CONTROL_STOP, &exit);
	timer_kill_after(child, shutdown_ms);
}

void life_go_on(struct act *act)
{
	assert(act->flags & ACTOR_ENDING);
	if (act->flags & ACTOR_DEAD)
		return;
	if (!list_is_empty(&act->ties->children))
		life_end_child(act);
	else if (list_is_empty(&act->ties->jobs))
		life_finish(act);
}

void life_abandon(struct act *act)
{
	struct act_host *host = act->host;

	job_withdraw_all(act);
	mailbox_bury_all(act);
	while (!list_is_empty(&act->ties->owned)) {
		struct owned *owned = list_item(act->ties->owned.prev, struct owned, link);
		list_remove(&owned->link);
		slots_give(&host->owned, owned);
		owned->release(owned->arg);
	}
	job_close_lanes(act);
	arena_free(act->arena);
	pool_give(&host->pool, act->state, act->class->state_size);
	ties_free(act);
	mem_free(act->name);
}

/* ---- being told to end ---------------------------------------------------------------------------- */

void life_control_send(struct act *act, enum control what, const struct act_exit *exit)
{
	const struct life_control control = { .what = what, .exit = *exit };

	if (what == CONTROL_STOP)
		act->flags |= ACTOR_STOPPING;
	struct message *message = message_new(act->host, &life_control_type, &control);
	message->flags |= MESSAGE_CONTROL;
	message->msg.kind = ACT_SIGNAL;
	mailbox_put_system(act, message);
}

static void life_deliver_exit(struct act *act, const struct act_exit *exit)
{
	struct act_exit body = *exit;
	const struct act_msg msg = {
		.type = &act_exit_type, .body = &body, .from = exit->who, .kind = ACT_SIGNAL
	};

	if (act->receive(act, act->state, &msg) == ACT_STOP)
		life_leave(act, ACT_SHUTDOWN);
}

void life_leave(struct act *act, enum act_reason reason)
{
	act->flags &= ~(uint32_t)ACTOR_ON_STACK;
	life_stop(act, reason);
}

void life_control(struct act *act, const struct life_control *control)
{
	if (control->what == CONTROL_KILL) {
		act->flags &= ~(uint32_t)ACTOR_ON_STACK;
		act->host->stats.crashed += control->exit.why == ACT_CRASHED;
		end(act, control->exit.why, control->exit.what);
	} else if (act->flags & ACTOR_TRAPS) {
		life_deliver_exit(act, &control->exit);
	} else if (control->what == CONTROL_STOP) {
		life_leave(act, ACT_SHUTDOWN);
	} else if (control->exit.why != ACT_NORMAL) {
		act->flags &= ~(uint32_t)ACTOR_ON_STACK;
		/* That the other cannot be reached, or was gone already, is no reason of ours: we have ended, and by its failure. */
		end(act, control->exit.why < ACT_NO_ACTOR ? control->exit.why : ACT_CRASHED,
		    control->exit.what);
	}
}

static void life_tell(struct act *act, struct act_ref who, enum control what, enum act_reason why)
{
	struct act_host *host = act->host;
	struct act_exit exit = { .who = actor_ref(act), .why = why };

	if (actor_host_is_here(host, who)) {
		struct act *target = actor_host_find(host, who);
		if (target)
			life_control_send(target, what, &exit);
		return;
	}
	struct envelope envelope = { .kind = what == CONTROL_STOP ? ENVELOPE_STOP : ENVELOPE_KILL,
				     .from = exit.who };
	(void)remote_signal(host, who, &envelope, STR_NONE);
}

void act_stop(struct act *act, struct act_ref who)
{
	life_tell(act, who, CONTROL_STOP, ACT_SHUTDOWN);
}

void act_kill(struct act *act, struct act_ref who)
{
	life_tell(act, who, CONTROL_KILL, ACT_KILLED);
}

void act_trap_exits(struct act *act, bool is_trapping)
{
	act->flags = is_trapping ? act->flags | ACTOR_TRAPS : act->flags & ~(uint32_t)ACTOR_TRAPS;
}

const char *act_reason_name(enum act_reason reason)
{
	static const char *const names[] = {
		[ACT_NORMAL] = "normal",          [ACT_SHUTDOWN] = "shutdown",
		[ACT_KILLED] = "killed",          [ACT_CRASHED] = "crashed",
		[ACT_NO_ACTOR] = "no such actor", [ACT_NO_CONNECTION] = "no connection",
	};
	return names[reason];
}

/* ---- what it owns ---------------------------------------------------------------------------------- */

struct arena *act_arena(struct act *act)
{
	if (!act->arena)
		act->arena = arena_new(0);
	return act->arena;
}

void *act_alloc(struct act *act, size_t size_bytes)
{
	struct arena *arena = act_arena(act);
	size_t most = act->class->memory_max;

	if (most && arena_size(arena) + size_bytes > most)
		act_fail(act, "arena limit: %zu bytes", most);
	return arena_zalloc(arena, size_bytes);
}

void life_check_memory(struct act *act)
{
	if ((act->flags & ACTOR_ENDING) || !act->arena ||
	    arena_size(act->arena) <= act->class->memory_max)
		return;
	act->host->stats.crashed++;
	snprintf(act->host->words, sizeof act->host->words, "arena limit: %zu bytes",
		 act->class->memory_max);
	end(act, ACT_CRASHED, act->host->words);
}

uint64_t act_own(struct act *act, void (*release)(void *arg), void *arg)
{
	struct owned *owned = slots_take(&act->host->owned);
	if (!owned)
		act_fail(act, "too many owned resources on this host");
	owned->release = release;
	owned->arg = arg;
	list_push(&actor_ties(act)->owned, &owned->link);
	return slots_id(&owned->slot);
}

void act_disown(struct act *act, uint64_t id)
{
	struct owned *owned = slots_find(&act->host->owned, id);
	if (owned) {
		list_remove(&owned->link);
		slots_give(&act->host->owned, owned);
	}
}

/* ---- being entered from the loop -------------------------------------------------------------------- */

bool act_host_enter(struct act_host *host, struct act_ref who,
		    void (*fn)(struct act *act, void *state, void *arg), void *arg)
{
	struct act *act = actor_host_find(host, who);
	jmp_buf unwind;

	assert(!host->current);
	if (!act)
		return false;
	host->now = host->seams.clock.mono(host->seams.clock.self);
	host->current = act;
	host->unwind = &unwind;
	act->flags |= ACTOR_ON_STACK;
	actor_host_peek_set(host, act, NULL);
	if (_setjmp(unwind) == 0) {
		fn(act, act->state, arg);
		act = host->current;
		act->flags &= ~(uint32_t)ACTOR_ON_STACK;
		host->current = NULL;
	} else {
		life_crashed(host);
	}
	host->unwind = NULL;
	actor_host_peek_set(host, NULL, NULL);
	return true;
}
