#include <stdlib.h>

#include "datastore/cel/library/function.h"
#include "runtime/base/limits.h"

/*
 * Lists: sums and extremes, places, parts, order.
 */

static struct cel_value item_of(struct cel_call *call, const struct cel_list *list, uint32_t i)
{
	return cel_list_item(list, i, call->arena);
}

/* Room for a list of `len` values. */
static struct cel_value *new_items(struct cel_call *call, uint64_t len, struct cel_value *refused)
{
	if (!cel_call_room(call, len * sizeof *refused, refused))
		return NULL;
	return arena_alloc(call->arena, (len + 1) * sizeof *refused);
}

/* ---- sums and extremes -------------------------------------------------------------------------------------- */

static struct cel_value is_sorted(struct cel_call *call, const struct cel_value *args)
{
	const struct cel_list *list = args[0].list;
	int order;

	for (uint32_t i = 1; i < list->len; i++) {
		if (!cel_value_order(item_of(call, list, i - 1), item_of(call, list, i), &order))
			return cel_value_no_overload();
		if (order > 0)
			return cel_bool(false);
	}
	return cel_bool(true);
}

static bool add_one(struct cel_value *sum, struct cel_value item)
{
	switch (sum->kind) {
	case CEL_UINT: return !__builtin_add_overflow(sum->natural, item.natural, &sum->natural);
	case CEL_DOUBLE: sum->number += item.number; return true;
	default: return !__builtin_add_overflow(sum->integer, item.integer, &sum->integer);
	}
}

static struct cel_value sum_from(struct cel_call *call, const struct cel_list *list,
				 struct cel_value sum)
{
	for (uint32_t i = 0; i < list->len; i++) {
		struct cel_value item = item_of(call, list, i);

		if (item.kind != sum.kind)
			return cel_value_no_overload();
		if (!add_one(&sum, item))
			return cel_value_error(call->arena, "%s overflow",
					       sum.kind == CEL_UINT       ? "unsigned integer"
					       : sum.kind == CEL_DURATION ? "duration"
									  : "integer");
	}
	return sum;
}

/* Of what kind the sum is says the first item: without a type known before there is nothing else to go by. */
static struct cel_value sum(struct cel_call *call, const struct cel_value *args)
{
	struct cel_value zero = cel_int(0);

	if (args[0].list->len > 0)
		zero.kind = item_of(call, args[0].list, 0).kind;
	if (zero.kind != CEL_INT && zero.kind != CEL_UINT && zero.kind != CEL_DOUBLE &&
	    zero.kind != CEL_DURATION)
		return cel_value_no_overload();
	if (zero.kind == CEL_DOUBLE)
		zero.number = 0;
	return sum_from(call, args[0].list, zero);
}

static struct cel_value sum_uint(struct cel_call *call, const struct cel_value *args)
{
	return sum_from(call, args[0].list, (struct cel_value){ .kind = CEL_UINT });
}

static struct cel_value sum_double(struct cel_call *call, const struct cel_value *args)
{
	return sum_from(call, args[0].list, cel_double(0));
}

static struct cel_value sum_duration(struct cel_call *call, const struct cel_value *args)
{
	return sum_from(call, args[0].list, (struct cel_value){ .kind = CEL_DURATION });
}

static struct cel_value extreme(struct cel_call *call, const struct cel_list *list, int wanted)
{
	struct cel_value best;
	int order;

	if (list->len == 0)
		return cel_value_error(call->arena, "%s called on empty list",
				       wanted > 0 ? "max" : "min");
	best = item_of(call, list, 0);
	for (uint32_t i = 1; i < list->len; i++) {
		struct cel_value item = item_of(call, list, i);

		if (!cel_value_order(item, best, &order))
			return cel_value_no_overload();
		if (order == wanted)
			best = item;
	}
	return best;
}

static struct cel_value max(struct cel_call *call, const struct cel_value *args)
{
	return extreme(call, args[0].list, 1);
}

static struct cel_value min(struct cel_call *call, const struct cel_value *args)
{
	return extreme(call, args[0].list, -1);
}

/* ---- places --------------------------------------------------------------------------------------------------- */

static struct cel_value list_index_of(struct cel_call *call, const struct cel_value *args)
{
	for (uint32_t i = 0; i < args[0].list->len; i++)
		if (cel_value_equal(item_of(call, args[0].list, i), args[1], call->arena))
			return cel_int(i);
	return cel_int(-1);
}

static struct cel_value list_last_index_of(struct cel_call *call, const struct cel_value *args)
{
	for (uint32_t i = args[0].list->len; i > 0; i--)
		if (cel_value_equal(item_of(call, args[0].list, i - 1), args[1], call->arena))
			return cel_int(i - 1);
	return cel_int(-1);
}

