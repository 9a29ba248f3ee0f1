#include "datastore/cel/evaluate/evaluate-private.h"

#include <assert.h>

#include "datastore/cel/library/show.h"
#include "runtime/base/collection/map.h"

#define NEW_LIST 10U
#define NEW_MAP 30U
#define NEW_MESSAGE 40U
#define ARGS_MAX 8U

/*
 * How a value is come by: names, fields and elements form one path, whose beginning costs one. Branches of a condition that are such paths cost
 * nothing for their beginning (BARE), which is how upstream happens to count.
 */
enum manner { WHOLE, BARE };

static struct cel_value eval(struct evaluate_run *run, const struct node *node, enum manner manner);

/* ---- limits ----------------------------------------------------------------------------------------------------- */

static bool charge(struct evaluate_run *run, uint64_t cost)
{
	run->cost = run->cost + cost < cost ? UINT64_MAX : run->cost + cost;
	if (run->cost > run->task->max_cost)
		run->is_over = true;
	return !run->is_over;
}

static struct cel_value over(void)
{
	return (struct cel_value){ .kind = CEL_ERROR,
				   .text = STR("operation cancelled: actual cost limit exceeded") };
}

static struct cel_value no_key(struct evaluate_run *run, struct cel_value key)
{
	struct str shown = STR("?");

	if (!show_plain(key, run->call.arena, &shown))
		return cel_value_no_overload();
	return cel_value_error(run->call.arena, "no such key: " STR_FMT, STR_ARG(shown));
}

/* ---- paths -------------------------------------------------------------------------------------------------------- */

static bool is_condition(const struct node *node)
{
	return node->kind == NODE_CALL && node->functions[0]->price == PRICE_CONDITIONAL;
}

static bool is_index(const struct node *node)
{
	return node->kind == NODE_CALL &&
	       (str_is(node->name, "_[_]") || str_is(node->name, "_[?_]"));
}

static bool is_path(const struct node *node)
{
	return node->kind == NODE_IDENT || node->kind == NODE_SELECT || is_index(node) ||
	       is_condition(node);
}

/* What the path begins with, when that is something else than a path. */
static struct cel_value begin(struct evaluate_run *run, const struct node *node, enum manner manner)
{
	struct cel_value out = eval(run, node, manner);

	if (!is_path(node) && manner == WHOLE)
		charge(run, 1);
	return out;
}

static bool fetch_item(const struct cel_list *list, struct cel_value key, struct arena *arena,
		       struct cel_value *out)
{
	int64_t index = key.integer;

	if (key.kind == CEL_DOUBLE && !cel_value_whole(key.number, &index))
		return false;
	if (index < 0 || index >= list->len)
		return false;
	*out = cel_list_item(list, (uint32_t)index, arena);
	return true;
}

/* Whether the value has it. What has no parts has none. */
static bool fetch(struct evaluate_run *run, struct cel_value from, struct cel_value key,
		  struct cel_value *out)
{
	struct arena *arena = run->call.arena;
	bool is_number = key.kind == CEL_INT || key.kind == CEL_UINT || key.kind == CEL_DOUBLE;

	if (from.kind == CEL_LIST)
		return is_number && fetch_item(from.list, key, arena, out);
	if (from.kind == CEL_MAP || from.kind == CEL_OBJECT)
		return from.map->get(from.map, key, arena, out);
	return false;
}

static struct cel_value missing(struct evaluate_run *run, struct cel_value from,
				struct cel_value key)
{
	struct str shown = STR("");

	if (from.kind != CEL_LIST)
		return no_key(run, key);
	if (!show_plain(key, run->call.arena, &shown))
		return cel_value_no_overload();
	if (key.kind != CEL_INT && key.kind != CEL_UINT)
		return cel_value_error(
		    run->call.arena, "unsupported index value " STR_FMT " in list", STR_ARG(shown));
	return cel_value_error(run->call.arena, "index out of bounds: " STR_FMT, STR_ARG(shown));
}

