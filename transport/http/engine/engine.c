#include "transport/http/engine/engine.h"

#include <assert.h>

#include "runtime/base/limits.h"

void http_engine_init(struct http_engine *engine, const struct http_engine_class *class,
		      bool is_server, const struct http_events *events, void *owner)
{
	*engine = (struct http_engine){
		.class = class,
		.events = events,
		.owner = owner,
		.is_server = is_server,
	};
	list_init(&engine->streams);
}

void http_engine_adopt(struct http_engine *engine, struct http_stream *stream)
{
	assert(stream->arena != NULL);
	*stream = (struct http_stream){
		.engine = engine,
		.arena = stream->arena,
		.in_lines = text_in(stream->arena, LIMIT_HEADER_BYTES),
		.in.content_length = HTTP_LENGTH_UNKNOWN,
	};
	list_push(&engine->streams, &stream->link);
	engine->stream_count++;
}

void http_engine_forget(struct http_stream *stream, enum status why)
{
	struct http_engine *engine = stream->engine;
	list_remove(&stream->link);
	engine->stream_count--;
	stream->engine = NULL;
	http_queue_clear(&stream->out);
	engine->events->closed(engine->owner, stream, why);
}

void http_engine_free(struct http_engine *engine)
{
	if (engine == NULL)
		return;
	engine->is_done = true;
	while (!list_is_empty(&engine->streams))
		http_engine_forget(list_item(engine->streams.next, struct http_stream, link),
				   CANCELLED);
	engine->class->free(engine);
}

void http_engine_lose(struct http_engine *engine)
{
	if (engine == NULL || engine->is_server)
		return;
	engine->is_done = true;
	list_each (&engine->streams, link) {
		struct http_stream *stream = list_item(link, struct http_stream, link);
		if (!stream->has_in_head)
			http_engine_forget(stream, GONE);
	}
}

void http_engine_feed(struct http_engine *engine, struct str *in)
{
	if (!engine->is_done && in->len > 0)
		engine->class->feed(engine, in);
}

void http_engine_feed_end(struct http_engine *engine)
{
	if (!engine->is_done)
		engine->class->feed_end(engine);
}

void http_engine_fill(struct http_engine *engine, struct text *out)
{
	engine->class->fill(engine, out);
	assert(!out->is_cut);
}

bool http_engine_has_output(const struct http_engine *engine)
{
	return engine->class->has_output(engine);
}

bool http_engine_is_patient(const struct http_engine *engine)
{
	return engine->class->is_patient != NULL && engine->class->is_patient(engine);
}

void http_engine_pong(struct http_engine *engine)
{
	if (http_engine_is_patient(engine))
		engine->class->pong(engine);
}

void http_engine_drain(struct http_engine *engine)
{
	if (engine->is_draining || engine->is_done)
		return;
	engine->is_draining = true;
	engine->class->drain(engine);
}

bool http_engine_ping(struct http_engine *engine)
{
	return !engine->is_done && engine->class->ping(engine);
}

void http_engine_start(struct http_engine *engine, struct http_stream *stream,
		       const struct http_head *head, bool has_body)
{
	assert(!engine->is_server && !engine->is_done && !engine->is_draining);
	http_engine_adopt(engine, stream);
	stream->is_out_begun = true;
	stream->is_out_ended = !has_body;
	engine->class->start(stream, head, has_body);
}

void http_stream_begin(struct http_stream *stream, const struct http_head *head, bool has_body)
{
	if (stream->engine == NULL)
		return;
	assert(stream->engine->is_server && !stream->is_out_begun);
	stream->is_out_begun = true;
	stream->is_out_ended = !has_body;
	stream->is_out_hidden =
	    str_is(stream->in.method, "HEAD") || http_code_is_bodiless(head->code);
	if (head->code == 101)
		stream->is_out_hidden = false; /* what follows is not a body */
	stream->engine->class->begin(stream, head, has_body);
}

/* False: nobody will read it. */
static bool is_wanted(const struct http_stream *stream, struct http_bytes bytes)
{
	if (stream->engine == NULL || stream->is_out_hidden) {
		if (bytes.release != NULL)
			bytes.release(bytes.arg);
		return false;
	}
	assert(stream->is_out_begun && !stream->is_out_ended);
	return true;
}

void http_stream_add_headed(struct http_stream *stream, struct str head, struct http_bytes bytes)
{
	if (!is_wanted(stream, bytes))
		return;
	http_queue_add_headed(&stream->out, head, bytes);
	stream->engine->class->poke(stream);
}

void http_stream_add(struct http_stream *stream, struct http_bytes bytes)
{
	if (!is_wanted(stream, bytes))
		return;
	http_queue_add(&stream->out, bytes);
	stream->engine->class->poke(stream);
}

void http_stream_add_parts(struct http_stream *stream, struct http_parts parts)
{
	if (stream->engine == NULL || stream->is_out_hidden)
		return;
	assert(stream->is_out_begun && !stream->is_out_ended);
	http_queue_add_parts(&stream->out, parts);
	stream->engine->class->poke(stream);
}

