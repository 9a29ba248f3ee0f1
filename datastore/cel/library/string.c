#include <assert.h>

#include "datastore/cel/library/function.h"
#include "datastore/cel/library/sprint.h"
#include "transport/wire/utf8.h"

/*
 * Strings. Places are counted in code points; whatever is longer than its arguments asks for room first.
 */

static struct cel_value out_of_range(struct cel_call *call, int64_t index)
{
	return cel_value_error(call->arena, "index out of range: %lld", (long long)index);
}

/* The byte at which code point `n` begins; false: there are fewer. The end is one, too. */
static bool byte_at(struct str s, uint64_t n, uint32_t *out)
{
	uint32_t at = 0, code, len;

	for (; n > 0 && at < s.len; n--) {
		len = utf8_decode(s.at + at, s.at + s.len, &code);
		at += len > 0 ? len : 1;
	}
	*out = at;
	return n == 0;
}

static int64_t find_from(struct str s, struct str needle, uint32_t from)
{
	int64_t found = str_find(str_slice(s, from, s.len), needle);

	return found < 0 ? -1 : found + from;
}

static int64_t points_before(struct str s, int64_t byte)
{
	return byte < 0 ? -1 : (int64_t)utf8_count(str_slice(s, 0, (uint32_t)byte));
}

/* ---- looking ------------------------------------------------------------------------------------------------- */

static struct cel_value contains(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_bool(args[1].text.len == 0 || str_find(args[0].text, args[1].text) >= 0);
}

static struct cel_value starts_with(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_bool(str_starts(args[0].text, args[1].text));
}

static struct cel_value ends_with(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_bool(str_ends(args[0].text, args[1].text));
}

static struct cel_value char_at(struct cel_call *call, const struct cel_value *args)
{
	struct str s = args[0].text;
	uint32_t from, to;

	if (args[1].integer < 0 || !byte_at(s, (uint64_t)args[1].integer, &from))
		return out_of_range(call, args[1].integer);
	byte_at(str_slice(s, from, s.len), 1, &to);
	return cel_string(str_slice(s, from, from + to));
}

static struct cel_value index_of(struct cel_call *call, const struct cel_value *args)
{
	struct str s = args[0].text, needle = args[1].text;
	int64_t offset = call->count == 3 ? args[2].integer : 0;
	uint32_t from;
	bool is_within;

	if (offset < 0)
		return out_of_range(call, offset);
	is_within = byte_at(s, (uint64_t)offset, &from);
	if (needle.len == 0)
		return cel_int(is_within ? offset : (int64_t)utf8_count(s));
	if (!is_within)
		return cel_int(-1);
	return cel_int(points_before(s, find_from(s, needle, from)));
}

/* The last place at or before `limit`. */
static int64_t find_last(struct str s, struct str needle, uint32_t limit)
{
	if (needle.len > s.len)
		return -1;
	if (limit > s.len - needle.len)
		limit = s.len - needle.len;
	for (int64_t at = limit; at >= 0; at--)
		if (memcmp(s.at + at, needle.at, needle.len) == 0)
			return at;
	return -1;
}

static struct cel_value last_index_of(struct cel_call *call, const struct cel_value *args)
{
	struct str s = args[0].text, needle = args[1].text;
	int64_t offset;
	uint32_t limit = s.len;
	bool is_within;

	if (call->count == 2)
		return cel_int(needle.len == 0 ? (int64_t)utf8_count(s)
					       : points_before(s, find_last(s, needle, s.len)));
	offset = args[2].integer;
	if (offset < 0)
		return out_of_range(call, offset);
	is_within = byte_at(s, (uint64_t)offset, &limit);
	if (needle.len == 0)
		return cel_int(is_within ? offset : (int64_t)utf8_count(s));
	if (!is_within || limit == s.len)
		return cel_int(-1);
	return cel_int(points_before(s, find_last(s, needle, limit)));
}

static struct cel_value substring(struct cel_call *call, const struct cel_value *args)
{
	struct str s = args[0].text;
	int64_t start = args[1].integer, end = call->count == 3 ? args[2].integer : 0;
	uint32_t from, to = s.len;

	if (call->count == 3 && start > end)
		return cel_value_error(call->arena,
				       "invalid substring range. start: %lld, end: %lld",
				       (long long)start, (long long)end);
	if (start < 0 || !byte_at(s, (uint64_t)start, &from))
		return out_of_range(call, start);
	if (call->count == 3 && !byte_at(s, (uint64_t)end, &to))
		return out_of_range(call, end);
	return cel_string(str_slice(s, from, to));
}

