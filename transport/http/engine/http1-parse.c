#include <assert.h>
#include <http_parser.h>

#include "runtime/base/limits.h"
#include "transport/http/engine/http1-private.h"

/*
 * A message of HTTP/1 as it comes in (RFC 9112): http-parser finds the pieces, they become lines, heads and events here.
 */

#define HEAD_REFUSED (-1) /* 1 and 2 say other things to http-parser */

static int stop(struct http1 *http1, int code, const char *why)
{
	http1->refusal = code;
	http1->refusal_why = why;
	return 1;
}

static int on_begin(http_parser *parser)
{
	struct http1 *http1 = parser->data;
	struct http_engine *engine = &http1->engine;
	if (engine->is_server) {
		assert(http1->stream == NULL);
		struct http_stream *stream = engine->events->opened(engine->owner);
		if (stream == NULL)
			return stop(http1, 503, "too many requests at once");
		http_engine_adopt(engine, stream);
		http1->stream = stream;
		http1->is_out_chunked = http1->is_out_closing = http1->is_out_finished = false;
	} else if (http1->stream == NULL) {
		return stop(http1, 400, "an answer that was not asked for");
	}
	/* An interim answer may have had a trailer, of which nobody took the lines: the next head is not of them. */
	text_clear(&http1->stream->in_lines);
	http1->stream->in_line_count = 0;
	http1->line = LINE_NONE;
	http1->target = text_in(http1->stream->arena, LIMIT_HEADER_BYTES);
	return 0;
}

static int on_url(http_parser *parser, const char *at, size_t len)
{
	struct http1 *http1 = parser->data;
	text_add_bytes(&http1->target, at, len);
	return http1->target.is_cut ? stop(http1, 414, "the URL is too long") : 0;
}

/* Ends the name or value that is being collected; lines are finished names and values, each with its NUL. */
static void end_piece(struct http1 *http1)
{
	struct text *lines = &http1->stream->in_lines;
	if (http1->line == LINE_NONE)
		return;
	if (http1->line == LINE_NAME)
		for (uint32_t i = http1->name_at; i < lines->len; i++)
			lines->at[i] |= lines->at[i] >= 'A' && lines->at[i] <= 'Z' ? 0x20 : 0;
	else /* white space behind a value is not part of it */
		while (lines->at[lines->len - 1] == ' ' || lines->at[lines->len - 1] == '\t')
			lines->len--;
	text_add_char(lines, '\0');
}

static int add_piece(struct http1 *http1, const char *at, size_t len)
{
	struct http_stream *stream = http1->stream;
	if (len > 0 && memchr(at, '\0', len) != NULL) /* it would end the piece */
		return stop(http1, 400, "a character that no header may have");
	text_add_bytes(&stream->in_lines, at, len);
	if (stream->in_lines.is_cut || stream->in_line_count > LIMIT_HEADERS)
		return stop(http1, 431, "the headers are too large");
	return 0;
}

static int on_name(http_parser *parser, const char *at, size_t len)
{
	struct http1 *http1 = parser->data;
	if (http1->stream == NULL)
		return 1; /* given up by its owner while the parser was at work */
	if (http1->line != LINE_NAME) {
		end_piece(http1);
		http1->line = LINE_NAME;
		http1->name_at = http1->stream->in_lines.len;
		http1->stream->in_line_count++;
	}
	return add_piece(http1, at, len);
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
	struct http1 *http1 = parser->data;
	if (http1->line != LINE_VALUE) {
		end_piece(http1);
		http1->line = LINE_VALUE;
	}
	return add_piece(http1, at, len);
}

/* What http-parser lets through and proxies may read in another way: spaces in names, control characters (RFC 9112, 5.1; RFC 9110, 5.5). */
static bool are_valid(struct http_headers headers)
{
	for (uint32_t i = 0; i < headers.count; i++)
		if (!http_header_is_valid(&headers.at[i]))
			return false;
	return true;
}

/* The finished head or trailer; 0 or the result of stop. */
static int take_lines(struct http1 *http1, struct http_headers *out)
{
	end_piece(http1);
	http1->line = LINE_NONE;
	if (http1->stream->in_lines.is_cut)
		return stop(http1, 431, "the headers are too large");
	*out = http_stream_lines(http1->stream);
	return are_valid(*out) ? 0 : stop(http1, 400, "a character that no header may have");
}

static int check_request(struct http1 *http1)
{
	struct http_head *head = &http1->stream->in;
	uint32_t hosts = http_header_count(head->headers, STR("host"));
	if (head->version == HTTP_1_1 && hosts != 1)
		return stop(http1, 400, "HTTP/1.1 wants one Host header");
	if (hosts > 1)
		return stop(http1, 400, "more than one Host header");
	struct str expect = http_header_get(head->headers, STR("expect"));
	if (expect.len > 0 && !str_eq_nocase(expect, STR("100-continue")))
		return stop(http1, 417, "only 100-continue can be expected");
	return 0;
}

