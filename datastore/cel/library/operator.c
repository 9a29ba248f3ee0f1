#include <math.h>

#include "datastore/cel/library/function.h"
#include "datastore/cel/library/moment.h"

/*
 * Operators on numbers, texts, lists and times. What does not fit 64 bits is an error, never another number.
 */

static struct cel_value overflow(struct cel_call *call)
{
	return cel_value_error(call->arena, "integer overflow");
}

static struct cel_value uint_overflow(struct cel_call *call)
{
	return cel_value_error(call->arena, "unsigned integer overflow");
}

static struct cel_value from_uint(uint64_t natural)
{
	return (struct cel_value){ .kind = CEL_UINT, .natural = natural };
}

/* ---- add --------------------------------------------------------------------------------------------------- */

static struct cel_value add_int(struct cel_call *call, const struct cel_value *args)
{
	int64_t out;

	return __builtin_add_overflow(args[0].integer, args[1].integer, &out) ? overflow(call)
									      : cel_int(out);
}

static struct cel_value add_uint(struct cel_call *call, const struct cel_value *args)
{
	uint64_t out;

	return __builtin_add_overflow(args[0].natural, args[1].natural, &out) ? uint_overflow(call)
									      : from_uint(out);
}

static struct cel_value add_double(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_double(args[0].number + args[1].number);
}

static struct cel_value add_text(struct cel_call *call, const struct cel_value *args)
{
	uint64_t len = (uint64_t)args[0].text.len + args[1].text.len;
	struct cel_value out = { .kind = args[0].kind };
	char *at;

	if (!cel_call_room(call, len, &out))
		return out;
	at = arena_alloc(call->arena, len + 1);
	if (args[0].text.len > 0)
		memcpy(at, args[0].text.at, args[0].text.len);
	if (args[1].text.len > 0)
		memcpy(at + args[0].text.len, args[1].text.at, args[1].text.len);
	at[len] = '\0';
	out.text = str_of(at, len);
	return out;
}

/* Sets and maps are read through, so that needs room. */
static struct cel_value merged(struct cel_call *call, const struct cel_list *a,
			       const struct cel_list *b)
{
	struct cel_value out;

	if (!cel_call_room(call, 8ULL * ((uint64_t)a->len + b->len) * sizeof out, &out))
		return out;
	return cel_list_merge(a, b, call->arena);
}

/* One more at the end is what folds do; anything else is shown as the two behind each other. */
static struct cel_value add_list(struct cel_call *call, const struct cel_value *args)
{
	const struct cel_list *a = args[0].list, *b = args[1].list;
	struct cel_value out;

	if ((uint64_t)a->len + b->len > INT32_MAX)
		return overflow(call);
	if (!cel_call_room(call, sizeof out, &out))
		return out;
	if (a->keyed != CEL_LIST_PLAIN)
		return merged(call, a, b);
	if (b->len == 0)
		return args[0];
	if (b->len == 1)
		return cel_list_append(a, cel_list_item(b, 0, call->arena), call->arena);
	if (a->len == 0)
		return args[1];
	return cel_list_join(a, b, call->arena);
}

static struct cel_value add_durations(struct cel_call *call, const struct cel_value *args)
{
	struct cel_value out = { .kind = CEL_DURATION };

	if (__builtin_add_overflow(args[0].integer, args[1].integer, &out.integer))
		return cel_value_error(call->arena, "duration overflow");
	return out;
}

static struct cel_value moved(struct cel_call *call, struct cel_moment moment, int64_t ns)
{
	struct cel_value out = { .kind = CEL_TIMESTAMP };

	if (!moment_add(moment, ns, &out.moment))
		return cel_value_error(call->arena, "timestamp overflow");
	return out;
}

static struct cel_value add_to_moment(struct cel_call *call, const struct cel_value *args)
{
	return moved(call, args[0].moment, args[1].integer);
}

static struct cel_value add_moment(struct cel_call *call, const struct cel_value *args)
{
	return moved(call, args[1].moment, args[0].integer);
}

