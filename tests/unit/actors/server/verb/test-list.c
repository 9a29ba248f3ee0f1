#include "actors/server/cache/listed.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/object/proto.h"
#include "datastore/schema/core.h"
#include "tests/unit/actors/server/rig.h"
#include "transport/wire/base64.h"

#define MAPS "/api/v1/namespaces/default/configmaps"

static uint64_t make(struct rig *rig, const char *name, const char *labels)
{
	struct rig_answer answer = rig_post(
	    rig, MAPS,
	    rig_printf("{\"metadata\":{\"name\":\"%s\",\"labels\":{%s}}}", name, labels).at);

	CHECK_CODE(answer, 201);
	return rig_version(answer.body);
}

/* a to e, with labels. */
static struct rig *make_five(void)
{
	struct rig *rig = rig_open(NULL);

	make(rig, "c", "\"n\":\"3\"");
	make(rig, "a", "\"n\":\"1\",\"app\":\"web\"");
	make(rig, "e", "\"n\":\"5\"");
	make(rig, "b", "\"n\":\"2\",\"app\":\"web\"");
	make(rig, "d", "\"n\":\"4\",\"app\":\"db\"");
	return rig;
}

static struct str continue_of(struct rig_answer answer)
{
	return rig_at(answer.body, "metadata.continue");
}

static struct rig_answer next_page(struct rig *rig, const char *path, struct str token)
{
	return rig_get(rig, rig_printf("%s&continue=" STR_FMT, path, STR_ARG(token)).at);
}

TEST(a_list_has_all_objects_in_order_of_their_names)
{
	struct rig *rig = make_five();
	struct rig_answer answer = rig_get(rig, MAPS);

	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "kind", "ConfigMapList");
	CHECK_AT(answer.body, "apiVersion", "v1");
	CHECK_STR(rig_names(answer.body), "a b c d e");
	CHECK(rig_at(answer.body, "items[0].kind").at == NULL);
	CHECK(rig_at(answer.body, "items[0].apiVersion").at == NULL);
	CHECK(rig_at(answer.body, "metadata.continue").at == NULL);
	CHECK_EQ(rig_version(answer.body), 7);
	rig_close(rig);
}

TEST(an_empty_list_has_items)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_get(rig, MAPS);

	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "items", "[]");
	CHECK_EQ(rig_version(answer.body), 2);
	answer = rig_get(rig, "/apis/apps/v1/deployments");
	CHECK_AT(answer.body, "kind", "DeploymentList");
	CHECK_AT(answer.body, "apiVersion", "apps/v1");
	rig_close(rig);
}

TEST(a_list_of_all_namespaces_goes_by_namespace)
{
	struct rig *rig = make_five();
	struct rig_answer answer;

	CHECK_CODE(rig_post(rig, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"b\"}}"), 201);
	CHECK_CODE(
	    rig_post(rig, "/api/v1/namespaces/b/configmaps", "{\"metadata\":{\"name\":\"z\"}}"),
	    201);
	answer = rig_get(rig, "/api/v1/configmaps");
	CHECK_STR(rig_names(answer.body), "z a b c d e");
	CHECK_STR(rig_names(rig_get(rig, "/api/v1/namespaces/b/configmaps").body), "z");
	CHECK_STR(rig_names(rig_get(rig, "/api/v1/namespaces").body), "b default");
	CHECK_STR(
	    rig_names(
		rig_get(rig, "/api/v1/configmaps?fieldSelector=metadata.namespace%3Ddefault").body),
	    "a b c d e");
	rig_close(rig);
}

