#include "actors/kinds/extension/definition-schema.h"
#include "datastore/custom/embedded.h"
#include "datastore/custom/judge.h"
#include "datastore/custom/props.h"
#include "datastore/custom/rule/rule-set.h"
#include "datastore/object/record.h"
#include "datastore/schema/pattern.h"
#include "datastore/schema/type.h"

/*
 * Structural schemas: every place has a type of its own, and combinations (allOf, anyOf, oneOf, not) only restrict what stands outside of
 * them (upstream: apiserver/schema, ValidateStructural; apiserver/schema/defaulting, ValidateDefaults).
 */

enum level { LEVEL_ROOT, LEVEL_ITEM, LEVEL_FIELD };

/* ---- combinations ----------------------------------------------------------------------------------------- */

/* anyOf an integer and a string, and nothing else: what an int-or-string may say. */
static bool is_int_or_string(struct apiextensions_json_schema_props_list list)
{
	static const struct apiextensions_json_schema_props integer = { .type = { "integer", 7 } },
							    string = { .type = { "string", 6 } };
	const struct type *type = &apiextensions_json_schema_props_type;

	return list.len == 2 && record_equal(type, &list.at[0], &integer) &&
	       record_equal(type, &list.at[1], &string);
}

static void check_pattern(const struct path *at, schema_props *schema)
{
	struct pattern *pattern;
	struct fault why = { 0 };

	if (schema->pattern.len == 0)
		return;
	if (pattern_new(schema->pattern, &pattern, &why) == OK) {
		pattern_free(pattern);
		return;
	}
	path_invalid(PATH(at, "pattern"), schema->pattern,
		     arena_printf(path_arena(at),
				  "must be a valid regular expression, but isn't: error parsing "
				  "regexp: %s",
				  why.text)
			 .at);
}

static void check_nested(const struct path *at, schema_props *schema, bool skips_any);

/* An int-or-string says its two types once in this form: there, or in the first of allOf. */
static void check_combined(const struct path *at, schema_props *schema, bool skips_any,
			   bool skips_first)
{
	for (uint32_t i = 0; !skips_any && i < schema->any_of.len; i++)
		check_nested(PATH_AT(PATH(at, "anyOf"), i), &schema->any_of.at[i], false);
	for (uint32_t i = 0; i < schema->all_of.len; i++)
		check_nested(PATH_AT(PATH(at, "allOf"), i), &schema->all_of.at[i],
			     skips_first && i == 0);
	for (uint32_t i = 0; i < schema->one_of.len; i++)
		check_nested(PATH_AT(PATH(at, "oneOf"), i), &schema->one_of.at[i], false);
	if (schema->not != NULL)
		check_nested(PATH(at, "not"), schema->not, false);
	check_pattern(at, schema);
}

static void forbid(const struct path *at, bool is_there, const char *words)
{
	if (is_there)
		path_forbidden(at, words);
}

static void check_nested_words(const struct path *at, schema_props *schema)
{
	static const char empty[] = "must be empty to be structural",
			  undefined[] = "must be undefined to be structural",
			  false_[] = "must be false to be structural";

	forbid(PATH(at, "type"), schema->type.len > 0, empty);
	forbid(PATH(at, "additionalProperties"), schema->additional_properties != NULL, undefined);
	forbid(PATH(at, "default"), schema->default_.at != NULL, undefined);
	forbid(PATH(at, "title"), schema->title.len > 0, empty);
	forbid(PATH(at, "description"), schema->description.len > 0, empty);
	forbid(PATH(at, "nullable"), schema->nullable, false_);
	forbid(PATH(at, "x-kubernetes-preserve-unknown-fields"),
	       schema->x_kubernetes_preserve_unknown_fields, false_);
	forbid(PATH(at, "x-kubernetes-embedded-resource"), schema->x_kubernetes_embedded_resource,
	       false_);
	forbid(PATH(at, "x-kubernetes-int-or-string"), schema->x_kubernetes_int_or_string, false_);
	forbid(PATH(at, "x-kubernetes-list-map-keys"), schema->x_kubernetes_list_map_keys.len > 0,
	       empty);
	forbid(PATH(at, "x-kubernetes-list-type"), schema->x_kubernetes_list_type.at != NULL,
	       undefined);
	forbid(PATH(at, "x-kubernetes-map-type"), schema->x_kubernetes_map_type.at != NULL,
	       undefined);
	forbid(PATH(at, "x-kubernetes-validations"), schema->x_kubernetes_validations.len > 0,
	       empty);
}

