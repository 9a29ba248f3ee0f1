#include "tests/unit/actors/server/http-rig.h"
#include "transport/wire/gzip.h"

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
	CHECK(str_find(http_rig_get(rig, "/metrics").body,
		       STR("\napiserver_watch_events_sizes_count{group=\"\",resource="
			   "\"configmaps\",version=\"v1\"} 2\n")) > 0);
	http_rig_hang_up(rig, call);
	CHECK_HTTP(http_rig_get(rig, "/healthz"), 200);
	http_rig_close(rig);
}

TEST(warnings_travel_as_headers)
{
	struct http_rig *rig = http_rig_open(NULL);
	struct http_rig_answer answer =
	    http_rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"},\"datta\":{}}");

	CHECK_HTTP(answer, 201);
	CHECK_STR(http_header_get(answer.headers, STR("warning")),
		  "299 - \"unknown field \\\"datta\\\"\"");
	http_rig_close(rig);
}

/* A config map with so many members that nobody knows, whose names are so long. */
static struct str with_unknown(uint32_t count, uint32_t length)
{
	struct text body = text_in(test_arena(), 64U * KIB);

	text_lit(&body, "{\"metadata\":{\"name\":\"a\"}");
	for (uint32_t i = 0; i < count; i++) {
		text_printf(&body, ",\"%03u", i);
		for (uint32_t at = 3; at < length; at++)
			text_add_char(&body, 'x');
		text_lit(&body, "\":1");
	}
	text_lit(&body, "}");
	return text_str(&body);
}

static uint32_t warnings_of(struct http_rig_answer answer, uint32_t *longest)
{
	uint32_t count = 0;

	*longest = 0;
	for (uint32_t i = 0; i < answer.headers.count; i++) {
		if (!str_is(answer.headers.at[i].name, "warning"))
			continue;
		count++;
		if (answer.headers.at[i].value.len > *longest)
			*longest = answer.headers.at[i].value.len;
	}
	return count;
}

TEST(warnings_end_where_they_are_too_much_together)
{
	struct http_rig *rig = http_rig_open(NULL);
	struct http_rig_answer answer;
	uint32_t longest;

	answer = http_rig_ask_of(rig, .method = "POST", .path = MAPS "?dryRun=All",
				 .body = with_unknown(40, 50));
	CHECK_EQ(warnings_of(answer, &longest), 40);
	CHECK_EQ(longest, sizeof "299 - \"unknown field \\\"\\\"\"" - 1 + 50);
	answer = http_rig_ask_of(rig, .method = "POST", .path = MAPS "?dryRun=All",
				 .body = with_unknown(60, 150));
	/* Of 166 characters each: with the 25th all together are more than 4096. */
	CHECK_EQ(warnings_of(answer, &longest), 25);
	http_rig_close(rig);
}

static bool warns_of(struct http_rig_answer answer, struct str words)
{
	for (uint32_t i = 0; i < answer.headers.count; i++)
		if (str_is(answer.headers.at[i].name, "warning") &&
		    str_find(answer.headers.at[i].value, words) >= 0)
			return true;
	return false;
}

/* Python's library takes no more than 100 lines. */
TEST(many_warnings_share_a_line_and_none_is_lost)
{
	struct http_rig *rig = http_rig_open(NULL);
	struct http_rig_answer answer;
	uint32_t longest;

	answer = http_rig_ask_of(rig, .method = "POST", .path = MAPS "?dryRun=All",
				 .body = with_unknown(100, 3));
	CHECK_EQ(warnings_of(answer, &longest), 64);
	CHECK(warns_of(answer, STR("299 - \"unknown field \\\"062\\\"\"")));
	CHECK(warns_of(answer, STR("299 - \"unknown field \\\"063\\\"\", 299 - \"unknown field "
				   "\\\"064\\\"\", ")));
	CHECK(warns_of(answer, STR(", 299 - \"unknown field \\\"099\\\"\"")));
	http_rig_close(rig);
}

TEST(a_big_answer_is_packed_for_who_can_unpack_it)
{
	struct http_rig *rig = http_rig_open(NULL);
	struct text body = text_in(test_arena(), 1U * MIB);
	struct http_rig_answer answer;

	text_lit(&body, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"");
	for (uint32_t i = 0; i < 200U * KIB; i++)
		text_add_char(&body, 'v');
	text_lit(&body, "\"}}");
	CHECK_HTTP(http_rig_post(rig, MAPS, arena_cstr(test_arena(), text_str(&body))), 201);
	answer = http_rig_ask_of(rig, .path = MAPS "/a", .name = "accept-encoding", .value = "gzip");
	CHECK_HTTP(answer, 200);
	CHECK_STR(http_header_get(answer.headers, STR("content-encoding")), "gzip");
	CHECK(answer.body.len < 10U * KIB);
	answer = http_rig_get(rig, MAPS "/a");
	CHECK(http_header_get(answer.headers, STR("content-encoding")).at == NULL);
	CHECK(answer.body.len > 200U * KIB);
	http_rig_close(rig);
}

