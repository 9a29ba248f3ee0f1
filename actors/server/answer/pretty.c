#include "actors/server/answer/pretty.h"

static void new_line(struct text *out, uint32_t depth)
{
	text_add_char(out, '\n');
	for (uint32_t i = 0; i < depth; i++)
		text_lit(out, "  ");
}

/* The whole string, quotes included; gives the offset behind it. */
static uint32_t copy_string(struct str json, uint32_t from, struct text *out)
{
	uint32_t at = from + 1;

	while (at < json.len && json.at[at] != '"')
		at += json.at[at] == '\\' ? 2 : 1;
	at = at < json.len ? at + 1 : json.len;
	text_add(out, str_slice(json, from, at));
	return at;
}

void pretty_json(struct str json, struct text *out)
{
	uint32_t depth = 0, at = 0;

	while (at < json.len) {
		char c = json.at[at];
		bool is_empty =
		    at + 1 < json.len && (json.at[at + 1] == '}' || json.at[at + 1] == ']');

		if (c == '"') {
			at = copy_string(json, at, out);
			continue;
		}
		if (c == '}' || c == ']') {
			depth--;
			new_line(out, depth);
		}
		text_add_char(out, c);
		at++;
		if ((c == '{' || c == '[') && is_empty) {
			text_add_char(out, json.at[at++]);
		} else if (c == '{' || c == '[') {
			new_line(out, ++depth);
		} else if (c == ',') {
			new_line(out, depth);
		} else if (c == ':') {
			text_add_char(out, ' ');
		}
	}
}
