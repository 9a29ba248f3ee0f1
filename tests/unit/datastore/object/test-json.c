#include "datastore/object/json.h"

#include "datastore/object/record.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/core.h"
#include "datastore/schema/meta.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"

static void *decode(const struct type *type, const char *json)
{
	struct fault why;
	void *record = NULL;

	if (json_decode(type, str_from(json), test_arena(), (struct json_options){ 0 }, &record,
			&why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", json, why.text);
	return record;
}

static struct str encode(const struct type *type, const void *record)
{
	struct text out = text_in(test_arena(), MIB);

	json_encode(type, record, &out);
	return text_str(&out);
}

TEST(what_is_written_is_present_and_what_is_null_is_not)
{
	struct apps_deployment_spec *spec =
	    decode(&apps_deployment_spec_type,
		   "{\"replicas\":0,\"paused\":false,\"minReadySeconds\":null,\"selector\":{},"
		   "\"template\":null}");

	CHECK(spec->has.replicas && spec->replicas == 0);
	CHECK(spec->has.paused && !spec->paused);
	CHECK(!spec->has.min_ready_seconds);
	CHECK(spec->selector != NULL);
	CHECK(spec->template == NULL);
	CHECK(!spec->has.revision_history_limit);
}

TEST(every_kind_of_value_is_read_and_written_again)
{
	static const struct {
		const struct type *type;
		const char *in, *out;
	} cases[] = {
		{ &core_event_source_type, "{\"component\":\"a\\u003cb\"}",
		  "{\"component\":\"a\\u003cb\"}" },
		{ &core_secret_type, "{\"data\":{\"b\":\"aGk=\",\"a\":null},\"type\":\"t\"}",
		  "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{},\"data\":{\"a\":null,"
		  "\"b\":\"aGk=\"},\"type\":\"t\"}" },
		{ &core_resource_requirements_type,
		  "{\"limits\":{\"memory\":1024,\"cpu\":\"1000m\"}}",
		  "{\"limits\":{\"cpu\":\"1\",\"memory\":\"1024\"}}" },
		{ &apps_rolling_update_deployment_type,
		  "{\"maxSurge\":\"25%\",\"maxUnavailable\":1}",
		  "{\"maxUnavailable\":1,\"maxSurge\":\"25%\"}" },
		{ &meta_object_meta_type,
		  "{\"creationTimestamp\":\"2026-01-02T05:04:05.9+02:00\",\"managedFields\":[{"
		  "\"fieldsV1\": {\"f:a\": {} }}]}",
		  "{\"creationTimestamp\":\"2026-01-02T03:04:05Z\",\"managedFields\":[{"
		  "\"fieldsV1\":{\"f:a\":{}}}]}" },
		{ &apiextensions_json_schema_props_type,
		  "{\"default\":{\"a\": [1, "
		  "2]},\"maximum\":1.5,\"additionalProperties\":false,\"items\":[{\"type\":\"x\"}],"
		  "\"$ref\":\"r\"}",
		  "{\"$ref\":\"r\",\"default\":{\"a\":[1,2]},\"maximum\":1.5,\"items\":[{\"type\":"
		  "\"x\"}],\"additionalProperties\":false}" },
		{ &apiextensions_json_schema_props_type,
		  "{\"items\":{},\"additionalProperties\":{\"type\":\"s\"},\"dependencies\":{\"a\":"
		  "[\"b\"],\"c\":{}}}",
		  "{\"items\":{},\"additionalProperties\":{\"type\":\"s\"},\"dependencies\":{\"a\":"
		  "[\"b\"],\"c\":{}}}" },
		{ &core_volume_type, "{\"name\":\"v\",\"emptyDir\":{\"sizeLimit\":\"1Gi\"}}",
		  "{\"name\":\"v\",\"emptyDir\":{\"sizeLimit\":\"1Gi\"}}" },
		{ &meta_table_row_type, "{\"cells\":[1, null,\"a\"],\"object\":{\"x\":1}}",
		  "{\"cells\":[1,null,\"a\"],\"object\":{\"x\":1}}" },
		{ &core_pod_condition_type, "{\"type\":\"\",\"status\":\"\"}",
		  "{\"type\":\"\",\"status\":\"\",\"lastProbeTime\":null,\"lastTransitionTime\":"
		  "null}" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_STR(encode(cases[i].type, decode(cases[i].type, cases[i].in)), cases[i].out);
}

TEST(an_absent_record_is_written_as_an_empty_one)
{
	CHECK_STR(encode(&apps_deployment_type, NULL),
		  "{\"kind\":\"Deployment\",\"apiVersion\":\"apps/v1\",\"metadata\":{},"
		  "\"spec\":{\"selector\":null,\"template\":{\"metadata\":{},\"spec\":{"
		  "\"containers\":null}},"
		  "\"strategy\":{}},\"status\":{}}");
}

TEST(claims_of_a_stateful_set_carry_their_kind_and_items_of_lists_do_not)
{
	void *set = decode(&apps_stateful_set_spec_type,
			   "{\"volumeClaimTemplates\":[{\"kind\":\"X\",\"spec\":{}}]}");
	struct str json = encode(&apps_stateful_set_spec_type, set);

	CHECK(str_find(json, STR("[{\"kind\":\"PersistentVolumeClaim\",\"apiVersion\":\"v1\",")) >
	      0);
	json = encode(&core_pod_list_type,
		      decode(&core_pod_list_type, "{\"items\":[{\"kind\":\"Pod\"}]}"));
	CHECK(str_find(json, STR("\"kind\":\"Pod\"")) < 0);
}

TEST(strict_reading_names_unknown_and_duplicate_members_by_path)
{
	static const char json[] = "{\"kind\":\"Deployment\",\"apiVersion\":\"apps/"
				   "v1\",\"foo\":1,\"spec\":{\"replicas\":1,\"replicas\":2,"
				   "\"template\":{\"metadata\":{\"labels\":{\"a\":\"1\",\"a\":"
				   "\"2\"}},\"spec\":{\"containers\":[{},"
				   "{\"nam\\\"e\":1,\"image\":\"a\",\"image\":\"b\"}],\"volumes\":["
				   "{\"emptyDir\":{},\"emptyDir\":{\"x\":1}}]}}},\"foo\":2}";
	static const char *const expected[] = {
		"unknown field \"foo\"",
		"duplicate field \"spec.replicas\"",
		"duplicate field \"spec.template.metadata.labels.a\"",
		"unknown field \"spec.template.spec.containers[1].nam\\\"e\"",
		"duplicate field \"spec.template.spec.containers[1].image\"",
		"duplicate field \"spec.template.spec.volumes[0].emptyDir\"",
		"unknown field \"spec.template.spec.volumes[0].emptyDir.x\"",
	};
	struct json_strict strict = { 0 };
	struct apps_deployment *deployment;
	void *record;

	CHECK_STATUS(json_decode(&apps_deployment_type, str_from(json), test_arena(),
				 (struct json_options){ .strict = &strict }, &record, NULL),
		     OK);
	CHECK_EQ(strict.len, sizeof expected / sizeof *expected);
	for (uint32_t i = 0; i < strict.len; i++)
		CHECK_STR(strict.at[i], expected[i]);
	/* Where nothing is refused the last one holds. */
	deployment = record;
	CHECK_EQ(deployment->spec->replicas, 2);
	CHECK_STR(str_map_get(deployment->spec->template->metadata->labels, STR("a")), "2");
	strict.len = 2;
	CHECK_STR(
	    json_strict_text(&strict, test_arena()),
	    "strict decoding error: unknown field \"foo\", duplicate field \"spec.replicas\"");
}

TEST(faults_have_the_words_of_upstream)
{
	static const struct {
		const struct type *type;
		const char *in, *text;
	} cases[] = {
		{ &apps_deployment_type, "{\"spec\":{\"replicas\":\"1\"}}",
		  "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas "
		  "of type int32" },
		{ &apps_deployment_type, "{\"spec\":{\"replicas\":1.5}}",
		  "json: cannot unmarshal number 1.5 into Go struct field "
		  "DeploymentSpec.spec.replicas of type int32" },
		{ &apps_deployment_type, "{\"spec\":{\"replicas\":3000000000}}",
		  "json: cannot unmarshal number 3000000000 into Go struct field "
		  "DeploymentSpec.spec.replicas of type int32" },
		{ &core_pod_type, "{\"spec\":{\"containers\":[{\"image\":5}]}}",
		  "json: cannot unmarshal number into Go struct field "
		  "Container.spec.containers.image of type string" },
		{ &core_pod_type, "{\"spec\":{\"containers\":{}}}",
		  "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of "
		  "type []v1.Container" },
		{ &core_pod_type, "{\"spec\":[]}",
		  "json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec" },
		{ &core_pod_type, "[]",
		  "json: cannot unmarshal array into Go value of type v1.Pod" },
		{ &core_pod_type, "{\"metadata\":{\"labels\":{\"a\":true}}}",
		  "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of "
		  "type string" },
		{ &core_secret_type, "{\"data\":{\"a\":\"a*b=\"}}",
		  "illegal base64 data at input byte 1" },
		{ &core_resource_requirements_type, "{\"limits\":{\"cpu\":true}}",
		  "quantities must match the regular expression "
		  "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'" },
		{ &core_pod_type, "{\"spec\":[],}",
		  "invalid character '}' looking for beginning of object key string" },
		{ &core_pod_type, "", "unexpected end of JSON input" },
		{ &core_pod_type, "{} x", "invalid character 'x' after top-level value" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fault why;
		void *record = NULL;
		CHECK_STATUS(json_decode(cases[i].type, str_from(cases[i].in), test_arena(),
					 (struct json_options){ 0 }, &record, &why),
			     BAD_REQUEST);
		CHECK_STR(str_from(why.text), cases[i].text);
		CHECK(record == NULL);
	}
}

TEST(an_object_may_not_take_more_memory_than_its_limit)
{
	struct text json = text_in(test_arena(), 4 * MIB);
	struct fault why;
	void *record;

	text_lit(&json, "{\"items\":[");
	for (uint32_t i = 0; i < MIB; i++)
		text_add(&json, i == 0 ? STR("{}") : STR(",{}"));
	text_lit(&json, "]}");
	struct arena *arena = arena_new(0);
	CHECK_STATUS(json_decode(&core_service_list_type, text_str(&json), arena,
				 (struct json_options){ 0 }, &record, &why),
		     OK);
	CHECK_STATUS(json_decode(&apiextensions_json_schema_props_type,
				 arena_printf(arena, "{\"allOf\":" STR_FMT,
					      STR_ARG(str_slice(text_str(&json), 9, json.len))),
				 arena, (struct json_options){ 0 }, &record, &why),
		     TOO_LARGE);
	arena_free(arena);
}

TEST(strings_point_into_the_input_when_they_may)
{
	static const char json[] = "{\"name\":\"plain\",\"namespace\":\"es\\u0063aped\"}";
	void *record;

	CHECK_STATUS(json_decode(&meta_object_meta_type, str_from(json), test_arena(),
				 (struct json_options){ .borrow = true }, &record, NULL),
		     OK);
	struct meta_object_meta *meta = record;
	CHECK(meta->name.at == json + 9);
	CHECK_STR(meta->namespace, "escaped");
}

TEST(the_kind_is_read_without_the_rest)
{
	struct str api_version, kind;

	CHECK_STATUS(
	    json_kind(STR("{\"spec\":{\"kind\":\"no\"},\"kind\":\"Pod\",\"apiVersion\":\"v1\"}"),
		      test_arena(), &api_version, &kind, NULL),
	    OK);
	CHECK_STR(api_version, "v1");
	CHECK_STR(kind, "Pod");
	CHECK_STATUS(json_kind(STR("{}"), test_arena(), &api_version, &kind, NULL), OK);
	CHECK(kind.at == NULL);
	CHECK_STATUS(json_kind(STR("[]"), test_arena(), &api_version, &kind, NULL), BAD_REQUEST);
	CHECK_STATUS(json_kind(STR("{"), test_arena(), &api_version, &kind, NULL), BAD_REQUEST);
}

TEST(one_value_of_any_sort_is_told_apart)
{
	static const struct {
		const char *text;
		enum json_sort sort;
	} good[] = {
		{ "null", JSON_SORT_NULL },
		{ " {\"a\":[1,{}]} ", JSON_SORT_OBJECT },
		{ "[]", JSON_SORT_OTHER },
		{ "\"{}\"", JSON_SORT_OTHER },
	};
	static const char *const bad[] = { "", "{", "{}{}", "nul", "{\"a\":}" };
	enum json_sort sort;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		CHECK_STATUS(json_sort_of(str_from(good[i].text), &sort, NULL), OK);
		CHECK_EQ(sort, good[i].sort);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_STATUS(json_sort_of(str_from(bad[i]), &sort, NULL), BAD_REQUEST);
}
