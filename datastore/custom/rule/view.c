#include "datastore/custom/rule/view.h"

#include "datastore/cel/library/moment.h"
#include "datastore/cel/value/escape.h"
#include "datastore/custom/props.h"
#include "runtime/base/time/time.h"
#include "transport/wire/base64.h"

static struct cel_value wrong(struct arena *arena, const char *words)
{
	return cel_value_error(arena, "invalid data, expected %s", words);
}

/* ---- scalars ----------------------------------------------------------------------------------------------------- */

static struct cel_value view_time(struct str text, bool is_date, struct arena *arena)
{
	struct cel_value out = { .kind = CEL_TIMESTAMP };

	if (is_date ? moment_parse_date(text, &out.moment) : moment_parse(text, &out.moment))
		return out;
	return cel_value_error(arena, "Invalid %s formatted string " STR_FMT,
			       is_date ? "date" : "date-time", STR_ARG(text));
}

static struct cel_value view_string(const struct value *value, struct str format,
				    struct arena *arena)
{
	struct cel_value out = { .kind = CEL_DURATION };

	if (value->kind != VALUE_STRING)
		return wrong(arena, "string");
	if (str_is(format, "date") || str_is(format, "date-time"))
		return view_time(value->text, str_is(format, "date"), arena);
	if (str_is(format, "duration")) {
		if (time_parse_duration(value->text, &out.integer) == OK)
			return out;
		return cel_value_error(arena, "Invalid duration " STR_FMT, STR_ARG(value->text));
	}
	if (str_is(format, "byte")) {
		out.kind = CEL_BYTES;
		if (base64_decode(BASE64_STANDARD, value->text, arena, &out.text, NULL) == OK)
			return out;
		return cel_value_error(arena, "Invalid byte formatted string " STR_FMT,
				       STR_ARG(value->text));
	}
	return cel_string(value->text);
}

static struct cel_value view_number(const struct value *value, bool is_integer, struct arena *arena)
{
	int64_t whole = value->integer;

	if (value->kind != VALUE_INTEGER && value->kind != VALUE_DOUBLE)
		return wrong(arena, is_integer ? "int" : "float");
	if (!is_integer)
		return cel_double(value->kind == VALUE_INTEGER ? (double)value->integer
							       : value->number);
	if (value->kind == VALUE_DOUBLE && !cel_value_whole(value->number, &whole))
		return wrong(arena, "int");
	return cel_int(whole);
}

/* ---- lists, maps, objects ------------------------------------------------------------------------------------------- */

static struct cel_value view_item(const struct cel_list *list, uint32_t i, struct arena *arena)
{
	return view_value(&((const struct value *)list->at)->items[i], list->extra, arena);
}

static struct cel_value view_list(const struct value *value, schema_props *schema,
				  struct arena *arena)
{
	struct cel_list list = { .item = view_item,
				 .at = value,
				 .extra = schema != NULL ? props_items(schema) : NULL,
				 .len = value->len };

	if (schema != NULL && str_is(schema->x_kubernetes_list_type, "set"))
		list.keyed = CEL_LIST_SET;
	if (schema != NULL && str_is(schema->x_kubernetes_list_type, "map")) {
		list.keyed = CEL_LIST_MAP;
		list.keys = schema->x_kubernetes_list_map_keys.at;
		list.key_count = schema->x_kubernetes_list_map_keys.len;
	}
	return (struct cel_value){ .kind = CEL_LIST, .list = arena_copy(arena, &list, sizeof list) };
}

/* Of a member: what its property says, or what all say. */
static schema_props *member_schema(schema_props *schema, struct str name)
{
	schema_props *property;

	if (schema == NULL)
		return NULL;
	property = props_property(schema, name);
	return property != NULL ? property : props_values(schema);
}

static bool view_get(const struct cel_map *map, struct cel_value key, struct arena *arena,
		     struct cel_value *out)
{
	const struct value *member;
	struct str name = key.text;

	if (key.kind != CEL_STRING)
		return false;
	if (map->type != NULL && !escape_undo(key.text, arena, &name))
		return false;
	member = value_member(map->at, name);
	if (member == NULL)
		return false;
	if (out != NULL)
		*out = view_value(member, member_schema(map->extra, name), arena);
	return true;
}

static void view_entry(const struct cel_map *map, uint32_t i, struct arena *arena,
		       struct cel_value *key, struct cel_value *value)
{
	const struct value_member *member = &((const struct value *)map->at)->members[i];
	struct str name = member->name;

	if (map->type != NULL && !escape_name(member->name, arena, &name))
		name = member->name;
	*key = cel_string(name);
	if (value != NULL)
		*value = view_value(&member->value, member_schema(map->extra, member->name), arena);
}

static struct cel_value view_map(const struct value *value, schema_props *schema,
				 struct arena *arena)
{
	bool is_object = schema != NULL && props_values(schema) == NULL;
	struct cel_map map = { .get = view_get,
			       .entry = view_entry,
			       .type = is_object ? cel_type_of(CEL_OBJECT) : NULL,
			       .at = value,
			       .extra = schema,
			       .len = value->len };

	return (struct cel_value){ .kind = is_object ? CEL_OBJECT : CEL_MAP,
				   .map = arena_copy(arena, &map, sizeof map) };
}

/* Without a schema: as it stands in the JSON. */
static struct cel_value view_plain(const struct value *value, struct arena *arena)
{
	switch (value->kind) {
	case VALUE_NULL: return CEL_VALUE_NULL;
	case VALUE_BOOL: return cel_bool(value->is_true);
	case VALUE_INTEGER: return cel_int(value->integer);
	case VALUE_DOUBLE: return cel_double(value->number);
	case VALUE_STRING: return cel_string(value->text);
	case VALUE_LIST: return view_list(value, NULL, arena);
	case VALUE_MAP: return view_map(value, NULL, arena);
	}
	return CEL_VALUE_NULL;
}

static struct cel_value view_int_or_string(const struct value *value, struct arena *arena)
{
	if (value->kind == VALUE_INTEGER || value->kind == VALUE_STRING)
		return view_plain(value, arena);
	return wrong(arena, "XIntOrString value to be either a string or integer");
}

struct cel_value view_value(const struct value *value, schema_props *schema, struct arena *arena)
{
	if (schema == NULL)
		return view_plain(value, arena);
	if (value->kind == VALUE_NULL)
		return schema->nullable
			   ? CEL_VALUE_NULL
			   : cel_value_error(arena, "invalid data, got null for schema with "
						    "nullable=false");
	if (schema->x_kubernetes_int_or_string)
		return view_int_or_string(value, arena);
	if (str_is(schema->type, "object"))
		return value->kind == VALUE_MAP ? view_map(value, schema, arena)
						: wrong(arena, "a map for the provided schema "
							       "with type=object");
	if (str_is(schema->type, "array"))
		return value->kind == VALUE_LIST ? view_list(value, schema, arena)
						 : wrong(arena, "an array for the provided schema "
								"with type=array");
	if (str_is(schema->type, "string"))
		return view_string(value, schema->format, arena);
	if (str_is(schema->type, "number") || str_is(schema->type, "integer"))
		return view_number(value, str_is(schema->type, "integer"), arena);
	if (str_is(schema->type, "boolean"))
		return value->kind == VALUE_BOOL ? cel_bool(value->is_true) : wrong(arena, "bool");
	return view_plain(value, arena);
}
