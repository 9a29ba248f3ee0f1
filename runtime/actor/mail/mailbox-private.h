/*
 * A message on its way: made, put into a mailbox and taken out of it. Inline, as it is most of what a host does.
 *
 * Private to this folder and its rooms; the structs are those of actor-private.h.
 */
#ifndef RUNTIME_ACTOR_MAIL_MAILBOX_PRIVATE_H
#define RUNTIME_ACTOR_MAIL_MAILBOX_PRIVATE_H

#include "runtime/actor/actor-private.h"

/* ---- made ---------------------------------------------------------------------------------------------------- */

static inline void message_fill(struct message *message, const struct act_type *type,
				const void *body)
{
	const uint32_t size = type ? type->size : 0;

	*message = (struct message){ .msg = { .type = type, .body = size ? message->body : NULL },
				     .body_bytes = size };
	/* Most bodies are a word or a reference: a call would cost more than the copy. */
	if (size == 8)
		memcpy(message->body, body, 8);
	else if (size == 16)
		memcpy(message->body, body, 16);
	else if (size)
		memcpy(message->body, body, size);
}

static inline struct message *message_take(struct act_host *host, const struct act_type *type,
					   const void *body)
{
	struct message *message =
	    pool_take(&host->pool, sizeof(struct message) + (type ? type->size : 0));
	message_fill(message, type, body);
	return message;
}

/* message_free, without a call for one that is nothing but its block. */
static inline void message_give(struct act_host *host, struct message *message)
{
	if (message->flags & (MESSAGE_JOB | MESSAGE_POSTED) || message->arena ||
	    (message->msg.type && message->msg.type->drop))
		message_free(host, message);
	else
		pool_give(&host->pool, message, sizeof *message + message->body_bytes);
}

/* ---- in a mailbox (mailbox.c) ------------------------------------------------------------------------------ */

static inline void lane_push(struct lane *lane, struct message *message)
{
	message->next = NULL;
	if (lane->tail)
		lane->tail->next = message;
	else
		lane->head = message;
	lane->tail = message;
}

/* Into the run queue, unless it is there. */
static inline void mailbox_make_ready(struct act *act)
{
	struct act_host *host = act->host;

	if (act->flags & ACTOR_QUEUED)
		return;
	act->flags |= ACTOR_QUEUED;
	act->run_next = NULL;
	if (host->run_tail)
		host->run_tail->run_next = act;
	else
		host->run_head = act;
	host->run_tail = act;
}

/* To the user lane, which has room. */
static inline void mailbox_add(struct act *act, struct message *message)
{
	if (act->host->trace)
		trace_put(act, message);
	lane_push(&act->user, message);
	if (++act->user_len > act->user_high)
		act->user_high = act->user_len;
	mailbox_make_ready(act);
}

MUST_USE enum status mailbox_put_closely(struct act *act, struct message *message);

/* Into the user lane; the actor becomes ready. BUSY: it is full and the class rejects; the message stays the caller's. */
MUST_USE static inline enum status mailbox_put(struct act *act, struct message *message)
{
	if (act->flags & ACTOR_KEYED || act->user_len >= act->user_max)
		return mailbox_put_closely(act, message);
	mailbox_add(act, message);
	return OK;
}

/* Never refused. */
void mailbox_put_system(struct act *act, struct message *message);
void mailbox_forget_key(struct act *act,
			const struct message *message); /* it leaves the user lane */

/* System lane first; NULL: empty. */
static inline struct message *mailbox_take(struct act *act)
{
	struct lane *lane = &act->system;
	uint32_t *len = &act->system_len;
	struct message *message = lane->head;

	if (!message) {
		lane = &act->user;
		len = &act->user_len;
		message = lane->head;
		if (!message)
			return NULL;
		if (act->flags & ACTOR_KEYED)
			mailbox_forget_key(act, message);
	}
	--*len;
	lane->head = message->next;
	if (!lane->head)
		lane->tail = NULL;
	return message;
}
/* An answer, timer or down that is not wanted any more. */
void mailbox_purge(struct act *act, enum act_kind kind, uint64_t tag);
void mailbox_bury_all(struct act *act);

#endif