TEST(label_selectors_select)
{
	static const struct {
		const char *selector, *names;
	} cases[] = {
		{ "app%3Dweb", "a b" },
		{ "app%3D%3Dweb", "a b" },
		{ "app!%3Dweb", "c d e" },
		{ "app", "a b d" },
		{ "!app", "c e" },
		{ "app%20in%20(web,db)", "a b d" },
		{ "app%20notin%20(web)", "c d e" },
		{ "n%3E3", "d e" },
		{ "n%3C2", "a" },
		{ "app%3Dweb,n%3D2", "b" },
		{ "", "a b c d e" },
	};
	struct rig *rig = make_five();

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rig_answer answer =
		    rig_get(rig, rig_printf(MAPS "?labelSelector=%s", cases[i].selector).at);

		CHECK_CODE(answer, 200);
		CHECK_STR(rig_names(answer.body), cases[i].names);
	}
	CHECK_CODE(rig_get(rig, MAPS "?labelSelector=%3D%3D"), 400);
	rig_close(rig);
}

TEST(field_selectors_select_what_the_kind_offers)
{
	struct rig *rig = make_five();
	struct rig_answer answer = rig_get(rig, MAPS "?fieldSelector=metadata.name%3Db");

	CHECK_STR(rig_names(answer.body), "b");
	CHECK_STR(rig_names(rig_get(rig, MAPS "?fieldSelector=metadata.name!%3Db").body),
		  "a c d e");
	CHECK_FAILURE(rig_get(rig, MAPS "?fieldSelector=data.x%3Db"), 400, "BadRequest",
		      "\"data.x\" is not a known field selector: only \"metadata.name\", "
		      "\"metadata.namespace\"");
	CHECK_STR(
	    rig_names(rig_get(rig, "/api/v1/namespaces/default/secrets?fieldSelector=type%3Dx").body),
	    "");
	CHECK_FAILURE(rig_get(rig, "/api/v1/pods?fieldSelector=spec.nothing%3Db"), 400,
		      "BadRequest", "field label not supported: spec.nothing");
	CHECK_CODE(rig_get(rig, "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1"), 200);
	CHECK_CODE(rig_get(rig, "/api/v1/pods?fieldSelector=status.phase!%3DFailed"), 200);
	CHECK_CODE(rig_get(rig, "/api/v1/pods?fieldSelector=spec.host%3Dn1"), 200);
	CHECK_CODE(rig_get(rig, "/api/v1/nodes?fieldSelector=metadata.name%3Dn1"), 200);
	CHECK_FAILURE(rig_get(rig, "/api/v1/nodes?fieldSelector=metadata.namespace%3Dn"), 400,
		      "BadRequest", "field label not supported: metadata.namespace");
	CHECK_FAILURE(rig_get(rig, "/apis/batch/v1/jobs?fieldSelector=x%3Dn"), 400, "BadRequest",
		      "field label \"x\" not supported for Job");
	rig_close(rig);
}

TEST(a_limit_cuts_the_list_into_pages)
{
	struct rig *rig = make_five();
	struct rig_answer answer = rig_get(rig, MAPS "?limit=2");

	CHECK_STR(rig_names(answer.body), "a b");
	CHECK_AT(answer.body, "metadata.remainingItemCount", "3");
	CHECK_EQ(rig_version(answer.body), 7);
	answer = next_page(rig, MAPS "?limit=2", continue_of(answer));
	CHECK_STR(rig_names(answer.body), "c d");
	CHECK_AT(answer.body, "metadata.remainingItemCount", "1");
	answer = next_page(rig, MAPS "?limit=2", continue_of(answer));
	CHECK_STR(rig_names(answer.body), "e");
	CHECK(continue_of(answer).at == NULL);
	CHECK(rig_at(answer.body, "metadata.remainingItemCount").at == NULL);
	rig_close(rig);
}

TEST(a_limit_of_all_there_is_gives_no_next_page)
{
	struct rig *rig = make_five();
	struct rig_answer answer = rig_get(rig, MAPS "?limit=5");

	CHECK_STR(rig_names(answer.body), "a b c d e");
	CHECK(continue_of(answer).at == NULL);
	CHECK_STR(rig_names(rig_get(rig, MAPS "?limit=-1").body), "a b c d e");
	rig_close(rig);
}

