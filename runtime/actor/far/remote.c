/*
 * The border of a host: messages become bytes on their way out and messages again on their way in.
 */
#include <string.h>

#include "runtime/actor/far/envelope.h"
#include "runtime/actor/far/remote.h"
#include "runtime/actor/mail/mailbox-private.h"
#include "runtime/actor/trace.h"

#define PEER_BUCKETS 64U

struct peer *remote_peer(struct act_host *host, uint32_t node, uint16_t number)
{
	struct list *bucket = &host->peers[(node * 31 + number) % PEER_BUCKETS];

	list_each (bucket, link) {
		struct peer *peer = list_item(link, struct peer, link);
		if (peer->node == node && peer->host == number)
			return peer;
	}
	struct peer *peer = mem_new(struct peer);
	peer->node = node;
	peer->host = number;
	list_init(&peer->asked);
	list_init(&peer->asking);
	list_init(&peer->watched);
	list_init(&peer->watching);
	list_push(bucket, &peer->link);
	return peer;
}

bool remote_is_asked(const struct act_host *host)
{
	for (unsigned i = 0; i < PEER_BUCKETS; i++)
		list_each (&host->peers[i], link)
			if (!list_is_empty(&list_item(link, struct peer, link)->asking))
				return true;
	return false;
}

void remote_fini(struct act_host *host)
{
	for (unsigned i = 0; i < PEER_BUCKETS; i++)
		list_each (&host->peers[i], link)
			mem_free(list_item(link, struct peer, link));
}

/* ---- out ------------------------------------------------------------------------------------------ */

static enum status remote_encode(struct act_host *host, const struct act_type *type,
				 const void *body)
{
	if (!type->id || !type->encode)
		return NOT_IMPLEMENTED;
	text_clear(&host->scratch);
	TRY(type->encode(body, &host->scratch));
	return host->scratch.is_cut ? TOO_LARGE : OK;
}

static const struct act_type *remote_type(const struct act_host *host, uint32_t id)
{
	return map_get(&host->types, str_of(&id, sizeof id));
}

/* Whoever gets it learns which message of ours it comes from, if its node knows what that is. */
static void remote_trace(struct act_host *host, struct act_ref to, struct envelope *envelope)
{
	char bytes[ENVELOPE_TRACE_BYTES];
	uint64_t number = trace_out(host, to, remote_type(host, envelope->type),
				    envelope->kind == ENVELOPE_SEND      ? ACT_PLAIN
				    : envelope->kind == ENVELOPE_REQUEST ? ACT_REQUEST
				    : envelope->kind == ENVELOPE_REPLY   ? ACT_ANSWER
									 : ACT_SIGNAL);

	if (!trace_is_for(host, to.node) ||
	    envelope->length + ENVELOPE_TRACE_BYTES > LIMIT_MESSAGE_BYTES)
		return;
	envelope->trace = number;
	envelope_encode_trace(number, bytes);
	text_add_bytes(&host->scratch, bytes, sizeof bytes);
}

static enum status remote_hand_over(struct act_host *host, struct act_ref to,
				    struct envelope *envelope)
{
	const struct seams_link *link = &host->seams.link;
	const struct seams_peer peer = { to.node, to.host, to.epoch };
	char header[ENVELOPE_BYTES];
	enum status status;

	if (!link->send)
		return UNAVAILABLE;
	envelope->slot = to.slot;
	envelope->gen = to.gen;
	envelope->length = host->scratch.len;
	envelope->trace = 0;
	if (host->trace)
		remote_trace(host, to, envelope);
	envelope_encode(envelope, header);
	status = link->send(link->self, peer, str_of(header, sizeof header), &host->scratch);
	if (status == OK)
		host->stats.sent_over_links++;
	else if (host->trace)
		trace_take_back(host);
	return status;
}

