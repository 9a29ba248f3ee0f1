#include "datastore/cel/syntax/parse-private.h"

/*
 * Numbers and texts as an expression writes them.
 */

struct node *parse_refuse(struct parse *p, uint32_t at, const char *words)
{
	if (!p->has_failed)
		issues_add(p->issues, at, "%s", words);
	p->has_failed = true;
	return NULL;
}

/* Of the digits; the sign belongs to them, so that the smallest integer can be written. */
static bool read_magnitude(struct str text, uint64_t *out)
{
	uint64_t number = 0;

	if (text.len < 3 || text.at[0] != '0' || text.at[1] != 'x')
		return str_to_u64(text, out) == OK;
	if (text.len > 18)
		return false;
	for (uint32_t i = 2; i < text.len; i++) {
		char c = text.at[i];
		uint32_t digit = c <= '9' ? (uint32_t)(c - '0') : (uint32_t)((c | 32) - 'a' + 10);

		number = number << 4 | digit;
	}
	*out = number;
	return true;
}

struct node *parse_int(struct parse *p, uint32_t at, bool is_negative)
{
	uint64_t magnitude, max = (uint64_t)INT64_MAX + is_negative;

	if (!read_magnitude(p->now.text, &magnitude) || magnitude > max)
		return parse_refuse(p, at, "invalid int literal");
	parse_advance(p);
	return parse_literal(p, at,
			     cel_int(is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude));
}

struct node *parse_double(struct parse *p, uint32_t at, bool is_negative)
{
	struct str digits = p->now.text;
	double number;

	if (digits.at[0] == '.')
		digits = arena_printf(p->arena, "0" STR_FMT, STR_ARG(digits));
	if (str_to_double(digits, &number) != OK)
		return parse_refuse(p, at, "invalid double literal");
	parse_advance(p);
	return parse_literal(p, at, cel_double(is_negative ? -number : number));
}

struct node *parse_uint(struct parse *p)
{
	struct cel_value value = { .kind = CEL_UINT };
	uint32_t at = p->at;

	if (!read_magnitude(str_slice(p->now.text, 0, p->now.text.len - 1), &value.natural))
		return parse_refuse(p, at, "invalid uint literal");
	parse_advance(p);
	return parse_literal(p, at, value);
}

struct node *parse_text(struct parse *p)
{
	struct cel_value value = { .kind = p->now.kind == TOKEN_BYTES ? CEL_BYTES : CEL_STRING };
	uint32_t at = p->at;
	const char *why;

	if (!token_unquote(p->now, p->arena, &value.text, &why)) {
		parse_bad_token(p, at, p->now.text);
		p->has_failed = true;
		return NULL;
	}
	parse_advance(p);
	return parse_literal(p, at, value);
}
