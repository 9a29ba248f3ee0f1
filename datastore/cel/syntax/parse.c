#include "datastore/cel/syntax/parse-private.h"

#include <assert.h>

#include "transport/wire/utf8.h"

#define BEGINS_PRIMARY                                                                           \
	"{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, " \
	"STRING, BYTES, IDENTIFIER}"

static struct node *expression(struct parse *p);

/* ---- nodes ------------------------------------------------------------------------------------------------ */

struct node *parse_node(struct parse *p, enum node_kind kind, uint32_t at)
{
	struct node *node = arena_new_of(p->arena, struct node);

	node->kind = kind;
	node->at = at;
	node->depth = 1;
	node->weight = 1;
	return node;
}

struct node *parse_literal(struct parse *p, uint32_t at, struct cel_value value)
{
	struct node *node = parse_node(p, NODE_LITERAL, at);

	node->literal = value;
	return node;
}

static void look_deeper(struct node *node, const struct node *child)
{
	if (child == NULL)
		return;
	if (child->depth >= node->depth)
		node->depth = (uint16_t)(child->depth + 1);
	node->weight += child->weight;
}

void parse_measure(struct parse *p, struct node *node)
{
	look_deeper(node, node->target);
	for (uint32_t i = 0; i < node->arg_count; i++)
		look_deeper(node, node->args[i]);
	if (node->fold != NULL) {
		look_deeper(node, node->fold->range);
		look_deeper(node, node->fold->init);
		look_deeper(node, node->fold->condition);
		look_deeper(node, node->fold->step);
		look_deeper(node, node->fold->result);
	}
	if (node->depth <= NODE_DEPTH_MAX && node->weight <= NODE_WEIGHT_MAX)
		return;
	if (!p->has_failed && node->depth > NODE_DEPTH_MAX)
		issues_add(p->issues, ISSUE_NOWHERE, "max recursion depth exceeded");
	else if (!p->has_failed)
		issues_add(p->issues, ISSUE_NOWHERE, "expression is too large");
	p->has_failed = true;
	node->depth = NODE_DEPTH_MAX;
	node->weight = 1;
}

struct node *parse_call(struct parse *p, uint32_t at, const char *name, struct node *target,
			struct node *a, struct node *b, struct node *c)
{
	struct node *node = parse_node(p, NODE_CALL, at);

	node->name = str_from(name);
	node->target = target;
	node->args = arena_array(p->arena, struct node *, 3);
	node->args[0] = a;
	node->args[1] = b;
	node->args[2] = c;
	node->arg_count = (uint32_t)(a != NULL) + (b != NULL) + (c != NULL);
	parse_measure(p, node);
	return node;
}

/* ---- tokens ----------------------------------------------------------------------------------------------- */

void parse_bad_token(struct parse *p, uint32_t at, struct str text)
{
	issues_add(p->issues, at, "Syntax error: token recognition error at: '" STR_FMT "'",
		   STR_ARG(text));
}

/* Passes over what begins no token, which is said, as upstream goes on from it. */
void parse_advance(struct parse *p)
{
	for (;;) {
		p->at = p->next;
		p->now = token_next(p->source, &p->next);
		p->at = p->now.kind == TOKEN_END ? p->source.len
						 : (uint32_t)(p->now.text.at - p->source.at);
		if (p->now.kind != TOKEN_BAD)
			return;
		if (!p->has_failed)
			parse_bad_token(p, p->at, p->now.text);
	}
}

static struct token look_ahead(const struct parse *p)
{
	uint32_t at = p->next;

	return token_next(p->source, &at);
}

