#include <assert.h>

#include "runtime/base/limits.h"
#include "runtime/base/mem.h"
#include "transport/http/client-private.h"

#define IDLE_MS 90000U /* as Go's client: below what servers wait for */
#define LINGER_MS 2000U

static struct line *line_of(struct wire *wire)
{
	return list_item(wire, struct line, wire);
}

static struct http_call *call_of(struct http_stream *stream)
{
	return list_item(stream, struct http_call, stream);
}

bool line_is_free(const struct line *line)
{
	const struct http_engine *engine = line->engine;
	if (engine == NULL || engine->is_done || engine->is_draining || line->wire.stream == NULL)
		return false;
	return engine->stream_count < (engine->class->version == HTTP_2 ? LIMIT_STREAMS : 1);
}

/* ---- what the engine tells ------------------------------------------------------------------------------- */

static void on_head(void *owner, struct http_stream *stream)
{
	struct line *line = owner;
	struct http_call *call = call_of(stream);
	call->answer = stream->in;
	if (call->request.is_answer_streamed || stream->in.code == 101)
		client_answer(line->client, call);
}

static void tell_readable(struct line *line, struct http_call *call)
{
	if (call->is_readable_told)
		return;
	call->is_readable_told = true;
	client_tell(line->client, call, CALL_OWES_READABLE);
}

static void on_body(void *owner, struct http_stream *stream, struct str bytes)
{
	struct line *line = owner;
	struct http_call *call = call_of(stream);
	if (call->state == CALL_ANSWERED) {
		http_queue_copy(&call->in, bytes);
		tell_readable(line, call);
		return;
	}
	http_stream_consume(stream, bytes.len);
	if (call->state != CALL_SENT)
		return;
	text_add(&call->body, bytes);
	if (!call->body.is_cut)
		return;
	client_fail(line->client, call, TOO_LARGE, "the answer is larger than the limit");
	http_stream_reset(stream);
}

static void on_ended(void *owner, struct http_stream *stream)
{
	struct line *line = owner;
	struct http_call *call = call_of(stream);
	line->served++;
	call->trailers = stream->in_trailers;
	if (call->state == CALL_SENT)
		client_answer(line->client, call);
	else if (call->state == CALL_ANSWERED)
		tell_readable(line, call);
}

static void on_moved(void *owner, struct http_stream *stream)
{
	struct line *line = owner;
	struct http_call *call = call_of(stream);
	if (!call->wants_writable || stream->out.bytes > LIMIT_STREAM_BUFFER_BYTES / 4)
		return;
	call->wants_writable = false;
	client_tell(line->client, call, CALL_OWES_WRITABLE);
}

/*
 * Whether it may be sent again: the server said that it did not begin (UNAVAILABLE), or a kept connection turned out to
 * be closed (GONE) and asking twice does no harm. Once; and not when pieces of the body are gone.
 */
static bool may_repeat(const struct line *line, const struct http_call *call, enum status why)
{
	const struct http_request *request = &call->request;
	if (call->is_repeated || request->is_body_streamed || call->state != CALL_SENT)
		return false;
	bool is_harmless = str_is(request->method, "GET") || str_is(request->method, "HEAD");
	return why == UNAVAILABLE || (why == GONE && is_harmless && line->served > 0);
}

static const char *words_of(const struct line *line, enum status why)
{
	if (line->wire.fault.text[0] != '\0')
		return line->wire.fault.text;
	if (line->engine->fault.text[0] != '\0')
		return line->engine->fault.text;
	return why == BAD_REQUEST ? "the answer is not HTTP" : "the connection was lost";
}

static void on_closed(void *owner, struct http_stream *stream, enum status why)
{
	struct line *line = owner;
	struct client *client = line->client;
	struct http_call *call = call_of(stream);
	list_remove(&call->link);
	call->line = NULL;
	line->idle_since = act_now(client->act);
	client_dispatch_later(client);
	if (!call->is_closed && may_repeat(line, call, why)) {
		call->is_repeated = true;
		call->state = CALL_WAITING;
		list_push(&client->waiting, &call->link);
		return;
	}
	if (call->state == CALL_SENT && !call->is_closed) {
		client_fail(client, call, why == BAD_REQUEST ? BAD_REQUEST : UNAVAILABLE,
			    words_of(line, why));
	} else if (call->state == CALL_ANSWERED && why != OK && !stream->is_in_ended) {
		call->broken_why = why;
		(void)fault_set(&call->fault, why, "", "%s", words_of(line, why));
		client_tell(client, call, CALL_OWES_BROKEN);
	}
	call->state = CALL_ENDED;
	call->client = NULL;
	client->call_count--;
	call_unref(call);
}

