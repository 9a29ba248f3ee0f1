#include <assert.h>

#include "runtime/base/limits.h"
#include "runtime/base/mem.h"
#include "transport/http/engine/http1-private.h"

/*
 * HTTP/1.0 and 1.1 (RFC 9112) over http-parser. One stream at a time: a server takes the next request of a pipeline when
 * the answer to the one before has been moved out (is_held until then), so order is kept and nothing piles up.
 *
 *   server:  opened ─> head ─> body... ─> ended ─> (held) ─> answer moved out ─> closed ─> opened ...
 *   client:  start ─> request moved out; head ─> body... ─> ended ─> closed; then start again
 */

#define CHUNK_ROOM 16U /* size line of a chunk and the line end behind it */
#define HEAD_OUT_MAX MIB

static struct http1 *http1_of(struct http_engine *engine)
{
	return (struct http1 *)engine;
}

/* ---- ends ---------------------------------------------------------------------------------------------- */

static void forget(struct http1 *http1, enum status why)
{
	struct http_stream *stream = http1->stream;
	http_queue_clear(&http1->control); /* it points into the stream's arena */
	http1->stream = NULL;
	http_engine_forget(stream, why);
}

/* Whether a pair of messages is through. Each end may be satisfied before the other: then nobody can find the next pair's beginning. */
static bool is_finished(const struct http1 *http1)
{
	const struct http_stream *stream = http1->stream;
	bool is_out_finished = http1->is_out_finished && http1->control.bytes == 0;
	if (stream->is_raw)
		return is_out_finished && (stream->is_in_ended || stream->is_in_unwanted);
	return http1->engine.is_server ? is_out_finished : stream->is_in_ended;
}

/* Then the next may come, or the connection ends. */
static void finish(struct http1 *http1)
{
	struct http_stream *stream = http1->stream;
	struct http_engine *engine = &http1->engine;
	if (stream == NULL || !is_finished(http1))
		return;
	if (!stream->is_in_ended || !http1->is_out_finished || !http1->is_keeping_alive ||
	    http1->is_out_closing || stream->is_raw || engine->is_draining)
		engine->is_done = true;
	forget(http1, OK);
	http1->strict = (struct http1_strict){ 0 };
	engine->is_held = false;
	http_parser_pause(&http1->parser, 0);
}

static void update_hold(struct http1 *http1)
{
	struct http_stream *stream = http1->stream;
	http1->engine.is_held =
	    stream != NULL && (stream->unconsumed_bytes >= LIMIT_STREAM_BUFFER_BYTES ||
			       (http1->engine.is_server && stream->is_in_ended && !stream->is_raw));
}

static void refuse(struct http1 *http1, int code, const char *why)
{
	struct http_engine *engine = &http1->engine;
	engine->is_done = true;
	engine->is_held = false;
	(void)fault_set(&engine->fault, BAD_REQUEST, "", "%s", why);
	bool is_begun = http1->stream != NULL && http1->stream->is_out_begun;
	if (http1->stream != NULL)
		forget(http1, BAD_REQUEST);
	if (!engine->is_server || is_begun)
		return;
	struct str type = STR("text/plain");
	struct str body = engine->events->refused(engine->owner, code, why, &type);
	struct text head = text_new(KIB);
	text_lit(&head, "HTTP/1.1 ");
	text_add_u64(&head, (uint64_t)code);
	text_add_char(&head, ' ');
	text_add(&head, http_code_text(code));
	text_lit(&head, "\r\nconnection: close\r\ncontent-type: ");
	text_add(&head, type);
	text_lit(&head, "\r\ncontent-length: ");
	text_add_u64(&head, body.len);
	text_lit(&head, "\r\n\r\n");
	http_queue_copy(&http1->control, text_str(&head));
	http_queue_copy(&http1->control, body);
	text_fini(&head);
}

