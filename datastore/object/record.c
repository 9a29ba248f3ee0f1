#include "datastore/object/record.h"

#include <assert.h>
#include <string.h>

void *record_new(const struct type *type, struct arena *arena)
{
	return arena_zalloc(arena, type->size);
}

void *record_array(const struct field *field, struct arena *arena, uint32_t len)
{
	uint64_t bytes = (uint64_t)field_stride(field) * len;

	return arena_zalloc(arena, bytes > 0 ? bytes : 1);
}

bool record_is_by_value(const struct field *field)
{
	return field->kind == KIND_MESSAGE && field->shape == SHAPE_ONE &&
	       !(field->flags & FIELD_PTR) && field_type(field)->form != FORM_BARE;
}

bool record_is_omitted(const struct field *field, const void *record)
{
	if (field->flags & FIELD_ALWAYS)
		return false;
	if (field->flags & FIELD_PTR)
		return !field_is_set(field, record);
	return field_is_zero(field, record);
}

bool record_is_null_when_absent(const struct field *field)
{
	if (field->shape != SHAPE_ONE || (field->flags & FIELD_PTR) || field->kind == KIND_TIME ||
	    field->kind == KIND_MICRO_TIME)
		return true;
	return field->kind == KIND_MESSAGE && !record_is_by_value(field);
}

const void *record_or_empty(const struct type *type, const void *record)
{
	/* Larger than any generated struct; types made at run time have no values that are written when absent. */
	static const uint64_t zeros[256];

	if (record != NULL)
		return record;
	assert(type->size <= sizeof zeros);
	return zeros;
}

/* Calls for each message below the record: one, or those of a list or map. */
static void fill_below(const struct field *field, void *record, struct arena *arena);

void record_fill(const struct type *type, void *record, struct arena *arena)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];
		void **at = field_at(field, record);
		if (field->kind != KIND_MESSAGE)
			continue;
		if (record_is_by_value(field) && *at == NULL)
			*at = record_new(field_type(field), arena);
		if (*at != NULL)
			fill_below(field, record, arena);
	}
}

static void fill_below(const struct field *field, void *record, struct arena *arena)
{
	struct record_walk walk = record_walk_of(field, record);

	for (void *below; (below = record_walk_next(&walk)) != NULL;)
		record_fill(field_type(field), below, arena);
}

struct record_walk record_walk_of(const struct field *field, const void *record)
{
	assert(field->kind == KIND_MESSAGE);
	if (field->shape == SHAPE_ONE) {
		void *message = *(void **)field_at(field, record);
		return (struct record_walk){ .at = message, .left = message != NULL ? 1 : 0 };
	}
	const struct block_list *list = field_at(field, record);
	uint32_t skip = field->shape == SHAPE_MAP ? FIELD_ENTRY_VALUE : 0;
	return (struct record_walk){ .at = list->len > 0 ? (char *)list->at + skip : NULL,
				     .stride = field_stride(field),
				     .left = list->len };
}

void *record_walk_next(struct record_walk *walk)
{
	void *at = walk->at;

	if (walk->left == 0)
		return NULL;
	walk->left--;
	if (walk->left > 0)
		walk->at += walk->stride;
	return at;
}

/* Whether nothing in the record says anything; values held by pointer say something even when they are empty. */
static bool is_empty(const struct type *type, const void *record)
{
	for (uint32_t i = 0; i < type->field_count; i++)
		if (field_is_set(&type_fields(type)[i], record))
			return false;
	return true;
}

/* What upstream writes although it says little: nil and empty are not the same in these. */
static bool is_kept_empty(const struct type *type, const struct field *field)
{
	return (field->flags & FIELD_PTR) || field->kind == KIND_BYTES || type->form == FORM_BARE ||
	       ((field->flags & FIELD_ALWAYS) && field->shape != SHAPE_ONE);
}

void record_prune(const struct type *type, void *record)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];
		if (!field_is_set(field, record))
			continue;
		if (field->kind == KIND_MESSAGE) {
			struct record_walk walk = record_walk_of(field, record);
			for (void *below; (below = record_walk_next(&walk)) != NULL;)
				record_prune(field_type(field), below);
		}
		bool says_nothing =
		    record_is_by_value(field)
			? is_empty(field_type(field), *(void **)field_at(field, record))
			: field_is_zero(field, record);
		if (says_nothing && !is_kept_empty(type, field))
			field_clear(field, record);
	}
}

static struct str key_at(const char *entries, uint64_t place, uint32_t stride)
{
	return *(const struct str *)(entries + place * stride);
}

/* Two sorted runs that follow each other, [left, middle) and [middle, right), into one. */
static void merge_runs(const char *from, char *to, uint32_t stride, uint64_t left, uint64_t middle,
		       uint64_t right)
{
	uint64_t a = left, b = middle;

	for (uint64_t at = left; at < right; at++) {
		bool takes_a = a < middle && (b == right || str_cmp(key_at(from, a, stride),
								    key_at(from, b, stride)) <= 0);
		memcpy(to + at * stride, from + (takes_a ? a++ : b++) * stride, stride);
	}
}

/* Merging, since the order is chosen by whoever sent the map: never quadratic, and stable. */
void record_sort_map(const struct field *field, struct block_list *map, struct arena *arena)
{
	uint32_t stride = field_stride(field);
	uint64_t len = map->len;
	char *from = map->at, *to = arena_alloc(arena, len * stride);

	for (uint64_t width = 1; width < len; width *= 2) {
		for (uint64_t left = 0; left < len; left += 2 * width) {
			uint64_t middle = left + width < len ? left + width : len;
			uint64_t right = middle + width < len ? middle + width : len;
			merge_runs(from, to, stride, left, middle, right);
		}
		char *swap = from;
		from = to;
		to = swap;
	}
	/* The entries stay where they were: a decoder may know more about that place. */
	if (from != map->at)
		memcpy(map->at, from, len * stride);
}

void record_unique_map(const struct field *field, struct block_list *map)
{
	uint32_t stride = field_stride(field), kept = 0;
	char *at = map->at;

	for (uint32_t i = 0; i < map->len; i++) {
		bool is_last =
		    i + 1 == map->len || !str_eq(key_at(at, i, stride), key_at(at, i + 1, stride));
		if (!is_last)
			continue;
		if (kept != i)
			memcpy(at + (uint64_t)kept * stride, at + (uint64_t)i * stride, stride);
		kept++;
	}
	map->len = kept;
}
