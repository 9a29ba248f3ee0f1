/*
 * Tasks: RUNNING on their own stack, or waiting for exactly one thing, which comes as a message with MESSAGE_TASK in the
 * actor's system lane. An answer's tag says for what: 0 the ask, sleep or job being waited for, n the n-th of an act_all.
 */
#include <string.h>

#include "runtime/actor/mail/mailbox-private.h"
#include "runtime/actor/part/context.h"

#define FREE_STACKS 256U /* kept for the next task: 1 MiB resident at most */

struct act_all {
	struct task *task;
	uint32_t count, max, pending;
	bool is_waited_for;
	struct message *answers[];
};

struct task {
	struct list link;
	struct act *act;
	struct context_stack *stack;
	act_task_fn *run;
	void *arg;
	struct wheel_entry timer;
	struct message *answer; /* what it last waited for, until it waits again */
	struct act_all *all;
	bool has_ended, has_failed;
	struct task *next_free;
};

static void all_free(struct act_host *host, struct act_all *all)
{
	for (uint32_t i = 0; i < all->count; i++)
		if (all->answers[i])
			message_free(host, all->answers[i]);
	mem_free(all);
}

static void task_drop_answer(struct task *task)
{
	if (task->answer)
		message_free(task->act->host, task->answer);
	task->answer = NULL;
}

static void task_free(struct task *task)
{
	struct act *act = task->act;
	struct act_host *host = act->host;

	task_drop_answer(task);
	if (task->all)
		all_free(host, task->all);
	wheel_remove(&host->wheel, &task->timer);
	list_remove(&task->link);
	act->ties->task_count--;
	host->task_count--;
	if (host->free_task_count < FREE_STACKS) {
		task->next_free = host->free_tasks;
		host->free_tasks = task;
		host->free_task_count++;
	} else {
		context_free(task->stack);
		mem_free(task);
	}
}

static struct task *task_make(struct act *act)
{
	struct act_host *host = act->host;
	struct task *task = host->free_tasks;

	if (host->task_count >= LIMIT_TASKS)
		return NULL;
	if (task) {
		struct context_stack *stack = task->stack;
		host->free_tasks = task->next_free;
		host->free_task_count--;
		memset(task, 0, sizeof *task);
		task->stack = stack;
	} else {
		struct context_stack *stack = context_new(LIMIT_TASK_STACK_BYTES);
		if (!stack)
			return NULL;
		task = mem_new(struct task);
		task->stack = stack;
	}
	task->act = act;
	task->timer.kind = WHEEL_TASK;
	list_push(&actor_ties(act)->tasks, &task->link);
	act->ties->task_count++;
	host->task_count++;
	return task;
}

/* ---- running ----------------------------------------------------------------------------------------- */

static void task_main(void *arg)
{
	struct task *task = arg;

	task->run(task->act, task->act->state, task->arg);
	task->has_ended = true;
	context_switch_out(task->stack, 1);
}

_Noreturn void task_fail(struct task *task)
{
	task->has_ended = task->has_failed = true;
	context_switch_out(task->stack, 1);
	__builtin_unreachable();
}

/* Runs the task until it waits or ends. A failure goes on unwinding whatever called this. */
static void task_run(struct task *task)
{
	struct act_host *host = task->act->host;
	struct task *outer = host->task;
	jmp_buf *unwind = host->unwind;

	host->task = task;
	context_switch_in(task->stack);
	host->task = outer;
	host->unwind = unwind;
	if (!task->has_ended)
		return;
	bool has_failed = task->has_failed;
	task_free(task);
	if (has_failed)
		life_unwind(host);
}

static void task_wait(struct task *task)
{
	struct act *act = task->act;
	struct act_host *host = act->host;

	task_drop_answer(task);
	context_switch_out(task->stack, 0);
	assert(host->task == task && host->current == act);
	(void)host;
}

/* Its own task: waiting anywhere else would stop the whole loop. */
static struct task *task_here(struct act *act)
{
	assert(act->host->current == act && act->host->task && act->host->task->act == act);
	return act->host->task;
}

void task_resume(struct task *task, struct message *answer)
{
	struct act_all *all = task->all;

	if (answer->msg.tag) {
		assert(all && answer->msg.tag <= all->count);
		all->answers[answer->msg.tag - 1] = answer;
		if (--all->pending > 0 || !all->is_waited_for)
			return;
	} else {
		task->answer = answer;
	}
	task_run(task);
}

