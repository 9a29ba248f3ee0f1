#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"

static uint32_t begin(struct rig *rig, const char *method, const char *path, const char *body)
{
	return rig_begin(rig, &(struct rig_request){ .method = method, .path = path, .body = body });
}

TEST(a_write_that_the_store_does_not_finish_times_out)
{
	const struct server_config config = { .request_ms = 3000 };
	struct rig *rig = rig_open(&config);
	struct rig_answer answer;

	rig_hold_disk(rig, true);
	answer = rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}");
	CHECK_FAILURE(answer, 504, "Timeout",
		      "Timeout: request did not complete within the allotted timeout");
	rig_hold_disk(rig, false);
	rig_run(rig, 1000);
	CHECK_CODE(rig_get(rig, MAPS "/a"), 200);
	rig_close(rig);
}

TEST(a_timeout_of_the_query_shortens_the_wait)
{
	struct rig *rig = rig_open(NULL);
	uint32_t number;

	rig_hold_disk(rig, true);
	number = begin(rig, "POST", MAPS "?timeout=2s", "{\"metadata\":{\"name\":\"a\"}}");
	rig_run(rig, 1500);
	CHECK(!rig_is_answered(rig, number));
	rig_run(rig, 1500);
	CHECK(rig_is_answered(rig, number));
	CHECK_CODE(rig_finish(rig, number), 504);
	rig_hold_disk(rig, false);
	CHECK_FAILURE(rig_get(rig, MAPS "?timeout=soon"), 400, "BadRequest",
		      "invalid timeout specified in the request URL - time: invalid duration "
		      "\"soon\"");
	rig_close(rig);
}

TEST(past_the_limit_of_requests_under_way_others_are_told_to_come_back)
{
	const struct server_config config = { .mutating_max = 3, .is_unfair = true };
	struct rig *rig = rig_open(&config);
	uint32_t numbers[3];
	struct rig_answer answer;

	rig_hold_disk(rig, true);
	for (int i = 0; i < 3; i++)
		numbers[i] =
		    begin(rig, "POST", MAPS, rig_printf("{\"metadata\":{\"name\":\"a%d\"}}", i).at);
	answer = rig_ask_of(rig, .method = "POST", .path = MAPS, .user = "alice",
			    .body = "{\"metadata\":{\"name\":\"b\"}}");
	CHECK_CODE(answer, 429);
	CHECK_EQ(answer.retry_after_s, 1);
	CHECK_STR(answer.body, "Too many requests, please try again later.\n");
	CHECK_STR(answer.type, "text/plain; charset=utf-8");
	CHECK_CODE(rig_get(rig, MAPS "?resourceVersion=0"), 200);
	CHECK_CODE(rig_get(rig, "/healthz"), 200);
	rig_hold_disk(rig, false);
	for (int i = 0; i < 3; i++)
		CHECK_CODE(rig_finish(rig, numbers[i]), 201);
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"b\"}}"), 201);
	rig_close(rig);
}

TEST(masters_are_not_turned_away)
{
	const struct server_config config = { .mutating_max = 1, .is_unfair = true };
	struct rig *rig = rig_open(&config);
	uint32_t numbers[3];

	rig_hold_disk(rig, true);
	for (int i = 0; i < 3; i++)
		numbers[i] =
		    begin(rig, "POST", MAPS, rig_printf("{\"metadata\":{\"name\":\"a%d\"}}", i).at);
	rig_hold_disk(rig, false);
	for (int i = 0; i < 3; i++)
		CHECK_CODE(rig_finish(rig, numbers[i]), 201);
	rig_close(rig);
}

TEST(requests_that_wait_for_a_store_that_ends_are_answered)
{
	struct rig *rig = rig_open(NULL);
	uint32_t write, read;
	struct rig_answer answer;

	rig_hold_disk(rig, true);
	write = begin(rig, "POST", MAPS, "{\"metadata\":{\"name\":\"a\"}}");
	rig_run(rig, 10);
	rig_kill_store(rig);
	read = begin(rig, "GET", MAPS, NULL);
	rig_run(rig, 10);
	rig_hold_disk(rig, false);
	answer = rig_finish(rig, write);
	CHECK(answer.code == 503 || answer.code == 500);
	answer = rig_finish(rig, read);
	CHECK(answer.code == 503 || answer.code == 200 || answer.code == 429);
	rig_run(rig, 5000);
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"b\"}}"), 201);
	CHECK_CODE(rig_get(rig, MAPS "/b"), 200);
	rig_close(rig);
}

TEST(a_killed_server_comes_back_with_everything)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}"), 201);
	CHECK_CODE(rig_watch(rig, MAPS "?watch=1", 1), 200);
	rig_kill_server(rig);
	rig_run(rig, 1000);
	CHECK_STR(rig_names(rig_get(rig, MAPS).body), "a");
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"b\"}}"), 201);
	rig_close(rig);
}

TEST(a_write_for_a_leader_that_is_none_any_more_is_refused)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_ask_of(rig, .method = "POST", .path = MAPS, .term = 77,
					      .body = "{\"metadata\":{\"name\":\"a\"}}");

	CHECK_CODE(answer, 503);
	CHECK_CODE(rig_get(rig, MAPS "/a"), 404);
	rig_close(rig);
}
