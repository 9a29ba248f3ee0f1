#include "datastore/cel/syntax/parse-private.h"

/*
 * Macros: calls that stand for a test, a condition or a fold. Expanded as upstream does, so that their cost is upstream's.
 */

#define RESULT "@result"
#define INPUT "@__sortBy_input__"

struct folding {
	struct parse *p;
	uint32_t at;
	struct node *range;
	struct str name, second;
	struct node **args; /* behind the names */
	uint32_t arg_count;
};

static struct node *name_node(struct parse *p, uint32_t at, const char *name)
{
	struct node *node = parse_node(p, NODE_IDENT, at);

	node->name = str_from(name);
	return node;
}

static struct node *result(const struct folding *f)
{
	return name_node(f->p, f->at, RESULT);
}

static struct node *truth(const struct folding *f, bool is_true)
{
	return parse_literal(f->p, f->at, cel_bool(is_true));
}

static struct node *number(const struct folding *f, int64_t n)
{
	return parse_literal(f->p, f->at, cel_int(n));
}

static struct node *list_of(struct parse *p, uint32_t at, struct node *item)
{
	struct node *node = parse_node(p, NODE_LIST, at);

	node->args = arena_array(p->arena, struct node *, 1);
	node->args[0] = item;
	node->arg_count = item != NULL;
	parse_measure(p, node);
	return node;
}

static struct node *fold(const struct folding *f, struct node *init, struct node *condition,
			 struct node *step, struct node *outcome)
{
	struct node *node = parse_node(f->p, NODE_FOLD, f->at);

	node->fold = arena_new_of(f->p->arena, struct node_fold);
	*node->fold = (struct node_fold){ .name = f->name,
					  .second = f->second,
					  .accu = STR(RESULT),
					  .range = f->range,
					  .init = init,
					  .condition = condition,
					  .step = step,
					  .result = outcome };
	parse_measure(f->p, node);
	return node;
}

/* `value` under a name in `inner`. */
static struct node *bind(struct parse *p, uint32_t at, struct str name, struct node *value,
			 struct node *inner)
{
	struct node *node = parse_node(p, NODE_FOLD, at);
	struct node *again = parse_node(p, NODE_IDENT, at);

	again->name = name;
	node->fold = arena_new_of(p->arena, struct node_fold);
	*node->fold = (struct node_fold){ .name = STR("#unused"),
					  .accu = name,
					  .range = list_of(p, at, NULL),
					  .init = value,
					  .condition = parse_literal(p, at, cel_bool(false)),
					  .step = again,
					  .result = inner,
					  .is_bind = true };
	parse_measure(p, node);
	return node;
}

static struct node *call(const struct folding *f, const char *name, struct node *a, struct node *b,
			 struct node *c)
{
	return parse_call(f->p, f->at, name, NULL, a, b, c);
}

/* With a filter: the step only where it holds. */
static struct node *when(const struct folding *f, struct node *filter, struct node *step)
{
	return filter != NULL ? call(f, "_?_:_", filter, step, result(f)) : step;
}

/* ---- one by one ------------------------------------------------------------------------------------------- */

static struct node *make_all(const struct folding *f)
{
	return fold(f, truth(f, true), call(f, "@not_strictly_false", result(f), NULL, NULL),
		    call(f, "_&&_", result(f), f->args[0], NULL), result(f));
}

static struct node *make_exists(const struct folding *f)
{
	struct node *is_not = call(f, "!_", result(f), NULL, NULL);

	return fold(f, truth(f, false), call(f, "@not_strictly_false", is_not, NULL, NULL),
		    call(f, "_||_", result(f), f->args[0], NULL), result(f));
}

static struct node *make_exists_one(const struct folding *f)
{
	struct node *more = call(f, "_+_", result(f), number(f, 1), NULL);

	return fold(f, number(f, 0), truth(f, true), when(f, f->args[0], more),
		    call(f, "_==_", result(f), number(f, 1), NULL));
}

static struct node *make_map(const struct folding *f)
{
	struct node *item = list_of(f->p, f->at, f->args[f->arg_count - 1]);
	struct node *step = call(f, "_+_", result(f), item, NULL);

	return fold(f, list_of(f->p, f->at, NULL), truth(f, true),
		    when(f, f->arg_count == 2 ? f->args[0] : NULL, step), result(f));
}

static struct node *make_filter(const struct folding *f)
{
	struct node *item = parse_node(f->p, NODE_IDENT, f->at);

	item->name = f->name;
	return fold(f, list_of(f->p, f->at, NULL), truth(f, true),
		    when(f, f->args[0], call(f, "_+_", result(f), list_of(f->p, f->at, item), NULL)),
		    result(f));
}

static struct node *empty_map(const struct folding *f)
{
	struct node *node = parse_node(f->p, NODE_MAP, f->at);

	parse_measure(f->p, node);
	return node;
}

static struct node *make_transform_map(const struct folding *f)
{
	struct node *key = parse_node(f->p, NODE_IDENT, f->at);
	struct node *step;

	key->name = f->name;
	step = call(f, "cel.@mapInsert", result(f), key, f->args[f->arg_count - 1]);
	return fold(f, empty_map(f), truth(f, true),
		    when(f, f->arg_count == 2 ? f->args[0] : NULL, step), result(f));
}

static struct node *make_transform_entry(const struct folding *f)
{
	struct node *step = call(f, "cel.@mapInsert", result(f), f->args[f->arg_count - 1], NULL);

	return fold(f, empty_map(f), truth(f, true),
		    when(f, f->arg_count == 2 ? f->args[0] : NULL, step), result(f));
}