/* ---- subtract ---------------------------------------------------------------------------------------------- */

static struct cel_value sub_int(struct cel_call *call, const struct cel_value *args)
{
	int64_t out;

	return __builtin_sub_overflow(args[0].integer, args[1].integer, &out) ? overflow(call)
									      : cel_int(out);
}

static struct cel_value sub_uint(struct cel_call *call, const struct cel_value *args)
{
	uint64_t out;

	return __builtin_sub_overflow(args[0].natural, args[1].natural, &out) ? uint_overflow(call)
									      : from_uint(out);
}

static struct cel_value sub_double(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_double(args[0].number - args[1].number);
}

static struct cel_value sub_durations(struct cel_call *call, const struct cel_value *args)
{
	struct cel_value out = { .kind = CEL_DURATION };

	if (__builtin_sub_overflow(args[0].integer, args[1].integer, &out.integer))
		return cel_value_error(call->arena, "duration overflow");
	return out;
}

static struct cel_value sub_from_moment(struct cel_call *call, const struct cel_value *args)
{
	if (args[1].integer == INT64_MIN)
		return cel_value_error(call->arena, "timestamp overflow");
	return moved(call, args[0].moment, -args[1].integer);
}

static struct cel_value sub_moments(struct cel_call *call, const struct cel_value *args)
{
	struct cel_value out = { .kind = CEL_DURATION };

	if (!moment_between(args[0].moment, args[1].moment, &out.integer))
		return cel_value_error(call->arena, "timestamp overflow");
	return out;
}

/* ---- multiply, divide ---------------------------------------------------------------------------------------- */

static struct cel_value mul_int(struct cel_call *call, const struct cel_value *args)
{
	int64_t out;

	return __builtin_mul_overflow(args[0].integer, args[1].integer, &out) ? overflow(call)
									      : cel_int(out);
}

static struct cel_value mul_uint(struct cel_call *call, const struct cel_value *args)
{
	uint64_t out;

	return __builtin_mul_overflow(args[0].natural, args[1].natural, &out) ? uint_overflow(call)
									      : from_uint(out);
}

static struct cel_value mul_double(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_double(args[0].number * args[1].number);
}

static struct cel_value div_int(struct cel_call *call, const struct cel_value *args)
{
	if (args[1].integer == 0)
		return cel_value_error(call->arena, "division by zero");
	if (args[0].integer == INT64_MIN && args[1].integer == -1)
		return overflow(call);
	return cel_int(args[0].integer / args[1].integer);
}

static struct cel_value div_uint(struct cel_call *call, const struct cel_value *args)
{
	if (args[1].natural == 0)
		return cel_value_error(call->arena, "division by zero");
	return from_uint(args[0].natural / args[1].natural);
}

static struct cel_value div_double(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_double(args[0].number / args[1].number);
}

static struct cel_value mod_int(struct cel_call *call, const struct cel_value *args)
{
	if (args[1].integer == 0)
		return cel_value_error(call->arena, "modulus by zero");
	if (args[0].integer == INT64_MIN && args[1].integer == -1)
		return overflow(call);
	return cel_int(args[0].integer % args[1].integer);
}

static struct cel_value mod_uint(struct cel_call *call, const struct cel_value *args)
{
	if (args[1].natural == 0)
		return cel_value_error(call->arena, "modulus by zero");
	return from_uint(args[0].natural % args[1].natural);
}

/* ---- of one -------------------------------------------------------------------------------------------------- */

static struct cel_value negate_int(struct cel_call *call, const struct cel_value *args)
{
	return args[0].integer == INT64_MIN ? overflow(call) : cel_int(-args[0].integer);
}

static struct cel_value negate_double(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_double(-args[0].number);
}

static struct cel_value not_bool(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_bool(!args[0].is_true);
}

static struct cel_value size_of(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_int((int64_t)cel_value_size(args[0]));
}