static bool begins_primary(struct token token)
{
	static const char *const signs[] = { "[", "{", "(", ".", "-", "!", "true", "false", "null" };

	for (uint32_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (token_is(token, signs[i]))
			return true;
	return token.kind >= TOKEN_NAME && token.kind <= TOKEN_BYTES &&
	       token.kind != TOKEN_QUOTED_NAME;
}

/* `is_extra`: what follows would have fitted. */
static struct node *unexpected(struct parse *p, const char *expected, bool is_extra)
{
	if (!p->has_failed)
		issues_add(p->issues, p->at, "Syntax error: %s input '" STR_FMT "' expecting %s",
			   is_extra ? "extraneous" : "mismatched", STR_ARG(p->now.text), expected);
	p->has_failed = true;
	return NULL;
}

static bool take(struct parse *p, const char *sign)
{
	if (!token_is(p->now, sign))
		return false;
	parse_advance(p);
	return true;
}

static bool expect(struct parse *p, const char *sign, const char *expected)
{
	if (take(p, sign))
		return true;
	if (!p->has_failed && str_is(str_from(sign), ")") && p->now.kind == TOKEN_END) {
		issues_add(p->issues, p->at, "Syntax error: missing ')' at '<EOF>'");
		p->has_failed = true;
	}
	unexpected(p, expected, token_is(look_ahead(p), sign));
	return false;
}

/* ---- lists of things -------------------------------------------------------------------------------------- */

struct items {
	struct node **at;
	uint8_t *optional;
	uint32_t len, cap;
};

static void add_item(struct parse *p, struct items *items, struct node *item, bool is_optional)
{
	if (items->len == items->cap) {
		uint32_t cap = items->cap == 0 ? 4 : items->cap * 2;

		items->at = arena_grow(p->arena, items->at, items->cap * sizeof *items->at,
				       cap * sizeof *items->at);
		items->optional = arena_grow(p->arena, items->optional, items->cap, cap);
		items->cap = cap;
	}
	items->optional[items->len] = is_optional;
	items->at[items->len++] = item;
}

static void set_items(struct parse *p, struct node *node, const struct items *items)
{
	node->args = items->at;
	node->arg_count = items->len;
	parse_measure(p, node);
}

/* Behind the opening bracket, the closing one included. */
static void arguments(struct parse *p, struct node *call)
{
	struct items items = { 0 };

	if (!token_is(p->now, ")"))
		do
			add_item(p, &items, expression(p), false);
		while (!p->has_failed && take(p, ","));
	expect(p, ")", "{',', ')'}");
	if (!p->has_failed)
		set_items(p, call, &items);
}

static struct node *list_literal(struct parse *p)
{
	struct node *node = parse_node(p, NODE_LIST, p->at);
	struct items items = { 0 };

	parse_advance(p);
	while (!p->has_failed && !token_is(p->now, "]")) {
		bool is_optional = take(p, "?");

		add_item(p, &items, expression(p), is_optional);
		if (!take(p, ","))
			break;
	}
	if (!expect(p, "]", "{']', ','}"))
		return NULL;
	set_items(p, node, &items);
	node->optional = items.optional;
	return node;
}

static struct node *map_literal(struct parse *p)
{
	struct node *node = parse_node(p, NODE_MAP, p->at);
	struct items items = { 0 };

	parse_advance(p);
	while (!p->has_failed && !token_is(p->now, "}")) {
		bool is_optional = take(p, "?");

		add_item(p, &items, expression(p), is_optional);
		if (!expect(p, ":", "':'"))
			return NULL;
		add_item(p, &items, expression(p), is_optional);
		if (!take(p, ","))
			break;
	}
	if (!expect(p, "}", "{'}', ','}"))
		return NULL;
	set_items(p, node, &items);
	node->optional = items.optional;
	return node;
}

/* A field of a message as an entry of a map: its name stands where upstream says its faults are, at the colon. */
static bool field_of_struct(struct parse *p, struct items *items)
{
	bool is_optional = take(p, "?");
	struct str name = p->now.text;

	if (p->now.kind != TOKEN_NAME && p->now.kind != TOKEN_QUOTED_NAME) {
		unexpected(p, "{'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}", false);
		return false;
	}
	if (p->now.kind == TOKEN_QUOTED_NAME)
		name = str_slice(name, 1, name.len - 1);
	parse_advance(p);
	add_item(p, items, parse_literal(p, p->at, cel_string(name)), is_optional);
	if (!expect(p, ":", "':'"))
		return false;
	add_item(p, items, expression(p), is_optional);
	return true;
}

static struct node *struct_literal(struct parse *p, struct str name)
{
	struct node *node = parse_node(p, NODE_STRUCT, p->at);
	struct items items = { 0 };

	node->name = name;
	parse_advance(p);
	while (!p->has_failed && !token_is(p->now, "}")) {
		if (!field_of_struct(p, &items))
			return NULL;
		if (!take(p, ","))
			break;
	}
	if (!expect(p, "}", "{'}', ','}"))
		return NULL;
	set_items(p, node, &items);
	node->optional = items.optional;
	return node;
}

/* ---- expressions, from the inside out --------------------------------------------------------------------- */

static bool is_reserved(struct str name)
{
	static const char *const words[] = { "as",   "break",    "const",     "continue", "else",
					     "for",  "function", "if",        "import",   "let",
					     "loop", "package",  "namespace", "return",   "var",
					     "void", "while" };

	for (uint32_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_is(name, words[i]))
			return true;
	return false;
}

static struct node *call_of(struct parse *p, struct str name, struct node *target)
{
	struct node *call = parse_node(p, NODE_CALL, p->at);

	call->name = name;
	call->target = target;
	parse_advance(p);
	arguments(p, call);
	return p->has_failed ? NULL : macro_expand(p, call);
}

/* Whether `a.b.C{` begins here: the name of a message. */
static bool begins_struct(const struct parse *p, struct str *name)
{
	uint32_t at = p->next;
	struct token token = token_next(p->source, &at);

	*name = p->now.text;
	while (token_is(token, ".")) {
		token = token_next(p->source, &at);
		if (token.kind != TOKEN_NAME)
			return false;
		*name = arena_printf(p->arena, STR_FMT "." STR_FMT, STR_ARG(*name),
				     STR_ARG(token.text));
		token = token_next(p->source, &at);
	}
	return token_is(token, "{");
}

static struct node *named(struct parse *p, bool is_absolute)
{
	struct node *node = parse_node(p, NODE_IDENT, p->at);
	struct str message;

	if (p->now.kind != TOKEN_NAME)
		return unexpected(p, "IDENTIFIER", false);
	node->name = p->now.text;
	node->is_absolute = is_absolute;
	if (begins_struct(p, &message)) {
		while (!token_is(p->now, "{"))
			parse_advance(p);
		return struct_literal(p, message);
	}
	if (is_reserved(node->name)) {
		issues_add(p->issues, p->at, "reserved identifier: " STR_FMT, STR_ARG(node->name));
		p->has_failed = true;
		return NULL;
	}
	parse_advance(p);
	return token_is(p->now, "(") ? call_of(p, node->name, NULL) : node;
}

static struct node *primary(struct parse *p)
{
	uint32_t at = p->at;
	struct node *inner;

	switch (p->now.kind) {
	case TOKEN_NAME: return named(p, false);
	case TOKEN_INT: return parse_int(p, at, false);
	case TOKEN_DOUBLE: return parse_double(p, at, false);
	case TOKEN_UINT: return parse_uint(p);
	case TOKEN_STRING:
	case TOKEN_BYTES: return parse_text(p);
	default: break;
	}
	if (token_is(p->now, "["))
		return list_literal(p);
	if (token_is(p->now, "{"))
		return map_literal(p);
	if (take(p, "."))
		return named(p, true);
	if (take(p, "true"))
		return parse_literal(p, at, cel_bool(true));
	if (take(p, "false"))
		return parse_literal(p, at, cel_bool(false));
	if (take(p, "null"))
		return parse_literal(p, at, CEL_VALUE_NULL);
	if (!take(p, "("))
		return unexpected(p, BEGINS_PRIMARY,
				  p->now.kind != TOKEN_END && begins_primary(look_ahead(p)));
	inner = expression(p);
	return p->has_failed || !expect(p, ")", "')'") ? NULL : inner;
}

static struct node *selection(struct parse *p, struct node *target)
{
	struct node *node = parse_node(p, NODE_SELECT, p->at);

	parse_advance(p);
	node->is_optional = take(p, "?");
	node->target = target;
	node->name = p->now.text;
	if (p->now.kind == TOKEN_QUOTED_NAME)
		node->name = str_slice(p->now.text, 1, p->now.text.len - 1);
	if (p->now.kind != TOKEN_NAME && p->now.kind != TOKEN_QUOTED_NAME) {
		issues_add(p->issues, p->at,
			   "Syntax error: no viable alternative at input '.%s" STR_FMT "'",
			   node->is_optional ? "?" : "",
			   STR_ARG(p->now.kind == TOKEN_END ? STR("") : node->name));
		p->has_failed = true;
		return NULL;
	}
	parse_advance(p);
	if (token_is(p->now, "(") && !node->is_optional)
		return call_of(p, node->name, target);
	parse_measure(p, node);
	return node;
}

static struct node *index_of(struct parse *p, struct node *target)
{
	uint32_t at = p->at;
	bool is_optional;
	struct node *index;

	parse_advance(p);
	is_optional = take(p, "?");
	index = expression(p);
	if (p->has_failed || !expect(p, "]", "']'"))
		return NULL;
	return parse_call(p, at, is_optional ? "_[?_]" : "_[_]", NULL, target, index, NULL);
}

static struct node *member(struct parse *p, struct node *node)
{
	while (!p->has_failed) {
		if (token_is(p->now, "."))
			node = selection(p, node);
		else if (token_is(p->now, "["))
			node = index_of(p, node);
		else
			break;
	}
	return p->has_failed ? NULL : node;
}

/* One minus before a number belongs to it. */
static struct node *negative(struct parse *p)
{
	uint32_t at = p->at;

	parse_advance(p);
	return member(p, p->now.kind == TOKEN_INT ? parse_int(p, at, true)
						  : parse_double(p, at, true));
}

/* An even number of signs is none. */
static struct node *unary(struct parse *p)
{
	uint32_t at = p->at, signs = 0;
	bool is_minus = token_is(p->now, "-");
	const char *sign = is_minus ? "-" : "!";
	struct token next = look_ahead(p);
	struct node *node;

	if (is_minus && (next.kind == TOKEN_INT || next.kind == TOKEN_DOUBLE))
		return negative(p);
	for (; token_is(p->now, sign); signs++)
		parse_advance(p);
	/* It could have been a number's, too: upstream says that first. */
	if (is_minus && signs == 1 && p->now.kind == TOKEN_END)
		issues_add(p->issues, p->at, "Syntax error: no viable alternative at input '-'");
	node = member(p, primary(p));
	if (p->has_failed || signs % 2 == 0)
		return p->has_failed ? NULL : node;
	return parse_call(p, at, is_minus ? "-_" : "!_", NULL, node, NULL, NULL);
}

static const struct {
	const char *sign, *function;
	uint32_t strength;
} operators[] = {
	{ "<", "_<_", 1 },   { "<=", "_<=_", 1 }, { ">=", "_>=_", 1 }, { ">", "_>_", 1 },
	{ "==", "_==_", 1 }, { "!=", "_!=_", 1 }, { "in", "@in", 1 },  { "+", "_+_", 2 },
	{ "-", "_-_", 2 },   { "*", "_*_", 3 },   { "/", "_/_", 3 },   { "%", "_%_", 3 },
};

static int operator_at(const struct parse *p)
{
	for (uint32_t i = 0; i < sizeof operators / sizeof *operators; i++)
		if (token_is(p->now, operators[i].sign))
			return (int)i;
	return -1;
}

/* Operators as strong as `strength` and stronger ones, from left to right. */
static struct node *binary(struct parse *p, uint32_t strength)
{
	struct node *left = unary(p);
	int which;

	while (!p->has_failed && (which = operator_at(p)) >= 0 &&
	       operators[which].strength >= strength) {
		uint32_t at = p->at;
		struct node *right;

		parse_advance(p);
		right = binary(p, operators[which].strength + 1);
		if (!p->has_failed)
			left = parse_call(p, at, operators[which].function, NULL, left, right, NULL);
	}
	return left;
}

/* A long chain of one operator becomes a tree that is only as deep as it must. */
static struct node *balance(struct parse *p, const char *function, const struct items *terms,
			    const uint32_t *places, uint32_t from, uint32_t to)
{
	uint32_t middle = (from + to + 1) / 2;
	struct node *left, *right;

	left = middle == from ? terms->at[from]
			      : balance(p, function, terms, places, from, middle - 1);
	right =
	    middle == to ? terms->at[to + 1] : balance(p, function, terms, places, middle + 1, to);
	return parse_call(p, places[middle], function, NULL, left, right, NULL);
}

static struct node *chain(struct parse *p, const char *sign, const char *function, bool is_inner)
{
	struct items terms = { 0 };
	uint32_t *places = NULL, cap = 0;

	for (;;) {
		add_item(p, &terms, is_inner ? binary(p, 1) : chain(p, "&&", "_&&_", true), false);
		if (p->has_failed || !token_is(p->now, sign))
			break;
		if (terms.len > cap) {
			places = arena_grow(p->arena, places, cap * sizeof *places,
					    (cap + terms.cap) * sizeof *places);
			cap += terms.cap;
		}
		places[terms.len - 1] = p->at;
		parse_advance(p);
	}
	if (p->has_failed)
		return NULL;
	return terms.len == 1 ? terms.at[0] : balance(p, function, &terms, places, 0, terms.len - 2);
}

static struct node *conditional(struct parse *p)
{
	struct node *condition = chain(p, "||", "_||_", false), *yes, *no;
	uint32_t at = p->at;

	if (p->has_failed || !take(p, "?"))
		return condition;
	yes = chain(p, "||", "_||_", false);
	if (p->has_failed || !expect(p, ":", "':'"))
		return NULL;
	no = expression(p);
	return p->has_failed ? NULL : parse_call(p, at, "_?_:_", NULL, condition, yes, no);
}

static struct node *expression(struct parse *p)
{
	struct node *node;

	if (++p->depth > NODE_DEPTH_MAX) {
		parse_refuse(p, ISSUE_NOWHERE, "expression recursion limit exceeded: 250");
		return NULL;
	}
	node = conditional(p);
	p->depth--;
	return p->has_failed ? NULL : node;
}

struct node *parse(struct str source, bool binds, struct issues *issues, struct arena *arena)
{
	struct parse p = { .source = source, .binds = binds, .issues = issues, .arena = arena };
	uint32_t size = utf8_count(source);
	struct node *node;

	if (size > NODE_CODE_POINTS_MAX) {
		issues_add(issues, ISSUE_NOWHERE,
			   "expression code point size exceeds limit: size: %u, limit %u", size,
			   NODE_CODE_POINTS_MAX);
		return NULL;
	}
	parse_advance(&p);
	node = expression(&p);
	if (!p.has_failed && p.now.kind != TOKEN_END)
		unexpected(&p, "<EOF>", look_ahead(&p).kind == TOKEN_END);
	assert(node != NULL || issues->len > 0);
	return issues->len > 0 ? NULL : node;
}