/* A step on a path. From an optional it leads to one; what is missing there is none, and costs nothing. */
static struct cel_value step(struct evaluate_run *run, struct cel_value from, struct cel_value key,
			     bool is_optional)
{
	struct cel_value out = from;

	if (from.kind == CEL_ERROR || key.kind == CEL_ERROR)
		return from.kind == CEL_ERROR ? from : key;
	if (from.kind == CEL_OPTIONAL) {
		if (from.inner == NULL)
			return from;
		from = *from.inner;
		is_optional = true;
	}
	if (fetch(run, from, key, &out)) {
		if (!charge(run, 1))
			return over();
		return is_optional ? cel_value_some(run->call.arena, out) : out;
	}
	if (is_optional)
		return CEL_VALUE_NONE;
	return charge(run, 1) ? missing(run, from, key) : over();
}

static struct cel_value eval_has(struct evaluate_run *run, const struct node *node)
{
	struct cel_value from = begin(run, node->target, WHOLE), found;

	if (from.kind == CEL_ERROR)
		return from;
	if (from.kind == CEL_OPTIONAL) {
		if (from.inner == NULL)
			return cel_bool(false);
		from = *from.inner;
	}
	return cel_bool(fetch(run, from, cel_string(node->name), &found));
}

static struct cel_value eval_select(struct evaluate_run *run, const struct node *node,
				    enum manner manner)
{
	struct cel_value from;

	if (node->is_test)
		return eval_has(run, node);
	from = begin(run, node->target, manner);
	return step(run, from, cel_string(node->name), node->is_optional);
}

/* An index that is a path itself costs the beginning of it only when it leads somewhere. */
static struct cel_value eval_index(struct evaluate_run *run, const struct node *node,
				   enum manner manner)
{
	const struct node *index = node->args[1];
	struct cel_value from = begin(run, node->args[0], manner);
	struct cel_value key = eval(run, index, is_path(index) ? BARE : WHOLE);

	return step(run, from, key, str_is(node->name, "_[?_]"));
}

static struct cel_value eval_ident(struct evaluate_run *run, const struct node *node,
				   enum manner manner)
{
	/* The name of a type is a constant. */
	if (manner == WHOLE && node->meaning != NODE_NAMES_TYPE && !charge(run, 1))
		return over();
	switch (node->meaning) {
	case NODE_LOCAL: return run->locals[node->slot];
	case NODE_VARIABLE: return run->task->variables[node->slot];
	case NODE_NAMES_TYPE: return node->literal;
	}
	assert(!"a name that means nothing");
	return over();
}

/* ---- what does not need all its arguments --------------------------------------------------------------------------- */

/* One side decides when it has the value `decides`, whatever becomes of the other: errors only count when nothing decided. */
static struct cel_value eval_logic(struct evaluate_run *run, const struct node *node, bool decides)
{
	struct cel_value left = eval(run, node->args[0], WHOLE), right;

	if (run->is_over)
		return over();
	if (left.kind == CEL_BOOL && left.is_true == decides)
		return left;
	right = eval(run, node->args[1], WHOLE);
	if (run->is_over)
		return over();
	if (right.kind == CEL_BOOL && right.is_true == decides)
		return right;
	if (left.kind == CEL_ERROR || right.kind == CEL_ERROR)
		return left.kind == CEL_ERROR ? left : right;
	if (left.kind != CEL_BOOL || right.kind != CEL_BOOL)
		return cel_value_no_overload();
	return right;
}

static struct cel_value eval_condition(struct evaluate_run *run, const struct node *node)
{
	struct cel_value condition = eval(run, node->args[0], WHOLE);
	const struct node *branch;

	if (run->is_over || condition.kind == CEL_ERROR)
		return condition;
	if (condition.kind != CEL_BOOL)
		return cel_value_no_overload();
	branch = node->args[condition.is_true ? 1 : 2];
	return eval(run, branch, is_path(branch) ? BARE : WHOLE);
}

static struct cel_value eval_or_optional(struct evaluate_run *run, const struct node *node,
					 bool wants_value)
{
	struct cel_value left = eval(run, node->target, WHOLE);

	if (left.kind == CEL_ERROR)
		return left;
	if (left.kind != CEL_OPTIONAL)
		return cel_value_no_overload();
	if (left.inner != NULL)
		return wants_value ? *left.inner : left;
	return eval(run, node->args[0], WHOLE);
}

