#include "tests/lib/test.h"
#include "transport/http/engine/engine.h"

#define TALKS_MAX 600U

/* A stream and what its owner has heard of it. */
struct talk {
	struct http_stream stream;
	struct end *end;
	struct text heard;
	size_t body_bytes;
};

/* Two engines with wires of memory between them. */
struct end {
	struct http_engine *engine;
	struct talk *talks[TALKS_MAX];
	uint32_t count;
	bool refuses, takes_nothing, answers_at_once;
	const char *answer; /* given when a request has ended; NULL: none */
	size_t moved;
};

static struct talk *make_talk(struct end *end)
{
	CHECK(end->count < TALKS_MAX);
	struct talk *talk = arena_new_of(test_arena(), struct talk);
	talk->stream.arena = arena_new(0);
	talk->heard = text_in(test_arena(), 64 * KIB);
	talk->end = end;
	end->talks[end->count++] = talk;
	return talk;
}

static struct talk *talk_of(struct http_stream *stream)
{
	return list_item(stream, struct talk, stream);
}

static struct http_stream *on_opened(void *owner)
{
	struct end *end = owner;
	return end->refuses ? NULL : &make_talk(end)->stream;
}

static void answer(struct talk *talk, int code, const char *body)
{
	struct http_head head = { .code = code, .content_length = (int64_t)strlen(body) };
	http_stream_begin(&talk->stream, &head, body[0] != '\0');
	if (body[0] != '\0') {
		http_stream_copy(&talk->stream, str_from(body));
		http_stream_end(&talk->stream, (struct http_headers){ 0 });
	}
}

static void on_head(void *owner, struct http_stream *stream)
{
	struct end *end = owner;
	struct talk *talk = talk_of(stream);
	if (end->engine->is_server)
		text_printf(&talk->heard, STR_FMT " " STR_FMT " " STR_FMT,
			    STR_ARG(stream->in.method), STR_ARG(stream->in.authority),
			    STR_ARG(stream->in.target));
	else
		text_printf(&talk->heard, "%d", stream->in.code);
	for (uint32_t i = 0; i < stream->in.headers.count; i++)
		text_printf(&talk->heard, " " STR_FMT "=" STR_FMT,
			    STR_ARG(stream->in.headers.at[i].name),
			    STR_ARG(stream->in.headers.at[i].value));
	text_lit(&talk->heard, "|");
	if (end->answers_at_once)
		answer(talk, 413, "too big");
}

static void on_body(void *owner, struct http_stream *stream, struct str bytes)
{
	struct end *end = owner;
	struct talk *talk = talk_of(stream);
	talk->body_bytes += bytes.len;
	if (bytes.len < 100)
		text_printf(&talk->heard, "[" STR_FMT "]", STR_ARG(bytes));
	if (!end->takes_nothing)
		http_stream_consume(stream, bytes.len);
}

static void on_ended(void *owner, struct http_stream *stream)
{
	struct end *end = owner;
	struct talk *talk = talk_of(stream);
	for (uint32_t i = 0; i < stream->in_trailers.count; i++)
		text_printf(&talk->heard, "~" STR_FMT, STR_ARG(stream->in_trailers.at[i].name));
	text_lit(&talk->heard, "!");
	if (end->engine->is_server && end->answer != NULL)
		answer(talk, 200, end->answer);
}

static void on_moved(void *owner, struct http_stream *stream)
{
	(void)stream;
	((struct end *)owner)->moved++;
}

static void on_closed(void *owner, struct http_stream *stream, enum status why)
{
	(void)owner;
	text_printf(&talk_of(stream)->heard, "<%s>", status_name(why));
	arena_free(stream->arena);
	stream->arena = NULL;
}

static struct str on_refused(void *owner, int code, const char *why, struct str *out_type)
{
	(void)owner;
	(void)code;
	(void)why;
	(void)out_type;
	return STR("");
}

static const struct http_events events = { on_opened, on_head,   on_body,   on_ended,
					   on_moved,  on_closed, on_refused };

