#include <assert.h>
#include <string.h>

#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/type.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"
#include "runtime/base/time/time.h"
#include "transport/wire/base64.h"
#include "transport/wire/json.h"

/* Members of one object: a comma goes before each but the first. Sorted: in order of their names. */
struct members {
	struct text *out;
	bool is_first, is_sorted;
};

static void write_message(struct text *out, const struct type *type, const void *record,
			  bool is_sorted);
static void write_object(struct text *out, const struct type *type, const void *record,
			 bool is_sorted, bool with_kind);

static void write_name(struct members *members, struct str name)
{
	json_write_name(members->out, name, members->is_first);
	members->is_first = false;
}

static void write_quoted(struct text *out, struct str s)
{
	text_add_char(out, '"');
	text_add(out, s);
	text_add_char(out, '"');
}

static void write_time(struct text *out, enum kind kind, struct wall time)
{
	char buffer[TIME_TEXT];

	write_quoted(out,
		     kind == KIND_TIME ? time_print(time, buffer) : time_print_micro(time, buffer));
}

static void write_bytes(struct text *out, struct str bytes)
{
	if (bytes.at == NULL) {
		text_lit(out, "null");
		return;
	}
	text_add_char(out, '"');
	base64_encode(BASE64_STANDARD, bytes, out);
	text_add_char(out, '"');
}

static void write_raw(struct text *out, struct str raw)
{
	if (raw.len == 0)
		text_lit(out, "null");
	else
		json_write_compact(out, raw);
}

static void write_int_or_string(struct text *out, const struct int_or_string *value)
{
	if (value->is_string)
		json_write_string(out, value->string);
	else
		text_add_i64(out, value->number);
}

static void write_duration(struct text *out, int64_t ns)
{
	char buffer[TIME_TEXT];

	write_quoted(out, time_print_duration(ns, buffer));
}

/* One value of a kind that is no message. Zero bytes are its zero value. */
static void write_scalar(struct text *out, enum kind kind, const void *at)
{
	const struct str *s = at;

	switch (kind) {
	case KIND_BOOL: text_add(out, *(const bool *)at ? STR("true") : STR("false")); return;
	case KIND_INT32: text_add_i64(out, *(const int32_t *)at); return;
	case KIND_INT64: text_add_i64(out, *(const int64_t *)at); return;
	case KIND_UINT32: text_add_u64(out, *(const uint32_t *)at); return;
	case KIND_UINT64: text_add_u64(out, *(const uint64_t *)at); return;
	case KIND_DOUBLE: json_write_double(out, *(const double *)at); return;
	case KIND_TIME:
	case KIND_MICRO_TIME: write_time(out, kind, *(const struct wall *)at); return;
	case KIND_DURATION: write_duration(out, *(const int64_t *)at); return;
	case KIND_INT_OR_STRING: write_int_or_string(out, at); return;
	case KIND_STRING: json_write_string(out, *s); return;
	case KIND_BYTES: write_bytes(out, *s); return;
	case KIND_QUANTITY: write_quoted(out, s->len == 0 ? STR("0") : *s); return;
	case KIND_RAW:
	case KIND_JSON:
	case KIND_FIELDS_V1:
	case KIND_ANY: write_raw(out, *s); return;
	case KIND_MESSAGE: break;
	}
	assert(!"a message is no scalar");
}

static void write_element(struct text *out, const struct field *field, const void *at,
			  bool is_sorted)
{
	if (field->flags & FIELD_TYPED)
		write_object(out, field_type(field), at, is_sorted, true);
	else if (field->kind == KIND_MESSAGE)
		write_message(out, field_type(field), at, is_sorted);
	else if (field->kind == KIND_TIME && ((const struct wall *)at)->ns == 0)
		text_lit(out, "null"); /* no bit says here that it is set */
	else
		write_scalar(out, field->kind, at);
}

