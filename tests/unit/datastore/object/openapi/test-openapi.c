#include "datastore/object/openapi/openapi.h"

#include "datastore/object/json.h"
#include "datastore/object/openapi/descriptions.h"
#include "datastore/schema/resource-row.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/object/openapi/reading.h"
#include "transport/wire/json.h"
#include "transport/wire/proto.h"

#define RESOURCES_MAX 64U

/* The document of a group and version, with all its resources. */
static struct str document(const char *group, const char *version)
{
	struct openapi_resource resources[RESOURCES_MAX] = { 0 };
	struct text out = text_in(test_arena(), OPENAPI_BYTES_MAX);
	uint32_t count = 0;

	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];

		if (!str_is(row->group, group) || !str_is(row->version, version))
			continue;
		CHECK(count < RESOURCES_MAX);
		resources[count].row = row;
		resources[count++].type = type_find(row->group, row->version, row->kind);
	}
	reading_write(str_from(group), str_from(version), resources, count, &out);
	CHECK(!out.is_cut);
	CHECK(json_is_valid(text_str(&out)));
	return text_str(&out);
}

static struct str schema_of(struct str json, const char *name)
{
	return reading_member(reading_member(reading_member(json, "components"), "schemas"), name);
}

static struct str property(struct str json, const char *schema, const char *name)
{
	return reading_member(reading_member(schema_of(json, schema), "properties"), name);
}

#define CORE "io.k8s.api.core.v1."

TEST(a_field_says_type_format_default_and_what_it_must_be)
{
	struct str json = document("", "v1");
	struct str port = schema_of(json, CORE "ContainerPort");

	CHECK_STR(reading_member(port, "required"), "[\"containerPort\"]");
	CHECK_STR(reading_member(port, "type"), "\"object\"");
	CHECK_STR(reading_member(property(json, CORE "ContainerPort", "containerPort"), "format"),
		  "\"int32\"");
	CHECK_STR(reading_member(property(json, CORE "ContainerPort", "protocol"), "default"),
		  "\"TCP\"");
	CHECK_STR(reading_member(property(json, CORE "ContainerPort", "protocol"), "enum"),
		  "[\"SCTP\",\"TCP\",\"UDP\"]");
	CHECK_STR(reading_member(property(json, CORE "Secret", "data"), "additionalProperties"),
		  "{\"type\":\"string\",\"format\":\"byte\"}");
	CHECK_STR(reading_member(property(json, CORE "ServicePort", "targetPort"), "allOf"),
		  "[{\"$ref\":\"#/components/schemas/"
		  "io.k8s.apimachinery.pkg.util.intstr.IntOrString\"}]");
	CHECK(property(json, CORE "PersistentVolumeSpec", "hostPath").at != NULL);
}

TEST(lists_and_maps_say_how_they_merge)
{
	struct str json = document("", "v1");
	struct str containers = property(json, CORE "PodSpec", "containers");

	CHECK_STR(reading_member(containers, "x-kubernetes-list-type"), "\"map\"");
	CHECK_STR(reading_member(containers, "x-kubernetes-list-map-keys"), "[\"name\"]");
	CHECK_STR(reading_member(containers, "x-kubernetes-patch-strategy"), "\"merge\"");
	CHECK_STR(reading_member(containers, "x-kubernetes-patch-merge-key"), "\"name\"");
	CHECK_STR(reading_member(property(json, CORE "PodSpec", "volumes"),
				 "x-kubernetes-patch-strategy"),
		  "\"merge,retainKeys\"");
	CHECK_STR(
	    reading_member(property(json, CORE "PodSpec", "tolerations"), "x-kubernetes-list-type"),
	    "\"atomic\"");
	CHECK_STR(
	    reading_member(property(json, CORE "PodSpec", "nodeSelector"), "x-kubernetes-map-type"),
	    "\"atomic\"");
	CHECK_STR(reading_member(schema_of(json, CORE "NodeSelector"), "x-kubernetes-map-type"),
		  "\"atomic\"");
}

