#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "runtime/base/base.h"
#include "transport/wire/json.h"
#include "transport/wire/yaml-private.h"
#include "transport/wire/yaml.h"

/*
 * JSON to YAML. The library writes; what is decided here is the order of keys and which strings need quotes, as Go's library does.
 */

struct writing {
	yaml_emitter_t emitter;
	struct arena *arena;
	struct text *out;
};

static int write_out(void *arg, unsigned char *bytes, size_t len)
{
	struct writing *writing = arg;

	text_add(writing->out, str_of(bytes, len));
	return writing->out->is_cut ? 0 : 1;
}

/* False: the text has grown too long. */
static bool emit(struct writing *writing, yaml_event_t *event)
{
	return yaml_emitter_emit(&writing->emitter, event) != 0;
}

/* ---- scalars ------------------------------------------------------------------------------------------------ */

static bool skip_digits(struct str *s, uint32_t min, uint32_t max)
{
	uint32_t len = 0;

	while (len < s->len && len < max && s->at[len] >= '0' && s->at[len] <= '9')
		len++;
	if (len < min)
		return false;
	*s = str_slice(*s, len, s->len);
	return true;
}

static bool skip_char(struct str *s, const char *any)
{
	if (s->len == 0 || strchr(any, s->at[0]) == NULL)
		return false;
	*s = str_slice(*s, 1, s->len);
	return true;
}

/* Z, +01:00 */
static bool is_zone(struct str s)
{
	if (str_is(s, "Z"))
		return true;
	return skip_char(&s, "+-") && skip_digits(&s, 2, 2) && skip_char(&s, ":") &&
	       skip_digits(&s, 2, 2) && s.len == 0;
}

/* A date, or one with a time: 2026-11-26, 2026-11-26T13:04:56Z, 2026-11-26 13:04:56.5 */
static bool is_time(struct str s)
{
	bool has_zone;

	if (!skip_digits(&s, 4, 4) || !skip_char(&s, "-") || !skip_digits(&s, 1, 2) ||
	    !skip_char(&s, "-") || !skip_digits(&s, 1, 2))
		return false;
	if (s.len == 0)
		return true;
	has_zone = s.at[0] != ' ';
	if (!skip_char(&s, "Tt ") || !skip_digits(&s, 1, 2) || !skip_char(&s, ":") ||
	    !skip_digits(&s, 1, 2) || !skip_char(&s, ":") || !skip_digits(&s, 1, 2))
		return false;
	if (skip_char(&s, ".") && !skip_digits(&s, 1, 9))
		return false;
	return has_zone ? is_zone(s) : s.len == 0;
}

/* 1:30 was a number once, of base 60. */
static bool is_base_60(struct str s)
{
	uint32_t parts = 0;

	(void)skip_char(&s, "+-");
	if (!skip_digits(&s, 1, UINT32_MAX))
		return false;
	while (skip_char(&s, ":")) {
		if (s.len > 1 && s.at[1] >= '0' && s.at[1] <= '9' && s.at[0] > '5')
			return false;
		if (!skip_digits(&s, 1, 2))
			return false;
		parts++;
	}
	if (skip_char(&s, "."))
		(void)skip_digits(&s, 0, UINT32_MAX);
	return parts > 0 && s.len == 0;
}

/* Whether it reads as itself without quotes. */
static bool is_plain_string(struct writing *writing, struct str s)
{
	static const char *const words[] = { "<<",    ".nan",  ".NaN",  ".NAN",  ".inf",
					     ".Inf",  ".INF",  "+.inf", "+.Inf", "+.INF",
					     "-.inf", "-.Inf", "-.INF" };
	struct text json = text_in(writing->arena, 8 * s.len + 16U);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_is(s, words[i]))
			return false;
	if (is_time(s) || is_base_60(s))
		return false;
	yaml_plain_to_json(&json, s);
	return json.len > 0 && json.at[0] == '"';
}

