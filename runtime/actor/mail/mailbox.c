#include <stdio.h>
#include <string.h>

#include "runtime/actor/mail/mailbox-private.h"

static struct message *lane_pop(struct lane *lane)
{
	struct message *message = lane->head;
	if (message) {
		lane->head = message->next;
		if (!lane->head)
			lane->tail = NULL;
	}
	return message;
}

static bool mailbox_has_key(const struct act *act, const struct message *message)
{
	return act->class->key && message->msg.kind == ACT_PLAIN && message->key;
}

void mailbox_forget_key(struct act *act, const struct message *message)
{
	if (mailbox_has_key(act, message))
		lane_index_remove(&act->ties->keys, message);
}

static struct message *mailbox_same_key(struct act *act, const struct message *message)
{
	return lane_index_find(&act->ties->keys, message->msg.type, message->key);
}

static void mailbox_replace(struct act *act, struct message *old, struct message *message)
{
	const struct act_type *type = old->msg.type;
	if (type->drop)
		type->drop(old->msg.body);
	arena_free(old->arena);
	memcpy(old->body, message->body, type->size);
	old->arena = message->arena;
	old->msg.from = message->msg.from;
	message->arena = NULL;
	message->flags |= MESSAGE_KEPT;
	message_free(act->host, message);
}

static void mailbox_crash(struct act *act)
{
	struct act_exit exit = { .who = actor_ref(act), .why = ACT_CRASHED };

	if (act->flags & ACTOR_DOOMED)
		return;
	act->flags |= ACTOR_DOOMED;
	snprintf(exit.what, sizeof exit.what, "mailbox full: %u messages", act->user_max);
	life_control_send(act, CONTROL_KILL, &exit);
}

enum status mailbox_put_closely(struct act *act, struct message *message)
{
	struct act_host *host = act->host;

	if (act->class->key && message->msg.kind == ACT_PLAIN) {
		message->key = act->class->key(message->msg.type, message->msg.body);
		struct message *old = message->key ? mailbox_same_key(act, message) : NULL;
		if (old) {
			mailbox_replace(act, old, message);
			return OK;
		}
	}
	if (act->user_len >= act->user_max) {
		switch (act->class->on_full) {
		case ACT_FULL_CRASH: mailbox_crash(act); __attribute__((fallthrough));
		case ACT_FULL_REJECT:
			message_dead(host, ACT_DEAD_FULL, message->msg.type);
			return BUSY;
		case ACT_FULL_DROP_OLD:
			act->user_len--;
			mailbox_forget_key(act, act->user.head);
			message_bury(host, lane_pop(&act->user), ACT_DEAD_FULL);
			break;
		}
	}
	if (mailbox_has_key(act, message))
		lane_index_add(&actor_ties(act)->keys, message);
	mailbox_add(act, message);
	return OK;
}

void mailbox_put_system(struct act *act, struct message *message)
{
	assert(!(act->flags & ACTOR_ENDING));
	message->flags |= MESSAGE_SYSTEM;
	if (act->host->trace)
		trace_put(act, message);
	lane_push(&act->system, message);
	act->system_len++;
	mailbox_make_ready(act);
}

void mailbox_purge(struct act *act, enum act_kind kind, uint64_t tag)
{
	struct lane kept = { NULL, NULL };
	struct message *message;

	if (!act->system_len)
		return;
	while ((message = lane_pop(&act->system)) != NULL) {
		if (message->msg.kind == kind && message->msg.tag == tag &&
		    !(message->flags & (MESSAGE_TASK | MESSAGE_CONTROL))) {
			act->system_len--;
			message_free(act->host, message);
		} else {
			lane_push(&kept, message);
		}
	}
	act->system = kept;
}

void mailbox_bury_all(struct act *act)
{
	struct message *message;

	while ((message = lane_pop(&act->system)) != NULL)
		message_bury(act->host, message, ACT_DEAD_ENDED);
	while ((message = lane_pop(&act->user)) != NULL)
		message_bury(act->host, message, ACT_DEAD_ENDED);
	act->system_len = act->user_len = 0;
	if (act->ties == &act_no_ties)
		return;
	lane_index_fini(&act->ties->keys);
	while ((message = lane_pop(&act->ties->stash)) != NULL)
		message_bury(act->host, message, ACT_DEAD_ENDED);
	act->ties->stash_len = 0;
}

enum status act_stash(struct act *act, const struct act_msg *msg)
{
	struct act_host *host = act->host;
	struct message *message = message_of(msg);
	struct act_ties *ties = actor_ties(act);

	assert(host->message == message && !(message->flags & MESSAGE_SYSTEM));
	if (ties->stash_len >= act->user_max)
		return BUSY;
	host->message = NULL;
	lane_push(&ties->stash, message);
	ties->stash_len++;
	return OK;
}

void act_unstash(struct act *act)
{
	struct act_ties *ties = act->ties;

	if (!ties->stash.head)
		return;
	/* Where the lane has a newer one with the same key both stay, and the newer one is what the next replaces. */
	for (struct message *at = ties->stash.head; at; at = at->next)
		if (mailbox_has_key(act, at) && !mailbox_same_key(act, at))
			lane_index_add(&ties->keys, at);
	ties->stash.tail->next = act->user.head;
	if (!act->user.head)
		act->user.tail = ties->stash.tail;
	act->user.head = ties->stash.head;
	act->user_len += ties->stash_len;
	ties->stash = (struct lane){ NULL, NULL };
	ties->stash_len = 0;
	mailbox_make_ready(act);
}