static void check_nested(const struct path *at, schema_props *schema, bool skips_any)
{
	check_combined(at, schema, skips_any, false);
	if (props_items(schema) != NULL)
		check_nested(PATH(at, "items"), props_items(schema), false);
	for (uint32_t i = 0; i < schema->properties.len; i++)
		check_nested(PATH_KEY(PATH(at, "properties"), schema->properties.at[i].key),
			     &schema->properties.at[i].value, false);
	check_nested_words(at, schema);
	if (props_property(schema, STR("metadata")) != NULL)
		path_forbidden(PATH_KEY(PATH(at, "properties"), STR("metadata")),
			       "must not be specified in a nested context");
}

/* ---- completeness: what a combination restricts is there outside of it ------------------------------------- */

static void check_complete(const struct path *at, schema_props *nested, const struct path *outside,
			   schema_props *schema);

static void say_incomplete(const struct path *at, const struct path *outside)
{
	path_required(outside, arena_printf(path_arena(at), "because it is defined in " STR_FMT,
					    STR_ARG(path_text(at)))
				   .at);
}

static void check_all_complete(const struct path *at, schema_props *from,
			       const struct path *outside, schema_props *schema)
{
	if (from->not != NULL)
		check_complete(PATH(at, "not"), from->not, outside, schema);
	for (uint32_t i = 0; i < from->all_of.len; i++)
		check_complete(PATH_AT(PATH(at, "allOf"), i), &from->all_of.at[i], outside, schema);
	for (uint32_t i = 0; i < from->any_of.len; i++)
		check_complete(PATH_AT(PATH(at, "anyOf"), i), &from->any_of.at[i], outside, schema);
	for (uint32_t i = 0; i < from->one_of.len; i++)
		check_complete(PATH_AT(PATH(at, "oneOf"), i), &from->one_of.at[i], outside, schema);
}

static void check_complete(const struct path *at, schema_props *nested, const struct path *outside,
			   schema_props *schema)
{
	check_all_complete(at, nested, outside, schema);
	if (props_items(nested) != NULL && props_items(schema) == NULL)
		say_incomplete(PATH(at, "items"), PATH(outside, "items"));
	else if (props_items(nested) != NULL)
		check_complete(PATH(at, "items"), props_items(nested), PATH(outside, "items"),
			       props_items(schema));
	for (uint32_t i = 0; i < nested->properties.len; i++) {
		struct str name = nested->properties.at[i].key;
		const struct path *here = PATH_KEY(PATH(at, "properties"), name);
		const struct path *there = PATH_KEY(PATH(outside, "properties"), name);
		schema_props *property = props_property(schema, name);

		if (property == NULL)
			say_incomplete(here, there);
		else
			check_complete(here, &nested->properties.at[i].value, there, property);
	}
}

/* ---- each node -------------------------------------------------------------------------------------------- */

static void check_extensions(const struct path *at, schema_props *schema)
{
	static const char words[] = "must be false if x-kubernetes-int-or-string is true";

	if (!schema->x_kubernetes_int_or_string)
		return;
	if (schema->x_kubernetes_preserve_unknown_fields)
		path_fault(PATH(at, "x-kubernetes-preserve-unknown-fields"), FAULT_INVALID,
			   STR("true"), "%s", words);
	if (schema->x_kubernetes_embedded_resource)
		path_fault(PATH(at, "x-kubernetes-embedded-resource"), FAULT_INVALID, STR("true"),
			   "%s", words);
}

