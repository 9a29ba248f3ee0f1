#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/str.h"
#include "runtime/base/text.h"
#include "transport/wire/json.h"
#include "transport/wire/utf8.h"

/* What can stand in a string as it is: 1 for each such byte. */
static const uint8_t is_plain[256] = {
	[' '] = 1, ['!'] = 1,           [0x23 ... 0x25] = 1, [0x27 ... 0x3b] = 1,
	['='] = 1, [0x3f ... 0x5b] = 1, [0x5d ... 0x7f] = 1,
};

#define ONES 0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

/* Eight bytes at a time: whether one of them is not plain. The quote and & differ in one bit, and so do < and >. */
static bool has_special(uint64_t word)
{
	uint64_t quote = (word | ONES * 0x04) ^ ONES * '&';
	uint64_t angle = (word | ONES * 0x02) ^ ONES * '>';
	uint64_t slash = word ^ ONES * '\\';

	return (((word - ONES * 0x20) | (quote - ONES) | (angle - ONES) | (slash - ONES) | word) &
		HIGHS) != 0;
}

static const char *pass_plain(const char *at, const char *end)
{
	uint64_t word;

	for (; end - at >= 8; at += 8) {
		memcpy(&word, at, sizeof word);
		if (has_special(word))
			break;
	}
	while (at < end && is_plain[(uint8_t)*at])
		at++;
	return at;
}

static void write_escape(struct text *out, uint32_t code)
{
	static const char digits[] = "0123456789abcdef";
	char escape[6] = { '\\',
			   'u',
			   digits[code >> 12 & 15],
			   digits[code >> 8 & 15],
			   digits[code >> 4 & 15],
			   digits[code & 15] };

	text_add_bytes(out, escape, sizeof escape);
}

static void write_ascii(struct text *out, uint8_t c)
{
	static const char names[] = "\"\\\b\f\n\r\t", shorts[] = "\"\\bfnrt";
	const char *found = c == '\0' ? NULL : strchr(names, c);

	if (found == NULL) {
		write_escape(out, c);
		return;
	}
	text_add_char(out, '\\');
	text_add_char(out, shorts[found - names]);
}

/* Whether a character that is not ASCII has to be escaped: JavaScript takes these two for line ends. */
static bool is_line_separator(uint32_t code)
{
	return code == 0x2028 || code == 0x2029;
}

static const char *write_special(struct text *out, const char *at, const char *end)
{
	uint32_t code, len;

	if ((uint8_t)*at < 0x80) {
		write_ascii(out, (uint8_t)*at);
		return at + 1;
	}
	len = utf8_decode(at, end, &code);
	if (len == 0) {
		text_lit(out, "\\ufffd");
		return at + 1;
	}
	if (is_line_separator(code))
		write_escape(out, code);
	else
		text_add_bytes(out, at, len);
	return at + len;
}

static void write_escaped(struct text *out, struct str s)
{
	const char *at = s.at, *end = at + s.len;

	text_add_char(out, '"');
	while (at < end) {
		const char *from = at;
		at = pass_plain(at, end);
		text_add_bytes(out, from, (size_t)(at - from));
		if (at < end)
			at = write_special(out, at, end);
	}
	text_add_char(out, '"');
}

/* Most strings are plain: they go with what stands around them in one piece. */
static void write_between(struct text *out, char before, struct str s, char after)
{
	struct str text = s.at == NULL ? STR("") : s;
	const char *end = text.at + text.len;

	text_reserve(out, text.len + 4);
	if (out->cap - out->len < text.len + 4 || pass_plain(text.at, end) != end) {
		if (before != '\0')
			text_add_char(out, before);
		write_escaped(out, text);
		if (after != '\0')
			text_add_char(out, after);
		return;
	}
	char *at = out->at + out->len;
	if (before != '\0')
		*at++ = before;
	*at++ = '"';
	memcpy(at, text.at, text.len);
	at += text.len;
	*at++ = '"';
	if (after != '\0')
		*at++ = after;
	out->len = (uint32_t)(at - out->at);
}

void json_write_string(struct text *out, struct str s)
{
	write_between(out, '\0', s, '\0');
}

void json_write_name(struct text *out, struct str name, bool is_first)
{
	write_between(out, is_first ? '\0' : ',', name, ':');
}

void json_write_double(struct text *out, double value)
{
	char digits[32];
	int precision = 0;

	if (!isfinite(value)) {
		text_lit(out, "null");
		return;
	}
	/* The shortest that reads back; 17 digits always do. */
	do
		snprintf(digits, sizeof digits, "%.*e", precision, value);
	while (strtod(digits, NULL) != value && ++precision < 17);
	double size = fabs(value);
	if (size != 0 && (size < 1e-6 || size >= 1e21)) {
		/* Go writes no leading zero in the exponent: 1e-7, not 1e-07. */
		char *exponent = strchr(digits, 'e') + 2;
		if (exponent[0] == '0')
			memmove(exponent, exponent + 1, strlen(exponent));
		text_add(out, str_from(digits));
		return;
	}
	struct str power = str_from(strchr(digits, 'e') + 1);
	int64_t exponent = 0;
	if (str_to_i64(power.at[0] == '+' ? str_slice(power, 1, power.len) : power, &exponent) != OK)
		return; /* printf wrote one */
	text_printf(out, "%.*f", precision > exponent ? (int)(precision - exponent) : 0, value);
}

/* The string from its opening quote on; gives what follows it. */
static const char *compact_string(struct text *out, const char *at, const char *end)
{
	const char *from = at++;

	while (at < end && *at != '"') {
		if (*at == '\\') {
			at += 2;
			continue;
		}
		bool is_separator = end - at >= 3 && (uint8_t)at[0] == 0xe2 &&
				    (uint8_t)at[1] == 0x80 && ((uint8_t)at[2] & 0xfe) == 0xa8;
		if (*at != '<' && *at != '>' && *at != '&' && !is_separator) {
			at++;
			continue;
		}
		text_add_bytes(out, from, (size_t)(at - from));
		write_escape(out, is_separator ? 0x2028U | ((uint8_t)at[2] & 1) : (uint8_t)*at);
		from = at += is_separator ? 3 : 1;
	}
	at = at < end ? at + 1 : end;
	text_add_bytes(out, from, (size_t)(at - from));
	return at;
}

void json_write_compact(struct text *out, struct str raw)
{
	const char *at = raw.at == NULL ? "" : raw.at, *end = at + raw.len, *from = at;

	while (at < end) {
		bool is_space = *at == ' ' || *at == '\n' || *at == '\t' || *at == '\r';
		if (!is_space && *at != '"') {
			at++;
			continue;
		}
		text_add_bytes(out, from, (size_t)(at - from));
		from = at = is_space ? at + 1 : compact_string(out, at, end);
	}
	text_add_bytes(out, from, (size_t)(at - from));
}
