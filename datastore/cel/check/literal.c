#include "datastore/cel/check/check.h"
#include "datastore/cel/library/moment.h"
#include "datastore/cel/library/sprint.h"
#include "datastore/schema/pattern.h"
#include "runtime/base/time/time.h"

struct looking {
	struct issues *issues;
	struct arena *arena;
};

static void look(const struct looking *l, const struct node *node, bool in_format);

static bool is_text(const struct node *node)
{
	return node->kind == NODE_LITERAL && node->literal.kind == CEL_STRING;
}

/* ---- literals of one type -------------------------------------------------------------------------------------- */

static const struct cel_type *element_type(const struct node *node, uint32_t i)
{
	const struct cel_type *type = node->args[i]->type;
	bool is_key = node->kind == NODE_MAP && i % 2 == 0;

	if (node->optional != NULL && node->optional[i] && !is_key && type->kind == CEL_OPTIONAL)
		return type->param;
	return type;
}

static bool differs(const struct looking *l, const struct node *node, uint32_t first, uint32_t i)
{
	const struct cel_type *want = element_type(node, first), *have = element_type(node, i);
	struct text wanted = text_in(l->arena, 64 * 1024), found = wanted;

	if (cel_type_equal(want, have))
		return false;
	cel_type_write(want, &wanted);
	cel_type_write(have, &found);
	issues_add(l->issues, node->args[i]->at,
		   "expected type '" STR_FMT "' but found '" STR_FMT "'",
		   STR_ARG(text_str(&wanted)), STR_ARG(text_str(&found)));
	return true;
}

/* The first element says what the others have to be; in maps keys and values each. */
static void look_at_elements(const struct looking *l, const struct node *node)
{
	uint32_t step = node->kind == NODE_MAP ? 2 : 1;

	for (uint32_t i = step; i < node->arg_count; i++)
		if (differs(l, node, i % step, i) && step == 1)
			return;
}

/* ---- constants of calls ------------------------------------------------------------------------------------------ */

static bool is_wrong(const struct node *call, const struct node *text)
{
	struct cel_moment moment;
	struct pattern *pattern;
	int64_t duration;

	if (str_is(call->name, "duration"))
		return time_parse_duration(text->literal.text, &duration) != OK;
	if (str_is(call->name, "timestamp"))
		return !moment_parse(text->literal.text, &moment);
	if (pattern_new(text->literal.text, &pattern, NULL) != OK)
		return true;
	pattern_free(pattern);
	return false;
}

static void look_at_constant(const struct looking *l, const struct node *call)
{
	if (!str_is(call->name, "duration") && !str_is(call->name, "timestamp") &&
	    !str_is(call->name, "matches"))
		return;
	if (call->arg_count > 0 && is_text(call->args[0]) && is_wrong(call, call->args[0]))
		issues_add(l->issues, call->args[0]->at, "invalid " STR_FMT " argument",
			   STR_ARG(call->name));
}

/* A format that is a constant, with a list that is written out. */
static void look_at_format(const struct looking *l, const struct node *call)
{
	const struct node *list = call->args[0];
	struct str format = call->target->literal.text;
	uint32_t used = 0;

	for (uint32_t at = 0;; used++) {
		struct sprint_clause clause = sprint_next(format, &at, l->arena);
		const struct cel_type *type;
		struct str words;

		if (clause.letter == 0)
			break;
		if (used >= list->arg_count) {
			issues_add(l->issues, call->at, "index %u out of range", used);
			return;
		}
		if (clause.words.at != NULL) {
			issues_add(l->issues, call->at, STR_FMT, STR_ARG(clause.words));
			return;
		}
		type = list->args[used]->type;
		words = sprint_refuses(clause.letter, type->kind, cel_type_name(type), l->arena);
		if (words.at != NULL) {
			issues_add(l->issues, list->args[used]->at, STR_FMT, STR_ARG(words));
			return;
		}
	}
	if (list->arg_count > used)
		issues_add(l->issues, call->at,
			   "too many arguments supplied to string.format (expected %u, got %u)",
			   used, list->arg_count);
}

static bool is_format(const struct node *call)
{
	return call->target != NULL && str_is(call->name, "format");
}

/* ---- all nodes ----------------------------------------------------------------------------------------------------- */

static void look_at_fold(const struct looking *l, const struct node_fold *fold, bool in_format)
{
	look(l, fold->range, in_format);
	look(l, fold->init, in_format);
	look(l, fold->condition, in_format);
	look(l, fold->step, in_format);
	look(l, fold->result, in_format);
}

static void look(const struct looking *l, const struct node *node, bool in_format)
{
	bool is_call = node->kind == NODE_CALL;

	if (!in_format && (node->kind == NODE_LIST || node->kind == NODE_MAP))
		look_at_elements(l, node);
	if (is_call)
		look_at_constant(l, node);
	if (is_call && is_format(node) && is_text(node->target) && node->arg_count == 1 &&
	    node->args[0]->kind == NODE_LIST)
		look_at_format(l, node);
	in_format |= is_call && is_format(node);
	if (node->target != NULL && node->kind != NODE_IDENT)
		look(l, node->target, in_format);
	for (uint32_t i = 0; i < node->arg_count; i++)
		look(l, node->args[i], in_format);
	if (node->fold != NULL)
		look_at_fold(l, node->fold, in_format);
}

void check_literals(const struct node *root, struct issues *issues, struct arena *arena)
{
	look(&(struct looking){ issues, arena }, root, false);
}
