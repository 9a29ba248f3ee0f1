#include <assert.h>
#include <string.h>

#include "datastore/object/proto.h"
#include "datastore/object/quantity.h"
#include "datastore/object/record.h"
#include "datastore/schema/meta.h"
#include "datastore/schema/type.h"
#include "runtime/base/limits.h"
#include "runtime/base/time/wall.h"
#include "transport/wire/json.h"
#include "transport/wire/proto.h"

#define MANAGED_FIELDS_TAG 17U /* of ObjectMeta */

struct decode {
	struct arena *arena;
	struct fault *why;
	uint64_t bytes_left; /* that the record may still take */
	enum status status;
	bool borrow;
	const struct field *skipped; /* NULL: none */
};

static bool read_message(struct decode *d, const struct type *type, void *record, struct str bytes,
			 uint32_t depth);

/* Keeps the first. */
static bool fail(struct decode *d, enum status status, const char *text, const struct type *type,
		 const struct field *field)
{
	if (d->status == OK)
		d->status = fault_set(d->why, status, "", "proto: " STR_FMT ".%.*s: %s",
				      STR_ARG(type_name(type)),
				      field != NULL ? (int)field_name(field).len : 0,
				      field != NULL ? field_name(field).at : "", text);
	return false;
}

static void *take(struct decode *d, uint64_t bytes)
{
	if (bytes > d->bytes_left) {
		d->status = fault_set(d->why, TOO_LARGE, "", "the object takes more than %u bytes",
				      LIMIT_RECORD_BYTES);
		return NULL;
	}
	d->bytes_left -= bytes;
	return arena_zalloc(d->arena, bytes);
}

static struct str keep(struct decode *d, struct str s)
{
	return d->borrow ? s : arena_str(d->arena, s);
}

/* How a value of each kind lies on the wire. */
static enum proto_wire wire_of(enum kind kind)
{
	if (kind == KIND_DOUBLE)
		return PROTO_FIXED64;
	return kind <= KIND_UINT64 ? PROTO_VARINT : PROTO_BYTES;
}

/* The messages around single values. */

/* Timestamp: 1 seconds, 2 nanoseconds. Empty is the zero time. */
static bool read_time(struct str bytes, enum kind kind, struct wall *out, bool *is_zero)
{
	struct proto in = proto_of(bytes);
	uint32_t number;
	enum proto_wire wire;
	int64_t seconds = 0, nanos = 0;

	while (proto_field(&in, &number, &wire)) {
		if (number <= 2 && wire == PROTO_VARINT)
			*(number == 1 ? &seconds : &nanos) = (int64_t)proto_varint(&in);
		else
			proto_skip(&in, number, wire);
	}
	if (kind == KIND_TIME || nanos < 0 || nanos >= TIME_S)
		nanos = 0;
	*is_zero = bytes.len == 0 || (seconds == WALL_ZERO_S && nanos == 0);
	if (*is_zero) {
		out->ns = 0;
		return true;
	}
	/* What is beyond the years 0 to 9999 has no text; it stays at their ends. */
	if (!wall_from(seconds, nanos - nanos % TIME_US, out))
		(void)!wall_from(seconds < 0 ? WALL_FIRST_S : WALL_LAST_S, 0, out);
	return !in.is_bad;
}

/* IntOrString: 1 type, 2 number, 3 string. */
static bool read_int_or_string(struct decode *d, struct str bytes, struct int_or_string *out)
{
	struct proto in = proto_of(bytes);
	uint32_t number;
	enum proto_wire wire;
	struct int_or_string value = { 0 };

	while (proto_field(&in, &number, &wire)) {
		if (number == 1 && wire == PROTO_VARINT)
			value.is_string = proto_varint(&in) == 1;
		else if (number == 2 && wire == PROTO_VARINT)
			value.number = (int32_t)proto_varint(&in);
		else if (number == 3 && wire == PROTO_BYTES)
			value.string = proto_bytes(&in);
		else
			proto_skip(&in, number, wire);
	}
	if (value.is_string)
		value = (struct int_or_string){ true, 0, keep(d, value.string) };
	else
		value.string = STR_NONE;
	*out = value;
	return !in.is_bad;
}

