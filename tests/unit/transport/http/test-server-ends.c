#include <unistd.h>

#include <stdio.h>

#include "runtime/base/mem.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/stream.h"
#include "tests/lib/test.h"
#include "tests/unit/transport/http/station.h"

/* ---- ends ------------------------------------------------------------------------------------------------------------ */

TEST(a_handler_that_crashes_fails_its_requests_and_the_next_one_serves)
{
	for (int tls = 0; tls < 2; tls++) {
		struct station *station = station_open(tls, station_no_limits);
		station_ask(station, 0, station_get("/hold"));
		station_wait(station, station_is_held);
		station_ask(station, 1, station_get("/crash"));
		station_wait(station, station_all_answered);
		CHECK_EQ(http_call_code(station->asker->calls[0]), 500);
		CHECK_EQ(http_call_code(station->asker->calls[1]), 500);
		station_ask(station, 2, station_get("/echo"));
		station_wait(station, station_all_answered);
		CHECK_EQ(http_call_code(station->asker->calls[2]), 200);
		station_close_calls(station);
		station_wait_idle(station);
		station_close(station);
	}
}

static void kill_server(struct act *act, struct station *station, void *arg)
{
	(void)arg;
	act_kill(act, station->server_ref);
}

TEST(a_server_that_is_killed_tells_its_handler_and_is_started_again)
{
	for (int tls = 0; tls < 2; tls++) {
		struct station *station = station_open(tls, station_no_limits);
		station_ask(station, 0, station_get("/hold"));
		station_wait(station, station_is_held);
		station_enter(station, kill_server, NULL);
		station_wait(station, station_has_gone);
		CHECK_STATUS(station_handler->gone_why, UNAVAILABLE);
		station_wait(station, station_all_answered);
		CHECK_EQ(station->asker->failed, 1);
		CHECK_STATUS(station->asker->last, UNAVAILABLE);
		station_close_calls(station);
		station_close(station);
	}
}

static void drain_server(struct act *act, struct station *station, void *arg)
{
	struct http_drain drain = { .grace_ms = (uint32_t)(uintptr_t)arg };
	CHECK_STATUS(
	    act_request(act, station->server_ref, &http_drain_type, &drain, STATION_WAIT_MS, 3), OK);
}

static void respond_held(struct act *act, struct station *station, void *arg)
{
	(void)act;
	(void)station;
	(void)arg;
	station_respond(station_handler->held[0], 200, STR("late"));
}

static bool has_drained(void *arg)
{
	return ((struct station *)arg)->asker->has_drained;
}

/* Also when others, as this test, have its socket. */
TEST(a_drained_server_finishes_what_is_open_and_takes_no_more)
{
	for (int tls = 0; tls < 2; tls++) {
		struct fault why = { 0 };
		int fd = -1;
		CHECK_STATUS(http_listen_ahead("127.0.0.1:0", &fd, &why), OK);
		struct station *station = station_open_on(tls, fd);
		station_ask(station, 0, station_get("/hold"));
		station_wait(station, station_is_held);
		station_enter(station, drain_server, (void *)(uintptr_t)5000);
		station_settle(station, 20);
		CHECK(!station->asker->has_drained);
		station_enter(station, respond_held, NULL);
		station_wait(station, has_drained);
		CHECK_STR(http_call_body(station->asker->calls[0]), "late");
		CHECK_EQ(station->asker->drained.cut, 0);
		station_ask(station, 1, station_get("/echo"));
		station_wait(station, station_all_answered);
		CHECK_EQ(station->asker->failed, 1);
		CHECK_STATUS(station->asker->last, UNAVAILABLE);
		station_close_calls(station);
		station_close(station);
		close(fd);
	}
}

TEST(an_address_that_cannot_be_listened_on_ahead_is_named)
{
	struct fault why = { 0 };
	int fd = -1;
	CHECK_STATUS(http_listen_ahead("nowhere", &fd, &why), INVALID);
	CHECK_STR(str_from(why.text), "nowhere is not ADDRESS:PORT or unix:PATH");
	CHECK_EQ(fd, -1);
}