TEST(a_kind_says_which_it_is_and_its_operations_too)
{
	struct str json = document("apps", "v1");
	struct str patch = reading_operation(
	    json, "/apis/apps/v1/namespaces/{namespace}/deployments/{name}", "patch");

	CHECK_STR(reading_member(schema_of(json, "io.k8s.api.apps.v1.Deployment"),
				 "x-kubernetes-group-version-kind"),
		  "[{\"group\":\"apps\",\"kind\":\"Deployment\",\"version\":\"v1\"}]");
	CHECK_STR(reading_member(patch, "x-kubernetes-group-version-kind"),
		  "{\"group\":\"apps\",\"version\":\"v1\",\"kind\":\"Deployment\"}");
	CHECK_STR(reading_member(patch, "x-kubernetes-action"), "\"patch\"");
	CHECK_STR(reading_member(patch, "operationId"), "\"patchAppsV1NamespacedDeployment\"");
	CHECK(reading_has(reading_member(patch, "parameters"),
			  "{\"name\":\"fieldValidation\",\"in\":\"query\""));
	CHECK(reading_has(reading_member(patch, "parameters"),
			  "{\"name\":\"dryRun\",\"in\":\"query\""));
	CHECK(reading_has(reading_member(patch, "requestBody"),
			  "application/strategic-merge-patch+json"));
}

TEST(operations_have_the_ids_that_upstream_gives_them)
{
	struct str json = document("", "v1");
	static const struct {
		const char *path, *method, *id;
	} cases[] = {
		{ "/api/v1/pods", "get", "listCoreV1PodForAllNamespaces" },
		{ "/api/v1/namespaces/{namespace}/pods", "post", "createCoreV1NamespacedPod" },
		{ "/api/v1/namespaces/{namespace}/pods", "delete",
		  "deleteCoreV1CollectionNamespacedPod" },
		{ "/api/v1/nodes", "delete", "deleteCoreV1CollectionNode" },
		{ "/api/v1/namespaces/{namespace}/pods/{name}/exec", "post",
		  "connectCoreV1PostNamespacedPodExec" },
		{ "/api/v1/nodes/{name}/proxy/{path}", "head",
		  "connectCoreV1HeadNodeProxyWithPath" },
		{ "/api/v1/namespaces/{namespace}/pods/{name}/log", "get",
		  "readCoreV1NamespacedPodLog" },
		{ "/api/v1/watch/pods", "get", "watchCoreV1PodListForAllNamespaces" },
		{ "/api/v1/watch/namespaces/{namespace}/pods/{name}", "get",
		  "watchCoreV1NamespacedPod" },
		{ "/api/v1/namespaces/{name}/finalize", "put", "replaceCoreV1NamespaceFinalize" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str id = reading_member(
		    reading_operation(json, cases[i].path, cases[i].method), "operationId");

		CHECK(id.len > 2);
		CHECK_STR(str_slice(id, 1, id.len - 1), cases[i].id);
	}
	CHECK_STR(reading_member(
		      reading_operation(document("rbac.authorization.k8s.io", "v1"),
					"/apis/rbac.authorization.k8s.io/v1/clusterroles", "get"),
		      "operationId"),
		  "\"listRbacAuthorizationV1ClusterRole\"");
}

TEST(a_deletion_answers_with_a_status_or_with_the_object)
{
	struct openapi_resource resource = { 0 };
	struct text out = text_in(test_arena(), OPENAPI_BYTES_MAX);
	struct str answer;

	for (uint32_t i = 0; i < resource_row_count; i++)
		if (str_is(resource_rows[i].kind, "ServiceAccount"))
			resource.row = &resource_rows[i];
	resource.type = type_find(STR(""), STR("v1"), STR("ServiceAccount"));
	resource.returns_deleted = true;
	reading_write(STR(""), STR("v1"), &resource, 1, &out);
	answer = reading_member(
	    reading_operation(text_str(&out),
			      "/api/v1/namespaces/{namespace}/serviceaccounts/{name}", "delete"),
	    "responses");
	CHECK(reading_has(reading_member(answer, "200"), CORE "ServiceAccount"));
	answer = reading_member(
	    reading_operation(document("", "v1"), "/api/v1/nodes/{name}", "delete"), "responses");
	CHECK(reading_has(reading_member(answer, "200"), "meta.v1.Status"));
}

/* Every "$ref" of the document, wherever it stands. */
static void check_references(struct str json)
{
	struct map names = { 0 };
	struct json in = json_of(reading_member(reading_member(json, "components"), "schemas"));
	struct str rest = json, name;
	const struct str begin = STR("{\"$ref\":\"#/components/schemas/");

	CHECK_EQ(json_peek(&in), JSON_OBJECT);
	for (json_enter(&in); json_member(&in, test_arena(), &name);) {
		json_skip(&in, NULL);
		CHECK(map_put(&names, name, &names) == NULL);
	}
	for (int64_t at; (at = str_find(rest, begin)) >= 0;) {
		rest = str_slice(rest, (uint32_t)at + begin.len, rest.len);
		name = str_cut(&rest, '"');
		if (!map_has(&names, name))
			test_fail(__FILE__, __LINE__, "no schema " STR_FMT, STR_ARG(name));
	}
	map_fini(&names);
}

TEST(every_resource_of_every_group_is_in_its_document_and_every_reference_leads_somewhere)
{
	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];
		bool is_first = i == 0 || !str_eq(row->group, resource_rows[i - 1].group) ||
				!str_eq(row->version, resource_rows[i - 1].version);
		static struct str json;

		if (is_first) {
			json = document(arena_cstr(test_arena(), row->group),
					arena_cstr(test_arena(), row->version));
			check_references(json);
		}
		struct str path = arena_printf(
		    test_arena(), "/api%s" STR_FMT "/" STR_FMT "%s/" STR_FMT "%s",
		    row->group.len ? "s/" : "", STR_ARG(row->group), STR_ARG(row->version),
		    row->is_namespaced ? "/namespaces/{namespace}" : "", STR_ARG(row->name), "");
		struct str item = reading_member(reading_member(json, "paths"), path.at);

		CHECK(item.at != NULL);
		CHECK_EQ((row->verbs & RESOURCE_LIST) != 0, reading_member(item, "get").at != NULL);
		CHECK_EQ((row->verbs & RESOURCE_CREATE) != 0,
			 reading_member(item, "post").at != NULL);
		for (uint32_t s = 0; s < row->subresource_count; s++)
			CHECK(reading_member(reading_member(json, "paths"),
					     arena_printf(test_arena(), STR_FMT "/{name}/" STR_FMT,
							  STR_ARG(path),
							  STR_ARG(row->subresources[s].name))
						 .at)
				  .at != NULL);
	}
}