/* Of anything: what is no list includes itself. */
static struct cel_value includes(struct cel_call *call, const struct cel_value *args)
{
	if (args[0].kind != CEL_LIST)
		return cel_bool(cel_value_equal(args[0], args[1], call->arena));
	return cel_bool(list_index_of(call, args).integer >= 0);
}

static struct cel_value first(struct cel_call *call, const struct cel_value *args)
{
	if (args[0].list->len == 0)
		return CEL_VALUE_NONE;
	return cel_value_some(call->arena, item_of(call, args[0].list, 0));
}

static struct cel_value last(struct cel_call *call, const struct cel_value *args)
{
	if (args[0].list->len == 0)
		return CEL_VALUE_NONE;
	return cel_value_some(call->arena, item_of(call, args[0].list, args[0].list->len - 1));
}

/* ---- parts ---------------------------------------------------------------------------------------------------- */

static struct cel_value slice(struct cel_call *call, const struct cel_value *args)
{
	long long start = args[1].integer, end = args[2].integer;
	const struct cel_list *list = args[0].list;
	struct cel_value refused, *out;

	if (start < 0 || end < 0)
		return cel_value_error(call->arena,
				       "cannot slice(%lld, %lld), negative indexes not supported",
				       start, end);
	if (start > end)
		return cel_value_error(call->arena,
				       "cannot slice(%lld, %lld), start index must be less than or "
				       "equal to end index",
				       start, end);
	if (end > list->len)
		return cel_value_error(call->arena, "cannot slice(%lld, %lld), list is length %u",
				       start, end, list->len);
	out = new_items(call, (uint64_t)(end - start), &refused);
	if (out == NULL)
		return refused;
	for (long long i = start; i < end; i++)
		out[i - start] = item_of(call, list, (uint32_t)i);
	return cel_list_make(call->arena, out, (uint32_t)(end - start));
}

static uint64_t flat_size(struct cel_call *call, const struct cel_list *list, int64_t depth)
{
	uint64_t size = 0;

	for (uint32_t i = 0; i < list->len; i++) {
		struct cel_value item = item_of(call, list, i);

		size +=
		    item.kind == CEL_LIST && depth > 0 ? flat_size(call, item.list, depth - 1) : 1;
	}
	return size;
}

static struct cel_value *flatten_into(struct cel_call *call, const struct cel_list *list,
				      int64_t depth, struct cel_value *out)
{
	for (uint32_t i = 0; i < list->len; i++) {
		struct cel_value item = item_of(call, list, i);

		if (item.kind == CEL_LIST && depth > 0)
			out = flatten_into(call, item.list, depth - 1, out);
		else
			*out++ = item;
	}
	return out;
}

static struct cel_value flatten(struct cel_call *call, const struct cel_value *args)
{
	int64_t depth = call->count == 2 ? args[1].integer : 1;
	struct cel_value refused, *out;
	uint64_t size;

	if (depth < 0)
		return cel_value_error(call->arena, "level must be non-negative");
	/* Values are nested no deeper than what they were read from, or than the expression. */
	if (depth > LIMIT_NESTING * 4)
		depth = LIMIT_NESTING * 4;
	size = flat_size(call, args[0].list, depth);
	out = new_items(call, size, &refused);
	if (out == NULL)
		return refused;
	flatten_into(call, args[0].list, depth, out);
	return cel_list_make(call->arena, out, (uint32_t)size);
}

static struct cel_value range(struct cel_call *call, const struct cel_value *args)
{
	int64_t len = args[0].integer;
	struct cel_value refused, *out;

	if (len < 0)
		return cel_value_error(call->arena,
				       "lists.range: size must be non-negative, got %lld",
				       (long long)len);
	out = len > INT32_MAX ? NULL : new_items(call, (uint64_t)len, &refused);
	if (out == NULL)
		return cel_value_error(call->arena, "operation cancelled: memory limit exceeded");
	for (int64_t i = 0; i < len; i++)
		out[i] = cel_int(i);
	return cel_list_make(call->arena, out, (uint32_t)len);
}

static struct cel_value reverse(struct cel_call *call, const struct cel_value *args)
{
	uint32_t len = args[0].list->len;
	struct cel_value refused, *out = new_items(call, len, &refused);

	if (out == NULL)
		return refused;
	for (uint32_t i = 0; i < len; i++)
		out[i] = item_of(call, args[0].list, len - 1 - i);
	return cel_list_make(call->arena, out, len);
}

static struct cel_value distinct(struct cel_call *call, const struct cel_value *args)
{
	uint32_t kept = 0;
	struct cel_value refused, *out = new_items(call, args[0].list->len, &refused);

	if (out == NULL)
		return refused;
	for (uint32_t i = 0; i < args[0].list->len; i++) {
		struct cel_value item = item_of(call, args[0].list, i);
		uint32_t k = 0;

		while (k < kept && !cel_value_equal(item, out[k], call->arena))
			k++;
		if (k == kept)
			out[kept++] = item;
	}
	return cel_list_make(call->arena, out, kept);
}

