#include "datastore/cel/library/function.h"

/*
 * Optionals: a value or none.
 */

static struct cel_value of(struct cel_call *call, const struct cel_value *args)
{
	return cel_value_some(call->arena, args[0]);
}

static struct cel_value of_non_zero(struct cel_call *call, const struct cel_value *args)
{
	return cel_value_is_zero(args[0]) ? CEL_VALUE_NONE : of(call, args);
}

static struct cel_value none(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	(void)args;
	return CEL_VALUE_NONE;
}

static struct cel_value value(struct cel_call *call, const struct cel_value *args)
{
	if (args[0].inner == NULL)
		return cel_value_error(call->arena, "optional.none() dereference");
	return *args[0].inner;
}

static struct cel_value has_value(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_bool(args[0].inner != NULL);
}

static struct cel_value unwrap(struct cel_call *call, const struct cel_value *args)
{
	const struct cel_list *list = args[0].list;
	struct cel_value refused, *out;
	uint32_t kept = 0;

	if (!cel_call_room(call, (uint64_t)list->len * sizeof *out, &refused))
		return refused;
	out = arena_alloc(call->arena, ((size_t)list->len + 1) * sizeof *out);
	for (uint32_t i = 0; i < list->len; i++) {
		struct cel_value item = cel_list_item(list, i, call->arena);

		if (item.kind != CEL_OPTIONAL)
			return cel_value_error(call->arena, "value is not optional");
		if (item.inner != NULL)
			out[kept++] = *item.inner;
	}
	return cel_list_make(call->arena, out, kept);
}

static const struct cel_function rows[] = {
	{ "optional.of", "(A)optional(A)", of, PRICE_ONE },
	{ "optional.ofNonZeroValue", "(A)optional(A)", of_non_zero, PRICE_ONE },
	{ "optional.none", "()optional(A)", none, PRICE_ONE },
	{ "value", ".(optional(A))A", value, PRICE_ONE },
	{ "hasValue", ".(optional(A))bool", has_value, PRICE_ONE },
	{ "or", ".(optional(A),optional(A))optional(A)", NULL, PRICE_OR_OPTIONAL },
	{ "orValue", ".(optional(A),A)A", NULL, PRICE_OR_VALUE },
	{ "optional.unwrap", "(list(optional(A)))list(A)", unwrap, PRICE_ONE },
	{ "unwrapOpt", ".(list(optional(A)))list(A)", unwrap, PRICE_ONE },
};
CEL_FUNCTION_TABLE(cel_functions_optional, rows);
