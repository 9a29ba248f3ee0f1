#include "datastore/schema/custom.h"

#include <assert.h>

#include "datastore/schema/build.h"
#include "datastore/schema/meta.h"
#include "runtime/base/arena.h"
#include "runtime/base/limits.h"

/* Prefix of the names of all types made here; generated ones have others. */
#define CUSTOM_PREFIX STR("custom")

struct make {
	struct type_set *set;
	struct arena *arena;
	const struct type *like; /* group, version and kind of all */
	struct fault *why;
};

static enum status make_value(struct make *m, const struct apiextensions_json_schema_props *schema,
			      struct field *field, uint32_t depth);

static struct str keep(const struct make *m, struct str s)
{
	return arena_str(m->arena, s);
}

static struct distance copy_list(struct arena *arena, struct str_list list)
{
	struct text_distance *copy = arena_array(arena, struct text_distance, list.len + 1);

	for (uint32_t i = 0; i < list.len; i++)
		copy[i] = distance_to_text(arena_str(arena, list.at[i]));
	return distance_to(copy, schema_texts);
}

/* What is said beside the type: default, and how server-side apply owns it. */
static void set_rules(const struct make *m, const struct apiextensions_json_schema_props *schema,
		      struct field *field)
{
	struct str_list keys = schema->x_kubernetes_list_map_keys;
	bool is_list = field->shape == SHAPE_LIST;
	struct field_rules *rules;

	if (is_list && str_is(schema->x_kubernetes_list_type, "map"))
		field->flags |= FIELD_MAP;
	else if (is_list && str_is(schema->x_kubernetes_list_type, "set"))
		field->flags |= FIELD_SET;
	else if (is_list || str_is(schema->x_kubernetes_map_type, "atomic"))
		field->flags |= FIELD_ATOMIC;
	if (schema->default_.at == NULL && !(field->flags & FIELD_MAP))
		return;
	rules = arena_new_of(m->arena, struct field_rules);
	rules->default_json = distance_to_text(keep(m, schema->default_));
	if (field->flags & FIELD_MAP) {
		rules->keys = copy_list(m->arena, keys);
		rules->key_count = (uint16_t)keys.len;
	}
	field->rules = distance_to(rules, schema_rules);
}

static bool is_required(const struct apiextensions_json_schema_props *schema, struct str name)
{
	for (uint32_t i = 0; i < schema->required.len; i++)
		if (str_eq(schema->required.at[i], name))
			return true;
	return false;
}

/* The members that every object has and that say the same in every schema. */
static bool is_fixed(struct str name)
{
	return str_is(name, "apiVersion") || str_is(name, "kind") || str_is(name, "metadata");
}

/* The object's own is always there, as of every kind. */
static void add_metadata(struct field *fields, uint32_t *count, bool is_root)
{
	fields[(*count)++] = (struct field){
		.name = distance_to_text(STR("metadata")),
		.type = distance_to(&meta_object_meta_type, schema_types),
		.flags = is_root ? 0 : FIELD_PTR,
		.kind = KIND_MESSAGE,
	};
}

static void add_text(struct field *fields, uint32_t *count, const char *name)
{
	fields[(*count)++] = (struct field){ .name = distance_to_text(str_from(name)),
					     .flags = FIELD_PTR | FIELD_LOOSE,
					     .kind = KIND_STRING };
}

static enum status add_properties(struct make *m,
				  const struct apiextensions_json_schema_props *schema,
				  bool has_fixed, struct field *fields, uint32_t *count,
				  uint32_t depth)
{
	struct apiextensions_json_schema_props_map properties = schema->properties;

	for (uint32_t i = 0; i < properties.len; i++) {
		struct str name = properties.at[i].key;
		struct field field = { .name = distance_to_text(keep(m, name)), .flags = FIELD_PTR };
		if (has_fixed && is_fixed(name))
			continue;
		TRY(make_value(m, &properties.at[i].value, &field, depth + 1));
		field.flags |= FIELD_LOOSE;
		if (properties.at[i].value.nullable)
			field.flags |= FIELD_NULLABLE;
		if (is_required(schema, name))
			field.flags |= FIELD_REQUIRED;
		fields[(*count)++] = field;
	}
	return OK;
}

