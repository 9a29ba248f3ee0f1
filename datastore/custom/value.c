#include "datastore/custom/value.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "datastore/object/name.h"
#include "runtime/base/collection/sorted.h"
#include "runtime/base/limits.h"
#include "transport/wire/json.h"

#define SHOWN_BYTES_MAX (4U * KIB)
#define FIRST 4U

static void read_value(struct json *in, struct arena *arena, struct value *out, uint32_t depth);

/* Room for one more of `size` bytes. */
static void *grow(struct arena *arena, void **at, uint32_t len, uint32_t *cap, size_t size)
{
	if (len == *cap) {
		uint32_t more = *cap ? *cap * 2 : FIRST;

		*at = arena_grow(arena, *at, *cap * size, more * size);
		*cap = more;
	}
	return (char *)*at + len * size;
}

static void read_list(struct json *in, struct arena *arena, struct value *out, uint32_t depth)
{
	void *at = NULL;
	uint32_t len = 0, cap = 0;

	for (json_enter(in); json_element(in); len++)
		read_value(in, arena, grow(arena, &at, len, &cap, sizeof(struct value)), depth);
	out->items = at;
	out->len = len;
}

/* Stable, so that of equal names the last stays the last. */
static void sort(struct value_member *at, struct value_member *scratch, uint32_t len, uint32_t depth)
{
	uint32_t half = len / 2, a = 0, b = half;

	if (len < 2)
		return;
	sort(at, scratch, half, depth + 1);
	sort(at + half, scratch, len - half, depth + 1);
	for (uint32_t i = 0; i < len; i++) {
		bool takes_a = a < half && (b == len || str_cmp(at[a].name, at[b].name) <= 0);

		scratch[i] = at[takes_a ? a++ : b++];
	}
	memcpy(at, scratch, len * sizeof *at);
}

static bool is_sorted(const struct value_member *at, uint32_t len)
{
	for (uint32_t i = 1; i < len; i++)
		if (str_cmp(at[i - 1].name, at[i].name) >= 0)
			return false;
	return true;
}

static uint32_t keep_last(struct value_member *at, uint32_t len)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < len; i++)
		if (i + 1 == len || !str_eq(at[i].name, at[i + 1].name))
			at[kept++] = at[i];
	return kept;
}

static void read_map(struct json *in, struct arena *arena, struct value *out, uint32_t depth)
{
	void *at = NULL;
	uint32_t len = 0, cap = 0;
	struct str name;

	for (json_enter(in); json_member(in, arena, &name); len++) {
		struct value_member *member = grow(arena, &at, len, &cap, sizeof *member);

		member->name = name;
		read_value(in, arena, &member->value, depth);
	}
	if (!is_sorted(at, len)) {
		sort(at, arena_array(arena, struct value_member, len), len, 0);
		len = keep_last(at, len);
	}
	out->members = at;
	out->len = len;
}

static void read_number(struct json *in, struct value *out)
{
	struct str number;

	if (!json_number(in, &number))
		return;
	out->kind = VALUE_INTEGER;
	if (str_to_i64(number, &out->integer) == OK)
		return;
	out->kind = VALUE_DOUBLE;
	if (str_to_double(number, &out->number) != OK)
		out->number = 0;
}

static void read_value(struct json *in, struct arena *arena, struct value *out, uint32_t depth)
{
	enum json_token token = json_peek(in);

	*out = (struct value){ 0 };
	/* The reader has the same limit: it is bad before this is true. */
	assert(depth <= LIMIT_NESTING + 1);
	switch (token) {
	case JSON_OBJECT:
		out->kind = VALUE_MAP;
		read_map(in, arena, out, depth + 1);
		return;
	case JSON_ARRAY:
		out->kind = VALUE_LIST;
		read_list(in, arena, out, depth + 1);
		return;
	case JSON_STRING:
		out->kind = VALUE_STRING;
		(void)json_string(in, arena, &out->text);
		return;
	case JSON_NUMBER: read_number(in, out); return;
	case JSON_TRUE:
	case JSON_FALSE:
		out->kind = VALUE_BOOL;
		out->is_true = token == JSON_TRUE;
		(void)json_literal(in);
		return;
	case JSON_NULL: (void)json_literal(in); return;
	case JSON_BAD: return;
	}
}