TEST(a_custom_resource_is_published_as_its_definition_says)
{
	static const struct subresource_row subresources[] = {
		{ { "status", 6 }, { "example.com", 11 }, { "v1", 2 }, { "Shirt", 5 }, RESOURCE_GET },
		{ { "scale", 5 }, { "autoscaling", 11 }, { "v1", 2 }, { "Scale", 5 }, RESOURCE_GET },
	};
	struct resource_row row = { .group = STR("example.com"),
				    .version = STR("v1"),
				    .name = STR("shirts"),
				    .kind = STR("Shirt"),
				    .verbs = RESOURCE_GET | RESOURCE_LIST | RESOURCE_PATCH,
				    .subresources = subresources,
				    .subresource_count = 2,
				    .is_namespaced = true };
	struct openapi_resource resource = { .row = &row };
	struct text out = text_in(test_arena(), OPENAPI_BYTES_MAX);
	void *schema = NULL;
	struct str json, patch;

	CHECK_STATUS(json_decode(&apiextensions_json_schema_props_type,
				 STR("{\"type\":\"object\",\"description\":\"What one "
				     "wears.\",\"required\":[\"spec\"],"
				     "\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":"
				     "{\"size\":{\"type\":"
				     "\"integer\",\"minimum\":1}}}}}"),
				 test_arena(), (struct json_options){ 0 }, &schema, NULL),
		     OK);
	resource.schema = schema;
	reading_write(row.group, row.version, &resource, 1, &out);
	json = text_str(&out);
	CHECK(json_is_valid(json));
	check_references(json);
	CHECK_STR(reading_member(schema_of(json, "com.example.v1.Shirt"), "description"),
		  "\"What one wears.\"");
	CHECK_STR(reading_member(schema_of(json, "com.example.v1.Shirt"), "required"),
		  "[\"spec\"]");
	CHECK(reading_has(property(json, "com.example.v1.Shirt", "spec"), "\"minimum\":1"));
	CHECK(reading_has(property(json, "com.example.v1.Shirt", "metadata"), "ObjectMeta"));
	CHECK(reading_has(property(json, "com.example.v1.ShirtList", "items"),
			  "com.example.v1.Shirt\""));
	patch = reading_operation(json, "/apis/example.com/v1/namespaces/{namespace}/shirts/{name}",
				  "patch");
	CHECK(reading_has(reading_member(patch, "requestBody"), "merge-patch+json"));
	CHECK(!reading_has(reading_member(patch, "requestBody"), "strategic"));
	CHECK(reading_has(
	    reading_operation(
		json, "/apis/example.com/v1/namespaces/{namespace}/shirts/{name}/scale", "get"),
	    "io.k8s.api.autoscaling.v1.Scale"));
}

