#include "actors/server/answer/stored.h"

#include "datastore/object/json.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/core.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"

#define TYPE (&apiextensions_custom_resource_definition_type)
#define STATUS                                                                         \
	"\"status\":{\"conditions\":null,\"acceptedNames\":{\"plural\":\"\",\"kind\":" \
	"\"\"},\"storedVersions\":null}"
#define NEW(spec)                                                                            \
	"{\"kind\":\"CustomResourceDefinition\",\"apiVersion\":\"apiextensions.k8s.io/v1\"," \
	"\"metadata\":{\"name\":\"cars.example.com\"},\"spec\":{\"group\":\"example.com\","  \
	"\"names\":{\"plural\":\"cars\",\"kind\":\"Car\"},\"scope\":\"Namespaced\"," spec    \
	"}," STATUS "}"
#define OLD(version, spec)                                                                        \
	"{\"kind\":\"CustomResourceDefinition\",\"apiVersion\":\"apiextensions.k8s.io/v1beta1\"," \
	"\"metadata\":{\"name\":\"cars.example.com\"},\"spec\":{\"group\":\"example."             \
	"com\"," version                                                                          \
	"\"names\":{\"plural\":\"cars\",\"kind\":\"Car\"},\"scope\":\"Namespaced\"" spec          \
	"}," STATUS "}\n"
#define SCHEMA(type) "{\"openAPIV3Schema\":{\"type\":\"" type "\"}}"

static struct str stored_of(const char *json)
{
	struct text out = text_in(test_arena(), MIB);
	struct fault why = { 0 };
	void *record = NULL;

	if (json_decode(TYPE, str_from(json), test_arena(), (struct json_options){ 0 }, &record,
			&why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", json, why.text);
	stored_encode(TYPE, record, &out);
	return text_str(&out);
}

static struct str read_of(struct str bytes)
{
	struct text out = text_in(test_arena(), MIB);
	struct object *object = NULL;
	struct fault why = { 0 };

	if (stored_decode(TYPE, bytes, &object, &why) != OK)
		test_fail(__FILE__, __LINE__, STR_FMT ": %s", STR_ARG(bytes), why.text);
	json_encode(TYPE, object->record, &out);
	object_unref(object);
	return text_str(&out);
}

TEST(what_all_versions_have_in_common_is_stored_once)
{
	static const struct {
		const char *now, *stored;
	} cases[] = {
		/* One version alone has everything in common with itself. */
		{ NEW("\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true,"
		      "\"schema\":" SCHEMA(
			  "object") ","
				    "\"subresources\":{\"status\":{}},\"additionalPrinterColumns\":"
				    "[{\"name\":\"Wheels\",\"type\":\"integer\","
				    "\"priority\":1,\"jsonPath\":\".spec.wheels\"}],"
				    "\"selectableFields\":[{\"jsonPath\":\".spec.color\"}]}],"
				    "\"conversion\":{\"strategy\":\"None\"}"),
		  OLD("\"version\":\"v1\",",
		      ",\"validation\":" SCHEMA(
			  "object") ",\"subresources\":{\"status\":{}},"
				    "\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":"
				    "true}],"
				    "\"additionalPrinterColumns\":[{\"name\":\"Wheels\",\"type\":"
				    "\"integer\",\"priority\":1,"
				    "\"JSONPath\":\".spec.wheels\"}],\"selectableFields\":[{"
				    "\"jsonPath\":\".spec.color\"}],"
				    "\"conversion\":{\"strategy\":\"None\"},"
				    "\"preserveUnknownFields\":false") },
		/* Of two, only what is the same. */
		{ NEW("\"versions\":[{\"name\":\"v2\",\"served\":true,\"storage\":true,"
		      "\"schema\":" SCHEMA(
			  "object") ","
				    "\"subresources\":{\"status\":{}}},"
				    "{\"name\":\"v1\",\"served\":true,\"storage\":false,"
				    "\"deprecated\":true,\"deprecationWarning\":\"use v2\","
				    "\"schema\":{\"openAPIV3Schema\":{\"description\":\"old\","
				    "\"type\":\"object\"}},\"subresources\":{\"status\":{}}}]"),
		  OLD("\"version\":\"v2\",",
		      ",\"subresources\":{\"status\":{}},"
		      "\"versions\":[{\"name\":\"v2\",\"served\":true,\"storage\":true,"
		      "\"schema\":" SCHEMA(
			  "object") "},"
				    "{\"name\":\"v1\",\"served\":true,\"storage\":false,"
				    "\"deprecated\":true,\"deprecationWarning\":\"use v2\","
				    "\"schema\":{\"openAPIV3Schema\":{\"description\":\"old\","
				    "\"type\":\"object\"}}}],"
				    "\"preserveUnknownFields\":false") },
		{ NEW("\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true}],"
		      "\"conversion\":{\"strategy\":\"Webhook\",\"webhook\":{\"clientConfig\":{"
		      "\"url\":\"https://a/b\"},"
		      "\"conversionReviewVersions\":[\"v1\"]}},\"preserveUnknownFields\":true"),
		  OLD("\"version\":\"v1\",",
		      ",\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true}],"
		      "\"conversion\":{\"strategy\":\"Webhook\",\"webhookClientConfig\":{\"url\":"
		      "\"https://a/b\"},"
		      "\"conversionReviewVersions\":[\"v1\"]},\"preserveUnknownFields\":true") },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str stored = stored_of(cases[i].now);

		CHECK_STR(stored, cases[i].stored);
		CHECK_STR(read_of(stored), cases[i].now);
	}
}

TEST(a_definition_of_before_there_were_lists_of_versions_is_read)
{
	CHECK_STR(read_of(STR(OLD("\"version\":\"v1\",", ",\"validation\":" SCHEMA("object")))),
		  NEW("\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true,"
		      "\"schema\":" SCHEMA("object") "}],\"preserveUnknownFields\":true"));
}

TEST(a_definition_that_was_stored_as_version_1_is_read_too)
{
	const char *json = NEW("\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true}]");

	CHECK_STR(read_of(str_from(json)), json);
}

TEST(what_is_stored_has_no_revision_and_keeps_the_record)
{
	struct text out = text_in(test_arena(), KIB);
	struct core_config_map map = { 0 };
	struct object *object = NULL;
	struct fault why = { 0 };

	MAKE(map.metadata, test_arena())->resource_version = STR("7");
	map.metadata->name = STR("a");
	stored_encode(&core_config_map_type, &map, &out);
	CHECK_STR(map.metadata->resource_version, "7");
	CHECK_STATUS(stored_decode(&core_config_map_type, text_str(&out), &object, &why), OK);
	CHECK_EQ(object_meta(object)->resource_version.len, 0);
	CHECK_STR(object_meta(object)->name, "a");
	object_unref(object);
}

TEST(what_is_no_definition_is_refused)
{
	struct object *object = NULL;
	struct fault why = { 0 };

	CHECK(stored_decode(TYPE,
			    STR("{\"apiVersion\":\"apiextensions.k8s.io/v1beta1\",\"spec\":7}"),
			    &object, &why) != OK);
	CHECK(stored_decode(TYPE, STR("{\"apiVersion\":7"), &object, &why) != OK);
}
