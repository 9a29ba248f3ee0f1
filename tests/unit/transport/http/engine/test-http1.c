#include "tests/lib/test.h"
#include "tests/unit/transport/http/engine/end.h"

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
		struct end *whole = end_new(true);
		end_feed(whole, str_from(cases[i].bytes), 4096);
		CHECK_STR(text_str(&whole->heard), cases[i].heard);
		CHECK(whole->engine->is_held);
		end_fini(whole);
		struct end *cut = end_new(true);
		end_feed(cut, str_from(cases[i].bytes), 1);
		CHECK(cut->engine->is_held && cut->is_busy);
		end_fini(cut);
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
		struct end *end = end_new(true);
		end_feed(end, str_from(cases[i].bytes), 4096);
		end_drain(end);
		struct str expected = arena_printf(test_arena(), "HTTP/1.1 %d ", cases[i].code);
		CHECK_STR(str_slice(text_str(&end->sent), 0, expected.len), expected.at);
		CHECK(str_ends(text_str(&end->sent), STR("content-length: 2\r\n\r\n{}")));
		CHECK(end->engine->is_done);
		CHECK(!end->is_busy);
		end_fini(end);
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
			struct end *end = end_new(true);
			struct str sent;

			end_feed(end, str_from(cases[i]), piece);
			end_drain(end);
			sent = text_str(&end->sent);
			CHECK_STR(str_slice(sent, 0, 13), "HTTP/1.1 400 ");
			CHECK(end->engine->is_done);
			end_fini(end);
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
		struct end *end = end_new(true);
		end_feed(end, text_str(all[i]), 16384);
		end_drain(end);
		CHECK_STR(str_slice(text_str(&end->sent), 0, 13), codes[i]);
		end_fini(end);
	}
}

