#include "datastore/object/openapi/openapi.h"

#include <stdio.h>

#include "datastore/object/json.h"
#include "datastore/schema/resource-row.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/object/openapi/reading.h"
#include "transport/wire/json.h"
#include "transport/wire/proto.h"

#define CORE "io.k8s.api.core.v1."
#define META "io.k8s.apimachinery.pkg.apis.meta.v1."

/* The document of all built-in resources. */
static struct str document(void)
{
	struct openapi_resource *resources =
	    arena_array(test_arena(), struct openapi_resource, resource_row_count);
	struct text out = text_in(test_arena(), OPENAPI_BYTES_MAX);

	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];

		resources[i].row = row;
		resources[i].type = type_find(row->group, row->version, row->kind);
	}
	reading_write_v2(resources, resource_row_count, &out);
	CHECK(!out.is_cut);
	CHECK(json_is_valid(text_str(&out)));
	return text_str(&out);
}

static struct str definition(struct str json, const char *name)
{
	return reading_member(reading_member(json, "definitions"), name);
}

static struct str property(struct str json, const char *name, const char *field)
{
	return reading_member(reading_member(definition(json, name), "properties"), field);
}

TEST(definitions_use_the_words_that_version_2_has)
{
	struct str json = document();
	struct str target = property(json, CORE "ServicePort", "targetPort");

	CHECK_STR(reading_member(json, "swagger"), "\"2.0\"");
	CHECK_STR(reading_member(target, "$ref"),
		  "\"#/definitions/io.k8s.apimachinery.pkg.util.intstr.IntOrString\"");
	CHECK(reading_member(target, "description").at != NULL);
	CHECK_STR(
	    reading_member(definition(json, "io.k8s.apimachinery.pkg.util.intstr.IntOrString"),
			   "format"),
	    "\"int-or-string\"");
	CHECK_STR(reading_member(definition(json, "io.k8s.apimachinery.pkg.api.resource.Quantity"),
				 "type"),
		  "\"string\"");
	CHECK_STR(reading_member(property(json, CORE "PodSpec", "containers"), "items"),
		  "{\"$ref\":\"#/definitions/" CORE "Container\"}");
	CHECK_STR(reading_member(property(json, CORE "Secret", "data"), "additionalProperties"),
		  "{\"type\":\"string\",\"format\":\"byte\"}");
	CHECK_STR(reading_member(property(json, CORE "PodSpec", "containers"),
				 "x-kubernetes-patch-merge-key"),
		  "\"name\"");
	CHECK(!reading_has(json, "\"oneOf\":["));
	CHECK(!reading_has(json, "\"allOf\":["));
	CHECK(!reading_has(json, "\"nullable\":t"));
	CHECK(!reading_has(json, "\"enum\":["));
	CHECK(reading_member(property(json, CORE "ContainerPort", "protocol"), "default").at ==
	      NULL);
}

TEST(a_definition_says_which_kinds_it_is)
{
	struct str json = document();
	struct str options = reading_member(definition(json, META "DeleteOptions"),
					    "x-kubernetes-group-version-kind");

	CHECK_STR(reading_member(definition(json, "io.k8s.api.apps.v1.Deployment"),
				 "x-kubernetes-group-version-kind"),
		  "[{\"group\":\"apps\",\"kind\":\"Deployment\",\"version\":\"v1\"}]");
	CHECK_STR(
	    reading_member(definition(json, META "Status"), "x-kubernetes-group-version-kind"),
	    "[{\"group\":\"\",\"kind\":\"Status\",\"version\":\"v1\"}]");
	CHECK(
	    reading_has(options, "{\"group\":\"\",\"kind\":\"DeleteOptions\",\"version\":\"v1\"}"));
	CHECK(reading_has(options,
			  "{\"group\":\"apps\",\"kind\":\"DeleteOptions\",\"version\":\"v1\"}"));
	CHECK(reading_has(options,
			  "{\"group\":\"batch\",\"kind\":\"DeleteOptions\",\"version\":\"v1\"}"));
}

