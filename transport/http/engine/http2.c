#include "runtime/base/limits.h"
#include "runtime/base/mem.h"
#include "transport/http/engine/http.h"
#include "transport/http/engine/http2-private.h"
#include "transport/http/engine/memory.h"
#include "transport/http/engine/queue.h"

/*
 * HTTP/2 (RFC 9113) over nghttp2. Bodies go out of a stream's queue straight into the buffer that is being filled; the peer's
 * windows are opened again only by http_stream_consume, so flow control reaches whoever reads.
 *
 * nghttp2 may hold a stream longer than its owner does (a reset that waits to be sent), so its callbacks find ours by the
 * stream's user data, which http2 takes away when it forgets the stream; NULL there means "nobody's any more".
 */

/* As upstream's API server: a window per stream, and all streams' windows together for the connection. */
#define STREAM_WINDOW_BYTES (256U * KIB)
#define CONNECTION_WINDOW_BYTES (STREAM_WINDOW_BYTES * LIMIT_STREAMS)
#define FRAME_HEADER_BYTES 9U
#define FRAME_BODY_BYTES (HTTP_FRAME_BYTES - FRAME_HEADER_BYTES)
#define PSEUDO_MAX 6U /* pseudo headers, date and content-length */

static struct http2 *http2_of(struct http_engine *engine)
{
	return (struct http2 *)engine;
}

static void update_done(struct http2 *http2)
{
	if (nghttp2_session_want_read(http2->session) == 0 &&
	    nghttp2_session_want_write(http2->session) == 0)
		http2->engine.is_done = true;
}

void http2_forget(struct http2 *http2, struct http_stream *stream, enum status why)
{
	nghttp2_session_set_stream_user_data(http2->session, stream->id, NULL);
	if (stream->unconsumed_bytes > 0)
		http2_check(
		    nghttp2_session_consume_connection(http2->session, stream->unconsumed_bytes));
	stream->unconsumed_bytes = 0;
	http_engine_forget(stream, why);
}

/* ---- receiving --------------------------------------------------------------------------------------- */

static void lose_all(struct http2 *http2)
{
	struct http_engine *engine = &http2->engine;
	engine->is_done = true;
	while (!list_is_empty(&engine->streams)) {
		struct http_stream *stream =
		    list_item(engine->streams.next, struct http_stream, link);
		bool is_unheard = !engine->is_server && !stream->has_in_head;
		http2_forget(http2, stream, is_unheard ? GONE : CANCELLED);
	}
}

static void feed(struct http_engine *engine, struct str *in)
{
	struct http2 *http2 = http2_of(engine);
	ssize_t taken = nghttp2_session_mem_recv(http2->session, (const uint8_t *)in->at, in->len);
	if (taken < 0) {
		if (engine->fault.text[0] == '\0')
			(void)fault_set(&engine->fault, BAD_REQUEST, "", "%s",
					nghttp2_strerror((int)taken));
		lose_all(http2);
		return;
	}
	*in = str_slice(*in, (uint32_t)taken, in->len);
	update_done(http2);
}

static void feed_end(struct http_engine *engine)
{
	lose_all(http2_of(engine));
}

/* ---- sending -------------------------------------------------------------------------------------------- */

static ssize_t on_send(nghttp2_session *session, const uint8_t *at, size_t len, int flags,
		       void *user)
{
	(void)session;
	(void)flags;
	struct text *out = ((struct http2 *)user)->out;
	size_t room = out->max - out->len;
	if (room == 0)
		return NGHTTP2_ERR_WOULDBLOCK;
	size_t taken = len < room ? len : room;
	text_add_bytes(out, at, taken);
	return (ssize_t)taken;
}

static nghttp2_nv nv_of(struct str name, struct str value)
{
	return (nghttp2_nv){ (uint8_t *)(uintptr_t)name.at, (uint8_t *)(uintptr_t)value.at,
			     name.len, value.len, NGHTTP2_NV_FLAG_NONE };
}

/* A value that no other answer has would push out of the table of the connection those that all have. */
static nghttp2_nv header_nv(const struct http_header *header)
{
	nghttp2_nv nv = nv_of(header->name, header->value);
	if (str_is(header->name, "audit-id"))
		nv.flags |= NGHTTP2_NV_FLAG_NO_INDEX;
	return nv;
}

static size_t add_headers(nghttp2_nv *nv, struct http_headers headers)
{
	size_t count = 0;
	for (uint32_t i = 0; i < headers.count; i++)
		if (!http_header_is_framing(headers.at[i].name) &&
		    http_header_is_valid(&headers.at[i]))
			nv[count++] = header_nv(&headers.at[i]);
	return count;
}

