#include <string.h>

#include "datastore/object/record.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"

/* What is copied: the records only, or the bytes of their strings too. */
struct clone {
	struct arena *arena;
	bool with_bytes;
};

static void clone_fields(const struct clone *clone, const struct type *type, void *record);

static struct str clone_str(const struct clone *clone, struct str s)
{
	return clone->with_bytes ? arena_str(clone->arena, s) : s;
}

/* A value that was copied bit by bit: what it points to is made its own. */
static void clone_value(const struct clone *clone, const struct field *field, void *at)
{
	if (field->kind == KIND_MESSAGE) {
		clone_fields(clone, field_type(field), at);
	} else if (field->kind >= KIND_STRING) {
		struct str *s = at;
		*s = clone_str(clone, *s);
	} else if (field->kind == KIND_INT_OR_STRING) {
		struct int_or_string *value = at;
		value->string = clone_str(clone, value->string);
	}
}

static void clone_many(const struct clone *clone, const struct field *field, struct block_list *list)
{
	uint32_t stride = field_stride(field);
	uint64_t bytes = (uint64_t)list->len * stride;
	char *at = arena_alloc(clone->arena, bytes > 0 ? bytes : 1);

	memcpy(at, list->at, bytes);
	list->at = at;
	for (uint32_t i = 0; i < list->len; i++, at += stride) {
		if (field->shape == SHAPE_LIST) {
			clone_value(clone, field, at);
			continue;
		}
		*(struct str *)at = clone_str(clone, *(struct str *)at);
		clone_value(clone, field, at + FIELD_ENTRY_VALUE);
	}
}

static void *clone_message(const struct clone *clone, const struct type *type, const void *record)
{
	void *copy = arena_copy(clone->arena, record, type->size);

	clone_fields(clone, type, copy);
	return copy;
}

/* The same for what a field of a record that was copied bit by bit points to. */
static void clone_field(const struct clone *clone, const struct field *field, void *record)
{
	void *at = field_at(field, record);
	void **message = at;

	if (!field_is_set(field, record))
		return;
	if (field->shape != SHAPE_ONE)
		clone_many(clone, field, at);
	else if (field->kind == KIND_MESSAGE)
		*message = clone_message(clone, field_type(field), *message);
	else
		clone_value(clone, field, at);
}

static void clone_fields(const struct clone *clone, const struct type *type, void *record)
{
	const struct field *fields = type_fields(type);

	for (uint32_t i = 0; i < type->field_count; i++)
		clone_field(clone, &fields[i], record);
}

void *record_clone(const struct type *type, const void *record, struct arena *arena)
{
	struct clone clone = { arena, true };

	return record == NULL ? NULL : clone_message(&clone, type, record);
}

void *record_clone_shallow(const struct type *type, const void *record, struct arena *arena)
{
	struct clone clone = { arena, false };

	return record == NULL ? NULL : clone_message(&clone, type, record);
}

void record_clone_field(const struct field *field, const void *from, void *to, struct arena *arena)
{
	struct clone clone = { arena, true };

	field_clear(field, to);
	if (!field_is_set(field, from))
		return;
	memcpy(field_at(field, to), field_at(field, from), field_size(field));
	field_set_bit(field, to);
	clone_field(&clone, field, to);
}