/* A message with one value in field 1: Duration, Quantity, RawExtension, JSON, FieldsV1. */
static bool read_wrapped(struct str bytes, uint64_t *number_out, struct str *bytes_out)
{
	struct proto in = proto_of(bytes);
	uint32_t number;
	enum proto_wire wire;

	while (proto_field(&in, &number, &wire)) {
		if (number == 1 && wire == PROTO_VARINT && number_out != NULL)
			*number_out = proto_varint(&in);
		else if (number == 1 && wire == PROTO_BYTES && bytes_out != NULL)
			*bytes_out = proto_bytes(&in);
		else
			proto_skip(&in, number, wire);
	}
	return !in.is_bad;
}

static bool read_quantity(struct decode *d, struct str bytes, struct str *out)
{
	struct str text = STR_NONE;

	if (!read_wrapped(bytes, NULL, &text))
		return false;
	if (text.len == 0) {
		*out = STR("0");
		return true;
	}
	return quantity_canonical(text, d->arena, out, NULL) == OK;
}

static bool read_raw(struct decode *d, struct str bytes, struct str *out)
{
	struct str raw = STR_NONE;

	/* It is written as it stands when the record becomes JSON, where anything else would spoil the whole text. */
	if (!read_wrapped(bytes, NULL, &raw) || (raw.len > 0 && !json_is_valid(raw)))
		return false;
	*out = keep(d, raw);
	return true;
}

/* A value that comes as bytes. `*is_zero` is set when it is the zero time. */
static bool read_bytes_kind(struct decode *d, enum kind kind, struct str bytes, void *at,
			    bool *is_zero)
{
	switch (kind) {
	case KIND_TIME:
	case KIND_MICRO_TIME: return read_time(bytes, kind, at, is_zero);
	case KIND_DURATION: return read_wrapped(bytes, at, NULL);
	case KIND_INT_OR_STRING: return read_int_or_string(d, bytes, at);
	case KIND_QUANTITY: return read_quantity(d, bytes, at);
	case KIND_RAW:
	case KIND_JSON:
	case KIND_FIELDS_V1: return read_raw(d, bytes, at);
	default: *(struct str *)at = keep(d, bytes); return true;
	}
}

/* A value that is a number on the wire. */
static void put_number(enum kind kind, uint64_t value, void *at)
{
	switch (kind) {
	case KIND_BOOL: *(bool *)at = value != 0; return;
	case KIND_INT32:
	case KIND_UINT32: *(uint32_t *)at = (uint32_t)value; return;
	default: memcpy(at, &value, sizeof value); return;
	}
}

static uint64_t read_number(struct proto *in, enum kind kind)
{
	return kind == KIND_DOUBLE ? proto_fixed64(in) : proto_varint(in);
}

/* One value of a field of this kind, wherever it belongs. */
static bool read_scalar(struct decode *d, const struct field *field, struct proto *in, void *at,
			bool *is_zero)
{
	if (wire_of(field->kind) != PROTO_BYTES) {
		put_number(field->kind, read_number(in, field->kind), at);
		return !in->is_bad;
	}
	struct str bytes = proto_bytes(in);
	return !in->is_bad && read_bytes_kind(d, field->kind, bytes, at, is_zero);
}

/* Lists and maps. */

/* How many more values of the field follow in the message, so that their array is made once. */
static uint32_t count_more(struct proto in, uint32_t tag)
{
	uint32_t number, count = 0;
	enum proto_wire wire;

	while (proto_field(&in, &number, &wire)) {
		count += number == tag ? 1 : 0;
		proto_skip(&in, number, wire);
	}
	return count;
}

/* Stands in front of the elements of each list that is made here, so that elements that come late find room. */
struct head {
	uint64_t cap, unused;
};

/* Room for `more` values behind those of the list, cleared. At least doubled: a message may come in many pieces. */
static bool make_room(struct decode *d, const struct field *field, struct block_list *list,
		      uint32_t more)
{
	uint64_t stride = field_stride(field), cap = (uint64_t)list->len + more;

	if (cap < (uint64_t)list->len * 2)
		cap = (uint64_t)list->len * 2;
	struct head *head = take(d, sizeof *head + cap * stride);
	if (head == NULL)
		return false;
	head->cap = cap;
	if (list->len > 0)
		memcpy(head + 1, list->at, list->len * stride);
	list->at = head + 1;
	return true;
}

