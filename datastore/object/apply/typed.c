#include "datastore/object/apply/typed.h"

#include "datastore/object/apply/slot.h"
#include "datastore/object/name.h"
#include "runtime/base/limits.h"
#include "runtime/base/text.h"
#include "transport/wire/json.h"

#define WORDS_BYTES_MAX (16U * KIB)

/* The way to where the walk is. */
struct way {
	const struct way *up;
	struct str step; /* as it is printed */
};

struct typed {
	struct arena *arena;
	struct str words; /* of the first fault; absent: none yet */
};

static void check(struct typed *t, struct slot slot, struct str json, const struct way *way);

/* ---- words ---------------------------------------------------------------------------------------------------- */

static void print_way(const struct way *way, struct text *out)
{
	if (way == NULL)
		return;
	print_way(way->up, out);
	text_add(out, way->step);
}

static enum json_token token_of(struct str json)
{
	struct json in = json_of(json);

	return json_peek(&in);
}

/* As Go prints a value: [a b], map[k:v], text without quotes. */
static void print_value(struct str json, struct arena *arena, struct text *out, uint32_t depth)
{
	struct json in = json_of(json);
	struct str name, value;
	bool is_first = true;

	switch (depth < LIMIT_NESTING ? json_peek(&in) : JSON_BAD) {
	case JSON_STRING:
		if (json_string(&in, arena, &value))
			text_add(out, value);
		return;
	case JSON_ARRAY:
		text_add_char(out, '[');
		for (json_enter(&in); json_element(&in) && json_skip(&in, &value);
		     is_first = false) {
			text_add(out, is_first ? STR("") : STR(" "));
			print_value(value, arena, out, depth + 1);
		}
		text_add_char(out, ']');
		return;
	case JSON_OBJECT:
		text_lit(out, "map[");
		for (json_enter(&in); json_member(&in, arena, &name) && json_skip(&in, &value);
		     is_first = false) {
			text_add(out, is_first ? STR("") : STR(" "));
			text_add(out, name);
			text_add_char(out, ':');
			print_value(value, arena, out, depth + 1);
		}
		text_add_char(out, ']');
		return;
	default: text_add(out, str_trim(json));
	}
}

static const char *go_type(struct str json)
{
	int64_t whole;

	switch (token_of(json)) {
	case JSON_STRING: return "string";
	case JSON_TRUE:
	case JSON_FALSE: return "bool";
	case JSON_ARRAY: return "[]interface {}";
	case JSON_OBJECT: return "map[string]interface {}";
	default: return str_to_i64(str_trim(json), &whole) == OK ? "int64" : "float64";
	}
}

/* Upstream prints the value in three ways, by what it wanted. */
static void expected(struct typed *t, const char *what, struct str json, const struct way *way)
{
	struct text words = text_in(t->arena, WORDS_BYTES_MAX);
	bool is_numeric = what[0] == 'n', is_string = what[0] == 's';

	print_way(way, &words);
	text_printf(&words, ": expected %s, got ", what);
	if (is_numeric) {
		text_add(&words, str_from(go_type(json)));
	} else {
		text_add(&words, is_string ? STR("&value.valueUnstructured{Value:") : STR("&{"));
		print_value(json, t->arena, &words, 0);
		text_add_char(&words, '}');
	}
	t->words = text_str(&words);
}

/* ---- the walk --------------------------------------------------------------------------------------------------- */

static bool is_scalar(enum json_token token)
{
	return token != JSON_OBJECT && token != JSON_ARRAY;
}

static void check_scalar(struct typed *t, enum kind kind, struct str json, const struct way *way)
{
	enum json_token token = token_of(json);

	if (kind == KIND_BOOL && token != JSON_TRUE && token != JSON_FALSE)
		expected(t, "boolean", json, way);
	else if (kind < KIND_TIME && kind != KIND_BOOL && token != JSON_NUMBER)
		expected(t, "numeric (int or float)", json, way);
	else if ((kind == KIND_STRING || kind == KIND_BYTES) && token != JSON_STRING)
		expected(t, "string", json, way);
	else if (kind < KIND_RAW && !is_scalar(token))
		expected(t, "any scalar", json, way);
}

