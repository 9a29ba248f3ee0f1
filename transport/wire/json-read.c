#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/limits.h"
#include "transport/wire/json.h"
#include "transport/wire/utf8.h"

/* Where a wrong character stands, in the words of Go. */
static const char VALUE[] = "looking for beginning of value";
static const char KEY[] = "looking for beginning of object key string";
static const char AFTER_KEY[] = "after object key";
static const char AFTER_PAIR[] = "after object key:value pair";
static const char AFTER_ELEMENT[] = "after array element";
static const char AFTER_TOP[] = "after top-level value";
static const char IN_STRING[] = "in string literal";
static const char IN_ESCAPE[] = "in string escape code";
static const char IN_HEX[] = "in \\u hexadecimal character escape";
static const char IN_NUMBER[] = "in numeric literal";
static const char AFTER_POINT[] = "after decimal point in numeric literal";
static const char IN_EXPONENT[] = "in exponent of numeric literal";
static const char TOO_DEEP[] = "exceeded max depth";

struct json json_of(struct str text)
{
	const char *at = text.at == NULL ? "" : text.at;

	return (struct json){ .at = at, .end = at + text.len, .begin = at };
}

/* Leaves `at` where the wrong character is. */
static bool spoil(struct json *in, const char *at, const char *error)
{
	if (!in->is_bad) {
		in->is_bad = true;
		in->at = at;
		in->error = error;
	}
	return false;
}

static const char *pass_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
		at++;
	return at;
}

enum json_token json_peek(struct json *in)
{
	if (in->is_bad)
		return JSON_BAD;
	in->at = pass_space(in->at, in->end);
	switch (in->at < in->end ? *in->at : '\0') {
	case '{': return JSON_OBJECT;
	case '[': return JSON_ARRAY;
	case '"': return JSON_STRING;
	case 't': return JSON_TRUE;
	case 'f': return JSON_FALSE;
	case 'n': return JSON_NULL;
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9': return JSON_NUMBER;
	default: spoil(in, in->at, VALUE); return JSON_BAD;
	}
}

void json_enter(struct json *in)
{
	if (in->is_bad)
		return;
	assert(in->at < in->end && (*in->at == '{' || *in->at == '['));
	if (in->depth == LIMIT_NESTING) {
		spoil(in, in->at, TOO_DEEP);
		return;
	}
	in->depth++;
	in->at++;
	in->is_first = true;
}

/* Whether another member or element follows in what was entered; passes its comma, or leaves at the end. */
static bool more(struct json *in, char close, const char *error)
{
	if (in->is_bad)
		return false;
	assert(in->depth > 0);
	const char *at = in->at = pass_space(in->at, in->end);
	if (at == in->end)
		return spoil(in, at, error);
	if (*at == close) {
		in->at++;
		in->depth--;
		in->is_first = false;
		return false;
	}
	if (in->is_first) {
		in->is_first = false;
		return true;
	}
	if (*at != ',')
		return spoil(in, at, error);
	in->at = pass_space(at + 1, in->end);
	return true;
}

bool json_element(struct json *in)
{
	return more(in, ']', AFTER_ELEMENT);
}

bool json_member(struct json *in, struct arena *arena, struct str *name)
{
	if (!more(in, '}', AFTER_PAIR))
		return false;
	if (in->at == in->end || *in->at != '"')
		return spoil(in, in->at, KEY);
	if (!json_string(in, arena, name))
		return false;
	in->at = pass_space(in->at, in->end);
	if (in->at == in->end || *in->at != ':')
		return spoil(in, in->at, AFTER_KEY);
	in->at++;
	return true;
}

/* What ends a run of bytes that stand for themselves: quote, backslash, control characters and all that is not ASCII. */
static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#define ONES 0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

/* Eight bytes at a time: a high bit is set for each byte below 0x20, from 0x80 on, or equal to either character. */
static uint64_t special_bytes(uint64_t word)
{
	uint64_t quote = word ^ ONES * '"', slash = word ^ ONES * '\\';

	return ((word - ONES * 0x20) | (quote - ONES) | (slash - ONES) | word) & HIGHS;
}