TEST(pages_show_the_state_of_the_first_page)
{
	struct rig *rig = make_five();
	struct rig_answer answer = rig_get(rig, MAPS "?limit=2");
	struct str token = continue_of(answer);

	CHECK_CODE(rig_delete(rig, MAPS "/d", NULL), 200);
	make(rig, "cc", "");
	answer = next_page(rig, MAPS "?limit=2", token);
	CHECK_CODE(answer, 200);
	CHECK_STR(rig_names(answer.body), "c d");
	CHECK_EQ(rig_version(answer.body), 7);
	CHECK_AT(answer.body, "metadata.remainingItemCount", "1");
	answer = next_page(rig, MAPS "?limit=2", continue_of(answer));
	CHECK_STR(rig_names(answer.body), "e");
	CHECK(rig_at(answer.body, "metadata.remainingItemCount").at == NULL);
	CHECK_STR(rig_names(rig_get(rig, MAPS).body), "a b c cc e");
	rig_close(rig);
}

TEST(pages_of_all_namespaces_go_on_across_them)
{
	struct rig *rig = make_five();
	struct rig_answer answer;

	CHECK_CODE(rig_post(rig, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"b\"}}"), 201);
	CHECK_CODE(
	    rig_post(rig, "/api/v1/namespaces/b/configmaps", "{\"metadata\":{\"name\":\"z\"}}"),
	    201);
	answer = rig_get(rig, "/api/v1/configmaps?limit=2");
	CHECK_STR(rig_names(answer.body), "z a");
	CHECK_CODE(rig_delete(rig, MAPS "/b", NULL), 200);
	answer = next_page(rig, "/api/v1/configmaps?limit=9", continue_of(answer));
	CHECK_STR(rig_names(answer.body), "b c d e");
	rig_close(rig);
}

TEST(pages_with_a_selector_do_not_count_what_remains)
{
	struct rig *rig = make_five();
	struct rig_answer answer = rig_get(rig, MAPS "?limit=1&labelSelector=app");

	CHECK_STR(rig_names(answer.body), "a");
	CHECK(rig_at(answer.body, "metadata.remainingItemCount").at == NULL);
	CHECK_CODE(rig_delete(rig, MAPS "/b", NULL), 200);
	answer = next_page(rig, MAPS "?limit=1&labelSelector=app", continue_of(answer));
	CHECK_STR(rig_names(answer.body), "b");
	CHECK(rig_at(answer.body, "metadata.remainingItemCount").at == NULL);
	answer = next_page(rig, MAPS "?limit=5&labelSelector=app", continue_of(answer));
	CHECK_STR(rig_names(answer.body), "d");
	rig_close(rig);
}

/* ---- resourceVersion and resourceVersionMatch --------------------------------------------------------- */

TEST(a_version_and_its_match_choose_what_is_shown)
{
	struct rig *rig = make_five();
	struct rig_answer answer;

	CHECK_CODE(rig_delete(rig, MAPS "/a", NULL), 200); /* at 8 */
	answer = rig_get(rig, MAPS "?resourceVersion=0&limit=1");
	CHECK_STR(rig_names(answer.body), "b c d e");
	answer = rig_get(rig, MAPS "?resourceVersion=5");
	CHECK_STR(rig_names(answer.body), "b c d e");
	answer = rig_get(rig, MAPS "?resourceVersion=5&resourceVersionMatch=NotOlderThan&limit=1");
	CHECK_STR(rig_names(answer.body), "b");
	answer = rig_get(rig, MAPS "?resourceVersion=5&resourceVersionMatch=Exact");
	CHECK_STR(rig_names(answer.body), "a c e");
	CHECK_EQ(rig_version(answer.body), 5);
	answer = rig_get(rig, MAPS "?resourceVersion=7&limit=1");
	CHECK_STR(rig_names(answer.body), "a");
	CHECK_EQ(rig_version(answer.body), 7);
	answer = rig_get(rig, MAPS "?resourceVersion=0&resourceVersionMatch=NotOlderThan");
	CHECK_STR(rig_names(answer.body), "b c d e");
	rig_close(rig);
}

