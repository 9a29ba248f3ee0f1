#include <stdio.h>

#include "runtime/base/mem.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/stream.h"
#include "tests/lib/test.h"
#include "tests/unit/transport/http/station.h"
#include "transport/http/client-private.h"

/* ---- streams ------------------------------------------------------------------------------------------------------- */

static struct str read_all(struct http_call *call, bool *ended)
{
	struct text text = text_in(test_arena(), MIB);
	char bytes[4096];
	size_t len;
	while ((len = http_call_read(call, bytes, sizeof bytes, ended)) > 0)
		text_add_bytes(&text, bytes, len);
	return text_str(&text);
}

/* The test stands outside of actors here; that is as good as the handler's own activation, on the same thread. */
static void send_event(struct act *act, struct station *station, void *arg)
{
	(void)act;
	(void)station;
	(void)http_write_copy(station_handler->held[0], str_from(arg));
}

static void end_answer(struct act *act, struct station *station, void *arg)
{
	(void)act;
	(void)station;
	(void)arg;
	http_end(station_handler->held[0]);
	http_done(station_handler->held[0]);
}

/* The head of the answer may still wait in what is let go. */
static void settle(struct act *act, struct station *station, void *arg)
{
	struct http_exchange *exchange = station_handler->held[0];
	(void)act;
	(void)station;
	(void)arg;
	CHECK(!http_is_settled(exchange));
	CHECK(http_settle(exchange));
	CHECK(http_is_settled(exchange));
	CHECK(http_settle(exchange));
	CHECK(http_method(exchange).at == NULL);
}

static bool is_readable(void *arg)
{
	return ((struct station *)arg)->asker->readable > 0;
}

TEST(events_reach_a_watcher_one_by_one_and_closing_the_call_tells_the_handler)
{
	for (int tls = 0; tls < 2; tls++) {
		struct station *station = station_open(tls, station_no_limits);
		struct http_request request = station_get("/watch");
		request.is_answer_streamed = true;
		bool ended = false;
		station_ask(station, 0, request);
		station_wait(station, station_is_held);
		station_wait(station, station_is_answered);
		static const char *const events[] = { "one\n", "two\n", "three\n" };
		for (int i = 0; i < 3; i++) {
			station->asker->readable = 0;
			station_enter(station, send_event, (void *)(uintptr_t)events[i]);
			station_wait(station, is_readable);
			CHECK_STR(read_all(station->asker->calls[0], &ended), events[i]);
			CHECK(!ended);
		}
		station_close_calls(station);
		station_wait_idle(station);
		CHECK_EQ(station_handler->gone, 1);
		CHECK_STATUS(station_handler->gone_why, CANCELLED);
		station_close(station);
	}
}

TEST(what_is_known_of_a_request_can_go_while_its_answer_lasts)
{
	for (int tls = 0; tls < 2; tls++) {
		struct station *station = station_open(tls, station_no_limits);
		struct http_request request = station_get("/watch");
		request.is_answer_streamed = true;
		bool ended = false;
		station_ask(station, 0, request);
		station_wait(station, station_is_held);
		station_enter(station, settle, NULL);
		station_enter(station, send_event, (void *)(uintptr_t) "one\n");
		station_wait(station, station_is_answered);
		CHECK_STR(http_call_header(station->asker->calls[0], STR("content-type")),
			  "text/plain");
		station_wait(station, is_readable);
		CHECK_STR(read_all(station->asker->calls[0], &ended), "one\n");
		station_enter(station, end_answer, NULL);
		while (!ended) {
			station->asker->readable = 0;
			station_wait(station, is_readable);
			CHECK_STR(read_all(station->asker->calls[0], &ended), "");
		}
		station_close_calls(station);
		station_wait_idle(station);
		station_close(station);
	}
}

static void write_piece(struct act *act, struct station *station, void *arg)
{
	(void)act;
	(void)http_call_write_copy(station->asker->calls[0], str_from(arg));
}

