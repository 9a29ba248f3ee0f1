#include "tests/unit/datastore/object/openapi/reading.h"

#include "tests/lib/test.h"
#include "transport/wire/json.h"

struct str reading_member(struct str json, const char *name)
{
	struct json in = json_of(json);
	struct str at, raw;

	if (json.at == NULL || json_peek(&in) != JSON_OBJECT)
		return STR_NONE;
	for (json_enter(&in); json_member(&in, test_arena(), &at);) {
		json_skip(&in, &raw);
		if (str_is(at, name))
			return raw;
	}
	return STR_NONE;
}

struct str reading_operation(struct str json, const char *path, const char *method)
{
	return reading_member(reading_member(reading_member(json, "paths"), path), method);
}

bool reading_has(struct str json, const char *part)
{
	return str_find(json, str_from(part)) >= 0;
}

/* ---- whole documents ------------------------------------------------------------------------------------------- */

#define TYPES_MAX 2000U
#define GROUPS_MAX 2100U

/* Of JSON its members, of protobuf their bytes. */
struct gathering {
	enum openapi_version version;
	bool is_proto;
	struct openapi *openapi;
	struct text paths, schemas;
	struct openapi_types wanted;
	struct openapi_group groups[GROUPS_MAX];
	uint32_t group_count;
};

static void gather(const struct gathering *g, bool is_schemas, struct str piece, struct text *to)
{
	if (g->is_proto)
		openapi_proto_members(g->version, is_schemas, piece, to);
	else if (piece.len > 0)
		text_printf(to, "%s" STR_FMT, to->len > 0 ? "," : "", STR_ARG(piece));
}

static void want(struct gathering *g, const struct openapi_types *types)
{
	for (uint32_t i = 0; i < types->len; i++) {
		uint32_t at = 0;

		while (at < g->wanted.len && g->wanted.at[at] != types->at[i])
			at++;
		CHECK(at < TYPES_MAX);
		g->wanted.at[at] = types->at[i];
		if (at == g->wanted.len)
			g->wanted.len++;
	}
}

static bool begins(struct gathering *g, const struct resource_row *row)
{
	struct openapi_group *last = g->group_count > 0 ? &g->groups[g->group_count - 1] : NULL;

	if (last != NULL && str_eq(last->group, row->group) && str_eq(last->version, row->version))
		return false;
	CHECK(g->group_count < GROUPS_MAX);
	g->groups[g->group_count++] = (struct openapi_group){ row->group, row->version };
	return true;
}

static void gather_part(struct gathering *g, const struct openapi_resource *resource)
{
	struct text paths = text_new(OPENAPI_BYTES_MAX), schemas = text_new(OPENAPI_BYTES_MAX);
	struct openapi_types wanted;

	openapi_write_part(g->openapi, resource, 1, begins(g, resource->row), &paths, &schemas,
			   &wanted);
	want(g, &wanted);
	gather(g, false, text_str(&paths), &g->paths);
	gather(g, true, text_str(&schemas), &g->schemas);
	text_fini(&paths);
	text_fini(&schemas);
}

static void gather_types(struct gathering *g, struct openapi_group group)
{
	struct text types = text_new(OPENAPI_BYTES_MAX);

	openapi_write_types(g->openapi, group, &g->wanted, &types);
	gather(g, true, text_str(&types), &g->schemas);
	text_clear(&types);
	if (g->version == OPENAPI_V2)
		openapi_write_options(g->openapi, g->groups, g->group_count, &types);
	gather(g, true, text_str(&types), &g->schemas);
	text_fini(&types);
}

static void write_whole(struct gathering *g, struct openapi_group group,
			const struct openapi_resource *resources, uint32_t count, struct text *out)
{
	struct openapi_frame frame;

	g->paths = text_new(OPENAPI_BYTES_MAX);
	g->schemas = text_new(OPENAPI_BYTES_MAX);
	g->openapi = openapi_open(g->version);
	g->wanted.at = arena_array(test_arena(), const struct type *, TYPES_MAX);
	for (uint32_t i = 0; i < count; i++)
		gather_part(g, &resources[i]);
	gather_types(g, group);
	if (g->is_proto)
		openapi_frame_proto(g->version, g->paths.len, g->schemas.len, test_arena(), &frame);
	else
		openapi_frame_json(g->version, &frame);
	text_add(out, frame.begin);
	text_add(out, text_str(&g->paths));
	text_add(out, frame.middle);
	text_add(out, text_str(&g->schemas));
	text_add(out, frame.end);
	openapi_close(g->openapi);
	text_fini(&g->paths);
	text_fini(&g->schemas);
}

void reading_write(struct str group, struct str version, const struct openapi_resource *resources,
		   uint32_t count, struct text *out)
{
	struct gathering g = { .version = OPENAPI_V3 };

	write_whole(&g, (struct openapi_group){ group, version }, resources, count, out);
}

void reading_write_v2(const struct openapi_resource *resources, uint32_t count, struct text *out)
{
	struct gathering g = { .version = OPENAPI_V2 };

	write_whole(&g, (struct openapi_group){ 0 }, resources, count, out);
}

void reading_write_proto(enum openapi_version version, struct openapi_group group,
			 const struct openapi_resource *resources, uint32_t count, struct text *out)
{
	struct gathering g = { .version = version, .is_proto = true };

	write_whole(&g, group, resources, count, out);
}