static const char *pass_plain(const char *at, const char *end)
{
	uint64_t word;

	while (end - at >= 8) {
		memcpy(&word, at, sizeof word);
		if (special_bytes(word) != 0)
			break;
		at += 8;
	}
	while (at < end && is_plain((uint8_t)*at))
		at++;
	return at;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four hexadecimal digits at `at`; -1: they are none, and `*bad` is where. */
static int32_t hex4(const char *at, const char *end, const char **bad)
{
	int32_t value = 0;

	for (uint32_t i = 0; i < 4; i++) {
		int digit = at + i < end ? hex_value(at[i]) : -1;
		if (digit < 0) {
			*bad = at + i;
			return -1;
		}
		value = value << 4 | digit;
	}
	return value;
}

/* Passes the escape at `at`, a backslash; its character is in `*code`. NULL: it is none. */
static const char *pass_escape(struct json *in, const char *at, uint32_t *code)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *bad, *found;
	int32_t unit, low;

	if (at + 1 == in->end || (found = strchr(names, at[1])) == NULL || at[1] == '\0') {
		if (at + 1 < in->end && at[1] == 'u')
			goto unicode;
		spoil(in, at + 1, IN_ESCAPE);
		return NULL;
	}
	*code = (uint32_t)values[found - names];
	return at + 2;
unicode:
	unit = hex4(at + 2, in->end, &bad);
	if (unit < 0) {
		spoil(in, bad, IN_HEX);
		return NULL;
	}
	*code = (uint32_t)unit;
	at += 6;
	/* A pair of surrogates is one character; half of one is none. */
	if (unit >= 0xd800 && unit < 0xdc00 && in->end - at >= 6 && at[0] == '\\' && at[1] == 'u' &&
	    (low = hex4(at + 2, in->end, &bad)) >= 0xdc00 && low < 0xe000) {
		*code = 0x10000U + ((uint32_t)(unit - 0xd800) << 10 | (uint32_t)(low - 0xdc00));
		at += 6;
	}
	return at;
}

/* The character or escape at `at`, which is not plain, nor the closing quote. NULL: the reader is bad. */
static const char *pass_special(struct json *in, const char *at, uint32_t *code)
{
	uint32_t len;

	if (at == in->end || (uint8_t)*at < 0x20) {
		spoil(in, at, IN_STRING);
		return NULL;
	}
	if (*at == '\\')
		return pass_escape(in, at, code);
	len = utf8_decode(at, in->end, code);
	if (len == 0)
		*code = UTF8_REPLACEMENT;
	return at + (len == 0 ? 1 : len);
}

/*
 * Passes the string up to its closing quote, from `at` on. `*is_slice` stays true if its bytes stand for themselves; `*size` is
 * at least what they take when they do not.
 */
static const char *pass_string(struct json *in, const char *at, bool *is_slice, uint32_t *size)
{
	uint32_t code, extra = 0;
	const char *begin = at;

	*is_slice = true;
	for (;;) {
		at = pass_plain(at, in->end);
		if (at < in->end && *at == '"')
			break;
		const char *next = pass_special(in, at, &code);
		if (next == NULL)
			return NULL;
		if (*at == '\\' || (code == UTF8_REPLACEMENT && next == at + 1)) {
			*is_slice = false;
			extra += 3;
		}
		at = next;
	}
	*size = (uint32_t)(at - begin) + extra;
	return at;
}

static struct str unescape(struct json *in, const char *at, const char *end, uint32_t size,
			   struct arena *arena)
{
	char *out = arena_alloc(arena, size + 1);
	uint32_t len = 0, code;

	while (at < end) {
		const char *next = pass_plain(at, end);
		memcpy(out + len, at, (size_t)(next - at));
		len += (uint32_t)(next - at);
		at = next;
		if (at == end)
			break;
		at = pass_special(in, at, &code);
		len += utf8_encode(code, out + len);
	}
	assert(len <= size);
	out[len] = '\0';
	return (struct str){ out, len };
}

bool json_string(struct json *in, struct arena *arena, struct str *out)
{
	bool is_slice;
	uint32_t size;

	if (in->is_bad)
		return false;
	assert(in->at < in->end && *in->at == '"');
	const char *begin = in->at + 1;
	const char *end = pass_string(in, begin, &is_slice, &size);
	if (end == NULL)
		return false;
	*out =
	    is_slice ? str_of(begin, (size_t)(end - begin)) : unescape(in, begin, end, size, arena);
	in->at = end + 1;
	return true;
}

