#include "datastore/object/patch/patch.h"

#include <assert.h>

#include "datastore/object/patch/patch-private.h"
#include "datastore/object/record.h"
#include "runtime/base/collection/sorted.h"
#include "runtime/base/limits.h"

enum status patch_apply(enum patch_form form, const struct type *type, void *record, struct str raw,
			struct arena *arena, struct json_strict *strict, struct fault *why)
{
	struct patch_room rooms[PATCH_ROOMS] = { 0 };
	struct patch patch = { .is_strategic = form == PATCH_STRATEGIC,
			       .arena = arena,
			       .strict = strict,
			       .why = why,
			       .rooms = rooms };

	return form == PATCH_JSON ? patch_json(&patch, type, record, raw)
				  : patch_merge(&patch, type, record, raw);
}

/* The list in memory with room for one more. */
static char *with_room(const struct patch *patch, const struct field *field,
		       const struct block_list *list)
{
	struct patch_room *room =
	    &patch->rooms[(uintptr_t)field / sizeof(struct field) % PATCH_ROOMS];
	size_t stride = field_stride(field);
	uint32_t cap = list->len + list->len / 2 + 1;
	char *at;

	if (room->at == list->at && room->len == list->len && room->len < room->cap) {
		room->len++;
		return list->at;
	}
	at = arena_alloc(patch->arena, cap * stride);
	if (list->len > 0)
		memcpy(at, list->at, list->len * stride);
	*room = (struct patch_room){ at, list->len + 1, cap };
	return at;
}

void *patch_insert(const struct patch *patch, const struct field *field, void *record,
		   uint32_t index)
{
	struct block_list *list = patch_blocks(field, record);
	size_t stride = field_stride(field);
	char *at = with_room(patch, field, list);

	assert(index <= list->len);
	memmove(at + (index + 1) * stride, at + index * stride, (list->len - index) * stride);
	memset(at + index * stride, 0, stride);
	list->at = at;
	list->len++;
	return at + index * stride;
}

void patch_remove(const struct field *field, void *record, uint32_t index)
{
	struct block_list *list = patch_blocks(field, record);
	size_t stride = field_stride(field);
	char *at = list->at;

	assert(index < list->len);
	memmove(at + index * stride, at + (index + 1) * stride, (list->len - index - 1) * stride);
	list->len--;
}

uint32_t patch_find_key(const struct field *field, void *record, struct str key, bool *found)
{
	const struct block_list *list = patch_blocks(field, record);

	return sorted_place(list->at, list->len, field_stride(field), key, found);
}

/* Values are decoded as a field of one: a copy of the field's description, laid over the block. */
enum status patch_decode_element(const struct patch *patch, const struct field *field, void *block,
				 struct str raw)
{
	struct field one = *field;
	void *message = NULL;

	one.shape = SHAPE_ONE;
	one.offset = 0;
	one.bit = FIELD_NO_BIT;
	if (field->shape == SHAPE_MAP)
		block = (char *)block + FIELD_ENTRY_VALUE;
	if (field->kind != KIND_MESSAGE)
		return json_decode_field(&one, raw, patch->arena, block, patch->why);
	TRY(json_decode_field(&one, raw, patch->arena, &message, patch->why));
	if (message != NULL)
		memcpy(block, message, field_type(field)->size);
	return OK;
}