static struct cel_value eval_not_false(struct evaluate_run *run, const struct node *node)
{
	struct cel_value value = eval(run, node->args[0], WHOLE);

	if (!charge(run, 1))
		return over();
	return cel_bool(value.kind != CEL_BOOL || value.is_true);
}

/* ---- calls ------------------------------------------------------------------------------------------------------------ */

static bool takes(const struct cel_type *type, struct cel_value value)
{
	if (type->kind == CEL_DYN || type->kind == CEL_PARAM)
		return true;
	return type->kind == value.kind || (type->kind == CEL_MAP && value.kind == CEL_OBJECT);
}

/* Kinds are looked at while it runs: where a type was dyn only they can tell. */
static bool takes_all(const struct cel_signature *signature, const struct cel_value *args,
		      uint32_t count)
{
	if (signature->count != count)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!takes(signature->args[i], args[i]))
			return false;
	return true;
}

/* The function whose signature takes these, or NULL. */
static const struct cel_function *choose(const struct node *node, const struct cel_value *args,
					 uint32_t count)
{
	for (uint32_t i = 0; i < node->function_count; i++)
		if (takes_all(&node->signatures[i], args, count))
			return node->functions[i];
	return NULL;
}

struct cel_value evaluate_call(struct evaluate_run *run, const struct node *node,
			       const struct cel_value *args, uint32_t count)
{
	const struct cel_function *function = choose(node, args, count);
	const struct node *pattern = node->arg_count > 0 ? node->args[node->target == NULL] : NULL;
	struct cel_value out;

	if (function == NULL)
		return charge(run, 1) ? cel_value_no_overload() : over();
	run->call.count = count;
	run->call.may_keep = (function->price == PRICE_MATCHES || function->price == PRICE_FIND) &&
			     pattern->kind == NODE_LITERAL;
	out = function->call(&run->call, args);
	if (!charge(run, price_of(run, node, function, args, count, out)))
		return over();
	return out;
}

static struct cel_value eval_function(struct evaluate_run *run, const struct node *node)
{
	struct cel_value args[ARGS_MAX], error = { .kind = CEL_NULL };
	uint32_t count = 0;

	assert(node->arg_count < ARGS_MAX);
	if (node->target != NULL)
		args[count++] = eval(run, node->target, WHOLE);
	for (uint32_t i = 0; i < node->arg_count; i++) {
		args[count++] = eval(run, node->args[i], WHOLE);
		/* Of many arguments those behind an error are not looked at, and the call is not counted. */
		if (args[count - 1].kind == CEL_ERROR && !run->is_over &&
		    node->arg_count + (node->target != NULL) > 2)
			return args[count - 1];
	}
	if (run->is_over)
		return over();
	for (uint32_t i = 0; i < count && error.kind != CEL_ERROR; i++)
		if (args[i].kind == CEL_ERROR)
			error = args[i];
	if (error.kind == CEL_ERROR)
		return charge(run, 1) ? error : over();
	return evaluate_call(run, node, args, count);
}

/* A list of constants is looked up by what is in it. */
static struct cel_value eval_in_constants(struct evaluate_run *run, const struct node *node)
{
	struct cel_value wanted = eval(run, node->args[0], WHOLE);
	const struct cel_map *set = node->literal.map;

	if (run->is_over || wanted.kind == CEL_ERROR)
		return wanted;
	return cel_bool(set->get(set, wanted, run->call.arena, NULL));
}

static struct cel_value eval_call(struct evaluate_run *run, const struct node *node,
				  enum manner manner)
{
	if (is_index(node))
		return eval_index(run, node, manner);
	switch (node->functions[0]->price) {
	case PRICE_AND: return eval_logic(run, node, false);
	case PRICE_OR: return eval_logic(run, node, true);
	case PRICE_CONDITIONAL: return eval_condition(run, node);
	case PRICE_NOT_FALSE: return eval_not_false(run, node);
	case PRICE_OR_OPTIONAL: return eval_or_optional(run, node, false);
	case PRICE_OR_VALUE: return eval_or_optional(run, node, true);
	case PRICE_IN_LIST:
		if (node->literal.kind == CEL_MAP)
			return eval_in_constants(run, node);
		return eval_function(run, node);
	default: return eval_function(run, node);
	}
}

