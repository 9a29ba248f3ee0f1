#include "datastore/object/columns/columns.h"
#include "datastore/schema/resource-row.h"
#include "tests/unit/actors/server/rig.h"
#include "transport/wire/json.h"

/*
 * Discovery in both forms, tables and OpenAPI say the same about every resource of the table of resources.
 */

#define TABLE "application/json;as=Table;v=v1;g=meta.k8s.io"
#define AGGREGATED "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

/* The text of the array's element whose member has this value; absent: none has. */
static struct str element_with(struct str array, const char *name, struct str value)
{
	struct json in = json_of(array);
	struct str raw;

	if (array.at == NULL || json_peek(&in) != JSON_ARRAY)
		return STR_NONE;
	for (json_enter(&in); json_element(&in);) {
		json_skip(&in, &raw);
		if (str_eq(rig_at(raw, name), value))
			return raw;
	}
	return STR_NONE;
}

static struct str member(struct str json, struct str name)
{
	struct json in = json_of(json);
	struct str at, raw;

	if (json.at == NULL || json_peek(&in) != JSON_OBJECT)
		return STR_NONE;
	for (json_enter(&in); json_member(&in, test_arena(), &at);) {
		json_skip(&in, &raw);
		if (str_eq(at, name))
			return raw;
	}
	return STR_NONE;
}

static struct str base_of(const struct resource_row *row)
{
	return row->group.len == 0 ? rig_printf("/api/" STR_FMT, STR_ARG(row->version))
				   : rig_printf("/apis/" STR_FMT "/" STR_FMT, STR_ARG(row->group),
						STR_ARG(row->version));
}

static struct str body_at(struct rig *rig, struct str path, const char *accept)
{
	struct rig_answer answer = rig_ask_of(
	    rig, .method = "GET", .path = arena_cstr(test_arena(), path), .accept = accept);

	if (answer.code != 200)
		test_fail(__FILE__, __LINE__, STR_FMT ": %d " STR_FMT, STR_ARG(path), answer.code,
			  STR_ARG(answer.body));
	return answer.body;
}

/* ["create","get"] as the table's bits have it. */
static struct str verbs_text(uint32_t verbs)
{
	struct text out = text_in(test_arena(), KIB);

	text_add_char(&out, '[');
	for (uint32_t bit = 0; bit < RESOURCE_VERBS; bit++)
		if (verbs & 1U << bit)
			text_printf(&out, "%s\"" STR_FMT "\"", out.len > 1 ? "," : "",
				    STR_ARG(resource_verb_names[bit]));
	text_add_char(&out, ']');
	return text_str(&out);
}

static bool begins_version(uint32_t i)
{
	return i == 0 || !str_eq(resource_rows[i].group, resource_rows[i - 1].group) ||
	       !str_eq(resource_rows[i].version, resource_rows[i - 1].version);
}

static void check_plain(struct str list, const struct resource_row *row)
{
	struct str resources = member(list, STR("resources"));
	struct str entry = element_with(resources, "name", row->name);

	CHECK(entry.at != NULL);
	CHECK(str_eq(rig_at(entry, "kind"), row->kind));
	CHECK(str_eq(rig_at(entry, "singularName"), row->singular));
	CHECK_STR(rig_at(entry, "namespaced"), row->is_namespaced ? "true" : "false");
	CHECK(str_eq(member(entry, STR("verbs")), verbs_text(row->verbs)));
	CHECK_EQ(rig_count(entry, "shortNames"), row->short_name_count);
	CHECK_EQ(rig_count(entry, "categories"), row->category_count);
	CHECK(str_eq(rig_at(entry, "storageVersionHash"), row->storage_hash));
	for (uint32_t s = 0; s < row->subresource_count; s++) {
		const struct subresource_row *sub = &row->subresources[s];

		entry = element_with(
		    resources, "name",
		    rig_printf(STR_FMT "/" STR_FMT, STR_ARG(row->name), STR_ARG(sub->name)));
		CHECK(str_eq(rig_at(entry, "kind"), sub->kind));
		CHECK(str_eq(member(entry, STR("verbs")), verbs_text(sub->verbs)));
	}
}