static struct node *make_sort_by(const struct folding *f)
{
	struct folding inner = *f;
	struct node *sorted;

	inner.range = name_node(f->p, f->at, INPUT);
	sorted = parse_call(f->p, f->at, "@sortByAssociatedKeys", name_node(f->p, f->at, INPUT),
			    make_map(&inner), NULL, NULL);
	return bind(f->p, f->at, STR(INPUT), f->range, sorted);
}

static const struct {
	const char *name;
	uint32_t names, args; /* how many names there are, how many arguments behind them */
	struct node *(*make)(const struct folding *f);
} macros[] = {
	{ "all", 1, 1, make_all },
	{ "all", 2, 1, make_all },
	{ "exists", 1, 1, make_exists },
	{ "exists", 2, 1, make_exists },
	{ "exists_one", 1, 1, make_exists_one },
	{ "exists_one", 2, 1, make_exists_one },
	{ "existsOne", 1, 1, make_exists_one },
	{ "existsOne", 2, 1, make_exists_one },
	{ "map", 1, 1, make_map },
	{ "map", 1, 2, make_map },
	{ "filter", 1, 1, make_filter },
	{ "sortBy", 1, 1, make_sort_by },
	{ "transformList", 2, 1, make_map },
	{ "transformList", 2, 2, make_map },
	{ "transformMap", 2, 1, make_transform_map },
	{ "transformMap", 2, 2, make_transform_map },
	{ "transformMapEntry", 2, 1, make_transform_entry },
	{ "transformMapEntry", 2, 2, make_transform_entry },
};
#define MACRO_COUNT (sizeof macros / sizeof *macros)

static struct node *expand_fold(struct parse *p, struct node *node, uint32_t row)
{
	struct folding f = { .p = p,
			     .at = node->at,
			     .range = node->target,
			     .args = node->args + macros[row].names,
			     .arg_count = macros[row].args };
	bool has_two = macros[row].names == 2;

	for (uint32_t i = 0; i < macros[row].names; i++) {
		if (node->args[i]->kind != NODE_IDENT || node->args[i]->is_absolute)
			return parse_refuse(p, node->args[i]->at,
					    has_two ? "argument must be a simple name"
						    : "argument is not an identifier");
		if (str_is(node->args[i]->name, "__result__"))
			return parse_refuse(p, node->args[i]->at,
					    "iteration variable overwrites accumulator variable");
	}
	f.name = node->args[0]->name;
	if (has_two)
		f.second = node->args[1]->name;
	if (has_two && str_eq(f.name, f.second))
		return parse_refuse(
		    p, node->args[1]->at,
		    arena_printf(p->arena, "duplicate variable name: " STR_FMT, STR_ARG(f.name)).at);
	return macros[row].make(&f);
}

/* x.optMap(v, e): e of what x has, as an optional; optFlatMap: e is one itself. */
static struct node *expand_optional(struct parse *p, struct node *node, bool is_flat)
{
	struct node *has, *value, *inner, *none;

	if (node->args[0]->kind != NODE_IDENT)
		return parse_refuse(p, node->args[0]->at,
				    is_flat
					? "optFlatMap() variable name must be a simple identifier"
					: "optMap() variable name must be a simple identifier");
	has = parse_call(p, node->at, "hasValue", node->target, NULL, NULL, NULL);
	value = parse_call(p, node->at, "value", node->target, NULL, NULL, NULL);
	inner = bind(p, node->at, node->args[0]->name, value, node->args[1]);
	if (!is_flat)
		inner = parse_call(p, node->at, "optional.of", NULL, inner, NULL, NULL);
	none = parse_call(p, node->at, "optional.none", NULL, NULL, NULL, NULL);
	return parse_call(p, node->at, "_?_:_", NULL, has, inner, none);
}

static struct node *expand_has(struct parse *p, struct node *node)
{
	struct node *select = node->args[0];

	if (select->kind != NODE_SELECT || select->is_optional)
		return parse_refuse(p, select->at, "invalid argument to has() macro");
	select->is_test = true;
	select->at = node->at;
	return select;
}

/* cel.bind(name, value, e): e with a name for the value. */
static struct node *expand_bind(struct parse *p, struct node *node)
{
	if (node->args[0]->kind != NODE_IDENT)
		return parse_refuse(p, node->args[0]->at,
				    "cel.bind() variable names must be simple identifiers");
	return bind(p, node->at, node->args[0]->name, node->args[1], node->args[2]);
}

static bool is_bind(const struct parse *p, const struct node *node)
{
	return p->binds && node->arg_count == 3 && str_is(node->name, "bind") &&
	       node->target->kind == NODE_IDENT && str_is(node->target->name, "cel");
}

struct node *macro_expand(struct parse *p, struct node *node)
{
	if (node->target == NULL)
		return str_is(node->name, "has") && node->arg_count == 1 ? expand_has(p, node)
									 : node;
	if (is_bind(p, node))
		return expand_bind(p, node);
	if (node->arg_count == 2 && str_is(node->name, "optMap"))
		return expand_optional(p, node, false);
	if (node->arg_count == 2 && str_is(node->name, "optFlatMap"))
		return expand_optional(p, node, true);
	for (uint32_t i = 0; i < MACRO_COUNT; i++)
		if (node->arg_count == macros[i].names + macros[i].args &&
		    str_is(node->name, macros[i].name) &&
		    /* map(x, filter, transform) is one of one name, all(k, v, predicate) of two. */
		    (macros[i].names == 1 || node->arg_count > 2))
			return expand_fold(p, node, i);
	return node;
}