static void refuse_error(struct http1 *http1)
{
	enum http_errno error = HTTP_PARSER_ERRNO(&http1->parser);
	if (http1->refusal != 0)
		refuse(http1, http1->refusal, http1->refusal_why);
	else if (error == HPE_HEADER_OVERFLOW)
		refuse(http1, 431, "the headers are too large");
	else
		refuse(http1, 400, http_errno_description(error));
}

static void feed_raw(struct http1 *http1, struct str *in)
{
	struct http_stream *stream = http1->stream;
	struct str all = *in;
	*in = str_slice(all, all.len, all.len);
	stream->unconsumed_bytes += all.len;
	http1->engine.events->body(http1->engine.owner, stream, all);
}

static void feed(struct http_engine *engine, struct str *in)
{
	struct http1 *http1 = http1_of(engine);
	while (in->len > 0 && !engine->is_done && !engine->is_held) {
		if (http1->stream != NULL && http1->stream->is_raw) {
			feed_raw(http1, in);
			update_hold(http1);
			return;
		}
		const char *complaint =
		    engine->is_server ? http1_strict_look(&http1->strict, *in) : NULL;
		if (complaint != NULL) {
			refuse(http1, 400, complaint);
			return;
		}
		size_t taken = http_parser_execute(&http1->parser, &http1_settings, in->at, in->len);
		enum http_errno error = HTTP_PARSER_ERRNO(&http1->parser);
		if (error != HPE_OK && error != HPE_PAUSED) {
			if (!engine->is_done)
				refuse_error(http1);
			return;
		}
		*in = str_slice(*in, (uint32_t)taken, in->len);
		if (http1->is_at_head) {
			http1->is_at_head = false;
			http_parser_pause(&http1->parser, 0);
			continue;
		}
		finish(http1);
		update_hold(http1);
	}
}

/*
 * Who closes its half while its answer is being made cannot be told from who has gone away, and those are many: a client out of
 * patience, a watcher that is stopped. What it asked is given up, as Go's server does. An answer that is ready is still sent.
 */
static void server_end(struct http1 *http1)
{
	struct http_stream *stream = http1->stream;
	if (stream->is_out_ended)
		return;
	http1->engine.is_done = true;
	forget(http1, CANCELLED);
}

static void client_end(struct http1 *http1)
{
	struct http_stream *stream = http1->stream;
	/* A body up to the end is complete now. */
	http_parser_execute(&http1->parser, &http1_settings, NULL, 0);
	if (stream->is_in_ended) {
		finish(http1);
		return;
	}
	http1->engine.is_done = true;
	forget(http1, stream->has_in_head ? CANCELLED : GONE);
}

static void feed_end(struct http_engine *engine)
{
	struct http1 *http1 = http1_of(engine);
	struct http_stream *stream = http1->stream;
	if (stream == NULL) {
		engine->is_done = true;
		return;
	}
	if (stream->is_raw) {
		if (!stream->is_in_ended) {
			stream->is_in_ended = true;
			engine->events->ended(engine->owner, stream);
		}
		finish(http1);
		return;
	}
	http1->is_keeping_alive = false;
	if (engine->is_server)
		server_end(http1);
	else
		client_end(http1);
}

/* ---- sending ------------------------------------------------------------------------------------------- */

static void add_header(struct text *text, struct str name, struct str value)
{
	text_add(text, name);
	text_lit(text, ": ");
	text_add(text, value);
	text_lit(text, "\r\n");
}

static void add_headers(struct text *text, struct http_headers headers)
{
	for (uint32_t i = 0; i < headers.count; i++)
		if (!http_header_is_framing(headers.at[i].name) &&
		    http_header_is_valid(&headers.at[i]))
			add_header(text, headers.at[i].name, headers.at[i].value);
}

static void add_length(struct http1 *http1, struct text *text, int64_t length)
{
	if (length >= 0) {
		text_lit(text, "content-length: ");
		text_add_u64(text, (uint64_t)length);
		text_lit(text, "\r\n");
	} else if (http1->is_out_chunked) {
		text_lit(text, "transfer-encoding: chunked\r\n");
	}
}

