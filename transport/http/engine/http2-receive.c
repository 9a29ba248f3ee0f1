#include "runtime/base/limits.h"
#include "transport/http/engine/http.h"
#include "transport/http/engine/http2-private.h"

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct http2 *http2 = user;
	struct http_engine *engine = &http2->engine;
	if (!engine->is_server || frame->hd.type != NGHTTP2_HEADERS ||
	    frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	struct http_stream *stream = engine->events->opened(engine->owner);
	if (stream == NULL) {
		http2_check(nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE,
						      frame->hd.stream_id, NGHTTP2_REFUSED_STREAM));
		return 0;
	}
	http_engine_adopt(engine, stream);
	stream->id = frame->hd.stream_id;
	stream->in.version = HTTP_2;
	nghttp2_session_set_stream_user_data(session, stream->id, stream);
	return 0;
}

static void take_pseudo(struct http_stream *stream, struct str name, struct str value)
{
	struct http_head *in = &stream->in;
	if (str_is(name, ":status")) {
		uint64_t code = 0;
		in->code = str_to_u64(value, &code) == OK && code < 1000 ? (int)code : 0;
	} else if (str_is(name, ":method")) {
		in->method = arena_str(stream->arena, value);
	} else if (str_is(name, ":path")) {
		in->target = arena_str(stream->arena, value);
	} else if (str_is(name, ":authority")) {
		in->authority = arena_str(stream->arena, value);
	} else if (str_is(name, ":scheme")) {
		in->scheme = arena_str(stream->arena, value);
	}
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name_at,
		     size_t name_len, const uint8_t *value_at, size_t value_len, uint8_t flags,
		     void *user)
{
	(void)session;
	(void)flags;
	struct http_stream *stream = http2_stream(user, frame->hd.stream_id);
	if (stream == NULL)
		return 0;
	struct str name = str_of(name_at, name_len), value = str_of(value_at, value_len);
	if (stream->in_lines.is_cut || stream->in_line_count > LIMIT_HEADERS ||
	    value.len > LIMIT_HEADER_BYTES)
		stream->in_lines.is_cut = true; /* told when the head is complete */
	else if (name.len > 0 && name.at[0] == ':')
		take_pseudo(stream, name, value);
	else if (!http_stream_line(stream, name, value))
		stream->in_lines.is_cut = true;
	return 0;
}

static void refuse(struct http2 *http2, struct http_stream *stream, const char *code)
{
	const nghttp2_nv nv = { (uint8_t *)(uintptr_t) ":status", (uint8_t *)(uintptr_t)code, 7, 3,
				NGHTTP2_NV_FLAG_NONE };
	if (http2->engine.is_server)
		http2_check(nghttp2_submit_response(http2->session, stream->id, &nv, 1, NULL));
	else
		http2_check(nghttp2_submit_rst_stream(http2->session, NGHTTP2_FLAG_NONE, stream->id,
						      NGHTTP2_CANCEL));
	http2_forget(http2, stream, BAD_REQUEST);
}

static void say_continue(struct http2 *http2, struct http_stream *stream)
{
	static const nghttp2_nv nv = { (uint8_t *)(uintptr_t) ":status",
				       (uint8_t *)(uintptr_t) "100", 7, 3, NGHTTP2_NV_FLAG_NONE };
	http2_check(nghttp2_submit_headers(http2->session, NGHTTP2_FLAG_NONE, stream->id, NULL, &nv,
					   1, NULL));
}

static void take_head(struct http2 *http2, struct http_stream *stream, bool is_last)
{
	struct http_engine *engine = &http2->engine;
	if (stream->in_lines.is_cut) {
		refuse(http2, stream, "431");
		return;
	}
	struct http_headers headers = http_stream_lines(stream);
	if (stream->has_in_head) {
		stream->in_trailers = headers;
		return;
	}
	if (!engine->is_server && stream->in.code < 200)
		return; /* an interim answer */
	stream->in.headers = headers;
	stream->in.version = HTTP_2;
	if (http_stream_read_length(stream) != OK) {
		refuse(http2, stream, "400");
		return;
	}
	if (engine->is_server && stream->in.authority.at == NULL)
		stream->in.authority = http_header_get(headers, STR("host"));
	stream->has_in_head = true;
	int32_t id = stream->id;
	engine->events->head(engine->owner, stream);
	if (engine->is_server && !is_last && http2_stream(http2, id) == stream &&
	    !stream->is_out_begun &&
	    str_eq_nocase(http_header_get(headers, STR("expect")), STR("100-continue")))
		say_continue(http2, stream);
}

