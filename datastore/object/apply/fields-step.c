#include "datastore/object/apply/fields-private.h"
#include "datastore/object/name.h"
#include "runtime/base/limits.h"
#include "transport/wire/json.h"

/*
 * One step of a path. Keys and values are kept as compact JSON in one form, so that equal ones have equal bytes; their order is
 * that of the values: numbers, strings, booleans, lists, objects, null.
 */

#define PAIRS_MAX 64U /* keys of one element; a list has at most a few */
#define VALUE_BYTES_MAX LIMIT_OBJECT_BYTES

/* ---- order -------------------------------------------------------------------------------------------------- */

static int rank_of(enum json_token token)
{
	switch (token) {
	case JSON_NUMBER: return 0;
	case JSON_STRING: return 1;
	case JSON_TRUE:
	case JSON_FALSE: return 2;
	case JSON_ARRAY: return 3;
	case JSON_OBJECT: return 4;
	default: return 5;
	}
}

static int sign_of(bool is_less, bool is_more)
{
	return is_more - is_less;
}

static int cmp_numbers(struct str a, struct str b)
{
	int64_t i, j;
	double x, y;

	if (str_to_i64(a, &i) == OK && str_to_i64(b, &j) == OK)
		return sign_of(i<j, i> j);
	if (str_to_double(a, &x) != OK || str_to_double(b, &y) != OK)
		return str_cmp(a, b);
	return sign_of(x<y, x> y);
}

/* Of values in their form. Strings compare as they are written, which differs from their bytes in escapes only. */
static int cmp_values(struct str a, struct str b)
{
	struct json x = json_of(a), y = json_of(b);
	enum json_token s = json_peek(&x), t = json_peek(&y);

	if (rank_of(s) != rank_of(t))
		return rank_of(s) < rank_of(t) ? -1 : 1;
	return s == JSON_NUMBER ? cmp_numbers(a, b) : str_cmp(a, b);
}

/* Takes one pair off what is left of an object in its form; names stay as they are written. */
static bool next_pair(struct str *rest, struct str *name, struct str *value)
{
	struct json in;
	uint32_t at = 2;

	/* Behind the brace or the comma is a name in quotes. */
	if (rest->len < 2 || rest->at[1] != '"')
		return false;
	while (rest->at[at] != '"')
		at += rest->at[at] == '\\' ? 2 : 1;
	*name = str_slice(*rest, 2, at);
	in = json_of(str_slice(*rest, at + 2, rest->len));
	if (json_peek(&in) == JSON_BAD || !json_skip(&in, value))
		return false;
	*rest = str_of(in.at, (size_t)(in.end - in.at));
	return true;
}

/* Pair by pair, the name first; of two that are equal so far the shorter one comes first. */
static int cmp_keys(struct str a, struct str b)
{
	for (;;) {
		struct str name_a, name_b, value_a, value_b;
		bool has_a = next_pair(&a, &name_a, &value_a);
		bool has_b = next_pair(&b, &name_b, &value_b);
		int order;

		if (!has_a || !has_b)
			return sign_of(!has_a && has_b, has_a && !has_b);
		order = str_cmp(name_a, name_b);
		if (order == 0)
			order = cmp_values(value_a, value_b);
		if (order != 0)
			return order;
	}
}

int fields_step_cmp(struct fields_step a, struct fields_step b)
{
	if (a.kind != b.kind)
		return a.kind < b.kind ? -1 : 1;
	if (a.kind == FIELDS_NAME || str_eq(a.text, b.text))
		return str_cmp(a.text, b.text);
	switch (a.kind) {
	case FIELDS_KEY: return cmp_keys(a.text, b.text);
	case FIELDS_VALUE: return cmp_values(a.text, b.text);
	default: return cmp_numbers(a.text, b.text);
	}
}

/* ---- words -------------------------------------------------------------------------------------------------- */

/* Strings in Go's quotes, all else as it is. */
static void print_value(struct str value, struct arena *arena, struct text *out)
{
	struct json in = json_of(value);
	struct str text;

	if (json_peek(&in) == JSON_STRING && json_string(&in, arena, &text))
		text_add(out, name_quoted(arena, text));
	else
		text_add(out, value);
}

static void print_key(struct str key, struct arena *arena, struct text *out)
{
	struct str name, value;
	bool is_first = true;

	text_add_char(out, '[');
	while (next_pair(&key, &name, &value)) {
		if (!is_first)
			text_add_char(out, ',');
		is_first = false;
		text_add(out, name);
		text_add_char(out, '=');
		print_value(value, arena, out);
	}
	text_add_char(out, ']');
}

