#include <math.h>

#include "datastore/cel/check/estimate-private.h"

/*
 * What calls cost, function by function. A change of a figure here changes which definitions are taken.
 */

typedef struct estimate_call price_function(struct estimating *e, struct node *call,
					    const struct cel_function *function);

/* ---- arguments ------------------------------------------------------------------------------------------------------- */

/* The target is the first of a member function's arguments. */
static struct node *arg(struct node *call, uint32_t i)
{
	if (call->target == NULL)
		return call->args[i];
	return i == 0 ? call->target : call->args[i - 1];
}

static struct estimate size_of(struct estimating *e, struct node *call, uint32_t i)
{
	return estimate_size_or_any(e, arg(call, i));
}

static struct estimate_call only(struct estimate cost)
{
	return (struct estimate_call){ .cost = cost };
}

static struct estimate_call one(void)
{
	return only(estimate_fixed(1));
}

static struct estimate_call sized(struct estimate cost, struct estimate size)
{
	return (struct estimate_call){ .cost = cost, .has_size = true, .size = size };
}

static struct estimate scan(struct estimate size)
{
	return estimate_times(size, ESTIMATE_PER_CHARACTER);
}

/* An integer that is written out, not below zero. */
static uint64_t written(const struct node *node, uint64_t other)
{
	if (node->kind != NODE_LITERAL || node->literal.kind != CEL_INT)
		return other;
	return node->literal.integer < 0 ? 0 : (uint64_t)node->literal.integer;
}

/* ---- logic -------------------------------------------------------------------------------------------------------------- */

static struct estimate_call price_logic(struct node *call)
{
	struct estimate left = call->args[0]->estimate->cost;
	struct estimate both = estimate_add(left, call->args[1]->estimate->cost);

	return only((struct estimate){ left.min, both.max });
}

static struct estimate_entry entry_union(struct estimate_entry a, struct estimate_entry b)
{
	if (!a.is_known || !b.is_known)
		return (struct estimate_entry){ 0 };
	return (struct estimate_entry){ true, a.is_list, estimate_union(a.key, b.key),
					estimate_union(a.value, b.value) };
}

static void set_entry(struct estimating *e, struct node *call, uint32_t a, uint32_t b)
{
	struct estimate_entry entry =
	    entry_union(estimate_entry_of(e, call->args[a]), estimate_entry_of(e, call->args[b]));

	if (entry.is_known)
		estimate_of(e, call)->entry = entry;
}

static struct estimate_call price_conditional(struct estimating *e, struct node *call)
{
	struct estimate cost =
	    estimate_union(call->args[1]->estimate->cost, call->args[2]->estimate->cost);

	set_entry(e, call, 1, 2);
	return sized(estimate_add(call->args[0]->estimate->cost, cost),
		     estimate_union(size_of(e, call, 1), size_of(e, call, 2)));
}

/* ---- comparing and adding ------------------------------------------------------------------------------------------------- */

static struct estimate_call price_compare(struct estimating *e, struct node *call)
{
	struct estimate a = size_of(e, call, 0), b = size_of(e, call, 1);
	uint64_t max = a.max < b.max ? a.max : b.max;

	return only(scan((struct estimate){ max > 0, max }));
}

/* What the library makes is small and compared at once. */
static struct estimate_call price_equals(struct estimating *e, struct node *call)
{
	const struct cel_type *type = call->args[0]->type;
	bool is_equality = str_is(call->name, "_==_");
	struct estimate size = estimate_fixed(1);

	if (!is_equality || !cel_type_equal(type, call->args[1]->type) || type->kind < CEL_QUANTITY)
		return price_compare(e, call);
	if (type->kind == CEL_FORMAT)
		return only(scan((struct estimate){ 1, 64 }));
	if (type->kind != CEL_URL)
		return one();
	if (estimate_size(e, call->args[1], &size))
		size.min = 1;
	return only(scan((struct estimate){ 1, size.max }));
}

static struct estimate_call price_add(struct estimating *e, struct node *call, bool is_list)
{
	struct estimate size = estimate_add(size_of(e, call, 0), size_of(e, call, 1));

	set_entry(e, call, 0, 1);
	return sized(is_list ? estimate_fixed(1) : scan(size), size);
}

/* ---- texts ------------------------------------------------------------------------------------------------------------------ */

static struct estimate_call price_pattern(struct estimating *e, struct node *call, bool has_result)
{
	struct estimate text = size_of(e, call, 0);
	struct estimate cost =
	    estimate_multiply(scan(estimate_add(text, estimate_fixed(1))),
			      estimate_times(size_of(e, call, 1), ESTIMATE_PER_PATTERN_CHARACTER));

	return has_result ? sized(cost, (struct estimate){ 0, text.max }) : only(cost);
}