static struct end *make_end(bool is_server)
{
	struct end *end = arena_new_of(test_arena(), struct end);
	end->engine = http2_new(is_server, &events, end);
	return end;
}

/* What `from` wants to send, up to one buffer, arrives at `to`. */
static bool carry(struct end *from, struct end *to)
{
	struct text bytes = text_new(64 * KIB);
	http_engine_fill(from->engine, &bytes);
	bool any = bytes.len > 0;
	struct str in = text_str(&bytes);
	http_engine_feed(to->engine, &in);
	text_fini(&bytes);
	return any;
}

static void talk_all(struct end *a, struct end *b)
{
	while (carry(a, b) | carry(b, a))
		;
}

static struct talk *ask(struct end *client, const char *method, const char *path, const char *body)
{
	struct talk *talk = make_talk(client);
	struct http_head head = { .method = str_from(method),
				  .target = str_from(path),
				  .authority = STR("a:1"),
				  .scheme = STR("https"),
				  .content_length = HTTP_LENGTH_UNKNOWN };
	http_engine_start(client->engine, &talk->stream, &head, body != NULL);
	if (body != NULL && body[0] != '\0') {
		http_stream_copy(&talk->stream, str_from(body));
		http_stream_end(&talk->stream, (struct http_headers){ 0 });
	}
	return talk;
}

static void fini(struct end *client, struct end *server)
{
	http_engine_free(client->engine);
	http_engine_free(server->engine);
}

TEST(many_requests_share_a_connection)
{
	struct end *client = make_end(false), *server = make_end(true);
	server->answer = "hello";
	for (int i = 0; i < 500; i++) { /* more than may be open at once: the rest waits */
		ask(client, "GET", "/x?y=1", NULL);
		if (i % 7 == 0)
			talk_all(client, server);
	}
	talk_all(client, server);
	CHECK_EQ(server->count, 500);
	for (uint32_t i = 0; i < 500; i++) {
		CHECK_STR(text_str(&client->talks[i]->heard), "200 content-length=5|[hello]!<OK>");
		CHECK_STR(text_str(&server->talks[i]->heard), "GET a:1 /x?y=1|!<OK>");
	}
	CHECK_EQ(client->engine->stream_count, 0);
	fini(client, server);
}

TEST(bodies_and_trailers_go_both_ways)
{
	struct end *client = make_end(false), *server = make_end(true);
	struct talk *call = ask(client, "POST", "/grpc", "");
	talk_all(client, server);
	struct talk *asked = server->talks[0];
	struct http_head head = { .code = 200, .content_length = HTTP_LENGTH_UNKNOWN };
	http_stream_begin(&asked->stream, &head, true);
	for (int i = 0; i < 3; i++) {
		http_stream_copy(&call->stream, STR("ping"));
		talk_all(client, server);
		http_stream_add(&asked->stream, HTTP_BYTES(STR("pong")));
		talk_all(client, server);
	}
	const struct http_header trailer = { STR("grpc-status"), STR("0") };
	http_stream_end(&call->stream, (struct http_headers){ &trailer, 1 });
	http_stream_end(&asked->stream, (struct http_headers){ &trailer, 1 });
	talk_all(client, server);
	CHECK_STR(text_str(&call->heard), "200|[pong][pong][pong]~grpc-status!<OK>");
	CHECK_STR(text_str(&asked->heard), "POST a:1 /grpc|[ping][ping][ping]~grpc-status!<OK>");
	fini(client, server);
}