TEST(a_resource_without_a_schema_is_any_object)
{
	struct resource_row row = { .group = STR("troupe.internal"),
				    .version = STR("v1"),
				    .name = STR("actors"),
				    .kind = STR("Actor"),
				    .verbs = RESOURCE_LIST };
	struct openapi_resource resource = { .row = &row, .description = STR("One that acts.") };
	struct text out = text_in(test_arena(), OPENAPI_BYTES_MAX);
	struct str schema;

	reading_write(row.group, row.version, &resource, 1, &out);
	schema = schema_of(text_str(&out), "internal.troupe.v1.Actor");
	CHECK_STR(reading_member(schema, "description"), "\"One that acts.\"");
	CHECK_STR(reading_member(schema, "x-kubernetes-preserve-unknown-fields"), "true");
}

TEST(a_document_that_does_not_fit_is_marked_as_cut)
{
	struct text out = text_in(test_arena(), 100);

	reading_write(STR("apps"), STR("v1"), NULL, 0, &out);
	CHECK(out.is_cut);
}

/* ---- protobuf ---------------------------------------------------------------------------------------------- */

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

TEST(protobuf_says_the_same_in_gnostics_messages)
{
	struct str json = STR(
	    "{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"get\":{\"operationId\":\"x\"}}},"
	    "\"components\":{\"schemas\":{\"S\":{\"type\":\"object\",\"x-k\":[1],\"default\":{},"
	    "\"properties\":{\"p\":{\"$ref\":\"#/r\"}}},\"T\":{\"default\":0}}}}");
	struct text out = text_in(test_arena(), OPENAPI_BYTES_MAX);
	struct str bytes, schemas, named, schema, extension;
	uint32_t count = 0;

	CHECK_STATUS(openapi_proto(json, &out, NULL), OK);
	bytes = text_str(&out);
	CHECK_STR(field_of(bytes, 1, 0, NULL), "3.0.0");
	named = field_of(field_of(bytes, 4, 0, NULL), 1, 0, &count);
	CHECK_EQ(count, 1);
	CHECK_STR(field_of(named, 1, 0, NULL), "/a");
	CHECK_STR(field_of(field_of(field_of(named, 2, 0, NULL), 4, 0, NULL), 5, 0, NULL), "x");
	schemas = field_of(field_of(bytes, 5, 0, NULL), 1, 0, NULL);
	named = field_of(schemas, 1, 0, &count);
	CHECK_EQ(count, 2);
	CHECK_STR(field_of(named, 1, 0, NULL), "S");
	schema = field_of(field_of(named, 2, 0, NULL), 1, 0, NULL);
	CHECK_STR(field_of(schema, 25, 0, NULL), "object");
	CHECK(field_of(schema, 33, 0, NULL).at != NULL && field_of(schema, 33, 0, NULL).len == 0);
	extension = field_of(schema, 36, 0, NULL);
	CHECK_STR(field_of(extension, 1, 0, NULL), "x-k");
	CHECK_STR(field_of(field_of(extension, 2, 0, NULL), 2, 0, NULL), "[1]");
	named = field_of(field_of(schema, 31, 0, NULL), 1, 0, NULL);
	CHECK_STR(field_of(field_of(field_of(named, 2, 0, NULL), 2, 0, NULL), 1, 0, NULL), "#/r");
	/* A zero is said, since it is one of several things. */
	named = field_of(schemas, 1, 1, NULL);
	CHECK_EQ(field_of(field_of(field_of(named, 2, 0, NULL), 1, 0, NULL), 33, 0, NULL).len, 9);
}

TEST(what_is_no_document_has_no_protobuf)
{
	struct text out = text_in(test_arena(), KIB);

	CHECK_STATUS(openapi_proto(STR("{\"openapi\":"), &out, NULL), BAD_REQUEST);
	CHECK_STATUS(openapi_proto(STR("[]"), &out, NULL), BAD_REQUEST);
	CHECK_EQ(out.len, 0);
}

TEST(every_document_becomes_protobuf)
{
	struct text out = text_in(test_arena(), OPENAPI_BYTES_MAX);
	uint32_t count = 0;

	CHECK_STATUS(openapi_proto(document("", "v1"), &out, NULL), OK);
	CHECK(!out.is_cut);
	field_of(field_of(text_str(&out), 4, 0, NULL), 1, 0, &count);
	CHECK(count > 100);
}