static void end_call(struct act *act, struct station *station, void *arg)
{
	(void)act;
	(void)arg;
	http_call_end(station->asker->calls[0]);
}

TEST(a_streamed_body_is_read_as_it_comes)
{
	for (int i = 0; i < 4; i++) {
		struct station *station = station_open(i % 2, station_no_limits);
		struct http_request request = station_post("/upload", STR("12345"));
		request.is_body_streamed = true;
		request.body_bytes = i < 2 ? 0 : 18; /* said in advance, or not */
		station_ask(station, 0, request);
		station_enter(station, write_piece, (void *)(uintptr_t) "early");
		station_wait(station, station_is_held);
		station_enter(station, write_piece, (void *)(uintptr_t) "and more");
		station_enter(station, end_call, NULL);
		station_wait(station, station_all_answered);
		CHECK_STR(http_call_body(station->asker->calls[0]), "18 bytes");
		station_close_calls(station);
		station_wait_idle(station);
		station_close(station);
	}
}

TEST(an_upgraded_connection_carries_raw_bytes_both_ways)
{
	for (int tls = 0; tls < 2; tls++) {
		struct station *station = station_open_alpn(tls, STR("http/1.1"), station_no_limits);
		struct http_request request = station_get("/upgrade");
		request.upgrade = STR("echo/1");
		bool ended = false;
		station_ask(station, 0, request);
		station_wait(station, station_is_answered);
		CHECK_EQ(http_call_code(station->asker->calls[0]), 101);
		CHECK_STR(http_call_header(station->asker->calls[0], STR("upgrade")), "echo/1");
		station_enter(station, write_piece, (void *)(uintptr_t) "GET not a request\r\n\r\n");
		station_wait(station, is_readable);
		CHECK_STR(read_all(station->asker->calls[0], &ended), "GET not a request\r\n\r\n");
		station->asker->readable = 0;
		station_enter(station, end_call, NULL);
		station_wait(station, is_readable);
		(void)read_all(station->asker->calls[0], &ended);
		CHECK(ended);
		station_close_calls(station);
		station_wait_idle(station);
		station_close(station);
	}
}

static void open_watch(struct station *station, uint32_t at)
{
	struct http_request request =
	    station_get(arena_cstr(test_arena(), arena_printf(test_arena(), "/watch?%u", at)));
	request.is_answer_streamed = true;
	station_ask(station, at, request);
}

static struct http_exchange *watch_held(uint32_t at)
{
	for (uint32_t i = 0; i < station_handler->held_count; i++)
		if (str_eq(http_query(station_handler->held[i]),
			   arena_printf(test_arena(), "%u", at)))
			return station_handler->held[i];
	return NULL;
}

static void send_own_event(struct act *act, struct station *station, void *arg)
{
	struct http_exchange *exchange = arg;
	(void)act;
	(void)station;
	CHECK(http_write(exchange, HTTP_BYTES(http_query(exchange))));
}

/* One call is never read: its window fills, and the others on the same connection must not feel it. */
TEST(each_of_many_watches_gets_its_event_at_once_whoever_else_does_not_read)
{
	enum { WATCHES = 100 };
	struct station *station = station_open(true, station_no_limits);
	struct http_request unread = station_get("/big?100000000");
	bool ended = false;
	unread.is_answer_streamed = true;
	station_ask(station, 0, unread);
	for (uint32_t i = 1; i <= WATCHES; i++)
		open_watch(station, i);
	station_wait(station, station_all_answered);
	CHECK_EQ(station->asker->answered, WATCHES + 1);
	for (uint32_t i = WATCHES; i > 0; i--) {
		struct http_exchange *held = watch_held(i);
		station->asker->readable = 0;
		station_enter(station, send_own_event, held);
		station_wait(station, is_readable);
		CHECK(str_eq(read_all(station->asker->calls[i], &ended), http_query(held)));
		CHECK(!ended);
	}
	CHECK_EQ(station_stats(station)->connections_total, 1);
	CHECK(station_handler->big_left > 90000000);
	station_enter(station, station_close_call, station->asker->calls[50]);
	station->asker->calls[50] = NULL;
	station_wait(station, station_has_gone);
	CHECK_EQ(station_handler->gone, 1);
	CHECK_STR(str_from(station_handler->gone_query), "50");
	station_close_calls(station);
	station_wait_idle(station);
	CHECK_EQ(station_handler->gone, WATCHES + 1);
	station_close(station);
}

