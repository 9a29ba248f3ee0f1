#include "datastore/custom/list-type.h"

#include "datastore/custom/props.h"
#include "runtime/base/limits.h"

#define ELEMENT_BYTES_MAX LIMIT_OBJECT_BYTES

/* A chain on the stack. */
struct place {
	const struct place *up;
	struct str name; /* absent: an element */
	uint32_t index;
	bool is_key;
};

static struct str path_of(struct arena *arena, const struct place *at)
{
	struct str up;

	if (at == NULL)
		return STR("");
	up = path_of(arena, at->up);
	if (at->name.at == NULL)
		return arena_printf(arena, STR_FMT "[%u]", STR_ARG(up), at->index);
	if (at->is_key)
		return arena_printf(arena, STR_FMT "[" STR_FMT "]", STR_ARG(up), STR_ARG(at->name));
	return arena_printf(arena, STR_FMT "%s" STR_FMT, STR_ARG(up), up.len > 0 ? "." : "",
			    STR_ARG(at->name));
}

/* The members that are keys; those that are not there count as such. */
static struct str key_of(schema_props *schema, const struct value *element, struct arena *arena)
{
	struct str_list keys = schema->x_kubernetes_list_map_keys;
	struct value_member *members = arena_array(arena, struct value_member, keys.len + 1);
	struct value key = { .kind = VALUE_MAP, .members = members };
	struct text out = text_in(arena, ELEMENT_BYTES_MAX);

	for (uint32_t i = 0; i < keys.len; i++) {
		const struct value *member = value_member(element, keys.at[i]);

		if (member != NULL)
			members[key.len++] = (struct value_member){ keys.at[i], *member };
	}
	value_write(&key, &out);
	return text_str(&out);
}

static struct str identity_of(schema_props *schema, const struct value *element, bool is_map,
			      struct arena *arena)
{
	struct text out = text_in(arena, ELEMENT_BYTES_MAX);

	if (is_map)
		return key_of(schema, element, arena);
	value_write(element, &out);
	return text_str(&out);
}

static bool has_only_objects(const struct value *list, const struct place *up, struct faults *faults)
{
	for (uint32_t i = 0; i < list->len; i++) {
		struct place at = { .up = up, .index = i };

		if (list->items[i].kind == VALUE_MAP || list->items[i].kind == VALUE_NULL)
			continue;
		faults_add(faults, FAULT_INVALID, path_of(faults->arena, &at),
			   value_shown(&list->items[i], faults->arena),
			   "must be an object for an array of list-type map");
		return false;
	}
	return true;
}

/* The second of equal ones is told, further ones are not. */
static void check_unique(schema_props *schema, const struct value *list, bool is_map,
			 const struct place *up, struct faults *faults)
{
	enum { ONCE = 1, AGAIN };
	struct map seen = { 0 };

	for (uint32_t i = 0; i < list->len; i++) {
		struct place at = { .up = up, .index = i };
		struct str identity = identity_of(schema, &list->items[i], is_map, faults->arena);
		uintptr_t before = (uintptr_t)map_get(&seen, identity);

		map_put(&seen, identity, (void *)(uintptr_t)(before == 0 ? ONCE : AGAIN));
		if (before != ONCE)
			continue;
		faults_add(faults, FAULT_DUPLICATE, path_of(faults->arena, &at),
			   is_map ? identity : value_shown(&list->items[i], faults->arena), "%s",
			   "");
	}
	map_fini(&seen);
}

static void check(schema_props *schema, const struct value *value, const struct place *up,
		  struct faults *faults, uint32_t depth);

static void check_list(schema_props *schema, const struct value *list, const struct place *up,
		       struct faults *faults, uint32_t depth)
{
	struct str type = schema->x_kubernetes_list_type;

	if (str_is(type, "set"))
		check_unique(schema, list, false, up, faults);
	else if (str_is(type, "map") && has_only_objects(list, up, faults))
		check_unique(schema, list, true, up, faults);
	for (uint32_t i = 0; i < list->len && schema->items != NULL; i++) {
		struct place at = { .up = up, .index = i };

		check(schema->items->schema, &list->items[i], &at, faults, depth + 1);
	}
}

static schema_props *schema_of(schema_props *schema, struct str name, bool *out_is_key)
{
	schema_props *own = props_property(schema, name);

	*out_is_key = own == NULL;
	return own != NULL ? own : props_values(schema);
}

static void check(schema_props *schema, const struct value *value, const struct place *up,
		  struct faults *faults, uint32_t depth)
{
	if (schema == NULL || depth > LIMIT_NESTING)
		return;
	if (value->kind == VALUE_LIST)
		check_list(schema, value, up, faults, depth);
	for (uint32_t i = 0; value->kind == VALUE_MAP && i < value->len; i++) {
		struct place at = { .up = up, .name = value->members[i].name };
		schema_props *inner = schema_of(schema, at.name, &at.is_key);

		check(inner, &value->members[i].value, &at, faults, depth + 1);
	}
}

void list_type_check(schema_props *schema, const struct value *value, struct faults *faults)
{
	check(schema, value, NULL, faults, 0);
}

void list_type_index(schema_props *schema, const struct value *list, struct arena *arena,
		     struct list_type_index *out)
{
	*out = (struct list_type_index){ .schema = schema, .arena = arena };
	for (uint32_t i = 0; list->kind == VALUE_LIST && i < list->len; i++)
		map_put(&out->by_key, key_of(schema, &list->items[i], arena), &list->items[i]);
}

const struct value *list_type_find(const struct list_type_index *index, const struct value *element)
{
	return index->schema != NULL
		   ? map_get(&index->by_key, key_of(index->schema, element, index->arena))
		   : NULL;
}

void list_type_forget(struct list_type_index *index)
{
	map_fini(&index->by_key);
}
