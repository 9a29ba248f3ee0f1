#include <string.h>

#include "runtime/actor/mail/mailbox-private.h"
#include "runtime/base/log.h"

struct message *message_new(struct act_host *host, const struct act_type *type, const void *body)
{
	return message_take(host, type, body);
}

struct message *message_new_posted(const struct act_type *type, const void *body)
{
	struct message *message = mem_alloc(sizeof(struct message) + (type ? type->size : 0));
	message_fill(message, type, body);
	message->flags = MESSAGE_POSTED;
	return message;
}

void message_free(struct act_host *host, struct message *message)
{
	if (message->msg.type && message->msg.type->drop && !(message->flags & MESSAGE_KEPT))
		message->msg.type->drop(message->msg.body);
	if (message->flags & MESSAGE_JOB)
		job_discard(message->job);
	else
		arena_free(message->arena);
	if (message->flags & MESSAGE_POSTED)
		mem_free(message);
	else
		pool_give(&host->pool, message, sizeof *message + message->body_bytes);
}

/* Every loss is counted; of many alike the 1st, 2nd, 4th, 8th ... is logged. */
void message_dead(struct act_host *host, enum act_dead reason, const struct act_type *type)
{
	uint64_t count = ++host->stats.dead[reason];
	if (host->is_abandoned || (count & (count - 1)) != 0)
		return;
	log_debug(host->config.name, "dead letter", LOG_CSTR("reason", act_dead_name(reason)),
		  LOG_CSTR("type", type ? type->name : "none"), LOG_U64("count", count));
}

void message_refuse(struct act_host *host, struct message *message, enum status status)
{
	/* Of an abandoned host nobody is told, and who asked may be gone already. */
	if (message->msg.kind == ACT_REQUEST && !host->is_abandoned) {
		struct request *request = slots_find(&host->requests, message->msg.tag);
		if (request)
			request_refuse(request, status);
	}
	message_free(host, message);
}

void message_bury(struct act_host *host, struct message *message, enum act_dead reason)
{
	if (!(message->flags & (MESSAGE_JOB | MESSAGE_CONTROL)))
		message_dead(host, reason, message->msg.type);
	message_refuse(host, message, reason == ACT_DEAD_FULL ? BUSY : GONE);
}

const char *act_dead_name(enum act_dead reason)
{
	static const char *const names[] = {
#define X(name, text) [name] = text,
		ACT_DEAD_MAP(X)
#undef X
	};
	return names[reason];
}