/* kubectl looks for `dryRun` and `fieldManager` among the parameters of the patch whose kind is the object's. */
TEST(an_operation_has_its_body_among_its_parameters)
{
	struct str json = document();
	struct str patch = reading_operation(
	    json, "/apis/apps/v1/namespaces/{namespace}/deployments/{name}", "patch");
	struct str list = reading_operation(json, "/api/v1/pods", "get");
	struct str remove = reading_operation(json, "/api/v1/nodes/{name}", "delete");

	CHECK_STR(reading_member(patch, "x-kubernetes-action"), "\"patch\"");
	CHECK_STR(reading_member(patch, "x-kubernetes-group-version-kind"),
		  "{\"group\":\"apps\",\"version\":\"v1\",\"kind\":\"Deployment\"}");
	CHECK_STR(reading_member(patch, "consumes"),
		  "[\"application/json-patch+json\",\"application/"
		  "merge-patch+json\",\"application/"
		  "strategic-merge-patch+json\"]");
	CHECK(reading_has(reading_member(patch, "parameters"),
			  "{\"name\":\"body\",\"in\":\"body\",\"required\":true,\"schema\":"
			  "{\"$ref\":\"#/definitions/" META "Patch\"}}"));
	CHECK(reading_has(reading_member(patch, "parameters"),
			  "{\"name\":\"dryRun\",\"in\":\"query\""));
	CHECK(reading_has(reading_member(patch, "parameters"),
			  "{\"name\":\"fieldManager\",\"in\":\"query\""));
	CHECK(reading_has(reading_member(patch, "parameters"),
			  "{\"name\":\"fieldValidation\",\"in\":\"query\""));
	CHECK(reading_has(reading_member(patch, "parameters"),
			  ",\"type\":\"boolean\",\"uniqueItems\":true}"));
	CHECK_STR(
	    reading_member(reading_member(reading_member(patch, "responses"), "200"), "schema"),
	    "{\"$ref\":\"#/definitions/io.k8s.api.apps.v1.Deployment\"}");
	CHECK_STR(reading_member(list, "produces"),
		  "[\"application/json\",\"application/yaml\",\"application/"
		  "vnd.kubernetes.protobuf\",\"application/json;stream=watch\",\"application/"
		  "vnd.kubernetes.protobuf;stream=watch\"]");
	CHECK(!reading_has(list, "\"in\":\"body\""));
	CHECK(reading_has(remove, "{\"name\":\"body\",\"in\":\"body\",\"schema\":"));
	CHECK(reading_member(patch, "requestBody").at == NULL);
}

/* Every "$ref" of the document, wherever it stands. */
TEST(every_reference_leads_to_a_definition_and_every_resource_has_its_path)
{
	struct str json = document(), rest = json, name;
	struct map names = { 0 };
	struct json in = json_of(reading_member(json, "definitions"));
	const struct str begin = STR("\"$ref\":\"#/definitions/");

	CHECK_EQ(json_peek(&in), JSON_OBJECT);
	for (json_enter(&in); json_member(&in, test_arena(), &name);) {
		json_skip(&in, NULL);
		CHECK(map_put(&names, name, &names) == NULL);
	}
	for (int64_t at; (at = str_find(rest, begin)) >= 0;) {
		rest = str_slice(rest, (uint32_t)at + begin.len, rest.len);
		name = str_cut(&rest, '"');
		if (!map_has(&names, name))
			test_fail(__FILE__, __LINE__, "no definition " STR_FMT, STR_ARG(name));
	}
	CHECK(!reading_has(json, "#/components"));
	map_fini(&names);
	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];
		struct str path = arena_printf(
		    test_arena(), "\"/api%s" STR_FMT "/" STR_FMT "%s/" STR_FMT "\":{",
		    row->group.len ? "s/" : "", STR_ARG(row->group), STR_ARG(row->version),
		    row->is_namespaced ? "/namespaces/{namespace}" : "", STR_ARG(row->name));

		CHECK(str_find(json, path) > 0);
	}
}

/* The bytes of the n-th field with this number, and how many there are. */
static struct str field_of(struct str bytes, uint32_t number, uint32_t nth, uint32_t *count)
{
	struct proto in = proto_of(bytes);
	struct str found = STR_NONE;
	enum proto_wire wire;
	uint32_t at, seen = 0;

	while (proto_field(&in, &at, &wire)) {
		if (at != number || wire != PROTO_BYTES) {
			proto_skip(&in, at, wire);
			continue;
		}
		struct str value = proto_bytes(&in);
		if (seen++ == nth)
			found = value;
	}
	CHECK(!in.is_bad);
	if (count != NULL)
		*count = seen;
	return found;
}

/* The parameter, out of the messages that choose what it is. */
static struct str parameter_of(struct str item, uint32_t place, uint32_t kind)
{
	struct str parameter = field_of(item, 1, 0, NULL),
		   inner = field_of(parameter, place, 0, NULL);

	return kind == 0 ? inner : field_of(inner, kind, 0, NULL);
}