static void write_list(struct text *out, const struct field *field, const struct block_list *list,
		       bool is_sorted)
{
	const char *at = list->at;
	uint32_t stride = field_stride(field);

	text_add_char(out, '[');
	for (uint32_t i = 0; i < list->len; i++, at += stride) {
		if (i > 0)
			text_add_char(out, ',');
		write_element(out, field, at, is_sorted);
	}
	text_add_char(out, ']');
}

static void write_map(struct text *out, const struct field *field, const struct block_list *map,
		      bool is_sorted)
{
	struct members members = { .out = out, .is_first = true };
	const char *at = map->at;
	uint32_t stride = field_stride(field);

	text_add_char(out, '{');
	for (uint32_t i = 0; i < map->len; i++, at += stride) {
		write_name(&members, *(const struct str *)at);
		write_element(out, field, at + FIELD_ENTRY_VALUE, is_sorted);
	}
	text_add_char(out, '}');
}

/* What Go writes for an absent value whose member is always written. */
static void write_absent(struct text *out, const struct field *field, bool is_sorted)
{
	static const struct int_or_string zero;

	if (record_is_null_when_absent(field))
		text_lit(out, "null");
	else if (field->kind == KIND_MESSAGE)
		write_message(out, field_type(field), NULL, is_sorted);
	else
		write_scalar(out, field->kind, &zero);
}

static void write_value(struct text *out, const struct field *field, const void *record,
			bool is_sorted)
{
	const void *at = field_at(field, record);

	if (!field_is_set(field, record))
		write_absent(out, field, is_sorted);
	else if (field->shape == SHAPE_LIST)
		write_list(out, field, at, is_sorted);
	else if (field->shape == SHAPE_MAP)
		write_map(out, field, at, is_sorted);
	else if (field->kind == KIND_MESSAGE)
		write_message(out, field_type(field), *(void *const *)at, is_sorted);
	else
		write_scalar(out, field->kind, at);
}

static void write_fields(struct members *members, const struct type *type, const void *record);

static void write_field(struct members *members, const struct field *field, const void *record)
{
	if (field->flags & FIELD_INLINE) {
		const void *inner = *(void *const *)field_at(field, record);
		write_fields(members, field_type(field), record_or_empty(field_type(field), inner));
	} else if (!record_is_omitted(field, record)) {
		write_name(members, field_name(field));
		write_value(members->out, field, record, members->is_sorted);
	}
}

static void write_fields(struct members *members, const struct type *type, const void *record)
{
	const struct field *fields = type_fields(type);

	for (uint32_t i = 0; i < type->field_count; i++)
		write_field(members, &fields[i], record);
}

static void write_api_version(struct members *members, const struct type *type)
{
	write_name(members, STR("apiVersion"));
	text_add_char(members->out, '"');
	if (type_group(type).len > 0) {
		text_add(members->out, type_group(type));
		text_add_char(members->out, '/');
	}
	text_add(members->out, type_version(type));
	text_add_char(members->out, '"');
}

static void write_kind(struct members *members, const struct type *type)
{
	write_name(members, STR("kind"));
	write_quoted(members->out, type_kind(type));
}

/* Where the members of a sorted object come from: its fields, what no field has, and its apiVersion and kind. */
struct sorted {
	const struct type *type;
	const void *record;
	const struct str_map *rest; /* or NULL */
	uint32_t field, other, kind;
};

static struct str next_field(struct sorted *from)
{
	const struct type *type = from->type;

	while (from->field < type->field_count && type_by_name(type)[from->field] + 1 == type->rest)
		from->field++;
	return from->field < type->field_count
		   ? field_name(&type_fields(type)[type_by_name(type)[from->field]])
		   : STR_NONE;
}

static bool comes_first(struct str a, struct str b)
{
	return a.at != NULL && (b.at == NULL || str_cmp(a, b) < 0);
}

