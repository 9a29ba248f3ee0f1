#include "datastore/cel/library/function.h"

/*
 * Equality, order and membership. Numbers compare across their kinds; what has no order is no overload.
 */

static struct cel_value equals(struct cel_call *call, const struct cel_value *args)
{
	return cel_bool(cel_value_equal(args[0], args[1], call->arena));
}

static struct cel_value differs(struct cel_call *call, const struct cel_value *args)
{
	return cel_bool(!cel_value_equal(args[0], args[1], call->arena));
}

static struct cel_value order(const struct cel_value *args, bool less, bool same, bool greater)
{
	int out;

	if (cel_value_order(args[0], args[1], &out))
		return cel_bool(out < 0 ? less : out > 0 ? greater : same);
	/* Only NaN has no order among what the signatures let through. */
	return cel_bool(false);
}

static struct cel_value less(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return order(args, true, false, false);
}

static struct cel_value less_equal(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return order(args, true, true, false);
}

static struct cel_value greater(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return order(args, false, false, true);
}

static struct cel_value greater_equal(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return order(args, false, true, true);
}

static struct cel_value in_list(struct cel_call *call, const struct cel_value *args)
{
	const struct cel_list *list = args[1].list;

	for (uint32_t i = 0; i < list->len; i++)
		if (cel_value_equal(args[0], cel_list_item(list, i, call->arena), call->arena))
			return cel_bool(true);
	return cel_bool(false);
}

static struct cel_value in_map(struct cel_call *call, const struct cel_value *args)
{
	return cel_bool(args[1].map->get(args[1].map, args[0], call->arena, NULL));
}

#define ORDERED(name, call)                                                                       \
	{ name, "(bool,bool)bool", call, PRICE_ONE }, { name, "(int,int)bool", call, PRICE_ONE }, \
	    { name, "(int,double)bool", call, PRICE_ONE },                                        \
	    { name, "(int,uint)bool", call, PRICE_ONE },                                          \
	    { name, "(uint,uint)bool", call, PRICE_ONE },                                         \
	    { name, "(uint,double)bool", call, PRICE_ONE },                                       \
	    { name, "(uint,int)bool", call, PRICE_ONE },                                          \
	    { name, "(double,double)bool", call, PRICE_ONE },                                     \
	    { name, "(double,int)bool", call, PRICE_ONE },                                        \
	    { name, "(double,uint)bool", call, PRICE_ONE },                                       \
	    { name, "(string,string)bool", call, PRICE_COMPARE },                                 \
	    { name, "(bytes,bytes)bool", call, PRICE_COMPARE },                                   \
	    { name, "(timestamp,timestamp)bool", call, PRICE_ONE },                               \
	{                                                                                         \
		name, "(duration,duration)bool", call, PRICE_ONE                                  \
	}

static const struct cel_function rows[] = {
	{ "_==_", "(A,A)bool", equals, PRICE_EQUALS },
	{ "_!=_", "(A,A)bool", differs, PRICE_EQUALS },
	ORDERED("_<_", less),
	ORDERED("_<=_", less_equal),
	ORDERED("_>_", greater),
	ORDERED("_>=_", greater_equal),
	{ "@in", "(A,list(A))bool", in_list, PRICE_IN_LIST },
	{ "@in", "(A,map(A,B))bool", in_map, PRICE_ONE },
};
CEL_FUNCTION_TABLE(cel_functions_compare, rows);