static bool have_both_answered(void *arg)
{
	const struct asker *asker = ((struct station *)arg)->asker;
	return asker->answered + asker->failed == 2;
}

/* Over TLS: records of what is given up may be under way. */
TEST(a_long_answer_that_is_given_up_in_the_midst_costs_no_other_on_its_connection)
{
	struct station *station = station_open(true, station_no_limits);
	struct http_request unread = station_get("/parts?100000");
	unread.is_answer_streamed = true;
	for (uint32_t round = 0; round < 3; round++) {
		station_ask(station, 0, unread);
		station_wait(station, station_is_answered);
		station_ask(station, 1, station_get("/parts?50000"));
		station_enter(station, station_close_call, station->asker->calls[0]);
		station->asker->calls[0] = NULL;
		station_wait(station, have_both_answered);
		CHECK_EQ(station->asker->failed, 0);
		CHECK_EQ(http_call_body(station->asker->calls[1]).len, 288890);
		station_close_calls(station);
	}
	station_wait_idle(station);
	CHECK_EQ(station_stats(station)->connections_total, 1);
	station_close(station);
}

static void kill_client(struct act *act, struct station *station, void *arg)
{
	(void)arg;
	act_kill(act, station->client_ref);
}

TEST(who_goes_away_while_a_long_answer_is_out_gives_back_all_of_it)
{
	struct station *station = station_open(true, station_no_limits);
	struct http_request unread = station_get("/big?100000000");
	unread.is_answer_streamed = true;
	station_ask(station, 0, unread);
	station_wait(station, station_is_answered);
	station_settle(station, 50);
	CHECK(station_handler->big_left > 0);
	station_enter(station, kill_client, NULL);
	station_wait(station, station_has_gone);
	station_wait_idle(station);
	CHECK_EQ((100000000 - station_handler->big_left) / 10000, station_handler->released);
	station_close_calls(station);
	station_close(station);
}

TEST(a_place_has_a_handler_of_its_own)
{
	static const struct http_place places[] = { { "/mine/", "handler" },
						    { "/theirs/", "nobody" } };
	struct station *station =
	    station_open(false, (struct http_server_config){ .places = places, .place_count = 2 });
	static const struct {
		const char *path;
		int code;
	} cases[] = { { "/mine/hello", 404 }, { "/theirs/hello", 503 }, { "/theirs", 404 } };
	for (uint32_t i = 0; i < 3; i++)
		station_ask(station, i, station_get(cases[i].path));
	station_wait(station, station_all_answered);
	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(http_call_code(station->asker->calls[i]), cases[i].code);
	station_close_calls(station);
	station_wait_idle(station);
	station_close(station);
}

static bool is_ponged(void *arg)
{
	const struct station *station = arg;
	return station->asker->calls[0]->line->engine->pongs > 0;
}

TEST(a_ping_is_answered_though_no_answer_comes_for_it_to_go_with)
{
	struct station *station = station_open(true, station_no_limits);
	station_ask(station, 0, station_get("/hold"));
	station_wait(station, station_is_held);
	struct line *line = station->asker->calls[0]->line;
	CHECK(http_engine_ping(line->engine));
	wire_touch(&line->wire);
	station_wait(station, is_ponged);
	CHECK_EQ(station->asker->answered, 0);
	station_close_calls(station);
	station_wait_idle(station);
	station_close(station);
}