enum status value_parse(struct str json, struct arena *arena, struct value *out)
{
	struct json in = json_of(json);

	read_value(&in, arena, out, 0);
	return json_end(&in, NULL);
}

const struct value *value_member(const struct value *map, struct str name)
{
	uint32_t len = map->kind == VALUE_MAP ? map->len : 0;
	const struct value_member *found =
	    sorted_find(map->members, len, sizeof *map->members, name);

	return found != NULL ? &found->value : NULL;
}

const struct value *value_at(const struct value *from, struct str path)
{
	struct str rest = path;

	while (from != NULL && rest.at != NULL)
		from = value_member(from, str_cut(&rest, '.'));
	return from;
}

static double number_of(const struct value *value)
{
	return value->kind == VALUE_INTEGER ? (double)value->integer : value->number;
}

static bool is_number(const struct value *value)
{
	return value->kind == VALUE_INTEGER || value->kind == VALUE_DOUBLE;
}

static bool equal_members(const struct value *a, const struct value *b)
{
	for (uint32_t i = 0; i < a->len; i++)
		if (!str_eq(a->members[i].name, b->members[i].name) ||
		    !value_equal(&a->members[i].value, &b->members[i].value))
			return false;
	return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return is_number(a) && is_number(b) && number_of(a) == number_of(b);
	if (a->kind >= VALUE_LIST && a->len != b->len)
		return false;
	switch (a->kind) {
	case VALUE_NULL: return true;
	case VALUE_BOOL: return a->is_true == b->is_true;
	case VALUE_INTEGER: return a->integer == b->integer;
	case VALUE_DOUBLE: return a->number == b->number;
	case VALUE_STRING: return str_eq(a->text, b->text);
	case VALUE_MAP: return equal_members(a, b);
	case VALUE_LIST: break;
	}
	for (uint32_t i = 0; i < a->len; i++)
		if (!value_equal(&a->items[i], &b->items[i]))
			return false;
	return true;
}

static void write_list(const struct value *value, struct text *out)
{
	text_add_char(out, '[');
	for (uint32_t i = 0; i < value->len; i++) {
		if (i > 0)
			text_add_char(out, ',');
		value_write(&value->items[i], out);
	}
	text_add_char(out, ']');
}

static void write_map(const struct value *value, struct text *out)
{
	text_add_char(out, '{');
	for (uint32_t i = 0; i < value->len; i++) {
		if (i > 0)
			text_add_char(out, ',');
		json_write_string(out, value->members[i].name);
		text_add_char(out, ':');
		value_write(&value->members[i].value, out);
	}
	text_add_char(out, '}');
}

void value_write(const struct value *value, struct text *out)
{
	switch (value->kind) {
	case VALUE_NULL: text_lit(out, "null"); return;
	case VALUE_BOOL: text_add(out, value->is_true ? STR("true") : STR("false")); return;
	case VALUE_INTEGER: text_add_i64(out, value->integer); return;
	case VALUE_DOUBLE: json_write_double(out, value->number); return;
	case VALUE_STRING: json_write_string(out, value->text); return;
	case VALUE_LIST: write_list(value, out); return;
	case VALUE_MAP: write_map(value, out); return;
	}
}

struct str value_shown(const struct value *value, struct arena *arena)
{
	struct text out = text_in(arena, SHOWN_BYTES_MAX);

	if (value->kind == VALUE_NULL)
		return STR("\"null\"");
	if (value->kind == VALUE_STRING)
		return name_quoted(arena, value->text);
	value_write(value, &out);
	return text_str(&out);
}

const char *value_go_type(const struct value *value)
{
	static const char *const names[] = {
		[VALUE_NULL] = "<nil>",
		[VALUE_BOOL] = "bool",
		[VALUE_INTEGER] = "int64",
		[VALUE_DOUBLE] = "float64",
		[VALUE_STRING] = "string",
		[VALUE_LIST] = "[]interface {}",
		[VALUE_MAP] = "map[string]interface {}",
	};

	return names[value->kind];
}
