#include "tests/fuzz/transport/stranger.h"

#include "runtime/base/base.h"

#define ROUNDS 64

struct owner {
	struct http_engine *engine;
	struct list talks;
	uint32_t opened, closed, given, released;
	bool is_slow;
};

struct talk {
	struct http_stream stream;
	struct list link;
	bool is_whole;
};

static void release(void *arg)
{
	((struct owner *)arg)->released++;
}

static struct talk *make_talk(struct owner *owner)
{
	struct arena *arena = arena_new(0);
	struct talk *talk = arena_new_of(arena, struct talk);
	talk->stream.arena = arena;
	list_push(&owner->talks, &talk->link);
	owner->opened++;
	return talk;
}

static struct talk *talk_of(struct http_stream *stream)
{
	return list_item(stream, struct talk, stream);
}

static struct http_stream *on_opened(void *arg)
{
	return &make_talk(arg)->stream;
}

static void give(struct owner *owner, struct http_stream *stream)
{
	owner->given++;
	http_stream_add(stream, (struct http_bytes){ STR("some bytes"), release, owner });
}

static void answer(struct owner *owner, struct http_stream *stream)
{
	if (stream->is_out_begun || !owner->engine->is_server)
		return;
	struct http_head head = { .code = 200, .content_length = HTTP_LENGTH_UNKNOWN };
	http_stream_begin(stream, &head, true);
	give(owner, stream);
	http_stream_end(stream, (struct http_headers){ 0 });
}

static void on_head(void *arg, struct http_stream *stream)
{
	struct owner *owner = arg;
	assert(stream->has_in_head);
	for (uint32_t i = 0; i < stream->in.headers.count; i++)
		assert(http_header_is_valid(&stream->in.headers.at[i]));
	if (str_is(stream->in.target, "/early"))
		answer(owner, stream);
	if (str_is(stream->in.target, "/reset"))
		http_stream_reset(stream);
}

static void on_body(void *arg, struct http_stream *stream, struct str bytes)
{
	struct owner *owner = arg;
	assert(bytes.len > 0);
	if (!owner->is_slow)
		http_stream_consume(stream, bytes.len);
}

static void on_ended(void *arg, struct http_stream *stream)
{
	struct owner *owner = arg;
	assert(!talk_of(stream)->is_whole);
	talk_of(stream)->is_whole = true;
	if (!owner->is_slow)
		answer(owner, stream);
}

static void on_moved(void *arg, struct http_stream *stream)
{
	(void)arg;
	(void)stream;
}

static void on_closed(void *arg, struct http_stream *stream, enum status why)
{
	struct owner *owner = arg;
	(void)why;
	owner->closed++;
	list_remove(&talk_of(stream)->link);
	arena_free(stream->arena);
}

static struct str on_refused(void *arg, int code, const char *why, struct str *out_type)
{
	(void)arg;
	assert(code >= 400 && code < 600);
	*out_type = STR("text/plain");
	return str_from(why);
}

static const struct http_events events = { on_opened, on_head,   on_body,   on_ended,
					   on_moved,  on_closed, on_refused };

static void ask(struct owner *owner)
{
	const struct http_head head = { .method = STR("GET"),
					.target = STR("/"),
					.scheme = STR("https"),
					.authority = STR("a") };
	http_engine_start(owner->engine, &make_talk(owner)->stream, &head, true);
	struct http_stream *stream = &list_item(owner->talks.prev, struct talk, link)->stream;
	give(owner, stream);
	http_stream_end(stream, (struct http_headers){ 0 });
}

/* What a slow owner does in the end: takes the bodies, answers. */
static void move_on(struct owner *owner, struct text *out)
{
	list_each (&owner->talks, link) {
		struct http_stream *stream = &list_item(link, struct talk, link)->stream;
		http_stream_consume(stream, stream->unconsumed_bytes);
		if (stream->has_in_head)
			answer(owner, stream);
	}
	text_clear(out);
	http_engine_fill(owner->engine, out);
}

static void converse(struct owner *owner, struct str input, uint32_t step)
{
	struct text out = text_new(64 * KIB);
	for (int round = 0; round < ROUNDS && input.len > 0 && !owner->engine->is_done; round++) {
		struct str part = str_slice(input, 0, round == ROUNDS - 1 ? input.len : step);
		uint32_t before = part.len;
		http_engine_feed(owner->engine, &part);
		input = str_slice(input, before - part.len, input.len);
		text_clear(&out);
		http_engine_fill(owner->engine, &out);
		if (before == part.len)
			move_on(owner, &out);
	}
	http_engine_feed_end(owner->engine);
	text_clear(&out);
	http_engine_fill(owner->engine, &out);
	text_fini(&out);
}

void stranger_talk(stranger_make_fn *make, struct str input)
{
	const unsigned char *at = (const unsigned char *)input.at;

	if (input.len == 0)
		return;
	bool is_server = (at[0] & 1) == 0;
	struct owner owner = { .is_slow = (at[0] & 2) != 0 };
	list_init(&owner.talks);
	owner.engine = make(is_server, &events, &owner);
	if (!is_server)
		ask(&owner);
	converse(&owner, str_of(at + 1, input.len - 1), (at[0] >> 2) == 0 ? UINT32_MAX : at[0] >> 2);
	http_engine_free(owner.engine);
	assert(owner.opened == owner.closed && owner.given == owner.released);
}
