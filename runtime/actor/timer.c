#include <string.h>

#include "runtime/actor/mail/mailbox-private.h"

static struct timer *timer_new(struct act *act, uint64_t delay_ms, enum wheel_kind kind)
{
	struct timer *timer = slots_take(&act->host->timers);
	if (!timer)
		return NULL;
	timer->act = act;
	timer->entry.kind = (uint8_t)kind;
	list_push(&actor_ties(act)->timers, &timer->link);
	wheel_add(&act->host->wheel, &timer->entry, actor_host_due_ms(act->host, delay_ms));
	return timer;
}

static void timer_free(struct timer *timer)
{
	struct act_host *host = timer->act->host;

	wheel_remove(&host->wheel, &timer->entry);
	list_remove(&timer->link);
	if (timer->message)
		message_free(host, timer->message);
	if (timer->body)
		pool_give(&host->pool, timer->body, timer->type->size);
	slots_give(&host->timers, timer);
}

void timer_free_all(struct act *act)
{
	while (!list_is_empty(&act->ties->timers))
		timer_free(list_item(act->ties->timers.next, struct timer, link));
}

static struct message *timer_message(struct act *act, const struct act_type *type, const void *body,
				     uint64_t id)
{
	struct message *message = message_new(act->host, type, body);
	message->msg.from = actor_ref(act);
	message->msg.kind = ACT_TIMER;
	message->msg.tag = id;
	return message;
}

uint64_t act_after(struct act *act, uint64_t delay_ms, const struct act_type *type, const void *body)
{
	struct timer *timer = timer_new(act, delay_ms, WHEEL_MESSAGE);
	if (!timer)
		act_fail(act, "too many timers on this host");
	uint64_t id = slots_id(&timer->slot);
	timer->message = timer_message(act, type, body, id);
	return id;
}

/* By how much the first of a period is late, so that those of all actors come in the same millisecond. */
static uint64_t timer_out_of_step_ms(const struct act_host *host, uint64_t period_ms)
{
	uint64_t step_ms = period_ms % 1000 == 0 ? 1000 : period_ms % 500 == 0 ? 500 : 1;

	return (step_ms - actor_host_due_ms(host, 0) % step_ms) % step_ms;
}

uint64_t act_every(struct act *act, uint64_t period_ms, const struct act_type *type,
		   const void *body)
{
	assert(!type->drop && period_ms > 0);
	struct timer *timer =
	    timer_new(act, period_ms + timer_out_of_step_ms(act->host, period_ms), WHEEL_MESSAGE);
	if (!timer)
		act_fail(act, "too many timers on this host");
	timer->period_ms = period_ms;
	timer->type = type;
	timer->body = pool_take(&act->host->pool, type->size);
	memcpy(timer->body, body, type->size);
	return slots_id(&timer->slot);
}

void act_cancel(struct act *act, uint64_t id)
{
	struct timer *timer = slots_find(&act->host->timers, id);

	if (timer && timer->act == act)
		timer_free(timer);
	if (id)
		mailbox_purge(act, ACT_TIMER, id);
}

void timer_kill_after(struct act *act, uint32_t ms)
{
	/* Without room for a timer the child still ends when it answers; only the deadline is lost. */
	(void)timer_new(act, ms, WHEEL_KILL);
}

static void timer_fire_message(struct timer *timer)
{
	struct act *act = timer->act;
	struct act_host *host = act->host;

	if (timer->period_ms) {
		uint64_t next_ms = timer->entry.when_ms + timer->period_ms;
		/* Missed periods are not made up for; it stays in step. */
		if (next_ms <= actor_host_now_ms(host))
			next_ms += (actor_host_now_ms(host) - next_ms) / timer->period_ms *
				       timer->period_ms +
				   timer->period_ms;
		wheel_add(&host->wheel, &timer->entry, next_ms);
		mailbox_put_system(
		    act, timer_message(act, timer->type, timer->body, slots_id(&timer->slot)));
		return;
	}
	struct message *message = timer->message;
	timer->message = NULL;
	timer_free(timer);
	mailbox_put_system(act, message);
}

static void timer_fire_kill(struct timer *timer)
{
	struct act *act = timer->act;
	struct act_exit exit = { .who = actor_ref(act),
				 .why = ACT_KILLED,
				 .what = "did not end in time" };
	timer_free(timer);
	life_control_send(act, CONTROL_KILL, &exit);
}

/* ---- outside of any actor ---- */

void act_host_call_at(struct act_host *host, struct mono at, void (*fn)(void *arg), void *arg)
{
	struct timer_call *call = mem_new(struct timer_call);

	call->fn = fn;
	call->arg = arg;
	call->entry.kind = WHEEL_CALL;
	list_push(&host->calls, &call->link);
	/* Rounded up, as actor_host_due_ms: not early. */
	wheel_add(&host->wheel, &call->entry, ((uint64_t)at.ns + TIME_MS - 1) / TIME_MS);
}

static void timer_call_free(struct timer_call *call)
{
	list_remove(&call->link);
	mem_free(call);
}

static void timer_fire_call(struct timer_call *call)
{
	void (*fn)(void *arg) = call->fn;
	void *arg = call->arg;

	timer_call_free(call);
	fn(arg);
}

void timer_forget_calls(struct act_host *host)
{
	while (!list_is_empty(&host->calls))
		timer_call_free(list_item(host->calls.next, struct timer_call, link));
}

/* ---- what is due ---- */

void timer_fire_due(struct act_host *host)
{
	struct wheel_entry *entry;

	while ((entry = wheel_take(&host->wheel, actor_host_now_ms(host))) != NULL) {
		switch ((enum wheel_kind)entry->kind) {
		case WHEEL_MESSAGE:
			timer_fire_message(list_item(entry, struct timer, entry));
			break;
		case WHEEL_KILL: timer_fire_kill(list_item(entry, struct timer, entry)); break;
		case WHEEL_REQUEST: request_timer(entry); break;
		case WHEEL_TASK: task_timer(entry); break;
		case WHEEL_CALL: timer_fire_call(list_item(entry, struct timer_call, entry)); break;
		}
	}
}
