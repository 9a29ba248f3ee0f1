#include <assert.h>
#include <string.h>

#include "datastore/object/record-pack.h"
#include "datastore/object/record.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/collection/common.h"

#define BLOCK_ALIGN 8U

/* What is copied, and where to: the records only, or the bytes of their strings too, into an arena; or all of it into one piece. */
struct clone {
	struct arena *arena;
	bool with_bytes;
	struct record_pack *pack; /* instead of the arena */
};

static void clone_fields(const struct clone *clone, const struct type *type, void *record);

static uint64_t aligned(uint64_t bytes)
{
	return (bytes + BLOCK_ALIGN - 1) & ~(uint64_t)(BLOCK_ALIGN - 1);
}

static void *take(const struct clone *clone, uint64_t bytes)
{
	struct record_pack *pack = clone->pack;
	char *at;

	if (pack == NULL)
		return arena_alloc(clone->arena, bytes > 0 ? bytes : 1);
	at = pack->block;
	pack->block += aligned(bytes);
	return at;
}

static struct str pack_str(struct record_pack *pack, struct str s)
{
	char *at = pack->text;

	if (s.len > 0)
		memcpy(at, s.at, s.len);
	at[s.len] = '\0';
	pack->text += s.len + 1U;
	return str_of(at, s.len);
}

static struct str clone_str(const struct clone *clone, struct str s)
{
	if (clone->pack != NULL && s.at != NULL)
		return pack_str(clone->pack, s);
	return clone->with_bytes ? arena_str(clone->arena, s) : s;
}

static struct str clone_owned(const struct clone *clone, struct str s)
{
	struct record_pack *pack = clone->pack;

	if (pack == NULL || !commons_wants(pack->commons, s))
		return clone_str(clone, s);
	struct common *common = commons_take(pack->commons, s);
	*pack->taken++ = common;
	return common_bytes(common);
}

/* A value that was copied bit by bit: what it points to is made its own. */
static void clone_value(const struct clone *clone, const struct field *field, void *at)
{
	if (field->kind == KIND_MESSAGE) {
		clone_fields(clone, field_type(field), at);
	} else if (field->kind >= KIND_STRING) {
		struct str *s = at;
		*s = field->kind == KIND_FIELDS_V1 ? clone_owned(clone, *s) : clone_str(clone, *s);
	} else if (field->kind == KIND_INT_OR_STRING) {
		struct int_or_string *value = at;
		value->string = clone_str(clone, value->string);
	}
}

static void clone_many(const struct clone *clone, const struct field *field, struct block_list *list)
{
	uint32_t stride = field_stride(field);
	uint64_t bytes = (uint64_t)list->len * stride;
	char *at = take(clone, bytes);

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
	void *copy = take(clone, type->size);

	memcpy(copy, record, type->size);
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
	struct clone clone = { .arena = arena, .with_bytes = true };

	return record == NULL ? NULL : clone_message(&clone, type, record);
}

void *record_clone_shallow(const struct type *type, const void *record, struct arena *arena)
{
	struct clone clone = { .arena = arena };

	return record == NULL ? NULL : clone_message(&clone, type, record);
}

void record_clone_field(const struct field *field, const void *from, void *to, struct arena *arena)
{
	struct clone clone = { .arena = arena, .with_bytes = true };

	field_clear(field, to);
	if (!field_is_set(field, from))
		return;
	memcpy(field_at(field, to), field_at(field, from), field_size(field));
	field_set_bit(field, to);
	clone_field(&clone, field, to);
}

/* ---- in one piece ------------------------------------------------------------------------------------------ */

static void measure_fields(struct record_pack *size, const struct type *type, const void *record);

static void measure_str(struct record_pack *size, struct str s)
{
	size->text_bytes += s.at != NULL ? s.len + 1U : 0;
}

static void measure_value(struct record_pack *size, const struct field *field, const void *at)
{
	if (field->kind == KIND_MESSAGE)
		measure_fields(size, field_type(field), at);
	else if (field->kind == KIND_FIELDS_V1 &&
		 commons_wants(size->commons, *(const struct str *)at))
		size->taken_count++;
	else if (field->kind >= KIND_STRING)
		measure_str(size, *(const struct str *)at);
	else if (field->kind == KIND_INT_OR_STRING)
		measure_str(size, ((const struct int_or_string *)at)->string);
}

static void measure_many(struct record_pack *size, const struct field *field,
			 const struct block_list *list)
{
	uint32_t stride = field_stride(field);
	const char *at = list->at;

	size->block_bytes += aligned((uint64_t)list->len * stride);
	for (uint32_t i = 0; i < list->len; i++, at += stride) {
		if (field->shape == SHAPE_MAP)
			measure_str(size, *(const struct str *)(const void *)at);
		measure_value(size, field, field->shape == SHAPE_MAP ? at + FIELD_ENTRY_VALUE : at);
	}
}

static void measure_message(struct record_pack *size, const struct type *type, const void *record)
{
	size->block_bytes += aligned(type->size);
	measure_fields(size, type, record);
}

static void measure_fields(struct record_pack *size, const struct type *type, const void *record)
{
	const struct field *fields = type_fields(type);

	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &fields[i];
		const void *at = field_at(field, record);

		if (!field_is_set(field, record))
			continue;
		if (field->shape != SHAPE_ONE)
			measure_many(size, field, at);
		else if (field->kind == KIND_MESSAGE)
			measure_message(size, field_type(field), *(void *const *)at);
		else
			measure_value(size, field, at);
	}
}

void record_pack_measure(struct record_pack *pack, const struct type *type, const void *record)
{
	pack->block_bytes = pack->text_bytes = pack->taken_count = 0;
	measure_message(pack, type, record);
}

void *record_pack_copy(struct record_pack *pack, const struct type *type, const void *record,
		       void *at, struct common **taken)
{
	struct clone clone = { .pack = pack };
	void *copy;

	pack->block = at;
	pack->text = pack->block + pack->block_bytes;
	pack->taken = taken;
	copy = clone_message(&clone, type, record);
	assert(pack->block == (char *)at + pack->block_bytes);
	assert(pack->text == pack->block + pack->text_bytes);
	assert(pack->taken == taken + pack->taken_count);
	return copy;
}
