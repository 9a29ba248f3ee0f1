#include "datastore/custom/judge-private.h"
#include "datastore/custom/list-type.h"
#include "datastore/custom/props.h"

/* Objects, maps and lists: how many, which must be there, and each part by its own schema. */

static bool is_type_meta(struct str name)
{
	return str_is(name, "apiVersion") || str_is(name, "kind");
}

/* The member as it was; at the root the words that say the type are always new. */
static const struct value *old_member(const struct judge_visit *visit, struct str name)
{
	if (visit->old == NULL || visit->old->kind != VALUE_MAP ||
	    (visit->at == NULL && is_type_meta(name)))
		return NULL;
	return value_member(visit->old, name);
}

static void judge_member(const struct judge_visit *visit, struct judge_outcome *out,
			 const struct value_member *member, schema_props *schema, bool is_key)
{
	struct judge_place at = { .up = visit->at, .name = member->name, .is_key = is_key };

	judge_part(&(struct judge_visit){ .run = visit->run,
					  .schema = schema,
					  .value = &member->value,
					  .old = old_member(visit, member->name),
					  .at = &at,
					  .depth = visit->depth + 1 },
		   out);
}

static void judge_members(const struct judge_visit *visit, struct judge_outcome *out)
{
	const struct apiextensions_json_schema_props_or_bool *more =
	    visit->schema->additional_properties;

	for (uint32_t i = 0; i < visit->value->len; i++) {
		const struct value_member *member = &visit->value->members[i];
		schema_props *own = props_property(visit->schema, member->name);

		if (own != NULL)
			judge_member(visit, out, member, own, false);
		else if (more != NULL && more->schema != NULL)
			judge_member(visit, out, member, more->schema, true);
		else if (more != NULL && !more->allows)
			judge_add(visit, out, FAULT_INVALID, judge_path(visit), STR("\"\""),
				  STR_FMT "." STR_FMT " in body is a forbidden property",
				  STR_ARG(judge_path(visit)), STR_ARG(member->name));
	}
}

void judge_object(const struct judge_visit *visit, struct judge_outcome *out)
{
	schema_props *schema = visit->schema;
	struct arena *arena = judge_arena(visit);
	int64_t len = visit->value->len;
	struct str path;

	if (schema->has.min_properties && len < schema->min_properties) {
		path = judge_path(visit);
		judge_add(visit, out, FAULT_INVALID, path, arena_printf(arena, "%jd", (intmax_t)len),
			  STR_FMT " in body should have at least %jd properties", STR_ARG(path),
			  (intmax_t)schema->min_properties);
	}
	if (schema->has.max_properties && len > schema->max_properties)
		judge_add(visit, out, FAULT_TOO_MANY, judge_path(visit),
			  arena_printf(arena, "%jd", (intmax_t)len), "must have at most %jd item%s",
			  (intmax_t)schema->max_properties, schema->max_properties == 1 ? "" : "s");
	judge_members(visit, out);
	for (uint32_t i = 0; i < schema->required.len; i++) {
		struct judge_place at = { .up = visit->at, .name = schema->required.at[i] };

		if (value_member(visit->value, at.name) == NULL)
			judge_add(visit, out, FAULT_REQUIRED, judge_path_of(arena, &at), STR_NONE,
				  "%s", "");
	}
}

static bool has_duplicates(const struct value *list)
{
	for (uint32_t i = 1; i < list->len; i++)
		for (uint32_t j = 0; j < i; j++)
			if (value_equal(&list->items[i], &list->items[j]))
				return true;
	return false;
}

static void judge_elements(const struct judge_visit *visit, struct judge_outcome *out,
			   schema_props *schema)
{
	struct list_type_index old = { 0 };

	if (visit->old != NULL && str_is(visit->schema->x_kubernetes_list_type, "map"))
		list_type_index(visit->schema, visit->old, judge_arena(visit), &old);
	for (uint32_t i = 0; i < visit->value->len; i++) {
		struct judge_place at = { .up = visit->at, .index = i };

		judge_part(
		    &(struct judge_visit){ .run = visit->run,
					   .schema = schema,
					   .value = &visit->value->items[i],
					   .old = list_type_find(&old, &visit->value->items[i]),
					   .at = &at,
					   .depth = visit->depth + 1 },
		    out);
	}
	list_type_forget(&old);
}

void judge_list(const struct judge_visit *visit, struct judge_outcome *out)
{
	schema_props *schema = visit->schema;
	struct arena *arena = judge_arena(visit);
	int64_t len = visit->value->len;
	struct str path;

	if (props_items(schema) != NULL)
		judge_elements(visit, out, props_items(schema));
	if (schema->has.min_items && len < schema->min_items) {
		path = judge_path(visit);
		judge_add(visit, out, FAULT_INVALID, path, arena_printf(arena, "%jd", (intmax_t)len),
			  STR_FMT " in body should have at least %jd items", STR_ARG(path),
			  (intmax_t)schema->min_items);
	}
	if (schema->has.max_items && len > schema->max_items)
		judge_add(visit, out, FAULT_TOO_MANY, judge_path(visit),
			  arena_printf(arena, "%jd", (intmax_t)len), "must have at most %jd item%s",
			  (intmax_t)schema->max_items, schema->max_items == 1 ? "" : "s");
	if (schema->unique_items && has_duplicates(visit->value)) {
		path = judge_path(visit);
		judge_add(visit, out, FAULT_INVALID, path, STR("\"\""),
			  STR_FMT " in body shouldn't contain duplicates", STR_ARG(path));
	}
	out->matches++;
}
