#include <stdio.h>

#include "runtime/base/mem.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/stream.h"
#include "tests/lib/test.h"
#include "tests/unit/transport/http/station.h"

/* ---- strangers: raw bytes over a plain connection -------------------------------------------------------------------- */

static void on_raw(struct act *act, struct stream *stream, struct str bytes, enum status status)
{
	struct asker *asker = stream_arg(stream);
	(void)act;
	if (status == OK)
		text_add(&asker->received, bytes);
	else
		asker->raw_ended = true;
}

static void on_connected(struct act *act, struct stream *stream, enum status status, void *arg)
{
	struct asker *asker = arg;
	static const struct stream_events events = { .on_read = on_raw };
	(void)act;
	CHECK_STATUS(status, OK);
	asker->raw = stream;
	stream_set_events(stream, &events, asker);
}

static void connect_raw(struct act *act, struct station *station, void *arg)
{
	(void)arg;
	text_clear(&station->asker->received);
	station->asker->raw_ended = false;
	station->asker->raw = NULL;
	CHECK_STATUS(stream_connect(act, "127.0.0.1", station->port, STATION_WAIT_MS, on_connected,
				    station->asker),
		     OK);
}

static bool is_connected(void *arg)
{
	return ((struct station *)arg)->asker->raw != NULL;
}

static void write_raw(struct act *act, struct station *station, void *arg)
{
	struct str *bytes = arg;
	(void)act;
	stream_read_start(station->asker->raw);
	CHECK_STATUS(stream_write(station->asker->raw, bytes, 1, NULL, NULL), OK);
}

static void open_raw(struct station *station, const char *bytes)
{
	struct str all = str_from(bytes);
	station_enter(station, connect_raw, NULL);
	station_wait(station, is_connected);
	station_enter(station, write_raw, &all);
}

static bool raw_ended(void *arg)
{
	return ((struct station *)arg)->asker->raw_ended;
}

static void close_raw(struct act *act, struct station *station, void *arg)
{
	(void)act;
	(void)arg;
	stream_close(station->asker->raw);
}

static const char *expected_now;

static bool has_received(void *arg)
{
	struct station *station = arg;
	return str_find(text_str(&station->asker->received), str_from(expected_now)) >= 0;
}

TEST(a_pipeline_is_answered_in_order_over_one_connection)
{
	struct station *station = station_open(false, station_no_limits);
	open_raw(station, "GET /echo?1 HTTP/1.1\r\nHost: a\r\n\r\n"
			  "POST /echo?2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
			  "GET /echo?3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	station_wait(station, raw_ended);
	struct str all = text_str(&station->asker->received);
	int64_t first = str_find(all, STR("GET /echo?1 "));
	int64_t second = str_find(all, STR("POST /echo?2 hi"));
	int64_t third = str_find(all, STR("GET /echo?3 "));
	CHECK(first > 0 && second > first && third > second);
	CHECK_EQ(station_stats(station)->connections_total, 1);
	station_enter(station, close_raw, NULL);
	station_close(station);
}

/* One turn reads the request, the next has the answer made and written: it does not wait for what else has come. */
TEST(an_answer_leaves_in_the_turn_that_made_it)
{
	struct station *station = station_open(false, station_no_limits);
	struct str second = STR("GET /echo?2 HTTP/1.1\r\nHost: a\r\n\r\n");
	uint32_t turns = 0;

	open_raw(station, "GET /echo?1 HTTP/1.1\r\nHost: a\r\n\r\n");
	expected_now = "GET /echo?1 ";
	station_wait(station, has_received);
	station_enter(station, write_raw, &second);
	for (expected_now = "GET /echo?2 "; !has_received(station) && turns < 100; turns++)
		loop_step(station->loop, STATION_WAIT_MS);
	CHECK_EQ(turns, 2);
	station_enter(station, close_raw, NULL);
	station_close(station);
}

TEST(what_strangers_send_gets_a_refusal_and_the_connection_ends)
{
	static const struct {
		const char *bytes, *answer;
	} cases[] = {
		{ "rubbish\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET nonsense HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 " },
		{ "GET / HTTP/3.0\r\nHost: a\r\n\r\n", "HTTP/1.1 505 " },
		{ "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 1\r\n\r\n",
		  "HTTP/1.1 417 " },
		{ "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		  "Content-Length: 99999999\r\n\r\n",
		  "HTTP/1.1 413 " },
	};
	struct station *station = station_open(false, station_no_limits);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		open_raw(station, cases[i].bytes);
		station_wait(station, raw_ended);
		CHECK(str_starts(text_str(&station->asker->received), str_from(cases[i].answer)));
		CHECK(str_find(text_str(&station->asker->received), STR("{\"code\":")) > 0);
		station_enter(station, close_raw, NULL);
	}
	station_wait_idle(station);
	station_close(station);
}