static void send_head(struct http1 *http1, struct text *text)
{
	text_lit(text, "\r\n");
	assert(!text->is_cut);
	http_queue_add(&http1->control, HTTP_BYTES(text_str(text)));
}

/* Upgrades name their protocol in `upgrade`, the only header of the framing that a caller gives. */
static void begin_upgrade(struct http_stream *stream, const struct http_head *head)
{
	struct http1 *http1 = http1_of(stream->engine);
	struct text text = text_in(stream->arena, HEAD_OUT_MAX);
	text_lit(&text, "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n");
	add_header(&text, STR("upgrade"), http_header_get(head->headers, STR("upgrade")));
	add_headers(&text, head->headers);
	send_head(http1, &text);
	stream->is_raw = true;
	stream->is_in_ended = false; /* of the request it was; now the bytes come */
	stream->engine->is_held = false;
	http_parser_pause(&http1->parser, 0);
}

static void begin(struct http_stream *stream, const struct http_head *head, bool has_body)
{
	struct http_engine *engine = stream->engine;
	struct http1 *http1 = http1_of(engine);
	if (head->code == 101) {
		begin_upgrade(stream, head);
		return;
	}
	bool is_old = stream->in.version == HTTP_1_0;
	bool is_bodiless = http_code_is_bodiless(head->code);
	int64_t length = is_bodiless ? HTTP_LENGTH_UNKNOWN : head->content_length;
	http1->is_out_chunked = has_body && length < 0 && !is_old && !stream->is_out_hidden;
	http1->is_out_closing = engine->is_draining || !http1->is_keeping_alive ||
				!stream->is_in_ended || (has_body && length < 0 && is_old);
	struct text text = text_in(stream->arena, HEAD_OUT_MAX);
	text_reserve(&text, 256);
	text_lit(&text, "HTTP/1.1 ");
	text_add_u64(&text, (uint64_t)head->code);
	text_add_char(&text, ' ');
	text_add(&text, http_code_text(head->code));
	text_lit(&text, "\r\n");
	add_headers(&text, head->headers);
	add_length(http1, &text, length);
	if (engine->date != NULL)
		add_header(&text, STR("date"), *engine->date);
	if (http1->is_out_closing)
		text_lit(&text, "connection: close\r\n");
	else if (is_old)
		text_lit(&text, "connection: keep-alive\r\n");
	send_head(http1, &text);
}

static void start(struct http_stream *stream, const struct http_head *head, bool has_body)
{
	struct http1 *http1 = http1_of(stream->engine);
	assert(http1->stream == NULL);
	http1->stream = stream;
	http1->is_out_chunked = has_body && head->content_length < 0;
	http1->is_out_closing = http1->is_out_finished = false;
	struct text text = text_in(stream->arena, HEAD_OUT_MAX);
	text_add(&text, head->method);
	text_add_char(&text, ' ');
	text_add(&text, head->target);
	text_lit(&text, " HTTP/1.1\r\n");
	add_header(&text, STR("host"), head->authority);
	struct str upgrade = http_header_get(head->headers, STR("upgrade"));
	if (upgrade.len > 0) {
		text_lit(&text, "connection: upgrade\r\n");
		add_header(&text, STR("upgrade"), upgrade);
	}
	add_headers(&text, head->headers);
	if (has_body || head->content_length > 0)
		add_length(http1, &text, head->content_length);
	send_head(http1, &text);
	stream->in.method = arena_str(stream->arena, head->method);
	http_parser_init(&http1->parser, HTTP_RESPONSE);
	http1->parser.data = http1;
}

static uint32_t room_of(const struct text *out)
{
	return out->max - out->len;
}

static void fill_chunk(struct http_stream *stream, struct text *out)
{
	uint32_t room = room_of(out);
	if (stream->out.bytes == 0 || room <= CHUNK_ROOM)
		return;
	room -= CHUNK_ROOM;
	uint32_t size = stream->out.bytes < room ? (uint32_t)stream->out.bytes : room;
	text_printf(out, "%x\r\n", size);
	http_queue_move(&stream->out, out, size);
	text_lit(out, "\r\n");
}