enum status act_task(struct act *act, act_task_fn *run, void *arg)
{
	struct task *task = task_make(act);
	if (!task)
		return BUSY;
	task->run = run;
	task->arg = arg;
	context_begin(task->stack, task_main, task);
	task_run(task);
	return OK;
}

bool act_in_task(const struct act *act)
{
	return act->host->current == act && act->host->task != NULL;
}

void task_free_all(struct act *act)
{
	while (!list_is_empty(&act->ties->tasks))
		task_free(list_item(act->ties->tasks.next, struct task, link));
}

void task_fini(struct act_host *host)
{
	while (host->free_tasks) {
		struct task *task = host->free_tasks;
		host->free_tasks = task->next_free;
		context_free(task->stack);
		mem_free(task);
	}
}

/* ---- waiting ------------------------------------------------------------------------------------------ */

enum status act_ask(struct act *act, struct act_ref to, const struct act_type *type,
		    const void *body, uint32_t timeout_ms, const struct act_msg **out)
{
	struct task *task = task_here(act);

	TRY(request_start(act, to, type, body, timeout_ms, 0, task));
	task_wait(task);
	const struct act_msg *answer = &task->answer->msg;
	if (answer->status == OK)
		*out = answer;
	return answer->status;
}

static void task_wake(struct task *task)
{
	struct message *message = message_new(task->act->host, NULL, NULL);
	message->flags |= MESSAGE_TASK;
	message->task = task;
	mailbox_put_system(task->act, message);
}

void task_timer(struct wheel_entry *entry)
{
	task_wake(list_item(entry, struct task, timer));
}

void act_sleep(struct act *act, uint64_t delay_ms)
{
	struct task *task = task_here(act);

	wheel_add(&act->host->wheel, &task->timer, actor_host_due_ms(act->host, delay_ms));
	task_wait(task);
}

void act_pause(struct act *act)
{
	struct task *task = task_here(act);

	task_wake(task);
	task_wait(task);
}

void act_await(struct act *act, struct act_lane *lane, void (*run)(void *arg), void *arg)
{
	struct task *task = task_here(act);

	job_start(act, lane, run, arg, task);
	task_wait(task);
}

/* ---- fan-out -------------------------------------------------------------------------------------------- */

struct act_all *act_all(struct act *act, uint32_t max)
{
	struct task *task = task_here(act);

	assert(!task->all && max <= LIMIT_MAILBOX);
	struct act_all *all = mem_zalloc(sizeof *all + max * sizeof *all->answers);
	all->task = task;
	all->max = max;
	task->all = all;
	return all;
}

uint32_t act_all_ask(struct act_all *all, struct act_ref to, const struct act_type *type,
		     const void *body, uint32_t timeout_ms)
{
	struct act *act = all->task->act;
	uint32_t index = all->count;

	assert(index < all->max);
	all->count++;
	enum status status = request_start(act, to, type, body, timeout_ms, index + 1, all->task);
	if (status == OK) {
		all->pending++;
		return index;
	}
	if (type->drop)
		type->drop((void *)(uintptr_t)body);
	struct message *answer = message_new(act->host, NULL, NULL);
	answer->msg.kind = ACT_ANSWER;
	answer->msg.status = status;
	all->answers[index] = answer;
	return index;
}

static void all_wait(struct act_all *all)
{
	if (!all->pending)
		return;
	all->is_waited_for = true;
	task_wait(all->task);
	all->is_waited_for = false;
}

enum status act_all_wait(struct act_all *all)
{
	enum status worst = OK;

	all_wait(all);
	for (uint32_t i = 0; i < all->count && worst == OK; i++)
		worst = all->answers[i]->msg.status;
	return worst;
}

const struct act_msg *act_all_answer(const struct act_all *all, uint32_t index)
{
	assert(index < all->count && all->answers[index]);
	return &all->answers[index]->msg;
}

void act_all_end(struct act_all *all)
{
	struct task *task = all->task;
	struct act *act = task->act;

	/* Whatever is still under way must not come to the next act_all. */
	all_wait(all);
	task->all = NULL;
	all_free(act->host, all);
}
