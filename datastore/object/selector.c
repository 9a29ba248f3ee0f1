#include "datastore/object/selector.h"

#include <string.h>

#include "datastore/object/name.h"
#include "runtime/base/limits.h"
#include "runtime/base/text.h"

/* ---- building ------------------------------------------------------------------------------------ */

/* Requirements and values as they are found; moved into the arena at the end. */
struct builder {
	struct arena *arena;
	struct selector_requirement *at;
	uint32_t len, cap;
};

static enum status add(struct builder *b, struct selector_requirement requirement, struct fault *why)
{
	if (b->len >= SELECTOR_REQUIREMENTS_MAX)
		return fault_set(why, BAD_REQUEST, "", "a selector has at most %u requirements",
				 SELECTOR_REQUIREMENTS_MAX);
	if (b->len == b->cap) {
		uint32_t cap = b->cap ? b->cap * 2 : 4;

		b->at = arena_grow(b->arena, b->at, b->cap * sizeof *b->at, cap * sizeof *b->at);
		b->cap = cap;
	}
	b->at[b->len++] = requirement;
	return OK;
}

static struct selector_requirement one_value(struct arena *arena, enum selector_operator relation,
					     struct str key, struct str value)
{
	struct str *values = arena_array(arena, struct str, 1);

	values[0] = value.at ? value : STR("");
	return (struct selector_requirement){ relation, key, values, 1, false };
}

static struct selector built(const struct builder *b)
{
	return (struct selector){ .at = b->at, .len = b->len };
}

/* ---- the text form of label selectors ------------------------------------------------------------- */

struct scanner {
	struct str text;
	uint32_t at;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_special(char c)
{
	return c == '=' || c == '!' || c == '(' || c == ')' || c == ',' || c == '>' || c == '<';
}

static void skip_space(struct scanner *s)
{
	while (s->at < s->text.len && is_space(s->text.at[s->at]))
		s->at++;
}

/* The next token: an operator of one or two characters, or a word; empty at the end. */
static struct str next_token(struct scanner *s)
{
	uint32_t from;

	skip_space(s);
	from = s->at;
	if (from == s->text.len)
		return STR("");
	if (!is_special(s->text.at[from])) {
		while (s->at < s->text.len && !is_special(s->text.at[s->at]) &&
		       !is_space(s->text.at[s->at]))
			s->at++;
		return str_slice(s->text, from, s->at);
	}
	s->at++;
	if (s->at < s->text.len && s->text.at[s->at] == '=' &&
	    (s->text.at[from] == '=' || s->text.at[from] == '!'))
		s->at++;
	return str_slice(s->text, from, s->at);
}

static struct str peek_token(const struct scanner *s)
{
	struct scanner copy = *s;