static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t max,
		       uint32_t *flags, nghttp2_data_source *source, void *user)
{
	(void)buffer;
	(void)source;
	struct http2 *http2 = user;
	struct http_stream *stream = http2_stream(http2, id);
	if (stream == NULL)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	size_t waiting = stream->out.bytes;
	if (max > FRAME_BODY_BYTES)
		max = FRAME_BODY_BYTES;
	if (waiting == 0 && !stream->is_out_ended) {
		stream->is_waiting = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (waiting > max || !stream->is_out_ended)
		return (ssize_t)(waiting < max ? waiting : max);
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (stream->out_trailers.count > 0) {
		nghttp2_nv *nv = arena_array(stream->arena, nghttp2_nv, stream->out_trailers.count);
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		http2_check(
		    nghttp2_submit_trailer(session, id, nv, add_headers(nv, stream->out_trailers)));
	}
	return (ssize_t)waiting;
}

/* The frame's header and its bytes go out together or not at all, so that a stream can be given up between frames only. */
static int on_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header,
			size_t len, nghttp2_data_source *source, void *user)
{
	(void)session;
	(void)source;
	struct http2 *http2 = user;
	struct http_stream *stream = http2_stream(http2, frame->hd.stream_id);
	if (stream == NULL)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (http2->out->max - http2->out->len < len + FRAME_HEADER_BYTES)
		return NGHTTP2_ERR_WOULDBLOCK;
	assert(frame->data.padlen == 0 && stream->out.bytes >= len);
	text_add_bytes(http2->out, header, FRAME_HEADER_BYTES);
	http_queue_move(&stream->out, http2->out, len);
	http2->engine.events->moved(http2->engine.owner, stream);
	return 0;
}

/* A server that has said all it had to say wants no more of the request: once its end is out, not before (RFC 9113, 8.1). */
static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct http2 *http2 = user;
	bool can_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
	if (can_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 && http2->engine.is_server &&
	    nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0)
		http2_check(nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE,
						      frame->hd.stream_id, NGHTTP2_NO_ERROR));
	return 0;
}

static void fill(struct http_engine *engine, struct text *out)
{
	struct http2 *http2 = http2_of(engine);
	if (nghttp2_session_want_write(http2->session) == 0) {
		update_done(http2);
		return;
	}
	http2->out = out;
	int code = nghttp2_session_send(http2->session);
	http2->out = NULL;
	if (code != 0) {
		(void)fault_set(&engine->fault, BAD_REQUEST, "", "%s", nghttp2_strerror(code));
		lose_all(http2);
		return;
	}
	update_done(http2);
}

static bool has_output(const struct http_engine *engine)
{
	return nghttp2_session_want_write(((const struct http2 *)engine)->session) != 0;
}

static bool is_patient(const struct http_engine *engine)
{
	return ((const struct http2 *)engine)->has_ping;
}

bool http2_pong(struct http2 *http2)
{
	http2->has_ping = false;
	return nghttp2_submit_ping(http2->session, NGHTTP2_FLAG_ACK, http2->ping) == 0;
}

/* One at a time is never too many. */
static void pong(struct http_engine *engine)
{
	(void)http2_pong(http2_of(engine));
}

static size_t add_length(nghttp2_nv *nv, struct arena *arena, int64_t length)
{
	if (length < 0)
		return 0;
	*nv = nv_of(STR("content-length"), arena_printf(arena, "%lld", (long long)length));
	return 1;
}

static void begin(struct http_stream *stream, const struct http_head *head, bool has_body)
{
	struct http2 *http2 = http2_of(stream->engine);
	nghttp2_nv *nv =
	    arena_alloc(stream->arena, (head->headers.count + PSEUDO_MAX) * sizeof(nghttp2_nv));
	char code[4] = { (char)('0' + head->code / 100), (char)('0' + head->code / 10 % 10),
			 (char)('0' + head->code % 10), '\0' };
	size_t count = 0;
	nv[count++] = nv_of(STR(":status"), str_of(code, 3));
	count += add_headers(nv + count, head->headers);
	if (!http_code_is_bodiless(head->code))
		count += add_length(nv + count, stream->arena, head->content_length);
	if (http2->engine.date != NULL)
		nv[count++] = nv_of(STR("date"), *http2->engine.date);
	bool sends_body = has_body && !stream->is_out_hidden;
	nghttp2_data_provider provider = { .read_callback = on_read };
	http2_check(nghttp2_submit_response(http2->session, stream->id, nv, count,
					    sends_body ? &provider : NULL));
}

