#include "datastore/cel/library/function.h"

/*
 * Lists as sets: whether one is in the other, whether they are the same, whether they meet.
 */

static bool has(struct cel_call *call, const struct cel_list *list, struct cel_value wanted)
{
	for (uint32_t i = 0; i < list->len; i++)
		if (cel_value_equal(cel_list_item(list, i, call->arena), wanted, call->arena))
			return true;
	return false;
}

static bool has_all(struct cel_call *call, const struct cel_list *list,
		    const struct cel_list *wanted)
{
	for (uint32_t i = 0; i < wanted->len; i++)
		if (!has(call, list, cel_list_item(wanted, i, call->arena)))
			return false;
	return true;
}

static struct cel_value sets_contains(struct cel_call *call, const struct cel_value *args)
{
	return cel_bool(has_all(call, args[0].list, args[1].list));
}

static struct cel_value sets_equivalent(struct cel_call *call, const struct cel_value *args)
{
	return cel_bool(has_all(call, args[0].list, args[1].list) &&
			has_all(call, args[1].list, args[0].list));
}

static struct cel_value sets_intersects(struct cel_call *call, const struct cel_value *args)
{
	for (uint32_t i = 0; i < args[0].list->len; i++)
		if (has(call, args[1].list, cel_list_item(args[0].list, i, call->arena)))
			return cel_bool(true);
	return cel_bool(false);
}

/* What transformMap and transformMapEntry are made of. */
static struct cel_value insert_one(struct cel_call *call, const struct cel_map *map,
				   struct cel_value key, struct cel_value value)
{
	struct cel_value refused;

	if (!cel_map_is_key(key))
		return cel_value_error(call->arena, "unsupported key type");
	if (map->get(map, key, call->arena, NULL)) {
		if (key.kind == CEL_STRING)
			return cel_value_error(call->arena,
					       "insert failed: key " STR_FMT " already exists",
					       STR_ARG(key.text));
		return cel_value_error(call->arena, "insert failed: key %lld already exists",
				       (long long)key.integer);
	}
	if (!cel_call_room(call, 4 * sizeof refused, &refused))
		return refused;
	return cel_map_insert(map, key, value, call->arena);
}

static struct cel_value map_insert(struct cel_call *call, const struct cel_value *args)
{
	return insert_one(call, args[0].map, args[1], args[2]);
}

static struct cel_value map_insert_all(struct cel_call *call, const struct cel_value *args)
{
	struct cel_value out = args[0];

	for (uint32_t i = 0; i < args[1].map->len && out.kind == CEL_MAP; i++) {
		struct cel_value key, value;

		args[1].map->entry(args[1].map, i, call->arena, &key, &value);
		out = insert_one(call, out.map, key, value);
	}
	return out;
}

static const struct cel_function rows[] = {
	{ "sets.contains", "(list(A),list(A))bool", sets_contains, PRICE_SETS },
	{ "sets.equivalent", "(list(A),list(A))bool", sets_equivalent, PRICE_SETS_TWICE },
	{ "sets.intersects", "(list(A),list(A))bool", sets_intersects, PRICE_SETS },
	{ "cel.@mapInsert", "(map(K,V),K,V)map(K,V)", map_insert, PRICE_ONE },
	{ "cel.@mapInsert", "(map(K,V),map(K,V))map(K,V)", map_insert_all, PRICE_ONE },
};
CEL_FUNCTION_TABLE(cel_functions_set, rows);
