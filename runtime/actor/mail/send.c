#include "runtime/actor/far/remote.h"
#include "runtime/actor/mail/mailbox-private.h"

struct act *actor_host_find(const struct act_host *host, struct act_ref ref)
{
	struct act *act;

	if (ref.slot == SLOT_BY_NAME)
		return registry_by_hash(host, ref.gen);
	if (ref.epoch != host->config.epoch)
		return NULL;
	act = slots_get(&host->actors, ref.slot, ref.gen);
	return act && !(act->flags & ACTOR_ENDING) ? act : NULL;
}

struct act_ref act_self(const struct act *act)
{
	return actor_ref(act);
}

struct act_host *act_host_of(const struct act *act)
{
	return act->host;
}

const struct seams *act_seams(const struct act *act)
{
	return &act->host->seams;
}

struct mono act_now(const struct act *act)
{
	return act->host->now;
}

struct wall act_wall(const struct act *act)
{
	const struct seams_clock *clock = &act->host->seams.clock;
	return clock->wall(clock->self);
}

bool act_buggify(struct act *act, const struct act_branch *branch)
{
	const struct seams_random *random = &act->host->seams.random;
	return random->buggify && random->buggify(random->self, branch);
}

void act_become(struct act *act, act_receive *receive)
{
	act->receive = receive;
}

/* The test mode. */
static enum status send_encoded(struct act *act, struct act *to, const struct act_type *type,
				const void *body)
{
	struct act_host *host = act->host;
	enum status status = OK;
	struct message *message = remote_round_trip(host, type, body, &status);

	if (!message)
		return status;
	message->msg.from = actor_ref(act);
	status = mailbox_put(to, message);
	if (status != OK)
		message_free(host, message);
	else if (type->drop)
		type->drop((void *)(uintptr_t)body);
	return status;
}

static inline enum status send_here(struct act *act, struct act *to, const struct act_type *type,
				    const void *body)
{
	struct act_host *host = act->host;

	if (host->is_encoding_local && type->id)
		return send_encoded(act, to, type, body);
	struct message *message = message_take(host, type, body);
	message->msg.from = actor_ref(act);
	enum status status = mailbox_put(to, message);
	if (status != OK) {
		/* The body is still the caller's. */
		message->flags |= MESSAGE_KEPT;
		message_free(host, message);
	}
	return status;
}

enum status act_send(struct act *act, struct act_ref to, const struct act_type *type,
		     const void *body)
{
	struct act_host *host = act->host;
	struct act *target = actor_host_find_here(host, to);

	if (target)
		return send_here(act, target, type, body);
	if (actor_host_is_here(host, to)) {
		target = actor_host_find(host, to);
		if (target)
			return send_here(act, target, type, body);
		message_dead(host,
			     to.epoch && to.epoch != host->config.epoch ? ACT_DEAD_EPOCH
									: ACT_DEAD_STALE,
			     type);
		return NOT_FOUND;
	}
	if (act_ref_is_nil(to)) {
		message_dead(host, ACT_DEAD_STALE, type);
		return NOT_FOUND;
	}
	struct envelope envelope = { .kind = ENVELOPE_SEND, .from = actor_ref(act) };
	enum status status = remote_send(host, to, &envelope, type, body);
	if (status == OK && type->drop)
		type->drop((void *)(uintptr_t)body);
	return status;
}

void act_cast(struct act *act, struct act_ref to, const struct act_type *type, const void *body)
{
	if (act_send(act, to, type, body) != OK && type->drop)
		type->drop((void *)(uintptr_t)body);
}

struct arena *act_keep(struct act *act, const struct act_msg *msg)
{
	struct message *message = message_of(msg);
	struct arena *arena = message->flags & MESSAGE_JOB ? NULL : message->arena;

	(void)act;
	message->flags |= MESSAGE_KEPT;
	if (arena)
		message->arena = NULL;
	return arena;
}

static enum status forward_there(struct act_host *host, struct message *message, struct act_ref to)
{
	struct request *request =
	    message->msg.kind == ACT_REQUEST ? slots_find(&host->requests, message->msg.tag) : NULL;
	struct envelope envelope = { .kind = request ? ENVELOPE_REQUEST : ENVELOPE_SEND,
				     .tag = request ? message->msg.tag : 0,
				     .from = message->msg.from };

	/* The answer comes to the entry here, which knows who asked. */
	if (request)
		envelope.from = (struct act_ref){ .node = host->config.node,
						  .host = host->config.host,
						  .epoch = host->config.epoch };
	TRY(remote_send(host, to, &envelope, message->msg.type, message->msg.body));
	if (request) {
		list_remove(&request->target_link);
		list_push(&remote_peer(host, to.node, to.host)->asked, &request->target_link);
		request->target = (struct seams_peer){ to.node, to.host, to.epoch };
	}
	message_free(host, message);
	return OK;
}

static enum status forward_here(struct act_host *host, struct message *message, struct act_ref to)
{
	struct act *target = actor_host_find(host, to);
	if (!target)
		return NOT_FOUND;
	TRY(mailbox_put(target, message));
	if (message->msg.kind == ACT_REQUEST) {
		struct request *request = slots_find(&host->requests, message->msg.tag);
		if (request) {
			list_remove(&request->target_link);
			list_push(&actor_ties(target)->asked, &request->target_link);
		}
	}
	return OK;
}

enum status act_forward(struct act *act, const struct act_msg *msg, struct act_ref to)
{
	struct act_host *host = act->host;
	struct message *message = message_of(msg);
	bool is_handled_now = host->message == message;

	assert(!(message->flags & (MESSAGE_KEPT | MESSAGE_SYSTEM)));
	assert(is_handled_now);
	TRY(actor_host_is_here(host, to) ? forward_here(host, message, to)
					 : forward_there(host, message, to));
	host->message = NULL;
	return OK;
}