static uint64_t more(uint64_t n)
{
	return n < UINT64_MAX ? n + 1 : n;
}

/* How often something is replaced at most and at least, and how much of the text stays. */
static struct estimate_call price_replace(struct estimating *e, struct node *call)
{
	struct estimate text = size_of(e, call, 0), old = size_of(e, call, 1);
	struct estimate new = size_of(e, call, 2), count = { 0 }, kept = { 0 };

	if (old.min == 0) {
		count.max = more(text.max);
		kept.max = text.max;
	} else if (new.max <= old.min) {
		kept.max = text.max;
	} else {
		count.max = (uint64_t)ceil((double)text.max / (double)old.min);
	}
	if (old.max == 0) {
		count.min = more(text.min);
		kept.min = text.min;
	} else if (old.max <= new.min) {
		kept.min = text.min;
	} else {
		count.min = (uint64_t)ceil((double)text.min / (double)old.max);
	}
	return sized(estimate_times(text, 2 * ESTIMATE_PER_CHARACTER),
		     estimate_add(estimate_multiply(count, new), kept));
}

static struct estimate_call price_split(struct estimating *e, struct node *call)
{
	struct estimate text = size_of(e, call, 0);
	uint64_t max = text.max;

	if (call->arg_count > 1 && call->args[1]->kind == NODE_LITERAL &&
	    call->args[1]->literal.kind == CEL_INT)
		max = (uint64_t)call->args[1]->literal.integer;
	return sized(estimate_times(text, 2 * ESTIMATE_PER_CHARACTER), (struct estimate){ 0, max });
}

/* The size of a list's elements by its path, whatever they were written as. */
static struct estimate element_size(struct estimating *e, struct node *list)
{
	const struct cel_type *path = estimate_path(e, list), *next = NULL;

	if (path == NULL)
		return estimate_any();
	if (path->kind == CEL_LIST)
		next = path->param;
	else if (path->kind == CEL_MAP)
		next = path->value;
	path = estimate_step(e, path, next);
	return path == &estimate_nowhere ? estimate_any() : (struct estimate){ 0, path->max_size };
}

static struct estimate_call price_join(struct estimating *e, struct node *call)
{
	struct estimate list = size_of(e, call, 0);
	struct estimate size = estimate_multiply(list, element_size(e, arg(call, 0)));
	struct estimate gaps = { list.min > 0 ? list.min - 1 : 0, list.max > 0 ? list.max - 1 : 0 };

	if (call->arg_count > 0)
		size = estimate_add(size, estimate_multiply(size_of(e, call, 1), gaps));
	return sized(scan(size), size);
}

/* ---- lists -------------------------------------------------------------------------------------------------------------------- */

static struct estimate_call price_traverse(struct estimating *e, struct node *call)
{
	const struct node *list = arg(call, 0);
	struct estimate size = size_of(e, call, 0), per_item = estimate_fixed(1);
	const struct cel_type *item = list->type->param;

	if (item == NULL && !str_is(call->name, "includes"))
		return only(scan(size));
	if (item != NULL && list->type->kind == CEL_LIST &&
	    (item->kind == CEL_STRING || item->kind == CEL_BYTES))
		per_item = estimate_add(per_item, scan(element_size(e, arg(call, 0))));
	return only(estimate_multiply(size, per_item));
}

static struct estimate_call allocating(double factor, struct estimate size)
{
	struct estimate cost = estimate_times(size, factor);

	return sized(estimate_add(cost, estimate_fixed(1 + ESTIMATE_NEW_LIST)), size);
}

static struct estimate_call price_slice(struct estimating *e, struct node *call)
{
	uint64_t start = written(arg(call, 1), 0);
	uint64_t end = written(arg(call, 2), size_of(e, call, 0).max);

	return allocating(1, estimate_fixed(end - start));
}

static struct estimate_call price_flatten(struct estimating *e, struct node *call)
{
	uint64_t depth = call->arg_count == 1 ? written(call->args[0], UINT64_MAX) : 1;

	return allocating((double)depth, size_of(e, call, 0));
}

/* Each with each. */
static struct estimate_call price_pairs(struct estimating *e, struct node *call, uint32_t which,
					const struct cel_function *function)
{
	struct estimate size = size_of(e, call, which);
	double factor = 2;

	if (function->price != PRICE_DISTINCT) {
		struct cel_signature signature = cel_signature_read(function->signature, e->arena);
		enum cel_kind kind = signature.args[which]->param->kind;

		if (kind == CEL_STRING || kind == CEL_BYTES)
			factor += ESTIMATE_PER_CHARACTER;
	}
	return allocating(factor, estimate_multiply(size, size));
}