static bool write_scalar(struct writing *writing, struct str s, yaml_scalar_style_t style)
{
	yaml_event_t event;
	/* Absent of a string that is empty. */
	const char *at = s.len > 0 ? s.at : "";

	if (yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)at, (int)s.len, 1,
					 1, style) == 0)
		return false;
	return emit(writing, &event);
}

static bool write_string(struct writing *writing, struct str s)
{
	if (str_find_char(s, '\n') >= 0)
		return write_scalar(writing, s, YAML_LITERAL_SCALAR_STYLE);
	return write_scalar(writing, s,
			    is_plain_string(writing, s) ? YAML_PLAIN_SCALAR_STYLE
							: YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

/* ---- order of keys ------------------------------------------------------------------------------------------------ */

struct member {
	struct str name, raw;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Other alphabets have letters too; what else they have is not told apart. */
static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static uint64_t number_from(struct str s, uint32_t *at, uint64_t value)
{
	for (; *at < s.len && is_digit(s.at[*at]); (*at)++)
		value = value * 10 + (uint64_t)(s.at[*at] - '0');
	return value;
}

/* Digits compare as numbers: a zero counts only behind another digit. */
static bool is_number_before(struct str a, struct str b, uint32_t i)
{
	uint32_t a_end = i, b_end = i;
	uint64_t start = 0, a_value, b_value;

	if (a.at[i] == '0' || b.at[i] == '0')
		for (uint32_t j = i; j > 0 && is_digit(a.at[j - 1]) && start == 0; j--)
			start = a.at[j - 1] != '0';
	a_value = number_from(a, &a_end, start);
	b_value = number_from(b, &b_end, start);
	if (a_value != b_value)
		return a_value < b_value;
	if (a_end != b_end)
		return a_end < b_end;
	return (unsigned char)a.at[i] < (unsigned char)b.at[i];
}

static bool is_before(struct str a, struct str b)
{
	uint32_t i = 0, len = a.len < b.len ? a.len : b.len;
	bool a_is_letter, b_is_letter;

	while (i < len && a.at[i] == b.at[i])
		i++;
	if (i == len)
		return a.len < b.len;
	a_is_letter = is_letter(a.at[i]);
	b_is_letter = is_letter(b.at[i]);
	if (a_is_letter && b_is_letter)
		return (unsigned char)a.at[i] < (unsigned char)b.at[i];
	if (a_is_letter || b_is_letter)
		return b_is_letter;
	return is_number_before(a, b, i);
}

static int compare(const void *a, const void *b)
{
	const struct member *one = a, *other = b;

	return is_before(one->name, other->name) ? -1 : is_before(other->name, one->name) ? 1 : 0;
}

/* Of one name in the order they came in. */
static int compare_bytes(const void *a, const void *b)
{
	const struct member *one = a, *other = b;
	int order = str_cmp(one->name, other->name);

	return order != 0 ? order : (one->raw.at > other->raw.at) - (one->raw.at < other->raw.at);
}

/*
 * Of a name that is there twice the last is kept, as upstream does, which reads JSON into a map. Go's order goes in circles for some
 * names (305219K, 9999999999999, 99sion), so what sorting by it makes of them depends on the order before: that is the one of
 * their bytes, whichever they came in. Returns how many are left.
 */
static uint32_t sort_members(struct member *members, uint32_t len)
{
	uint32_t kept = 0;

	qsort(members, len, sizeof *members, compare_bytes);
	for (uint32_t i = 0; i < len; i++)
		if (i + 1 == len || !str_eq(members[i].name, members[i + 1].name))
			members[kept++] = members[i];
	qsort(members, kept, sizeof *members, compare);
	return kept;
}

/* ---- values ---------------------------------------------------------------------------------------------------------- */

static bool write_value(struct writing *writing, struct str raw, uint32_t depth);

static uint32_t count_members(struct writing *writing, struct str raw)
{
	struct json in = json_of(raw);
	struct str name;
	uint32_t count = 0;

	(void)json_peek(&in);
	for (json_enter(&in); json_member(&in, writing->arena, &name) && json_skip(&in, NULL);)
		count++;
	return count;
}

static bool write_members(struct writing *writing, struct str raw, uint32_t depth)
{
	uint32_t count = count_members(writing, raw), len = 0;
	struct member *members = arena_array(writing->arena, struct member, count + 1);
	struct json in = json_of(raw);

	(void)json_peek(&in);
	for (json_enter(&in); len < count && json_member(&in, writing->arena, &members[len].name) &&
			      json_skip(&in, &members[len].raw);)
		len++;
	len = sort_members(members, len);
	for (uint32_t i = 0; i < len; i++)
		if (!write_string(writing, members[i].name) ||
		    !write_value(writing, members[i].raw, depth + 1))
			return false;
	return true;
}

static bool write_object(struct writing *writing, struct str raw, uint32_t depth)
{
	yaml_event_t event;

	return yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
						   YAML_BLOCK_MAPPING_STYLE) != 0 &&
	       emit(writing, &event) && write_members(writing, raw, depth) &&
	       yaml_mapping_end_event_initialize(&event) != 0 && emit(writing, &event);
}

static bool write_elements(struct writing *writing, struct str raw, uint32_t depth)
{
	struct json in = json_of(raw);
	struct str element;

	(void)json_peek(&in);
	for (json_enter(&in); json_element(&in) && json_skip(&in, &element);)
		if (!write_value(writing, element, depth + 1))
			return false;
	return true;
}

static bool write_array(struct writing *writing, struct str raw, uint32_t depth)
{
	yaml_event_t event;

	return yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
						    YAML_BLOCK_SEQUENCE_STYLE) != 0 &&
	       emit(writing, &event) && write_elements(writing, raw, depth) &&
	       yaml_sequence_end_event_initialize(&event) != 0 && emit(writing, &event);
}

static bool write_value(struct writing *writing, struct str raw, uint32_t depth)
{
	struct json in = json_of(raw);
	struct str s;

	if (depth > LIMIT_NESTING)
		return false;
	switch (json_peek(&in)) {
	case JSON_OBJECT: return write_object(writing, raw, depth);
	case JSON_ARRAY: return write_array(writing, raw, depth);
	case JSON_STRING: return json_string(&in, writing->arena, &s) && write_string(writing, s);
	/* The integer -0 is 0 in YAML: what keeps its sign is a float. */
	default:
		s = str_is(str_trim(raw), "-0") ? STR("-0.0") : str_trim(raw);
		return write_scalar(writing, s, YAML_PLAIN_SCALAR_STYLE);
	}
}

static bool write_document(struct writing *writing, struct str json)
{
	yaml_event_t event;

	return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) != 0 &&
	       emit(writing, &event) &&
	       yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) != 0 &&
	       emit(writing, &event) && write_value(writing, json, 0) &&
	       yaml_document_end_event_initialize(&event, 1) != 0 && emit(writing, &event) &&
	       yaml_stream_end_event_initialize(&event) != 0 && emit(writing, &event);
}

/* The library marks the end of a document whose last text ends with empty lines; Go's does not. */
static void drop_end_mark(struct text *out)
{
	struct str mark = STR("\n...\n");

	if (str_ends(text_str(out), mark))
		out->len -= mark.len - 1;
}

enum status yaml_of_json(struct str json, struct text *out)
{
	struct writing writing = { .arena = arena_new(0), .out = out };
	bool is_written;

	assert(json_is_valid(json));
	if (yaml_emitter_initialize(&writing.emitter) == 0)
		abort(); /* a small allocation failed */
	yaml_emitter_set_output(&writing.emitter, write_out, &writing);
	yaml_emitter_set_encoding(&writing.emitter, YAML_UTF8_ENCODING);
	yaml_emitter_set_unicode(&writing.emitter, 1);
	is_written = write_document(&writing, json);
	yaml_emitter_delete(&writing.emitter);
	arena_free(writing.arena);
	drop_end_mark(out);
	return is_written && !out->is_cut ? OK : TOO_LARGE;
}