static void check_map(struct typed *t, const struct field *field, struct str json,
		      const struct way *way)
{
	struct json in = json_of(json);
	struct str name, value;

	if (json_peek(&in) != JSON_OBJECT) {
		expected(t, "map", json, way);
		return;
	}
	for (json_enter(&in);
	     t->words.at == NULL && json_member(&in, t->arena, &name) && json_skip(&in, &value);) {
		struct way here = { way, arena_printf(t->arena, "." STR_FMT, STR_ARG(name)) };

		check(t, (struct slot){ field, true }, value, &here);
	}
}

/* By its keys, where they can be read; else by its place. */
static struct str element_step(struct typed *t, const struct field *field, struct str json,
			       uint32_t place)
{
	struct text text = text_in(t->arena, WORDS_BYTES_MAX);
	struct json in = json_of(json);
	struct str name, value;

	text_add_char(&text, '[');
	if ((field->flags & FIELD_MAP) && field_rules(field) != NULL &&
	    json_peek(&in) == JSON_OBJECT)
		for (json_enter(&in); json_member(&in, t->arena, &name) && json_skip(&in, &value);)
			for (uint32_t i = 0; i < field_rules(field)->key_count; i++)
				if (str_eq(name, rules_key(field_rules(field), i)))
					text_printf(&text, "%s" STR_FMT "=" STR_FMT,
						    text.len > 1 ? "," : "", STR_ARG(name),
						    STR_ARG(value));
	if (text.len == 1)
		text_add_u64(&text, place);
	text_add_char(&text, ']');
	return text_str(&text);
}

static void check_list(struct typed *t, const struct field *field, struct str json,
		       const struct way *way)
{
	struct json in = json_of(json);
	struct str value;
	uint32_t place = 0;

	if (json_peek(&in) != JSON_ARRAY) {
		expected(t, "list", json, way);
		return;
	}
	for (json_enter(&in); t->words.at == NULL && json_element(&in) && json_skip(&in, &value);) {
		struct way here = { way, element_step(t, field, value, place++) };

		check(t, (struct slot){ field, true }, value, &here);
	}
}

static void check_struct(struct typed *t, const struct type *type, struct str json,
			 const struct way *way)
{
	struct json in = json_of(json);
	struct str name, value;

	if (json_peek(&in) != JSON_OBJECT) {
		expected(t, "map", json, way);
		return;
	}
	for (json_enter(&in);
	     t->words.at == NULL && json_member(&in, t->arena, &name) && json_skip(&in, &value);) {
		const struct field *path[TYPE_INLINE_DEPTH];
		struct way here = { way, arena_printf(t->arena, "." STR_FMT, STR_ARG(name)) };
		uint32_t depth;
		const struct field *field = type_member(type, name, path, &depth);

		if (field != NULL)
			check(t, (struct slot){ field, false }, value, &here);
	}
}

static void check(struct typed *t, struct slot slot, struct str json, const struct way *way)
{
	struct slot_value none = { 0 };
	const struct field *field;

	slot_unwrap(&slot, &none, SLOT_SAID);
	field = slot.field;
	if (token_of(json) == JSON_NULL)
		return;
	if (!slot.is_element && field->shape == SHAPE_LIST)
		check_list(t, field, json, way);
	else if (!slot.is_element && field->shape == SHAPE_MAP)
		check_map(t, field, json, way);
	else if (field->kind != KIND_MESSAGE)
		check_scalar(t, field->kind, json, way);
	else if (field_type(field)->form == FORM_OBJECT)
		check_struct(t, field_type(field), json, way);
}

struct str typed_undeclared(const struct json_strict *strict, struct arena *arena)
{
	for (uint32_t i = 0; i < strict->len; i++) {
		struct str rest = strict->at[i], path;

		if (!str_starts(rest, STR("unknown field \"")))
			continue;
		str_cut(&rest, '"');
		path = str_cut(&rest, '"');
		return arena_printf(arena, "." STR_FMT ": field not declared in schema",
				    STR_ARG(path));
	}
	return STR_NONE;
}

struct str typed_fault(const struct type *type, struct str json, struct arena *arena)
{
	struct typed t = { .arena = arena };

	check_struct(&t, type, json, NULL);
	return t.words;
}
