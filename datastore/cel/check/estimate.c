#include "datastore/cel/check/estimate-private.h"

#include <assert.h>
#include <math.h>

#include "transport/wire/utf8.h"

const struct cel_type estimate_nowhere = { .kind = CEL_ERROR };

/* ---- arithmetic ----------------------------------------------------------------------------------------------- */

static uint64_t add(uint64_t a, uint64_t b)
{
	uint64_t out;

	return __builtin_add_overflow(a, b, &out) ? UINT64_MAX : out;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
	uint64_t out;

	return __builtin_mul_overflow(a, b, &out) ? UINT64_MAX : out;
}

static uint64_t times(uint64_t a, double factor)
{
	double out = (double)a;

	if (out > 0 && factor > 0 && out > (double)UINT64_MAX / factor)
		return UINT64_MAX;
	out = ceil(out * factor);
	return out >= 0x1p64 ? UINT64_MAX : (uint64_t)out;
}

struct estimate estimate_any(void)
{
	return (struct estimate){ 0, UINT64_MAX };
}

struct estimate estimate_add(struct estimate a, struct estimate b)
{
	return (struct estimate){ add(a.min, b.min), add(a.max, b.max) };
}

struct estimate estimate_multiply(struct estimate a, struct estimate b)
{
	return (struct estimate){ multiply(a.min, b.min), multiply(a.max, b.max) };
}

struct estimate estimate_times(struct estimate a, double factor)
{
	return (struct estimate){ times(a.min, factor), times(a.max, factor) };
}

struct estimate estimate_union(struct estimate a, struct estimate b)
{
	return (struct estimate){ a.min < b.min ? a.min : b.min, a.max > b.max ? a.max : b.max };
}

/* ---- what is known ---------------------------------------------------------------------------------------------- */

struct estimate_node *estimate_of(struct estimating *e, struct node *node)
{
	if (node->estimate == NULL)
		node->estimate = arena_new_of(e->arena, struct estimate_node);
	return node->estimate;
}

static const struct estimate_node *local_of(const struct estimating *e, const struct node *node)
{
	return node->kind == NODE_IDENT && node->meaning == NODE_LOCAL ? &e->locals[node->slot]
								       : NULL;
}

const struct cel_type *estimate_path(const struct estimating *e, const struct node *node)
{
	const struct estimate_node *local = local_of(e, node);

	if (local != NULL)
		return local->path;
	return node->estimate != NULL ? node->estimate->path : NULL;
}

/* Upstream takes the first step of any path for the variable, also of one that begins in the middle. */
const struct cel_type *estimate_step(const struct estimating *e, const struct cel_type *path,
				     const struct cel_type *next)
{
	if (path == NULL)
		return e->root;
	return next != NULL ? next : &estimate_nowhere;
}

static bool is_scalar(const struct cel_type *type)
{
	switch (type->kind) {
	case CEL_BOOL:
	case CEL_DOUBLE:
	case CEL_DURATION:
	case CEL_INT:
	case CEL_TIMESTAMP:
	case CEL_UINT: return true;
	case CEL_OPTIONAL: return is_scalar(type->param);
	default: return false;
	}
}

static bool written_size(const struct node *node, struct estimate *out)
{
	switch (node->kind) {
	case NODE_LITERAL:
		*out =
		    estimate_fixed(node->literal.kind == CEL_STRING ? utf8_count(node->literal.text)
				   : node->literal.kind == CEL_BYTES ? node->literal.text.len
								     : 1);
		return true;
	case NODE_LIST: *out = estimate_fixed(node->arg_count); return true;
	case NODE_MAP: *out = estimate_fixed(node->arg_count / 2); return true;
	default: return false;
	}
}

bool estimate_size(struct estimating *e, const struct node *node, struct estimate *out)
{
	const struct cel_type *path = estimate_path(e, node);
	const struct estimate_node *local = local_of(e, node);

	if (node->estimate != NULL && node->estimate->has_size) {
		*out = node->estimate->size;
		return true;
	}
	if (written_size(node, out))
		return true;
	if (path != NULL && path != &estimate_nowhere) {
		*out = (struct estimate){ 0, path->max_size };
		return true;
	}
	if (is_scalar(node->type)) {
		*out = estimate_fixed(1);
		return true;
	}
	if (local == NULL || !local->has_size)
		return false;
	*out = local->size;
	return true;
}

struct estimate estimate_size_or_any(struct estimating *e, const struct node *node)
{
	struct estimate out;

	return estimate_size(e, node, &out) ? out : estimate_any();
}

struct estimate_entry estimate_entry_of(struct estimating *e, const struct node *node)
{
	const struct estimate_node *local = local_of(e, node);

	if (node->estimate != NULL && node->estimate->entry.is_known)
		return node->estimate->entry;
	return local != NULL ? local->entry : (struct estimate_entry){ 0 };
}

