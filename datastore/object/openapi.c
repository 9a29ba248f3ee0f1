#include "datastore/object/openapi.h"

#include "datastore/object/openapi-private.h"
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

void openapi_write(struct str group, struct str version, const struct openapi_resource *resources,
		   uint32_t count, struct text *out)
{
	struct openapi o = { .group = group,
			     .version = version,
			     .arena = arena_new(0),
			     .out = out,
			     .resources = resources,
			     .count = count };

	text_lit(out, "{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"Kubernetes\","
		      "\"version\":\"unversioned\"},\"paths\":");
	openapi_write_paths(&o);
	text_lit(out, ",\"components\":");
	openapi_write_components(&o);
	text_add_char(out, '}');
	map_fini(&o.schemas);
	arena_free(o.arena);
}
