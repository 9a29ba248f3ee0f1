#include "tests/unit/actors/server/http-rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"

TEST(objects_are_made_read_and_listed_over_http)
{
	struct http_rig *rig = http_rig_open(NULL);
	struct http_rig_answer answer =
	    http_rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}");

	CHECK_HTTP(answer, 201);
	CHECK_STR(answer.type, "application/json");
	CHECK(http_header_get(answer.headers, STR("audit-id")).len > 0);
	CHECK_STR(http_header_get(answer.headers, STR("cache-control")), "no-cache, private");
	answer = http_rig_get(rig, MAPS "/a");
	CHECK_HTTP(answer, 200);
	CHECK_AT(answer.body, "data.k", "v");
	answer = http_rig_ask_of(rig, .path = MAPS, .is_http1 = true);
	CHECK_HTTP(answer, 200);
	CHECK_STR(rig_names(answer.body), "a");
	http_rig_close(rig);
}

TEST(a_watch_over_http_is_one_line_an_event)
{
	struct http_rig *rig = http_rig_open(NULL);
	struct http_call *call;
	struct str lines;

	CHECK_HTTP(http_rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}"), 201);
	call = http_rig_stream(rig, &(struct http_rig_request){ .path = MAPS "?watch=1" });
	CHECK_EQ(http_call_code(call), 200);
	lines = http_rig_lines(rig, call, 1);
	CHECK_AT(lines, "type", "ADDED");
	CHECK_AT(lines, "object.metadata.name", "a");
	CHECK_HTTP(http_rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"b\"}}"), 201);
	lines = http_rig_lines(rig, call, 2);
	CHECK(str_find(lines, STR("\"name\":\"b\"")) > 0);
	http_rig_hang_up(rig, call);
	CHECK_HTTP(http_rig_get(rig, "/healthz"), 200);
	http_rig_close(rig);
}