TEST(a_pipeline_is_answered_one_by_one_in_order)
{
	struct end *end = end_new(true);
	struct str rest = end_feed(end,
				   STR("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
				       "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
				       "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
				   4096);
	for (int i = 1; i <= 3; i++) {
		CHECK(end->engine->is_held);
		end_answer(end, 200, arena_printf(test_arena(), "answer %d", i).at);
		end_drain(end);
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
	end_fini(end);
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
		struct end *end = end_new(true);
		end_feed(end, str_from(cases[i].request), 4096);
		struct http_head head = { .code = 200, .content_length = HTTP_LENGTH_UNKNOWN };
		struct http_header trailer = { STR("x-sum"), STR("7") };
		http_stream_begin(&end->stream, &head, true);
		http_stream_copy(&end->stream, STR("hello"));
		end_drain(end);
		http_stream_add(&end->stream, HTTP_BYTES(STR(" world")));
		http_stream_end(&end->stream, (struct http_headers){ &trailer, 1 });
		end_drain(end);
		CHECK_STR(text_str(&end->sent), cases[i].answer);
		CHECK_EQ(end->engine->is_done, cases[i].is_done);
		end_fini(end);
	}
}

TEST(headers_that_could_split_an_answer_or_break_its_framing_are_left_out)
{
	struct end *end = end_new(true);
	end_feed(end, STR("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 4096);
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
	end_drain(end);
	CHECK_STR(
	    text_str(&end->sent),
	    "HTTP/1.1 204 No Content\r\ngood: yes\twith tab\r\nconnection: keep-alive\r\n\r\n");
	end_fini(end);
}

TEST(a_body_that_is_awaited_is_asked_for_and_one_that_is_refused_is_not)
{
	struct str head = STR("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
			      "Content-Length: 3\r\n\r\n");
	struct end *end = end_new(true);
	end_feed(end, head, 4096);
	end_drain(end);
	CHECK_STR(text_str(&end->sent), "HTTP/1.1 100 Continue\r\n\r\n");
	end_feed(end, STR("abc"), 4096);
	CHECK(str_ends(text_str(&end->heard), STR("|[abc]!")));
	end_fini(end);
	end = end_new(true);
	end->answers_at_once = true;
	end_feed(end, head, 4096);
	end_drain(end);
	CHECK(str_starts(text_str(&end->sent), STR("HTTP/1.1 413 ")));
	CHECK(str_find(text_str(&end->sent), STR("connection: close\r\n")) > 0);
	CHECK(end->engine->is_done);
	end_fini(end);
}

TEST(a_streamed_body_that_nobody_takes_holds_the_peer)
{
	struct end *end = end_new(true);
	end->takes_nothing = true;
	end_feed(end, STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"), 4096);
	char *zeros = arena_zalloc(test_arena(), MIB);
	memset(zeros, 'z', MIB);
	struct str rest = end_feed(end, str_of(zeros, 1000000), 65536);
	CHECK(end->engine->is_held);
	CHECK_EQ(end->stream.unconsumed_bytes, LIMIT_STREAM_BUFFER_BYTES);
	CHECK_EQ(rest.len, 1000000 - LIMIT_STREAM_BUFFER_BYTES);
	http_stream_consume(&end->stream, 100000);
	CHECK(!end->engine->is_held);
	end_fini(end);
}

TEST(an_upgrade_hands_over_the_bytes_of_both_ways)
{
	struct end *end = end_new(true);
	struct str rest = end_feed(end,
				   STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
				       "Upgrade: raw\r\n\r\nearly"),
				   4096);
	const struct http_header headers[] = { { STR("upgrade"), STR("raw") },
					       { STR("x-more"), STR("1") } };
	struct http_head head = { .code = 101, .headers = { headers, 2 } };
	http_stream_begin(&end->stream, &head, true);
	http_stream_copy(&end->stream, STR("\x01\x02"));
	end_drain(end);
	CHECK_STR(text_str(&end->sent),
		  "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n"
		  "upgrade: raw\r\nx-more: 1\r\n\r\n\x01\x02");
	struct str in = rest;
	http_engine_feed(end->engine, &in);
	end_feed(end, STR("GET not HTTP"), 4096);
	CHECK(str_ends(text_str(&end->heard), STR("|![early][GET not HTTP]")));
	http_engine_feed_end(end->engine);
	CHECK(!end->engine->is_done);
	http_stream_end(&end->stream, (struct http_headers){ 0 });
	end_drain(end);
	CHECK(str_ends(text_str(&end->heard), STR("!<OK>")));
	CHECK(end->engine->is_done);
	end_fini(end);
}

static struct end *make_upgraded(void)
{
	struct end *end = end_new(true);
	const struct http_header header = { STR("upgrade"), STR("raw") };
	struct http_head head = { .code = 101, .headers = { &header, 1 } };
	end_feed(end,
		 STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n"),
		 4096);
	http_stream_begin(&end->stream, &head, true);
	end_drain(end);
	return end;
}

TEST(the_end_of_our_raw_bytes_is_the_end_of_our_half_only)
{
	struct end *end = make_upgraded();
	http_stream_copy(&end->stream, STR("last"));
	http_stream_end(&end->stream, (struct http_headers){ 0 });
	CHECK(!end->engine->is_out_over); /* not before they are out */
	end_drain(end);
	CHECK(end->engine->is_out_over && !end->engine->is_done);
	end_feed(end, STR("more"), 4096);
	CHECK(str_ends(text_str(&end->heard), STR("[more]")));
	http_engine_feed_end(end->engine);
	CHECK(str_ends(text_str(&end->heard), STR("[more]!<OK>")));
	CHECK(end->engine->is_done && !end->engine->is_cut);
	end_fini(end);
}

TEST(raw_bytes_that_nobody_reads_do_not_keep_a_connection_open)
{
	struct end *end = make_upgraded();
	http_stream_end(&end->stream, (struct http_headers){ 0 });
	http_stream_leave(&end->stream);
	CHECK(!end->engine->is_done);
	end_drain(end);
	CHECK(str_ends(text_str(&end->heard), STR("<OK>")));
	CHECK(end->engine->is_done && !end->engine->is_cut);
	end_fini(end);
}

TEST(draining_closes_idle_connections_and_says_so_on_busy_ones)
{
	struct end *idle = end_new(true);
	http_engine_drain(idle->engine);
	CHECK(idle->engine->is_done);
	end_fini(idle);
	struct end *busy = end_new(true);
	end_feed(busy, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 4096);
	http_engine_drain(busy->engine);
	CHECK(!busy->engine->is_done);
	end_answer(busy, 200, "x");
	end_drain(busy);
	CHECK(str_find(text_str(&busy->sent), STR("connection: close\r\n")) > 0);
	CHECK(busy->engine->is_done);
	end_fini(busy);
}

TEST(an_answer_that_is_given_up_cuts_the_connection)
{
	struct end *end = end_new(true);
	struct http_head head = { .code = 200, .content_length = HTTP_LENGTH_UNKNOWN };
	end_feed(end, STR("GET / HTTP/1.0\r\n\r\n"), 4096);
	http_stream_begin(&end->stream, &head, true);
	http_stream_copy(&end->stream, STR("half"));
	end_drain(end);
	http_stream_reset(&end->stream);
	CHECK(str_ends(text_str(&end->heard), STR("<CANCELLED>")));
	CHECK(end->engine->is_done && end->engine->is_cut);
	end_fini(end);
}

TEST(a_peer_that_leaves_early_cancels_its_request)
{
	struct end *end = end_new(true);
	end_feed(end, STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"), 4096);
	http_engine_feed_end(end->engine);
	CHECK(str_ends(text_str(&end->heard), STR("[abc]<CANCELLED>")));
	CHECK(end->engine->is_done);
	end_fini(end);
	/* Whole, but its answer is not there yet, or not all of it. */
	for (int begun = 0; begun < 2; begun++) {
		struct http_head head = { .code = 200, .content_length = HTTP_LENGTH_UNKNOWN };
		end = end_new(true);
		end_feed(end, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 4096);
		if (begun != 0)
			http_stream_begin(&end->stream, &head, true);
		end_drain(end);
		http_engine_feed_end(end->engine);
		CHECK(str_ends(text_str(&end->heard), STR("|!<CANCELLED>")));
		CHECK(end->engine->is_done);
		end_fini(end);
	}
	/* Its answer is there: it may be closing its half behind the request. */
	end = end_new(true);
	end_feed(end, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 4096);
	end_answer(end, 200, "all");
	http_engine_feed_end(end->engine);
	CHECK(!end->engine->is_done);
	end_drain(end);
	CHECK(str_ends(text_str(&end->sent), STR("\r\n\r\nall")));
	CHECK(str_ends(text_str(&end->heard), STR("|!<OK>")));
	CHECK(end->engine->is_done && !end->engine->is_cut);
	end_fini(end);
	end = end_new(true);
	end->refuses = true;
	end_feed(end, STR("GET / HTTP/1.1\r\n"), 4096);
	CHECK_STR(text_str(&end->heard), "refused 503");
	end_fini(end);
}