/* Whether members that the schema does not name are kept. */
static bool keeps_unknown(const struct apiextensions_json_schema_props *schema)
{
	const struct apiextensions_json_schema_props_or_bool *more = schema->additional_properties;

	return schema->x_kubernetes_preserve_unknown_fields ||
	       (more != NULL && more->schema == NULL && more->allows);
}

/* An object with properties of its own; the last field takes what none of the others can. */
static enum status make_object(struct make *m, const struct apiextensions_json_schema_props *schema,
			       const struct type *like, const struct type **out, uint32_t depth)
{
	bool is_root = (like->flags & TYPE_KIND) != 0;
	bool is_embedded = schema->x_kubernetes_embedded_resource;
	struct type type = *like;
	uint32_t count = 0;

	if (depth >= LIMIT_NESTING || schema->properties.len > BUILD_FIELDS_MAX - 4)
		return fault_set(m->why, INVALID, "spec.versions",
				 "the schema is nested too deep or has too many members");
	struct field *fields = arena_array(m->arena, struct field, schema->properties.len + 4);
	if (is_embedded) {
		add_text(fields, &count, "apiVersion");
		add_text(fields, &count, "kind");
	}
	if (is_root || is_embedded)
		add_metadata(fields, &count, is_root);
	TRY(add_properties(m, schema, is_root || is_embedded, fields, &count, depth));
	/* Never a member's name: JSON names come through `slots`, where this one is not. */
	fields[count++] = (struct field){ .name = distance_to_text(STR("")),
					  .flags = FIELD_PTR | FIELD_NOT_JSON,
					  .kind = KIND_ANY,
					  .shape = SHAPE_MAP };
	type.rest = (uint16_t)count;
	if (!keeps_unknown(schema))
		type.flags |= TYPE_PRUNED;
	if (str_is(schema->x_kubernetes_map_type, "atomic"))
		type.flags |= TYPE_ATOMIC;
	type.fields = distance_to(fields, schema_fields);
	type.field_count = (uint16_t)count;
	*out = build_type(m->set, &type);
	return OK;
}

/* Of a message below the root. */
static struct type inner_like(const struct make *m, enum form form)
{
	return (struct type){ .name = m->like->name,
			      .prefix = distance_to_text(CUSTOM_PREFIX),
			      .group = m->like->group,
			      .version = m->like->version,
			      .flags = TYPE_SORTED | TYPE_JSON_ONLY,
			      .form = (uint8_t)form };
}

/* Makes a list or map of what the field holds; one that is a list or map already goes into a message without a name. */
static void make_many(struct make *m, struct field *field, enum shape shape)
{
	if (field->shape != SHAPE_ONE) {
		struct type like = inner_like(m, FORM_BARE);
		struct field *items = arena_copy(m->arena, field, sizeof *field);
		items->name = distance_to_text(STR("items"));
		items->flags |= FIELD_LOOSE;
		like.fields = distance_to(items, schema_fields);
		like.field_count = 1;
		*field =
		    (struct field){ .name = field->name,
				    .flags = FIELD_PTR,
				    .kind = KIND_MESSAGE,
				    .type = distance_to(build_type(m->set, &like), schema_types) };
	}
	field->shape = (uint8_t)shape;
	/* What the elements say of themselves is not said of the whole. */
	field->rules = (struct distance){ 0 };
	field->flags = FIELD_PTR;
}

static enum status make_list(struct make *m, const struct apiextensions_json_schema_props *schema,
			     struct field *field, uint32_t depth)
{
	if (schema->items == NULL || schema->items->schema == NULL) {
		field->kind = KIND_ANY;
		field->shape = SHAPE_LIST;
		return OK;
	}
	TRY(make_value(m, schema->items->schema, field, depth + 1));
	make_many(m, field, SHAPE_LIST);
	return OK;
}

