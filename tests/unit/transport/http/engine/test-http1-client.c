#include "tests/lib/test.h"
#include "tests/unit/transport/http/engine/end.h"

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
	end_drain(end);
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
		struct end *end = end_new(false);
		ask(end, cases[i].method, NULL);
		end_feed(end, str_from(cases[i].bytes), 4096);
		CHECK_STR(text_str(&end->heard), cases[i].heard);
		CHECK_EQ(end->engine->is_done, cases[i].is_done);
		end_fini(end);
	}
}

TEST(an_answer_before_the_request_is_out_ends_the_call_and_the_connection)
{
	struct end *end = end_new(false);
	end->is_busy = true;
	end->stream = (struct http_stream){ .arena = arena_new(0) };
	struct http_head head = { .method = STR("POST"),
				  .target = STR("/"),
				  .authority = STR("a"),
				  .content_length = HTTP_LENGTH_UNKNOWN };
	http_engine_start(end->engine, &end->stream, &head, true);
	end_feed(end, STR("HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\nmore"), 4096);
	CHECK_STR(text_str(&end->heard), "413 content-length=0|!<OK>");
	CHECK(end->engine->is_done);
	end_fini(end);
}

TEST(a_client_uses_its_connection_again_and_knows_why_it_broke)
{
	struct end *end = end_new(false);
	for (int i = 0; i < 3; i++) {
		ask(end, "POST", "x");
		end_feed(end, STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), 1);
	}
	CHECK_STR(str_slice(text_str(&end->sent), 0, end->sent.len / 3),
		  "POST /t HTTP/1.1\r\nhost: a:1\r\ncontent-length: 1\r\n\r\nx");
	CHECK_STR(text_str(&end->heard), "200 content-length=0|!<OK>200 content-length=0|!<OK>"
					 "200 content-length=0|!<OK>");
	ask(end, "GET", NULL);
	http_engine_feed_end(end->engine);
	CHECK(str_ends(text_str(&end->heard), STR("<GONE>")));
	end_fini(end);
	end = end_new(false);
	ask(end, "GET", NULL);
	end_feed(end, STR("HTTP/1.0 200 OK\r\n\r\nto the end"), 4096);
	http_engine_feed_end(end->engine);
	CHECK_STR(text_str(&end->heard), "200|[to the end]!<OK>");
	end_fini(end);
	end = end_new(false);
	end_feed(end, STR("HTTP/1.1 200 OK\r\n\r\n"), 4096);
	CHECK(end->engine->is_done);
	end_fini(end);
}

TEST(a_call_on_a_lost_connection_may_be_asked_again_unless_it_has_heard_something)
{
	static const struct {
		const char *bytes, *lost, *freed;
	} cases[] = {
		{ "", "<GONE>", "<GONE>" },
		{ "HTTP/1.1 200 OK\r\n", "<GONE>", "<GONE>" }, /* no whole head */
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh", "200 content-length=2|[h]",
		  "200 content-length=2|[h]<CANCELLED>" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct end *end = end_new(false);

		ask(end, "GET", NULL);
		end_feed(end, str_from(cases[i].bytes), 4096);
		http_engine_lose(end->engine);
		CHECK(end->engine->is_done);
		CHECK_STR(text_str(&end->heard), cases[i].lost);
		end_fini(end);
		CHECK_STR(text_str(&end->heard), cases[i].freed);
	}
	http_engine_lose(NULL); /* it broke before there was one */
}