static void set_size(struct estimating *e, struct node *node, bool is_known, struct estimate size)
{
	if (!is_known)
		return;
	estimate_of(e, node)->has_size = true;
	node->estimate->size = size;
}

static void copy_sizes(struct estimating *e, struct node *to, const struct node *from)
{
	struct estimate size = { 0 };
	bool is_known = estimate_size(e, from, &size);
	struct estimate_entry entry = estimate_entry_of(e, from);

	set_size(e, to, is_known, size);
	if (entry.is_known)
		estimate_of(e, to)->entry = entry;
}

/* ---- costs of nodes ------------------------------------------------------------------------------------------------ */

static struct estimate cost(struct estimating *e, struct node *node);

static struct estimate cost_ident(struct estimating *e, struct node *node)
{
	const struct estimate_node *local = local_of(e, node);

	estimate_of(e, node)->path = local != NULL ? local->path : e->root;
	return estimate_fixed(1);
}

static struct estimate cost_select(struct estimating *e, struct node *node)
{
	struct estimate sum = cost(e, node->target);
	const struct cel_type *path, *field = NULL;

	if (node->is_test)
		return sum; /* upstream asks nothing for has() itself */
	if (node->is_optional)
		return estimate_add(sum, estimate_fixed(1));
	if (node->target->type->kind == CEL_MAP || node->target->type->kind == CEL_OBJECT)
		sum = estimate_add(sum, estimate_fixed(1));
	path = estimate_path(e, node->target);
	if (path != NULL && path->kind == CEL_OBJECT)
		field = cel_type_field(path, node->name, e->arena);
	estimate_of(e, node)->path = estimate_step(e, path, field);
	return sum;
}

static struct estimate cost_dyn(struct estimating *e, struct node *node)
{
	struct estimate sum = cost(e, node->args[0]);

	copy_sizes(e, node, node->args[0]);
	return estimate_add(sum, estimate_fixed(1));
}

/* An index leads on along the path. */
static void step_into(struct estimating *e, struct node *node, struct estimate_call *call)
{
	struct estimate_entry entry = estimate_entry_of(e, node->args[0]);
	const struct cel_type *path = estimate_path(e, node->args[0]), *next = NULL;

	if (path != NULL && path->kind == CEL_LIST)
		next = path->param;
	else if (path != NULL && path->kind == CEL_MAP)
		next = path->value;
	call->has_size = entry.is_known;
	call->size = entry.value;
	estimate_of(e, node)->path = estimate_step(e, path, next);
}

static struct estimate cost_call(struct estimating *e, struct node *node)
{
	struct estimate sum = { 0 }, all = { UINT64_MAX, 0 }, size = { 0 };
	bool has_size = false, is_logic;

	if (node->functions[0]->price == PRICE_DYN)
		return cost_dyn(e, node);
	is_logic = node->functions[0]->price == PRICE_AND ||
		   node->functions[0]->price == PRICE_OR ||
		   node->functions[0]->price == PRICE_CONDITIONAL;
	for (uint32_t i = 0; i < node->arg_count; i++) {
		struct estimate one = cost(e, node->args[i]);

		/* These say themselves which of their arguments count. */
		if (!is_logic)
			sum = estimate_add(sum, one);
	}
	if (node->target != NULL)
		sum = estimate_add(sum, cost(e, node->target));
	for (uint32_t i = 0; i < node->function_count; i++) {
		struct estimate_call one = estimate_function(e, node, node->functions[i]);

		all = estimate_union(all, one.cost);
		if (one.has_size) {
			size = has_size ? estimate_union(size, one.size) : one.size;
			has_size = true;
		}
		if (node->functions[i]->price == PRICE_INDEX_LIST ||
		    node->functions[i]->price == PRICE_INDEX_MAP) {
			step_into(e, node, &one);
			has_size = one.has_size;
			size = one.size;
		}
		if (!has_size)
			has_size = estimate_size(e, node, &size);
	}
	set_size(e, node, has_size, size);
	return estimate_add(sum, all);
}

static struct estimate cost_list(struct estimating *e, struct node *node)
{
	struct estimate sum = estimate_fixed(ESTIMATE_NEW_LIST);
	struct estimate items = { node->arg_count == 0 ? 0 : UINT64_MAX, 0 };

	for (uint32_t i = 0; i < node->arg_count; i++) {
		sum = estimate_add(sum, cost(e, node->args[i]));
		items = estimate_union(items, estimate_size_or_any(e, node->args[i]));
	}
	estimate_of(e, node)->entry =
	    (struct estimate_entry){ true, true, estimate_fixed(1), items };
	return sum;
}

static struct estimate cost_map(struct estimating *e, struct node *node)
{
	struct estimate sum = estimate_fixed(ESTIMATE_NEW_MAP);
	struct estimate keys = { node->arg_count == 0 ? 0 : UINT64_MAX, 0 }, values = keys;