/* True when the end of the body, with its trailers, has been written too. */
static bool fill_end(struct http1 *http1, struct text *out)
{
	if (!http1->is_out_chunked)
		return true;
	struct http_stream *stream = http1->stream;
	struct text end = text_new(LIMIT_HEADER_BYTES / 2);
	text_lit(&end, "0\r\n");
	add_headers(&end, stream->out_trailers);
	text_lit(&end, "\r\n");
	if (end.is_cut) { /* trailers beyond all measure: better none than half of them */
		text_clear(&end);
		end.is_cut = false;
		text_lit(&end, "0\r\n\r\n");
	}
	bool has_room = room_of(out) >= end.len;
	if (has_room)
		text_add(out, text_str(&end));
	text_fini(&end);
	return has_room;
}

static void fill(struct http_engine *engine, struct text *out)
{
	struct http1 *http1 = http1_of(engine);
	http_queue_move(&http1->control, out, room_of(out));
	struct http_stream *stream = http1->stream;
	if (stream == NULL || !stream->is_out_begun || http1->control.bytes > 0)
		return;
	size_t before = stream->out.bytes;
	if (http1->is_out_chunked)
		fill_chunk(stream, out);
	else
		http_queue_move(&stream->out, out, room_of(out));
	if (stream->out.bytes < before)
		engine->events->moved(engine->owner, stream);
	if (stream->is_out_ended && stream->out.bytes == 0 && !http1->is_out_finished) {
		http1->is_out_finished = fill_end(http1, out);
		engine->is_out_over = stream->is_raw;
	}
	finish(http1);
}

static bool has_output(const struct http_engine *engine)
{
	const struct http1 *http1 = (const struct http1 *)engine;
	const struct http_stream *stream = http1->stream;
	if (http1->control.bytes > 0)
		return true;
	return stream != NULL && stream->is_out_begun && !http1->is_out_finished &&
	       (stream->out.bytes > 0 || stream->is_out_ended);
}

static void poke(struct http_stream *stream)
{
	(void)stream; /* fill looks at the queue itself */
}

/* The head may still wait: it lies in the arena. */
static void settle(struct http_stream *stream)
{
	struct http_queue *control = &http1_of(stream->engine)->control;
	struct text head = text_new(HEAD_OUT_MAX);
	http_queue_move(control, &head, control->bytes);
	http_queue_copy(control, text_str(&head));
	text_fini(&head);
	http1_of(stream->engine)->target = (struct text){ 0 };
}

static void consume(struct http_stream *stream, size_t bytes)
{
	(void)bytes;
	update_hold(http1_of(stream->engine));
}

static void reset(struct http_stream *stream)
{
	struct http_engine *engine = stream->engine;
	engine->is_done = engine->is_cut = true;
	engine->is_held = false;
	forget(http1_of(engine), CANCELLED);
}

static void drain(struct http_engine *engine)
{
	if (http1_of(engine)->stream == NULL)
		engine->is_done = true;
}

static bool ping(struct http_engine *engine)
{
	(void)engine;
	return false;
}

static void http1_free(struct http_engine *engine)
{
	http_queue_clear(&http1_of(engine)->control);
	mem_free(engine);
}

static const struct http_engine_class http1_class = {
	.version = HTTP_1_1,
	.free = http1_free,
	.feed = feed,
	.feed_end = feed_end,
	.fill = fill,
	.has_output = has_output,
	.drain = drain,
	.ping = ping,
	.start = start,
	.begin = begin,
	.poke = poke,
	.settle = settle,
	.consume = consume,
	.reset = reset,
};

struct http_engine *http1_new(bool is_server, const struct http_events *events, void *owner)
{
	struct http1 *http1 = mem_new(struct http1);
	http_engine_init(&http1->engine, &http1_class, is_server, events, owner);
	http_parser_init(&http1->parser, is_server ? HTTP_REQUEST : HTTP_RESPONSE);
	http1->parser.data = http1;
	return &http1->engine;
}