TEST(draining_cuts_what_is_not_finished_in_time)
{
	for (int tls = 0; tls < 2; tls++) {
		struct station *station = station_open(tls, station_no_limits);
		station_ask(station, 0, station_get("/hold"));
		station_wait(station, station_is_held);
		station_enter(station, drain_server, (void *)(uintptr_t)30);
		station_wait(station, has_drained);
		CHECK_EQ(station->asker->drained.cut, 1);
		station_wait(station, station_has_gone);
		CHECK_STATUS(station_handler->gone_why, UNAVAILABLE);
		station_wait(station, station_all_answered);
		CHECK_EQ(station->asker->failed, 1);
		station_close_calls(station);
		station_close(station);
	}
}

TEST(a_call_fails_with_words_when_there_is_no_server_or_no_answer_in_time)
{
	struct station *station = station_open(false, station_no_limits);
	struct http_request hold = station_get("/hold");
	hold.timeout_ms = 50;
	station_ask(station, 0, hold);
	station_wait(station, station_all_answered);
	CHECK_STATUS(station->asker->last, TIMEOUT);
	station_close_calls(station);
	station_wait(station, station_has_gone);
	station->client.url = "http://127.0.0.1:1";
	station_enter(station, station_spawn_client, NULL);
	station_ask(station, 0, station_get("/echo"));
	station_wait(station, station_all_answered);
	CHECK_STATUS(station->asker->last, UNAVAILABLE);
	CHECK(http_call_fault(station->asker->calls[0])->text[0] != '\0');
	station_close_calls(station);
	station_close(station);
}

TEST(a_server_whose_certificate_is_for_another_name_is_not_spoken_to)
{
	struct station *station = station_open(true, station_no_limits);
	station->client.server_name = STR("elsewhere");
	station_enter(station, station_spawn_client, NULL);
	station_ask(station, 0, station_get("/echo"));
	station_wait(station, station_all_answered);
	CHECK_STATUS(station->asker->last, UNAUTHORIZED);
	CHECK(str_find(str_from(http_call_fault(station->asker->calls[0])->text),
		       STR("localhost")) >= 0);
	station_close_calls(station);
	station_close(station);
}

TEST(an_answer_past_its_limit_is_given_up)
{
	for (int tls = 0; tls < 2; tls++) {
		struct station *station = station_open(tls, station_no_limits);
		struct http_request request = station_get("/big?1000000");
		request.answer_max_bytes = 1000;
		station_ask(station, 0, request);
		station_wait(station, station_all_answered);
		CHECK_STATUS(station->asker->last, TOO_LARGE);
		station_close_calls(station);
		station_wait_idle(station);
		station_close(station);
	}
}

TEST(calls_go_over_a_unix_socket)
{
	struct station *station = station_open(false, station_no_limits);
	station->client.url = station->socket_address;
	station_enter(station, station_spawn_client, NULL);
	station_ask(station, 0, station_get("/echo"));
	station_wait(station, station_all_answered);
	CHECK_EQ(http_call_code(station->asker->calls[0]), 200);
	station_close_calls(station);
	station_close(station);
}

struct fetched {
	struct station *station;
	enum status status;
	int code;
	struct fault why;
	bool is_done;
};

static void fetch(struct act *act, void *state, void *arg)
{
	struct fetched *fetched = arg;
	struct http_call *call = NULL;
	struct http_request request = station_get("/echo");
	(void)state;
	fetched->status =
	    http_fetch(act, fetched->station->client_ref, &request, &call, &fetched->why);
	if (fetched->status == OK) {
		fetched->code = http_call_code(call);
		http_call_close(call);
	}
	fetched->is_done = true;
}

static struct fetched *fetched_now;

static bool is_fetched(void *arg)
{
	(void)arg;
	return fetched_now->is_done;
}

static void start_fetch(struct act *act, struct station *station, void *arg)
{
	(void)station;
	CHECK_STATUS(act_task(act, fetch, arg), OK);
}

TEST(a_task_fetches_in_one_line)
{
	struct station *station = station_open(true, station_no_limits);
	struct fetched good = { .station = station }, bad = { .station = station };
	fetched_now = &good;
	station_enter(station, start_fetch, &good);
	station_wait(station, is_fetched);
	CHECK_STATUS(good.status, OK);
	CHECK_EQ(good.code, 200);
	station->client.url = "https://127.0.0.1:1";
	station_enter(station, station_spawn_client, NULL);
	fetched_now = &bad;
	station_enter(station, start_fetch, &bad);
	station_wait(station, is_fetched);
	CHECK_STATUS(bad.status, UNAVAILABLE);
	CHECK_STR(str_from(bad.why.text), "the server cannot be reached");
	station_close(station);
}