TEST(options_of_a_list_that_do_not_go_together_are_invalid)
{
	static const struct {
		const char *query, *message;
	} cases[] = {
		{ "resourceVersionMatch=Exact",
		  "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless "
		  "resourceVersion is provided" },
		{ "resourceVersionMatch=Near&resourceVersion=1",
		  "resourceVersionMatch: Unsupported value: \"Near\": supported values: \"Exact\", "
		  "\"NotOlderThan\", \"\"" },
		{ "resourceVersionMatch=Exact&resourceVersion=0",
		  "resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden "
		  "for "
		  "resourceVersion \"0\"" },
		{ "sendInitialEvents=true",
		  "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list" },
	};
	struct rig *rig = rig_open(NULL);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_FAILURE(
		    rig_get(rig, rig_printf(MAPS "?%s", cases[i].query).at), 422, "Invalid",
		    rig_printf("ListOptions.meta.k8s.io \"\" is invalid: %s", cases[i].message).at);
	rig_close(rig);
}

TEST(a_version_that_cannot_be_shown_is_said_to_be_so)
{
	struct rig *rig = make_five();
	struct rig_answer answer;

	CHECK_FAILURE(rig_get(rig, MAPS "?resourceVersion=x"), 400, "BadRequest",
		      "invalid resource version: resourceVersion: Invalid value: \"x\": "
		      "strconv.ParseUint: parsing \"x\": invalid syntax");
	answer = rig_get(rig, MAPS "?resourceVersion=100");
	CHECK_FAILURE(answer, 504, "Timeout",
		      "Timeout: Too large resource version: 100, current: 7");
	answer = rig_get(rig, MAPS "?resourceVersion=100&resourceVersionMatch=Exact");
	CHECK_CODE(answer, 504);
	rig_close(rig);
}

/* ---- tokens ---------------------------------------------------------------------------------------------- */

static const char *token_of(const char *json)
{
	struct text out = text_in(test_arena(), 1024);

	base64_encode(BASE64_URL, str_from(json), &out);
	return arena_cstr(test_arena(), text_str(&out));
}

TEST(a_continue_token_that_is_none_is_refused)
{
	static const struct {
		const char *json, *message;
	} cases[] = {
		{ "{\"v\":\"meta.k8s.io/v1\",\"rv\":0,\"start\":\"b\"}",
		  "continue key is not valid: incorrect encoded start resourceVersion (version "
		  "meta.k8s.io/v1)" },
		{ "{\"v\":\"meta.k8s.io/v1\",\"rv\":3,\"start\":\"\"}",
		  "continue key is not valid: encoded start key empty (version meta.k8s.io/v1)" },
		{ "{\"v\":\"meta.k8s.io/v2\",\"rv\":3,\"start\":\"b\"}",
		  "continue key is not valid: server does not recognize this encoded version "
		  "meta.k8s.io/v2" },
		{ "{\"v\":\"meta.k8s.io/v1\",\"rv\":3,\"start\":\"../../secrets\"}",
		  "continue key is not valid: ../../secrets" },
	};
	struct rig *rig = make_five();

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_FAILURE(
		    rig_get(rig, rig_printf(MAPS "?continue=%s", token_of(cases[i].json)).at), 400,
		    "BadRequest", rig_printf("invalid continue token: %s", cases[i].message).at);
	CHECK_CODE(rig_get(rig, MAPS "?continue=!!"), 400);
	CHECK_FAILURE(
	    rig_get(rig, rig_printf(MAPS "?resourceVersion=5&continue=%s",
				    token_of("{\"v\":\"meta.k8s.io/v1\",\"rv\":3,\"start\":\"b\"}"))
			     .at),
	    400, "BadRequest", "specifying resource version is not allowed when using continue");
	rig_close(rig);
}

TEST(a_token_of_no_revision_goes_on_at_the_newest)
{
	struct rig *rig = make_five();
	struct rig_answer answer = rig_get(
	    rig, rig_printf(MAPS "?continue=%s",
			    token_of("{\"v\":\"meta.k8s.io/v1\",\"rv\":-1,\"start\":\"c\\u0000\"}"))
		     .at);

	CHECK_CODE(answer, 200);
	CHECK_STR(rig_names(answer.body), "d e");
	rig_close(rig);
}

