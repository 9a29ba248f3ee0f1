#include <assert.h>

#include "runtime/base/limits.h"
#include "runtime/base/mem.h"
#include "transport/http/client-private.h"

/* ---- life ------------------------------------------------------------------------------------------------- */

void call_unref(struct http_call *call)
{
	assert(call->refs > 0);
	if (--call->refs > 0)
		return;
	assert(call->line == NULL);
	list_remove(&call->owing_link);
	http_queue_clear(&call->in);
	http_queue_clear(&call->early);
	if (call->request.body.release != NULL)
		call->request.body.release(call->request.body.arg);
	if (call->hub != NULL)
		wire_hub_unref(call->hub);
	arena_free(call->stream.arena); /* the call lies in it */
}

static void copy_request(struct http_call *call, const struct http_request *request)
{
	struct arena *arena = call->stream.arena;
	struct http_request *own = &call->request;
	*own = *request;
	own->method = arena_str(arena, request->method);
	own->path = arena_str(arena, request->path);
	own->authority = arena_str(arena, request->authority);
	own->upgrade = arena_str(arena, request->upgrade);
	uint32_t count = request->headers.count;
	/* One more than was given: http_call's upgrade goes with them. */
	struct http_header *headers = arena_array(arena, struct http_header, count + 1);
	for (uint32_t i = 0; i < count; i++)
		headers[i] = (struct http_header){ arena_str(arena, request->headers.at[i].name),
						   arena_str(arena, request->headers.at[i].value) };
	if (own->upgrade.at != NULL)
		headers[count++] = (struct http_header){ STR("upgrade"), own->upgrade };
	own->headers = (struct http_headers){ headers, count };
	if (request->body.release == NULL)
		own->body.data = arena_str(arena, request->body.data);
	if (own->timeout_ms == 0)
		own->timeout_ms = LIMIT_REQUEST_MS;
	if (own->answer_max_bytes == 0)
		own->answer_max_bytes = LIMIT_ANSWER_BYTES;
}

static void detach(struct http_call *call)
{
	if (call->line != NULL) {
		struct wire *wire = &call->line->wire;
		http_stream_reset(&call->stream); /* `closed` takes it from the line */
		wire_touch(wire);
	} else if (call->state == CALL_WAITING) {
		list_remove(&call->link);
		call->state = CALL_ENDED;
		call->client->call_count--;
		call->client = NULL;
		call_unref(call);
	}
}

static void close_owned(void *arg)
{
	struct http_call *call = arg;
	call->is_closed = true;
	call->user = NULL;
	call->owes = 0;
	list_remove(&call->owing_link);
	detach(call);
	call_unref(call);
}

void http_call_close(struct http_call *call)
{
	act_disown(call->act, call->own_id);
	act_request_cancel(call->act, call->tag);
	close_owned(call);
}

static struct http_call *make_call(struct act *act, const struct http_request *request)
{
	struct arena *arena = arena_new(0);
	struct http_call *call = arena_new_of(arena, struct http_call);
	call->stream.arena = arena;
	call->refs = 1;
	call->act = act;
	call->caller = act_self(act);
	list_init(&call->link);
	list_init(&call->owing_link);
	copy_request(call, request);
	return call;
}

/* Of a call that the client never got. */
static void unmake(struct http_call *call)
{
	arena_free(call->stream.arena);
}

enum status http_call(struct act *act, struct act_ref client, const struct http_request *request,
		      uint64_t tag, struct http_call **out)
{
	struct http_call *call = make_call(act, request);
	struct http_call_open open = { call };
	call->tag = tag;
	call->refs++;
	enum status status =
	    act_request(act, client, &http_call_open_type, &open, call->request.timeout_ms, tag);
	if (status != OK) {
		unmake(call);
		return status;
	}
	call->own_id = act_own(act, close_owned, call);
	*out = call;
	return OK;
}