/* Writes the member whose name comes next; false when there is none. */
static bool write_next(struct members *members, struct sorted *from)
{
	struct str field = next_field(from);
	struct str other = from->rest != NULL && from->other < from->rest->len
			       ? from->rest->at[from->other].key
			       : STR_NONE;
	struct str kind = from->kind == 0   ? STR("apiVersion")
			  : from->kind == 1 ? STR("kind")
					    : STR_NONE;

	if (comes_first(kind, field) && comes_first(kind, other)) {
		if (from->kind++ == 0)
			write_api_version(members, from->type);
		else
			write_kind(members, from->type);
	} else if (comes_first(other, field)) {
		write_name(members, other);
		write_raw(members->out, from->rest->at[from->other++].value);
	} else if (field.at != NULL) {
		const struct type *type = from->type;
		write_field(members, &type_fields(type)[type_by_name(type)[from->field++]],
			    from->record);
	} else {
		return false;
	}
	return true;
}

static void write_sorted(struct members *members, const struct type *type, const void *record,
			 bool with_kind)
{
	struct sorted from = { .type = type, .record = record, .kind = with_kind ? 0 : 2 };

	if (type->rest != 0)
		from.rest = field_at(&type_fields(type)[type->rest - 1], record);
	while (write_next(members, &from))
		;
}

static const struct field *set_field(const struct type *type, const void *record, enum shape shape)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];
		if (field->shape == shape && field->kind != KIND_BOOL &&
		    !field_is_zero(field, record))
			return field;
	}
	return NULL;
}

/* A schema, or a boolean without one. */
static void write_or_bool(struct text *out, const struct type *type, const void *record)
{
	const struct field *schema = set_field(type, record, SHAPE_ONE);

	assert(type_fields(type)[0].kind == KIND_BOOL);
	if (schema != NULL)
		write_value(out, schema, record, false);
	else
		write_scalar(out, KIND_BOOL, field_at(&type_fields(type)[0], record));
}

/* The list when it has elements, else the schema, else null. */
static void write_or_list(struct text *out, const struct type *type, const void *record)
{
	const struct field *list = set_field(type, record, SHAPE_LIST);
	const struct field *chosen = list != NULL ? list : set_field(type, record, SHAPE_ONE);

	if (chosen == NULL)
		text_lit(out, "null");
	else
		write_value(out, chosen, record, false);
}

static void write_object(struct text *out, const struct type *type, const void *record,
			 bool is_sorted, bool with_kind)
{
	struct members members = { .out = out, .is_first = true, .is_sorted = is_sorted };

	text_add_char(out, '{');
	if (is_sorted) {
		write_sorted(&members, type, record, with_kind);
	} else {
		/* Go's types begin with these two. */
		if (with_kind) {
			write_kind(&members, type);
			write_api_version(&members, type);
		}
		write_fields(&members, type, record);
	}
	text_add_char(out, '}');
}

static void write_message(struct text *out, const struct type *type, const void *record,
			  bool is_sorted)
{
	record = record_or_empty(type, record);
	switch ((enum form)type->form) {
	case FORM_OBJECT: write_object(out, type, record, is_sorted, false); return;
	case FORM_BARE: write_value(out, &type_fields(type)[0], record, is_sorted); return;
	case FORM_OR_BOOL: write_or_bool(out, type, record); return;
	case FORM_OR_ARRAY:
	case FORM_OR_STRINGS: write_or_list(out, type, record); return;
	}
}

void json_encode(const struct type *type, const void *record, struct text *out)
{
	bool is_sorted = (type->flags & TYPE_SORTED) != 0;

	if (type->flags & TYPE_KIND)
		write_object(out, type, record_or_empty(type, record), is_sorted, true);
	else
		write_message(out, type, record, is_sorted);
}

static bool is_sorted_below(const struct field *field)
{
	return field->kind == KIND_MESSAGE && (field_type(field)->flags & TYPE_SORTED);
}

void json_encode_field(const struct field *field, const void *record, struct text *out)
{
	write_value(out, field, record, is_sorted_below(field));
}

void json_encode_element(const struct field *field, const void *element, struct text *out)
{
	write_element(out, field, element, is_sorted_below(field));
}
