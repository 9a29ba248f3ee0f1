#include "actors/kinds/extension/definition-schema.h"

#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/custom/format.h"
#include "datastore/custom/props.h"
#include "datastore/custom/rule/field-path.h"

/*
 * What a node of a schema may say, by itself and for what it stands in (upstream: ValidateCustomResourceDefinitionOpenAPISchema and the
 * validator of its standard fields).
 */

/* What holds for a node because of those above it. */
struct around {
	bool is_root;
	bool in_metadata;
	const char *no_default; /* why it must have none; NULL: it may */
};

static void check_standard(const struct path *at, schema_props *schema, const struct around *around)
{
	if (schema->type.len > 0 &&
	    !str_is_among(schema->type, "array boolean integer number object string", ' '))
		path_not_supported(PATH(at, "type"), schema->type,
				   "\"array\", \"boolean\", \"integer\", \"number\", \"object\", "
				   "\"string\"");
	if (schema->default_.at != NULL && around->no_default != NULL)
		path_forbidden(PATH(at, "default"), around->no_default);
	if (schema->id.len > 0)
		path_forbidden(PATH(at, "id"), "id is not supported");
	if (schema->additional_items != NULL)
		path_forbidden(PATH(at, "additionalItems"), "additionalItems is not supported");
	if (schema->pattern_properties.len > 0)
		path_forbidden(PATH(at, "patternProperties"), "patternProperties is not supported");
	if (schema->definitions.len > 0)
		path_forbidden(PATH(at, "definitions"), "definitions is not supported");
	if (schema->dependencies.at != NULL)
		path_forbidden(PATH(at, "dependencies"), "dependencies is not supported");
	if (schema->ref.at != NULL)
		path_forbidden(PATH(at, "$ref"), "$ref is not supported");
	if (str_is(schema->type, "null"))
		path_forbidden(PATH(at, "type"),
			       "type cannot be set to null, use nullable as an alternative");
	if (schema->items != NULL && schema->items->json_schemas.len > 0)
		path_forbidden(PATH(at, "items"), "items must be a schema object and not an array");
	if (around->in_metadata && schema->x_kubernetes_embedded_resource)
		path_forbidden(PATH(at, "x-kubernetes-embedded-resource"),
			       "must not be used inside of resource meta");
}

/* ---- list and map types ----------------------------------------------------------------------------------- */

static void need_type(const struct path *at, schema_props *schema, const char *words)
{
	if (schema->type.len == 0)
		path_required(PATH(at, "type"), words);
	else
		path_invalid(PATH(at, "type"), schema->type, words);
}

static void check_map_type(const struct path *at, schema_props *schema)
{
	struct str type = schema->x_kubernetes_map_type;

	if (type.at == NULL)
		return;
	if (!str_is(schema->type, "object"))
		need_type(at, schema, "must be object if x-kubernetes-map-type is specified");
	if (!str_is_among(type, "atomic granular", ' '))
		path_not_supported(PATH(at, "x-kubernetes-map-type"), type,
				   "\"atomic\", \"granular\"");
}

/* Elements of sets are told apart as wholes. */
static void check_set_items(const struct path *at, schema_props *items)
{
	static const char words[] =
	    "must be atomic as item of a list with x-kubernetes-list-type=set";
	const struct path *below = PATH(at, "items");

	if (str_is(items->type, "array") && items->x_kubernetes_list_type.at != NULL &&
	    !str_is(items->x_kubernetes_list_type, "atomic"))
		path_invalid(PATH(below, "x-kubernetes-list-type"), items->x_kubernetes_list_type,
			     words);
	if (str_is(items->type, "object") && !str_is(items->x_kubernetes_map_type, "atomic"))
		path_fault(PATH(below, "x-kubernetes-map-type"), FAULT_INVALID, STR("null"), "%s",
			   words);
}

static void check_key(const struct path *at, schema_props *schema, struct str key)
{
	schema_props *items = schema->items->schema;
	schema_props *property = props_property(items, key);
	const struct path *below = PATH_KEY(PATH(PATH(at, "items"), "properties"), key);

	if (property == NULL) {
		path_fault(PATH(at, "x-kubernetes-list-map-keys"), FAULT_INVALID,
			   path_shown_list(at, schema->x_kubernetes_list_map_keys),
			   "entries must all be names of item properties");
		return;
	}
	if (str_is_among(property->type, "array object", ' '))
		path_invalid(PATH(below, "type"), items->type,
			     "must be a scalar type if parent array's x-kubernetes-list-type is "
			     "map");
	if (!str_list_has(items->required, key) && property->default_.at == NULL)
		path_required(PATH(below, "default"),
			      "this property is in x-kubernetes-list-map-keys, so it must have a "
			      "default or be a required property");
	if (property->nullable)
		path_forbidden(PATH(below, "nullable"), "this property is in "
							"x-kubernetes-list-map-keys, so it cannot "
							"be nullable");
}

