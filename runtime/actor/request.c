/*
 * Requests: the entry that stands for "somebody waits for an answer", from asking to the first of reply, refusal, timeout,
 * end of the asked actor and loss of the link. The asked actor's ticket is the entry's id, so a second answer finds nothing.
 * An asker at another host is stood for by an entry here, without a timer: it cancels when it stops waiting.
 */
#include "runtime/actor/far/remote.h"
#include "runtime/actor/mail/mailbox-private.h"

static struct request *request_make(struct act_host *host, struct list *asking)
{
	struct request *request = slots_take(&host->requests);
	if (!request)
		return NULL;
	request->host = host;
	request->timer.kind = WHEEL_REQUEST;
	list_init(&request->target_link);
	list_push(asking, &request->asker_link);
	return request;
}

static void request_free(struct request *request)
{
	struct act_host *host = request->host;

	list_remove(&request->asker_link);
	list_remove(&request->target_link);
	wheel_remove(&host->wheel, &request->timer);
	slots_give(&host->requests, request);
}

/* Tells the host that answers that nobody waits any more. */
static void request_cancel_there(struct request *request)
{
	struct act_host *host = request->host;
	struct act_ref there = { .node = request->target.node,
				 .host = request->target.host,
				 .epoch = request->target.epoch };
	struct envelope envelope = { .kind = ENVELOPE_CANCEL, .tag = slots_id(&request->slot) };

	envelope.from = request->asker ? actor_ref(request->asker) : request->asker_ref;
	(void)remote_signal(host, there, &envelope, STR_NONE);
}

void request_forget(struct request *request)
{
	if (request->target.node)
		request_cancel_there(request);
	request_free(request);
}

/* The answer goes to the asker's system lane; it is the asker's task's if one waits. Takes the message. */
static void request_deliver(struct request *request, struct message *message)
{
	struct act *asker = request->asker;

	message->msg.kind = ACT_ANSWER;
	message->msg.tag = request->tag;
	if (request->task) {
		message->flags |= MESSAGE_TASK;
		message->task = request->task;
	}
	request_free(request);
	mailbox_put_system(asker, message);
}

/* From the host itself: nobody in particular answers. */
static struct act_ref request_host_ref(const struct act_host *host)
{
	return (struct act_ref){ .node = host->config.node,
				 .host = host->config.host,
				 .epoch = host->config.epoch };
}

static void request_deliver_there(struct request *request, struct act_ref from,
				  const struct act_type *type, const void *body, enum status status)
{
	struct envelope envelope = { .tag = request->tag, .from = from };
	struct act_ref to = request->asker_ref;

	if (type) {
		envelope.kind = ENVELOPE_REPLY;
		status = remote_send(request->host, to, &envelope, type, body);
		if (status == OK)
			return;
	}
	/* What could not be carried is still an answer: it says so. */
	envelope.kind = ENVELOPE_REFUSE;
	envelope.type = (uint32_t)status;
	(void)remote_signal(request->host, to, &envelope, STR_NONE);
}

void request_refuse(struct request *request, enum status status)
{
	struct act_host *host = request->host;

	if (!request->asker) {
		request_deliver_there(request, request_host_ref(host), NULL, NULL, status);
		request_free(request);
		return;
	}
	struct message *message = message_new(host, NULL, NULL);
	message->msg.status = status;
	request_deliver(request, message);
}

void request_fail_all(struct list *asked, enum status status)
{
	while (!list_is_empty(asked))
		request_refuse(list_item(asked->next, struct request, target_link), status);
}

void request_timer(struct wheel_entry *entry)
{
	struct request *request = list_item(entry, struct request, timer);
	if (request->target.node)
		request_cancel_there(request);
	request_refuse(request, TIMEOUT);
}

/* ---- asking ---------------------------------------------------------------------------------------- */

static enum status request_start_here(struct act *act, struct request *request, struct act_ref to,
				      const struct act_type *type, const void *body)
{
	struct act_host *host = act->host;
	struct act *target = actor_host_find(host, to);
	enum status status = OK;

	if (!target) {
		message_dead(host, ACT_DEAD_STALE, type);
		return NOT_FOUND;
	}
	struct message *message = host->config.is_encoding_local && type->id
				      ? remote_round_trip(host, type, body, &status)
				      : message_new(host, type, body);
	if (!message)
		return status;
	message->msg.from = actor_ref(act);
	message->msg.kind = ACT_REQUEST;
	message->msg.tag = slots_id(&request->slot);
	status = mailbox_put(target, message);
	if (status != OK) {
		message->flags |= MESSAGE_KEPT;
		message_free(host, message);
		return status;
	}
	list_push(&actor_ties(target)->asked, &request->target_link);
	return OK;
}

static enum status request_start_there(struct act *act, struct request *request, struct act_ref to,
				       const struct act_type *type, const void *body)
{
	struct act_host *host = act->host;
	struct envelope envelope = { .kind = ENVELOPE_REQUEST,
				     .tag = slots_id(&request->slot),
				     .from = actor_ref(act) };

	TRY(remote_send(host, to, &envelope, type, body));
	request->target = (struct seams_peer){ to.node, to.host, to.epoch };
	list_push(&remote_peer(host, to.node, to.host)->asked, &request->target_link);
	return OK;
}

