#include "datastore/cel/syntax/token.h"

#include "runtime/base/text.h"
#include "transport/wire/utf8.h"

static char at_of(struct str s, uint32_t i)
{
	return i < s.len ? s.at[i] : '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* ---- where one ends --------------------------------------------------------------------------------------- */

static uint32_t skip_space(struct str s, uint32_t at)
{
	while (at < s.len) {
		char c = s.at[at];

		if (c == '/' && at_of(s, at + 1) == '/')
			while (at < s.len && s.at[at] != '\n')
				at++;
		else if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f')
			at++;
		else
			break;
	}
	return at;
}

/* Behind the letters before the quotes, or `at` where no string begins. */
static uint32_t prefix_end(struct str s, uint32_t at, bool *is_raw, bool *is_bytes)
{
	uint32_t end = at;

	*is_raw = *is_bytes = false;
	if (at_of(s, end) == 'b' || at_of(s, end) == 'B') {
		*is_bytes = true;
		end++;
	}
	if (at_of(s, end) == 'r' || at_of(s, end) == 'R') {
		*is_raw = true;
		end++;
	}
	return at_of(s, end) == '"' || at_of(s, end) == '\'' ? end : at;
}

static bool is_triple(struct str s, uint32_t at)
{
	return at_of(s, at) == at_of(s, at + 1) && at_of(s, at) == at_of(s, at + 2);
}

/* Behind the closing quotes; 0: there are none. */
static uint32_t string_end(struct str s, uint32_t at, bool is_raw)
{
	char quote = at_of(s, at);
	bool is_long = is_triple(s, at);

	for (at += is_long ? 3 : 1; at < s.len; at++) {
		if (s.at[at] == '\\' && !is_raw)
			at++;
		else if (!is_long && (s.at[at] == '\n' || s.at[at] == '\r'))
			return 0;
		else if (s.at[at] == quote && (!is_long || is_triple(s, at)))
			return at + (is_long ? 3 : 1);
	}
	return 0;
}

static uint32_t digits_end(struct str s, uint32_t at)
{
	while (is_digit(at_of(s, at)))
		at++;
	return at;
}

/* Behind `e+10`, or `at`. */
static uint32_t exponent_end(struct str s, uint32_t at)
{
	uint32_t end = at;

	if (at_of(s, end) != 'e' && at_of(s, end) != 'E')
		return at;
	end++;
	if (at_of(s, end) == '+' || at_of(s, end) == '-')
		end++;
	return is_digit(at_of(s, end)) ? digits_end(s, end) : at;
}

static struct token number(struct str s, uint32_t from, uint32_t *at)
{
	struct token out = { .kind = TOKEN_INT };
	uint32_t end = from;

	if (at_of(s, from) == '0' && at_of(s, from + 1) == 'x' && is_hex(at_of(s, from + 2))) {
		for (end = from + 2; is_hex(at_of(s, end));)
			end++;
	} else {
		end = digits_end(s, from);
		if (at_of(s, end) == '.' && is_digit(at_of(s, end + 1))) {
			end = digits_end(s, end + 1);
			out.kind = TOKEN_DOUBLE;
		}
		if (exponent_end(s, end) != end) {
			end = exponent_end(s, end);
			out.kind = TOKEN_DOUBLE;
		}
	}
	if (out.kind == TOKEN_INT && (at_of(s, end) == 'u' || at_of(s, end) == 'U')) {
		out.kind = TOKEN_UINT;
		end++;
	}
	out.text = str_slice(s, from, end);
	*at = end;
	return out;
}

static struct token word(struct str s, uint32_t from, uint32_t *at)
{
	static const char *const signs[] = { "in", "true", "false", "null" };
	struct token out = { .kind = TOKEN_NAME };
	uint32_t end = from;

	while (is_letter(at_of(s, end)) || is_digit(at_of(s, end)))
		end++;
	out.text = str_slice(s, from, end);
	for (uint32_t i = 0; i < 4; i++)
		if (str_is(out.text, signs[i]))
			out.kind = TOKEN_SIGN;
	*at = end;
	return out;
}

/* `a.b-c/d e` in backticks: the name of a field that is no identifier. */
static struct token quoted(struct str s, uint32_t from, uint32_t *at)
{
	uint32_t end = from + 1;
	char c;

	for (c = at_of(s, end);
	     is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '/' || c == ' ';
	     c = at_of(s, end))
		end++;
	*at = end + 1;
	if (c == '`' && end > from + 1)
		return (struct token){ TOKEN_QUOTED_NAME, str_slice(s, from, end + 1) };
	*at = from + 1;
	return (struct token){ TOKEN_BAD, str_slice(s, from, from + 1) };
}

static struct token sign(struct str s, uint32_t from, uint32_t *at)
{
	static const char *const longest[] = { "==", "!=", "<=", ">=", "&&", "||" };
	uint32_t code, len;

	for (uint32_t i = 0; i < sizeof longest / sizeof *longest; i++)
		if (str_is(str_slice(s, from, from + 2), longest[i])) {
			*at = from + 2;
			return (struct token){ TOKEN_SIGN, str_slice(s, from, from + 2) };
		}
	if (s.at[from] != '\0' && strchr("<>[]{}().,-!?:+*/%", s.at[from]) != NULL) {
		*at = from + 1;
		return (struct token){ TOKEN_SIGN, str_slice(s, from, from + 1) };
	}
	len = utf8_decode(s.at + from, s.at + s.len, &code);
	*at = from + (len > 0 ? len : 1);
	return (struct token){ TOKEN_BAD, str_slice(s, from, *at) };
}

struct token token_next(struct str s, uint32_t *at)
{
	uint32_t from = skip_space(s, *at), quote, end;
	bool is_raw, is_bytes;

	*at = from;
	if (from >= s.len)
		return (struct token){ TOKEN_END, STR("<EOF>") };
	quote = prefix_end(s, from, &is_raw, &is_bytes);
	if (at_of(s, quote) == '"' || at_of(s, quote) == '\'') {
		end = string_end(s, quote, is_raw);
		*at = end > 0 ? end : s.len;
		return (struct token){ end == 0   ? TOKEN_BAD
				       : is_bytes ? TOKEN_BYTES
						  : TOKEN_STRING,
				       str_slice(s, from, *at) };
	}
	if (is_digit(s.at[from]) || (s.at[from] == '.' && is_digit(at_of(s, from + 1))))
		return number(s, from, at);
	if (is_letter(s.at[from]))
		return word(s, from, at);
	if (s.at[from] == '`')
		return quoted(s, from, at);
	return sign(s, from, at);
}

bool token_is(struct token token, const char *text)
{
	return token.kind == TOKEN_SIGN && str_is(token.text, text);
}

/* ---- what a string says ----------------------------------------------------------------------------------- */

static bool read_digits(struct str s, uint32_t *at, uint32_t count, uint32_t base, uint32_t *out)
{
	uint32_t code = 0;

	for (uint32_t i = 0; i < count; i++, (*at)++) {
		char c = at_of(s, *at);
		uint32_t digit = is_digit(c)             ? (uint32_t)(c - '0')
				 : is_hex(c) && c >= 'a' ? (uint32_t)(c - 'a' + 10)
				 : is_hex(c)             ? (uint32_t)(c - 'A' + 10)
							 : 99;

		if (digit >= base)
			return false;
		code = code * base + digit;
	}
	*out = code;
	return true;
}

static void add_code(struct text *out, uint32_t code, bool as_byte)
{
	char bytes[4];

	if (as_byte)
		text_add_char(out, (char)code);
	else
		text_add_bytes(out, bytes, utf8_encode(code, bytes));
}

/* Behind the backslash. */
static bool read_escape(struct str s, uint32_t *at, bool is_bytes, struct text *out,
			const char **why)
{
	static const char from[] = "abfnrtv\\'\"`?", to[] = "\a\b\f\n\r\t\v\\'\"`?";
	char c = at_of(s, (*at)++);
	const char *simple = c != '\0' ? strchr(from, c) : NULL;
	uint32_t code = 0;

	if (simple != NULL) {
		text_add_char(out, to[simple - from]);
		return true;
	}
	*why = "unable to unescape string";
	if (c == 'x' || c == 'X') {
		if (!read_digits(s, at, 2, 16, &code))
			return false;
		add_code(out, code, is_bytes);
		return true;
	}
	if (c >= '0' && c <= '3') {
		(*at)--;
		if (!read_digits(s, at, 3, 8, &code))
			return false;
		add_code(out, code, is_bytes);
		return true;
	}
	if ((c != 'u' && c != 'U') || is_bytes || !read_digits(s, at, c == 'u' ? 4 : 8, 16, &code))
		return false;
	if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
		*why = "invalid unicode code point";
		return false;
	}
	add_code(out, code, false);
	return true;
}

bool token_unquote(struct token token, struct arena *arena, struct str *out, const char **why)
{
	bool is_raw, is_bytes;
	uint32_t from = prefix_end(token.text, 0, &is_raw, &is_bytes);
	uint32_t quotes = is_triple(token.text, from) && token.text.len >= from + 6 ? 3 : 1;
	struct str inner = str_slice(token.text, from + quotes, token.text.len - quotes);
	struct text text = text_in(arena, 2 * inner.len + 4);

	for (uint32_t at = 0; at < inner.len;) {
		char c = inner.at[at++];

		if (c == '\r') {
			/* A line's end is one character, however it was written. */
			text_add_char(&text, '\n');
			at += at_of(inner, at) == '\n';
		} else if (c != '\\' || is_raw) {
			text_add_char(&text, c);
		} else if (!read_escape(inner, &at, is_bytes, &text, why)) {
			return false;
		}
	}
	*out = text_str(&text);
	return true;
}
