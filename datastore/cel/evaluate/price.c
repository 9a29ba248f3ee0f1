#include <math.h>

#include "datastore/cel/evaluate/evaluate-private.h"
#include "datastore/cel/library/opaque.h"

/*
 * What calls cost while they run: the figures of check/estimate-call.c with the sizes that are there. Upstream's, to the unit.
 */

#define PER_CHARACTER 0.1
#define PER_PATTERN_CHARACTER 0.25
#define NEW_LIST 10U
#define CHECK 350000U

static uint64_t scan(uint64_t size, double times)
{
	return (uint64_t)ceil((double)size * times * PER_CHARACTER);
}

static uint64_t size_of(struct cel_value value)
{
	return cel_value_size(value);
}

/* Of what is in it; texts by their bytes. */
static uint64_t traverse(struct cel_value value, struct arena *arena, uint32_t depth)
{
	uint64_t sum = 0;

	if (depth > NODE_DEPTH_MAX)
		return 1;
	switch (value.kind) {
	case CEL_STRING:
	case CEL_BYTES: return (uint64_t)((double)value.text.len * PER_CHARACTER);
	case CEL_LIST:
		for (uint32_t i = 0; i < value.list->len; i++)
			sum += traverse(cel_list_item(value.list, i, arena), arena, depth + 1);
		return sum;
	case CEL_MAP:
	case CEL_OBJECT:
		for (uint32_t i = 0; i < value.map->len; i++) {
			struct cel_value key, inner;

			value.map->entry(value.map, i, arena, &key, &inner);
			sum += traverse(key, arena, depth + 1) + traverse(inner, arena, depth + 1);
		}
		return sum;
	default: return 1;
	}
}

static uint64_t pattern(uint64_t text, uint64_t pattern_size)
{
	uint64_t per_text = (uint64_t)ceil((1.0 + (double)text) * PER_CHARACTER);

	return per_text * (uint64_t)ceil((double)pattern_size * PER_PATTERN_CHARACTER);
}

static uint64_t allocating(double factor, uint64_t size)
{
	double cost = factor < 0 ? (double)size : (double)size * factor;

	return cost >= 0x1p62 ? UINT64_MAX / 2 : (uint64_t)cost + 1 + NEW_LIST;
}

static uint64_t pairs(struct cel_value list, struct arena *arena)
{
	uint64_t size = size_of(list);
	double factor = 2;

	if (size > 0) {
		enum cel_kind kind = cel_list_item(list.list, 0, arena).kind;

		factor += kind == CEL_STRING || kind == CEL_BYTES ? PER_CHARACTER : 0;
	}
	return allocating(factor, size * size);
}

static uint64_t within(const struct cel_value *args, bool is_cidr, bool is_text)
{
	uint64_t size = address_prefix_size(args[0]);
	uint64_t cost = scan(size + size, 1);

	if (is_cidr)
		cost += scan(size, 1) + 1;
	return is_text ? cost + scan(size_of(args[1]), 1) : cost;
}

static uint64_t selector(uint64_t size)
{
	uint64_t requirements = (uint64_t)ceil((double)size * 0.5);

	return NEW_LIST + scan(size, 1) + requirements * 50;
}

static uint64_t smaller(const struct cel_value *args)
{
	uint64_t a = size_of(args[0]), b = size_of(args[1]);

	return scan(a < b ? a : b, 1);
}

/* Those of the standard library whose price is that of one overload: upstream does not know which of several it was. */
static bool is_by_overload(enum price price)
{
	switch (price) {
	case PRICE_COMPARE:
	case PRICE_IN_LIST:
	case PRICE_ADD_TEXT:
	case PRICE_TO_BYTES:
	case PRICE_TO_STRING:
	case PRICE_SLICE:
	case PRICE_FLATTEN:
	case PRICE_REVERSE:
	case PRICE_DISTINCT:
	case PRICE_SORT:
	case PRICE_SORT_BY: return true;
	default: return false;
	}
}

static uint64_t by_price(struct evaluate_run *run, enum price price, const struct cel_value *args,
			 uint32_t count, struct cel_value result)
{
	struct arena *arena = run->call.arena;

	switch (price) {
	case PRICE_EQUALS: return args[0].kind >= CEL_QUANTITY ? 1 : smaller(args);
	case PRICE_COMPARE: return smaller(args);
	case PRICE_IN_LIST: return size_of(args[1]);
	case PRICE_ADD_TEXT: return scan(size_of(args[0]) + size_of(args[1]), 1);
	case PRICE_SCAN:
	case PRICE_SCAN_SAME:
	case PRICE_TO_BYTES:
	case PRICE_TO_STRING:
	case PRICE_QUOTE:
	case PRICE_SCAN_FORMAT: return scan(size_of(args[0]), 1);
	case PRICE_SCAN_TWICE:
	case PRICE_REPLACE:
	case PRICE_SPLIT: return scan(size_of(args[0]), 2);
	case PRICE_JOIN: return scan(size_of(result), 2);
	case PRICE_SCAN_SECOND: return scan(size_of(args[1]), 1);
	case PRICE_CONTAINS: return scan(size_of(args[0]), 1) * scan(size_of(args[1]), 1);
	case PRICE_MATCHES:
	case PRICE_FIND: return pattern(size_of(args[0]), size_of(args[1]));
	case PRICE_TRAVERSE: return traverse(args[0], arena, 0);
	case PRICE_SLICE:
	case PRICE_RANGE:
	case PRICE_REVERSE: return allocating(1, size_of(result));
	case PRICE_FLATTEN:
		return allocating(count == 2 ? (double)args[1].integer : 1, size_of(args[0]));
	case PRICE_DISTINCT:
	case PRICE_SORT: return pairs(args[0], arena);
	case PRICE_SORT_BY: return pairs(args[1], arena);
	case PRICE_SETS: return 1 + size_of(args[0]) * size_of(args[1]);
	case PRICE_SETS_TWICE: return 1 + 2 * size_of(args[0]) * size_of(args[1]);
	case PRICE_CONTAINS_IP: return within(args, false, false);
	case PRICE_CONTAINS_IP_TEXT: return within(args, false, true);
	case PRICE_CONTAINS_CIDR: return within(args, true, false);
	case PRICE_CONTAINS_CIDR_TEXT: return within(args, true, true);
	case PRICE_VALIDATE: return pattern(size_of(args[1]), name_format_pattern_size(args[0]));
	case PRICE_SELECTOR: return selector(size_of(args[1]));
	case PRICE_CHECK: return CHECK;
	default: return 1;
	}
}

uint64_t price_of(struct evaluate_run *run, const struct node *node,
		  const struct cel_function *function, const struct cel_value *args, uint32_t count,
		  struct cel_value result)
{
	if (node->function_count > 1 && is_by_overload(function->price))
		return 1;
	return by_price(run, function->price, args, count, result);
}
