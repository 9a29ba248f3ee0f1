#include "datastore/custom/rule/field-path.h"
#include "datastore/custom/props.h"

#include "runtime/base/limits.h"

/* A name in single quotes with escapes; false: it is none. Moves `*at` behind it. */
static bool read_quoted(struct str path, uint32_t *at, struct arena *arena, struct str *out)
{
	static const char from[] = "abfnrtv'\\", to[] = "\a\b\f\n\r\t\v'\\";
	struct text text = text_in(arena, path.len + 1);

	if (*at >= path.len || path.at[*at] != '\'')
		return false;
	for ((*at)++; *at < path.len && path.at[*at] != '\''; (*at)++) {
		char c = path.at[*at];

		if (c == '\\' && *at + 1 < path.len) {
			const char *escape = strchr(from, path.at[++*at]);

			if (escape == NULL || *escape == '\0')
				return false;
			c = to[escape - from];
		}
		text_add_char(&text, c);
	}
	*out = text_str(&text);
	return (*at)++ < path.len;
}

static struct str read_plain(struct str path, uint32_t *at)
{
	uint32_t begin = *at;

	while (*at < path.len && path.at[*at] != '.' && path.at[*at] != '[' && path.at[*at] != ']')
		(*at)++;
	return str_slice(path, begin, *at);
}

bool field_path_read(struct str path, schema_props *schema, struct arena *arena, struct str *out)
{
	struct text text = text_in(arena, 2 * path.len + 1);

	for (uint32_t at = 0; at < path.len;) {
		bool is_bracket = path.at[at] == '[', is_property;
		struct str name = STR("");

		if (!is_bracket && path.at[at] != '.')
			return false;
		at++;
		if (is_bracket) {
			if (!read_quoted(path, &at, arena, &name) || at >= path.len ||
			    path.at[at] != ']')
				return false;
			at++;
		} else {
			name = read_plain(path, &at);
		}
		is_property = schema->properties.len > 0;
		schema = is_property ? props_property(schema, name) : props_values(schema);
		if (schema == NULL)
			return false;
		if (is_property)
			text_printf(&text, "%s" STR_FMT, text.len > 0 ? "." : "", STR_ARG(name));
		else
			text_printf(&text, "[" STR_FMT "]", STR_ARG(name));
	}
	if (out != NULL)
		*out = text_str(&text);
	return true;
}
