#include "datastore/object/quantity.h"

#include <math.h>

#include "datastore/cel/library/function.h"

/*
 * Quantities, exact as in records.
 */

static struct cel_value value_of(struct cel_call *call, struct quantity quantity)
{
	return (struct cel_value){ .kind = CEL_QUANTITY,
				   .opaque = arena_copy(call->arena, &quantity, sizeof quantity) };
}

static struct quantity amount(struct cel_value value)
{
	return *(const struct quantity *)value.opaque;
}

static struct cel_value from_string(struct cel_call *call, const struct cel_value *args)
{
	struct quantity quantity;
	struct fault why = { 0 };

	if (quantity_parse(args[0].text, &quantity, &why) != OK)
		return cel_value_error(call->arena, "%s", why.text);
	return value_of(call, quantity);
}

static struct cel_value is_quantity(struct cel_call *call, const struct cel_value *args)
{
	struct quantity quantity;

	(void)call;
	return cel_bool(quantity_parse(args[0].text, &quantity, NULL) == OK);
}

static struct cel_value sign(struct cel_call *call, const struct cel_value *args)
{
	__int128 nano = amount(args[0]).nano;

	(void)call;
	return cel_int((nano > 0) - (nano < 0));
}

static bool whole(struct quantity quantity, int64_t *out)
{
	__int128 units = quantity.nano / 1000000000;

	*out = (int64_t)units;
	return quantity.nano % 1000000000 == 0 && units >= INT64_MIN && units <= INT64_MAX;
}

static struct cel_value is_integer(struct cel_call *call, const struct cel_value *args)
{
	int64_t units;

	(void)call;
	return cel_bool(whole(amount(args[0]), &units));
}

static struct cel_value as_integer(struct cel_call *call, const struct cel_value *args)
{
	int64_t units;

	if (!whole(amount(args[0]), &units))
		return cel_value_error(call->arena, "cannot convert value to integer");
	return cel_int(units);
}

static struct cel_value as_float(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_double((double)amount(args[0]).nano / 1e9);
}

static struct cel_value compare(struct cel_call *call, const struct cel_value *args)
{
	int order = quantity_cmp(amount(args[0]), amount(args[1]));

	(void)call;
	return cel_int((order > 0) - (order < 0));
}

static struct cel_value is_greater(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_bool(quantity_cmp(amount(args[0]), amount(args[1])) > 0);
}

static struct cel_value is_less(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_bool(quantity_cmp(amount(args[0]), amount(args[1])) < 0);
}

static struct cel_value add(struct cel_call *call, const struct cel_value *args)
{
	return value_of(call, quantity_add(amount(args[0]), amount(args[1])));
}

static struct cel_value sub(struct cel_call *call, const struct cel_value *args)
{
	return value_of(call, quantity_sub(amount(args[0]), amount(args[1])));
}

static struct cel_value add_int(struct cel_call *call, const struct cel_value *args)
{
	return value_of(
	    call, quantity_add(amount(args[0]), quantity_from(args[1].integer, QUANTITY_EXPONENT)));
}

static struct cel_value sub_int(struct cel_call *call, const struct cel_value *args)
{
	return value_of(
	    call, quantity_sub(amount(args[0]), quantity_from(args[1].integer, QUANTITY_EXPONENT)));
}

static const struct cel_function rows[] = {
	{ "quantity", "(string)Quantity", from_string, PRICE_SCAN },
	{ "isQuantity", "(string)bool", is_quantity, PRICE_SCAN },
	{ "sign", "(Quantity)int", sign, PRICE_ONE },
	{ "isInteger", ".(Quantity)bool", is_integer, PRICE_ONE },
	{ "asInteger", ".(Quantity)int", as_integer, PRICE_ONE },
	{ "asApproximateFloat", ".(Quantity)double", as_float, PRICE_ONE },
	{ "compareTo", ".(Quantity,Quantity)int", compare, PRICE_ONE },
	{ "isGreaterThan", ".(Quantity,Quantity)bool", is_greater, PRICE_ONE },
	{ "isLessThan", ".(Quantity,Quantity)bool", is_less, PRICE_ONE },
	{ "add", ".(Quantity,Quantity)Quantity", add, PRICE_ONE },
	{ "add", ".(Quantity,int)Quantity", add_int, PRICE_ONE },
	{ "sub", ".(Quantity,Quantity)Quantity", sub, PRICE_ONE },
	{ "sub", ".(Quantity,int)Quantity", sub_int, PRICE_ONE },
};
CEL_FUNCTION_TABLE(cel_functions_quantity, rows);