/* Lengths stand before what they are of, so pieces cannot just be put one behind the other. */
TEST(the_protobuf_of_pieces_is_that_of_the_whole)
{
	struct openapi_resource resources[60];
	struct openapi_group apps = { STR("apps"), STR("v1") };
	uint32_t count = 0;

	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];

		if (str_eq(row->group, apps.group) && str_eq(row->version, apps.version))
			resources[count++] = (struct openapi_resource){
				.row = row, .type = type_find(row->group, row->version, row->kind)
			};
	}
	CHECK(count > 3);
	for (enum openapi_version version = OPENAPI_V2; version <= OPENAPI_V3; version++) {
		struct text json = text_in(test_arena(), OPENAPI_BYTES_MAX), pieces = json,
			    whole = json;

		if (version == OPENAPI_V2)
			reading_write_v2(resources, count, &json);
		else
			reading_write(apps.group, apps.version, resources, count, &json);
		CHECK_STATUS(openapi_proto(text_str(&json), &whole, NULL), OK);
		reading_write_proto(version, apps, resources, count, &pieces);
		CHECK(str_eq(text_str(&pieces), text_str(&whole)));
	}
}

/* ---- descriptions -------------------------------------------------------------------------------------------- */

TEST(every_description_is_of_something_and_is_a_sentence)
{
	const struct descriptions *all = descriptions_open(test_arena());
	const struct description *row;

	for (uint32_t i = 0; (row = descriptions_at(all, i)) != NULL; i++) {
		struct description at = *row;
		struct str name = at.type, prefix = str_cut(&name, '.');
		const struct type *type = type_named(prefix, name);
		const struct field *path[TYPE_INLINE_DEPTH];
		uint32_t depth;

		CHECK(at.sentence.len > 3 && str_ends(at.sentence, STR(".")));
		if (str_is(prefix, "*"))
			continue;
		if (type == NULL ||
		    (at.field.len > 0 && type_member(type, at.field, path, &depth) == NULL))
			test_fail(__FILE__, __LINE__, "no such type or field: " STR_FMT " " STR_FMT,
				  STR_ARG(at.type), STR_ARG(at.field));
	}
}

#define SEEN_MAX 2048U

/* All types that a walk has come to, in the order in which it did. */
struct seen {
	const struct type *at[SEEN_MAX];
	uint32_t len;
};

static void see(struct seen *seen, const struct type *type)
{
	for (uint32_t i = 0; i < seen->len; i++)
		if (seen->at[i] == type)
			return;
	CHECK(seen->len < SEEN_MAX);
	seen->at[seen->len++] = type;
}

/* To the last field: those within others are described where they are declared. */
static void check_fields(struct seen *seen, const struct descriptions *all, const struct type *type)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];

		if (field->kind == KIND_MESSAGE)
			see(seen, field_type(field));
		if (type->form != FORM_OBJECT || (field->flags & FIELD_INLINE) ||
		    descriptions_field(all, type, field_name(field)).at != NULL)
			continue;
		test_fail(__FILE__, __LINE__, STR_FMT "." STR_FMT "." STR_FMT " is not described",
			  STR_ARG(type_prefix(type)), STR_ARG(type_name(type)),
			  STR_ARG(field_name(field)));
	}
}

TEST(every_kind_that_is_served_is_described_to_the_last_field)
{
	struct seen *seen = arena_new_of(test_arena(), struct seen);
	const struct descriptions *all = descriptions_open(test_arena());

	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];
		const struct type *type = type_find(row->group, row->version, row->kind);

		if (descriptions_type(all, type).at == NULL)
			test_fail(__FILE__, __LINE__, STR_FMT " is not described",
				  STR_ARG(row->kind));
		see(seen, type);
	}
	for (uint32_t i = 0; i < seen->len; i++)
		check_fields(seen, all, seen->at[i]);
}

TEST(a_field_without_words_of_its_own_has_those_of_its_name)
{
	const struct descriptions *all = descriptions_open(test_arena());
	const struct type *pod = type_named(STR("core"), STR("Pod"));

	CHECK(descriptions_field(all, pod, STR("metadata")).at != NULL);
	CHECK(descriptions_field(all, pod, STR("no-such-field")).at == NULL);
	CHECK(descriptions_type(all, pod).at != NULL);
}