static struct http_stream *on_opened(void *owner)
{
	(void)owner;
	return NULL; /* servers open nothing here */
}

static struct str on_refused(void *owner, int code, const char *why, struct str *out_type)
{
	(void)owner;
	(void)code;
	(void)why;
	(void)out_type;
	return STR("");
}

static const struct http_events engine_events = {
	.opened = on_opened,
	.head = on_head,
	.body = on_body,
	.ended = on_ended,
	.moved = on_moved,
	.closed = on_closed,
	.refused = on_refused,
};

/* ---- what the wire tells ------------------------------------------------------------------------------------ */

static struct http_engine *on_ready(struct wire *wire, struct str alpn)
{
	struct line *line = line_of(wire);
	struct client *client = line->client;
	client->is_known = true;
	client->is_http2 = str_is(alpn, "h2") || client->config.is_http2_known;
	client->dialing_count--;
	line->idle_since = act_now(client->act);
	line->engine = client->is_http2 ? http2_new(false, &engine_events, line)
					: http1_new(false, &engine_events, line);
	client_dispatch(client);
	return line->engine;
}

static void line_free(struct line *line)
{
	assert(list_is_empty(&line->calls));
	list_remove(&line->link);
	line->client->line_count--;
	mem_free(line);
}

static void end_dialing(struct line *line, enum status why, const char *words)
{
	struct client *client = line->client;
	client->dialing_count--;
	line_free(line);
	if (client->name != NULL)
		client->address = NULL; /* it may have moved: look the name up again */
	if (client->line_count == 0)
		client_fail_waiting(client, why == UNAUTHORIZED ? UNAUTHORIZED : UNAVAILABLE, words);
}

static void on_wire_closed(struct wire *wire, enum status why)
{
	struct line *line = line_of(wire);
	struct client *client = line->client;
	if (line->engine == NULL) {
		struct fault fault = wire->fault;
		end_dialing(line, why,
			    fault.text[0] != '\0' ? fault.text
						  : "the connection was closed in the handshake");
	} else {
		line_free(line);
	}
	client_dispatch(client);
}

static const struct wire_events wire_events = { .ready = on_ready, .closed = on_wire_closed };

/* ---- dialing -------------------------------------------------------------------------------------------------- */

static void connected(struct act *act, struct stream *stream, enum status status, void *arg)
{
	struct line *line = arg;
	struct client *client = line->client;
	client->hub->act = act;
	if (status != OK) {
		end_dialing(line, status, "the server cannot be reached");
	} else {
		struct str name = client->config.server_name.at != NULL ? client->config.server_name
									: client->url.host;
		struct tls_session *tls =
		    client->url.is_tls ? tls_session_new(client->config.tls, name) : NULL;
		line->is_connected = true;
		wire_open(&line->wire, client->hub, &wire_events, stream, tls);
	}
	client->hub->act = NULL;
}

void line_dial(struct client *client)
{
	struct line *line = mem_new(struct line);
	line->client = client;
	line->opened_at = act_now(client->act);
	list_init(&line->calls);
	list_push(&client->lines, &line->link);
	client->line_count++;
	client->dialing_count++;
	enum status status = stream_connect(client->act, client->address, client->url.port,
					    client->config.connect_ms, connected, line);
	if (status != OK)
		end_dialing(line, status, "the server's address cannot be used");
}

void line_abandon(struct line *line)
{
	if (line->is_connected)
		wire_abandon(&line->wire);
	line_free(line);
}

/* ---- limits of time ---------------------------------------------------------------------------------------------- */

static uint64_t ms_since(struct mono now, struct mono then)
{
	return now.ns <= then.ns ? 0 : (uint64_t)((now.ns - then.ns) / TIME_MS);
}

static bool is_overdue(struct line *line, struct mono now)
{
	struct wire *wire = &line->wire;
	if (wire->is_lingering)
		return ms_since(now, wire->wrote_at) > LINGER_MS;
	if (line->engine == NULL)
		return ms_since(now, line->opened_at) > line->client->config.connect_ms;
	if (list_is_empty(&line->calls))
		return ms_since(now, line->idle_since) > IDLE_MS;
	if (line->engine->class->version != HTTP_2)
		return false;
	enum silence_verdict verdict = silence_judge(&line->silence, wire->read_at, now);
	if (verdict == SILENCE_PING && http_engine_ping(line->engine))
		wire_touch(wire);
	return verdict == SILENCE_LOST;
}

void line_sweep(struct line *line, struct mono now)
{
	if (line->is_connected && is_overdue(line, now))
		wire_close(&line->wire, TIMEOUT);
}