	return next_token(&copy);
}

static bool is_word(struct str token)
{
	return token.len > 0 && !is_special(token.at[0]);
}

static enum status unexpected(struct str token, const char *expected, struct fault *why)
{
	return fault_set(why, BAD_REQUEST, "",
			 "unable to parse requirement: found '" STR_FMT "', expected: %s",
			 STR_ARG(token), expected);
}

/* Between requirements. */
static enum status misplaced(struct str token, const char *expected, struct fault *why)
{
	return fault_set(why, BAD_REQUEST, "", "found '" STR_FMT "', expected: %s", STR_ARG(token),
			 expected);
}

/* ( a, b, c ) after in and notin; an empty element is the empty value, as in `in (a,)`. */
static enum status parse_values(struct scanner *s, struct arena *arena, struct str **out,
				uint32_t *out_count, struct fault *why)
{
	struct str token = next_token(s), *values = NULL;
	uint32_t count = 0, cap = 0;
	bool wants_value = true;

	if (!str_is(token, "(")) /* without a comma, as upstream writes it */
		return fault_set(why, BAD_REQUEST, "",
				 "unable to parse requirement: found '" STR_FMT "' expected: '('",
				 STR_ARG(token));
	for (;;) {
		token = next_token(s);
		if (count >= SELECTOR_VALUES_MAX)
			return fault_set(why, BAD_REQUEST, "",
					 "a selector has at most %u values in one set",
					 SELECTOR_VALUES_MAX);
		if (count == cap) {
			values = arena_grow(arena, values, cap * sizeof *values,
					    (cap * 2 + 4) * sizeof *values);
			cap = cap * 2 + 4;
		}
		if (is_word(token)) {
			if (!wants_value)
				return unexpected(token, "',' or ')'", why);
			values[count++] = token;
			wants_value = false;
		} else if (str_is(token, ",") || str_is(token, ")")) {
			if (wants_value)
				values[count++] = STR("");
			wants_value = true;
			if (token.at[0] == ')')
				break;
		} else {
			return unexpected(
			    token, wants_value ? "',', ')' or identifier" : "',' or ')'", why);
		}
	}
	*out = values;
	*out_count = count;
	return OK;
}

static const struct {
	const char *token;
	enum selector_operator relation;
} comparisons[] = {
	{ "=", SELECTOR_IN },      { "==", SELECTOR_IN },  { "!=", SELECTOR_NOT_IN },
	{ ">", SELECTOR_GREATER }, { "<", SELECTOR_LESS },
};

static enum status parse_comparison(struct scanner *s, struct builder *b, struct str key,
				    struct str token, struct fault *why)
{
	for (size_t i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++) {
		enum selector_operator relation = comparisons[i].relation;
		struct str value = STR("");
		int64_t number;

		if (!str_is(token, comparisons[i].token))
			continue;
		if (is_word(peek_token(s)))
			value = next_token(s);
		else if (peek_token(s).len > 0 && !str_is(peek_token(s), ","))
			return unexpected(peek_token(s), "identifier", why);
		if ((relation == SELECTOR_GREATER || relation == SELECTOR_LESS) &&
		    str_to_i64(value, &number) != OK)
			return fault_set(why, BAD_REQUEST, "",
					 "unable to parse requirement: values[0]: Invalid value: "
					 "\"" STR_FMT
					 "\": for 'Gt', 'Lt' operators, the value must "
					 "be an integer",
					 STR_ARG(value));
		return add(b, one_value(b->arena, relation, key, value), why);
	}
	return unexpected(token, "in, notin, =, ==, !=, gt, lt", why);
}

static enum status parse_requirement(struct scanner *s, struct builder *b, struct fault *why)
{
	struct str token = next_token(s), key, *values = NULL;
	uint32_t count = 0;
	bool is_in;

	if (str_is(token, "!")) {
		key = next_token(s);
		if (!is_word(key))
			return unexpected(key, "identifier", why);
		return add(b,
			   (struct selector_requirement){ SELECTOR_NOT_EXISTS, key, NULL, 0, false },
			   why);
	}
	if (!is_word(token))
		return misplaced(token, "!, identifier, or 'end of string'", why);
	key = token;
	token = peek_token(s);
	if (token.len == 0 || str_is(token, ","))
		return add(b, (struct selector_requirement){ SELECTOR_EXISTS, key, NULL, 0, false },
			   why);
	token = next_token(s);
	is_in = str_is(token, "in");
	if (is_in || str_is(token, "notin")) {
		TRY(parse_values(s, b->arena, &values, &count, why));
		return add(b,
			   (struct selector_requirement){ is_in ? SELECTOR_IN : SELECTOR_NOT_IN,
							  key, values, count, .is_set = true },
			   why);
	}
	return parse_comparison(s, b, key, token, why);
}

/* All that is wrong with one text, in one sentence. */
static enum status refuse(const struct faults *faults, struct str value, struct fault *why)
{
	struct text out = text_in(faults->arena, sizeof why->text);
	uint32_t skip = (uint32_t)strlen(fault_kind_text(FAULT_INVALID)) + 2 +
			name_quoted(faults->arena, value).len + 2;