static void check_type(const struct path *at, schema_props *schema, enum level level)
{
	static const char *const words[] = {
		[LEVEL_ROOT] = "must not be empty at the root",
		[LEVEL_ITEM] = "must not be empty for specified array items",
		[LEVEL_FIELD] = "must not be empty for specified object fields",
	};
	static const char embedded[] = "must be object if x-kubernetes-embedded-resource is true";

	if (schema->x_kubernetes_embedded_resource && !str_is(schema->type, "object")) {
		if (schema->type.len == 0)
			path_required(PATH(at, "type"), embedded);
		else
			path_invalid(PATH(at, "type"), schema->type, embedded);
	} else if (schema->type.len == 0 && !schema->x_kubernetes_int_or_string &&
		   !schema->x_kubernetes_preserve_unknown_fields) {
		path_required(PATH(at, "type"), words[level]);
	}
	if (level == LEVEL_ROOT && schema->type.len > 0 && !str_is(schema->type, "object"))
		path_invalid(PATH(at, "type"), schema->type, "must be object at the root");
}

/* At the root it is what it is everywhere, but for how the object may be called. */
static void check_metadata(const struct path *at, schema_props *metadata, bool is_checked,
			   enum level level)
{
	static const struct apiextensions_json_schema_props nothing;
	struct apiextensions_json_schema_props rest = *metadata;
	uint32_t known = (props_property(metadata, STR("name")) != NULL) +
			 (props_property(metadata, STR("generateName")) != NULL);

	if (is_checked && !str_is(metadata->type, "object"))
		path_invalid(PATH(at, "type"), metadata->type, "must be object");
	if (level != LEVEL_ROOT)
		return;
	rest.type = rest.default_ = rest.description = rest.title = STR_NONE;
	if (known == metadata->properties.len)
		rest.properties = nothing.properties;
	if (metadata->title.len > 0 || metadata->description.len > 0 ||
	    !record_equal(&apiextensions_json_schema_props_type, &rest, &nothing))
		path_forbidden(at, "must not specify anything other than name and generateName, "
				   "but metadata is implicitly specified");
}

static void check_meta(const struct path *at, schema_props *schema, enum level level)
{
	static const char *const texts[] = { "kind", "apiVersion" };
	bool is_checked = level == LEVEL_ROOT || schema->x_kubernetes_embedded_resource;
	schema_props *metadata = props_property(schema, STR("metadata"));
	const struct path *below = PATH(at, "properties");

	for (int i = 0; is_checked && i < 2; i++) {
		schema_props *text = props_property(schema, str_from(texts[i]));

		if (text != NULL && !str_is(text->type, "string"))
			path_invalid(PATH(PATH_KEY(below, str_from(texts[i])), "type"), text->type,
				     "must be string");
	}
	if (metadata != NULL)
		check_metadata(PATH_KEY(below, STR("metadata")), metadata, is_checked, level);
}

static void check_node(const struct path *at, schema_props *schema, enum level level)
{
	bool is_embedded = schema->x_kubernetes_embedded_resource;

	if (str_is(schema->type, "array") && props_items(schema) == NULL)
		path_required(PATH(at, "items"), "must be specified");
	if (props_items(schema) != NULL)
		check_node(PATH(at, "items"), props_items(schema), LEVEL_ITEM);
	for (uint32_t i = 0; i < schema->properties.len; i++)
		check_node(PATH_KEY(PATH(at, "properties"), schema->properties.at[i].key),
			   &schema->properties.at[i].value, LEVEL_FIELD);
	if (schema->additional_properties != NULL && level == LEVEL_ROOT)
		path_forbidden(PATH(at, "additionalProperties"), "must not be used at the root");
	if (props_values(schema) != NULL)
		check_node(PATH(at, "additionalProperties"), props_values(schema), LEVEL_FIELD);
	check_extensions(at, schema);
	check_combined(at, schema, is_int_or_string(schema->any_of),
		       schema->all_of.len > 0 && is_int_or_string(schema->all_of.at[0].any_of));
	check_type(at, schema, level);
	if (is_embedded && schema->additional_properties != NULL)
		path_forbidden(PATH(at, "additionalProperties"),
			       "must not be used if x-kubernetes-embedded-resource is set");
	check_meta(at, schema, level);
	if (is_embedded && !schema->x_kubernetes_preserve_unknown_fields &&
	    schema->properties.len == 0)
		path_required(PATH(at, "properties"),
			      "must not be empty if x-kubernetes-embedded-resource is true without "
			      "x-kubernetes-preserve-unknown-fields");
}