static bool is_full(const struct block_list *list)
{
	return list->at == NULL || ((const struct head *)list->at)[-1].cap == list->len;
}

/* A list of numbers may come as one block. */
static bool read_packed(struct decode *d, const struct field *field, void *record, struct str bytes)
{
	struct block_list *list = field_at(field, record);
	uint32_t stride = field_stride(field), count = 0;
	struct proto in = proto_of(bytes);

	for (; in.at < in.end; count++)
		(void)read_number(&in, field->kind);
	if (in.is_bad || !make_room(d, field, list, count))
		return false;
	in = proto_of(bytes);
	for (; in.at < in.end; list->len++)
		put_number(field->kind, read_number(&in, field->kind),
			   (char *)list->at + (uint64_t)list->len * stride);
	return true;
}

static bool read_entry(struct decode *d, const struct field *field, struct str bytes, char *at,
		       uint32_t depth)
{
	struct proto in = proto_of(bytes);
	uint32_t number;
	enum proto_wire wire;
	bool is_zero;

	*(struct str *)at = STR("");
	if (field->kind == KIND_STRING)
		*(struct str *)(at + FIELD_ENTRY_VALUE) = STR("");
	/* A list of its own is empty then, and not absent. */
	if (field->kind == KIND_MESSAGE && field_type(field)->form == FORM_BARE &&
	    !make_room(d, &type_fields(field_type(field))[0],
		       field_at(&type_fields(field_type(field))[0], at + FIELD_ENTRY_VALUE), 0))
		return false;
	while (proto_field(&in, &number, &wire)) {
		if (number == 1 && wire == PROTO_BYTES) {
			*(struct str *)at = keep(d, proto_bytes(&in));
		} else if (number != 2 || wire != wire_of(field->kind)) {
			proto_skip(&in, number, wire);
		} else if (field->kind == KIND_MESSAGE) {
			struct str message = proto_bytes(&in);
			if (!read_message(d, field_type(field), at + FIELD_ENTRY_VALUE, message,
					  depth))
				return false;
		} else if (!read_scalar(d, field, &in, at + FIELD_ENTRY_VALUE, &is_zero)) {
			return false;
		}
	}
	return !in.is_bad;
}

/* A place behind the last value; `after` is what follows this value in its message. */
static char *next_place(struct decode *d, const struct field *field, struct block_list *list,
			struct proto after)
{
	if (is_full(list) && !make_room(d, field, list, 1 + count_more(after, field->tag)))
		return NULL;
	return (char *)list->at + (uint64_t)field_stride(field) * list->len++;
}

static bool key_is_in_order(const struct field *field, const struct block_list *map)
{
	const char *last = (const char *)map->at + (uint64_t)(map->len - 1) * field_stride(field);

	return map->len == 1 || str_cmp(*(const struct str *)(last - field_stride(field)),
					*(const struct str *)last) < 0;
}

static bool read_repeated(struct decode *d, const struct field *field, struct proto *in,
			  enum proto_wire wire, void *record, bool *needs_sort, uint32_t depth)
{
	struct block_list *list = field_at(field, record);
	bool is_zero;

	if (wire == PROTO_BYTES && field->shape == SHAPE_LIST && field->kind <= KIND_DOUBLE) {
		struct str bytes = proto_bytes(in);
		return !in->is_bad && read_packed(d, field, record, bytes);
	}
	struct proto after = *in;
	proto_skip(&after, field->tag, wire);
	char *at = after.is_bad ? NULL : next_place(d, field, list, after);
	if (at == NULL)
		return false;
	if (field->shape == SHAPE_MAP) {
		if (!read_entry(d, field, proto_bytes(in), at, depth))
			return false;
		*needs_sort |= !key_is_in_order(field, list);
		return true;
	}
	if (field->kind == KIND_MESSAGE)
		return read_message(d, field_type(field), at, proto_bytes(in), depth);
	return read_scalar(d, field, in, at, &is_zero);
}