static const char *pass_digits(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

bool json_number(struct json *in, struct str *out)
{
	if (in->is_bad)
		return false;
	const char *begin = in->at, *end = in->end, *at = begin, *from;

	if (at < end && *at == '-')
		at++;
	from = at;
	at = at < end && *at == '0' ? at + 1 : pass_digits(at, end);
	if (at == from)
		return spoil(in, at, IN_NUMBER);
	if (at < end && *at == '.') {
		from = ++at;
		at = pass_digits(at, end);
		if (at == from)
			return spoil(in, at, AFTER_POINT);
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		from = at;
		at = pass_digits(at, end);
		if (at == from)
			return spoil(in, at, IN_EXPONENT);
	}
	*out = str_of(begin, (size_t)(at - begin));
	in->at = at;
	return true;
}

bool json_literal(struct json *in)
{
	static const char *const words[] = { "true", "false", "null" };
	static const char *const errors[][5] = {
		{ VALUE, "in literal true (expecting 'r')", "in literal true (expecting 'u')",
		  "in literal true (expecting 'e')" },
		{ VALUE, "in literal false (expecting 'a')", "in literal false (expecting 'l')",
		  "in literal false (expecting 's')", "in literal false (expecting 'e')" },
		{ VALUE, "in literal null (expecting 'u')", "in literal null (expecting 'l')",
		  "in literal null (expecting 'l')" },
	};

	if (in->is_bad)
		return false;
	uint32_t word = *in->at == 't' ? 0 : *in->at == 'f' ? 1 : 2;
	for (uint32_t i = 0; words[word][i] != '\0'; i++)
		if (in->at + i == in->end || in->at[i] != words[word][i])
			return spoil(in, in->at + i, errors[word][i]);
	in->at += strlen(words[word]);
	return true;
}

static bool skip_scalar(struct json *in, enum json_token token)
{
	bool is_slice;
	uint32_t size;
	struct str unused;

	if (token == JSON_BAD)
		return false;
	if (token == JSON_NUMBER)
		return json_number(in, &unused);
	if (token != JSON_STRING)
		return json_literal(in);
	const char *end = pass_string(in, in->at + 1, &is_slice, &size);
	if (end == NULL)
		return false;
	in->at = end + 1;
	return true;
}

/* Passes the name and colon of a member. */
static bool skip_name(struct json *in)
{
	if (in->at == in->end || *in->at != '"')
		return spoil(in, in->at, KEY);
	if (!skip_scalar(in, JSON_STRING))
		return false;
	in->at = pass_space(in->at, in->end);
	if (in->at == in->end || *in->at != ':')
		return spoil(in, in->at, AFTER_KEY);
	in->at++;
	return true;
}

bool json_skip(struct json *in, struct str *raw)
{
	bool is_object[LIMIT_NESTING + 1];
	enum json_token token = json_peek(in);
	const char *begin = in->at;
	uint32_t floor = in->depth;

	for (;;) {
		if (token == JSON_OBJECT || token == JSON_ARRAY) {
			json_enter(in);
			if (!in->is_bad)
				is_object[in->depth] = token == JSON_OBJECT;
		} else {
			(void)skip_scalar(in, token);
		}
		/* Leaves all that ends here, then goes on behind the comma. */
		while (in->depth > floor && !in->is_bad) {
			bool object = is_object[in->depth];
			if (!more(in, object ? '}' : ']', object ? AFTER_PAIR : AFTER_ELEMENT))
				continue;
			if (object && !skip_name(in))
				return false;
			break;
		}
		if (in->is_bad)
			return false;
		if (in->depth == floor)
			break;
		token = json_peek(in);
	}
	if (raw != NULL)
		*raw = str_of(begin, (size_t)(in->at - begin));
	return true;
}

enum status json_end(struct json *in, struct fault *why)
{
	if (!in->is_bad) {
		in->at = pass_space(in->at, in->end);
		if (in->at == in->end)
			return OK;
		spoil(in, in->at, AFTER_TOP);
	}
	return json_fault(in, why);
}

/* The byte at `at` as Go quotes it in the middle of a sentence: what is no ASCII as the Latin-1 character of that byte. */
static void quote_byte(uint8_t c, char out[16])
{
	static const char names[] = "\\\'\a\b\f\n\r\t\v", letters[] = "\\'abfnrtv";
	const char *found = c == '\0' ? NULL : strchr(names, c);
	bool is_shown = c >= 0xa1 && c != 0xad;

	if (found != NULL)
		snprintf(out, 16, "'\\%c'", letters[found - names]);
	else if (c < 0x20 || c == 0x7f)
		snprintf(out, 16, "'\\x%02x'", c);
	else if (c < 0x80)
		snprintf(out, 16, "'%c'", c);
	else if (is_shown)
		snprintf(out, 16, "'%c%c'", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
	else
		snprintf(out, 16, "'\\u%04x'", c);
}

enum status json_fault(const struct json *in, struct fault *why)
{
	char quoted[16];

	assert(in->is_bad);
	if (in->error == TOO_DEEP)
		return fault_set(why, BAD_REQUEST, "", "%s", TOO_DEEP);
	if (in->at >= in->end)
		return fault_set(why, BAD_REQUEST, "", "unexpected end of JSON input");
	quote_byte((uint8_t)*in->at, quoted);
	return fault_set(why, BAD_REQUEST, "", "invalid character %s %s", quoted, in->error);
}

bool json_is_valid(struct str text)
{
	struct json in = json_of(text);

	return json_skip(&in, NULL) && json_end(&in, NULL) == OK;
}