enum status http_fetch(struct act *act, struct act_ref client, const struct http_request *request,
		       struct http_call **out, struct fault *why)
{
	struct http_call *call = make_call(act, request);
	struct http_call_open open = { call };
	const struct act_msg *answer = NULL;
	call->refs++;
	call->own_id = act_own(act, close_owned, call);
	enum status status =
	    act_ask(act, client, &http_call_open_type, &open, call->request.timeout_ms, &answer);
	if (status == OK) {
		*out = call;
		return OK;
	}
	/* Out of time the message may still be on its way; in any other case it was dropped, or never taken from us. */
	if (status != TIMEOUT && !call->is_open_dropped)
		call_unref(call);
	if (call->fault.text[0] == '\0')
		(void)fault_set(why, status, "", "%s", status_text(status));
	else if (why != NULL)
		*why = call->fault;
	act_disown(act, call->own_id);
	close_owned(call);
	return status;
}

void call_start(struct http_call *call, struct line *line)
{
	const struct http_request *request = &call->request;
	struct client *client = line->client;
	bool has_body =
	    request->is_body_streamed || request->body.data.len > 0 || request->upgrade.at != NULL;
	struct http_head head = {
		.method = request->method,
		.target = request->path,
		.scheme = client->url.is_tls ? STR("https") : STR("http"),
		.authority = request->authority.at != NULL ? request->authority : client->authority,
		.headers = request->headers,
		.content_length = !request->is_body_streamed ? (int64_t)request->body.data.len
				  : request->body_bytes > 0  ? request->body_bytes
							     : HTTP_LENGTH_UNKNOWN,
	};
	list_push(&line->calls, &call->link);
	call->line = line;
	call->state = CALL_SENT;
	call->body = text_in(call->stream.arena, request->answer_max_bytes);
	http_engine_start(line->engine, &call->stream, &head, has_body);
	if (has_body) {
		http_stream_add(&call->stream, HTTP_BYTES(request->body.data));
		http_stream_take(&call->stream, &call->early);
		if (call->has_ended || (request->upgrade.at == NULL && !request->is_body_streamed))
			http_stream_end(&call->stream, (struct http_headers){ 0 });
	}
	wire_touch(&line->wire);
}

/* ---- the answer ----------------------------------------------------------------------------------------------- */

void http_call_set_user(struct http_call *call, void *user)
{
	call->user = user;
}

void *http_call_user(const struct http_call *call)
{
	return call->user;
}

bool http_call_is_closed(const struct http_call *call)
{
	return call->is_closed;
}

const struct fault *http_call_fault(const struct http_call *call)
{
	return &call->fault;
}

int http_call_code(const struct http_call *call)
{
	return call->answer.code;
}

struct http_headers http_call_headers(const struct http_call *call)
{
	return call->answer.headers;
}

struct str http_call_header(const struct http_call *call, struct str name)
{
	return http_header_get(call->answer.headers, name);
}

struct http_headers http_call_trailers(const struct http_call *call)
{
	return call->trailers;
}

struct str http_call_body(const struct http_call *call)
{
	return text_str(&call->body);
}

/* ---- streams ---------------------------------------------------------------------------------------------------- */

static void touch(struct http_call *call)
{
	if (call->line != NULL)
		wire_touch(&call->line->wire);
}

size_t http_call_read(struct http_call *call, void *out, size_t size, bool *ended)
{
	size_t taken = http_queue_take(&call->in, out, size);
	if (taken > 0) {
		http_stream_consume(&call->stream, taken);
		touch(call);
	}
	if (call->in.bytes == 0)
		call->is_readable_told = false;
	*ended = call->in.bytes == 0 && (call->stream.is_in_ended || call->state == CALL_ENDED);
	return taken;
}

static bool is_below_mark(struct http_call *call)
{
	touch(call);
	if (call->stream.out.bytes + call->early.bytes <= LIMIT_STREAM_BUFFER_BYTES)
		return true;
	call->wants_writable = true;
	return false;
}

/* Before there is a connection; its pieces go into the stream's queue when there is one. */
static bool is_early(const struct http_call *call)
{
	return call->state == CALL_OPENING || call->state == CALL_WAITING;
}
bool http_call_write_copy(struct http_call *call, struct str bytes)
{
	assert(!call->has_ended);
	if (is_early(call))
		http_queue_copy(&call->early, bytes);
	else
		http_stream_copy(&call->stream, bytes);
	return is_below_mark(call);
}

void http_call_end(struct http_call *call)
{
	call->has_ended = true;
	if (is_early(call))
		return;
	http_stream_end(&call->stream, (struct http_headers){ 0 });
	touch(call);
}