	for (uint32_t i = 0; i < node->arg_count; i++) {
		struct estimate *of = i % 2 == 0 ? &keys : &values;

		sum = estimate_add(sum, cost(e, node->args[i]));
		*of = estimate_union(*of, estimate_size_or_any(e, node->args[i]));
	}
	estimate_of(e, node)->entry = (struct estimate_entry){ true, false, keys, values };
	return sum;
}

static struct estimate cost_message(struct estimating *e, struct node *node)
{
	struct estimate sum = estimate_fixed(ESTIMATE_NEW_MESSAGE);

	for (uint32_t i = 0; i < node->arg_count; i++)
		sum = estimate_add(sum, cost(e, node->args[i]));
	return sum;
}

/* ---- folds ----------------------------------------------------------------------------------------------------------- */

enum variable { KEY, VALUE, SINGLE };

/* What a variable of a fold over the range is: an index or key, an element or value, or whichever a single one gets. */
static struct estimate_node variable_of(struct estimating *e, const struct node *range,
					enum variable which)
{
	struct estimate_entry entry = estimate_entry_of(e, range);
	const struct cel_type *path = estimate_path(e, range), *next = NULL;
	bool is_list = entry.is_known ? entry.is_list : range->type->kind == CEL_LIST;
	bool is_value = which == VALUE || (which == SINGLE && is_list);

	if (path != NULL && is_value)
		next = path->kind == CEL_LIST ? path->param : path->value;
	else if (path != NULL && !is_list && path->kind == CEL_MAP)
		next = path->param;
	return (struct estimate_node){ .has_size = entry.is_known,
				       .size = is_value ? entry.value : entry.key,
				       .path = estimate_step(e, path, next) };
}

static struct estimate_node bound_to(struct estimating *e, const struct node *node)
{
	struct estimate_node out = { .path = estimate_path(e, node),
				     .entry = estimate_entry_of(e, node) };

	out.has_size = estimate_size(e, node, &out.size);
	return out;
}

static struct estimate cost_bind(struct estimating *e, struct node *node)
{
	struct node_fold *fold = node->fold;
	struct estimate sum = estimate_add(cost(e, fold->range), cost(e, fold->init));

	e->locals[node->slot] = bound_to(e, fold->init);
	sum = estimate_add(sum, cost(e, fold->result));
	copy_sizes(e, node, fold->result);
	return sum;
}

static struct estimate cost_fold(struct estimating *e, struct node *node)
{
	struct node_fold *fold = node->fold;
	struct estimate sum, loop, count, size = { 0 };
	bool has_two = fold->second.at != NULL;

	if (fold->is_bind)
		return cost_bind(e, node);
	sum = estimate_add(cost(e, fold->range), cost(e, fold->init));
	e->locals[node->slot] = bound_to(e, fold->init);
	e->locals[node->slot + 1] = variable_of(e, fold->range, has_two ? KEY : SINGLE);
	if (has_two)
		e->locals[node->slot + 2] = variable_of(e, fold->range, VALUE);
	loop = cost(e, fold->condition);
	loop = estimate_add(cost(e, fold->step), loop);
	sum = estimate_add(sum, cost(e, fold->result));
	count = estimate_size_or_any(e, fold->range);
	sum = estimate_add(sum, estimate_multiply(count, loop));
	if (fold->init->kind == NODE_LITERAL) {
		bool is_known = estimate_size(e, fold->init, &size);

		set_size(e, node, is_known, size);
	} else if (fold->init->kind == NODE_LIST || fold->init->kind == NODE_MAP) {
		struct estimate_entry entry = estimate_entry_of(e, fold->step);

		set_size(e, node, true, count);
		if (entry.is_known)
			estimate_of(e, node)->entry = entry;
	}
	return sum;
}

static struct estimate cost_by_kind(struct estimating *e, struct node *node)
{
	switch (node->kind) {
	case NODE_LITERAL: return estimate_fixed(0);
	case NODE_IDENT: return cost_ident(e, node);
	case NODE_SELECT: return cost_select(e, node);
	case NODE_CALL: return cost_call(e, node);
	case NODE_LIST: return cost_list(e, node);
	case NODE_MAP: return cost_map(e, node);
	case NODE_FOLD: return cost_fold(e, node);
	case NODE_STRUCT: return cost_message(e, node);
	}
	assert(!"a node of no kind");
	return estimate_any();
}

static struct estimate cost(struct estimating *e, struct node *node)
{
	struct estimate out = cost_by_kind(e, node);

	estimate_of(e, node)->cost = out;
	return out;
}

struct estimate estimate_cost(struct node *root_node, const struct cel_type *root,
			      struct arena *arena)
{
	struct estimating e = { .root = root, .arena = arena };

	e.locals = arena_array(arena, struct estimate_node, 3U * root_node->depth);
	return cost(&e, root_node);
}