static void take_end(struct http2 *http2, int32_t id)
{
	struct http_stream *stream = http2_stream(http2, id);
	if (stream == NULL || stream->is_in_ended || !stream->has_in_head)
		return;
	stream->is_in_ended = true;
	http2->engine.events->ended(http2->engine.owner, stream);
}

static void take_ping(struct http2 *http2)
{
	http2->engine.pongs++;
	if (!http2->engine.is_draining || http2->is_leaving || !http2->engine.is_server)
		return;
	/* What the peer sent before it saw our notice has arrived: now the last number is known (RFC 9113, 6.8). */
	http2->is_leaving = true;
	int32_t last = nghttp2_session_get_last_proc_stream_id(http2->session);
	http2_check(nghttp2_submit_goaway(http2->session, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR,
					  NULL, 0));
}

/*
 * Its answer may wait for another to go with, but not beside a body, whose windows depend on it. At most one waits: peers count the time until
 * it comes, of whichever they sent.
 */
static bool take_request_for_life(struct http2 *http2, const uint8_t *opaque)
{
	const struct http_engine *engine = &http2->engine;
	bool is_sending = engine->is_draining;
	if (http2->has_ping && !http2_pong(http2))
		return false;
	http2->has_ping = true;
	memcpy(http2->ping, opaque, sizeof http2->ping);
	list_each (&engine->streams, link)
		is_sending = is_sending || list_item(link, struct http_stream, link)->out.bytes > 0;
	return !is_sending || http2_pong(http2);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	(void)session;
	struct http2 *http2 = user;
	bool is_last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS: {
		struct http_stream *stream = http2_stream(http2, frame->hd.stream_id);
		if (stream != NULL)
			take_head(http2, stream, is_last);
		if (is_last)
			take_end(http2, frame->hd.stream_id);
		break;
	}
	case NGHTTP2_DATA:
		if (is_last)
			take_end(http2, frame->hd.stream_id);
		break;
	case NGHTTP2_PING:
		if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0)
			take_ping(http2);
		else if (http2->engine.is_server &&
			 !take_request_for_life(http2, frame->ping.opaque_data))
			return NGHTTP2_ERR_CALLBACK_FAILURE;
		break;
	case NGHTTP2_GOAWAY: http2->engine.is_draining = true; break;
	default: break;
	}
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *at,
		   size_t len, void *user)
{
	(void)flags;
	struct http2 *http2 = user;
	struct http_stream *stream = http2_stream(http2, id);
	if (stream == NULL || (http2->engine.is_server && stream->is_out_ended)) {
		http2_check(
		    nghttp2_session_consume(session, id, len)); /* nobody's: let the peer go on */
		return 0;
	}
	stream->unconsumed_bytes += len;
	http2->engine.events->body(http2->engine.owner, stream, str_of(at, len));
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
	(void)session;
	struct http2 *http2 = user;
	struct http_stream *stream = http2_stream(http2, id);
	if (stream == NULL)
		return 0;
	bool is_whole = stream->is_in_ended && stream->is_out_ended && stream->out.bytes == 0;
	/* A server may have said all it had to say before the request was whole (RFC 9113, 8.1). */
	if (code == NGHTTP2_NO_ERROR && (stream->is_in_ended || http2->engine.is_server))
		is_whole = !http2->engine.is_server || stream->is_out_ended;
	enum status why = is_whole                         ? OK
			  : code == NGHTTP2_REFUSED_STREAM ? UNAVAILABLE
			  : code == NGHTTP2_PROTOCOL_ERROR ? BAD_REQUEST
							   : CANCELLED;
	http2_forget(http2, stream, why);
	return 0;
}

static int on_error(nghttp2_session *session, int code, const char *text, size_t len, void *user)
{
	(void)session;
	(void)code;
	struct http2 *http2 = user;
	(void)fault_set(&http2->engine.fault, BAD_REQUEST, "", "%.*s", (int)len, text);
	return 0;
}

void http2_receive(nghttp2_session_callbacks *callbacks)
{
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	nghttp2_session_callbacks_set_error_callback2(callbacks, on_error);
}