static void check_keys(const struct path *at, schema_props *schema)
{
	struct str_list keys = schema->x_kubernetes_list_map_keys;
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < keys.len; i++) {
		check_key(at, schema, keys.at[i]);
		if (seen_has(&seen, keys.at[i]))
			path_fault(PATH(at, "x-kubernetes-list-map-keys"), FAULT_INVALID,
				   path_shown_list(at, keys), "must not contain duplicate entries");
		seen_add(&seen, keys.at[i]);
	}
}

static void check_list_map(const struct path *at, schema_props *schema)
{
	schema_props *items = props_items(schema);

	if (schema->x_kubernetes_list_map_keys.len == 0)
		path_required(PATH(at, "x-kubernetes-list-map-keys"),
			      "must not be empty if x-kubernetes-list-type is map");
	if (schema->items == NULL)
		path_required(PATH(at, "items"),
			      "must have a schema if x-kubernetes-list-type is map");
	else if (items == NULL)
		path_fault(PATH(at, "items"), FAULT_INVALID, STR("{}"),
			   "must only have a single schema if x-kubernetes-list-type is map");
	else if (!str_is(items->type, "object"))
		path_invalid(PATH(PATH(at, "items"), "type"), items->type,
			     "must be object if parent array's x-kubernetes-list-type is map");
	else
		check_keys(at, schema);
}

static void check_list_type(const struct path *at, schema_props *schema)
{
	struct str type = schema->x_kubernetes_list_type;
	schema_props *items = props_items(schema);

	if (type.at != NULL && !str_is(schema->type, "array"))
		need_type(at, schema, "must be array if x-kubernetes-list-type is specified");
	else if (str_is(type, "set") && items != NULL)
		check_set_items(at, items);
	if (type.at != NULL && !str_is_among(type, "atomic set map", ' '))
		path_not_supported(PATH(at, "x-kubernetes-list-type"), type,
				   "\"atomic\", \"set\", \"map\"");
	if (schema->x_kubernetes_list_map_keys.len > 0 && type.at == NULL)
		path_required(PATH(at, "x-kubernetes-list-type"),
			      "must be map if x-kubernetes-list-map-keys is non-empty");
	else if (schema->x_kubernetes_list_map_keys.len > 0 && !str_is(type, "map"))
		path_invalid(PATH(at, "x-kubernetes-list-type"), type,
			     "must be map if x-kubernetes-list-map-keys is non-empty");
	if (str_is_among(type, "set map", ' ') && items != NULL && items->nullable)
		path_forbidden(
		    PATH(PATH(at, "items"), "nullable"),
		    arena_printf(path_arena(at),
				 "cannot be nullable when x-kubernetes-list-type is " STR_FMT,
				 STR_ARG(type))
			.at);
	if (str_is(type, "map"))
		check_list_map(at, schema);
}

/* ---- rules ------------------------------------------------------------------------------------------------ */

static bool has_line_breaks(struct str text)
{
	return str_find_char(text, '\n') >= 0 || str_find_char(text, '\r') >= 0;
}

static void check_message(const struct path *at, const struct apiextensions_validation_rule *rule)
{
	struct str words = str_trim(rule->message);

	if (str_trim(rule->rule).len == 0)
		path_required(PATH(at, "rule"), "rule is not specified");
	else if (rule->message.len > 0 && words.len == 0)
		path_invalid(PATH(at, "message"), rule->message, "must be non-empty if specified");
	else if (has_line_breaks(words))
		path_invalid(PATH(at, "message"), rule->message, "must not contain line breaks");
	else if (has_line_breaks(str_trim(rule->rule)) && words.len == 0)
		path_required(PATH(at, "message"),
			      "message must be specified if rule contains line breaks");
	if (rule->message_expression.len > 0 && str_trim(rule->message_expression).len == 0)
		path_required(PATH(at, "messageExpression"),
			      "messageExpression must be non-empty if specified");
}