static int server_head(struct http1 *http1)
{
	struct http_engine *engine = &http1->engine;
	struct http_stream *stream = http1->stream;
	stream->in.method = str_from(http_method_str((enum http_method)http1->parser.method));
	stream->in.target = text_str(&http1->target);
	stream->in.authority = http_header_get(stream->in.headers, STR("host"));
	stream->in.scheme = STR_NONE;
	if (check_request(http1) != 0)
		return HEAD_REFUSED;
	/* Whether it becomes an upgrade is for the handler to say; until then it is a request like others. */
	http1->parser.upgrade = 0;
	stream->has_in_head = true;
	engine->events->head(engine->owner, stream);
	if (http1->stream == NULL)
		return HEAD_REFUSED;
	bool has_body = (http1->parser.flags & F_CHUNKED) != 0 || stream->in.content_length > 0;
	if (has_body && !stream->is_out_begun && stream->in.version == HTTP_1_1 &&
	    http_header_get(stream->in.headers, STR("expect")).len > 0)
		http_queue_add(&http1->control, HTTP_BYTES(STR("HTTP/1.1 100 Continue\r\n\r\n")));
	return 0;
}

/* The results are http-parser's: 1 there is no body, 2 and nothing else of HTTP either. */
static int client_head(struct http1 *http1)
{
	struct http_engine *engine = &http1->engine;
	struct http_stream *stream = http1->stream;
	int code = http1->parser.status_code;
	stream->in.code = code;
	if (code < 100 || code > 599)
		return stop(http1, 400, "a status code that does not exist"), HEAD_REFUSED;
	if (code < 200 && code != 101) {
		stream->in.headers = (struct http_headers){ 0 };
		return 0; /* an interim answer: the real one follows */
	}
	stream->has_in_head = true;
	stream->is_raw = code == 101;
	bool is_bodiless = str_is(stream->in.method, "HEAD");
	engine->events->head(engine->owner, stream);
	if (http1->stream == NULL)
		return HEAD_REFUSED;
	if (code == 101)
		return 2;
	return is_bodiless ? 1 : 0;
}

static int on_head(http_parser *parser)
{
	struct http1 *http1 = parser->data;
	struct http_stream *stream = http1->stream;
	if (parser->http_major != 1 || parser->http_minor > 1)
		return stop(http1, 505, "only HTTP/1.0, HTTP/1.1 and, by ALPN, HTTP/2 are spoken"),
		       HEAD_REFUSED;
	stream->in.version = parser->http_minor == 1 ? HTTP_1_1 : HTTP_1_0;
	if (take_lines(http1, &stream->in.headers) != 0)
		return HEAD_REFUSED;
	if (http_stream_read_length(stream) != OK)
		return stop(http1, 400, "content-length is not a length"), HEAD_REFUSED;
	http1->is_keeping_alive = http_should_keep_alive(parser) != 0;
	if (!http1->engine.is_server)
		return client_head(http1);
	int refused = server_head(http1);
	/* What follows is looked at in another way: from here, and not from the middle of what came with the head. */
	if (refused == 0 && (parser->flags & F_CHUNKED) != 0) {
		http1_strict_chunks(&http1->strict);
		http1->is_at_head = true;
		http_parser_pause(parser, 1);
	}
	return refused;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
	struct http1 *http1 = parser->data;
	struct http_stream *stream = http1->stream;
	if (stream == NULL || (http1->engine.is_server && stream->is_out_begun))
		return 0; /* answered early: what still comes is nobody's */
	stream->unconsumed_bytes += len;
	http1->engine.events->body(http1->engine.owner, stream, str_of(at, len));
	return 0;
}

static int on_complete(http_parser *parser)
{
	struct http1 *http1 = parser->data;
	struct http_stream *stream = http1->stream;
	if (stream == NULL)
		return 1; /* given up by its owner while the parser was at work */
	if (!stream->has_in_head)
		return 0; /* an interim answer */
	if (take_lines(http1, &stream->in_trailers) != 0)
		return 1;
	if (!stream->is_raw) {
		stream->is_in_ended = true;
		http1->engine.events->ended(http1->engine.owner, stream);
	}
	http_parser_pause(parser, 1);
	return 0;
}

const struct http_parser_settings http1_settings = {
	.on_message_begin = on_begin,
	.on_url = on_url,
	.on_header_field = on_name,
	.on_header_value = on_value,
	.on_headers_complete = on_head,
	.on_body = on_body,
	.on_message_complete = on_complete,
};