TEST(a_handler_that_is_done_with_raw_bytes_does_not_wait_for_the_peers_end)
{
	struct station *station = station_open(false, station_no_limits);
	open_raw(station, "GET /push HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n"
			  "Upgrade: echo/1\r\n\r\nthis is read by nobody");
	station_wait(station, raw_ended);
	CHECK(str_ends(text_str(&station->asker->received), STR("\r\n\r\nthat was all")));
	station_wait_idle(station);
	station_enter(station, close_raw, NULL);
	station_close(station);
}

static void end_raw(struct act *act, struct station *station, void *arg)
{
	(void)act;
	(void)arg;
	stream_shutdown(station->asker->raw);
}

static void read_raw(struct act *act, struct station *station, void *arg)
{
	(void)act;
	(void)arg;
	stream_read_start(station->asker->raw);
}

static bool is_asked(void *arg)
{
	(void)arg;
	return station_handler->asked > 0;
}

TEST(who_closes_its_half_behind_a_request_still_gets_an_answer_that_is_ready)
{
	struct station *station = station_open(false, station_no_limits);
	station_enter(station, connect_raw, NULL);
	station_wait(station, is_connected);
	struct str request = STR("GET /large?10000000 HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_STATUS(stream_write(station->asker->raw, &request, 1, NULL, NULL), OK);
	station->asker->received = text_in(test_arena(), 11000000);
	station_wait(station, is_asked);
	station_enter(station, end_raw, NULL);
	station_settle(station, 20);
	station_enter(station, read_raw, NULL);
	station_wait(station, raw_ended);
	struct str all = text_str(&station->asker->received);
	CHECK_EQ(all.len - (uint32_t)str_find(all, STR("\r\n\r\n")) - 4, 10000000);
	CHECK_EQ(station_handler->gone, 0);
	station_wait_idle(station);
	station_enter(station, close_raw, NULL);
	station_close(station);
}

TEST(who_waits_to_be_asked_for_a_body_is_asked)
{
	struct station *station = station_open(false, station_no_limits);
	open_raw(station, "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
			  "Content-Length: 4\r\n\r\n");
	expected_now = "HTTP/1.1 100 Continue\r\n\r\n";
	station_wait(station, has_received);
	struct str body = STR("body");
	station_enter(station, write_raw, &body);
	expected_now = "POST /echo? body";
	station_wait(station, has_received);
	station_enter(station, close_raw, NULL);
	station_close(station);
}

TEST(slow_heads_stalled_bodies_and_idle_connections_are_ended)
{
	static const struct {
		const char *bytes, *answer;
	} cases[] = {
		{ "GET /ec", "" },
		{ "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nx", "HTTP/1.1 408 " },
		{ "GET /none HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 204 " },
	};
	struct station *station = station_open(
	    false, (struct http_server_config){ .head_ms = 10, .stall_ms = 10, .idle_ms = 10 });
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		open_raw(station, cases[i].bytes);
		station_wait(station, raw_ended);
		CHECK(str_starts(text_str(&station->asker->received), str_from(cases[i].answer)));
		station_enter(station, close_raw, NULL);
	}
	station_wait_idle(station);
	station_close(station);
}

TEST(a_reader_that_does_not_read_holds_the_writer_and_nobody_else)
{
	struct station *station = station_open(false, station_no_limits);
	station_enter(station, connect_raw, NULL);
	station_wait(station, is_connected);
	struct str request = STR("GET /big?100000000 HTTP/1.1\r\nHost: a\r\n\r\n");
	CHECK_STATUS(stream_write(station->asker->raw, &request, 1, NULL, NULL),
		     OK); /* and never reads */
	station_ask(station, 0, station_get("/echo"));
	station_wait(station, station_all_answered);
	station_settle(station, 100);
	/* What the kernel took, and the mark; not the hundred megabytes. */
	CHECK(station_handler->big_left > 80000000);
	CHECK(station_handler->big_left < 100000000);
	uint32_t waiting =
	    (uint32_t)((100000000 - station_handler->big_left) / 10000) - station_handler->released;
	CHECK(waiting <= (LIMIT_STREAM_BUFFER_BYTES + 10000) / 10000);
	station_enter(station, close_raw, NULL);
	station_wait(station, station_has_gone);
	station_wait_idle(station);
	CHECK_EQ((100000000 - station_handler->big_left) / 10000, station_handler->released);
	station_close(station);
}

TEST(connections_past_the_limit_wait_for_their_turn)
{
	struct station *station =
	    station_open(false, (struct http_server_config){ .connections_max = 1 });
	open_raw(station, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
	expected_now = "GET /echo";
	station_wait(station, has_received);
	station_ask(station, 0, station_get("/echo"));
	station_settle(station, 50);
	CHECK_EQ(station->asker->answered, 0);
	station_enter(station, close_raw, NULL);
	station_wait(station, station_all_answered);
	CHECK_EQ(station->asker->answered, 1);
	station_close_calls(station);
	station_close(station);
}