enum status remote_send(struct act_host *host, struct act_ref to, struct envelope *envelope,
			const struct act_type *type, const void *body)
{
	enum status status = remote_encode(host, type, body);

	envelope->type = type->id;
	if (status == OK)
		status = remote_hand_over(host, to, envelope);
	if (status != OK)
		message_dead(host, status == BUSY ? ACT_DEAD_FULL : ACT_DEAD_LINK, type);
	return status;
}

enum status remote_signal(struct act_host *host, struct act_ref to, struct envelope *envelope,
			  struct str words)
{
	if (host->is_abandoned)
		return UNAVAILABLE;
	text_clear(&host->scratch);
	text_add(&host->scratch, words);
	return remote_hand_over(host, to, envelope);
}

/* ---- in ------------------------------------------------------------------------------------------- */

/* NULL: unknown type or damaged body; counted. */
static struct message *remote_decode(struct act_host *host, const struct act_type *type,
				     struct str bytes, enum status *out)
{
	if (!type || !type->decode) {
		message_dead(host, ACT_DEAD_UNDECODABLE, type);
		*out = NOT_IMPLEMENTED;
		return NULL;
	}
	struct message *message = pool_take(&host->pool, sizeof *message + type->size);
	memset(message, 0, sizeof *message + type->size);
	message->msg.type = type;
	message->msg.body = message->body;
	message->body_bytes = type->size;
	message->arena = arena_new(0);
	*out = type->decode(bytes, message->arena, message->msg.body);
	if (*out != OK) {
		message->flags |= MESSAGE_KEPT;
		message_free(host, message);
		message_dead(host, ACT_DEAD_UNDECODABLE, type);
		return NULL;
	}
	return message;
}

struct message *remote_round_trip(struct act_host *host, const struct act_type *type,
				  const void *body, enum status *out)
{
	*out = remote_encode(host, type, body);
	if (*out != OK)
		return NULL;
	return remote_decode(host, type, text_str(&host->scratch), out);
}

static void remote_refuse(struct act_host *host, const struct envelope *envelope, enum status status)
{
	struct envelope answer = { .kind = ENVELOPE_REFUSE,
				   .type = (uint32_t)status,
				   .tag = envelope->tag };
	answer.from = (struct act_ref){ .node = host->config.node,
					.host = host->config.host,
					.epoch = host->config.epoch };
	(void)remote_signal(host, envelope->from, &answer, STR_NONE);
}

static void remote_receive_user(struct act_host *host, const struct envelope *envelope,
				struct act *target, struct str body)
{
	const struct act_type *type = remote_type(host, envelope->type);
	bool is_request = envelope->kind == ENVELOPE_REQUEST;
	enum status status = GONE;

	if (is_request && host->is_draining) {
		message_dead(host, ACT_DEAD_ENDED, type);
		remote_refuse(host, envelope, UNAVAILABLE);
		return;
	}
	if (!target) {
		message_dead(host, ACT_DEAD_STALE, type);
		if (is_request)
			remote_refuse(host, envelope, status);
		return;
	}
	struct message *message = remote_decode(host, type, body, &status);
	if (message && is_request) {
		struct request *request =
		    request_from_peer(host, envelope->from, envelope->tag, target);
		if (!request) {
			message_free(host, message);
			remote_refuse(host, envelope, BUSY);
			return;
		}
		message->msg.kind = ACT_REQUEST;
		message->msg.tag = slots_id(&request->slot);
	} else if (!message) {
		if (is_request)
			remote_refuse(host, envelope, status);
		return;
	}
	message->msg.from = envelope->from;
	status = mailbox_put(target, message);
	if (status != OK)
		message_refuse(host, message, status);
}

static void remote_receive_reply(struct act_host *host, struct seams_peer from,
				 const struct envelope *envelope, struct str body)
{
	enum status status = (enum status)envelope->type;
	struct message *message = NULL;

	if (envelope->kind == ENVELOPE_REPLY) {
		message = remote_decode(host, remote_type(host, envelope->type), body, &status);
		if (message)
			message->msg.from = envelope->from;
	} else if (envelope->type == OK || envelope->type >= STATUS_COUNT) {
		status = INTERNAL;
	}
	request_answered(host, from, envelope->tag, message, status);
}