/* ---- lists and maps ----------------------------------------------------------------------------------------------------- */

/* An optional element: its value, or nothing. */
static bool keep(const struct node *node, uint32_t i, struct cel_value *item, struct cel_value *why)
{
	if (node->optional == NULL || !node->optional[i])
		return true;
	if (item->kind != CEL_OPTIONAL) {
		*why = cel_value_no_overload();
		return false;
	}
	if (item->inner == NULL)
		return false;
	*item = *item->inner;
	return true;
}

struct cel_value evaluate_list(struct evaluate_run *run, const struct node *node,
			       struct cel_value *items)
{
	struct cel_value why = { .kind = CEL_NULL };
	uint32_t kept = 0;

	for (uint32_t i = 0; i < node->arg_count; i++) {
		if (items[i].kind == CEL_ERROR)
			return items[i];
		if (keep(node, i, &items[i], &why))
			items[kept++] = items[i];
		if (why.kind == CEL_ERROR)
			return why;
	}
	return cel_list_make(run->call.arena, items, kept);
}

/* Of equal keys the last counts: those before it are marked. */
static struct cel_value mark_repeated(struct evaluate_run *run, const struct node *node,
				      const struct cel_value *items, bool *is_repeated)
{
	struct cel_value seen = cel_map_make(run->call.arena);

	for (uint32_t i = node->arg_count; i > 0; i -= 2) {
		struct cel_value key = items[i - 2];

		if (key.kind == CEL_ERROR || items[i - 1].kind == CEL_ERROR)
			return key.kind == CEL_ERROR ? key : items[i - 1];
		if (!cel_map_is_key(key))
			return cel_value_error(run->call.arena, "unsupported key type");
		is_repeated[i / 2 - 1] = seen.map->get(seen.map, key, run->call.arena, NULL);
		if (!is_repeated[i / 2 - 1])
			seen = cel_map_insert(seen.map, key, key, run->call.arena);
	}
	return seen;
}

struct cel_value evaluate_map(struct evaluate_run *run, const struct node *node,
			      const struct cel_value *items)
{
	struct cel_value map = cel_map_make(run->call.arena), why = { .kind = CEL_NULL }, seen;
	bool *is_repeated = arena_array(run->call.arena, bool, node->arg_count / 2 + 1);

	seen = mark_repeated(run, node, items, is_repeated);
	if (seen.kind == CEL_ERROR)
		return seen;
	for (uint32_t i = 0; i < node->arg_count; i += 2) {
		struct cel_value value = items[i + 1];

		if (keep(node, i + 1, &value, &why) && !is_repeated[i / 2])
			map = cel_map_insert(map.map, items[i], value, run->call.arena);
		if (why.kind == CEL_ERROR)
			return why;
	}
	return map;
}

static struct cel_value eval_elements(struct evaluate_run *run, const struct node *node)
{
	struct cel_value *items =
	    arena_alloc(run->call.arena, (node->arg_count + 1U) * sizeof *items);
	bool is_list = node->kind == NODE_LIST;
	struct cel_value refused;

	for (uint32_t i = 0; i < node->arg_count && !run->is_over; i++)
		items[i] = eval(run, node->args[i], WHOLE);
	if (run->is_over || !charge(run, is_list ? NEW_LIST : NEW_MAP))
		return over();
	if (!cel_call_room(&run->call, 0, &refused)) {
		run->is_over = true;
		return refused;
	}
	return is_list ? evaluate_list(run, node, items) : evaluate_map(run, node, items);
}

/* Of equal names the last decides, also when it is none. */
static bool is_named_again(const struct node *node, uint32_t i)
{
	for (uint32_t k = i + 2; k < node->arg_count; k += 2)
		if (str_eq(node->args[k]->literal.text, node->args[i]->literal.text))
			return true;
	return false;
}

