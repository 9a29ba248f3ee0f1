#include "datastore/object/openapi/openapi.h"

#include "datastore/object/openapi/descriptions.h"
#include "datastore/object/openapi/openapi-private.h"
#include "transport/wire/json.h"

void openapi_next(struct openapi *o)
{
	char last = o->out->len > 0 ? o->out->at[o->out->len - 1] : '{';

	if (last != '{' && last != '[')
		text_add_char(o->out, ',');
}

void openapi_member(struct openapi *o, const char *name)
{
	openapi_next(o);
	json_write_string(o->out, str_from(name));
	text_add_char(o->out, ':');
}

void openapi_string(struct openapi *o, const char *name, struct str value)
{
	openapi_member(o, name);
	json_write_string(o->out, value);
}

void openapi_describe(struct openapi *o, struct str sentence)
{
	if (sentence.at != NULL)
		openapi_string(o, "description", sentence);
}

void openapi_kind(struct openapi *o, struct str group, struct str version, struct str kind)
{
	/* The comma of a member's value is its name's: the object begins after a colon. */
	openapi_member(o, "x-kubernetes-group-version-kind");
	text_lit(o->out, "{");
	openapi_string(o, "group", group);
	openapi_string(o, "version", version);
	openapi_string(o, "kind", kind);
	text_add_char(o->out, '}');
}

uint32_t openapi_group_len(const struct openapi *o, uint32_t first)
{
	const struct resource_row *row = o->resources[first].row;
	uint32_t end = first + 1;

	while (end < o->count && str_eq(o->resources[end].row->group, row->group) &&
	       str_eq(o->resources[end].row->version, row->version))
		end++;
	return end - first;
}

#define INFO "\"info\":{\"title\":\"Kubernetes\",\"version\":\"unversioned\"}"
#define BEARER_TOKEN                                                                 \
	"{\"BearerToken\":{\"type\":\"apiKey\",\"description\":\"A bearer token.\"," \
	"\"name\":\"authorization\",\"in\":\"header\"}}"

static void write_v3(struct openapi *o)
{
	text_lit(o->out, "{\"openapi\":\"3.0.0\"," INFO ",\"paths\":{");
	openapi_write_paths(o, 0, o->count);
	text_lit(o->out, "},\"components\":{\"schemas\":{");
	openapi_write_schemas(o);
	text_lit(o->out, "},\"securitySchemes\":" BEARER_TOKEN "}}");
}

static void write_v2(struct openapi *o)
{
	text_lit(o->out, "{\"swagger\":\"2.0\"," INFO ",\"paths\":{");
	for (uint32_t i = 0; i < o->count; i += openapi_group_len(o, i)) {
		o->group = o->resources[i].row->group;
		o->version = o->resources[i].row->version;
		openapi_write_paths(o, i, openapi_group_len(o, i));
	}
	text_lit(o->out, "},\"definitions\":{");
	openapi_write_schemas(o);
	text_lit(o->out,
		 "},\"securityDefinitions\":" BEARER_TOKEN ",\"security\":[{\"BearerToken\":[]}]}");
}

static void write(struct openapi *o)
{
	o->arena = arena_new(0);
	o->descriptions = descriptions_open(o->arena);
	if (o->is_v2)
		write_v2(o);
	else
		write_v3(o);
	map_fini(&o->schemas);
	arena_free(o->arena);
}

void openapi_write(struct str group, struct str version, const struct openapi_resource *resources,
		   uint32_t count, struct text *out)
{
	write(&(struct openapi){
	    .group = group, .version = version, .out = out, .resources = resources, .count = count });
}

void openapi_write_v2(const struct openapi_resource *resources, uint32_t count, struct text *out)
{
	write(
	    &(struct openapi){ .is_v2 = true, .out = out, .resources = resources, .count = count });
}