static void make_large(struct http_rig *rig, const char *name)
{
	struct text body = text_in(test_arena(), 1U * MIB);

	text_printf(&body, "{\"metadata\":{\"name\":\"%s\"},\"data\":{\"k\":\"", name);
	for (uint32_t i = 0; i < 400U * KIB; i++)
		text_add_char(&body, 'v');
	text_lit(&body, "\"}}");
	CHECK_HTTP(http_rig_post(rig, MAPS, arena_cstr(test_arena(), text_str(&body))), 201);
}

TEST(a_very_big_answer_is_packed_beside_the_loop)
{
	struct http_rig *rig = http_rig_open(NULL);
	struct text plain = text_in(test_arena(), 4U * MIB);
	struct http_rig_answer answer, whole;

	make_large(rig, "a");
	make_large(rig, "b");
	whole = http_rig_get(rig, MAPS);
	CHECK_HTTP(whole, 200);
	answer = http_rig_ask_of(rig, .path = MAPS, .name = "accept-encoding", .value = "gzip");
	CHECK_HTTP(answer, 200);
	CHECK_STR(http_header_get(answer.headers, STR("content-encoding")), "gzip");
	CHECK_STR(http_header_get(answer.headers, STR("content-type")), "application/json");
	CHECK(answer.body.len < 20U * KIB);
	CHECK_STATUS(gzip_unpack(&plain, answer.body), OK);
	CHECK(str_eq(text_str(&plain), whole.body));
	http_rig_close(rig);
}

TEST(a_watch_in_protobuf_is_framed_by_lengths)
{
	struct http_rig *rig = http_rig_open(NULL);
	struct http_call *call;
	struct str bytes;
	uint32_t len;

	CHECK_HTTP(http_rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}"), 201);
	call = http_rig_stream(
	    rig, &(struct http_rig_request){ .path = MAPS "?watch=1",
					     .accept = "application/vnd.kubernetes.protobuf;"
						       "stream=watch" });
	CHECK_EQ(http_call_code(call), 200);
	CHECK_STR(http_call_header(call, STR("content-type")),
		  "application/vnd.kubernetes.protobuf;stream=watch");
	bytes = http_rig_read(rig, call, 4);
	len = (uint32_t)(unsigned char)bytes.at[2] << 8 | (unsigned char)bytes.at[3];
	bytes = http_rig_read(rig, call, 4 + len);
	CHECK(str_find(bytes, STR("ADDED")) > 0);
	CHECK(str_find(bytes, STR("k8s")) > 0);
	http_rig_hang_up(rig, call);
	http_rig_close(rig);
}

TEST(a_watch_ends_with_its_time_over_http)
{
	struct http_rig *rig = http_rig_open(NULL);
	struct http_call *call =
	    http_rig_stream(rig, &(struct http_rig_request){
				     .path = MAPS "?watch=1&timeoutSeconds=1", .is_http1 = true });

	CHECK_EQ(http_call_code(call), 200);
	CHECK(http_rig_has_ended(rig, call));
	http_rig_hang_up(rig, call);
	http_rig_close(rig);
}

TEST(a_server_that_crashes_ends_its_watches_and_is_back)
{
	struct http_rig *rig = http_rig_open(NULL);
	struct http_call *call;

	CHECK_HTTP(http_rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}"), 201);
	call = http_rig_stream(rig, &(struct http_rig_request){ .path = MAPS "?watch=1" });
	http_rig_lines(rig, call, 1);
	http_rig_kill_server(rig);
	CHECK(http_rig_has_ended(rig, call));
	http_rig_hang_up(rig, call);
	http_rig_wait_ready(rig);
	CHECK_STR(rig_names(http_rig_get(rig, MAPS).body), "a");
	http_rig_close(rig);
}

TEST(a_table_is_for_who_asks_for_one)
{
	struct http_rig *rig = http_rig_open(NULL);
	struct http_rig_answer answer;

	CHECK_HTTP(http_rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}"), 201);
	answer = http_rig_ask_of(
	    rig, .path = MAPS,
	    .accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
	CHECK_HTTP(answer, 200);
	CHECK_AT(answer.body, "kind", "Table");
	CHECK_AT(answer.body, "rows[0].cells[0]", "a");
	CHECK_AT(answer.body, "rows[0].object.kind", "PartialObjectMetadata");
	answer = http_rig_ask_of(
	    rig, .path = MAPS,
	    .accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
	CHECK_AT(answer.body, "kind", "PartialObjectMetadataList");
	CHECK_AT(answer.body, "items[0].metadata.name", "a");
	CHECK(rig_at(answer.body, "items[0].data").at == NULL);
	answer = http_rig_ask_of(
	    rig, .path = MAPS,
	    .accept = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io");
	CHECK_HTTP(answer, 406);
	http_rig_close(rig);
}
