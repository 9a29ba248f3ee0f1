#include "datastore/cel/check/assign.h"

#include <assert.h>

#define DEPTH_MAX 512U /* types nest no deeper than expressions and schemas, twice */

/* Its number stands where other types have their size. */
const struct cel_type *assign_fresh(struct assign *known)
{
	struct cel_type *type = arena_new_of(known->arena, struct cel_type);
	uint32_t id = known->fresh++;

	if (id == known->fresh_cap) {
		uint32_t cap = known->fresh_cap == 0 ? 16 : known->fresh_cap * 2;

		known->latest =
		    arena_grow(known->arena, known->latest, known->fresh_cap * sizeof(uint32_t),
			       cap * sizeof(uint32_t));
		known->fresh_cap = cap;
	}
	known->latest[id] = 0;
	*type = (struct cel_type){ .kind = CEL_PARAM,
				   .name = arena_printf(known->arena, "_var%u", id),
				   .max_size = id };
	return type;
}

static const struct cel_type *find(const struct assign *known, const struct cel_type *param)
{
	uint32_t place = known->latest[param->max_size];

	return place > 0 ? known->at[place - 1].type : NULL;
}

static void learn(struct assign *known, const struct cel_type *param, const struct cel_type *type)
{
	uint32_t id = (uint32_t)param->max_size;

	if (known->len == known->cap) {
		uint32_t cap = known->cap == 0 ? 16 : known->cap * 2;

		known->at = arena_grow(known->arena, known->at, known->cap * sizeof *known->at,
				       cap * sizeof *known->at);
		known->cap = cap;
	}
	known->at[known->len++] = (struct assign_entry){ id, known->latest[id], type };
	known->latest[id] = known->len;
}

static void forget(struct assign *known, uint32_t mark)
{
	while (known->len > mark) {
		const struct assign_entry *entry = &known->at[--known->len];

		known->latest[entry->id] = entry->before;
	}
}

/* Whether the open type is nowhere within the other. */
static bool is_apart(const struct assign *known, const struct cel_type *param,
		     const struct cel_type *within, uint32_t depth)
{
	const struct cel_type *meant;

	if (within == NULL)
		return true;
	if (depth > DEPTH_MAX || cel_type_equal(param, within))
		return false;
	if (within->kind == CEL_PARAM) {
		meant = find(known, within);
		return meant == NULL || is_apart(known, param, meant, depth + 1);
	}
	return is_apart(known, param, within->param, depth + 1) &&
	       is_apart(known, param, within->value, depth + 1);
}

static bool is_open(const struct cel_type *type)
{
	return type->kind == CEL_DYN || type->kind == CEL_PARAM;
}

static bool is_less_specific(const struct cel_type *a, const struct cel_type *b)
{
	if (is_open(a))
		return true;
	if (is_open(b) || a->kind != b->kind)
		return false;
	if (a->kind == CEL_TYPE)
		return true;
	if (a->param != NULL && b->param != NULL && !is_less_specific(a->param, b->param))
		return false;
	if (a->value != NULL && b->value != NULL && !is_less_specific(a->value, b->value))
		return false;
	return str_eq(a->name, b->name);
}

const struct cel_type *assign_general(const struct cel_type *a, const struct cel_type *b)
{
	return is_less_specific(a, b) ? a : b;
}

static bool fits(struct assign *known, const struct cel_type *a, const struct cel_type *b,
		 uint32_t depth);

/* Whether `type` may be what `param` means; `has_meaning`: it meant something already. */
static bool substitutes(struct assign *known, const struct cel_type *type,
			const struct cel_type *param, bool *has_meaning, uint32_t depth)
{
	const struct cel_type *meant = find(known, param), *general;

	*has_meaning = meant != NULL;
	if (cel_type_equal(type, param))
		return true;
	if (meant != NULL) {
		if (cel_type_equal(type, meant))
			return true;
		if (!fits(known, type, meant, depth + 1))
			return false;
		general = assign_general(type, meant);
		if (is_apart(known, param, general, 0))
			learn(known, param, general);
		return true;
	}
	if (!is_apart(known, param, type, 0))
		return false;
	learn(known, param, type);
	return true;
}

static bool takes_null(const struct cel_type *type)
{
	return type->kind == CEL_NULL || type->kind == CEL_TIMESTAMP ||
	       type->kind == CEL_DURATION || type->kind == CEL_OBJECT || type->kind >= CEL_OPTIONAL;
}

static bool fits(struct assign *known, const struct cel_type *a, const struct cel_type *b,
		 uint32_t depth)
{
	bool has_meaning;

	if (depth > DEPTH_MAX)
		return false;
	if (b->kind == CEL_PARAM) {
		if (substitutes(known, a, b, &has_meaning, depth))
			return true;
		if (has_meaning)
			return false;
	}
	if (a->kind == CEL_PARAM)
		return substitutes(known, b, a, &has_meaning, depth);
	if (a->kind == CEL_DYN || b->kind == CEL_DYN || a->kind == CEL_ERROR || b->kind == CEL_ERROR)
		return true;
	if (a->kind == CEL_NULL)
		return takes_null(b);
	if (b->kind == CEL_NULL)
		return takes_null(a);
	if (a->kind != b->kind || !str_eq(a->name, b->name))
		return false;
	if (a->kind == CEL_TYPE || a->param == NULL)
		return true;
	return fits(known, a->param, b->param, depth + 1) &&
	       (a->value == NULL || fits(known, a->value, b->value, depth + 1));
}

bool assign_all(struct assign *known, const struct cel_type *const *from,
		const struct cel_type *const *to, uint32_t count)
{
	uint32_t mark = known->len;

	for (uint32_t i = 0; i < count; i++)
		if (!fits(known, from[i], to[i], 0)) {
			forget(known, mark);
			return false;
		}
	return true;
}

static const struct cel_type *resolve(const struct assign *known, const struct cel_type *type,
				      bool is_last, uint32_t depth)
{
	const struct cel_type *param, *value;
	struct cel_type *out;

	assert(depth <= 2 * DEPTH_MAX);
	if (type->kind == CEL_PARAM) {
		param = find(known, type);
		if (param != NULL)
			return resolve(known, param, is_last, depth + 1);
		return is_last ? cel_type_of(CEL_DYN) : type;
	}
	if (type->param == NULL)
		return type;
	param = resolve(known, type->param, is_last, depth + 1);
	value = type->value != NULL ? resolve(known, type->value, is_last, depth + 1) : NULL;
	if (param == type->param && value == type->value)
		return type;
	out = arena_copy(known->arena, type, sizeof *type);
	out->param = param;
	out->value = value;
	cel_type_weigh(out);
	return out;
}

const struct cel_type *assign_resolve(const struct assign *known, const struct cel_type *type,
				      bool is_last)
{
	return resolve(known, type, is_last, 0);
}
