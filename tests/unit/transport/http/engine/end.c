#include "tests/unit/transport/http/engine/end.h"

#include "tests/lib/test.h"

static struct http_stream *on_opened(void *owner)
{
	struct end *end = owner;
	if (end->refuses)
		return NULL;
	CHECK(!end->is_busy);
	end->is_busy = true;
	end->stream = (struct http_stream){ .arena = arena_new(0) };
	return &end->stream;
}

void end_answer(struct end *end, int code, const char *body)
{
	struct http_head head = { .code = code, .content_length = (int64_t)strlen(body) };
	http_stream_begin(&end->stream, &head, body[0] != '\0');
	if (body[0] != '\0') {
		http_stream_copy(&end->stream, str_from(body));
		http_stream_end(&end->stream, (struct http_headers){ 0 });
	}
}

static void on_head(void *owner, struct http_stream *stream)
{
	struct end *end = owner;
	if (end->engine->is_server)
		text_printf(&end->heard, STR_FMT " " STR_FMT, STR_ARG(stream->in.method),
			    STR_ARG(stream->in.target));
	else
		text_printf(&end->heard, "%d", stream->in.code);
	for (uint32_t i = 0; i < stream->in.headers.count; i++)
		text_printf(&end->heard, " " STR_FMT "=" STR_FMT,
			    STR_ARG(stream->in.headers.at[i].name),
			    STR_ARG(stream->in.headers.at[i].value));
	text_lit(&end->heard, "|");
	if (end->answers_at_once)
		end_answer(end, 413, "too big");
}

static void on_body(void *owner, struct http_stream *stream, struct str bytes)
{
	struct end *end = owner;
	text_printf(&end->heard, "[" STR_FMT "]", STR_ARG(bytes));
	if (!end->takes_nothing)
		http_stream_consume(stream, bytes.len);
}

static void on_ended(void *owner, struct http_stream *stream)
{
	struct end *end = owner;
	for (uint32_t i = 0; i < stream->in_trailers.count; i++)
		text_printf(&end->heard, "~" STR_FMT, STR_ARG(stream->in_trailers.at[i].name));
	text_lit(&end->heard, "!");
}

static void on_moved(void *owner, struct http_stream *stream)
{
	(void)owner;
	(void)stream;
}

static void on_closed(void *owner, struct http_stream *stream, enum status why)
{
	struct end *end = owner;
	text_printf(&end->heard, "<%s>", status_name(why));
	end->is_busy = false;
	arena_free(stream->arena);
	stream->arena = NULL;
}

static struct str on_refused(void *owner, int code, const char *why, struct str *out_type)
{
	struct end *end = owner;
	(void)why;
	text_printf(&end->heard, "refused %d", code);
	*out_type = STR("application/json");
	return STR("{}");
}

static const struct http_events events = { on_opened, on_head,   on_body,   on_ended,
					   on_moved,  on_closed, on_refused };

struct end *end_new(bool is_server)
{
	struct end *end = arena_new_of(test_arena(), struct end);
	end->engine = http1_new(is_server, &events, end);
	end->heard = text_in(test_arena(), 2 * MIB);
	end->sent = text_in(test_arena(), 2 * MIB);
	return end;
}

struct str end_feed(struct end *end, struct str bytes, uint32_t step)
{
	struct text held = text_in(test_arena(), 2 * MIB);
	for (uint32_t at = 0; at < bytes.len; at += step) {
		text_add(&held, str_slice(bytes, at, at + step));
		struct str in = arena_str(test_arena(), text_str(&held));
		http_engine_feed(end->engine, &in);
		text_clear(&held);
		text_add(&held, in);
	}
	return text_str(&held);
}

void end_drain(struct end *end)
{
	for (uint32_t before = end->sent.len + 1; before != end->sent.len;) {
		before = end->sent.len;
		http_engine_fill(end->engine, &end->sent);
	}
}

void end_fini(struct end *end)
{
	http_engine_free(end->engine);
}
