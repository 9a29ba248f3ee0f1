#include "actors/server/server-private.h"
#include "transport/wire/utf8.h"

/*
 * Warning: 299 - "text", one header for each.
 *
 * All texts together have a bound, so that clients can take the head: where it is passed each is cut short, and when that is passed, too,
 * the rest is left out. What cannot be a header's value is left out, too. In characters, as upstream counts.
 */

#define ALL_MAX 4096U
#define ONE_MAX 256U /* where all together are too much */

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
static struct str quoted(struct arena *arena, struct str text)
{
	struct text out = text_in(arena, LIMIT_HEADER_BYTES);

	text_lit(&out, "299 - \"");
	for (uint32_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"' || text.at[i] == '\\')
			text_add_char(&out, '\\');
		text_add_char(&out, text.at[i]);
	}
	text_add_char(&out, '"');
	return text_str(&out);
}

uint32_t warning_headers(struct request *r, struct http_header *out)
{
	uint32_t count = 0, written = 0, total = 0;
	bool is_cutting;

	for (uint32_t i = 0; i < r->warning_count; i++)
		total += utf8_count(r->warnings[i]);
	is_cutting = total > ALL_MAX;
	for (uint32_t i = 0; i < r->warning_count && written < ALL_MAX; i++) {
		struct str text = is_cutting ? cut(r->warnings[i], ONE_MAX) : r->warnings[i];
		struct http_header header;

		if (text.len == 0 || !utf8_is_valid(text))
			continue;
		header = (struct http_header){ STR("warning"), quoted(r->arena, text) };
		if (!http_header_is_valid(&header))
			continue;
		written += utf8_count(text);
		out[count++] = header;
	}
	return count;
}