TEST(a_page_whose_revision_was_compacted_is_expired_with_a_token_to_go_on)
{
	struct rig *rig = make_five();
	struct str token = continue_of(rig_get(rig, MAPS "?limit=2"));
	struct rig_answer answer;

	CHECK_CODE(rig_delete(rig, MAPS "/d", NULL), 200);
	rig_run(rig, 1000000); /* the store compacts what is older than five minutes */
	make(rig, "f", "");
	rig_run(rig, 1000000);
	answer = next_page(rig, MAPS "?limit=2", token);
	CHECK_CODE(answer, 410);
	CHECK_AT(answer.body, "reason", "Expired");
	CHECK(
	    str_starts(rig_at(answer.body, "message"),
		       STR("The provided continue parameter is too old to display a consistent "
			   "list result. You can start a new list without the continue parameter, "
			   "or use the continue token in this response to retrieve the remainder "
			   "of the results.")));
	answer = next_page(rig, MAPS "?limit=9", continue_of(answer));
	CHECK_CODE(answer, 200);
	CHECK_STR(rig_names(answer.body), "c e f");
	answer = rig_get(rig, MAPS "?resourceVersion=5&resourceVersionMatch=Exact");
	CHECK_CODE(answer, 410);
	CHECK_AT(answer.body, "reason", "Expired");
	rig_close(rig);
}

/* It is put together from the objects' own bytes; encoding the whole record gives the same. */
TEST(a_list_in_protobuf_is_what_encoding_the_whole_list_gives)
{
	struct rig *rig = make_five();
	static const char *const paths[] = { MAPS, MAPS "?limit=2", MAPS "?labelSelector=n=9" };
	static const uint32_t counts[] = { 5, 2, 0 };

	for (int i = 0; i < 3; i++) {
		struct rig_answer answer =
		    rig_ask_of(rig, .method = "GET", .path = paths[i],
			       .accept = "application/vnd.kubernetes.protobuf");
		struct text out = text_in(test_arena(), MIB);
		struct proto_envelope envelope;
		void *record;

		CHECK_CODE(answer, 200);
		CHECK_STATUS(proto_envelope_open(answer.body, &envelope, NULL), OK);
		CHECK_STR(envelope.kind, "ConfigMapList");
		CHECK_STR(envelope.api_version, "v1");
		CHECK_STATUS(proto_decode(&core_config_map_list_type, envelope.raw, test_arena(),
					  (struct proto_options){ false }, &record, NULL),
			     OK);
		CHECK_EQ(((struct core_config_map_list *)record)->items.len, counts[i]);
		proto_envelope_encode(&core_config_map_list_type, record, &out);
		CHECK(str_eq(text_str(&out), answer.body));
	}
	rig_close(rig);
}

static uint32_t make_many(struct rig *rig, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		make(rig, rig_printf("m%03u", first + i).at, "");
	return count;
}

static struct rig_answer list_as(struct rig *rig, const char *path, const char *accept)
{
	struct rig_answer answer = rig_ask_of(rig, .method = "GET", .path = path, .accept = accept);

	CHECK_CODE(answer, 200);
	return answer;
}

/* What was put together once is sent again as long as nothing changes: nobody can tell. */
TEST(a_long_list_is_the_same_each_time_and_shows_each_change)
{
	static const char proto[] = "application/vnd.kubernetes.protobuf",
			  json[] = "application/json";
	struct rig *rig = rig_open(NULL);
	uint32_t count = make_many(rig, 0, LISTED_LEAST);
	struct str first = list_as(rig, MAPS, json).body, packed = list_as(rig, MAPS, proto).body;

	CHECK_EQ(rig_count(first, "items"), count);
	for (uint32_t i = 0; i < 40; i++) {
		CHECK(str_eq(list_as(rig, MAPS, json).body, first));
		CHECK(str_eq(list_as(rig, MAPS, proto).body, packed));
		CHECK(str_eq(list_as(rig, "/api/v1/configmaps", json).body, first));
	}
	CHECK_EQ(rig_count(list_as(rig, MAPS "?limit=3", json).body, "items"), 3);
	CHECK_EQ(
	    rig_count(list_as(rig, MAPS "?fieldSelector=metadata.name=m007", json).body, "items"),
	    1);
	CHECK_EQ(rig_count(list_as(rig, "/api/v1/namespaces/other/configmaps", json).body, "items"),
		 0);
	make(rig, "new", "");
	CHECK_EQ(rig_count(list_as(rig, MAPS, json).body, "items"), count + 1);
	CHECK(list_as(rig, MAPS, proto).body.len > packed.len);
	CHECK_CODE(rig_delete(rig, MAPS "/new", NULL), 200);
	CHECK(rig_version(list_as(rig, MAPS, json).body) > rig_version(first));
	CHECK_EQ(list_as(rig, MAPS, json).body.len, first.len);
	rig_close(rig);
}