TEST(flow_control_holds_whoever_produces)
{
	struct end *client = make_end(false), *server = make_end(true);
	server->takes_nothing = true;
	struct talk *call = ask(client, "POST", "/big", "");
	char *zeros = arena_zalloc(test_arena(), MIB);
	http_stream_add(&call->stream, HTTP_BYTES(str_of(zeros, MIB)));
	http_stream_end(&call->stream, (struct http_headers){ 0 });
	talk_all(client, server);
	struct talk *asked = server->talks[0];
	CHECK_EQ(asked->body_bytes, 256 * KIB);
	CHECK_EQ(call->stream.out.bytes, MIB - 256 * KIB);
	http_stream_consume(&asked->stream, 200 * KIB);
	talk_all(client, server);
	CHECK_EQ(asked->body_bytes, 456 * KIB);
	server->takes_nothing = false;
	http_stream_consume(&asked->stream, 256 * KIB);
	talk_all(client, server);
	CHECK_EQ(asked->body_bytes, MIB);
	CHECK(str_ends(text_str(&asked->heard), STR("!")));
	fini(client, server);
}

TEST(a_slow_reader_does_not_hold_the_others_of_its_connection)
{
	struct end *client = make_end(false), *server = make_end(true);
	server->answer = "quick";
	client->takes_nothing = true;
	struct talk *slow = ask(client, "POST", "/slow", "");
	talk_all(client, server);
	struct http_head head = { .code = 200, .content_length = HTTP_LENGTH_UNKNOWN };
	http_stream_begin(&server->talks[0]->stream, &head, true);
	char *zeros = arena_zalloc(test_arena(), MIB);
	http_stream_add(&server->talks[0]->stream, HTTP_BYTES(str_of(zeros, MIB)));
	talk_all(client, server);
	CHECK_EQ(slow->body_bytes, 256 * KIB);
	struct talk *quick = ask(client, "GET", "/quick", NULL);
	talk_all(client, server);
	CHECK(str_ends(text_str(&quick->heard), STR("|[quick]!<OK>")));
	fini(client, server);
}

static void count(void *arg)
{
	++*(int *)arg;
}

TEST(a_reset_by_either_side_ends_the_stream_and_releases_what_waited)
{
	for (int by_server = 0; by_server < 2; by_server++) {
		struct end *client = make_end(false), *server = make_end(true);
		struct talk *call = ask(client, "POST", "/w", "");
		talk_all(client, server);
		struct talk *asked = server->talks[0];
		struct http_head head = { .code = 200, .content_length = HTTP_LENGTH_UNKNOWN };
		int released = 0;
		http_stream_begin(&asked->stream, &head, true);
		http_stream_add(&asked->stream, (struct http_bytes){ STR("x"), count, &released });
		CHECK_EQ(released, 0);
		http_stream_reset(by_server ? &asked->stream : &call->stream);
		talk_all(client, server);
		CHECK_EQ(released, 1);
		CHECK(str_ends(text_str(&call->heard), STR("<CANCELLED>")));
		CHECK(str_ends(text_str(&asked->heard), STR("<CANCELLED>")));
		/* The streams are closed: further bytes are released at once, and the connection goes on. */
		http_stream_add(&asked->stream, (struct http_bytes){ STR("y"), count, &released });
		CHECK_EQ(released, 2);
		server->answer = "more";
		struct talk *next = ask(client, "GET", "/", NULL);
		talk_all(client, server);
		CHECK(str_ends(text_str(&next->heard), STR("[more]!<OK>")));
		fini(client, server);
	}
}

TEST(an_early_answer_tells_the_client_to_send_no_more)
{
	struct end *client = make_end(false), *server = make_end(true);
	server->answers_at_once = true;
	struct talk *call = ask(client, "POST", "/big", "");
	talk_all(client, server);
	CHECK(str_ends(text_str(&call->heard), STR("413 content-length=7|[too big]!<OK>")));
	CHECK(str_ends(text_str(&server->talks[0]->heard), STR("<OK>")));
	fini(client, server);
}

TEST(a_refused_stream_is_safe_to_repeat)
{
	struct end *client = make_end(false), *server = make_end(true);
	server->refuses = true;
	struct talk *call = ask(client, "GET", "/", NULL);
	talk_all(client, server);
	CHECK_STR(text_str(&call->heard), "<UNAVAILABLE>");
	fini(client, server);
}

