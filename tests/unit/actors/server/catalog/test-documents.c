#include "tests/unit/actors/server/http-rig.h"
#include "transport/wire/gzip.h"
#include "transport/wire/json.h"

#define PROTO_OLD "application/com.github.proto-openapi.spec.v3@v1.0+protobuf"
#define PROTO "application/com.github.proto-openapi.spec.v3.v1.0+protobuf"
#define PROTO_V2_OLD "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
#define PROTO_V2 "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

/* Where the index says that a document is. */
static struct str url_of(struct str index, const char *name)
{
	struct json in = json_of(index);
	struct str key, raw = STR_NONE, url = STR_NONE;

	json_peek(&in);
	json_enter(&in);
	CHECK(json_member(&in, test_arena(), &key));
	CHECK_STR(key, "paths");
	json_peek(&in);
	for (json_enter(&in); json_member(&in, test_arena(), &key);) {
		json_skip(&in, &raw);
		if (str_is(key, name))
			url = rig_at(raw, "serverRelativeURL");
	}
	return url;
}

static struct str header(struct http_rig_answer answer, const char *name)
{
	return http_header_get(answer.headers, str_from(name));
}

TEST(the_index_names_a_document_for_each_group_and_version)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_get(rig, "/openapi/v3");
	struct str url;

	CHECK_CODE(answer, 200);
	CHECK(str_starts(url_of(answer.body, "api/v1"), STR("/openapi/v3/api/v1?hash=")));
	url = url_of(answer.body, "apis/apps/v1");
	CHECK(str_starts(url, STR("/openapi/v3/apis/apps/v1?hash=")));
	answer = rig_get(rig, arena_cstr(test_arena(), url));
	CHECK_CODE(answer, 200);
	CHECK_STR(answer.type, "application/json");
	CHECK_AT(answer.body, "openapi", "3.0.0");
	CHECK_CODE(rig_get(rig, "/openapi/v3/apis/apps/v9"), 404);
	CHECK_CODE(rig_get(rig, "/openapi/v3/apis/apps/v1/more"), 404);
	CHECK_CODE(rig_get(rig, "/openapi/v3/apis"), 404);
	rig_close(rig);
}

TEST(a_document_is_json_or_protobuf_and_nothing_else)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer =
	    rig_ask_of(rig, .path = "/openapi/v3/apis/batch/v1", .accept = PROTO_OLD);

	CHECK_CODE(answer, 200);
	CHECK_STR(answer.type, PROTO);
	/* Field 1, of 5 bytes. */
	CHECK(str_starts(answer.body, STR("\x0a\x05"
					  "3.0.0")));
	answer = rig_ask_of(rig, .path = "/openapi/v3/apis/batch/v1",
			    .accept = PROTO ";q=0.5, application/json");
	CHECK_STR(answer.type, "application/json");
	answer = rig_ask_of(rig, .path = "/openapi/v3/apis/batch/v1", .accept = "*/*");
	CHECK_STR(answer.type, "application/json");
	answer = rig_ask_of(rig, .path = "/openapi/v3/apis/batch/v1", .accept = "text/html");
	CHECK_CODE(answer, 406);
	rig_close(rig);
}

TEST(a_document_under_its_hash_may_be_kept_for_good_and_comes_packed)
{
	struct http_rig *rig = http_rig_open(NULL);
	struct http_rig_answer answer = http_rig_get(rig, "/openapi/v3");
	struct text plain = text_in(test_arena(), 4 * MIB);
	const char *url = arena_cstr(test_arena(), url_of(answer.body, "apis/apps/v1"));
	struct str etag;

	CHECK(header(answer, "etag").len > 0);
	answer = http_rig_ask_of(rig, .path = url, .name = "accept-encoding", .value = "gzip");
	CHECK_HTTP(answer, 200);
	CHECK_STR(header(answer, "cache-control"), "public, max-age=31536000, immutable");
	CHECK_STR(header(answer, "content-encoding"), "gzip");
	CHECK_STATUS(gzip_unpack(&plain, answer.body), OK);
	CHECK(json_is_valid(text_str(&plain)));
	CHECK(answer.body.len < plain.len / 5);
	etag = header(answer, "etag");
	CHECK(str_find(str_from(url), str_slice(etag, 1, etag.len - 1)) > 0);
	answer = http_rig_ask_of(rig, .path = "/openapi/v3/apis/apps/v1", .name = "if-none-match",
				 .value = arena_cstr(test_arena(), etag));
	CHECK_HTTP(answer, 304);
	CHECK_EQ(answer.body.len, 0);
	CHECK_STR(header(answer, "cache-control"), "no-cache, private");
	answer = http_rig_get(rig, "/openapi/v3/apis/apps/v1?hash=OLD");
	CHECK_HTTP(answer, 301);
	CHECK_STR(header(answer, "location"), url);
	http_rig_close(rig);
}

