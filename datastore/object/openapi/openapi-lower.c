#include <string.h>

#include "datastore/object/openapi/openapi-private.h"

/* What is deeper may be anything. */
#define DEPTH_MAX 64U

static void lower(struct arena *arena, struct apiextensions_json_schema_props *schema,
		  uint32_t depth);

static void drop_members(struct apiextensions_json_schema_props *schema)
{
	schema->items = NULL;
	memset(&schema->properties, 0, sizeof schema->properties);
}

/* Whether a member may be null is not to be said, so nobody may be made to give it. */
static void drop_required(struct arena *arena, struct apiextensions_json_schema_props *schema,
			  struct str name)
{
	struct str_list kept = { .at = arena_array(arena, struct str, schema->required.len) };

	for (uint32_t i = 0; i < schema->required.len; i++)
		if (!str_eq(schema->required.at[i], name))
			kept.at[kept.len++] = schema->required.at[i];
	schema->required = kept;
}

static void lower_properties(struct arena *arena, struct apiextensions_json_schema_props *schema,
			     uint32_t depth)
{
	struct apiextensions_json_schema_props_map *properties = &schema->properties;

	if (properties->len == 0)
		return;
	properties->at = arena_copy(arena, properties->at, properties->len * sizeof *properties->at);
	for (uint32_t i = 0; i < properties->len; i++) {
		if (properties->at[i].value.nullable)
			drop_required(arena, schema, properties->at[i].key);
		lower(arena, &properties->at[i].value, depth + 1);
	}
}

static void lower_below(struct arena *arena, struct apiextensions_json_schema_props *schema,
			uint32_t depth)
{
	lower_properties(arena, schema, depth);
	if (schema->items != NULL && schema->items->schema != NULL) {
		schema->items = arena_copy(arena, schema->items, sizeof *schema->items);
		schema->items->schema =
		    arena_copy(arena, schema->items->schema, sizeof *schema->items->schema);
		lower(arena, schema->items->schema, depth + 1);
	}
	if (schema->additional_properties != NULL && schema->additional_properties->schema != NULL) {
		schema->additional_properties = arena_copy(arena, schema->additional_properties,
							   sizeof *schema->additional_properties);
		schema->additional_properties->schema =
		    arena_copy(arena, schema->additional_properties->schema,
			       sizeof *schema->additional_properties->schema);
		lower(arena, schema->additional_properties->schema, depth + 1);
	}
}

static void lower(struct arena *arena, struct apiextensions_json_schema_props *schema,
		  uint32_t depth)
{
	bool is_open = schema->x_kubernetes_preserve_unknown_fields || depth >= DEPTH_MAX;

	memset(&schema->all_of, 0, sizeof schema->all_of);
	memset(&schema->one_of, 0, sizeof schema->one_of);
	memset(&schema->any_of, 0, sizeof schema->any_of);
	schema->not = NULL;
	if (schema->nullable || is_open)
		drop_members(schema);
	if (depth >= DEPTH_MAX)
		schema->additional_properties = NULL;
	/* A list without a schema of its elements is refused, and an open object checked as if it were closed. */
	if (schema->nullable || (schema->items == NULL && str_is(schema->type, "array")) ||
	    (is_open && str_is(schema->type, "object")))
		schema->type = STR_NONE;
	schema->nullable = schema->has.nullable = false;
	lower_below(arena, schema, depth);
}

const struct apiextensions_json_schema_props *
openapi_lower(struct arena *arena, const struct apiextensions_json_schema_props *schema)
{
	struct apiextensions_json_schema_props *out = arena_copy(arena, schema, sizeof *schema);

	lower(arena, out, 0);
	return out;
}