enum status request_start(struct act *act, struct act_ref to, const struct act_type *type,
			  const void *body, uint32_t timeout_ms, uint64_t tag, struct task *task)
{
	struct act_host *host = act->host;
	bool is_here = actor_host_is_here(host, to);
	struct request *request;

	if (act_ref_is_nil(to)) {
		message_dead(host, ACT_DEAD_STALE, type);
		return NOT_FOUND;
	}
	request = request_make(host, &actor_ties(act)->asking);
	if (!request)
		return BUSY;
	request->asker = act;
	request->tag = tag;
	request->task = task;
	enum status status = is_here ? request_start_here(act, request, to, type, body)
				     : request_start_there(act, request, to, type, body);
	if (status != OK) {
		request_free(request);
		return status;
	}
	wheel_add(&host->wheel, &request->timer, actor_host_due_ms(host, timeout_ms));
	if (type->drop && (!is_here || (host->config.is_encoding_local && type->id)))
		type->drop((void *)(uintptr_t)body);
	return OK;
}

enum status act_request(struct act *act, struct act_ref to, const struct act_type *type,
			const void *body, uint32_t timeout_ms, uint64_t tag)
{
	return request_start(act, to, type, body, timeout_ms, tag, NULL);
}

void act_request_cancel(struct act *act, uint64_t tag)
{
	list_each (&act->ties->asking, link) {
		struct request *request = list_item(link, struct request, asker_link);
		if (request->tag == tag && !request->task)
			request_forget(request);
	}
	mailbox_purge(act, ACT_ANSWER, tag);
}

/* ---- answering ------------------------------------------------------------------------------------- */

struct act_ticket act_ticket(const struct act_msg *msg)
{
	assert(msg->kind == ACT_REQUEST);
	return (struct act_ticket){ msg->from, msg->tag };
}

/* The entry behind a ticket; NULL, and counted, if nobody waits. */
static struct request *request_find(struct act_host *host, struct act_ticket ticket,
				    const struct act_type *type)
{
	struct request *request = slots_find(&host->requests, ticket.id);
	if (!request)
		message_dead(host, ACT_DEAD_LATE, type);
	return request;
}

enum status act_answer(struct act *act, struct act_ticket ticket, const struct act_type *type,
		       const void *body)
{
	struct act_host *host = act->host;
	struct request *request = request_find(host, ticket, type);
	enum status status = OK;

	if (!request)
		return GONE;
	if (!request->asker) {
		request_deliver_there(request, actor_ref(act), type, body, OK);
		request_free(request);
		if (type->drop)
			type->drop((void *)(uintptr_t)body);
		return OK;
	}
	if (!host->config.is_encoding_local || !type->id) {
		struct message *message = message_new(host, type, body);
		message->msg.from = actor_ref(act);
		request_deliver(request, message);
		return OK;
	}
	struct message *message = remote_round_trip(host, type, body, &status);
	if (!message) {
		request_refuse(request, status);
	} else {
		message->msg.from = actor_ref(act);
		request_deliver(request, message);
	}
	if (type->drop)
		type->drop((void *)(uintptr_t)body);
	return OK;
}

enum status act_answer_status(struct act *act, struct act_ticket ticket, enum status status)
{
	struct request *request = request_find(act->host, ticket, NULL);

	assert(status != OK);
	if (!request)
		return GONE;
	request_refuse(request, status);
	return OK;
}

enum status act_reply(struct act *act, const struct act_msg *msg, const struct act_type *type,
		      const void *body)
{
	return act_answer(act, act_ticket(msg), type, body);
}

enum status act_refuse(struct act *act, const struct act_msg *msg, enum status status)
{
	return act_answer_status(act, act_ticket(msg), status);
}

/* ---- from links --------------------------------------------------------------------------------------- */

struct request *request_from_peer(struct act_host *host, struct act_ref asker, uint64_t tag,
				  struct act *target)
{
	struct peer *peer = remote_peer(host, asker.node, asker.host);
	struct request *request = request_make(host, &peer->asking);
	if (!request)
		return NULL;
	request->asker_ref = asker;
	request->tag = tag;
	list_push(&actor_ties(target)->asked, &request->target_link);
	return request;
}

void request_cancel_from_peer(struct act_host *host, struct act_ref asker, uint64_t tag)
{
	struct peer *peer = remote_peer(host, asker.node, asker.host);
	list_each (&peer->asking, link) {
		struct request *request = list_item(link, struct request, asker_link);
		if (request->tag == tag && request->asker_ref.epoch == asker.epoch) {
			request_forget(request);
			return;
		}
	}
}

void request_answered(struct act_host *host, struct seams_peer from, uint64_t id,
		      struct message *reply, enum status status)
{
	struct request *request = slots_find(&host->requests, id);

	if (!request || request->target.node != from.node || request->target.host != from.host) {
		if (reply)
			message_bury(host, reply, ACT_DEAD_LATE);
		else
			message_dead(host, ACT_DEAD_LATE, NULL);
		return;
	}
	request->target.node = 0;
	if (!reply) {
		request_refuse(request, status);
	} else if (request->asker) {
		request_deliver(request, reply);
	} else {
		request_deliver_there(request, request_host_ref(host), reply->msg.type,
				      reply->msg.body, OK);
		request_free(request);
		message_free(host, reply);
	}
}