static void check_rule(const struct path *at, schema_props *schema,
		       const struct apiextensions_validation_rule *rule)
{
	check_message(at, rule);
	if (rule->reason.at != NULL &&
	    !str_is_among(rule->reason,
			  "FieldValueDuplicate FieldValueForbidden FieldValueInvalid "
			  "FieldValueRequired",
			  ' '))
		path_not_supported(PATH(at, "reason"), rule->reason,
				   "\"FieldValueDuplicate\", \"FieldValueForbidden\", "
				   "\"FieldValueInvalid\", \"FieldValueRequired\"");
	if (rule->field_path.len == 0)
		return;
	if (str_trim(rule->field_path).len == 0)
		path_invalid(PATH(at, "fieldPath"), rule->field_path,
			     "must be non-empty if specified");
	if (has_line_breaks(rule->field_path))
		path_invalid(PATH(at, "fieldPath"), rule->field_path,
			     "must not contain line breaks");
	if (!field_path_read(rule->field_path, schema, path_arena(at), NULL))
		path_invalid(PATH(at, "fieldPath"), rule->field_path, "must be a valid path");
}

/* ---- all nodes -------------------------------------------------------------------------------------------- */

static void check_node(const struct path *at, schema_props *schema, struct around around);

static void check_own(const struct path *at, schema_props *schema, const struct around *around)
{
	const struct apiextensions_json_schema_props_or_bool *more = schema->additional_properties;

	check_standard(at, schema, around);
	if (schema->unique_items)
		path_forbidden(PATH(at, "uniqueItems"),
			       "uniqueItems cannot be set to true since the runtime complexity "
			       "becomes quadratic");
	if (more != NULL && schema->properties.len > 0 && (!more->allows || more->schema != NULL))
		path_forbidden(PATH(at, "additionalProperties"),
			       "additionalProperties and properties are mutual exclusive");
	if (schema->has.x_kubernetes_preserve_unknown_fields &&
	    !schema->x_kubernetes_preserve_unknown_fields)
		path_fault(PATH(at, "x-kubernetes-preserve-unknown-fields"), FAULT_INVALID,
			   STR("false"), "must be true or undefined");
	check_map_type(at, schema);
	check_list_type(at, schema);
	for (uint32_t i = 0; i < schema->x_kubernetes_validations.len; i++)
		check_rule(PATH_AT(PATH(at, "x-kubernetes-validations"), i), schema,
			   &schema->x_kubernetes_validations.at[i]);
}

static bool is_meta(struct str name)
{
	return str_is_among(name, "metadata kind apiVersion", ' ');
}

static void check_properties(const struct path *at, schema_props *schema, struct around around)
{
	for (uint32_t i = 0; i < schema->properties.len; i++) {
		struct str name = schema->properties.at[i].key;
		struct around inner = around;

		inner.is_root = false;
		if ((around.is_root || schema->x_kubernetes_embedded_resource) && is_meta(name)) {
			inner.in_metadata = true;
			if (around.is_root)
				inner.no_default =
				    arena_printf(path_arena(at),
						 "must not be set in top-level " STR_FMT,
						 STR_ARG(name))
					.at;
		}
		check_node(PATH_KEY(PATH(at, "properties"), name), &schema->properties.at[i].value,
			   inner);
	}
}

static void check_alternatives(const struct path *at,
			       struct apiextensions_json_schema_props_list list,
			       struct around around)
{
	for (uint32_t i = 0; i < list.len; i++)
		check_node(PATH_AT(at, i), &list.at[i], around);
}

static void check_node(const struct path *at, schema_props *schema, struct around around)
{
	const struct apiextensions_json_schema_props_or_bool *more = schema->additional_properties;
	struct around inner = around;

	check_own(at, schema, &around);
	check_properties(at, schema, around);
	inner.is_root = false;
	if (schema->not != NULL)
		check_node(PATH(at, "not"), schema->not, inner);
	check_alternatives(PATH(at, "allOf"), schema->all_of, inner);
	check_alternatives(PATH(at, "oneOf"), schema->one_of, inner);
	check_alternatives(PATH(at, "anyOf"), schema->any_of, inner);
	if (props_items(schema) != NULL)
		check_node(PATH(at, "items"), props_items(schema), inner);
	if (more == NULL || more->schema == NULL)
		return;
	if (around.in_metadata)
		inner.no_default = "must not be set inside additionalProperties applying to object "
				   "metadata";
	check_node(PATH(at, "additionalProperties"), more->schema, inner);
}

/* ---- the root --------------------------------------------------------------------------------------------- */

/* What may stand there, so that the status can be judged by its own part of the schema. */
static bool is_allowed_at_root(schema_props *schema)
{
	return schema->id.len == 0 && schema->ref.at == NULL && schema->default_.at == NULL &&
	       schema->enum_.at == NULL && !schema->has.max_properties &&
	       !schema->has.min_properties && schema->all_of.len == 0 && schema->one_of.len == 0 &&
	       schema->any_of.len == 0 && schema->not == NULL &&
	       schema->additional_properties == NULL && !schema->nullable &&
	       schema->pattern_properties.len == 0 && schema->dependencies.at == NULL &&
	       schema->additional_items == NULL && schema->definitions.len == 0 &&
	       !schema->x_kubernetes_embedded_resource && !schema->x_kubernetes_int_or_string &&
	       schema->x_kubernetes_list_map_keys.len == 0 &&
	       schema->x_kubernetes_list_type.at == NULL &&
	       schema->x_kubernetes_map_type.at == NULL;
}