TEST(protobuf_says_the_same_in_gnostics_messages_of_version_2)
{
	struct str json =
	    STR("{\"swagger\":\"2.0\",\"paths\":{\"/"
		"a\":{\"get\":{\"operationId\":\"x\",\"parameters\":["
		"{\"name\":\"body\",\"in\":\"body\",\"schema\":{\"type\":\"string\"}},"
		"{\"name\":\"q\",\"in\":\"query\",\"type\":\"string\"},"
		"{\"name\":\"p\",\"in\":\"path\",\"type\":\"string\"}],\"responses\":{\"200\":{"
		"\"schema\":{\"$ref\":\"#/r\"}}}}}},\"definitions\":{\"S\":{\"type\":\"object\","
		"\"x-k\":[1],\"properties\":{\"p\":{\"$ref\":\"#/r\",\"description\":\"d\"}},"
		"\"additionalProperties\":{\"items\":{\"type\":\"integer\"}}}},"
		"\"securityDefinitions\":{\"T\":{\"type\":\"apiKey\"}},\"security\":[{\"T\":[]}]}");
	struct text out = text_in(test_arena(), OPENAPI_BYTES_MAX);
	struct str bytes, named, operation, response, schema, property;
	uint32_t count = 0;

	CHECK_STATUS(openapi_proto(json, &out, NULL), OK);
	bytes = text_str(&out);
	CHECK_STR(field_of(bytes, 1, 0, NULL), "2.0");
	named = field_of(field_of(bytes, 8, 0, NULL), 2, 0, NULL);
	CHECK_STR(field_of(named, 1, 0, NULL), "/a");
	operation = field_of(field_of(named, 2, 0, NULL), 2, 0, NULL);
	CHECK_STR(field_of(operation, 5, 0, NULL), "x");
	schema = field_of(parameter_of(field_of(operation, 8, 0, &count), 1, 0), 5, 0, NULL);
	CHECK_EQ(count, 3);
	CHECK_STR(field_of(field_of(schema, 22, 0, NULL), 1, 0, NULL), "string");
	CHECK_STR(field_of(parameter_of(field_of(operation, 8, 1, NULL), 2, 3), 4, 0, NULL), "q");
	CHECK_STR(field_of(parameter_of(field_of(operation, 8, 2, NULL), 2, 4), 4, 0, NULL), "p");
	response = field_of(field_of(field_of(operation, 9, 0, NULL), 1, 0, NULL), 2, 0, NULL);
	schema = field_of(field_of(field_of(response, 1, 0, NULL), 2, 0, NULL), 1, 0, NULL);
	CHECK_STR(field_of(schema, 1, 0, NULL), "#/r");
	schema = field_of(field_of(field_of(bytes, 9, 0, NULL), 1, 0, NULL), 2, 0, NULL);
	CHECK_STR(field_of(field_of(schema, 22, 0, NULL), 1, 0, NULL), "object");
	CHECK_STR(field_of(field_of(schema, 31, 0, NULL), 1, 0, NULL), "x-k");
	property = field_of(field_of(field_of(schema, 25, 0, NULL), 1, 0, NULL), 2, 0, NULL);
	CHECK_STR(field_of(property, 1, 0, NULL), "#/r");
	CHECK_STR(field_of(property, 4, 0, NULL), "d");
	schema = field_of(field_of(schema, 21, 0, NULL), 1, 0, NULL);
	schema = field_of(field_of(schema, 23, 0, NULL), 1, 0, NULL);
	CHECK_STR(field_of(field_of(schema, 22, 0, NULL), 1, 0, NULL), "integer");
	named = field_of(field_of(bytes, 13, 0, NULL), 1, 0, NULL);
	CHECK_STR(field_of(field_of(field_of(named, 2, 0, NULL), 2, 0, NULL), 1, 0, NULL),
		  "apiKey");
	CHECK_STR(field_of(field_of(field_of(bytes, 12, 0, NULL), 1, 0, NULL), 1, 0, NULL), "T");
}

TEST(the_whole_document_becomes_protobuf)
{
	struct text out = text_in(test_arena(), OPENAPI_BYTES_MAX);
	uint32_t count = 0;

	CHECK_STATUS(openapi_proto(document(), &out, NULL), OK);
	CHECK(!out.is_cut);
	field_of(field_of(text_str(&out), 9, 0, NULL), 1, 0, &count);
	CHECK(count > 500);
}