static void check_aggregated(struct str groups, const struct resource_row *row)
{
	struct str group = element_with(member(groups, STR("items")), "metadata.name", row->group);
	struct str version = element_with(member(group, STR("versions")), "version", row->version);
	struct str entry = element_with(member(version, STR("resources")), "resource", row->name);

	CHECK(entry.at != NULL);
	CHECK(str_eq(rig_at(entry, "responseKind.kind"), row->kind));
	CHECK_STR(rig_at(entry, "responseKind.group"), "");
	CHECK_STR(rig_at(entry, "responseKind.version"), "");
	CHECK_STR(rig_at(entry, "scope"), row->is_namespaced ? "Namespaced" : "Cluster");
	CHECK(str_eq(member(entry, STR("verbs")), verbs_text(row->verbs)));
	CHECK_EQ(rig_count(entry, "subresources"), row->subresource_count);
}

static void check_document(struct str document, const struct resource_row *row)
{
	static const struct {
		uint32_t verb;
		bool has_name;
		const char *method;
	} verbs[] = {
		{ RESOURCE_LIST, false, "get" },
		{ RESOURCE_CREATE, false, "post" },
		{ RESOURCE_GET, true, "get" },
		{ RESOURCE_UPDATE, true, "put" },
		{ RESOURCE_PATCH, true, "patch" },
		{ RESOURCE_DELETE, true, "delete" },
		{ RESOURCE_DELETE_COLLECTION, false, "delete" },
	};
	struct str paths = member(document, STR("paths")), base = base_of(row);

	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		struct str path = rig_printf(STR_FMT "%s/" STR_FMT "%s", STR_ARG(base),
					     row->is_namespaced ? "/namespaces/{namespace}" : "",
					     STR_ARG(row->name), verbs[i].has_name ? "/{name}" : "");
		struct str operation = member(member(paths, path), str_from(verbs[i].method));

		CHECK_EQ(operation.at != NULL, (row->verbs & verbs[i].verb) != 0);
		if (operation.at == NULL)
			continue;
		operation = member(operation, STR("x-kubernetes-group-version-kind"));
		CHECK(str_eq(rig_at(operation, "kind"), row->kind));
		CHECK(str_eq(rig_at(operation, "group"), row->group));
	}
}

static void check_table(struct rig *rig, const struct resource_row *row)
{
	struct str path = rig_printf(STR_FMT "/" STR_FMT, STR_ARG(base_of(row)), STR_ARG(row->name));
	struct str table = body_at(rig, path, TABLE);
	struct columns columns;

	columns_of(type_find(row->group, row->version, row->kind), &columns);
	CHECK_AT(table, "kind", "Table");
	CHECK_EQ(rig_count(table, "columnDefinitions"), columns.len);
	CHECK(str_eq(rig_at(table, "columnDefinitions[0].name"), columns.rows[0].name));
	if (rig_count(table, "rows") > 0)
		CHECK_EQ(rig_count(table, "rows[0].cells"), columns.len);
}

/* A server of everything that there is; nobody has to see what is live to say that it is served. */
static struct rig *open_all(void)
{
	static const struct live_source lives[] = { { "actors", "nobody", NULL },
						    { "backups", "nobody", NULL },
						    { "forecasts", "nobody", NULL },
						    { "members", "nobody", NULL } };

	return rig_open(&(struct server_config){ .lives = lives, .live_count = 4 });
}

TEST(both_forms_of_discovery_say_what_the_table_of_resources_says)
{
	struct rig *rig = open_all();
	struct str core = body_at(rig, STR("/api"), AGGREGATED);
	struct str groups = body_at(rig, STR("/apis"), AGGREGATED), list = STR_NONE;

	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];

		if (begins_version(i))
			list = body_at(rig, base_of(row), NULL);
		check_plain(list, row);
		check_aggregated(row->group.len == 0 ? core : groups, row);
	}
	rig_close(rig);
}

TEST(openapi_has_the_operations_that_discovery_promises)
{
	struct rig *rig = open_all();
	struct str document = STR_NONE;

	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];

		if (begins_version(i))
			document = body_at(
			    rig, rig_printf("/openapi/v3" STR_FMT, STR_ARG(base_of(row))), NULL);
		check_document(document, row);
	}
	rig_close(rig);
}

TEST(every_resource_that_is_kept_has_a_table_with_its_columns)
{
	struct rig *rig = rig_open(NULL);

	for (uint32_t i = 0; i < resource_row_count; i++)
		if ((resource_rows[i].verbs & RESOURCE_LIST) && resource_rows[i].prefix.at != NULL)
			check_table(rig, &resource_rows[i]);
	rig_close(rig);
}
