#include "runtime/base/mem.h"
#include "tests/lib/test.h"
#include "transport/http/engine/engine.h"

/* One engine with an owner that writes down what it hears. */
struct end {
	struct http_engine *engine;
	struct http_stream stream;
	struct text heard;
	struct text sent;
	bool is_busy, answers_at_once, takes_nothing, refuses;
};

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

static void answer(struct end *end, int code, const char *body)
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
		answer(end, 413, "too big");
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

static struct end *make_end(bool is_server)
{
	struct end *end = arena_new_of(test_arena(), struct end);
	end->engine = http1_new(is_server, &events, end);
	end->heard = text_in(test_arena(), 2 * MIB);
	end->sent = text_in(test_arena(), 2 * MIB);
	return end;
}

/* Feeds in steps of `step` bytes; what the engine leaves is fed again as an owner would. Gives what was left at the end. */
static struct str feed(struct end *end, struct str bytes, uint32_t step)
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

static void drain(struct end *end)
{
	for (uint32_t before = end->sent.len + 1; before != end->sent.len;) {
		before = end->sent.len;
		http_engine_fill(end->engine, &end->sent);
	}
}

static void fini(struct end *end)
{
	http_engine_free(end->engine);
}

TEST(requests_are_understood_however_they_are_cut)
{
	static const struct {
		const char *bytes, *heard;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / host=a|!" },
		{ "\r\nGET /x?y HTTP/1.1\r\nHOST:a\r\nX-Empty:\r\nAccept:  b , c  \r\n\r\n",
		  "GET /x?y host=a x-empty= accept=b , c|!" },
		{ "GET / HTTP/1.0\r\n\r\n", "GET /|!" },
		{ "PATCH /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		  "PATCH /p host=a content-length=5|[hello]!" },
		{ "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "2\r\nhi\r\n3;ext=1\r\nyou\r\n0\r\nX-T: 1\r\n\r\n",
		  "POST /p host=a transfer-encoding=chunked|[hi][you]~x-t!" },
		{ "DELETE /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
		  "DELETE /p host=a content-length=0|!" },
		{ "GET /u HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n",
		  "GET /u host=a connection=Upgrade upgrade=SPDY/3.1|!" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct end *whole = make_end(true);
		feed(whole, str_from(cases[i].bytes), 4096);
		CHECK_STR(text_str(&whole->heard), cases[i].heard);
		CHECK(whole->engine->is_held);
		fini(whole);
		struct end *cut = make_end(true);
		feed(cut, str_from(cases[i].bytes), 1);
		CHECK(cut->engine->is_held && cut->is_busy);
		fini(cut);
	}
}

TEST(what_is_not_a_request_is_refused_and_the_connection_ends)
{
	static const struct {
		const char *bytes;
		int code;
	} cases[] = {
		{ "rubbish\r\n\r\n", 400 },
		{ "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 400 },
		{ "GET / HTTP/1.1\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\nabc", 400 },
		{ "GET / HTTP/1.1\r\nHo st: a\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n", 400 },
		{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505 },
		{ "GET /\r\n\r\n", 505 },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
		  400 },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
		  400 },
		{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		  400 },
		{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nx", 400 },
		{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400 },
		{ "POST / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\nx",
		  417 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct end *end = make_end(true);
		feed(end, str_from(cases[i].bytes), 4096);
		drain(end);
		struct str expected = arena_printf(test_arena(), "HTTP/1.1 %d ", cases[i].code);
		CHECK_STR(str_slice(text_str(&end->sent), 0, expected.len), expected.at);
		CHECK(str_ends(text_str(&end->sent), STR("content-length: 2\r\n\r\n{}")));
		CHECK(end->engine->is_done);
		CHECK(!end->is_busy);
		fini(end);
	}
}

/* What http-parser would let through, however it is cut: a request could hide behind it from one of two readers. */
TEST(what_two_readers_may_read_differently_is_refused)
{
#define CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	static const char *const cases[] = {
		"GET / HTTP/1.1\r\nHost:\r\n a\r\n\r\n",
		"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
		"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nX: y\n\tz\r\n\r\n",
		CHUNKED "1\r\naXX0\r\n\r\n",
		CHUNKED "1\r\nabc\r\n0\r\n\r\n",
		CHUNKED "1\na\n0\n\n",
		CHUNKED "1\r\na\n0\r\n\r\n",
		CHUNKED "\r\n0\r\n\r\n",
		CHUNKED "1111111111111111\r\n",
		CHUNKED "0\r\nX: y\r\n z\r\n\r\n",
		CHUNKED "0\r\n\rGET",
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (uint32_t piece = 1; piece < 4096; piece *= 4) {
			struct end *end = make_end(true);
			struct str sent;

			feed(end, str_from(cases[i]), piece);
			drain(end);
			sent = text_str(&end->sent);
			CHECK_STR(str_slice(sent, 0, 13), "HTTP/1.1 400 ");
			CHECK(end->engine->is_done);
			fini(end);
		}
}

TEST(heads_past_the_limits_are_refused)
{
	struct text big = text_in(test_arena(), MIB), many = text_in(test_arena(), MIB),
		    url = text_in(test_arena(), MIB);
	text_lit(&big, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	for (uint32_t i = 0; i < LIMIT_HEADER_BYTES; i++)
		text_add_char(&big, 'x');
	text_lit(&big, "\r\n\r\n");
	text_lit(&many, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (uint32_t i = 0; i < LIMIT_HEADERS; i++)
		text_lit(&many, "x:y\r\n");
	text_lit(&many, "\r\n");
	text_lit(&url, "GET /");
	for (uint32_t i = 0; i < LIMIT_HEADER_BYTES; i++)
		text_add_char(&url, 'x');
	struct text *all[] = { &big, &many, &url };
	const char *codes[] = { "HTTP/1.1 431 ", "HTTP/1.1 431 ", "HTTP/1.1 414 " };
	for (int i = 0; i < 3; i++) {
		struct end *end = make_end(true);
		feed(end, text_str(all[i]), 16384);
		drain(end);
		CHECK_STR(str_slice(text_str(&end->sent), 0, 13), codes[i]);
		fini(end);
	}
}

TEST(a_pipeline_is_answered_one_by_one_in_order)
{
	struct end *end = make_end(true);
	struct str rest = feed(end,
			       STR("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
				   "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
				   "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
			       4096);
	for (int i = 1; i <= 3; i++) {
		CHECK(end->engine->is_held);
		answer(end, 200, arena_printf(test_arena(), "answer %d", i).at);
		drain(end);
		struct str in = rest;
		http_engine_feed(end->engine, &in);
		rest = in;
	}
	CHECK(end->engine->is_done);
	CHECK_STR(text_str(&end->heard), "GET /1 host=a|!<OK>GET /2 host=a|!<OK>"
					 "GET /3 host=a connection=close|!<OK>");
	CHECK_STR(text_str(&end->sent),
		  "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nanswer 1"
		  "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nanswer 2"
		  "HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\nanswer 3");
	fini(end);
}

TEST(a_body_of_unknown_length_is_chunked_or_ends_with_the_connection)
{
	static const struct {
		const char *request, *answer;
		bool is_done;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
		  "5\r\nhello\r\n6\r\n world\r\n0\r\nx-sum: 7\r\n\r\n",
		  false },
		{ "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		  "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello world", true },
		{ "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct end *end = make_end(true);
		feed(end, str_from(cases[i].request), 4096);
		struct http_head head = { .code = 200, .content_length = HTTP_LENGTH_UNKNOWN };
		struct http_header trailer = { STR("x-sum"), STR("7") };
		http_stream_begin(&end->stream, &head, true);
		http_stream_copy(&end->stream, STR("hello"));
		drain(end);
		http_stream_add(&end->stream, HTTP_BYTES(STR(" world")));
		http_stream_end(&end->stream, (struct http_headers){ &trailer, 1 });
		drain(end);
		CHECK_STR(text_str(&end->sent), cases[i].answer);
		CHECK_EQ(end->engine->is_done, cases[i].is_done);
		fini(end);
	}
}

TEST(headers_that_could_split_an_answer_or_break_its_framing_are_left_out)
{
	struct end *end = make_end(true);
	feed(end, STR("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 4096);
	const struct http_header headers[] = {
		{ STR("good"), STR("yes\twith tab") },
		{ STR("bad"), STR("a\r\nset-cookie: b") },
		{ STR("Upper"), STR("x") },
		{ STR("content-length"), STR("99") },
		{ STR("transfer-encoding"), STR("x") },
		{ STR(""), STR("x") },
	};
	struct http_head head = { .code = 204, .headers = { headers, 6 } };
	http_stream_begin(&end->stream, &head, false);
	drain(end);
	CHECK_STR(
	    text_str(&end->sent),
	    "HTTP/1.1 204 No Content\r\ngood: yes\twith tab\r\nconnection: keep-alive\r\n\r\n");
	fini(end);
}

TEST(a_body_that_is_awaited_is_asked_for_and_one_that_is_refused_is_not)
{
	struct str head = STR("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
			      "Content-Length: 3\r\n\r\n");
	struct end *end = make_end(true);
	feed(end, head, 4096);
	drain(end);
	CHECK_STR(text_str(&end->sent), "HTTP/1.1 100 Continue\r\n\r\n");
	feed(end, STR("abc"), 4096);
	CHECK(str_ends(text_str(&end->heard), STR("|[abc]!")));
	fini(end);
	end = make_end(true);
	end->answers_at_once = true;
	feed(end, head, 4096);
	drain(end);
	CHECK(str_starts(text_str(&end->sent), STR("HTTP/1.1 413 ")));
	CHECK(str_find(text_str(&end->sent), STR("connection: close\r\n")) > 0);
	CHECK(end->engine->is_done);
	fini(end);
}

TEST(a_streamed_body_that_nobody_takes_holds_the_peer)
{
	struct end *end = make_end(true);
	end->takes_nothing = true;
	feed(end, STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"), 4096);
	char *zeros = arena_zalloc(test_arena(), MIB);
	memset(zeros, 'z', MIB);
	struct str rest = feed(end, str_of(zeros, 1000000), 65536);
	CHECK(end->engine->is_held);
	CHECK_EQ(end->stream.unconsumed_bytes, LIMIT_STREAM_BUFFER_BYTES);
	CHECK_EQ(rest.len, 1000000 - LIMIT_STREAM_BUFFER_BYTES);
	http_stream_consume(&end->stream, 100000);
	CHECK(!end->engine->is_held);
	fini(end);
}

TEST(an_upgrade_hands_over_the_bytes_of_both_ways)
{
	struct end *end = make_end(true);
	struct str rest = feed(end,
			       STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
				   "Upgrade: raw\r\n\r\nearly"),
			       4096);
	const struct http_header headers[] = { { STR("upgrade"), STR("raw") },
					       { STR("x-more"), STR("1") } };
	struct http_head head = { .code = 101, .headers = { headers, 2 } };
	http_stream_begin(&end->stream, &head, true);
	http_stream_copy(&end->stream, STR("\x01\x02"));
	drain(end);
	CHECK_STR(text_str(&end->sent),
		  "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n"
		  "upgrade: raw\r\nx-more: 1\r\n\r\n\x01\x02");
	struct str in = rest;
	http_engine_feed(end->engine, &in);
	feed(end, STR("GET not HTTP"), 4096);
	CHECK(str_ends(text_str(&end->heard), STR("|![early][GET not HTTP]")));
	http_engine_feed_end(end->engine);
	CHECK(!end->engine->is_done);
	http_stream_end(&end->stream, (struct http_headers){ 0 });
	drain(end);
	CHECK(str_ends(text_str(&end->heard), STR("!<OK>")));
	CHECK(end->engine->is_done);
	fini(end);
}

static struct end *make_upgraded(void)
{
	struct end *end = make_end(true);
	const struct http_header header = { STR("upgrade"), STR("raw") };
	struct http_head head = { .code = 101, .headers = { &header, 1 } };
	feed(end, STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n"),
	     4096);
	http_stream_begin(&end->stream, &head, true);
	drain(end);
	return end;
}

TEST(the_end_of_our_raw_bytes_is_the_end_of_our_half_only)
{
	struct end *end = make_upgraded();
	http_stream_copy(&end->stream, STR("last"));
	http_stream_end(&end->stream, (struct http_headers){ 0 });
	CHECK(!end->engine->is_out_over); /* not before they are out */
	drain(end);
	CHECK(end->engine->is_out_over && !end->engine->is_done);
	feed(end, STR("more"), 4096);
	CHECK(str_ends(text_str(&end->heard), STR("[more]")));
	http_engine_feed_end(end->engine);
	CHECK(str_ends(text_str(&end->heard), STR("[more]!<OK>")));
	CHECK(end->engine->is_done && !end->engine->is_cut);
	fini(end);
}

TEST(raw_bytes_that_nobody_reads_do_not_keep_a_connection_open)
{
	struct end *end = make_upgraded();
	http_stream_end(&end->stream, (struct http_headers){ 0 });
	http_stream_leave(&end->stream);
	CHECK(!end->engine->is_done);
	drain(end);
	CHECK(str_ends(text_str(&end->heard), STR("<OK>")));
	CHECK(end->engine->is_done && !end->engine->is_cut);
	fini(end);
}

TEST(draining_closes_idle_connections_and_says_so_on_busy_ones)
{
	struct end *idle = make_end(true);
	http_engine_drain(idle->engine);
	CHECK(idle->engine->is_done);
	fini(idle);
	struct end *busy = make_end(true);
	feed(busy, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 4096);
	http_engine_drain(busy->engine);
	CHECK(!busy->engine->is_done);
	answer(busy, 200, "x");
	drain(busy);
	CHECK(str_find(text_str(&busy->sent), STR("connection: close\r\n")) > 0);
	CHECK(busy->engine->is_done);
	fini(busy);
}

TEST(an_answer_that_is_given_up_cuts_the_connection)
{
	struct end *end = make_end(true);
	struct http_head head = { .code = 200, .content_length = HTTP_LENGTH_UNKNOWN };
	feed(end, STR("GET / HTTP/1.0\r\n\r\n"), 4096);
	http_stream_begin(&end->stream, &head, true);
	http_stream_copy(&end->stream, STR("half"));
	drain(end);
	http_stream_reset(&end->stream);
	CHECK(str_ends(text_str(&end->heard), STR("<CANCELLED>")));
	CHECK(end->engine->is_done && end->engine->is_cut);
	fini(end);
}

TEST(a_peer_that_leaves_early_cancels_its_request)
{
	struct end *end = make_end(true);
	feed(end, STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"), 4096);
	http_engine_feed_end(end->engine);
	CHECK(str_ends(text_str(&end->heard), STR("[abc]<CANCELLED>")));
	CHECK(end->engine->is_done);
	fini(end);
	/* Whole, but its answer is not there yet, or not all of it. */
	for (int begun = 0; begun < 2; begun++) {
		struct http_head head = { .code = 200, .content_length = HTTP_LENGTH_UNKNOWN };
		end = make_end(true);
		feed(end, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 4096);
		if (begun != 0)
			http_stream_begin(&end->stream, &head, true);
		drain(end);
		http_engine_feed_end(end->engine);
		CHECK(str_ends(text_str(&end->heard), STR("|!<CANCELLED>")));
		CHECK(end->engine->is_done);
		fini(end);
	}
	/* Its answer is there: it may be closing its half behind the request. */
	end = make_end(true);
	feed(end, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 4096);
	answer(end, 200, "all");
	http_engine_feed_end(end->engine);
	CHECK(!end->engine->is_done);
	drain(end);
	CHECK(str_ends(text_str(&end->sent), STR("\r\n\r\nall")));
	CHECK(str_ends(text_str(&end->heard), STR("|!<OK>")));
	CHECK(end->engine->is_done && !end->engine->is_cut);
	fini(end);
	end = make_end(true);
	end->refuses = true;
	feed(end, STR("GET / HTTP/1.1\r\n"), 4096);
	CHECK_STR(text_str(&end->heard), "refused 503");
	fini(end);
}

static void ask(struct end *end, const char *method, const char *body)
{
	end->is_busy = true;
	end->stream = (struct http_stream){ .arena = arena_new(0) };
	struct http_head head = { .method = str_from(method),
				  .target = STR("/t"),
				  .authority = STR("a:1"),
				  .content_length = body != NULL ? (int64_t)strlen(body) : 0 };
	http_engine_start(end->engine, &end->stream, &head, body != NULL);
	if (body != NULL) {
		http_stream_copy(&end->stream, str_from(body));
		http_stream_end(&end->stream, (struct http_headers){ 0 });
	}
	drain(end);
}

TEST(answers_are_understood_by_the_client)
{
	static const struct {
		const char *method, *bytes, *heard;
		bool is_done; /* with what it has got, before the connection ends */
	} cases[] = {
		{ "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		  "200 content-length=2|[hi]!<OK>", false },
		{ "GET", "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
		  "200 transfer-encoding=chunked|[hi]!<OK>", false },
		{ "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
		  "200 content-length=2|!<OK>", false },
		{ "GET", "HTTP/1.1 204 No Content\r\n\r\n", "204|!<OK>", false },
		{ "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		  "200 content-length=0|!<OK>", false },
		{ "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
		  "200 connection=close content-length=0|!<OK>", true },
		{ "GET", "HTTP/1.0 200 OK\r\n\r\nall of it", "200|[all of it]", false },
		{ "GET", "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\nraw",
		  "101 connection=upgrade upgrade=raw|[raw]", false },
		{ "GET", "rubbish", "<BAD_REQUEST>", true },
		{ "GET", "HTTP/1.1 999 X\r\n\r\n", "<BAD_REQUEST>", true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct end *end = make_end(false);
		ask(end, cases[i].method, NULL);
		feed(end, str_from(cases[i].bytes), 4096);
		CHECK_STR(text_str(&end->heard), cases[i].heard);
		CHECK_EQ(end->engine->is_done, cases[i].is_done);
		fini(end);
	}
}

TEST(an_answer_before_the_request_is_out_ends_the_call_and_the_connection)
{
	struct end *end = make_end(false);
	end->is_busy = true;
	end->stream = (struct http_stream){ .arena = arena_new(0) };
	struct http_head head = { .method = STR("POST"),
				  .target = STR("/"),
				  .authority = STR("a"),
				  .content_length = HTTP_LENGTH_UNKNOWN };
	http_engine_start(end->engine, &end->stream, &head, true);
	feed(end, STR("HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\nmore"), 4096);
	CHECK_STR(text_str(&end->heard), "413 content-length=0|!<OK>");
	CHECK(end->engine->is_done);
	fini(end);
}

TEST(a_client_uses_its_connection_again_and_knows_why_it_broke)
{
	struct end *end = make_end(false);
	for (int i = 0; i < 3; i++) {
		ask(end, "POST", "x");
		feed(end, STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), 1);
	}
	CHECK_STR(str_slice(text_str(&end->sent), 0, end->sent.len / 3),
		  "POST /t HTTP/1.1\r\nhost: a:1\r\ncontent-length: 1\r\n\r\nx");
	CHECK_STR(text_str(&end->heard), "200 content-length=0|!<OK>200 content-length=0|!<OK>"
					 "200 content-length=0|!<OK>");
	ask(end, "GET", NULL);
	http_engine_feed_end(end->engine);
	CHECK(str_ends(text_str(&end->heard), STR("<GONE>")));
	fini(end);
	end = make_end(false);
	ask(end, "GET", NULL);
	feed(end, STR("HTTP/1.0 200 OK\r\n\r\nto the end"), 4096);
	http_engine_feed_end(end->engine);
	CHECK_STR(text_str(&end->heard), "200|[to the end]!<OK>");
	fini(end);
	end = make_end(false);
	feed(end, STR("HTTP/1.1 200 OK\r\n\r\n"), 4096);
	CHECK(end->engine->is_done);
	fini(end);
}