static void start(struct http_stream *stream, const struct http_head *head, bool has_body)
{
	struct http2 *http2 = http2_of(stream->engine);
	nghttp2_nv *nv =
	    arena_alloc(stream->arena, (head->headers.count + PSEUDO_MAX) * sizeof(nghttp2_nv));
	size_t count = 0;
	nv[count++] = nv_of(STR(":method"), head->method);
	nv[count++] = nv_of(STR(":scheme"), head->scheme);
	nv[count++] = nv_of(STR(":authority"), head->authority);
	nv[count++] = nv_of(STR(":path"), head->target);
	count += add_headers(nv + count, head->headers);
	if (has_body || head->content_length > 0)
		count += add_length(nv + count, stream->arena, head->content_length);
	nghttp2_data_provider provider = { .read_callback = on_read };
	stream->in.method = arena_str(stream->arena, head->method);
	int32_t id = nghttp2_submit_request(http2->session, NULL, nv, count,
					    has_body ? &provider : NULL, stream);
	if (id < 0) { /* all numbers are used up: the connection has served its time */
		http2->engine.is_draining = true;
		http_engine_forget(stream, UNAVAILABLE);
		return;
	}
	stream->id = id;
}

static void poke(struct http_stream *stream)
{
	if (!stream->is_waiting)
		return;
	stream->is_waiting = false;
	http2_check(nghttp2_session_resume_data(http2_of(stream->engine)->session, stream->id));
}

static void consume(struct http_stream *stream, size_t bytes)
{
	http2_check(nghttp2_session_consume(http2_of(stream->engine)->session, stream->id, bytes));
}

static void reset(struct http_stream *stream)
{
	struct http2 *http2 = http2_of(stream->engine);
	http2_check(nghttp2_submit_rst_stream(http2->session, NGHTTP2_FLAG_NONE, stream->id,
					      http2->engine.is_server ? NGHTTP2_INTERNAL_ERROR
								      : NGHTTP2_CANCEL));
	http2_forget(http2, stream, CANCELLED);
}

static bool ping(struct http_engine *engine)
{
	return nghttp2_submit_ping(http2_of(engine)->session, NGHTTP2_FLAG_NONE, NULL) == 0;
}

static void drain(struct http_engine *engine)
{
	struct http2 *http2 = http2_of(engine);
	if (engine->is_server) {
		http2_check(nghttp2_submit_shutdown_notice(http2->session));
		(void)ping(engine);
	} else if (engine->stream_count == 0) {
		http2_check(nghttp2_session_terminate_session(http2->session, NGHTTP2_NO_ERROR));
	}
}

static void http2_free(struct http_engine *engine)
{
	nghttp2_session_del(http2_of(engine)->session);
	mem_free(engine);
}

static const struct http_engine_class http2_class = {
	.version = HTTP_2,
	.free = http2_free,
	.feed = feed,
	.feed_end = feed_end,
	.fill = fill,
	.has_output = has_output,
	.is_patient = is_patient,
	.pong = pong,
	.drain = drain,
	.ping = ping,
	.start = start,
	.begin = begin,
	.poke = poke,
	.consume = consume,
	.reset = reset,
};

static nghttp2_session_callbacks *make_callbacks(void)
{
	nghttp2_session_callbacks *callbacks = NULL;
	http2_check(nghttp2_session_callbacks_new(&callbacks));
	nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
	nghttp2_session_callbacks_set_send_data_callback(callbacks, on_send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
	http2_receive(callbacks);
	return callbacks;
}

static void make_session(struct http2 *http2, bool is_server, nghttp2_mem *memory)
{
	nghttp2_session_callbacks *callbacks = make_callbacks();
	nghttp2_option *option = NULL;
	http2_check(nghttp2_option_new(&option));
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_option_set_no_auto_ping_ack(option, is_server);
	nghttp2_option_set_no_closed_streams(option, 1); /* kept for priorities, which nobody uses */
	if (is_server)
		http2_check(
		    nghttp2_session_server_new3(&http2->session, callbacks, http2, option, memory));
	else
		http2_check(nghttp2_session_client_new2(&http2->session, callbacks, http2, option));
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
}

static struct http_engine *make(bool is_server, nghttp2_mem *memory,
				const struct http_events *events, void *owner)
{
	struct http2 *http2 = mem_new(struct http2);
	http_engine_init(&http2->engine, &http2_class, is_server, events, owner);
	make_session(http2, is_server, memory);
	const nghttp2_settings_entry entries[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, LIMIT_STREAMS },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, LIMIT_HEADER_BYTES },
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
	};
	/* A server does not push and may not say so (RFC 9113, 6.5.2). */
	http2_check(
	    nghttp2_submit_settings(http2->session, NGHTTP2_FLAG_NONE, entries, is_server ? 3 : 4));
	http2_check(nghttp2_session_set_local_window_size(http2->session, NGHTTP2_FLAG_NONE, 0,
							  (int32_t)CONNECTION_WINDOW_BYTES));
	return &http2->engine;
}

struct http_engine *http2_new(bool is_server, const struct http_events *events, void *owner)
{
	return make(is_server, NULL, events, owner);
}

struct http_engine *http2_new_in(struct http_memory *memory, const struct http_events *events,
				 void *owner)
{
	nghttp2_mem face = { memory, http_memory_take, http_memory_give, http_memory_take_zeros,
			     http_memory_resize };
	return make(true, &face, events, owner);
}