/* Its revision is that of the request, though none of its objects has changed. */
TEST(a_long_list_that_has_not_changed_has_the_revision_of_now)
{
	struct rig *rig = rig_open(NULL);
	struct str before, after;

	make_many(rig, 0, LISTED_LEAST);
	before = rig_get(rig, MAPS).body;
	CHECK_CODE(rig_post(rig, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"b\"}}"), 201);
	after = rig_get(rig, MAPS).body;
	CHECK(rig_version(after) > rig_version(before));
	CHECK_EQ(rig_count(after, "items"), LISTED_LEAST);
	rig_close(rig);
}

TEST(a_list_of_many_is_complete)
{
	struct rig *rig = rig_open(NULL);
	uint32_t numbers[400], count = 0;
	struct str token = STR_NONE;

	for (int i = 0; i < 400; i++)
		numbers[i] = rig_begin(
		    rig, &(struct rig_request){
			     .method = "POST",
			     .path = MAPS,
			     .body = rig_printf("{\"metadata\":{\"name\":\"m%03d\"}}", i).at });
	for (int i = 0; i < 400; i++)
		CHECK(rig_finish(rig, numbers[i]).code == 201 || i >= 200); /* 429 past the limit */
	do {
		struct rig_answer answer = token.at == NULL
					       ? rig_get(rig, MAPS "?limit=33")
					       : next_page(rig, MAPS "?limit=33", token);

		CHECK_CODE(answer, 200);
		count += rig_count(answer.body, "items");
		token = continue_of(answer);
	} while (token.at != NULL);
	CHECK_EQ(count, rig_count(rig_get(rig, MAPS).body, "items"));
	CHECK(count >= 200);
	rig_close(rig);
}

TEST(events_are_selected_by_the_names_that_fields_have_in_the_group_asked)
{
	static const struct {
		const char *path, *names;
	} cases[] = {
		{ "/apis/events.k8s.io/v1/events?fieldSelector=reportingController%3Dc", "e" },
		{ "/apis/events.k8s.io/v1/events?fieldSelector=reportingController%3Dx", "" },
		{ "/apis/events.k8s.io/v1/events?fieldSelector=regarding.name%3Dp", "e" },
		{ "/api/v1/events?fieldSelector=source%3Dc", "e" },
		{ "/api/v1/events?fieldSelector=involvedObject.name%3Dp,reportingComponent%3Dc",
		  "e" },
	};
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(
	    rig_post(
		rig, "/apis/events.k8s.io/v1/namespaces/default/events",
		"{\"metadata\":{\"name\":\"e\"},\"regarding\":{\"kind\":\"Pod\",\"name\":\"p\","
		"\"namespace\":\"default\"},\"eventTime\":\"2026-01-02T03:04:05.000000Z\","
		"\"reportingController\":\"c\",\"reportingInstance\":\"i\",\"action\":\"a\","
		"\"reason\":\"r\",\"type\":\"Normal\"}"),
	    201);
	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(rig_names(rig_get(rig, cases[i].path).body), cases[i].names);
	CHECK_CODE(rig_get(rig, "/api/v1/events?fieldSelector=regarding.name%3Dp"), 400);
	rig_close(rig);
}
