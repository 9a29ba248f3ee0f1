#include "tests/unit/actors/server/rig.h"

#define MAPS "/api/v1/namespaces/default/configmaps"
#define NAMESPACES "/api/v1/namespaces"

TEST(a_new_object_gets_what_only_the_server_knows)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_post(
	    rig, MAPS,
	    "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\",\"uid\":"
	    "\"mine\",\"selfLink\":\"/x\",\"creationTimestamp\":\"2001-01-01T00:00:00Z\","
	    "\"deletionTimestamp\":\"2001-01-01T00:00:00Z\",\"deletionGracePeriodSeconds\":5,"
	    "\"labels\":{\"x\":\"y\"}}}");
	struct str uid;

	CHECK_CODE(answer, 201);
	uid = rig_at(answer.body, "metadata.uid");
	CHECK_EQ(uid.len, 36);
	CHECK(uid.at[14] == '4');
	CHECK_AT(answer.body, "metadata.creationTimestamp", "2026-01-01T00:00:01Z");
	CHECK(rig_at(answer.body, "metadata.selfLink").at == NULL);
	CHECK(rig_at(answer.body, "metadata.deletionTimestamp").at == NULL);
	CHECK(rig_at(answer.body, "metadata.deletionGracePeriodSeconds").at == NULL);
	CHECK_AT(answer.body, "metadata.namespace", "default");
	CHECK_AT(answer.body, "metadata.labels.x", "y");
	rig_close(rig);
}

TEST(what_exists_cannot_be_created)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}"), 201);
	answer = rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}");
	CHECK_FAILURE(answer, 409, "AlreadyExists", "configmaps \"a\" already exists");
	CHECK_AT(answer.body, "details", "{\"name\":\"a\",\"kind\":\"configmaps\"}");
	rig_close(rig);
}

TEST(what_is_going_away_says_so_when_it_is_created_again)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(
	    rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\",\"finalizers\":[\"x.y/z\"]}}"), 201);
	CHECK_CODE(rig_delete(rig, MAPS "/a", NULL), 200);
	CHECK_FAILURE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}"), 409, "AlreadyExists",
		      "object is being deleted: configmaps \"a\" already exists");
	rig_close(rig);
}

TEST(a_generated_name_is_its_prefix_and_five_letters)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_post(rig, MAPS, "{\"metadata\":{\"generateName\":\"gen-\"}}");
	struct str first = rig_at(answer.body, "metadata.name");

	CHECK_CODE(answer, 201);
	CHECK(str_starts(first, STR("gen-")));
	CHECK_EQ(first.len, 9);
	answer = rig_post(rig, MAPS, "{\"metadata\":{\"generateName\":\"gen-\"}}");
	CHECK_CODE(answer, 201);
	CHECK(!str_eq(first, rig_at(answer.body, "metadata.name")));
	answer =
	    rig_post(rig, MAPS, "{\"metadata\":{\"generateName\":\"gen-\",\"name\":\"exact\"}}");
	CHECK_AT(answer.body, "metadata.name", "exact");
	answer = rig_post(
	    rig, MAPS,
	    "{\"metadata\":{\"generateName\":\"a123456789a123456789a123456789a123456789a123456789"
	    "a123456789a123456789\"}}");
	CHECK_EQ(rig_at(answer.body, "metadata.name").len, 63);
	rig_close(rig);
}

/* What a server of the same seed makes of generateName after one other create. */
static struct str second_name(const char *first_body, struct rig_answer *out)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_post(rig, MAPS, first_body), 201);
	*out = rig_post(rig, MAPS, "{\"metadata\":{\"generateName\":\"gen-\"}}");
	rig_close(rig);
	return rig_at(out->body, "metadata.name");
}

TEST(a_generated_name_that_is_taken_gives_way_to_another)
{
	struct rig_answer answer;
	struct str taken = second_name("{\"metadata\":{\"name\":\"other\"}}", &answer), name;

	CHECK_CODE(answer, 201);
	name = second_name(
	    rig_printf("{\"metadata\":{\"name\":\"" STR_FMT "\"}}", STR_ARG(taken)).at, &answer);
	CHECK_CODE(answer, 201);
	CHECK(str_starts(name, STR("gen-")));
	CHECK(!str_eq(name, taken));
}

TEST(an_exact_name_that_is_taken_is_not_replaced_by_a_generated_one)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}"), 201);
	answer = rig_post(rig, MAPS, "{\"metadata\":{\"generateName\":\"gen-\",\"name\":\"a\"}}");
	CHECK_FAILURE(answer, 409, "AlreadyExists",
		      "configmaps \"a\" already exists, the server was not able to generate a "
		      "unique name for the object");
	CHECK_AT(answer.body, "details.retryAfterSeconds", "1");
	rig_close(rig);
}

