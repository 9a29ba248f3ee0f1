#include "datastore/custom/rule/rule-set.h"

#include "datastore/cel/value/escape.h"
#include "datastore/custom/props.h"
#include "datastore/custom/rule/field-path.h"
#include "datastore/custom/rule/rule-private.h"
#include "runtime/base/limits.h"
#include "runtime/base/mem.h"

#define DEPTH_MAX (2 * LIMIT_NESTING)

static bool has_any(schema_props *schema, uint32_t depth)
{
	if (schema == NULL || depth > DEPTH_MAX)
		return false;
	if (schema->x_kubernetes_validations.len > 0 || has_any(props_items(schema), depth + 1) ||
	    has_any(props_values(schema), depth + 1))
		return true;
	for (uint32_t i = 0; i < schema->properties.len; i++)
		if (has_any(&schema->properties.at[i].value, depth + 1))
			return true;
	return false;
}

bool rule_set_is_empty(const struct rule_set *set)
{
	return set->root == NULL;
}

/* ---- making -------------------------------------------------------------------------------------------------------- */

static bool make(struct rule_set *set, schema_props *schema, const struct cel_type *type,
		 struct rule_node *out, uint32_t depth);

static void make_rules(struct rule_set *set, const struct cel_type *type, struct rule_node *out)
{
	struct apiextensions_validation_rule_list list = out->schema->x_kubernetes_validations;

	out->rule_count = list.len;
	out->rules = arena_array(set->arena, struct compiled_rule, list.len);
	out->paths = arena_array(set->arena, struct str, list.len);
	for (uint32_t i = 0; i < list.len; i++) {
		compiled_rule_make(&list.at[i], type, set->arena, &out->rules[i]);
		if (list.at[i].field_path.len > 0 &&
		    !field_path_read(list.at[i].field_path, out->schema, set->arena, &out->paths[i]))
			out->paths[i] = STR_NONE;
	}
}

static struct rule_node *make_inner(struct rule_set *set, schema_props *schema,
				    const struct cel_type *type, uint32_t depth)
{
	struct rule_node node;

	if (schema == NULL || type == NULL || !make(set, schema, type, &node, depth + 1))
		return NULL;
	return arena_copy(set->arena, &node, sizeof node);
}

/* The type of a property: a field of the object's, or its own when no expression can write its name. */
static const struct cel_type *member_type(struct rule_set *set, const struct cel_type *type,
					  struct str name, schema_props *schema)
{
	struct str escaped;
	int64_t bytes;

	if (!escape_name(name, set->arena, &escaped))
		return declare_type(schema, schema->x_kubernetes_embedded_resource, set->arena,
				    &bytes);
	return type->kind == CEL_OBJECT ? cel_type_field(type, escaped, set->arena) : NULL;
}

static void make_members(struct rule_set *set, const struct cel_type *type, struct rule_node *out,
			 uint32_t depth)
{
	schema_props *schema = out->schema;

	out->members = arena_array(set->arena, struct rule_member, schema->properties.len);
	for (uint32_t i = 0; i < schema->properties.len; i++) {
		struct rule_member *member = &out->members[out->member_count];
		schema_props *inner = &schema->properties.at[i].value;
		const struct cel_type *inner_type;

		if (!has_any(inner, depth))
			continue;
		member->name = schema->properties.at[i].key;
		inner_type = member_type(set, type, member->name, inner);
		if (inner_type != NULL && make(set, inner, inner_type, &member->node, depth + 1))
			out->member_count++;
	}
}

/* false: there are no rules at or below it. */
static bool make(struct rule_set *set, schema_props *schema, const struct cel_type *type,
		 struct rule_node *out, uint32_t depth)
{
	*out = (struct rule_node){ .schema = schema };
	if (depth > DEPTH_MAX || !has_any(schema, depth))
		return false;
	make_rules(set, type, out);
	if (type->kind == CEL_LIST)
		out->items = make_inner(set, props_items(schema), type->param, depth);
	if (type->kind == CEL_MAP)
		out->values = make_inner(set, props_values(schema), type->value, depth);
	make_members(set, type, out, depth);
	return out->rule_count > 0 || out->items != NULL || out->values != NULL ||
	       out->member_count > 0;
}

struct rule_set *rule_set_new(schema_props *schema, bool is_root)
{
	struct rule_set *set = mem_new(struct rule_set);
	const struct cel_type *type;
	struct rule_node node;
	int64_t bytes;

	set->arena = arena_new(0);
	if (!has_any(schema, 0))
		return set;
	type = declare_type(schema, is_root, set->arena, &bytes);
	if (type != NULL && make(set, schema, type, &node, 0))
		set->root = arena_copy(set->arena, &node, sizeof node);
	return set;
}

static void fini(struct rule_node *node)
{
	for (uint32_t i = 0; i < node->rule_count; i++)
		compiled_rule_fini(&node->rules[i]);
	if (node->items != NULL)
		fini(node->items);
	if (node->values != NULL)
		fini(node->values);
	for (uint32_t i = 0; i < node->member_count; i++)
		fini(&node->members[i].node);
}

void rule_set_free(struct rule_set *set)
{
	if (set == NULL)
		return;
	if (set->root != NULL)
		fini(set->root);
	arena_free(set->arena);
	mem_free(set);
}
