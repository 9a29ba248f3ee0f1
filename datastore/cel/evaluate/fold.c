#include "datastore/cel/evaluate/evaluate-private.h"
#include "datastore/schema/pattern.h"

/* More than a constant can cost or take: its size is that of the expression. */
#define MAX_BYTES (16U * 1024U * 1024U)

struct folding {
	struct evaluate_run run;
	struct str words; /* of the first that cannot be */
};

static void fold(struct folding *f, struct node *node);

static bool are_constant(const struct node *node)
{
	for (uint32_t i = 0; i < node->arg_count; i++)
		if (node->args[i]->kind != NODE_LITERAL)
			return false;
	return true;
}

static void become(struct folding *f, struct node *node, struct cel_value value)
{
	if (value.kind == CEL_ERROR) {
		if (f->words.at == NULL)
			f->words = value.text;
		return;
	}
	node->kind = NODE_LITERAL;
	node->literal = value;
}

static void fold_elements(struct folding *f, struct node *node)
{
	struct cel_value *items =
	    arena_alloc(f->run.call.arena, (node->arg_count + 1U) * sizeof *items);

	for (uint32_t i = 0; i < node->arg_count; i++)
		items[i] = node->args[i]->literal;
	become(f, node,
	       node->kind == NODE_LIST ? evaluate_list(&f->run, node, items)
				       : evaluate_map(&f->run, node, items));
}

static bool is_conversion(const struct node *node)
{
	enum price price = node->functions[0]->price;

	return node->target == NULL && node->arg_count == 1 &&
	       (price == PRICE_CONVERT || price == PRICE_DYN || price == PRICE_TO_BYTES ||
		price == PRICE_TO_STRING);
}

/* Whether equality is that of keys: no lists, no bytes, no null. */
static bool is_simple(struct cel_value value)
{
	return value.kind == CEL_BOOL || value.kind == CEL_INT || value.kind == CEL_UINT ||
	       value.kind == CEL_DOUBLE || value.kind == CEL_STRING;
}

/* x in [constants] becomes a lookup. */
static void fold_in(struct folding *f, struct node *node)
{
	struct cel_value set = cel_map_make(f->run.call.arena);
	const struct node *list = node->args[1];

	if (node->function_count != 1 || list->kind != NODE_LITERAL ||
	    list->literal.kind != CEL_LIST)
		return;
	for (uint32_t i = 0; i < list->literal.list->len; i++) {
		struct cel_value item = cel_list_item(list->literal.list, i, f->run.call.arena);

		if (!is_simple(item))
			return;
		if (!set.map->get(set.map, item, f->run.call.arena, NULL))
			set = cel_map_insert(set.map, item, cel_bool(true), f->run.call.arena);
	}
	node->literal = set;
}

/* A pattern that is none is known by now; that of matches() the checker looked at. */
static void look_at_pattern(struct folding *f, const struct node *pattern)
{
	struct pattern *compiled;
	struct fault why;

	if (pattern->kind != NODE_LITERAL || f->words.at != NULL)
		return;
	if (pattern_new(pattern->literal.text, &compiled, &why) == OK)
		pattern_free(compiled);
	else
		f->words = arena_printf(f->run.call.arena, "error parsing regexp: %s", why.text);
}

static void fold_call(struct folding *f, struct node *node)
{
	if (node->functions[0]->price == PRICE_FIND)
		look_at_pattern(f, node->args[0]);
	if (node->functions[0]->price == PRICE_IN_LIST)
		fold_in(f, node);
	else if (is_conversion(node) && are_constant(node))
		become(f, node, evaluate_call(&f->run, node, &node->args[0]->literal, 1));
}

static void fold(struct folding *f, struct node *node)
{
	if (node->target != NULL && node->kind != NODE_IDENT)
		fold(f, node->target);
	for (uint32_t i = 0; i < node->arg_count; i++)
		fold(f, node->args[i]);
	if (node->fold != NULL) {
		fold(f, node->fold->range);
		fold(f, node->fold->init);
		fold(f, node->fold->condition);
		fold(f, node->fold->step);
		fold(f, node->fold->result);
	}
	if (node->kind == NODE_CALL)
		fold_call(f, node);
	else if ((node->kind == NODE_LIST || node->kind == NODE_MAP) && are_constant(node))
		fold_elements(f, node);
}

struct str evaluate_constants(struct node *root, struct arena *arena)
{
	struct evaluate_task task = { .max_cost = UINT64_MAX };
	struct folding f = { .run = { .task = &task,
				      .call = { .arena = arena,
						.begin_bytes = arena_size(arena),
						.max_bytes = MAX_BYTES } } };

	fold(&f, root);
	return f.words;
}