/* ---- order ---------------------------------------------------------------------------------------------------- */

struct sorted {
	struct cel_value key;
	uint32_t place;
};

static int by_key(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;
	int order = 0;

	if (!cel_value_order(x->key, y->key, &order) || order == 0)
		return x->place < y->place ? -1 : 1;
	return order;
}

static struct cel_value sort_by(struct cel_call *call, const struct cel_value *args)
{
	const struct cel_list *list = args[0].list, *keys = args[call->count - 1].list;
	struct cel_value refused, *out;
	struct sorted *order;
	int ignored;

	if (list->len != keys->len)
		return cel_value_error(call->arena,
				       "@sortByAssociatedKeys() expected a list of the same size "
				       "as the associated keys list, but got %u and %u elements "
				       "respectively",
				       list->len, keys->len);
	out = new_items(call, 2ULL * list->len, &refused);
	if (out == NULL || list->len == 0)
		return out == NULL ? refused : args[0];
	order = arena_array(call->arena, struct sorted, list->len);
	for (uint32_t i = 0; i < list->len; i++) {
		order[i] = (struct sorted){ item_of(call, keys, i), i };
		if (order[i].key.kind != order[0].key.kind)
			return cel_value_error(call->arena,
					       "list elements must have the same type");
	}
	if (order[0].key.kind != CEL_DOUBLE &&
	    !cel_value_order(order[0].key, order[0].key, &ignored))
		return cel_value_error(call->arena, "list elements must be comparable");
	qsort(order, list->len, sizeof *order, by_key);
	for (uint32_t i = 0; i < list->len; i++)
		out[i] = item_of(call, list, order[i].place);
	return cel_list_make(call->arena, out, list->len);
}

#define OF_COMPARABLE(name, result, call, price)                             \
	{ name, ".(list(int))" result("int"), call, price },                 \
	    { name, ".(list(uint))" result("uint"), call, price },           \
	    { name, ".(list(double))" result("double"), call, price },       \
	    { name, ".(list(bool))" result("bool"), call, price },           \
	    { name, ".(list(duration))" result("duration"), call, price },   \
	    { name, ".(list(timestamp))" result("timestamp"), call, price }, \
	    { name, ".(list(string))" result("string"), call, price },       \
	{                                                                    \
		name, ".(list(bytes))" result("bytes"), call, price          \
	}
#define A_BOOL(type) "bool"
#define ITSELF(type) type
#define LIST_OF(type) "list(" type ")"
#define SORT_BY(type)                                                                               \
	{                                                                                           \
		"@sortByAssociatedKeys", ".(list(A),list(" type "))list(A)", sort_by, PRICE_SORT_BY \
	}

static const struct cel_function rows[] = {
	OF_COMPARABLE("isSorted", A_BOOL, is_sorted, PRICE_TRAVERSE),
	{ "sum", ".(list(int))int", sum, PRICE_TRAVERSE },
	{ "sum", ".(list(uint))uint", sum_uint, PRICE_TRAVERSE },
	{ "sum", ".(list(double))double", sum_double, PRICE_TRAVERSE },
	{ "sum", ".(list(duration))duration", sum_duration, PRICE_TRAVERSE },
	OF_COMPARABLE("max", ITSELF, max, PRICE_TRAVERSE),
	OF_COMPARABLE("min", ITSELF, min, PRICE_TRAVERSE),
	{ "indexOf", ".(list(A),A)int", list_index_of, PRICE_TRAVERSE },
	{ "lastIndexOf", ".(list(A),A)int", list_last_index_of, PRICE_TRAVERSE },
	{ "includes", ".(dyn,dyn)bool", includes, PRICE_TRAVERSE },
	{ "first", ".(list(A))optional(A)", first, PRICE_ONE },
	{ "last", ".(list(A))optional(A)", last, PRICE_ONE },
	{ "slice", ".(list(A),int,int)list(A)", slice, PRICE_SLICE },
	{ "flatten", ".(list(list(A)))list(A)", flatten, PRICE_FLATTEN },
	{ "flatten", ".(list(dyn),int)list(dyn)", flatten, PRICE_FLATTEN },
	{ "lists.range", "(int)list(int)", range, PRICE_RANGE },
	{ "reverse", ".(list(A))list(A)", reverse, PRICE_REVERSE },
	{ "distinct", ".(list(A))list(A)", distinct, PRICE_DISTINCT },
	OF_COMPARABLE("sort", LIST_OF, sort_by, PRICE_SORT),
	SORT_BY("int"),
	SORT_BY("uint"),
	SORT_BY("double"),
	SORT_BY("bool"),
	SORT_BY("duration"),
	SORT_BY("timestamp"),
	SORT_BY("string"),
	SORT_BY("bytes"),
};
CEL_FUNCTION_TABLE(cel_functions_list, rows);