	text_add(&out, faults->at[0].message);
	for (uint32_t i = 1; i < faults->len; i++) {
		struct str message = faults->at[i].message;

		text_lit(&out, "; ");
		text_add(&out, str_slice(message, skip, message.len));
	}
	return fault_set(why, BAD_REQUEST, "", "unable to parse requirement: " STR_FMT ": " STR_FMT,
			 STR_ARG(faults->at[0].field), STR_ARG(text_str(&out)));
}

/* No object has a key or value that is none: asking for one is a mistake, and upstream says so. */
static enum status check(const struct selector_requirement *r, struct arena *arena,
			 struct fault *why)
{
	struct faults faults = faults_in(arena);

	if (!name_check(NAME_LABEL_KEY, r->key, STR("<nil>"), &faults))
		return refuse(&faults, r->key, why);
	for (uint32_t i = 0; i < r->value_count; i++)
		if (!name_check(NAME_LABEL_VALUE, r->values[i],
				arena_printf(arena, "values[%u][" STR_FMT "]", i, STR_ARG(r->key)),
				&faults))
			return refuse(&faults, r->values[i], why);
	return OK;
}

enum status selector_parse_labels(struct str text, struct arena *arena, struct selector *out,
				  struct fault *why)
{
	struct scanner s = { .text = text };
	struct builder b = { .arena = arena };
	struct str token;

	while (peek_token(&s).len > 0) {
		TRY(parse_requirement(&s, &b, why));
		TRY(check(&b.at[b.len - 1], arena, why));
		token = next_token(&s);
		if (token.len == 0)
			break;
		if (!str_is(token, ","))
			return misplaced(token, "',' or 'end of string'", why);
		if (!is_word(peek_token(&s)) && !str_is(peek_token(&s), "!"))
			return misplaced(peek_token(&s), "identifier after ','", why);
	}
	*out = built(&b);
	return OK;
}

/* ---- the text form of field selectors -------------------------------------------------------------- */

/* Where the term ends: the next comma that no backslash escapes. */
static uint32_t term_end(struct str text, uint32_t from)
{
	for (uint32_t i = from; i < text.len; i++) {
		if (text.at[i] == '\\')
			i++;
		else if (text.at[i] == ',')
			return i;
	}
	return text.len;
}

static enum status unescape(struct str value, struct arena *arena, struct str *out,
			    struct fault *why)
{
	char *bytes = arena_alloc(arena, value.len + 1U);
	uint32_t len = 0;

	for (uint32_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (c == '\\') {
			c = ++i < value.len ? value.at[i] : '\0';
			if (c != '\\' && c != ',' && c != '=')
				return fault_set(
				    why, BAD_REQUEST, "",
				    "invalid field selector: invalid escape sequence: " STR_FMT,
				    STR_ARG(str_slice(value, i - 1, i + 1)));
		} else if (c == '=') {
			/* The number is upstream's way to show the character. */
			return fault_set(why, BAD_REQUEST, "",
					 "invalid field selector: unescaped character in value: %d",
					 c);
		}
		bytes[len++] = c;
	}
	bytes[len] = '\0';
	*out = (struct str){ bytes, len };
	return OK;
}

static enum status parse_term(struct str text, struct str term, struct builder *b, struct fault *why)
{
	int64_t at = str_find_char(term, '=');
	uint32_t key_end, value_from;
	bool is_not;
	struct str value = STR("");