bool definition_schema_is_structural(const struct path *at, schema_props *schema)
{
	struct faults *faults = path_faults(at);
	uint32_t before = faults->len;

	check_node(at, schema, LEVEL_ROOT);
	check_all_complete(at, schema, at, schema);
	return faults->len == before;
}

/* ---- defaults --------------------------------------------------------------------------------------------- */

/* Whether the value has members that pruning would take away. */
static bool has_unknown(schema_props *schema, const struct value *value)
{
	if (schema == NULL)
		return false;
	if (value->kind == VALUE_LIST) {
		for (uint32_t i = 0; i < value->len; i++)
			if (has_unknown(props_items(schema), &value->items[i]))
				return true;
		return false;
	}
	for (uint32_t i = 0; value->kind == VALUE_MAP && i < value->len; i++) {
		struct str name = value->members[i].name;
		schema_props *own = props_property(schema, name);
		schema_props *inner = own != NULL ? own : props_values(schema);

		if (inner == NULL && schema->additional_properties == NULL &&
		    !schema->x_kubernetes_preserve_unknown_fields &&
		    !(schema->x_kubernetes_embedded_resource &&
		      (str_is(name, "apiVersion") || str_is(name, "kind") ||
		       str_is(name, "metadata"))))
			return true;
		if (has_unknown(inner, &value->members[i].value))
			return true;
	}
	return false;
}

/* A default stands the rules below it, as new and as one that stays what it is. */
static void check_default_by_rules(const struct path *at, schema_props *schema,
				   const struct value *value)
{
	struct rule_set *set = rule_set_new(schema, schema->x_kubernetes_embedded_resource);
	uint64_t cost = 0;
	struct rule_task task = { .set = set,
				  .value = value,
				  .old = value,
				  .base = path_text(at),
				  .faults = path_faults(at),
				  .cost = &cost };
	uint32_t before = path_faults(at)->len;

	rule_set_check(&task);
	task.old = NULL;
	if (path_faults(at)->len == before)
		rule_set_check(&task);
	rule_set_free(set);
}

static void check_default(const struct path *at, schema_props *schema)
{
	uint32_t before = path_faults(at)->len;
	struct arena *arena = path_arena(at);
	const struct path *here = PATH(at, "default");
	struct value value;
	struct judge_task task = {
		.schema = schema, .value = &value, .base = path_text(here), .arena = arena
	};

	if (value_parse(schema->default_, arena, &value) != OK)
		return;
	if (has_unknown(schema, &value))
		path_fault(here, FAULT_INVALID, value_shown(&value, arena),
			   "must not have unknown fields");
	judge_check(&task, path_faults(at));
	if (path_faults(at)->len == before)
		check_default_by_rules(here, schema, &value);
}

/* Those of metadata are what they are; those in maps belong to no place. */
void definition_schema_check_defaults(const struct path *at, schema_props *schema)
{
	if (schema->default_.at != NULL)
		check_default(at, schema);
	if (props_items(schema) != NULL)
		definition_schema_check_defaults(PATH(at, "items"), props_items(schema));
	for (uint32_t i = 0; i < schema->properties.len; i++)
		definition_schema_check_defaults(
		    PATH_KEY(PATH(at, "properties"), schema->properties.at[i].key),
		    &schema->properties.at[i].value);
}
