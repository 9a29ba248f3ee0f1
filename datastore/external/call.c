#include "datastore/external/external-private.h"

#include "runtime/base/limits.h"

#define CALL_MS 5000U
#define CONTENT STR("application/grpc")

static const struct http_header every[] = {
	{ { "content-type", 12 }, { "application/grpc", 16 } },
	{ { "te", 2 }, { "trailers", 8 } },
	/* A member that has no leader says so, in place of waiting for one. */
	{ { "hasleader", 9 }, { "true", 4 } },
};
const struct http_headers external_headers = { every, sizeof every / sizeof every[0] };

/* ---- what etcd says when it does not do it ---- */

static bool has(struct str words, const char *part)
{
	return str_find(words, str_from(part)) >= 0;
}

static enum status status_of(uint64_t code, struct str words)
{
	switch (code) {
	case GRPC_OK: return OK;
	case GRPC_INVALID_ARGUMENT: return has(words, "too large") ? TOO_LARGE : BAD_REQUEST;
	case GRPC_NOT_FOUND: return NOT_FOUND;
	case GRPC_ALREADY_EXISTS: return EXISTS;
	case GRPC_FAILED_PRECONDITION: return has(words, "already exists") ? EXISTS : CONFLICT;
	case GRPC_PERMISSION_DENIED: return FORBIDDEN;
	case GRPC_UNAUTHENTICATED: return UNAUTHORIZED;
	case GRPC_RESOURCE_EXHAUSTED:
		if (has(words, "space exceeded"))
			return FULL;
		return has(words, "larger than max") ? TOO_LARGE : BUSY;
	case GRPC_OUT_OF_RANGE: return has(words, "compacted") ? EXPIRED : BAD_REQUEST;
	case GRPC_UNIMPLEMENTED: return NOT_IMPLEMENTED;
	case GRPC_UNAVAILABLE: return has(words, "no leader") ? UNAVAILABLE : TIMEOUT;
	case GRPC_DEADLINE_EXCEEDED: return TIMEOUT;
	default: return IO;
	}
}

static enum status read_reply(struct external_reply *reply, struct fault *why)
{
	struct grpc_fault said = { GRPC_OK, STR_NONE };

	TRY(grpc_answer(reply->call, LIMIT_EXTERNAL_ANSWER_BYTES, &reply->message, &said, why));
	if (said.code == GRPC_OK)
		return OK;
	return fault_set(why, status_of(said.code, said.words), "", STR_FMT, STR_ARG(said.words));
}

/* ---- asking ---- */

static enum status ask_one(struct external *external, uint32_t place, const char *path,
			   struct str body, struct external_reply *reply, struct fault *why)
{
	struct http_request request = { .method = STR("POST"),
					.path = str_from(path),
					.headers = external_headers,
					.body = HTTP_BYTES(body),
					.timeout_ms = CALL_MS,
					.answer_max_bytes = LIMIT_EXTERNAL_ANSWER_BYTES };
	enum status status;

	*reply = (struct external_reply){ .call = NULL };
	status = http_fetch(external->act, external->clients[place], &request, &reply->call, why);
	/* Its client is being started again. */
	if (status == GONE || status == NOT_FOUND)
		status = UNAVAILABLE;
	if (status != OK)
		return status;
	status = read_reply(reply, why);
	if (status != OK)
		external_reply_done(reply);
	return status;
}

void external_reply_done(struct external_reply *reply)
{
	if (reply->call != NULL)
		http_call_close(reply->call);
	reply->call = NULL;
}

static struct str frame(struct proto_out *question, struct arena *arena)
{
	uint8_t prefix[GRPC_PREFIX_BYTES];
	struct text body = text_in(arena, proto_out_len(question) + GRPC_PREFIX_BYTES);

	grpc_prefix(prefix, proto_out_len(question));
	text_add_bytes(&body, prefix, sizeof prefix);
	text_add(&body, proto_out_str(question));
	return text_str(&body);
}

static void free_arena(void *arena)
{
	arena_free(arena);
}

struct external_scratch external_scratch(struct external *external)
{
	struct arena *arena = arena_new(0);

	return (struct external_scratch){ arena, act_own(external->act, free_arena, arena) };
}

void external_scratch_end(struct external *external, struct external_scratch *scratch)
{
	act_disown(external->act, scratch->own);
	arena_free(scratch->arena);
}

static bool is_lost(enum status status)
{
	return status == UNAVAILABLE || status == TIMEOUT;
}

enum status external_ask(struct external *external, const char *path, struct proto_out *question,
			 enum external_repeat repeat, struct external_reply *reply,
			 struct fault *why)
{
	uint32_t count = external->config->places.count, first = external->place;
	struct external_scratch scratch = external_scratch(external);
	struct str body = frame(question, scratch.arena);
	enum status status = question->is_cut ? TOO_LARGE : UNAVAILABLE;

	proto_out_fini(question);
	for (uint32_t i = 0; i < count && is_lost(status); i++) {
		status = ask_one(external, (first + i) % count, path, body, reply, why);
		if (is_lost(status) && repeat == EXTERNAL_ONCE) {
			status = TIMEOUT; /* it may have been done */
			break;
		}
	}
	external_scratch_end(external, &scratch);
	return status;
}

enum status external_write(struct external *external, const struct store_write *write,
			   struct store_write_answer *answer, struct fault *why)
{
	struct question_guard guard = rank_guard(external, write->term);
	struct external_reply reply;
	struct proto_out question;
	enum status status;

	if (!question_write(write, &guard, &question))
		return fault_set(why, NOT_IMPLEMENTED, "",
				 "a transaction within a transaction, by an etcd's store");
	status =
	    external_ask(external, "/etcdserverpb.KV/Txn", &question, EXTERNAL_ONCE, &reply, why);
	if (status != OK)
		return status;
	status = answer_write(reply.message, write, guard.create_revision != 0, answer);
	external_saw(external, answer->revision);
	external_reply_done(&reply);
	return status;
}

#define PAGE_ROWS 500U /* as upstream's lists */

/* A page that would be too large is asked for again with fewer rows. */
enum status external_range(struct external *external, const struct store_range *range,
			   struct store_range_answer *answer, struct fault *why)
{
	bool is_paged = !range->is_count_only && range->end.at != NULL;
	uint32_t limit =
	    is_paged && (range->limit == 0 || range->limit > PAGE_ROWS) ? PAGE_ROWS : range->limit;
	struct external_reply reply;
	struct proto_out question;
	enum status status;

	do {
		question = question_range(range, limit);
		status = external_ask(external, "/etcdserverpb.KV/Range", &question,
				      EXTERNAL_REPEAT, &reply, why);
	} while (status == TOO_LARGE && is_paged && (limit /= 4) > 0);
	if (status != OK)
		return status == TIMEOUT ? UNAVAILABLE : status;
	status = answer_range(reply.message, answer);
	if (range->revision != 0)
		answer->revision = range->revision;
	external_saw(external, answer->latest);
	external_reply_done(&reply);
	return status == INVALID ? IO : status;
}