	if (at < 0)
		return fault_set(why, BAD_REQUEST, "",
				 "invalid selector: '" STR_FMT "'; can't understand '" STR_FMT "'",
				 STR_ARG(text), STR_ARG(term));
	is_not = at > 0 && term.at[at - 1] == '!';
	key_end = (uint32_t)at - (is_not ? 1 : 0);
	value_from = (uint32_t)at + 1;
	if (!is_not && value_from < term.len && term.at[value_from] == '=')
		value_from++;
	TRY(unescape(str_slice(term, value_from, term.len), b->arena, &value, why));
	return add(b,
		   one_value(b->arena, is_not ? SELECTOR_NOT_IN : SELECTOR_IN,
			     str_slice(term, 0, key_end), value),
		   why);
}

enum status selector_parse_fields(struct str text, struct arena *arena, struct selector *out,
				  struct fault *why)
{
	struct builder b = { .arena = arena };
	uint32_t from = 0;

	while (from < text.len) {
		uint32_t end = term_end(text, from);

		if (end > from)
			TRY(parse_term(text, str_slice(text, from, end), &b, why));
		from = end + 1;
	}
	*out = built(&b);
	return OK;
}

/* ---- from objects ----------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum selector_operator relation;
} operators[] = {
	{ "In", SELECTOR_IN },
	{ "NotIn", SELECTOR_NOT_IN },
	{ "Exists", SELECTOR_EXISTS },
	{ "DoesNotExist", SELECTOR_NOT_EXISTS },
};

static enum status add_expression(struct builder *b,
				  const struct meta_label_selector_requirement *from,
				  struct fault *why)
{
	for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
		if (str_is(from->operator, operators[i].name))
			return add(b,
				   (struct selector_requirement){ operators[i].relation, from->key,
								  from->values.at, from->values.len,
								  .is_set = from->values.len > 0 },
				   why);
	return fault_set(why, INVALID, "matchExpressions",
			 "\"" STR_FMT "\" is not a valid label selector operator",
			 STR_ARG(from->operator));
}

enum status selector_from_label_selector(const struct meta_label_selector *from, struct arena *arena,
					 struct selector *out, struct fault *why)
{
	struct builder b = { .arena = arena };

	if (from == NULL) {
		*out = (struct selector){ .is_nothing = true };
		return OK;
	}
	for (uint32_t i = 0; i < from->match_labels.len; i++)
		TRY(add(&b,
			one_value(arena, SELECTOR_IN, from->match_labels.at[i].key,
				  from->match_labels.at[i].value),
			why));
	for (uint32_t i = 0; i < from->match_expressions.len; i++)
		TRY(add_expression(&b, &from->match_expressions.at[i], why));
	*out = built(&b);
	return OK;
}

struct selector selector_from_map(struct str_map map, struct arena *arena)
{
	struct selector_requirement *at = arena_array(arena, struct selector_requirement, map.len);

	for (uint32_t i = 0; i < map.len; i++)
		at[i] = one_value(arena, SELECTOR_IN, map.at[i].key, map.at[i].value);
	return (struct selector){ .at = at, .len = map.len };
}

struct selector selector_copy(const struct selector *from, struct arena *arena)
{
	struct selector_requirement *at = arena_copy(arena, from->at, from->len * sizeof *at);
	struct selector copy = *from;

	for (uint32_t i = 0; i < from->len; i++) {
		struct str *values = arena_array(arena, struct str, at[i].value_count);

		at[i].key = arena_str(arena, at[i].key);
		for (uint32_t v = 0; v < at[i].value_count; v++)
			values[v] = arena_str(arena, at[i].values[v]);
		at[i].values = values;
	}
	copy.at = at;
	return copy;
}

/* ---- matching ------------------------------------------------------------------------------------------ */

static bool has_value(const struct selector_requirement *r, struct str value)
{
	for (uint32_t i = 0; i < r->value_count; i++)
		if (str_eq(r->values[i], value))
			return true;
	return false;
}

static bool compares(const struct selector_requirement *r, struct str value)
{
	int64_t have, bound;

	if (str_to_i64(value, &have) != OK || str_to_i64(r->values[0], &bound) != OK)
		return false;
	return r->relation == SELECTOR_GREATER ? have > bound : have < bound;
}

static bool holds(const struct selector_requirement *r, struct str value)
{
	bool is_there = value.at != NULL;

	switch (r->relation) {
	case SELECTOR_IN: return is_there && has_value(r, value);
	case SELECTOR_NOT_IN: return !is_there || !has_value(r, value);
	case SELECTOR_EXISTS: return is_there;
	case SELECTOR_NOT_EXISTS: return !is_there;
	case SELECTOR_GREATER:
	case SELECTOR_LESS: return is_there && compares(r, value);
	}
	return false;
}

bool selector_matches_labels(const struct selector *selector, struct str_map labels)
{
	if (selector->is_nothing)
		return false;
	for (uint32_t i = 0; i < selector->len; i++)
		if (!holds(&selector->at[i], str_map_get(labels, selector->at[i].key)))
			return false;
	return true;
}

bool selector_matches_fields(const struct selector *selector, selector_field_fn *value_of, void *arg)
{
	if (selector->is_nothing)
		return false;
	for (uint32_t i = 0; i < selector->len; i++) {
		struct str value = value_of(arg, selector->at[i].key);

		if (!holds(&selector->at[i], value.at ? value : STR("")))
			return false;
	}
	return true;
}

struct str selector_exact(const struct selector *selector, struct str key)
{
	for (uint32_t i = 0; i < selector->len; i++) {
		const struct selector_requirement *r = &selector->at[i];

		if (r->relation == SELECTOR_IN && r->value_count == 1 && str_eq(r->key, key))
			return r->values[0];
	}
	return STR_NONE;
}

/* ---- printing -------------------------------------------------------------------------------------------- */

static void sort_texts(struct str *at, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		struct str one = at[i];
		uint32_t to = i;

		for (; to > 0 && str_cmp(at[to - 1], one) > 0; to--)
			at[to] = at[to - 1];
		at[to] = one;
	}
}

