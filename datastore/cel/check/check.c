#include "datastore/cel/check/check.h"

#include <assert.h>

#include "datastore/cel/check/assign.h"
#include "datastore/cel/library/function.h"
#include "datastore/cel/value/message.h"

#define QUALIFIED_BYTES_MAX 512U

/* Variables of folds, innermost last. */
struct local {
	struct str name;
	const struct cel_type *type;
};

struct checking {
	const struct check_scope *scope;
	struct issues *issues;
	struct arena *arena;
	struct assign known;
	struct local *locals;
	uint32_t local_count;
};

static void check_node(struct checking *c, struct node *node);

static const struct cel_type *plain(enum cel_kind kind)
{
	return cel_type_of(kind);
}

static struct str shown(const struct checking *c, const struct cel_type *type)
{
	struct text out = text_in(c->arena, 64 * 1024);

	cel_type_write(type, &out);
	return text_str(&out);
}

static bool fits(struct checking *c, const struct cel_type *from, const struct cel_type *to)
{
	return assign_all(&c->known, &from, &to, 1);
}

static const struct cel_type *resolved(const struct checking *c, const struct cel_type *type)
{
	return assign_resolve(&c->known, type, false);
}

static void undeclared(struct checking *c, struct node *node, struct str name)
{
	issues_add(c->issues, node->at, "undeclared reference to '" STR_FMT "' (in container '')",
		   STR_ARG(name));
	node->type = plain(CEL_ERROR);
}