static void check_root(const struct path *at, schema_props *schema)
{
	if (schema->type.len > 0 && !str_is(schema->type, "object"))
		path_invalid(PATH(at, "type"), schema->type,
			     "only \"object\" is allowed as the type at the root of the schema if "
			     "the status subresource is enabled");
	else if (!is_allowed_at_root(schema))
		path_fault(
		    at, FAULT_INVALID,
		    path_shown_record(at, &apiextensions_json_schema_props_type, schema),
		    "only [Description Type Format Title Maximum ExclusiveMaximum Minimum "
		    "ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems "
		    "MultipleOf Required Items Properties ExternalDocs Example "
		    "XPreserveUnknownFields XValidations] fields are allowed at the root of the "
		    "schema if the status subresource is enabled");
}

static bool is_expressible(schema_props *schema);

static bool are_expressible(struct apiextensions_json_schema_props_list list)
{
	for (uint32_t i = 0; i < list.len; i++)
		if (!is_expressible(&list.at[i]))
			return false;
	return true;
}

static bool is_expressible(schema_props *schema)
{
	const struct apiextensions_json_schema_props_or_bool *more = schema->additional_properties;
	schema_props *items = props_items(schema);

	if (schema->id.len > 0 || schema->schema.len > 0 || schema->ref.at != NULL ||
	    schema->pattern_properties.len > 0 || schema->dependencies.len > 0 ||
	    schema->additional_items != NULL || schema->definitions.len > 0 ||
	    (schema->items != NULL && schema->items->json_schemas.len > 0))
		return false;
	for (uint32_t i = 0; i < schema->properties.len; i++)
		if (!is_expressible(&schema->properties.at[i].value))
			return false;
	return are_expressible(schema->all_of) && are_expressible(schema->any_of) &&
	       are_expressible(schema->one_of) &&
	       (schema->not == NULL || is_expressible(schema->not )) &&
	       (items == NULL || is_expressible(items)) &&
	       (more == NULL || more->schema == NULL || is_expressible(more->schema));
}

void definition_schema_check(const struct path *at, schema_props *schema, bool has_status)
{
	uint32_t before = path_faults(at)->len;

	if (has_status)
		check_root(at, schema);
	if (schema->nullable)
		path_forbidden(PATH(at, "nullable"), "nullable cannot be true at the root");
	/* What cannot be said in a structural schema is told at its place, and the rest is not looked at. */
	if (is_expressible(schema) && definition_schema_is_structural(at, schema))
		definition_schema_check_defaults(at, schema);
	check_node(at, schema, (struct around){ .is_root = true });
	if (path_faults(at)->len == before)
		definition_schema_check_rules(at, schema);
}

/* ---- looking into it -------------------------------------------------------------------------------------- */

static bool knows_format(schema_props *schema)
{
	struct str type = schema->type;

	if (schema->format.len == 0)
		return true;
	if (type.len == 0 || str_is(type, "string"))
		return format_is_known(schema->format);
	if (str_is(type, "integer"))
		return str_is_among(schema->format, "int32 int64", ' ');
	return str_is(type, "number") && str_is_among(schema->format, "float double", ' ');
}

void definition_schema_unknown_formats(schema_props *schema,
				       void (*say)(void *arg, struct str format), void *arg)
{
	const struct apiextensions_json_schema_props_or_bool *more = schema->additional_properties;

	if (!knows_format(schema))
		say(arg, schema->format);
	for (uint32_t i = 0; i < schema->properties.len; i++)
		definition_schema_unknown_formats(&schema->properties.at[i].value, say, arg);
	if (props_items(schema) != NULL)
		definition_schema_unknown_formats(props_items(schema), say, arg);
	if (more != NULL && more->schema != NULL)
		definition_schema_unknown_formats(more->schema, say, arg);
}

schema_props *definition_schema_follow(schema_props *schema, struct str path)
{
	struct str rest =
	    path.len > 0 && path.at[0] == '.' ? str_slice(path, 1, path.len) : STR_NONE;

	if (rest.len == 0)
		return NULL;
	while (schema != NULL && rest.at != NULL) {
		struct str name = str_cut(&rest, '.');
		schema_props *property = props_property(schema, name);

		if (name.len == 0)
			return NULL;
		schema = property != NULL ? property : props_values(schema);
	}
	return schema;
}
