#include "actors/server/server-private.h"
#include "transport/wire/utf8.h"

/*
 * Warning: 299 - "text", one line for each. What comes after so many lines shares the last one, which says the same (RFC 9110 5.3): there are
 * clients that take a hundred lines and no more.
 *
 * All texts together have a bound, so that clients can take the head: where it is passed each is cut short, and when that is passed, too,
 * the rest is left out. What cannot be a header's value is left out, too. In characters, as upstream counts.
 */

#define ALL_MAX 4096U
#define ONE_MAX 256U /* where all together are too much */
#define LINES_MAX 64U

/* Bytes that do not begin a character are none: what is no UTF-8 is cut at a byte. */
static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0U) != 0x80U;
}

static struct str cut(struct str text, uint32_t most)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < text.len; i++)
		if (begins_character(text.at[i]) && count++ == most)
			return str_slice(text, 0, i);
	return text;
}

/* Quotes and backslashes are escaped. */
static void quote(struct text *out, struct str text)
{
	text_lit(out, "299 - \"");
	for (uint32_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"' || text.at[i] == '\\')
			text_add_char(out, '\\');
		text_add_char(out, text.at[i]);
	}
	text_add_char(out, '"');
}

static struct http_header line_of(struct text *out)
{
	return (struct http_header){ STR("warning"), text_str(out) };
}

uint32_t warning_headers(struct request *r, struct http_header *out)
{
	uint32_t count = 0, written = 0, total = 0;
	bool is_cutting;
	struct text shared = text_in(r->arena, LIMIT_HEADER_BYTES);

	for (uint32_t i = 0; i < r->warning_count; i++)
		total += utf8_count(r->warnings[i]);
	is_cutting = total > ALL_MAX;
	for (uint32_t i = 0; i < r->warning_count && written < ALL_MAX; i++) {
		struct str text = is_cutting ? cut(r->warnings[i], ONE_MAX) : r->warnings[i];
		struct text alone = text_in(r->arena, LIMIT_HEADER_BYTES);
		struct http_header header;

		quote(&alone, text);
		header = line_of(&alone);
		if (text.len == 0 || !utf8_is_valid(text) || !http_header_is_valid(&header))
			continue;
		written += utf8_count(text);
		if (count < LINES_MAX - 1) {
			out[count++] = header;
			continue;
		}
		if (shared.len > 0)
			text_lit(&shared, ", ");
		text_add(&shared, header.value);
	}
	if (shared.len > 0)
		out[count++] = line_of(&shared);
	return count;
}
