#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"

static uint64_t make(struct rig *rig, const char *name)
{
	struct rig_answer answer =
	    rig_post(rig, MAPS,
		     rig_printf("{\"metadata\":{\"name\":\"%s\"},\"data\":{\"k\":\"v\"}}", name).at);

	CHECK_CODE(answer, 201);
	return rig_version(answer.body);
}

TEST(what_was_created_can_be_got)
{
	struct rig *rig = rig_open(NULL);
	uint64_t version = make(rig, "a");
	struct rig_answer answer = rig_get(rig, MAPS "/a");

	CHECK_CODE(answer, 200);
	CHECK_STR(answer.type, "application/json");
	CHECK_AT(answer.body, "kind", "ConfigMap");
	CHECK_AT(answer.body, "apiVersion", "v1");
	CHECK_AT(answer.body, "metadata.name", "a");
	CHECK_AT(answer.body, "metadata.namespace", "default");
	CHECK_AT(answer.body, "data.k", "v");
	CHECK_EQ(rig_version(answer.body), version);
	rig_close(rig);
}

TEST(what_does_not_exist_is_not_found_by_its_name)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_get(rig, MAPS "/nope");

	CHECK_FAILURE(answer, 404, "NotFound", "configmaps \"nope\" not found");
	CHECK_AT(answer.body, "status", "Failure");
	CHECK_AT(answer.body, "details", "{\"name\":\"nope\",\"kind\":\"configmaps\"}");
	CHECK_AT(answer.body, "metadata", "{}");
	answer = rig_get(rig, "/apis/apps/v1/namespaces/default/deployments/nope");
	CHECK_FAILURE(answer, 404, "NotFound", "deployments.apps \"nope\" not found");
	CHECK_AT(answer.body, "details",
		 "{\"name\":\"nope\",\"group\":\"apps\",\"kind\":\"deployments\"}");
	CHECK_FAILURE(rig_get(rig, "/api/v1/nodes/n1"), 404, "NotFound", "nodes \"n1\" not found");
	rig_close(rig);
}

TEST(a_get_at_a_version_shows_something_at_least_as_new)
{
	struct rig *rig = rig_open(NULL);
	uint64_t version = make(rig, "a");

	CHECK_CODE(rig_get(rig, MAPS "/a?resourceVersion=0"), 200);
	CHECK_CODE(rig_get(rig, MAPS "/a?resourceVersion=1"), 200);
	CHECK_CODE(rig_get(rig, rig_printf(MAPS "/a?resourceVersion=%ju", (uintmax_t)version).at),
		   200);
	rig_close(rig);
}

TEST(a_get_of_a_version_that_does_not_come_times_out)
{
	struct rig *rig = rig_open(NULL);
	uint64_t version = make(rig, "a");
	struct rig_answer answer = rig_get(rig, MAPS "/a?resourceVersion=1000");

	CHECK_FAILURE(answer, 504, "Timeout",
		      rig_printf("Timeout: Too large resource version: 1000, current: %ju",
				 (uintmax_t)version)
			  .at);
	CHECK_AT(answer.body, "details.retryAfterSeconds", "1");
	CHECK_AT(answer.body, "details.causes[0].reason", "ResourceVersionTooLarge");
	CHECK_AT(answer.body, "details.causes[0].message", "Too large resource version");
	CHECK_EQ(answer.retry_after_s, 1);
	rig_close(rig);
}

TEST(a_get_of_a_version_that_is_no_number_is_answered_with_upstreams_words)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make(rig, "a");
	answer = rig_get(rig, MAPS "/a?resourceVersion=abc");
	CHECK_CODE(answer, 500);
	CHECK(rig_at(answer.body, "reason").at == NULL);
	CHECK_AT(answer.body, "message",
		 "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": "
		 "invalid syntax");
	rig_close(rig);
}

TEST(a_get_ignores_watch_and_refuses_export)
{
	struct rig *rig = rig_open(NULL);

	make(rig, "a");
	CHECK_AT(rig_get(rig, MAPS "/a?watch=1").body, "kind", "ConfigMap");
	CHECK_FAILURE(rig_get(rig, MAPS "/a?export=true"), 400, "BadRequest",
		      "the export parameter, deprecated since v1.14, is no longer supported");
	CHECK_CODE(rig_get(rig, MAPS "/a?export=false"), 200);
	rig_close(rig);
}

TEST(a_get_in_protobuf_has_the_envelope)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make(rig, "a");
	answer = rig_ask_of(rig, .method = "GET", .path = MAPS "/a",
			    .accept = "application/vnd.kubernetes.protobuf");
	CHECK_CODE(answer, 200);
	CHECK_STR(answer.type, "application/vnd.kubernetes.protobuf");
	CHECK(str_starts(answer.body, STR("k8s\0")));
	rig_close(rig);
}

static struct rig_answer get_yaml(struct rig *rig, const char *path)
{
	return rig_ask_of(rig, .method = "GET", .path = path, .accept = "application/yaml");
}