static const struct cel_function rows[] = {
	{ "_?_:_", "(bool,A,A)A", NULL, PRICE_CONDITIONAL },
	{ "_&&_", "(bool,bool)bool", NULL, PRICE_AND },
	{ "_||_", "(bool,bool)bool", NULL, PRICE_OR },
	{ "@not_strictly_false", "(bool)bool", NULL, PRICE_NOT_FALSE },
	{ "!_", "(bool)bool", not_bool, PRICE_ONE },
	{ "_+_", "(bytes,bytes)bytes", add_text, PRICE_ADD_TEXT },
	{ "_+_", "(double,double)double", add_double, PRICE_ONE },
	{ "_+_", "(duration,duration)duration", add_durations, PRICE_ONE },
	{ "_+_", "(duration,timestamp)timestamp", add_moment, PRICE_ONE },
	{ "_+_", "(timestamp,duration)timestamp", add_to_moment, PRICE_ONE },
	{ "_+_", "(int,int)int", add_int, PRICE_ONE },
	{ "_+_", "(list(A),list(A))list(A)", add_list, PRICE_ADD_LIST },
	{ "_+_", "(string,string)string", add_text, PRICE_ADD_TEXT },
	{ "_+_", "(uint,uint)uint", add_uint, PRICE_ONE },
	{ "_/_", "(double,double)double", div_double, PRICE_ONE },
	{ "_/_", "(int,int)int", div_int, PRICE_ONE },
	{ "_/_", "(uint,uint)uint", div_uint, PRICE_ONE },
	{ "_%_", "(int,int)int", mod_int, PRICE_ONE },
	{ "_%_", "(uint,uint)uint", mod_uint, PRICE_ONE },
	{ "_*_", "(double,double)double", mul_double, PRICE_ONE },
	{ "_*_", "(int,int)int", mul_int, PRICE_ONE },
	{ "_*_", "(uint,uint)uint", mul_uint, PRICE_ONE },
	{ "-_", "(double)double", negate_double, PRICE_ONE },
	{ "-_", "(int)int", negate_int, PRICE_ONE },
	{ "_-_", "(double,double)double", sub_double, PRICE_ONE },
	{ "_-_", "(duration,duration)duration", sub_durations, PRICE_ONE },
	{ "_-_", "(int,int)int", sub_int, PRICE_ONE },
	{ "_-_", "(timestamp,duration)timestamp", sub_from_moment, PRICE_ONE },
	{ "_-_", "(timestamp,timestamp)duration", sub_moments, PRICE_ONE },
	{ "_-_", "(uint,uint)uint", sub_uint, PRICE_ONE },
	{ "_[_]", "(list(A),int)A", NULL, PRICE_INDEX_LIST },
	{ "_[_]", "(map(A,B),A)B", NULL, PRICE_INDEX_MAP },
	{ "_[_]", "(optional(list(A)),int)optional(A)", NULL, PRICE_ONE },
	{ "_[_]", "(optional(map(A,B)),A)optional(B)", NULL, PRICE_ONE },
	{ "_[?_]", "(list(A),int)optional(A)", NULL, PRICE_ONE },
	{ "_[?_]", "(optional(list(A)),int)optional(A)", NULL, PRICE_ONE },
	{ "_[?_]", "(map(A,B),A)optional(B)", NULL, PRICE_ONE },
	{ "_[?_]", "(optional(map(A,B)),A)optional(B)", NULL, PRICE_ONE },
	{ "size", "(bytes)int", size_of, PRICE_ONE },
	{ "size", ".(bytes)int", size_of, PRICE_ONE },
	{ "size", "(list(A))int", size_of, PRICE_ONE },
	{ "size", ".(list(A))int", size_of, PRICE_ONE },
	{ "size", "(map(A,B))int", size_of, PRICE_ONE },
	{ "size", ".(map(A,B))int", size_of, PRICE_ONE },
	{ "size", "(string)int", size_of, PRICE_ONE },
	{ "size", ".(string)int", size_of, PRICE_ONE },
};
CEL_FUNCTION_TABLE(cel_functions_operator, rows);