/* ---- changing ------------------------------------------------------------------------------------------------ */

static struct cel_value change_case(struct cel_call *call, struct str s, char first, char last)
{
	struct cel_value out;
	char *at;

	if (!cel_call_room(call, s.len, &out))
		return out;
	at = arena_alloc(call->arena, s.len + 1);
	for (uint32_t i = 0; i < s.len; i++)
		at[i] = (char)(s.at[i] >= first && s.at[i] <= last ? s.at[i] ^ 0x20 : s.at[i]);
	at[s.len] = '\0';
	return cel_string(str_of(at, s.len));
}

static struct cel_value lower_ascii(struct cel_call *call, const struct cel_value *args)
{
	return change_case(call, args[0].text, 'A', 'Z');
}

static struct cel_value upper_ascii(struct cel_call *call, const struct cel_value *args)
{
	return change_case(call, args[0].text, 'a', 'z');
}

/* White space of Unicode, as Go has it. */
static bool is_space(uint32_t code)
{
	return (code >= 9 && code <= 13) || code == ' ' || code == 0x85 || code == 0xa0 ||
	       code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
	       code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

static struct cel_value trim(struct cel_call *call, const struct cel_value *args)
{
	struct str s = args[0].text;
	uint32_t from = 0, to = s.len, code = 0;

	(void)call;
	while (from < to) {
		uint32_t len = utf8_decode(s.at + from, s.at + to, &code);

		if (len == 0 || !is_space(code))
			break;
		from += len;
	}
	while (to > from) {
		uint32_t begin = to - 1;

		while (begin > from && ((unsigned char)s.at[begin] & 0xc0) == 0x80)
			begin--;
		if (utf8_decode(s.at + begin, s.at + to, &code) != to - begin || !is_space(code))
			break;
		to = begin;
	}
	return cel_string(str_slice(s, from, to));
}

/* The next place to replace at or behind `from`: where the needle is, or, without one, before each character and at the end. */
static int64_t next_place(struct str s, struct str needle, uint32_t from)
{
	return needle.len == 0 ? from : find_from(s, needle, from);
}

static uint32_t step(struct str s, uint32_t at)
{
	uint32_t code, len = at < s.len ? utf8_decode(s.at + at, s.at + s.len, &code) : 0;

	return len > 0 ? len : 1;
}

static struct cel_value replace(struct cel_call *call, const struct cel_value *args)
{
	struct str s = args[0].text, needle = args[1].text, with = args[2].text;
	int64_t left = call->count == 4 ? args[3].integer : -1;
	uint64_t places = 0;
	struct cel_value refused;
	struct text out;
	uint32_t copied = 0, from = 0;

	for (uint32_t at = 0; at <= s.len && (left < 0 || places < (uint64_t)left); places++) {
		int64_t found = next_place(s, needle, at);

		if (found < 0)
			break;
		at = (uint32_t)found + (needle.len > 0 ? needle.len : step(s, at));
	}
	if (!cel_call_room(call, s.len + places * with.len, &refused))
		return refused;
	out = text_in(call->arena, (uint32_t)(s.len + places * with.len + 1));
	text_reserve(&out, out.max);
	for (; places > 0; places--) {
		uint32_t found = (uint32_t)next_place(s, needle, from);

		text_add(&out, str_slice(s, copied, found));
		text_add(&out, with);
		copied = found + needle.len;
		from = needle.len > 0 ? copied : found + step(s, found);
	}
	text_add(&out, str_slice(s, copied, s.len));
	return cel_string(text_str(&out));
}

static uint64_t count_parts(struct str s, struct str separator, int64_t limit)
{
	uint64_t parts = 1;

	if (separator.len == 0)
		parts = utf8_count(s);
	for (uint32_t at = 0; separator.len > 0;) {
		int64_t found = find_from(s, separator, at);

		if (found < 0)
			break;
		parts++;
		at = (uint32_t)found + separator.len;
	}
	return limit >= 0 && parts > (uint64_t)limit ? (uint64_t)limit : parts;
}

static struct cel_value split(struct cel_call *call, const struct cel_value *args)
{
	struct str s = args[0].text, separator = args[1].text;
	uint64_t parts = count_parts(s, separator, call->count == 3 ? args[2].integer : -1);
	struct cel_value refused, *at;
	uint32_t from = 0;

	if (!cel_call_room(call, parts * sizeof *at, &refused))
		return refused;
	at = arena_alloc(call->arena, (parts + 1) * sizeof *at);
	for (uint64_t i = 0; i < parts; i++) {
		uint32_t end = s.len, next = s.len;

		if (i + 1 < parts && separator.len > 0) {
			end = (uint32_t)find_from(s, separator, from);
			next = end + separator.len;
		} else if (i + 1 < parts) {
			end = next = from + step(s, from);
		}
		at[i] = cel_string(str_slice(s, from, end));
		from = next;
	}
	return cel_list_make(call->arena, at, (uint32_t)parts);
}

static struct cel_value join(struct cel_call *call, const struct cel_value *args)
{
	const struct cel_list *list = args[0].list;
	struct str separator = call->count == 2 ? args[1].text : STR("");
	uint64_t len = 0;
	struct cel_value refused;
	struct text out;

	for (uint32_t i = 0; i < list->len; i++) {
		struct cel_value item = cel_list_item(list, i, call->arena);

		if (item.kind != CEL_STRING)
			return cel_value_error(call->arena, "join: invalid input: " STR_FMT,
					       STR_ARG(cel_type_name(cel_value_type(item))));
		len += item.text.len + (uint64_t)separator.len;
	}
	if (!cel_call_room(call, len, &refused))
		return refused;
	out = text_in(call->arena, (uint32_t)len + 1);
	text_reserve(&out, (uint32_t)len + 1);
	for (uint32_t i = 0; i < list->len; i++) {
		if (i > 0)
			text_add(&out, separator);
		text_add(&out, cel_list_item(list, i, call->arena).text);
	}
	return cel_string(text_str(&out));
}

static struct cel_value quote(struct cel_call *call, const struct cel_value *args)
{
	static const char from[] = "\a\b\f\n\r\t\v\\\"", to[] = "abfnrtv\\\"";
	struct str s = args[0].text;
	struct cel_value refused;
	struct text out;

	if (!cel_call_room(call, 3ULL * s.len + 2, &refused))
		return refused;
	out = text_in(call->arena, 3 * s.len + 3);
	text_add_char(&out, '"');
	for (uint32_t at = 0; at < s.len;) {
		const char *escape = s.at[at] != '\0' ? strchr(from, s.at[at]) : NULL;
		uint32_t code, len = utf8_decode(s.at + at, s.at + s.len, &code);

		if (escape != NULL) {
			text_add_char(&out, '\\');
			text_add_char(&out, to[escape - from]);
		} else if (len == 0) {
			text_lit(&out, "\xef\xbf\xbd");
		} else {
			text_add_bytes(&out, s.at + at, len);
		}
		at += len > 0 ? len : 1;
	}
	text_add_char(&out, '"');
	return cel_string(text_str(&out));
}

static const struct cel_function rows[] = {
	{ "contains", ".(string,string)bool", contains, PRICE_CONTAINS },
	{ "endsWith", ".(string,string)bool", ends_with, PRICE_SCAN_SECOND },
	{ "startsWith", ".(string,string)bool", starts_with, PRICE_SCAN_SECOND },
	{ "charAt", ".(string,int)string", char_at, PRICE_ONE },
	{ "indexOf", ".(string,string)int", index_of, PRICE_TRAVERSE },
	{ "indexOf", ".(string,string,int)int", index_of, PRICE_TRAVERSE },
	{ "lastIndexOf", ".(string,string)int", last_index_of, PRICE_TRAVERSE },
	{ "lastIndexOf", ".(string,string,int)int", last_index_of, PRICE_TRAVERSE },
	{ "lowerAscii", ".(string)string", lower_ascii, PRICE_SCAN_SAME },
	{ "upperAscii", ".(string)string", upper_ascii, PRICE_SCAN_SAME },
	{ "trim", ".(string)string", trim, PRICE_SCAN_SAME },
	{ "substring", ".(string,int)string", substring, PRICE_SCAN_SAME },
	{ "substring", ".(string,int,int)string", substring, PRICE_SCAN_SAME },
	{ "replace", ".(string,string,string)string", replace, PRICE_REPLACE },
	{ "replace", ".(string,string,string,int)string", replace, PRICE_REPLACE },
	{ "split", ".(string,string)list(string)", split, PRICE_SPLIT },
	{ "split", ".(string,string,int)list(string)", split, PRICE_SPLIT },
	{ "join", ".(list(string))string", join, PRICE_JOIN },
	{ "join", ".(list(string),string)string", join, PRICE_JOIN },
	{ "strings.quote", "(string)string", quote, PRICE_QUOTE },
	{ "format", ".(string,list(dyn))string", sprint_call, PRICE_SCAN_FORMAT },
};
CEL_FUNCTION_TABLE(cel_functions_string, rows);
