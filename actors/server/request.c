#include "actors/server/request.h"

#include "actors/client/request.h"
#include "actors/server/outside/callers.h"
#include "actors/server/outside/conversions.h"
#include "actors/server/server-private.h"
#include "actors/server/verb/carry.h"

/* What steps call: answers, waiting, warnings, and what the mechanisms are given. */

enum next request_fail(struct request *r, struct failure *failure)
{
	r->answer = (struct answer){ .code = failure->code, .failure = failure };
	r->result = NULL;
	return DONE;
}

enum next request_fail_status(struct request *r, enum status status, const struct fault *why)
{
	return request_fail(r, failure_of(r->arena, status, why));
}

enum next request_answer_body(struct request *r, int32_t code, struct str content_type,
			      struct str body)
{
	r->answer = (struct answer){ .code = code, .content_type = content_type, .body = body };
	return DONE;
}

enum next request_refresh(struct request *r)
{
	r->is_fresh = true;
	feed_refresh(r->server, r);
	return WAIT;
}

uint64_t server_shown(const struct server *server, const struct resource *resource)
{
	const struct live *live = resource != NULL ? resource->live : NULL;

	return live != NULL ? live_revision(live) : server->feed.revision;
}

uint64_t request_shown(const struct request *r)
{
	return server_shown(r->server, r->resource);
}

struct outlet request_outlet(const struct request *r)
{
	return (struct outlet){ r->server, r->door, r->peer, r->measured, r->form.format };
}

enum next request_wait_revision(struct request *r, uint64_t revision)
{
	if (r->resource->live != NULL) {
		if (live_reach(r->resource->live, act_wall(r->server->act), revision))
			return NEXT;
		return request_fail(r, failure_expired(r->arena, "Too large resource version"));
	}
	return feed_wait(r->server, r, revision) ? WAIT : NEXT;
}

struct arena *request_store_arena(struct request *r)
{
	if (r->store_arena == NULL)
		r->store_arena = arena_new(0);
	return r->store_arena;
}

enum next request_ask(struct request *r, const struct act_type *type, const void *body)
{
	enum status status;

	if (r->server->config->is_apart)
		return carry_ask(r, type, body);
	/* The store keeps its own time; ours only guards against one that never answers. */
	status = act_request(r->server->act, r->server->feed.store, type, body,
			     LIMIT_REQUEST_MS * 10, r->tag);
	if (status != OK)
		return request_fail_status(r, status == NOT_FOUND ? UNAVAILABLE : status, NULL);
	r->store_arena = NULL;
	r->is_at_store = true;
	r->store_asked = act_now(r->server->act);
	return WAIT;
}

void request_warn(struct request *r, struct str text)
{
	if (r->warning_count == WARNINGS_MAX)
		return;
	for (uint32_t i = 0; i < r->warning_count; i++)
		if (str_eq(r->warnings[i], text))
			return;
	r->warnings = arena_grow(r->arena, r->warnings, r->warning_count * sizeof text,
				 (r->warning_count + 1) * sizeof text);
	r->warnings[r->warning_count++] = text;
}

struct str request_printf(struct request *r, const char *format, ...)
{
	va_list args;
	struct str text;

	va_start(args, format);
	text = arena_vprintf(r->arena, format, args);
	va_end(args);
	return text;
}

int32_t request_retry_after(const struct request *r)
{
	if (r->answer.retry_after_s > 0 || r->answer.failure == NULL)
		return r->answer.retry_after_s;
	return r->answer.failure->retry_after_s > 0 ? r->answer.failure->retry_after_s : 0;
}

bool request_is_dry_run(const struct request *r)
{
	return r->options.dry_run_count > 0;
}

struct str request_group(const struct request *r)
{
	return r->resource ? r->resource->row->group : r->route.group;
}

struct str request_resource(const struct request *r)
{
	return r->resource ? r->resource->row->name : r->route.resource;
}

/* ---- mechanisms ---------------------------------------------------------------------------------------------------- */

static struct request *request_of(struct waiter *waiter)
{
	return ((struct mechanism *)(void *)((char *)waiter - offsetof(struct mechanism, waiter)))
	    ->request;
}

static void mechanism_refresh(struct waiter *waiter)
{
	request_refresh(request_of(waiter));
}

static void mechanism_resume(struct waiter *waiter)
{
	waiter->on_cancel = NULL;
	request_run(request_of(waiter));
}

static enum check mechanism_convert(struct waiter *waiter, const struct type *from,
				    const void *const *records, uint32_t count,
				    const struct type *to, const void **out, struct str *failed)
{
	return conversion_records(request_of(waiter), from, records, count, to, out, failed);
}

/* In nobody's name but its own, so that no level and no right stands in the way of who waits for it. */
static void mechanism_create(struct waiter *waiter, const struct type *type, const void *record)
{
	static const struct str masters = STR("system:masters");
	struct request *r = request_of(waiter);
	struct act *act = r->server->act;
	struct api_call call =
	    request_call("POST", request_path(r->arena, type, STR_NONE, STR_NONE, NULL),
			 STR("system:apiserver"));

	call.groups = &masters;
	call.group_count = 1;
	request_set_record(&call, type, record);
	r->is_at_store = act_request(act, act_self(act), &api_call_type, &call,
				     LIMIT_REQUEST_MS * 2, r->tag) == OK;
	r->is_fresh = false; /* those who look for it next have to see it, whoever made it */
	if (r->is_at_store)
		return;
	api_call_free(&call);
	feed_refresh(r->server, r);
}

static const struct failure *mechanism_created(struct waiter *waiter)
{
	struct request *r = request_of(waiter);
	const struct act_msg *msg = r->store_answer;
	struct failure failure;

	r->store_answer = NULL;
	if (msg == NULL || msg->status != OK)
		return failure_of(r->arena, msg != NULL ? msg->status : UNAVAILABLE, NULL);
	if (ACT_AS(msg, api_answer)->code < 400)
		return NULL;
	if (failure_decode(ACT_AS(msg, api_answer)->body, FORMAT_PROTO, r->arena, &failure) != OK)
		return failure_internal(r->arena, "the answer cannot be read");
	return arena_copy(r->arena, &failure, sizeof failure);
}

/* At least one: who has none left is ended by its deadline. */
static uint32_t left_ms(const struct request *r)
{
	int64_t left_ns = r->deadline.ns - act_now(r->server->act).ns;

	if (left_ns < TIME_MS)
		return 1;
	return left_ns / TIME_MS > LIMIT_REQUEST_MS ? LIMIT_REQUEST_MS
						    : (uint32_t)(left_ns / TIME_MS);
}

struct check_context request_context(struct request *r)
{
	r->mechanism.request = r;
	r->mechanism.waiter.refresh = mechanism_refresh;
	r->mechanism.waiter.resume = mechanism_resume;
	r->mechanism.waiter.create = mechanism_create;
	r->mechanism.waiter.created = mechanism_created;
	r->mechanism.waiter.convert = mechanism_convert;
	return (struct check_context){
		.arena = r->arena,
		.act = r->server->act,
		.reader = &r->server->reader,
		.waiter = &r->mechanism.waiter,
		.services = r->server->config->services,
		.outside = callers_face(r->server->callers),
		.left_ms = left_ms(r),
		.now = act_wall(r->server->act),
		.is_fresh = r->is_fresh,
		.state = r->mechanism.state,
	};
}