void http_stream_copy(struct http_stream *stream, struct str bytes)
{
	if (stream->engine == NULL || stream->is_out_hidden)
		return;
	assert(stream->is_out_begun && !stream->is_out_ended);
	http_queue_copy(&stream->out, bytes);
	stream->engine->class->poke(stream);
}

void http_stream_take(struct http_stream *stream, struct http_queue *from)
{
	if (from->first == NULL)
		return;
	if (stream->engine == NULL) {
		http_queue_clear(from);
		return;
	}
	http_queue_append(&stream->out, from);
	stream->engine->class->poke(stream);
}

static struct http_headers copy_headers(struct arena *arena, struct http_headers headers)
{
	struct http_header *at = arena_array(arena, struct http_header, headers.count);
	for (uint32_t i = 0; i < headers.count; i++)
		at[i] = (struct http_header){ arena_str(arena, headers.at[i].name),
					      arena_str(arena, headers.at[i].value) };
	return (struct http_headers){ at, headers.count };
}

void http_stream_end(struct http_stream *stream, struct http_headers trailers)
{
	if (stream->engine == NULL || stream->is_out_ended)
		return;
	assert(stream->is_out_begun);
	stream->is_out_ended = true;
	assert(stream->arena != NULL || trailers.count == 0);
	if (trailers.count > 0)
		stream->out_trailers = copy_headers(stream->arena, trailers);
	stream->engine->class->poke(stream);
}

void http_stream_settle(struct http_stream *stream)
{
	assert(stream->is_out_begun && stream->is_in_ended && !stream->is_raw);
	if (stream->engine != NULL && stream->engine->class->settle != NULL)
		stream->engine->class->settle(stream);
	stream->in = (struct http_head){ .version = stream->in.version,
					 .content_length = HTTP_LENGTH_UNKNOWN };
	stream->in_trailers = (struct http_headers){ 0 };
	stream->in_lines = (struct text){ 0 };
	stream->in_line_count = 0;
	stream->arena = NULL;
}

void http_stream_consume(struct http_stream *stream, size_t bytes)
{
	if (stream->engine == NULL)
		return;
	assert(bytes <= stream->unconsumed_bytes);
	stream->unconsumed_bytes -= bytes;
	stream->engine->class->consume(stream, bytes);
}

void http_stream_leave(struct http_stream *stream)
{
	if (stream->engine == NULL)
		return;
	stream->is_in_unwanted = true;
	stream->engine->class->poke(stream);
}

void http_stream_reset(struct http_stream *stream)
{
	if (stream->engine != NULL)
		stream->engine->class->reset(stream);
}

bool http_stream_line(struct http_stream *stream, struct str name, struct str value)
{
	if (++stream->in_line_count > LIMIT_HEADERS)
		return false;
	text_add(&stream->in_lines, name);
	text_add_char(&stream->in_lines, '\0');
	text_add(&stream->in_lines, value);
	text_add_char(&stream->in_lines, '\0');
	return !stream->in_lines.is_cut;
}

/* NUL cannot be part of a name or value, both parsers refuse it; so it can stand between them. */
static struct str cut_nul(struct str *rest)
{
	struct str part = str_of(rest->at, strlen(rest->at));
	*rest = str_slice(*rest, part.len + 1, rest->len);
	return part;
}

struct http_headers http_stream_lines(struct http_stream *stream)
{
	struct str rest = text_str(&stream->in_lines);
	struct http_header *at =
	    arena_alloc(stream->arena, stream->in_line_count * sizeof(struct http_header));
	for (uint32_t i = 0; i < stream->in_line_count; i++) {
		at[i].name = cut_nul(&rest);
		at[i].value = cut_nul(&rest);
	}
	assert(rest.len == 0);
	struct http_headers headers = { at, stream->in_line_count };
	stream->in_lines = text_in(stream->arena, LIMIT_HEADER_BYTES);
	stream->in_line_count = 0;
	return headers;
}

enum status http_stream_read_length(struct http_stream *stream)
{
	stream->in.content_length = HTTP_LENGTH_UNKNOWN;
	struct str value = http_header_get(stream->in.headers, STR("content-length"));
	if (value.at == NULL)
		return OK;
	uint64_t length = 0;
	if (str_to_u64(value, &length) != OK || length > INT64_MAX)
		return BAD_REQUEST;
	stream->in.content_length = (int64_t)length;
	return OK;
}

bool http_header_is_framing(struct str name)
{
	switch (name.len) {
	case 7: return str_is(name, "upgrade");
	case 10: return str_is(name, "connection") || str_is(name, "keep-alive");
	case 14: return str_is(name, "content-length");
	case 16: return str_is(name, "proxy-connection");
	case 17: return str_is(name, "transfer-encoding");
	default: return false;
	}
}