static struct estimate_call price_sets(struct estimating *e, struct node *call, double factor)
{
	struct estimate pairs = estimate_multiply(size_of(e, call, 0), size_of(e, call, 1));

	return only(estimate_add(estimate_times(pairs, factor), estimate_fixed(1)));
}

/* ---- Kubernetes' ---------------------------------------------------------------------------------------------------------------- */

/* Addresses have 4 or 16 bytes. */
static struct estimate_call price_within(struct estimating *e, struct node *call, bool is_cidr,
					 bool is_text)
{
	struct estimate bytes = { 4, 16 };
	struct estimate cost = scan(estimate_add(bytes, bytes));

	if (is_cidr)
		cost = estimate_add(estimate_add(cost, scan(bytes)), estimate_fixed(1));
	if (is_text)
		cost = estimate_add(cost, scan(size_of(e, call, 1)));
	return only(cost);
}

/* A requirement is two characters at least. */
static struct estimate_call price_selector(struct estimating *e, struct node *call)
{
	struct estimate size = size_of(e, call, 1);
	struct estimate requirements = estimate_times(
	    estimate_times(size, 0.5), (double)(ESTIMATE_NEW_LIST + ESTIMATE_NEW_STRUCT));

	return only(estimate_add(estimate_add(estimate_fixed(ESTIMATE_NEW_LIST), scan(size)),
				 requirements));
}

struct estimate_call estimate_function(struct estimating *e, struct node *call,
				       const struct cel_function *function)
{
	struct estimate size;

	switch (function->price) {
	case PRICE_AND:
	case PRICE_OR: return price_logic(call);
	case PRICE_CONDITIONAL: return price_conditional(e, call);
	case PRICE_EQUALS: return price_equals(e, call);
	case PRICE_COMPARE: return price_compare(e, call);
	case PRICE_IN_LIST: return only(size_of(e, call, 1));
	case PRICE_ADD_TEXT: return price_add(e, call, false);
	case PRICE_ADD_LIST: return price_add(e, call, true);
	case PRICE_TO_BYTES:
		size = size_of(e, call, 0);
		return sized(scan(size), (struct estimate){ size.min, size.max * 4 });
	case PRICE_TO_STRING:
		size = size_of(e, call, 0);
		return sized(scan(size), (struct estimate){ size.min / 4, size.max });
	case PRICE_QUOTE:
		size = size_of(e, call, 0);
		return sized(scan(size), (struct estimate){ size.min + 2, size.max * 2 + 2 });
	case PRICE_SCAN:
	case PRICE_SCAN_FORMAT: return only(scan(size_of(e, call, 0)));
	case PRICE_SCAN_SECOND: return only(scan(size_of(e, call, 1)));
	case PRICE_SCAN_SAME: size = size_of(e, call, 0); return sized(scan(size), size);
	case PRICE_SCAN_TWICE:
		return only(estimate_times(size_of(e, call, 0), 2 * ESTIMATE_PER_CHARACTER));
	case PRICE_CONTAINS:
		return only(estimate_multiply(scan(size_of(e, call, 0)), scan(size_of(e, call, 1))));
	case PRICE_MATCHES: return price_pattern(e, call, false);
	case PRICE_FIND: return price_pattern(e, call, true);
	case PRICE_REPLACE: return price_replace(e, call);
	case PRICE_SPLIT: return price_split(e, call);
	case PRICE_JOIN: return price_join(e, call);
	case PRICE_TRAVERSE: return price_traverse(e, call);
	case PRICE_SLICE: return price_slice(e, call);
	case PRICE_FLATTEN: return price_flatten(e, call);
	case PRICE_RANGE: return allocating(1, estimate_fixed(written(call->args[0], UINT64_MAX)));
	case PRICE_REVERSE: return allocating(1, size_of(e, call, 0));
	case PRICE_DISTINCT:
	case PRICE_SORT: return price_pairs(e, call, 0, function);
	case PRICE_SORT_BY: return price_pairs(e, call, 1, function);
	case PRICE_SETS: return price_sets(e, call, 1);
	case PRICE_SETS_TWICE: return price_sets(e, call, 2);
	case PRICE_CONTAINS_IP: return price_within(e, call, false, false);
	case PRICE_CONTAINS_IP_TEXT: return price_within(e, call, false, true);
	case PRICE_CONTAINS_CIDR: return price_within(e, call, true, false);
	case PRICE_CONTAINS_CIDR_TEXT: return price_within(e, call, true, true);
	case PRICE_VALIDATE:
		return only(estimate_times(scan(size_of(e, call, 1)),
					   128 * ESTIMATE_PER_PATTERN_CHARACTER));
	case PRICE_SELECTOR: return price_selector(e, call);
	case PRICE_CHECK: return only(estimate_fixed(ESTIMATE_CHECK));
	default: return one();
	}
}
