#include "datastore/custom/embedded.h"

#include "datastore/custom/props.h"
#include "datastore/object/name.h"
#include "runtime/base/limits.h"

static struct str join(struct arena *arena, struct str path, struct str name)
{
	return arena_printf(arena, STR_FMT "%s" STR_FMT, STR_ARG(path), path.len > 0 ? "." : "",
			    STR_ARG(name));
}

/* More than one slash. */
static bool is_group_version(struct str text)
{
	struct str rest = text;

	str_cut(&rest, '/');
	if (rest.at != NULL)
		str_cut(&rest, '/');
	return rest.at == NULL;
}

static struct str behind_value(const struct fault_item *item, struct str value, struct arena *arena)
{
	struct str head = arena_printf(arena, "%s: " STR_FMT ": ", fault_kind_text(item->kind),
				       STR_ARG(name_quoted(arena, value)));

	return str_starts(item->message, head)
		   ? str_slice(item->message, head.len, item->message.len)
		   : item->message;
}

static void check_kind(const struct value *value, struct str path, struct faults *faults)
{
	struct faults words = faults_in(faults->arena);

	if (name_check(NAME_DNS1035_LABEL, arena_lower(faults->arena, value->text), path, &words))
		return;
	/* The words alone: what stands behind the value. */
	faults_add(faults, FAULT_INVALID, path, value_shown(value, faults->arena),
		   "may have mixed case, but should otherwise match: " STR_FMT,
		   STR_ARG(behind_value(&words.at[0], arena_lower(faults->arena, value->text),
					faults->arena)));
}

static void check_word(const struct value *object, const char *name, struct str up,
		       struct faults *faults)
{
	struct str path = join(faults->arena, up, str_from(name));
	const struct value *value = value_member(object, str_from(name));
	struct str shown = value ? value_shown(value, faults->arena) : STR_NONE;

	if (value == NULL)
		faults_add(faults, FAULT_REQUIRED, path, STR_NONE, "%s", "");
	else if (value->kind != VALUE_STRING)
		faults_add(faults, FAULT_INVALID, path, shown, "must be a string");
	else if (value->text.len == 0)
		faults_add(faults, FAULT_INVALID, path, shown, "must not be empty");
	else if (str_is(STR("kind"), name))
		check_kind(value, path, faults);
	else if (!is_group_version(value->text))
		faults_add(faults, FAULT_INVALID, path, shown,
			   "unexpected GroupVersion string: " STR_FMT, STR_ARG(value->text));
}

static void check(schema_props *schema, const struct value *value, struct str path,
		  struct faults *faults, uint32_t depth);

static void check_members(schema_props *schema, const struct value *value, struct str path,
			  struct faults *faults, uint32_t depth)
{
	struct arena *arena = faults->arena;
	const struct apiextensions_json_schema_props_or_bool *more = schema->additional_properties;

	for (uint32_t i = 0; i < schema->properties.len; i++) {
		struct str name = schema->properties.at[i].key;
		const struct value *member = value_member(value, name);

		if (member != NULL)
			check(&schema->properties.at[i].value, member, join(arena, path, name),
			      faults, depth + 1);
	}
	for (uint32_t i = 0; more != NULL && more->schema != NULL && i < value->len; i++)
		check(more->schema, &value->members[i].value,
		      arena_printf(arena, STR_FMT "[" STR_FMT "]", STR_ARG(path),
				   STR_ARG(value->members[i].name)),
		      faults, depth + 1);
}

static void check(schema_props *schema, const struct value *value, struct str path,
		  struct faults *faults, uint32_t depth)
{
	if (schema == NULL || depth > LIMIT_NESTING)
		return;
	if (value->kind == VALUE_MAP && schema->x_kubernetes_embedded_resource) {
		check_word(value, "apiVersion", path, faults);
		check_word(value, "kind", path, faults);
	}
	if (value->kind == VALUE_MAP)
		check_members(schema, value, path, faults, depth);
	for (uint32_t i = 0; value->kind == VALUE_LIST && schema->items != NULL && i < value->len;
	     i++)
		check(schema->items->schema, &value->items[i],
		      arena_printf(faults->arena, STR_FMT "[%u]", STR_ARG(path), i), faults,
		      depth + 1);
}

/* Whether there is any: most schemas have none, and cost nothing then. */
static bool has_any(schema_props *schema, uint32_t depth)
{
	if (schema == NULL || depth > LIMIT_NESTING)
		return false;
	if (schema->x_kubernetes_embedded_resource)
		return true;
	for (uint32_t i = 0; i < schema->properties.len; i++)
		if (has_any(&schema->properties.at[i].value, depth + 1))
			return true;
	return has_any(props_items(schema), depth + 1) || has_any(props_values(schema), depth + 1);
}

void embedded_check(schema_props *schema, const struct value *value, struct faults *faults)
{
	if (has_any(schema, 0))
		check(schema, value, STR(""), faults, 0);
}
