#include "datastore/cel/value/escape.h"

#include "runtime/base/text.h"

#define GROWTH 15U /* `__` becomes `__underscores__` */

static const char *const reserved[] = {
	"true",     "false",   "null",      "in",       "as",  "break",  "const",
	"continue", "else",    "for",       "function", "if",  "import", "let",
	"loop",     "package", "namespace", "return",   "var", "void",   "while",
};

static const struct {
	const char *plain, *escaped;
} signs[] = { { "__", "underscores" }, { ".", "dot" }, { "-", "dash" }, { "/", "slash" } };

bool escape_is_reserved(struct str name)
{
	for (uint32_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (str_is(name, reserved[i]))
			return true;
	return false;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* The sign at a place, or -1. */
static int sign_at(struct str name, uint32_t at)
{
	for (int i = 0; i < 4; i++)
		if (str_starts(str_slice(name, at, name.len), str_from(signs[i].plain)))
			return i;
	return -1;
}

bool escape_name(struct str name, struct arena *arena, struct str *out)
{
	struct text text;
	bool is_plain = true;

	if (name.len == 0 || (name.at[0] >= '0' && name.at[0] <= '9'))
		return false;
	if (escape_is_reserved(name)) {
		*out = arena_printf(arena, "__" STR_FMT "__", STR_ARG(name));
		return true;
	}
	for (uint32_t i = 0; i < name.len; i++) {
		bool is_sign = sign_at(name, i) >= 0;

		if (!is_sign && !is_word(name.at[i]))
			return false;
		is_plain &= !is_sign;
	}
	*out = name;
	if (is_plain)
		return true;
	text = text_in(arena, GROWTH * name.len);
	for (uint32_t i = 0; i < name.len; i++) {
		int sign = sign_at(name, i);

		if (sign < 0) {
			text_add_char(&text, name.at[i]);
			continue;
		}
		text_printf(&text, "__%s__", signs[sign].escaped);
		i += sign == 0;
	}
	*out = text_str(&text);
	return true;
}

/* What stands between two pairs of lines. */
static bool undo_one(struct str inner, bool is_whole, struct text *out)
{
	for (int i = 0; i < 4; i++)
		if (str_is(inner, signs[i].escaped)) {
			text_add(out, str_from(signs[i].plain));
			return true;
		}
	text_add(out, inner);
	return is_whole && escape_is_reserved(inner);
}

bool escape_undo(struct str escaped, struct arena *arena, struct str *out)
{
	struct text text;

	*out = escaped;
	if (str_find(escaped, STR("__")) < 0)
		return true;
	text = text_in(arena, escaped.len + 1);
	for (uint32_t i = 0; i < escaped.len; i++) {
		struct str rest = str_slice(escaped, i + 2, escaped.len);
		int64_t end = str_find(rest, STR("__"));

		if (end <= 0 || !str_starts(str_slice(escaped, i, escaped.len), STR("__"))) {
			text_add_char(&text, escaped.at[i]);
			continue;
		}
		if (!undo_one(str_slice(rest, 0, (uint32_t)end), end + 4 == escaped.len, &text))
			return false;
		i += (uint32_t)end + 3;
	}
	*out = text_str(&text);
	return true;
}
