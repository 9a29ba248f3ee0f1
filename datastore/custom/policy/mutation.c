#include "datastore/custom/policy/mutation.h"

#include <stdlib.h>

#include "datastore/cel/library/show.h"
#include "datastore/cel/value/message.h"
#include "datastore/custom/record-patch.h"
#include "datastore/custom/value.h"
#include "datastore/object/apply/overlay.h"
#include "datastore/object/json.h"
#include "datastore/object/name.h"
#include "datastore/object/patch/operation.h"
#include "datastore/object/record.h"
#include "runtime/base/limits.h"
#include "transport/wire/base64.h"

#define WORDS_BYTES_MAX (16U * KIB)

static enum status refuse(struct str *words, struct str what)
{
	*words = what;
	return INVALID;
}

/* ---- values as JSON -------------------------------------------------------------------------------------------- */

struct making {
	struct arena *arena;
	uint32_t left;      /* how many values there may still be */
	struct str wrong;   /* why it is no JSON; absent: it is */
	struct text unlike; /* messages whose names do not follow their fields */
};

static struct value make_value(struct making *m, struct cel_value from, struct str path,
			       uint32_t depth);

static struct value no_value(struct making *m, struct str why)
{
	if (m->wrong.at == NULL)
		m->wrong = why;
	return (struct value){ .kind = VALUE_NULL };
}

static struct value text_value(struct str text)
{
	return (struct value){ .kind = VALUE_STRING, .text = text.at != NULL ? text : STR("") };
}

static struct value make_list(struct making *m, const struct cel_list *from, struct str path,
			      uint32_t depth)
{
	struct value out = { .kind = VALUE_LIST };

	if (from->len > m->left)
		return no_value(m, STR("the value is too large"));
	out.len = from->len;
	out.items = arena_array(m->arena, struct value, from->len);
	for (uint32_t i = 0; i < from->len && m->wrong.at == NULL; i++)
		out.items[i] = make_value(m, cel_list_item(from, i, m->arena), path, depth + 1);
	return out;
}

/* Whether the type is named after the path that leads to it from the outermost message. */
static void check_name(struct making *m, const struct cel_type *type, struct str path)
{
	if (str_eq(type->name, path))
		return;
	text_printf(&m->unlike,
		    "%sunexpected type name \"" STR_FMT "\", expected \"" STR_FMT
		    "\", which matches field name path from root Object type",
		    m->unlike.len > 0 ? "\n" : "", STR_ARG(type->name), STR_ARG(path));
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct value_member *)a)->name,
		       ((const struct value_member *)b)->name);
}

static struct value make_map(struct making *m, const struct cel_map *from, struct str path,
			     uint32_t depth)
{
	bool is_message = from->type != NULL && message_is(from->type);
	struct value out = { .kind = VALUE_MAP };

	if (from->len > m->left)
		return no_value(m, STR("the value is too large"));
	if (is_message)
		check_name(m, from->type, path);
	out.members = arena_array(m->arena, struct value_member, from->len);
	for (uint32_t i = 0; i < from->len && m->wrong.at == NULL; i++) {
		struct value_member *member = &out.members[out.len++];
		struct cel_value key, value;
		struct str below = path;

		from->entry(from, i, m->arena, &key, &value);
		if (key.kind != CEL_STRING)
			return no_value(m, STR("a key of a map is no string"));
		if (is_message)
			below = arena_printf(m->arena, STR_FMT "." STR_FMT, STR_ARG(path),
					     STR_ARG(key.text));
		member->name = key.text;
		member->value = make_value(m, value, below, depth + 1);
	}
	if (out.len > 1)
		qsort(out.members, out.len, sizeof *out.members, by_name);
	return out;
}

static struct value make_text(struct making *m, struct cel_value from)
{
	struct text out = text_in(m->arena, LIMIT_RECORD_BYTES);
	struct str shown;