TEST(without_a_name_nothing_is_created)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_post(rig, MAPS, "{\"data\":{\"a\":\"b\"}}");

	CHECK_FAILURE(answer, 422, "Invalid",
		      "ConfigMap \"\" is invalid: metadata.name: Required value: name or "
		      "generateName is required");
	CHECK_AT(answer.body, "details.causes[0].field", "metadata.name");
	CHECK_AT(answer.body, "details.causes[0].reason", "FieldValueRequired");
	CHECK_AT(answer.body, "details.kind", "ConfigMap");
	rig_close(rig);
}

TEST(a_bad_name_is_invalid)
{
	struct rig *rig = rig_open(NULL);

	CHECK_FAILURE(
	    rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"A_b\"}}"), 422, "Invalid",
	    "ConfigMap \"A_b\" is invalid: metadata.name: Invalid value: \"A_b\": a lowercase RFC "
	    "1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
	    "must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
	    "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
	rig_close(rig);
}

TEST(a_dry_run_leaves_nothing_behind)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer =
	    rig_post(rig, MAPS "?dryRun=All", "{\"metadata\":{\"name\":\"a\"}}");

	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "metadata.name", "a");
	CHECK(rig_at(answer.body, "metadata.resourceVersion").at == NULL);
	CHECK_EQ(rig_at(answer.body, "metadata.uid").len, 36);
	CHECK_CODE(rig_get(rig, MAPS "/a"), 404);
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}"), 201);
	CHECK_FAILURE(rig_post(rig, MAPS "?dryRun=All", "{\"metadata\":{\"name\":\"a\"}}"), 409,
		      "AlreadyExists", "configmaps \"a\" already exists");
	answer = rig_post(rig, MAPS "?dryRun=Some", "{\"metadata\":{\"name\":\"b\"}}");
	CHECK_FAILURE(answer, 422, "Invalid",
		      "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: "
		      "[\"Some\"]: supported values: \"All\"");
	CHECK_AT(answer.body, "details.kind", "CreateOptions");
	rig_close(rig);
}

TEST(the_namespace_of_the_path_is_that_of_the_object)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	answer = rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\",\"namespace\":\"other\"}}");
	CHECK_FAILURE(answer, 400, "BadRequest",
		      "the namespace of the provided object does not match the namespace sent on "
		      "the request");
	answer = rig_post(rig, "/api/v1/nodes",
			  "{\"metadata\":{\"name\":\"n1\",\"namespace\":\"other\"}}");
	CHECK_CODE(answer, 201);
	CHECK(rig_at(answer.body, "metadata.namespace").at == NULL);
	rig_close(rig);
}

TEST(a_body_of_another_kind_is_refused)
{
	struct rig *rig = rig_open(NULL);

	CHECK_FAILURE(rig_post(rig, MAPS,
			       "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
			       "\"a\"}}"),
		      400, "BadRequest",
		      "Secret in version \"v1\" cannot be handled as a ConfigMap: converting "
		      "(v1.Secret) to (core.ConfigMap): unknown conversion");
	CHECK_FAILURE(rig_post(rig, MAPS,
			       "{\"kind\":\"Widget\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
			       "\"a\"}}"),
		      400, "BadRequest",
		      "Widget in version \"v1\" cannot be handled as a ConfigMap: no kind "
		      "\"Widget\" is registered for version \"v1\" in scheme "
		      "\"pkg/api/legacyscheme/scheme.go:30\"");
	CHECK_FAILURE(rig_post(rig, "/apis/apps/v1/namespaces/default/deployments",
			       "{\"kind\":\"Deployment\",\"apiVersion\":\"apps/v2\","
			       "\"metadata\":{\"name\":\"a\"}}"),
		      400, "BadRequest",
		      "Deployment in version \"v2\" cannot be handled as a Deployment: no kind "
		      "\"Deployment\" is registered for version \"apps/v2\" in scheme "
		      "\"pkg/api/legacyscheme/scheme.go:30\"");
	CHECK_FAILURE(
	    rig_post(rig, "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers",
		     "{\"kind\":\"HorizontalPodAutoscaler\",\"apiVersion\":\"autoscaling/v2\","
		     "\"metadata\":{\"name\":\"a\"}}"),
	    400, "BadRequest",
	    "the API version in the data (autoscaling/v2) does not match the expected API version "
	    "(autoscaling/v1)");
	rig_close(rig);
}