TEST(draining_finishes_what_is_open_and_takes_no_more)
{
	struct end *client = make_end(false), *server = make_end(true);
	struct talk *call = ask(client, "GET", "/", NULL);
	talk_all(client, server);
	http_engine_drain(server->engine);
	talk_all(client, server);
	CHECK(client->engine->is_draining);
	CHECK(!server->engine->is_done);
	answer(server->talks[0], 200, "last");
	talk_all(client, server);
	CHECK_STR(text_str(&call->heard), "200 content-length=4|[last]!<OK>");
	CHECK(server->engine->is_done);
	fini(client, server);
}

TEST(a_ping_is_answered)
{
	struct end *client = make_end(false), *server = make_end(true);
	talk_all(client, server);
	CHECK(http_engine_ping(client->engine));
	talk_all(client, server);
	http_engine_pong(server->engine);
	talk_all(client, server);
	CHECK_EQ(client->engine->pongs, 1);
	fini(client, server);
}

TEST(heads_past_the_limits_get_431)
{
	struct end *client = make_end(false), *server = make_end(true);
	talk_all(client, server);
	static struct http_header headers[LIMIT_HEADERS + 1];
	for (uint32_t i = 0; i <= LIMIT_HEADERS; i++)
		headers[i] = (struct http_header){ STR("x"), STR("y") };
	struct talk *talk = make_talk(client);
	struct http_head head = { .method = STR("GET"),
				  .target = STR("/"),
				  .authority = STR("a"),
				  .scheme = STR("https"),
				  .headers = { headers, LIMIT_HEADERS + 1 } };
	http_engine_start(client->engine, &talk->stream, &head, false);
	talk_all(client, server);
	CHECK_STR(text_str(&talk->heard), "431|!<OK>");
	CHECK_STR(text_str(&server->talks[0]->heard), "<BAD_REQUEST>");
	fini(client, server);
}

TEST(a_body_that_is_awaited_is_asked_for)
{
	struct end *client = make_end(false), *server = make_end(true);
	struct http_header expect = { STR("expect"), STR("100-continue") };
	struct talk *talk = make_talk(client);
	struct http_head head = { .method = STR("POST"),
				  .target = STR("/"),
				  .authority = STR("a"),
				  .scheme = STR("https"),
				  .headers = { &expect, 1 },
				  .content_length = HTTP_LENGTH_UNKNOWN };
	http_engine_start(client->engine, &talk->stream, &head, true);
	talk_all(client, server);
	server->answer = "ok";
	http_stream_copy(&talk->stream, STR("body"));
	http_stream_end(&talk->stream, (struct http_headers){ 0 });
	talk_all(client, server);
	CHECK(str_ends(text_str(&talk->heard), STR("|[ok]!<OK>")));
	fini(client, server);
}

/* Two questions, of which the first has heard the head of its answer. */
static void ask_two(struct end *client, struct end *server, struct talk **heard,
		    struct talk **unheard)
{
	struct http_head head = { .code = 200, .content_length = HTTP_LENGTH_UNKNOWN };

	*heard = ask(client, "GET", "/1", NULL);
	*unheard = ask(client, "GET", "/2", NULL);
	talk_all(client, server);
	http_stream_begin(&server->talks[0]->stream, &head, true);
	talk_all(client, server);
}

TEST(a_connection_that_breaks_ends_its_streams_and_says_how_far_they_were)
{
	struct end *client = make_end(false), *server = make_end(true);
	struct talk *heard, *unheard;

	ask_two(client, server, &heard, &unheard);
	http_engine_feed_end(client->engine);
	CHECK(str_ends(text_str(&heard->heard), STR("<CANCELLED>")));
	CHECK_STR(text_str(&unheard->heard), "<GONE>");
	CHECK(client->engine->is_done);
	fini(client, server);
}