static void print_set(const struct selector_requirement *r, struct arena *arena, struct text *out)
{
	struct str *values = arena_array(arena, struct str, r->value_count + 1);
	uint32_t count = 0;

	memcpy(values, r->values, r->value_count * sizeof *values);
	sort_texts(values, r->value_count);
	for (uint32_t i = 0; i < r->value_count; i++)
		if (count == 0 || !str_eq(values[count - 1], values[i]))
			values[count++] = values[i];
	text_add(out, r->key);
	text_add(out, r->relation == SELECTOR_IN ? STR(" in (") : STR(" notin ("));
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			text_add_char(out, ',');
		text_add(out, values[i]);
	}
	text_add_char(out, ')');
}

static void print_one(const struct selector_requirement *r, struct arena *arena, struct text *out)
{
	static const char *const signs[] = {
		[SELECTOR_IN] = "=", [SELECTOR_NOT_IN] = "!=", [SELECTOR_GREATER] = ">", [SELECTOR_LESS] = "<"
	};

	switch (r->relation) {
	case SELECTOR_EXISTS: text_add(out, r->key); return;
	case SELECTOR_NOT_EXISTS:
		text_add_char(out, '!');
		text_add(out, r->key);
		return;
	default: break;
	}
	if (r->is_set || r->value_count != 1) {
		print_set(r, arena, out);
		return;
	}
	text_add(out, r->key);
	text_add(out, str_from(signs[r->relation]));
	text_add(out, r->values[0]);
}

struct str selector_print(const struct selector *selector, struct arena *arena)
{
	struct text out = text_in(arena, LIMIT_BODY_BYTES);
	const struct selector_requirement *sorted[SELECTOR_REQUIREMENTS_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < selector->len && count < SELECTOR_REQUIREMENTS_MAX; i++) {
		uint32_t at = count++;

		for (; at > 0 && str_cmp(sorted[at - 1]->key, selector->at[i].key) > 0; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = &selector->at[i];
	}
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			text_add_char(&out, ',');
		print_one(sorted[i], arena, &out);
	}
	return text_str(&out);
}