static enum status make_map(struct make *m, const struct apiextensions_json_schema_props *schema,
			    struct field *field, uint32_t depth)
{
	if (schema->additional_properties->schema == NULL) {
		field->kind = KIND_ANY;
		field->shape = SHAPE_MAP;
		return OK;
	}
	TRY(make_value(m, schema->additional_properties->schema, field, depth + 1));
	make_many(m, field, SHAPE_MAP);
	if (schema->additional_properties->schema->nullable)
		field->flags |= FIELD_NULL_VALUES;
	return OK;
}

static enum status make_object_value(struct make *m,
				     const struct apiextensions_json_schema_props *schema,
				     struct field *field, uint32_t depth)
{
	struct type like = inner_like(m, FORM_OBJECT);
	const struct apiextensions_json_schema_props_or_bool *more = schema->additional_properties;
	bool is_map = more != NULL && (more->schema != NULL || more->allows);
	const struct type *type;

	if (is_map && schema->properties.len == 0)
		return make_map(m, schema, field, depth);
	if (schema->properties.len == 0 && schema->x_kubernetes_preserve_unknown_fields &&
	    !schema->x_kubernetes_embedded_resource) {
		field->kind = KIND_ANY;
		return OK;
	}
	field->kind = KIND_MESSAGE;
	TRY(make_object(m, schema, &like, &type, depth));
	field->type = distance_to(type, schema_types);
	return OK;
}

/* A scalar's kind; KIND_ANY for what the schema leaves open. */
static enum kind scalar_kind(const struct apiextensions_json_schema_props *schema)
{
	if (schema->x_kubernetes_int_or_string)
		return KIND_INT_OR_STRING;
	if (str_is(schema->type, "string"))
		return KIND_STRING;
	if (str_is(schema->type, "integer"))
		return KIND_INT64;
	if (str_is(schema->type, "number"))
		return KIND_DOUBLE;
	return str_is(schema->type, "boolean") ? KIND_BOOL : KIND_ANY;
}

static enum status make_value(struct make *m, const struct apiextensions_json_schema_props *schema,
			      struct field *field, uint32_t depth)
{
	enum status status = OK;

	if (depth >= LIMIT_NESTING)
		return fault_set(m->why, INVALID, "spec.versions", "the schema is nested too deep");
	if (str_is(schema->type, "object"))
		status = make_object_value(m, schema, field, depth);
	else if (str_is(schema->type, "array"))
		status = make_list(m, schema, field, depth);
	else
		field->kind = (uint8_t)scalar_kind(schema);
	if (status == OK)
		set_rules(m, schema, field);
	return status;
}

static const struct type *make_list_kind(const struct make *m, const struct type *object,
					 struct str kind)
{
	struct field *fields = arena_array(m->arena, struct field, 2);
	struct type like = *m->like;

	fields[0] = (struct field){ .name = distance_to_text(STR("metadata")),
				    .type = distance_to(&meta_list_meta_type, schema_types),
				    .flags = FIELD_ALWAYS,
				    .kind = KIND_MESSAGE };
	fields[1] = (struct field){ .name = distance_to_text(STR("items")),
				    .type = distance_to(object, schema_types),
				    .flags = FIELD_ALWAYS | FIELD_REQUIRED | FIELD_TYPED,
				    .kind = KIND_MESSAGE,
				    .shape = SHAPE_LIST };
	like.name = like.kind = distance_to_text(kind);
	like.flags = TYPE_KIND | TYPE_LIST | TYPE_SORTED | TYPE_JSON_ONLY;
	like.resource = (struct text_distance){ 0 };
	like.short_name_count = like.category_count = like.subresource_count = 0;
	like.selectable_count = 0;
	like.item = distance_to(object, schema_types);
	like.fields = distance_to(fields, schema_fields);
	like.field_count = 2;
	return build_type(m->set, &like);
}