TEST(a_body_that_is_no_object_is_refused)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	answer = rig_post(rig, MAPS, "{\"metadata\":");
	CHECK_CODE(answer, 400);
	CHECK_AT(answer.body, "reason", "BadRequest");
	answer = rig_post(rig, MAPS, "");
	CHECK_CODE(answer, 400);
	answer = rig_post(rig, MAPS, "[]");
	CHECK_CODE(answer, 400);
	answer = rig_post(rig, MAPS, "{\"metadata\":{\"name\":5}}");
	CHECK_FAILURE(answer, 400, "BadRequest",
		      "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot "
		      "unmarshal number into Go struct field ObjectMeta.metadata.name of type "
		      "string");
	CHECK_FAILURE(
	    rig_ask_of(rig, .method = "POST", .path = MAPS, .body = "x", .type = "text/plain"), 415,
	    "UnsupportedMediaType",
	    "the body of the request was in an unknown format - accepted media types "
	    "include: application/json, application/yaml, "
	    "application/vnd.kubernetes.protobuf");
	CHECK_FAILURE(
	    rig_ask_of(rig, .method = "POST", .path = MAPS, .body = "{}",
		       .type = "application/vnd.kubernetes.protobuf"),
	    400, "BadRequest",
	    "the object provided is unrecognized (must be of type ConfigMap): provided data does "
	    "not appear to be a protobuf message, expected prefix [107 56 115 0] ({})");
	CHECK_CODE(rig_ask_of(rig, .method = "POST", .path = MAPS,
			      .body = "{\"metadata\":{\"name\":\"loud\"}}",
			      .type = "Application/JSON"),
		   201);
	rig_close(rig);
}

TEST(a_daemon_set_shows_the_count_of_its_templates)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_post(
	    rig, "/apis/apps/v1/namespaces/default/daemonsets",
	    "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},"
	    "\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{"
	    "\"name\":\"c\",\"image\":\"i\"}]}}}}");

	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "metadata.annotations",
		 "{\"deprecated.daemonset.template.generation\":\"1\"}");
	rig_close(rig);
}

TEST(yaml_is_taken_for_json)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer =
	    rig_ask_of(rig, .method = "POST", .path = MAPS, .type = "application/yaml",
		       .body = "metadata:\n  name: a\ndata:\n  k: |\n    v\n");

	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "data.k", "v\n");
	rig_close(rig);
}

TEST(unknown_fields_are_warned_about_refused_or_ignored)
{
	static const char body[] = "{\"metadata\":{\"name\":\"a\"},\"datta\":{},\"data\":{\"x\":"
				   "\"1\",\"x\":\"2\"}}";
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_post(rig, MAPS "?dryRun=All", body);

	CHECK_CODE(answer, 201);
	CHECK_EQ(answer.warning_count, 2);
	CHECK_STR(answer.warnings[0], "unknown field \"datta\"");
	CHECK_STR(answer.warnings[1], "duplicate field \"data.x\"");
	answer = rig_post(rig, MAPS "?fieldValidation=Ignore&dryRun=All", body);
	CHECK_CODE(answer, 201);
	CHECK_EQ(answer.warning_count, 0);
	answer = rig_post(rig, MAPS "?fieldValidation=Strict", body);
	CHECK_FAILURE(
	    answer, 400, "BadRequest",
	    "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding "
	    "error: unknown field \"datta\", duplicate field \"data.x\"");
	answer = rig_post(rig, MAPS "?fieldValidation=Maybe", body);
	CHECK_FAILURE(answer, 422, "Invalid",
		      "CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported "
		      "value: \"Maybe\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"");
	rig_close(rig);
}

TEST(a_resource_version_does_not_belong_to_a_create)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	answer = rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"5\"}}");
	CHECK_CODE(answer, 500);
	CHECK_AT(answer.body, "message",
		 "resourceVersion should not be set on objects to be created");
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"0\"}}"),
		   201);
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"b\",\"resourceVersion\":\"x\"}}"),
		   201);
	rig_close(rig);
}

TEST(an_owner_named_twice_is_kept_once_and_warned_about)
{
	static const char body[] =
	    "{\"metadata\":{\"name\":\"a\",\"ownerReferences\":["
	    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n\",\"uid\":\"u1\"},"
	    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"m\",\"uid\":\"u2\"},"
	    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n\",\"uid\":\"u1\"}]}}";
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_post(rig, MAPS, body);

	CHECK_CODE(answer, 201);
	CHECK_EQ(rig_count(answer.body, "metadata.ownerReferences"), 2);
	CHECK_EQ(answer.warning_count, 1);
	CHECK_STR(answer.warnings[0],
		  ".metadata.ownerReferences contains duplicate entries; API server dedups owner "
		  "references in 1.20+, and may reject such requests as early as 1.24; please fix "
		  "your requests; duplicate UID(s) observed: u1");
	rig_close(rig);
}