TEST(of_a_connection_that_is_lost_only_what_heard_nothing_may_be_asked_again)
{
	struct end *client = make_end(false), *server = make_end(true);
	struct talk *heard, *unheard;

	ask_two(client, server, &heard, &unheard);
	http_engine_lose(client->engine);
	CHECK_STR(text_str(&heard->heard), "200|");
	CHECK_STR(text_str(&unheard->heard), "<GONE>");
	CHECK(client->engine->is_done);
	http_engine_lose(server->engine);
	CHECK(!server->engine->is_done); /* a server has nobody to ask again */
	fini(client, server);
	CHECK_STR(text_str(&heard->heard), "200|<CANCELLED>");
	CHECK(str_ends(text_str(&server->talks[1]->heard), STR("<CANCELLED>")));
}

TEST(what_is_not_http2_ends_the_connection)
{
	static const char *const cases[] = {
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"rubbish that is long enough to be looked at",
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct end *server = make_end(true);
		struct str in = str_from(cases[i]);
		http_engine_feed(server->engine, &in);
		struct text out = text_in(test_arena(), 64 * KIB);
		http_engine_fill(server->engine, &out);
		CHECK(server->engine->is_done);
		CHECK(server->engine->fault.text[0] != '\0');
		http_engine_free(server->engine);
	}
}

TEST(an_answer_to_a_ping_waits_until_it_is_let_go)
{
	struct end *client = make_end(false), *server = make_end(true);
	talk_all(client, server);
	CHECK(http_engine_ping(client->engine));
	carry(client, server);
	CHECK(http_engine_is_patient(server->engine));
	CHECK(!http_engine_has_output(server->engine));
	ask(client, "GET", "/x", NULL);
	carry(client, server);
	answer(server->talks[0], 200, "hello");
	talk_all(client, server);
	CHECK_STR(text_str(&client->talks[0]->heard), "200 content-length=5|[hello]!<OK>");
	CHECK_EQ(client->engine->pongs, 0);
	http_engine_pong(server->engine);
	CHECK(!http_engine_is_patient(server->engine));
	talk_all(client, server);
	CHECK_EQ(client->engine->pongs, 1);
	http_engine_pong(server->engine);
	CHECK(!http_engine_has_output(server->engine)); /* there is none */
	fini(client, server);
}

TEST(of_two_pings_the_first_is_answered_when_the_second_comes)
{
	struct end *client = make_end(false), *server = make_end(true);
	talk_all(client, server);
	CHECK(http_engine_ping(client->engine));
	CHECK(http_engine_ping(client->engine));
	talk_all(client, server);
	CHECK_EQ(client->engine->pongs, 1);
	CHECK(http_engine_is_patient(server->engine));
	http_engine_pong(server->engine);
	talk_all(client, server);
	CHECK_EQ(client->engine->pongs, 2);
	fini(client, server);
}

TEST(a_ping_beside_a_body_or_a_farewell_is_answered_at_once)
{
	struct end *client = make_end(false), *server = make_end(true);
	ask(client, "GET", "/y", NULL);
	talk_all(client, server);
	CHECK(http_engine_ping(client->engine));
	answer(server->talks[0], 200, "hello");
	carry(client, server);
	CHECK(!http_engine_is_patient(server->engine));
	CHECK(http_engine_has_output(server->engine));
	talk_all(client, server);
	CHECK_EQ(client->engine->pongs, 1);
	http_engine_drain(server->engine);
	CHECK(http_engine_ping(client->engine));
	carry(client, server);
	CHECK(!http_engine_is_patient(server->engine));
	fini(client, server);
}

TEST(who_pings_without_end_and_reads_no_answer_loses_its_connection)
{
	struct end *client = make_end(false), *server = make_end(true);
	talk_all(client, server);
	for (uint32_t i = 0; i < 3000 && !server->engine->is_done; i++) {
		CHECK(http_engine_ping(client->engine));
		carry(client, server);
	}
	CHECK(server->engine->is_done);
	fini(client, server);
}

TEST(a_client_answers_a_ping_at_once)
{
	struct end *client = make_end(false), *server = make_end(true);
	talk_all(client, server);
	CHECK(http_engine_ping(server->engine));
	talk_all(client, server);
	CHECK(!http_engine_is_patient(client->engine));
	CHECK_EQ(server->engine->pongs, 1);
	fini(client, server);
}