static enum act_reason remote_reason(uint32_t reason)
{
	return reason <= ACT_NO_CONNECTION ? (enum act_reason)reason : ACT_CRASHED;
}

static void remote_control(struct act *target, const struct envelope *envelope)
{
	bool is_kill = envelope->kind == ENVELOPE_KILL;
	struct act_exit exit = { .who = envelope->from, .why = is_kill ? ACT_KILLED : ACT_SHUTDOWN };

	if (target)
		life_control_send(target, is_kill ? CONTROL_KILL : CONTROL_STOP, &exit);
}

/* Where answers go must be the peer itself, in the life that the link leads to; only a forwarded message is from somebody else. */
static bool remote_is_from(const struct envelope *envelope, struct seams_peer peer)
{
	struct act_ref from = envelope->from;
	bool is_peer = from.node == peer.node && from.host == peer.host;
	bool is_its_life = from.epoch == 0 || from.epoch == peer.epoch;

	return is_peer ? is_its_life : envelope->kind == ENVELOPE_SEND;
}

void act_host_receive(struct act_host *host, struct seams_peer from, struct str bytes)
{
	struct envelope envelope;
	struct str body;

	host->stats.received_over_links++;
	if (envelope_decode(bytes, &envelope, &body) != OK || !remote_is_from(&envelope, from)) {
		message_dead(host, ACT_DEAD_UNDECODABLE, NULL);
		return;
	}
	if (host->trace)
		trace_from(host, from, envelope.trace);
	struct act *target = actor_host_find(host, (struct act_ref){ .node = host->config.node,
								     .host = host->config.host,
								     .epoch = host->config.epoch,
								     .slot = envelope.slot,
								     .gen = envelope.gen });
	switch (envelope.kind) {
	case ENVELOPE_SEND:
	case ENVELOPE_REQUEST: remote_receive_user(host, &envelope, target, body); break;
	case ENVELOPE_REPLY:
	case ENVELOPE_REFUSE: remote_receive_reply(host, from, &envelope, body); break;
	case ENVELOPE_CANCEL: request_cancel_from_peer(host, envelope.from, envelope.tag); break;
	case ENVELOPE_MONITOR:
	case ENVELOPE_LINK: watch_from_peer(host, &envelope, target); break;
	case ENVELOPE_DEMONITOR:
	case ENVELOPE_UNLINK: watch_unwatch_from_peer(host, &envelope); break;
	case ENVELOPE_DOWN:
		watch_down_from_peer(host, from, envelope.tag, remote_reason(envelope.type), body);
		break;
	case ENVELOPE_EXIT:
		if (target)
			watch_exit_from_peer(host, target, envelope.from,
					     remote_reason(envelope.type), body);
		break;
	case ENVELOPE_STOP:
	case ENVELOPE_KILL: remote_control(target, &envelope); break;
	}
	if (host->trace)
		trace_from(host, from, 0);
}

static void remote_requests_lost(struct peer *peer, uint16_t epoch)
{
	list_each (&peer->asked, link) {
		struct request *request = list_item(link, struct request, target_link);
		if (!epoch || !request->target.epoch || request->target.epoch == epoch) {
			request->target.node = 0;
			request_refuse(request, UNAVAILABLE);
		}
	}
	list_each (&peer->asking, link) {
		struct request *request = list_item(link, struct request, asker_link);
		if (!epoch || request->asker_ref.epoch == epoch)
			request_forget(request);
	}
}

void act_host_lost(struct act_host *host, struct seams_peer from)
{
	struct peer *peer = remote_peer(host, from.node, from.host);

	remote_requests_lost(peer, from.epoch);
	watch_peer_lost(&peer->watched, &peer->watching, from.epoch);
}
