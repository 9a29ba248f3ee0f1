#include "datastore/object/json.h"
#include "datastore/object/openapi/descriptions.h"
#include "datastore/object/openapi/openapi-private.h"
#include "datastore/schema/meta.h"
#include "transport/wire/json.h"

/*
 * Schemas of custom resources: what their definitions say, with what all objects have.
 */

/* The members of the definition's schema but its type, properties and description, which get company. */
static void write_custom_members(struct openapi *o,
				 const struct apiextensions_json_schema_props *schema)
{
	struct apiextensions_json_schema_props rest = *schema;
	struct text json = text_in(o->arena, OPENAPI_BYTES_MAX);
	struct str body;

	rest.type = rest.description = STR_NONE;
	memset(&rest.properties, 0, sizeof rest.properties);
	json_encode(&apiextensions_json_schema_props_type, &rest, &json);
	body = str_slice(text_str(&json), 1, json.len - 1);
	if (body.len == 0)
		return;
	openapi_next(o);
	text_add(o->out, body);
}

/* What is said of the field stands beside the reference. */
static void write_metadata(struct openapi *o, const struct type *type)
{
	openapi_member(o, "metadata");
	text_add_char(o->out, '{');
	openapi_describe(o, descriptions_field(o->descriptions, type, STR("metadata")));
	if (o->is_v2) {
		openapi_refer(o, type);
	} else {
		openapi_member(o, "allOf");
		text_add_char(o->out, '[');
		openapi_reference(o, type);
		text_add_char(o->out, ']');
	}
	text_add_char(o->out, '}');
}

static void write_custom_properties(struct openapi *o,
				    const struct apiextensions_json_schema_props *schema)
{
	const struct field *properties =
	    type_field(&apiextensions_json_schema_props_type, STR("properties"));

	openapi_member(o, "properties");
	text_add_char(o->out, '{');
	openapi_write_kind_members(o);
	write_metadata(o, &meta_object_meta_type);
	for (uint32_t i = 0; schema != NULL && i < schema->properties.len; i++) {
		struct str name = schema->properties.at[i].key;

		if (str_is(name, "apiVersion") || str_is(name, "kind") || str_is(name, "metadata"))
			continue;
		openapi_next(o);
		json_write_string(o->out, name);
		text_add_char(o->out, ':');
		json_encode_element(properties, &schema->properties.at[i].value, o->out);
	}
	text_add_char(o->out, '}');
}

static void write_custom_list(struct openapi *o, const struct openapi_resource *custom)
{
	openapi_member(o, "properties");
	text_add_char(o->out, '{');
	openapi_write_kind_members(o);
	write_metadata(o, &meta_list_meta_type);
	openapi_member(o, "items");
	text_lit(o->out, "{\"type\":\"array\",\"items\":");
	openapi_reference_custom(o, custom, false);
	text_lit(o->out, "}},\"required\":[\"items\"]");
}

/* In version 2 members that are named say that there are no others, so where any may be there none is named. */
static bool is_bare(const struct openapi *o, const struct openapi_resource *custom)
{
	return o->is_v2 && custom->schema != NULL &&
	       custom->schema->x_kubernetes_preserve_unknown_fields;
}

void openapi_write_custom(struct openapi *o, const struct openapi_resource *custom, bool is_list)
{
	struct str kind = custom->row->kind, description = custom->description;
	const struct apiextensions_json_schema_props *schema = custom->schema;

	if (o->is_v2 && schema != NULL)
		schema = openapi_lower(o->arena, schema);
	if (schema != NULL && schema->description.at != NULL)
		description = schema->description;
	text_add_char(o->out, '{');
	if (!is_list && !is_bare(o, custom))
		openapi_describe(o, description);
	openapi_string(o, "type", STR("object"));
	if (is_list) {
		write_custom_list(o, custom);
		kind = arena_printf(o->arena, STR_FMT "List", STR_ARG(kind));
	} else if (!is_bare(o, custom)) {
		write_custom_properties(o, schema);
		if (schema != NULL)
			write_custom_members(o, schema);
		else
			text_lit(o->out, ",\"x-kubernetes-preserve-unknown-fields\":true");
	}
	openapi_member(o, "x-kubernetes-group-version-kind");
	text_add_char(o->out, '[');
	openapi_write_one_kind(o, custom->row->group, kind, custom->row->version);
	text_lit(o->out, "]}");
}