void fields_step_print(struct fields_step step, struct arena *arena, struct text *out)
{
	switch (step.kind) {
	case FIELDS_NAME:
		text_add_char(out, '.');
		text_add(out, step.text);
		return;
	case FIELDS_KEY: print_key(step.text, arena, out); return;
	case FIELDS_VALUE:
		text_lit(out, "[=");
		print_value(step.text, arena, out);
		text_add_char(out, ']');
		return;
	case FIELDS_INDEX:
		text_add_char(out, '[');
		text_add(out, step.text);
		text_add_char(out, ']');
		return;
	}
}

/* ---- the one form ------------------------------------------------------------------------------------------------ */

/* Numbers without a fraction keep their digits; others are written as Go writes them. */
static void write_number(struct str digits, struct text *out)
{
	int64_t whole;
	double value;

	if (str_to_i64(digits, &whole) == OK)
		text_add_i64(out, whole);
	else if (str_to_double(digits, &value) == OK)
		json_write_double(out, value);
	else
		text_add(out, digits);
}

static bool write_value(struct json *in, struct arena *arena, struct text *out)
{
	struct str text;

	switch (json_peek(in)) {
	case JSON_STRING:
		if (!json_string(in, arena, &text))
			return false;
		json_write_string(out, text);
		return true;
	case JSON_NUMBER:
		if (!json_number(in, &text))
			return false;
		write_number(text, out);
		return true;
	case JSON_BAD: return false;
	default:
		if (!json_skip(in, &text))
			return false;
		json_write_compact(out, text);
		return true;
	}
}

static bool value_of(struct str json, struct arena *arena, struct str *out)
{
	struct text text = text_in(arena, VALUE_BYTES_MAX);
	struct json in = json_of(json);

	if (!write_value(&in, arena, &text) || json_end(&in, NULL) != OK || text.is_cut)
		return false;
	*out = text_str(&text);
	return true;
}

struct pair {
	struct str name, value;
};

/* Few, and nearly always in order. */
static void sort_pairs(struct pair *pairs, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		struct pair moved = pairs[i];
		uint32_t at = i;

		for (; at > 0 && str_cmp(moved.name, pairs[at - 1].name) < 0; at--)
			pairs[at] = pairs[at - 1];
		pairs[at] = moved;
	}
}

static bool read_pairs(struct str json, struct arena *arena, struct pair *pairs, uint32_t *count)
{
	struct json in = json_of(json);
	struct str name;

	*count = 0;
	if (json_peek(&in) != JSON_OBJECT)
		return false;
	for (json_enter(&in); json_member(&in, arena, &name);) {
		struct text text = text_in(arena, VALUE_BYTES_MAX);

		if (*count == PAIRS_MAX || !write_value(&in, arena, &text) || text.is_cut)
			return false;
		pairs[(*count)++] = (struct pair){ name, text_str(&text) };
	}
	return json_end(&in, NULL) == OK;
}

static bool key_of(struct str json, struct arena *arena, struct str *out)
{
	struct text text = text_in(arena, VALUE_BYTES_MAX);
	struct pair pairs[PAIRS_MAX];
	uint32_t count;

	if (!read_pairs(json, arena, pairs, &count))
		return false;
	sort_pairs(pairs, count);
	text_add_char(&text, '{');
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			text_add_char(&text, ',');
		json_write_string(&text, pairs[i].name);
		text_add_char(&text, ':');
		text_add(&text, pairs[i].value);
	}
	text_add_char(&text, '}');
	*out = text_str(&text);
	return !text.is_cut;
}

static bool index_of(struct str digits, struct arena *arena, struct str *out)
{
	int64_t index;

	if (str_to_i64(digits, &index) != OK)
		return false;
	*out = arena_printf(arena, "%jd", (intmax_t)index);
	return true;
}

enum fields_step_found fields_step_parse(struct str text, struct arena *arena,
					 struct fields_step *out)
{
	struct str rest = str_slice(text, 2, text.len);
	bool is_good = true;

	if (text.len < 2 || text.at[1] != ':')
		return FIELDS_STEP_BAD;
	switch (text.at[0]) {
	case 'f': *out = (struct fields_step){ FIELDS_NAME, rest }; break;
	case 'k':
		out->kind = FIELDS_KEY;
		is_good = key_of(rest, arena, &out->text);
		break;
	case 'v':
		out->kind = FIELDS_VALUE;
		is_good = value_of(rest, arena, &out->text);
		break;
	case 'i':
		out->kind = FIELDS_INDEX;
		is_good = index_of(rest, arena, &out->text);
		break;
	default: return FIELDS_STEP_UNKNOWN;
	}
	return is_good ? FIELDS_STEP_IS : FIELDS_STEP_BAD;
}