	if (from.kind == CEL_BYTES) {
		base64_encode(BASE64_STANDARD, from.text, &out);
		return text_value(text_str(&out));
	}
	if ((from.kind == CEL_TIMESTAMP || from.kind == CEL_DURATION) &&
	    show_plain(from, m->arena, &shown))
		return text_value(shown);
	return no_value(m, arena_printf(m->arena, "a value of type " STR_FMT " is no JSON",
					STR_ARG(cel_type_name(cel_value_type(from)))));
}

static struct value make_value(struct making *m, struct cel_value from, struct str path,
			       uint32_t depth)
{
	if (m->left == 0 || depth > LIMIT_NESTING)
		return no_value(m, STR("the value is too large"));
	m->left--;
	switch (from.kind) {
	case CEL_ERROR: return no_value(m, from.text);
	case CEL_NULL: return (struct value){ .kind = VALUE_NULL };
	case CEL_BOOL: return (struct value){ .kind = VALUE_BOOL, .is_true = from.is_true };
	case CEL_INT: return (struct value){ .kind = VALUE_INTEGER, .integer = from.integer };
	case CEL_UINT:
		if (from.natural > INT64_MAX)
			return (struct value){ .kind = VALUE_DOUBLE,
					       .number = (double)from.natural };
		return (struct value){ .kind = VALUE_INTEGER, .integer = (int64_t)from.natural };
	case CEL_DOUBLE: return (struct value){ .kind = VALUE_DOUBLE, .number = from.number };
	case CEL_STRING: return text_value(from.text);
	case CEL_LIST: return make_list(m, from.list, path, depth);
	case CEL_MAP:
	case CEL_OBJECT: return make_map(m, from.map, path, depth);
	default: return make_text(m, from);
	}
}

static struct making making_in(struct arena *arena)
{
	return (struct making){ .arena = arena,
				.left = MUTATION_VALUES_MAX,
				.unlike = text_in(arena, WORDS_BYTES_MAX) };
}

/* What is said of a value that was made; INVALID: it cannot be used. */
static enum status judge(const struct making *m, const char *before, struct str *words)
{
	if (m->wrong.at != NULL)
		return refuse(words,
			      arena_printf(m->arena, "%s" STR_FMT, before, STR_ARG(m->wrong)));
	if (m->unlike.len > 0)
		return refuse(words, arena_printf(m->arena, "type mismatch: " STR_FMT,
						  STR_ARG(text_str(&m->unlike))));
	return OK;
}

static enum status write_value(const struct value *value, struct arena *arena, struct str *out,
			       struct str *words)
{
	struct text json = text_in(arena, LIMIT_RECORD_BYTES);

	value_write(value, &json);
	if (json.is_cut)
		return refuse(words, STR("the value is too large"));
	*out = text_str(&json);
	return OK;
}

/* ---- configurations --------------------------------------------------------------------------------------------- */

enum status mutation_configure(const struct mutation *mutation, struct cel_value object, void **out,
			       struct str *words)
{
	struct arena *arena = mutation->arena;
	struct making making = making_in(arena);
	struct value value = make_value(&making, object, STR(CEL_MESSAGE_OBJECT), 0);
	struct str json, what;
	void *record;

	TRY(judge(&making, "invalid return type: ", words));
	TRY(write_value(&value, arena, &json, words));
	if (overlay_apply(mutation->type, mutation->record, json, arena, &record, &what) != OK)
		return refuse(words,
			      arena_printf(arena, "error applying patch: " STR_FMT, STR_ARG(what)));
	record_default(mutation->type, record, arena, mutation->now);
	*out = record;
	return OK;
}

/* ---- patches ------------------------------------------------------------------------------------------------------ */

static void put(struct value *map, struct str name, struct value value)
{
	map->members[map->len++] = (struct value_member){ name, value };
}

static bool get_text(const struct cel_map *map, const char *name, struct arena *arena,
		     struct str *out)
{
	struct cel_value value;