static struct cel_value eval_message(struct evaluate_run *run, const struct node *node)
{
	struct cel_value map = cel_map_make(run->call.arena), why = { .kind = CEL_NULL };
	struct cel_map *message;

	for (uint32_t i = 0; i < node->arg_count && why.kind != CEL_ERROR; i += 2) {
		struct cel_value value = eval(run, node->args[i + 1], WHOLE);

		if (value.kind == CEL_ERROR)
			why = value;
		else if (keep(node, i + 1, &value, &why) && !is_named_again(node, i))
			map =
			    cel_map_insert(map.map, node->args[i]->literal, value, run->call.arena);
	}
	if (!charge(run, NEW_MESSAGE))
		return over();
	if (why.kind == CEL_ERROR)
		return why;
	if (!cel_call_room(&run->call, 0, &why)) {
		run->is_over = true;
		return why;
	}
	message = arena_copy(run->call.arena, map.map, sizeof *message);
	message->type = node->type;
	return (struct cel_value){ .kind = CEL_OBJECT, .map = message };
}

/* ---- folds ---------------------------------------------------------------------------------------------------------------- */

static uint32_t range_len(struct cel_value range)
{
	return range.kind == CEL_LIST ? range.list->len : range.map->len;
}

/* The variables of one round. */
static void set_round(struct evaluate_run *run, const struct node *node, struct cel_value range,
		      uint32_t i)
{
	struct cel_value *at = &run->locals[node->slot + 1];
	bool has_two = node->fold->second.at != NULL;

	if (range.kind == CEL_LIST) {
		at[has_two] = cel_list_item(range.list, i, run->call.arena);
		if (has_two)
			at[0] = cel_int(i);
		return;
	}
	range.map->entry(range.map, i, run->call.arena, &at[0], has_two ? &at[1] : NULL);
}

static bool goes_on(struct cel_value condition)
{
	return condition.kind == CEL_BOOL && condition.is_true;
}

static struct cel_value eval_fold(struct evaluate_run *run, const struct node *node)
{
	const struct node_fold *fold = node->fold;
	struct cel_value range = eval(run, fold->range, WHOLE), accu, refused;

	if (run->is_over || range.kind == CEL_ERROR)
		return range;
	if (range.kind != CEL_LIST && range.kind != CEL_MAP && range.kind != CEL_OBJECT)
		return cel_value_no_overload();
	accu = eval(run, fold->init, WHOLE);
	run->locals[node->slot] = accu;
	for (uint32_t i = 0; i < range_len(range); i++) {
		set_round(run, node, range, i);
		if (!goes_on(eval(run, fold->condition, WHOLE)) || run->is_over)
			break;
		accu = eval(run, fold->step, WHOLE);
		run->locals[node->slot] = accu;
		if (!cel_call_room(&run->call, 0, &refused)) {
			run->is_over = true;
			return refused;
		}
	}
	return run->is_over ? over() : eval(run, fold->result, WHOLE);
}

/* ---- all ---------------------------------------------------------------------------------------------------------------------- */

static struct cel_value eval(struct evaluate_run *run, const struct node *node, enum manner manner)
{
	if (run->is_over)
		return over();
	switch (node->kind) {
	case NODE_LITERAL: return node->literal;
	case NODE_IDENT: return eval_ident(run, node, manner);
	case NODE_SELECT: return eval_select(run, node, manner);
	case NODE_CALL: return eval_call(run, node, manner);
	case NODE_LIST:
	case NODE_MAP: return eval_elements(run, node);
	case NODE_FOLD: return eval_fold(run, node);
	case NODE_STRUCT: return eval_message(run, node);
	}
	assert(!"a node of no kind");
	return over();
}

struct cel_value evaluate(const struct evaluate_task *task, uint64_t *cost)
{
	struct evaluate_run run = { .task = task,
				    .call = { .arena = task->arena,
					      .begin_bytes = arena_size(task->arena),
					      .max_bytes = task->max_bytes,
					      .patterns = task->patterns } };
	struct cel_value out;

	run.locals = arena_array(task->arena, struct cel_value, 3U * task->root->depth);
	out = eval(&run, task->root, WHOLE);
	*cost = run.cost;
	return out;
}
