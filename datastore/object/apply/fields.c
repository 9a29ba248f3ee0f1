#include "datastore/object/apply/fields.h"

#include <assert.h>
#include <stdlib.h>

#include "datastore/object/apply/fields-private.h"

/*
 * Sets are joined as sorted lists are: both are gone through side by side. What only one of two has is shared, not copied.
 */

#define FIRST_NODES 8U

/* ---- made ---------------------------------------------------------------------------------------------------- */

static void push(struct fields_builder *builder, struct fields_node node)
{
	if (builder->len == builder->cap) {
		uint32_t cap = builder->cap == 0 ? FIRST_NODES : 2 * builder->cap;

		builder->at =
		    arena_grow(builder->arena, builder->at, sizeof *builder->at * builder->cap,
			       sizeof *builder->at * cap);
		builder->cap = cap;
	}
	builder->at[builder->len++] = node;
}

void fields_add(struct fields_builder *builder, struct fields_step step, bool is_owned,
		struct fields below)
{
	if (!is_owned && below.len == 0)
		return;
	if (builder->len > 0 && fields_step_cmp(builder->at[builder->len - 1].step, step) >= 0)
		builder->is_unsorted = true;
	push(builder, (struct fields_node){ step, is_owned, below });
}

static int compare_nodes(const void *a, const void *b)
{
	return fields_step_cmp(((const struct fields_node *)a)->step,
			       ((const struct fields_node *)b)->step);
}

/* Equal steps next to each other become one. */
static void unite_equal(struct fields_builder *builder)
{
	uint32_t kept = 0;

	for (uint32_t i = 1; i < builder->len; i++) {
		struct fields_node *last = &builder->at[kept], *node = &builder->at[i];

		if (compare_nodes(last, node) != 0) {
			builder->at[++kept] = *node;
			continue;
		}
		last->is_owned |= node->is_owned;
		last->below = fields_union(builder->arena, last->below, node->below);
	}
	builder->len = kept + 1;
}

struct fields fields_built(struct fields_builder *builder)
{
	if (builder->is_unsorted) {
		qsort(builder->at, builder->len, sizeof *builder->at, compare_nodes);
		unite_equal(builder);
	}
	return (struct fields){ builder->at, builder->len };
}

struct fields fields_of_path(struct str path, struct arena *arena)
{
	struct fields_builder builder = { .arena = arena };
	struct str name = str_cut(&path, '.');
	struct fields below = { 0 };

	if (path.at != NULL)
		below = fields_of_path(path, arena);
	fields_add(&builder, (struct fields_step){ FIELDS_NAME, name }, path.at == NULL, below);
	return fields_built(&builder);
}

/* ---- asked ------------------------------------------------------------------------------------------------------ */

bool fields_equal(struct fields a, struct fields b)
{
	if (a.len != b.len)
		return false;
	if (a.at == b.at)
		return true;
	for (uint32_t i = 0; i < a.len; i++)
		if (a.at[i].is_owned != b.at[i].is_owned ||
		    fields_step_cmp(a.at[i].step, b.at[i].step) != 0 ||
		    !fields_equal(a.at[i].below, b.at[i].below))
			return false;
	return true;
}

const struct fields_node *fields_find(struct fields set, struct fields_step step)
{
	uint32_t low = 0, high = set.len;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = fields_step_cmp(set.at[middle].step, step);

		if (order == 0)
			return &set.at[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool fields_has_all(struct fields set, struct fields part)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < part.len; i++) {
		const struct fields_node *wanted = &part.at[i], *node;
		int order = -1;

		for (; at < set.len; at++)
			if ((order = fields_step_cmp(set.at[at].step, wanted->step)) >= 0)
				break;
		if (order != 0 || at == set.len)
			return false;
		node = &set.at[at];
		if ((wanted->is_owned && !node->is_owned) ||
		    !fields_has_all(node->below, wanted->below))
			return false;
	}
	return true;
}

/* ---- joined ------------------------------------------------------------------------------------------------------- */

/* Two sets side by side: which of them has the next step. */
struct zip {
	struct fields a, b;
	uint32_t i, j;
	const struct fields_node *in_a, *in_b; /* NULL: not in that one */
};

static bool zip_next(struct zip *zip)
{
	bool has_a = zip->i < zip->a.len, has_b = zip->j < zip->b.len;
	int order = !has_a   ? 1
		    : !has_b ? -1
			     : fields_step_cmp(zip->a.at[zip->i].step, zip->b.at[zip->j].step);

	zip->in_a = zip->in_b = NULL;
	if (!has_a && !has_b)
		return false;
	if (order <= 0)
		zip->in_a = &zip->a.at[zip->i++];
	if (order >= 0)
		zip->in_b = &zip->b.at[zip->j++];
	return true;
}

bool fields_meet(struct fields a, struct fields b)
{
	for (struct zip zip = { .a = a, .b = b }; zip_next(&zip);)
		if (zip.in_a != NULL && zip.in_b != NULL &&
		    ((zip.in_a->is_owned && zip.in_b->is_owned) ||
		     fields_meet(zip.in_a->below, zip.in_b->below)))
			return true;
	return false;
}

struct fields fields_union(struct arena *arena, struct fields a, struct fields b)
{
	struct fields_builder out = { .arena = arena };

	if (a.len == 0 || b.len == 0)
		return a.len == 0 ? b : a;
	for (struct zip zip = { .a = a, .b = b }; zip_next(&zip);) {
		if (zip.in_a == NULL || zip.in_b == NULL)
			push(&out, zip.in_a != NULL ? *zip.in_a : *zip.in_b);
		else
			fields_add(&out, zip.in_a->step, zip.in_a->is_owned || zip.in_b->is_owned,
				   fields_union(arena, zip.in_a->below, zip.in_b->below));
	}
	return fields_built(&out);
}

struct fields fields_intersection(struct arena *arena, struct fields a, struct fields b)
{
	struct fields_builder out = { .arena = arena };

	if (a.len == 0 || b.len == 0)
		return (struct fields){ 0 };
	for (struct zip zip = { .a = a, .b = b }; zip_next(&zip);)
		if (zip.in_a != NULL && zip.in_b != NULL)
			fields_add(&out, zip.in_a->step, zip.in_a->is_owned && zip.in_b->is_owned,
				   fields_intersection(arena, zip.in_a->below, zip.in_b->below));
	return fields_built(&out);
}

static struct fields difference(struct arena *arena, struct fields a, struct fields b, bool is_deep)
{
	struct fields_builder out = { .arena = arena };

	if (a.len == 0 || b.len == 0)
		return a;
	for (struct zip zip = { .a = a, .b = b }; zip_next(&zip);) {
		if (zip.in_a == NULL)
			continue;
		if (zip.in_b == NULL)
			push(&out, *zip.in_a);
		else if (!is_deep || !zip.in_b->is_owned)
			fields_add(&out, zip.in_a->step, zip.in_a->is_owned && !zip.in_b->is_owned,
				   difference(arena, zip.in_a->below, zip.in_b->below, is_deep));
	}
	return fields_built(&out);
}

struct fields fields_difference(struct arena *arena, struct fields a, struct fields b)
{
	return difference(arena, a, b, false);
}

struct fields fields_difference_deep(struct arena *arena, struct fields a, struct fields b)
{
	return difference(arena, a, b, true);
}