TEST(only_what_fits_the_store_is_created)
{
	struct rig *rig = rig_open(NULL);
	struct text body = text_in(test_arena(), 4U * MIB);
	struct rig_answer answer;

	text_lit(&body, "{\"metadata\":{\"name\":\"a\"},\"binaryData\":{\"x\":\"");
	for (uint32_t i = 0; i < 2200U * KIB; i++)
		text_add_char(&body, 'A');
	text_lit(&body, "\"}}");
	answer = rig_post(rig, MAPS, text_str(&body).at);
	CHECK(answer.code == 413 || answer.code == 422);
	rig_close(rig);
}

TEST(nothing_is_created_in_a_namespace_that_is_not_there)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer =
	    rig_post(rig, "/api/v1/namespaces/nope/configmaps", "{\"metadata\":{\"name\":\"a\"}}");

	CHECK_FAILURE(answer, 404, "NotFound", "namespaces \"nope\" not found");
	rig_close(rig);
}

TEST(a_create_of_a_kind_without_a_store_needs_its_namespace)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_post(rig, "/api/v1/configmaps", "{\"metadata\":{\"name\":\"a\"}}"), 405);
	rig_close(rig);
}

TEST(an_event_is_forgotten_after_an_hour)
{
	static const char body[] =
	    "{\"metadata\":{\"name\":\"%s\"},\"involvedObject\":{\"kind\":\"Pod\",\"name\":\"p\","
	    "\"namespace\":\"default\"},\"reason\":\"r\",\"message\":\"m\"}";
	const char *events = "/api/v1/namespaces/default/events";
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_post(rig, events, rig_printf(body, "a").at), 201);
	CHECK_CODE(rig_post(rig, events, rig_printf(body, "b").at), 201);
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}"), 201);
	rig_run(rig, 1800000);
	CHECK_STR(rig_names(rig_get(rig, events).body), "a b");
	CHECK_CODE(rig_patch(rig, "merge", "/api/v1/namespaces/default/events/b", "{\"count\":2}"),
		   200);
	rig_run(rig, 2000000);
	CHECK_STR(rig_names(rig_get(rig, events).body), "b");
	rig_run(rig, 2000000);
	CHECK_STR(rig_names(rig_get(rig, events).body), "");
	CHECK_CODE(rig_get(rig, MAPS "/a"), 200);
	rig_close(rig);
}

#define SCALERS "/namespaces/default/horizontalpodautoscalers"

TEST(an_object_of_another_version_is_judged_as_the_one_its_kind_knows)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	CHECK_FAILURE(
	    rig_post(
		rig, "/apis/autoscaling/v1" SCALERS,
		"{\"metadata\":{\"name\":\"h\"},\"spec\":{\"maxReplicas\":2,\"scaleTargetRef\":{"
		"\"kind\":\"Deployment\",\"name\":\"d\",\"apiVersion\":\"apps/v1\"},"
		"\"targetCPUUtilizationPercentage\":0}}"),
	    422, "Invalid",
	    "HorizontalPodAutoscaler.autoscaling \"h\" is invalid: "
	    "spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater "
	    "than 0");
	answer = rig_post(
	    rig, "/apis/autoscaling/v1" SCALERS,
	    "{\"metadata\":{\"name\":\"h\"},\"spec\":{\"maxReplicas\":2,\"scaleTargetRef\":{"
	    "\"kind\":\"Deployment\",\"name\":\"d\",\"apiVersion\":\"apps/v1\"},"
	    "\"targetCPUUtilizationPercentage\":50}}");
	CHECK_CODE(answer, 201);
	CHECK_AT(answer.body, "spec.targetCPUUtilizationPercentage", "50");
	CHECK_AT(answer.body, "metadata.generation", "1");
	rig_close(rig);
}

TEST(a_time_of_any_year_comes_back_as_it_was)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer =
	    rig_post(rig, "/apis/coordination.k8s.io/v1/namespaces/default/leases",
		     "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"acquireTime\":\"0001-01-01T00:00:"
		     "02.000000Z\","
		     "\"renewTime\":\"9999-12-31T23:59:59.000001Z\"}}");

	CHECK_CODE(answer, 201);
	answer = rig_get(rig, "/apis/coordination.k8s.io/v1/namespaces/default/leases/l");
	CHECK_AT(answer.body, "spec.acquireTime", "0001-01-01T00:00:02.000000Z");
	CHECK_AT(answer.body, "spec.renewTime", "9999-12-31T23:59:59.000001Z");
	rig_close(rig);
}