static void mismatch(struct checking *c, const struct node *node, const struct cel_type *wanted,
		     const struct cel_type *found)
{
	struct str want = shown(c, wanted), have = shown(c, found);

	issues_add(c->issues, node->at, "expected type '" STR_FMT "' but found '" STR_FMT "'",
		   STR_ARG(want), STR_ARG(have));
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static bool is_type_name(struct str name, enum cel_kind *kind)
{
	static const enum cel_kind kinds[] = {
		CEL_BOOL,     CEL_BYTES,    CEL_DOUBLE,    CEL_INT,  CEL_LIST,
		CEL_MAP,      CEL_NULL,     CEL_STRING,    CEL_TYPE, CEL_UINT,
		CEL_OPTIONAL, CEL_DURATION, CEL_TIMESTAMP, CEL_IP,   CEL_CIDR,
	};

	for (uint32_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_eq(name, cel_type_name(plain(kinds[i])))) {
			*kind = kinds[i];
			return true;
		}
	return false;
}

static bool resolve_local(struct checking *c, struct node *node, struct str name)
{
	for (uint32_t i = c->local_count; i > 0; i--)
		if (str_eq(c->locals[i - 1].name, name)) {
			node->meaning = NODE_LOCAL;
			node->slot = i - 1;
			node->type = c->locals[i - 1].type;
			return true;
		}
	return false;
}

static const struct cel_type *message_of(const struct checking *c, struct str name)
{
	return c->scope->makes_messages ? message_type(name, c->arena) : NULL;
}

static void name_type(struct checking *c, struct node *node, const struct cel_type *type)
{
	node->meaning = NODE_NAMES_TYPE;
	node->literal = (struct cel_value){ .kind = CEL_TYPE, .type = type };
	node->type = cel_type_with(c->arena, CEL_TYPE, type);
}

static bool resolve_name(struct checking *c, struct node *node, struct str name)
{
	const struct cel_type *message = message_of(c, name);
	enum cel_kind kind;

	for (uint32_t i = 0; i < c->scope->count; i++)
		if (str_eq(c->scope->variables[i].name, name)) {
			node->meaning = NODE_VARIABLE;
			node->slot = i;
			node->type = c->scope->variables[i].type;
			if (c->scope->is_used != NULL)
				c->scope->is_used[i] = true;
			return true;
		}
	if (message == NULL && !is_type_name(name, &kind))
		return false;
	name_type(c, node, message != NULL ? message : plain(kind));
	return true;
}

static void check_ident(struct checking *c, struct node *node)
{
	if (!node->is_absolute && resolve_local(c, node, node->name))
		return;
	if (!resolve_name(c, node, node->name))
		undeclared(c, node, node->name);
}

/* `a.b.c` as one name; absent: it is none. */
static struct str qualified(const struct checking *c, const struct node *node)
{
	struct text out = text_in(c->arena, QUALIFIED_BYTES_MAX);
	const struct node *parts[8];
	uint32_t count = 0;

	for (; node->kind == NODE_SELECT && !node->is_test && !node->is_optional;
	     node = node->target) {
		if (count == 8)
			return STR_NONE;
		parts[count++] = node;
	}
	if (node->kind != NODE_IDENT)
		return STR_NONE;
	for (uint32_t i = c->local_count; i > 0; i--)
		if (str_eq(c->locals[i - 1].name, node->name))
			return STR_NONE;
	text_add(&out, node->name);
	while (count > 0) {
		text_add_char(&out, '.');
		text_add(&out, parts[--count]->name);
	}
	return out.is_cut ? STR_NONE : text_str(&out);
}

/* ---- selection ----------------------------------------------------------------------------------------------------- */

static const struct cel_type *field_type(struct checking *c, struct node *node,
					 const struct cel_type *from)
{
	const struct cel_type *type;
	struct str name;

	switch (from->kind) {
	case CEL_MAP: return from->value;
	case CEL_OBJECT:
		type = cel_type_field(from, node->name, c->arena);
		if (type != NULL)
			return type;
		issues_add(c->issues, node->at, "undefined field '" STR_FMT "'",
			   STR_ARG(node->name));
		return plain(CEL_ERROR);
	case CEL_PARAM: fits(c, plain(CEL_DYN), from); return plain(CEL_DYN);
	case CEL_DYN:
	case CEL_ERROR: return plain(CEL_DYN);
	default:
		name = shown(c, from);
		issues_add(c->issues, node->at,
			   "type '" STR_FMT "' does not support field selection", STR_ARG(name));
		return plain(CEL_DYN);
	}
}

static void check_select(struct checking *c, struct node *node)
{
	struct str name = node->is_test ? STR_NONE : qualified(c, node);
	const struct cel_type *from, *type;
	bool is_optional;

	if (name.at != NULL && !node->is_optional && resolve_name(c, node, name)) {
		node->kind = NODE_IDENT;
		node->name = name;
		return;
	}
	check_node(c, node->target);
	from = resolved(c, node->target->type);
	is_optional = from->kind == CEL_OPTIONAL;
	type = field_type(c, node, is_optional ? from->param : from);
	if (is_optional || node->is_optional)
		type = cel_type_optional(c->arena, type);
	node->type = node->is_test ? plain(CEL_BOOL) : resolved(c, type);
}

/* ---- calls --------------------------------------------------------------------------------------------------------- */

/* The parameters of a signature as open types of this call. */
static const struct cel_type *opened(struct checking *c, const struct cel_type *type,
				     const struct cel_type *fresh['Z' - 'A' + 1])
{
	struct cel_type *out;

	if (type->kind == CEL_PARAM) {
		uint32_t letter = (uint32_t)(type->name.at[0] - 'A');

		assert(letter <= 'Z' - 'A');
		if (fresh[letter] == NULL)
			fresh[letter] = assign_fresh(&c->known);
		return fresh[letter];
	}
	if (type->param == NULL)
		return type;
	out = arena_copy(c->arena, type, sizeof *type);
	out->param = opened(c, type->param, fresh);
	if (type->value != NULL)
		out->value = opened(c, type->value, fresh);
	cel_type_weigh(out);
	return out;
}

static void no_overload(struct checking *c, struct node *node, const struct cel_type **args,
			uint32_t count)
{
	struct text out = text_in(c->arena, 64 * 1024);
	bool is_member = node->target != NULL;

	for (uint32_t i = 0; i < count; i++) {
		const struct cel_type *type = assign_resolve(&c->known, args[i], true);

		if (i == 0 && !is_member)
			text_add_char(&out, '(');
		if (i > (is_member ? 1U : 0U))
			text_lit(&out, ", ");
		cel_type_write(type, &out);
		if (i == 0 && is_member)
			text_lit(&out, ".(");
	}
	if (count == 0)
		text_add_char(&out, '(');
	text_add_char(&out, ')');
	issues_add(c->issues, node->at,
		   "found no matching overload for '" STR_FMT "' applied to '" STR_FMT "'",
		   STR_ARG(node->name), STR_ARG(text_str(&out)));
	node->type = plain(CEL_ERROR);
}

/* && and || ask for booleans and say so of each side. */
static void check_logic(struct checking *c, struct node *node, const struct cel_function *function)
{
	bool is_good = true;

	for (uint32_t i = 0; i < 2; i++)
		if (!fits(c, node->args[i]->type, plain(CEL_BOOL))) {
			mismatch(c, node->args[i], plain(CEL_BOOL),
				 resolved(c, node->args[i]->type));
			is_good = false;
		}
	node->type = is_good ? plain(CEL_BOOL) : plain(CEL_ERROR);
	node->functions = arena_copy(c->arena, &function, sizeof(const struct cel_function *));
	node->function_count = 1;
}

static void resolve_call(struct checking *c, struct node *node, const struct cel_function **rows,
			 uint32_t row_count)
{
	const struct cel_type *args[CEL_ARGS_MAX + 1], *result = NULL;
	uint32_t count = 0;
	const struct cel_function **chosen =
	    arena_array(c->arena, const struct cel_function *, row_count);
	struct cel_signature *signatures = arena_array(c->arena, struct cel_signature, row_count);

	if (rows[0]->price == PRICE_AND || rows[0]->price == PRICE_OR) {
		check_logic(c, node, rows[0]);
		return;
	}
	if (node->target != NULL)
		args[count++] = node->target->type;
	for (uint32_t i = 0; i < node->arg_count && count <= CEL_ARGS_MAX; i++)
		args[count++] = node->args[i]->type;
	for (uint32_t r = 0; r < row_count; r++) {
		struct cel_signature signature = cel_signature_read(rows[r]->signature, c->arena);
		const struct cel_type *fresh['Z' - 'A' + 1] = { 0 }, *wanted[CEL_ARGS_MAX], *given;

		if (signature.is_member != (node->target != NULL) || signature.count != count)
			continue;
		for (uint32_t i = 0; i < count; i++)
			wanted[i] = opened(c, signature.args[i], fresh);
		given = opened(c, signature.result, fresh);
		if (!assign_all(&c->known, args, wanted, count))
			continue;
		signatures[node->function_count] = signature;
		chosen[node->function_count++] = rows[r];
		given = resolved(c, given);
		if (result == NULL)
			result = given;
		else if (result->kind != CEL_DYN && !cel_type_equal(result, given))
			result = plain(CEL_DYN);
	}
	if (result == NULL) {
		no_overload(c, node, args, count);
		return;
	}
	node->functions = chosen;
	node->signatures = signatures;
	node->type = result;
}

static uint32_t find_functions(const struct checking *c, struct str name,
			       const struct cel_function *rows[FUNCTION_OVERLOADS_MAX])
{
	return cel_function_find(name, c->scope->makes_messages, rows, FUNCTION_OVERLOADS_MAX);
}

static void check_call(struct checking *c, struct node *node)
{
	const struct cel_function *rows[FUNCTION_OVERLOADS_MAX];
	struct str name = node->name, prefix = STR_NONE;
	uint32_t row_count = 0;

	node->function_count = 0;
	for (uint32_t i = 0; i < node->arg_count; i++)
		check_node(c, node->args[i]);
	/* `a.b.f(x)` is either f of a.b, or the function of that name. */
	if (node->target != NULL)
		prefix = qualified(c, node->target);
	if (prefix.at != NULL) {
		name = arena_printf(c->arena, STR_FMT "." STR_FMT, STR_ARG(prefix),
				    STR_ARG(node->name));
		row_count = find_functions(c, name, rows);
	}
	if (row_count > 0) {
		node->name = name;
		node->target = NULL;
	} else {
		if (node->target != NULL)
			check_node(c, node->target);
		row_count = find_functions(c, node->name, rows);
	}
	if (row_count == 0)
		undeclared(c, node, node->name);
	else
		resolve_call(c, node, rows, row_count);
}

/* ---- lists, maps, folds ----------------------------------------------------------------------------------------------- */

/* Of both; dyn where they do not go together. */
static const struct cel_type *joined(struct checking *c, const struct cel_type *all,
				     const struct cel_type *one)
{
	if (all == NULL)
		return one;
	return fits(c, all, one) ? assign_general(all, one) : plain(CEL_DYN);
}

/* An element with `?` is an optional, and what it has is the element. */
static const struct cel_type *element_type(struct checking *c, const struct node *node, uint32_t i)
{
	const struct cel_type *type = node->args[i]->type;

	if (node->optional == NULL || !node->optional[i] || (node->kind == NODE_MAP && i % 2 == 0))
		return type;
	type = resolved(c, type);
	if (type->kind == CEL_OPTIONAL)
		return type->param;
	if (type->kind != CEL_DYN)
		mismatch(c, node->args[i], cel_type_optional(c->arena, type), type);
	return type;
}

static void check_list(struct checking *c, struct node *node)
{
	const struct cel_type *all = NULL;

	for (uint32_t i = 0; i < node->arg_count; i++) {
		check_node(c, node->args[i]);
		all = joined(c, all, element_type(c, node, i));
	}
	node->type = cel_type_list(c->arena, all != NULL ? all : assign_fresh(&c->known));
}

static void check_map(struct checking *c, struct node *node)
{
	const struct cel_type *keys = NULL, *values = NULL;

	for (uint32_t i = 0; i < node->arg_count; i += 2) {
		check_node(c, node->args[i]);
		keys = joined(c, keys, element_type(c, node, i));
		check_node(c, node->args[i + 1]);
		values = joined(c, values, element_type(c, node, i + 1));
	}
	if (keys == NULL) {
		keys = assign_fresh(&c->known);
		values = assign_fresh(&c->known);
	}
	node->type = cel_type_map(c->arena, keys, values);
}

static void check_message_field(struct checking *c, const struct node *node, uint32_t i)
{
	const struct node *name = node->args[i];
	const struct cel_type *wanted, *found;
	struct str want = STR(""), have;

	wanted = cel_type_field(node->type, name->literal.text, c->arena);
	found = element_type(c, node, i + 1);
	if (wanted != NULL && fits(c, wanted, found))
		return;
	if (wanted != NULL)
		want = shown(c, wanted);
	have = shown(c, resolved(c, found));
	issues_add(c->issues, name->at,
		   "expected type of field '" STR_FMT "' is '" STR_FMT
		   "' but provided type is '" STR_FMT "'",
		   STR_ARG(name->literal.text), STR_ARG(want), STR_ARG(have));
}

static void check_message(struct checking *c, struct node *node)
{
	node->type = message_of(c, node->name);
	if (node->type == NULL) {
		undeclared(c, node, node->name);
		return;
	}
	for (uint32_t i = 0; i < node->arg_count; i += 2) {
		check_node(c, node->args[i]);
		check_node(c, node->args[i + 1]);
		check_message_field(c, node, i);
	}
}

static void push(struct checking *c, struct str name, const struct cel_type *type)
{
	assert(c->local_count < 3 * NODE_DEPTH_MAX);
	c->locals[c->local_count++] = (struct local){ name, type };
}

/* What the variables of a fold over such a range are. */
static void range_types(struct checking *c, const struct node *range, bool has_two,
			const struct cel_type **first, const struct cel_type **second)
{
	const struct cel_type *type = resolved(c, range->type);
	struct str name;

	switch (type->kind) {
	case CEL_LIST:
		*first = has_two ? plain(CEL_INT) : type->param;
		*second = type->param;
		return;
	case CEL_MAP:
		*first = type->param;
		*second = type->value;
		return;
	case CEL_DYN:
	case CEL_ERROR:
	case CEL_PARAM:
		fits(c, plain(CEL_DYN), type);
		*first = *second = plain(CEL_DYN);
		return;
	default:
		name = shown(c, type);
		issues_add(c->issues, range->at,
			   "expression of type '" STR_FMT "' cannot be range of a comprehension "
			   "(must be list, map, or dynamic)",
			   STR_ARG(name));
		*first = *second = plain(CEL_ERROR);
	}
}

static void assert_type(struct checking *c, const struct node *node, const struct cel_type *type)
{
	if (!fits(c, type, node->type))
		mismatch(c, node, resolved(c, type), resolved(c, node->type));
}

static void check_fold(struct checking *c, struct node *node)
{
	const struct cel_type *first, *second, *accu;
	struct node_fold *fold = node->fold;
	bool has_two = fold->second.at != NULL;
	uint32_t mark = c->local_count;

	check_node(c, fold->range);
	check_node(c, fold->init);
	range_types(c, fold->range, has_two, &first, &second);
	accu = fold->init->type;
	node->slot = mark;
	push(c, fold->accu, accu);
	push(c, fold->name, first);
	if (has_two)
		push(c, fold->second, second);
	check_node(c, fold->condition);
	assert_type(c, fold->condition, plain(CEL_BOOL));
	check_node(c, fold->step);
	assert_type(c, fold->step, accu);
	c->local_count = mark + 1;
	check_node(c, fold->result);
	c->local_count = mark;
	node->type = resolved(c, fold->result->type);
}

static void check_by_kind(struct checking *c, struct node *node)
{
	switch (node->kind) {
	case NODE_LITERAL: node->type = cel_value_type(node->literal); return;
	case NODE_IDENT: check_ident(c, node); return;
	case NODE_SELECT: check_select(c, node); return;
	case NODE_CALL: check_call(c, node); return;
	case NODE_LIST: check_list(c, node); return;
	case NODE_MAP: check_map(c, node); return;
	case NODE_STRUCT: check_message(c, node); return;
	case NODE_FOLD: check_fold(c, node); return;
	}
}

static void check_node(struct checking *c, struct node *node)
{
	check_by_kind(c, node);
	if (node->type->weight <= CEL_TYPE_WEIGHT_MAX)
		return;
	issues_add(c->issues, node->at, "the type of this expression is too large");
	node->type = plain(CEL_ERROR);
}

/* What was open when a node was looked at may be known by now. */
static void finish(const struct checking *c, struct node *node)
{
	if (node->type == NULL)
		return;
	node->type = assign_resolve(&c->known, node->type, true);
	if (node->target != NULL)
		finish(c, node->target);
	for (uint32_t i = 0; i < node->arg_count; i++)
		finish(c, node->args[i]);
	if (node->fold != NULL) {
		finish(c, node->fold->range);
		finish(c, node->fold->init);
		finish(c, node->fold->condition);
		finish(c, node->fold->step);
		finish(c, node->fold->result);
	}
}

void check_types(struct node *root, const struct check_scope *scope, struct issues *issues,
		 struct arena *arena)
{
	struct checking c = { .scope = scope,
			      .issues = issues,
			      .arena = arena,
			      .known = { .arena = arena },
			      .locals = arena_array(arena, struct local, 3U * root->depth) };

	check_node(&c, root);
	finish(&c, root);
}