/* One value. Zero of what Go does not hold by pointer is what an absent one is: nothing. */
static bool read_one(struct decode *d, const struct field *field, struct proto *in, void *record,
		     uint32_t depth)
{
	void *at = field_at(field, record);
	bool is_zero = false;

	if (field->kind == KIND_MESSAGE) {
		void **message = at;
		struct str bytes = proto_bytes(in);
		if (*message == NULL)
			*message = take(d, field_type(field)->size);
		return *message != NULL &&
		       read_message(d, field_type(field), *message, bytes, depth);
	}
	if (field->kind == KIND_STRING) {
		struct str bytes = proto_bytes(in);
		bool is_absent = bytes.len == 0 && !(field->flags & FIELD_PTR);
		*(struct str *)at = is_absent ? STR_NONE : keep(d, bytes);
		return !in->is_bad;
	}
	if (!read_scalar(d, field, in, at, &is_zero))
		return false;
	field_set_bit(field, record);
	bool is_nothing = is_zero || field_is_zero(field, record);
	if (is_nothing && !(field->flags & FIELD_PTR) && field->kind != KIND_BYTES)
		field_clear(field, record);
	return true;
}

static bool read_field(struct decode *d, const struct type *type, const struct field *field,
		       struct proto *in, enum proto_wire wire, void *record, bool *needs_sort,
		       uint32_t depth)
{
	enum proto_wire expected = field->shape == SHAPE_MAP ? PROTO_BYTES : wire_of(field->kind);
	bool may_be_packed = field->shape == SHAPE_LIST && field->kind <= KIND_DOUBLE;

	if (wire != expected && !(may_be_packed && wire == PROTO_BYTES))
		return fail(d, BAD_REQUEST, "wrong wire type", type, field);
	bool done = field->shape == SHAPE_ONE
			? read_one(d, field, in, record, depth)
			: read_repeated(d, field, in, wire, record, needs_sort, depth);
	return done || fail(d, BAD_REQUEST, "no value of this field", type, field);
}

/* Other writers than upstream's may leave maps unsorted, and of equal keys the last one holds. */
static void sort_maps(struct decode *d, const struct type *type, void *record)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];
		if (field->shape != SHAPE_MAP || !field_is_set(field, record))
			continue;
		record_sort_map(field, field_at(field, record), d->arena);
		record_unique_map(field, field_at(field, record));
	}
}

static bool read_message(struct decode *d, const struct type *type, void *record, struct str bytes,
			 uint32_t depth)
{
	struct proto in = proto_of(bytes);
	bool needs_sort = false;
	uint32_t number;
	enum proto_wire wire;

	if (bytes.at == NULL)
		return false;
	if (depth == LIMIT_NESTING)
		return fail(d, BAD_REQUEST, "nested too deep", type, NULL);
	while (proto_field(&in, &number, &wire)) {
		const struct field *field = type_tag(type, number);
		if (field == NULL || field == d->skipped)
			proto_skip(&in, number, wire);
		else if (!read_field(d, type, field, &in, wire, record, &needs_sort, depth + 1))
			return false;
	}
	if (needs_sort)
		sort_maps(d, type, record);
	return !in.is_bad || fail(d, BAD_REQUEST, "unexpected end", type, NULL);
}

enum status proto_decode(const struct type *type, struct str bytes, struct arena *arena,
			 struct proto_options options, void **out_record, struct fault *why)
{
	struct decode d = { .arena = arena,
			    .why = why,
			    .bytes_left = LIMIT_RECORD_BYTES,
			    .borrow = options.borrow,
			    .skipped = options.is_lean
					   ? type_tag(&meta_object_meta_type, MANAGED_FIELDS_TAG)
					   : NULL };
	void *record = record_new(type, arena);

	assert(proto_has(type));
	if (!read_message(&d, type, record, bytes.at == NULL ? STR("") : bytes, 0))
		return d.status;
	*out_record = record;
	return OK;
}

bool proto_has(const struct type *type)
{
	/* The metadata has the same place in all kinds. */
	return (type->set == NULL || (type->flags & TYPE_METADATA_ONLY) != 0) &&
	       !(type->flags & TYPE_JSON_ONLY);
}