static const struct apiextensions_custom_resource_definition_version *
find_version(const struct apiextensions_custom_resource_definition_spec *spec, struct str name)
{
	for (uint32_t i = 0; i < spec->versions.len; i++)
		if (str_eq(spec->versions.at[i].name, name))
			return &spec->versions.at[i];
	return NULL;
}

/* By name, as discovery lists them. */
static void set_subresources(struct type *type, struct arena *arena,
			     const struct apiextensions_custom_resource_definition_version *version)
{
	const struct apiextensions_custom_resource_subresources *from = version->subresources;
	struct text_distance *names = arena_array(arena, struct text_distance, 2);

	type->subresources = distance_to(names, schema_texts);
	if (from != NULL && from->scale != NULL)
		names[type->subresource_count++] = distance_to_text(STR("scale"));
	if (from != NULL && from->status != NULL)
		names[type->subresource_count++] = distance_to_text(STR("status"));
}

static void set_selectable(struct type *type, struct arena *arena,
			   struct apiextensions_selectable_field_list list)
{
	struct text_distance *paths = arena_array(arena, struct text_distance, list.len + 1);

	for (uint32_t i = 0; i < list.len; i++) {
		struct str path = list.at[i].json_path;

		if (path.len > 1 && path.at[0] == '.')
			paths[type->selectable_count++] =
			    distance_to_text(arena_str(arena, str_slice(path, 1, path.len)));
	}
	type->selectable = distance_to(paths, schema_texts);
}

static struct type root_like(struct arena *arena,
			     const struct apiextensions_custom_resource_definition_spec *spec,
			     const struct apiextensions_custom_resource_definition_version *version)
{
	const struct apiextensions_custom_resource_definition_names *names = spec->names;
	struct text_distance kind = distance_to_text(arena_str(arena, names->kind));

	struct type type = {
		.name = kind,
		.prefix = distance_to_text(CUSTOM_PREFIX),
		.group = distance_to_text(arena_str(arena, spec->group)),
		.version = distance_to_text(arena_str(arena, version->name)),
		.kind = kind,
		.resource = distance_to_text(arena_str(arena, names->plural)),
		.short_names = copy_list(arena, names->short_names),
		.short_name_count = (uint16_t)names->short_names.len,
		.categories = copy_list(arena, names->categories),
		.category_count = (uint16_t)names->categories.len,
		.flags = TYPE_KIND | TYPE_SORTED | TYPE_JSON_ONLY |
			 (str_is(spec->scope, "Namespaced") ? TYPE_NAMESPACED : TYPE_CLUSTER),
	};

	set_subresources(&type, arena, version);
	set_selectable(&type, arena, version->selectable_fields);
	return type;
}

enum status custom_types_of(const struct apiextensions_custom_resource_definition_spec *spec,
			    struct str version, struct custom_types *out, struct fault *why)
{
	static const struct apiextensions_json_schema_props anything = {
		.has.x_kubernetes_preserve_unknown_fields = true,
		.x_kubernetes_preserve_unknown_fields = true
	};
	const struct apiextensions_custom_resource_definition_version *chosen =
	    find_version(spec, version);

	if (chosen == NULL)
		return fault_set(why, NOT_FOUND, "spec.versions", "there is no such version");
	struct type_set *set = type_set_new();
	struct arena *arena = type_set_arena(set);
	struct type like = root_like(arena, spec, chosen);
	struct make m = { .set = set, .arena = arena, .like = &like, .why = why };
	const struct apiextensions_json_schema_props *schema =
	    chosen->schema != NULL ? chosen->schema->open_api_v3_schema : NULL;
	struct custom_types types = { .set = set };
	enum status status =
	    make_object(&m, schema != NULL ? schema : &anything, &like, &types.object, 0);

	if (status != OK) {
		type_set_unref(set);
		return status;
	}
	types.list = make_list_kind(&m, types.object, arena_str(arena, spec->names->list_kind));
	*out = types;
	return OK;
}