	*out = STR("");
	if (!map->get(map, cel_string(str_from(name)), arena, &value))
		return true;
	if (value.kind != CEL_STRING)
		return false;
	*out = value.text;
	return true;
}

/* Members in order of their names. */
static enum status make_operation(struct making *m, struct cel_value from, struct value *out,
				  struct str *words)
{
	struct str name, path, source, root = STR(CEL_MESSAGE_OBJECT);
	struct cel_value value;

	if (from.kind == CEL_ERROR)
		return refuse(words, from.text);
	if (from.kind != CEL_OBJECT || !get_text(from.map, "op", m->arena, &name) ||
	    !get_text(from.map, "path", m->arena, &path) ||
	    !get_text(from.map, "from", m->arena, &source))
		return refuse(words, STR("type mismatch: JSONPatchType.expression should evaluate "
					 "to array of JSONPatch"));
	*out = (struct value){ .kind = VALUE_MAP,
			       .members = arena_array(m->arena, struct value_member, 4) };
	if (source.len > 0)
		put(out, STR("from"), text_value(source));
	put(out, STR("op"), text_value(name));
	put(out, STR("path"), text_value(path));
	if (!from.map->get(from.map, cel_string(STR("value")), m->arena, &value))
		return OK;
	/* A message may stand for any part of the object: its own name says for which. */
	if (value.kind == CEL_OBJECT && value.map->type != NULL && message_is(value.map->type))
		root = value.map->type->name;
	put(out, STR("value"), make_value(m, value, root, 0));
	return judge(
	    m,
	    "JSONPath valueExpression evaluated to a type that could not marshal to JSON: ", words);
}

static enum status make_patch(struct arena *arena, const struct cel_list *from, struct str *out,
			      struct str *words)
{
	struct making making = making_in(arena);
	struct value patch = { .kind = VALUE_LIST };

	if (from->len > LIMIT_PATCH_OPERATIONS)
		return refuse(words, STR("the patch has too many operations"));
	patch.items = arena_array(arena, struct value, from->len);
	for (; patch.len < from->len; patch.len++)
		TRY(make_operation(&making, cel_list_item(from, patch.len, arena),
				   &patch.items[patch.len], words));
	return write_value(&patch, arena, out, words);
}

/* The patch fits, but what it makes is no object of the kind. */
static enum status is_broken(struct str why, struct str *words)
{
	*words = why;
	return INTERNAL;
}

static enum status patch_failed(const struct mutation *mutation, enum status status,
				const struct fault *why, void **out, struct str *words)
{
	if (operation_is_failed_test(why)) {
		*out = (void *)(uintptr_t)mutation->record;
		return OK;
	}
	if (status == BAD_REQUEST && why->field[0] == '\0')
		return is_broken(arena_str(mutation->arena, str_from(why->text)), words);
	return refuse(words, arena_printf(mutation->arena, "JSON Patch: %s", why->text));
}

enum status mutation_patch(const struct mutation *mutation, struct cel_value operations, void **out,
			   struct str *words)
{
	struct arena *arena = mutation->arena;
	struct json_strict strict = { 0 };
	struct fault why = { 0 };
	struct str patch;
	enum status status;
	void *record;

	if (operations.kind != CEL_LIST)
		return refuse(words, STR("type mismatch: JSONPatchType.expression should evaluate "
					 "to array"));
	TRY(make_patch(arena, operations.list, &patch, words));
	record = record_clone_shallow(mutation->type, mutation->record, arena);
	status = record_patch_tree(PATCH_JSON, mutation->type, record, patch, arena, &strict, &why);
	if (status != OK)
		return patch_failed(mutation, status, &why, out, words);
	if (strict.len > 0)
		return is_broken(json_strict_text(&strict, arena), words);
	record_default(mutation->type, record, arena, mutation->now);
	*out = record;
	return OK;
}