TEST(the_document_of_all_groups_is_json_or_protobuf_and_nothing_else)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_get(rig, "/openapi/v2");

	CHECK_CODE(answer, 200);
	CHECK_STR(answer.type, "application/json");
	CHECK_AT(answer.body, "swagger", "2.0");
	CHECK(str_find(answer.body, STR("\"/apis/apps/v1/deployments\"")) > 0);
	CHECK(str_find(answer.body, STR("\"/api/v1/nodes/{name}\"")) > 0);
	/* What kubectl 1.20 asks with. */
	answer = rig_ask_of(rig, .path = "/openapi/v2", .accept = PROTO_V2_OLD);
	CHECK_CODE(answer, 200);
	CHECK_STR(answer.type, PROTO_V2);
	CHECK(str_starts(answer.body, STR("\x0a\x03"
					  "2.0")));
	answer = rig_ask_of(rig, .path = "/openapi/v2",
			    .accept = PROTO ", " PROTO_V2 ";q=0.9, application/json;q=0.1");
	CHECK_STR(answer.type, PROTO_V2);
	CHECK_CODE(rig_ask_of(rig, .path = "/openapi/v2", .accept = PROTO), 406);
	CHECK_CODE(rig_get(rig, "/openapi/v2/more"), 404);
	rig_close(rig);
}

TEST(the_document_of_all_groups_comes_packed_and_only_when_it_is_another)
{
	struct http_rig *rig = http_rig_open(NULL);
	struct http_rig_answer answer =
	    http_rig_ask_of(rig, .path = "/openapi/v2", .name = "accept-encoding", .value = "gzip");
	struct text plain = text_in(test_arena(), 16 * MIB);
	struct str etag = header(answer, "etag");

	CHECK_HTTP(answer, 200);
	CHECK_STR(header(answer, "content-encoding"), "gzip");
	CHECK_STR(header(answer, "cache-control"), "no-cache, private");
	CHECK_STATUS(gzip_unpack(&plain, answer.body), OK);
	CHECK(json_is_valid(text_str(&plain)));
	CHECK(answer.body.len < LIMIT_OPENAPI_BYTES / 4);
	CHECK(etag.len > 2);
	answer = http_rig_ask_of(rig, .path = "/openapi/v2", .name = "if-none-match",
				 .value = arena_cstr(test_arena(), etag));
	CHECK_HTTP(answer, 304);
	CHECK_EQ(answer.body.len, 0);
	http_rig_close(rig);
}

TEST(a_server_that_ends_while_slices_of_a_document_are_written_leaves_nothing_of_them)
{
	struct rig *rig = rig_open(NULL);

	for (uint64_t ms = 0; ms < 5; ms++) {
		rig_begin(rig, &(struct rig_request){ .method = "GET", .path = "/openapi/v2" });
		rig_run(rig, ms);
		rig_kill_server(rig);
		rig_run(rig, 3000);
	}
	CHECK_CODE(rig_get(rig, "/openapi/v2"), 200);
	rig_begin(rig, &(struct rig_request){ .method = "GET", .path = "/openapi/v2" });
	rig_close(rig);
}

TEST(documents_are_the_same_each_time_they_are_made)
{
	struct rig *rig = rig_open(NULL), *other = rig_open(NULL);

	CHECK(str_eq(rig_get(rig, "/openapi/v3").body, rig_get(other, "/openapi/v3").body));
	/* The first is made for who asks, the second is packed and unpacked, the third is there. */
	for (int i = 0; i < 3; i++) {
		static const char *const accepts[] = {
			"application/json",
			"application/com.github.proto-openapi.spec.v3.v1.0+protobuf"
		};

		for (int form = 0; form < 2; form++) {
			struct rig_answer one =
			    rig_ask_of(rig, .method = "GET", .path = "/openapi/v3/api/v1",
				       .accept = accepts[form]);
			struct rig_answer two =
			    rig_ask_of(other, .method = "GET", .path = "/openapi/v3/api/v1",
				       .accept = accepts[form]);

			CHECK_CODE(one, 200);
			CHECK(one.body.len > 1000);
			if (i == 0)
				two =
				    rig_ask_of(other, .method = "GET", .path = "/openapi/v3/api/v1",
					       .accept = accepts[form]);
			CHECK(str_eq(one.body, two.body));
		}
	}
	rig_close(rig);
	rig_close(other);
}
