#include "datastore/object/openapi/openapi.h"

#include "datastore/object/openapi/descriptions.h"
#include "datastore/object/openapi/openapi-private.h"
#include "datastore/schema/meta.h"
#include "runtime/base/base.h"
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

/* ---- pieces ---------------------------------------------------------------------------------------------------- */

struct openapi *openapi_open(enum openapi_version version)
{
	struct arena *kept = arena_new(0);
	struct openapi *o = arena_new_of(kept, struct openapi);

	o->kept = kept;
	o->arena = arena_new(0);
	o->is_v2 = version == OPENAPI_V2;
	o->descriptions = descriptions_open(kept);
	return o;
}

void openapi_close(struct openapi *o)
{
	map_fini(&o->schemas);
	arena_free(o->arena);
	arena_free(o->kept);
}

/* Nothing has been referred to yet. */
static void begin(struct openapi *o, struct text *out)
{
	map_clear(&o->schemas);
	arena_reset(o->arena);
	o->written = 0;
	o->out = out;
}

void openapi_write_part(struct openapi *o, const struct openapi_resource *resources, uint32_t count,
			bool has_root, struct text *paths, struct text *schemas,
			struct openapi_types *wanted)
{
	begin(o, paths);
	if (count > 0) {
		o->group = resources[0].row->group;
		o->version = resources[0].row->version;
	}
	if (has_root)
		openapi_write_root(o);
	for (uint32_t i = 0; i < count; i++)
		openapi_write_resource(o, &resources[i]);
	o->out = schemas;
	openapi_write_customs(o);
	*wanted = o->wanted;
}

void openapi_write_types(struct openapi *o, struct openapi_group group,
			 const struct openapi_types *types, struct text *out)
{
	begin(o, out);
	o->groups = &group;
	o->group_count = 1;
	openapi_write_schemas(o, types);
	o->groups = NULL;
	o->group_count = 0;
}

void openapi_write_options(struct openapi *o, const struct openapi_group *groups, uint32_t count,
			   struct text *out)
{
	begin(o, out);
	o->groups = groups;
	o->group_count = count;
	openapi_write_schema(o, &meta_delete_options_type);
	o->groups = NULL;
	o->group_count = 0;
}

/* ---- what stands around them ---------------------------------------------------------------------------------------- */

#define INFO "\"info\":{\"title\":\"Kubernetes\",\"version\":\"unversioned\"}"
#define BEARER_TOKEN                                                                 \
	"{\"BearerToken\":{\"type\":\"apiKey\",\"description\":\"A bearer token.\"," \
	"\"name\":\"authorization\",\"in\":\"header\"}}"

void openapi_frame_json(enum openapi_version version, struct openapi_frame *out)
{
	bool is_v2 = version == OPENAPI_V2;

	out->begin = is_v2 ? STR("{\"swagger\":\"2.0\"," INFO ",\"paths\":{")
			   : STR("{\"openapi\":\"3.0.0\"," INFO ",\"paths\":{");
	out->middle = is_v2 ? STR("},\"definitions\":{") : STR("},\"components\":{\"schemas\":{");
	out->end = is_v2 ? STR("},\"securityDefinitions\":" BEARER_TOKEN
			       ",\"security\":[{\"BearerToken\":[]}]}")
			 : STR("},\"securitySchemes\":" BEARER_TOKEN "}}");
}

void openapi_frame_proto(enum openapi_version version, uint32_t paths_bytes, uint32_t schemas_bytes,
			 struct arena *arena, struct openapi_frame *out)
{
	struct openapi_frame json;
	struct text whole = text_in(arena, 4U * KIB);

	/* As of a document without members, which is then parted where they belong. */
	openapi_frame_json(version, &json);
	text_add(&whole, json.begin);
	text_add(&whole, json.middle);
	text_add(&whole, json.end);
	openapi_proto_frame(version, text_str(&whole), paths_bytes, schemas_bytes, arena, out);
}