TEST(a_custom_resource_is_published_in_words_that_old_clients_can_read)
{
	struct resource_row row = { .group = STR("example.com"),
				    .version = STR("v1"),
				    .name = STR("shirts"),
				    .kind = STR("Shirt"),
				    .verbs = RESOURCE_GET | RESOURCE_LIST };
	struct openapi_resource resource = { .row = &row };
	void *schema = NULL;
	struct text out = text_in(test_arena(), OPENAPI_BYTES_MAX);
	struct str json, spec;

	CHECK_STATUS(
	    json_decode(
		&apiextensions_json_schema_props_type,
		STR("{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\","
		    "\"required\":[\"size\",\"tint\"],\"oneOf\":[{\"required\":[\"size\"]}],"
		    "\"properties\":{\"size\":{\"type\":\"string\",\"anyOf\":[{}]},"
		    "\"tint\":{\"type\":\"string\",\"nullable\":true},"
		    "\"more\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":"
		    "true,\"properties\":{\"a\":{\"type\":\"string\"}}},"
		    "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\","
		    "\"nullable\":true}}}}}}"),
		test_arena(), (struct json_options){ 0 }, &schema, NULL),
	    OK);
	resource.schema = schema;
	reading_write_v2(&resource, 1, &out);
	json = text_str(&out);
	CHECK(json_is_valid(json));
	spec = property(json, "com.example.v1.Shirt", "spec");
	CHECK_STR(reading_member(spec, "required"), "[\"size\"]");
	CHECK(reading_member(spec, "oneOf").at == NULL);
	spec = reading_member(spec, "properties");
	CHECK_STR(reading_member(spec, "size"), "{\"type\":\"string\"}");
	CHECK_STR(reading_member(spec, "tint"), "{}");
	CHECK_STR(reading_member(spec, "more"), "{\"x-kubernetes-preserve-unknown-fields\":true}");
	CHECK_STR(reading_member(spec, "tags"), "{\"type\":\"array\",\"items\":{}}");
	CHECK_STR(
	    property(json, "com.example.v1.Shirt", "metadata"),
	    "{\"description\":\"Standard object's metadata: name, labels, owners and the like.\","
	    "\"$ref\":\"#/definitions/" META "ObjectMeta\"}");
	/* The definition itself is as it was. */
	CHECK(resource.schema->properties.at[0].value.one_of.len == 1);
}

TEST(a_custom_resource_with_any_members_at_all_is_published_without_members)
{
	struct resource_row row = { .group = STR("example.com"),
				    .version = STR("v1"),
				    .name = STR("bags"),
				    .kind = STR("Bag"),
				    .verbs = RESOURCE_GET };
	struct openapi_resource resource = { .row = &row };
	void *schema = NULL;
	struct text out = text_in(test_arena(), OPENAPI_BYTES_MAX);

	CHECK_STATUS(
	    json_decode(
		&apiextensions_json_schema_props_type,
		STR("{\"type\":\"object\",\"description\":\"a bag\",\"x-kubernetes-preserve-"
		    "unknown-fields\":true,\"properties\":{\"a\":{\"type\":\"string\"}}}"),
		test_arena(), (struct json_options){ 0 }, &schema, NULL),
	    OK);
	resource.schema = schema;
	reading_write_v2(&resource, 1, &out);
	CHECK_STR(
	    reading_member(reading_member(text_str(&out), "definitions"), "com.example.v1.Bag"),
	    "{\"type\":\"object\",\"x-kubernetes-group-version-kind\":[{\"group\":\"example.com\","
	    "\"kind\":\"Bag\",\"version\":\"v1\"}]}");
}

TEST(two_thousand_custom_resources_are_one_document)
{
	static char names[2000][3][24];
	struct resource_row *rows = arena_array(test_arena(), struct resource_row, 2000);
	struct openapi_resource *resources =
	    arena_array(test_arena(), struct openapi_resource, 2000);
	struct text out = text_new(OPENAPI_BYTES_MAX);

	for (uint32_t i = 0; i < 2000; i++) {
		snprintf(names[i][0], sizeof names[i][0], "g%u.example.com", i / 50);
		snprintf(names[i][1], sizeof names[i][1], "kind%us", i);
		snprintf(names[i][2], sizeof names[i][2], "Kind%u", i);
		rows[i] =
		    (struct resource_row){ .group = str_from(names[i][0]),
					   .version = STR("v1"),
					   .name = str_from(names[i][1]),
					   .singular = str_from(names[i][1]),
					   .kind = str_from(names[i][2]),
					   .is_namespaced = true,
					   .verbs = RESOURCE_GET | RESOURCE_LIST | RESOURCE_WATCH |
						    RESOURCE_CREATE | RESOURCE_UPDATE |
						    RESOURCE_PATCH | RESOURCE_DELETE |
						    RESOURCE_DELETE_COLLECTION };
		resources[i] = (struct openapi_resource){ .row = &rows[i] };
	}
	reading_write_v2(resources, 2000, &out);
	CHECK(!out.is_cut);
	CHECK(json_is_valid(text_str(&out)));
	text_fini(&out);
}
