#include <stdio.h>

#include "runtime/base/mem.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/stream.h"
#include "tests/lib/test.h"
#include "tests/unit/transport/http/station.h"

/* ---- calls and answers ----------------------------------------------------------------------------------------- */

TEST(requests_are_answered_over_both_versions)
{
	for (int tls = 0; tls < 2; tls++) {
		struct station *station = station_open(tls, station_no_limits);
		station_ask(station, 0, station_get("/echo?a=1"));
		station_ask(station, 1, station_post("/echo", STR("hello")));
		station_ask(station, 2, station_get("/none"));
		station_ask(station, 3, station_get("/missing"));
		station_ask(station, 4, station_get("/who"));
		station_ask(station, 5,
			    (struct http_request){ .method = STR("HEAD"), .path = STR("/echo") });
		station_ask(station, 6, station_get("/drop"));
		station_wait(station, station_all_answered);
		CHECK_EQ(station->asker->failed, 0);
		struct http_call **calls = station->asker->calls;
		CHECK_STR(http_call_body(calls[0]), "GET /echo?a=1 ");
		CHECK_STR(http_call_header(calls[0], STR("content-type")), "text/plain");
		CHECK(http_call_header(calls[0], STR("date")).len == 29);
		CHECK_STR(http_call_body(calls[1]), "POST /echo? hello");
		CHECK_EQ(http_call_code(calls[2]), 204);
		CHECK_EQ(http_call_code(calls[3]), 404);
		CHECK_STR(http_call_body(calls[4]),
			  tls ? "alice of admins by HTTP/2" : "nobody of none by HTTP/1");
		CHECK_STR(http_call_header(calls[5], STR("content-length")), "12");
		CHECK_STR(http_call_body(calls[5]), "");
		CHECK_EQ(http_call_code(calls[6]), 500);
		for (int i = 0; i < 7; i++)
			station_enter(station, station_close_call, calls[i]);
		station_close(station);
	}
}

TEST(an_answer_in_parts_arrives_whole_over_both_versions)
{
	struct text expected = text_in(test_arena(), MIB);
	for (uint32_t i = 0; i < 50000; i++)
		text_printf(&expected, "%u\n", i);
	for (int tls = 0; tls < 2; tls++) {
		struct station *station = station_open(tls, station_no_limits);
		station_ask(station, 0, station_get("/parts?50000"));
		station_ask(station, 1, station_get("/parts?0"));
		station_ask(
		    station, 2,
		    (struct http_request){ .method = STR("HEAD"), .path = STR("/parts?50000") });
		station_ask(station, 3, station_get("/written-parts?50000"));
		station_wait(station, station_all_answered);
		CHECK_EQ(station->asker->failed, 0);
		struct http_call **calls = station->asker->calls;
		CHECK(str_eq(http_call_body(calls[0]), text_str(&expected)));
		CHECK_EQ(http_call_code(calls[1]), 200);
		CHECK_STR(http_call_body(calls[1]), "");
		CHECK_STR(http_call_header(calls[2], STR("content-length")),
			  arena_printf(test_arena(), "%u", expected.len).at);
		CHECK_STR(http_call_body(calls[2]), "");
		CHECK_STR(str_slice(http_call_body(calls[3]), 0, 6), "first\n");
		CHECK(str_eq(str_slice(http_call_body(calls[3]), 6, expected.len + 6),
			     text_str(&expected)));
		for (int i = 0; i < 4; i++)
			station_enter(station, station_close_call, calls[i]);
		station_close(station);
	}
}

TEST(an_answer_may_have_an_empty_body)
{
	for (int tls = 0; tls < 2; tls++) {
		struct station *station = station_open(tls, station_no_limits);
		station_ask(station, 0, station_get("/empty"));
		station_wait(station, station_all_answered);
		CHECK_EQ(station->asker->failed, 0);
		CHECK_EQ(http_call_code(station->asker->calls[0]), 301);
		CHECK_EQ(http_call_body(station->asker->calls[0]).len, 0);
		station_enter(station, station_close_call, station->asker->calls[0]);
		station_close(station);
	}
}

TEST(many_calls_at_once_share_connections)
{
	for (int tls = 0; tls < 2; tls++) {
		struct station *station = station_open(tls, station_no_limits);
		for (int round = 0; round < 3; round++) {
			for (uint32_t i = 0; i < STATION_ANSWERS_MAX; i++)
				station_ask(station, i, station_post("/echo", STR("x")));
			station_wait(station, station_all_answered);
			CHECK_EQ(station->asker->answered, STATION_ANSWERS_MAX);
			station_close_calls(station);
		}
		station_wait_idle(station);
		CHECK_EQ(station->asker->stats.requests_total, 3 * STATION_ANSWERS_MAX);
		CHECK(station->asker->stats.connections_total <=
		      (tls ? 2 : LIMIT_CLIENT_CONNECTIONS));
		station_close(station);
	}
}

TEST(a_large_body_arrives_whole_both_ways)
{
	char *zeros = arena_zalloc(test_arena(), 3 * MIB);
	for (int tls = 0; tls < 2; tls++) {
		struct station *station = station_open(tls, station_no_limits);
		memset(zeros, 'z', 3 * MIB);
		station_ask(station, 0, station_post("/echo", str_of(zeros, LIMIT_BODY_BYTES)));
		station_ask(station, 1, station_get("/big?20000000"));
		station_wait(station, station_all_answered);
		CHECK_EQ(station->asker->answered, 2);
		CHECK_EQ(http_call_body(station->asker->calls[0]).len, LIMIT_BODY_BYTES + 12);
		CHECK_EQ(http_call_body(station->asker->calls[1]).len, 20000000);
		CHECK(station_handler->writable > 0);
		CHECK_EQ(station_handler->released, 2000);
		station_close_calls(station);
		station_wait_idle(station);
		station_close(station);
	}
}

TEST(a_body_past_the_limit_gets_413_in_the_words_of_the_config)
{
	for (int tls = 0; tls < 2; tls++) {
		struct station *station =
		    station_open(tls, (struct http_server_config){ .body_max_bytes = 1000 });
		char *zeros = arena_zalloc(test_arena(), 200000);
		struct http_request streamed = station_post("/echo", str_of(zeros, 200000));
		streamed.is_body_streamed = true; /* of unknown length */
		station_ask(station, 0, station_post("/echo", str_of(zeros, 1001)));
		station_ask(station, 1, streamed);
		station_ask(station, 2, station_post("/echo", str_of(zeros, 1000)));
		station_wait(station, station_all_answered);
		for (int i = 0; i < 2; i++) {
			CHECK_EQ(http_call_code(station->asker->calls[i]), 413);
			CHECK_STR(http_call_header(station->asker->calls[i], STR("content-type")),
				  "application/json");
			CHECK(str_starts(http_call_body(station->asker->calls[i]),
					 STR("{\"code\":413")));
		}
		CHECK_EQ(http_call_code(station->asker->calls[2]), 200);
		station_close_calls(station);
		station_wait_idle(station);
		CHECK_EQ(station->asker->stats.refused_total, 2);
		station_close(station);
	}
}
