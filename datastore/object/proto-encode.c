#include <assert.h>
#include <string.h>

#include "datastore/object/proto.h"
#include "datastore/object/record.h"
#include "datastore/schema/type.h"
#include "runtime/base/text.h"
#include "runtime/base/time/wall.h"
#include "transport/wire/proto.h"

/* Everything is written from its last byte to its first (wire/proto.h): fields by descending tags, lists backwards. */

static void write_message(struct proto_out *out, const struct type *type, const void *record);

/* Timestamp: 1 seconds, 2 nanoseconds, both always; nothing for the zero time. */
static void write_time(struct proto_out *out, enum kind kind, struct wall time)
{
	int64_t nanos, seconds;

	wall_split(time, &seconds, &nanos);
	nanos = kind == KIND_TIME ? 0 : nanos - nanos % TIME_US;
	proto_out_varint_field(out, 2, (uint64_t)nanos);
	proto_out_varint_field(out, 1, (uint64_t)seconds);
}

/* IntOrString: 1 type, 2 number, 3 string, all always. */
static void write_int_or_string(struct proto_out *out, const struct int_or_string *value)
{
	proto_out_bytes_field(out, 3, value->string);
	proto_out_varint_field(out, 2, (uint64_t)(int64_t)value->number);
	proto_out_varint_field(out, 1, value->is_string ? 1 : 0);
}

/* The bytes of a value that is bytes on the wire. */
static void write_content(struct proto_out *out, enum kind kind, const void *at)
{
	const struct str *s = at;

	switch (kind) {
	case KIND_TIME:
	case KIND_MICRO_TIME: write_time(out, kind, *(const struct wall *)at); return;
	case KIND_DURATION:
		proto_out_varint_field(out, 1, (uint64_t) * (const int64_t *)at);
		return;
	case KIND_INT_OR_STRING: write_int_or_string(out, at); return;
	case KIND_QUANTITY: proto_out_bytes_field(out, 1, s->len == 0 ? STR("0") : *s); return;
	case KIND_RAW:
	case KIND_JSON:
	case KIND_FIELDS_V1:
		if (s->at != NULL)
			proto_out_bytes_field(out, 1, *s);
		return;
	default: proto_out_bytes(out, *s); return;
	}
}

static uint64_t number_at(enum kind kind, const void *at)
{
	uint64_t value;

	switch (kind) {
	case KIND_BOOL: return *(const bool *)at ? 1 : 0;
	case KIND_INT32: return (uint64_t)(int64_t) * (const int32_t *)at;
	case KIND_UINT32: return *(const uint32_t *)at;
	default: memcpy(&value, at, sizeof value); return value;
	}
}

/* A field with one value. `is_zero_time`: the zero time, which is an empty message. */
static void write_value(struct proto_out *out, uint32_t tag, enum kind kind, const void *at,
			bool is_zero_time)
{
	uint32_t before = proto_out_len(out);

	if (kind <= KIND_UINT64) {
		proto_out_varint_field(out, tag, number_at(kind, at));
	} else if (kind == KIND_DOUBLE) {
		proto_out_fixed64(out, number_at(kind, at));
		proto_out_tag(out, tag, PROTO_FIXED64);
	} else {
		if (!is_zero_time)
			write_content(out, kind, at);
		proto_out_close(out, tag, before);
	}
}

static void write_element(struct proto_out *out, const struct field *field, uint32_t tag,
			  const void *at)
{
	uint32_t before = proto_out_len(out);

	if (field->kind != KIND_MESSAGE) {
		/* No bit says here whether a time is set. */
		bool is_zero_time = field->kind == KIND_TIME && ((const struct wall *)at)->ns == 0;
		write_value(out, tag, field->kind, at, is_zero_time);
		return;
	}
	write_message(out, field_type(field), at);
	proto_out_close(out, tag, before);
}

static void write_entry(struct proto_out *out, const struct field *field, const char *at)
{
	uint32_t before = proto_out_len(out);
	const void *value = at + FIELD_ENTRY_VALUE;
	bool is_nil = field->kind == KIND_BYTES && ((const struct str *)value)->at == NULL;

	if (!is_nil)
		write_element(out, field, 2, value);
	proto_out_bytes_field(out, 1, *(const struct str *)at);
	proto_out_close(out, field->tag, before);
}

static void write_repeated(struct proto_out *out, const struct field *field, const void *record)
{
	const struct block_list *list = field_at(field, record);
	uint32_t stride = field_stride(field);

	for (uint32_t i = list->len; i > 0; i--) {
		const char *at = (const char *)list->at + (uint64_t)(i - 1) * stride;
		if (field->shape == SHAPE_MAP)
			write_entry(out, field, at);
		else
			write_element(out, field, field->tag, at);
	}
}

static void write_one_message(struct proto_out *out, const struct field *field, const void *record)
{
	const void *message = *(void *const *)field_at(field, record);
	uint32_t before = proto_out_len(out);

	if (message == NULL && !record_is_by_value(field))
		return;
	write_message(out, field_type(field), message);
	proto_out_close(out, field->tag, before);
}

/* Values that Go does not hold by pointer are written even when they are absent here; only nil bytes are not. */
static void write_field(struct proto_out *out, const struct field *field, const void *record)
{
	bool is_set;

	if (field->shape != SHAPE_ONE) {
		write_repeated(out, field, record);
		return;
	}
	if (field->kind == KIND_MESSAGE) {
		write_one_message(out, field, record);
		return;
	}
	is_set = field_is_set(field, record);
	if (!is_set && ((field->flags & FIELD_PTR) || field->kind == KIND_BYTES))
		return;
	bool is_time = field->kind == KIND_TIME || field->kind == KIND_MICRO_TIME;
	write_value(out, field->tag, field->kind, field_at(field, record), is_time && !is_set);
}

static void write_message(struct proto_out *out, const struct type *type, const void *record)
{
	const struct field *fields = type_fields(type);
	const uint16_t *by_tag = type_by_tag(type);

	record = record_or_empty(type, record);
	for (uint32_t i = type->tag_count; i > 0; i--)
		write_field(out, &fields[by_tag[i - 1]], record);
}

void proto_encode(const struct type *type, const void *record, struct text *out)
{
	struct proto_out bytes = proto_out_new(out->max - out->len);

	assert(proto_has(type));
	write_message(&bytes, type, record);
	out->is_cut |= bytes.is_cut;
	text_add(out, proto_out_str(&bytes));
	proto_out_fini(&bytes);
}