TEST(what_is_json_is_also_given_as_yaml)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make(rig, "a");
	answer = get_yaml(rig, MAPS "/a");
	CHECK_CODE(answer, 200);
	CHECK_STR(answer.type, "application/yaml");
	CHECK(str_starts(answer.body, STR("apiVersion: v1\n")));
	CHECK(str_find(answer.body, STR("\nmetadata:\n  creationTimestamp: \"")) > 0);
	answer = get_yaml(rig, MAPS);
	CHECK(str_find(answer.body, STR("\nitems:\n- ")) > 0);
	CHECK(str_find(answer.body, STR("\nkind: ConfigMapList\n")) > 0);
	answer = get_yaml(rig, MAPS "/b");
	CHECK_CODE(answer, 404);
	CHECK_STR(answer.type, "application/yaml");
	CHECK(str_find(answer.body, STR("\nmessage: configmaps \"b\" not found\n")) > 0);
	answer = get_yaml(rig, "/api");
	CHECK_STR(answer.type, "application/yaml");
	CHECK(str_find(answer.body, STR("kind: APIVersions\n")) >= 0);
	answer = rig_ask_of(rig, .method = "GET", .path = MAPS "/a",
			    .accept = "application/yaml;as=Table;v=v1;g=meta.k8s.io");
	CHECK(str_find(answer.body, STR("\nkind: Table\n")) > 0);
	CHECK_CODE(rig_ask_of(rig, .method = "GET", .path = MAPS "/a?includeObject=All",
			      .accept = "application/yaml;as=Table;v=v1;g=meta.k8s.io"),
		   400);
	rig_close(rig);
}

TEST(kinds_that_were_given_up_say_so_with_every_answer)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_get(rig, "/api/v1/endpoints");

	CHECK_EQ(answer.warning_count, 1);
	CHECK_STR(answer.warnings[0],
		  "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice");
	answer = rig_get(rig, "/api/v1/componentstatuses");
	CHECK_EQ(answer.warning_count, 1);
	CHECK_STR(answer.warnings[0], "v1 ComponentStatus is deprecated in v1.19+");
	CHECK_EQ(rig_get(rig, MAPS).warning_count, 0);
	rig_close(rig);
}

TEST(a_watch_has_no_form_in_yaml)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(get_yaml(rig, MAPS "?watch=1"), 406);
	CHECK_STR(rig_ask_of(rig, .method = "GET", .path = MAPS "/b?resourceVersion=x",
			     .accept = "application/yaml, application/json")
		      .type,
		  "application/yaml");
	rig_close(rig);
}

TEST(an_accept_that_nothing_fits_is_not_acceptable)
{
	struct rig *rig = rig_open(NULL);

	make(rig, "a");
	CHECK_FAILURE(rig_ask_of(rig, .method = "GET", .path = MAPS "/a", .accept = "text/html"),
		      406, "NotAcceptable",
		      "only the following media types are accepted: application/json, "
		      "application/yaml, application/vnd.kubernetes.protobuf");
	CHECK_CODE(rig_ask_of(rig, .method = "GET", .path = MAPS "/a",
			      .accept = "text/html, application/*;q=0.2"),
		   200);
	rig_close(rig);
}

TEST(what_can_only_be_made_has_no_table)
{
	static const struct {
		const char *accept;
		int32_t code;
	} cases[] = { { "application/json;as=Table;v=v1;g=meta.k8s.io", 406 },
		      { "application/json;as=Table;v=v1;g=meta.k8s.io,application/json", 201 },
		      { "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", 201 } };
	struct rig *rig = rig_open(NULL);

	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_CODE(
		    rig_ask_of(rig, .method = "POST",
			       .path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
			       .body = "{\"spec\":{\"nonResourceAttributes\":{\"path\":\"/\","
				       "\"verb\":\"get\"}}}",
			       .accept = cases[i].accept),
		    cases[i].code);
	rig_close(rig);
}

TEST(pretty_is_for_people)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	make(rig, "a");
	answer = rig_ask_of(rig, .method = "GET", .path = MAPS "/a", .agent = "curl/8");
	CHECK(str_starts(answer.body, STR("{\n  \"kind\": \"ConfigMap\",\n")));
	answer = rig_ask_of(rig, .method = "GET", .path = MAPS "/a?pretty=false", .agent = "curl/8");
	CHECK(str_starts(answer.body, STR("{\"kind\":\"ConfigMap\",")));
	answer = rig_get(rig, MAPS "/a?pretty=1");
	CHECK(str_starts(answer.body, STR("{\n  \"kind\": \"ConfigMap\",\n")));
	rig_close(rig);
}

/* ---- paths --------------------------------------------------------------------------------------------- */

TEST(paths_that_are_not_served_are_not_found)
{
	static const char *const paths[] = {
		"/api/v1/widgets",
		"/api/v2/pods",
		"/apis/apps/v9/deployments",
		"/apis/nobody.io/v1/things",
		"/api/v1/namespaces/default/nodes",
		"/api/v1/pods/x",
		"/api/v1/namespaces/default/pods/x/nothing",
		"/api/v1/namespaces/default/configmaps/x/status",
		"/nothing",
		"/healthz/nothing",
	};
	struct rig *rig = rig_open(NULL);

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		struct rig_answer answer = rig_get(rig, paths[i]);

		if (answer.code != 404)
			test_fail(__FILE__, __LINE__, "%s: %d " STR_FMT, paths[i], answer.code,
				  STR_ARG(answer.body));
	}
	rig_close(rig);
}

TEST(a_method_that_a_path_has_not_is_not_allowed)
{
	struct rig *rig = rig_open(NULL);

	CHECK_FAILURE(rig_put(rig, MAPS, "{}"), 405, "MethodNotAllowed",
		      "the server does not allow this method on the requested resource");
	CHECK_FAILURE(rig_post(rig, MAPS "/x", "{}"), 405, "MethodNotAllowed",
		      "the server does not allow this method on the requested resource");
	CHECK_FAILURE(rig_ask_of(rig, .method = "OPTIONS", .path = MAPS), 405, "MethodNotAllowed",
		      "the server does not allow this method on the requested resource");
	CHECK_CODE(rig_delete(rig, "/api/v1/componentstatuses/x", NULL), 405);
	rig_close(rig);
}
