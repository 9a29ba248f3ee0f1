#include "actors/server/answer/alike.h"

#include <string.h>

#include "datastore/object/record.h"

struct alike {
	struct alike_names names;
	struct arena *arena;
};

static void take_fields(const struct alike *alike, const struct type *to_type, void *to,
			const struct type *from_type, const void *from);

/* The field that says the same: under the other name if it has one there, else under its own. */
static const struct field *field_like(const struct alike *alike, const struct type *type,
				      struct str name)
{
	const struct field *other = NULL;

	for (uint32_t i = 0; i < alike->names.len && other == NULL; i++) {
		const struct alike_name *each = &alike->names.at[i];

		if (str_is(name, each->one))
			other = type_field(type, str_from(each->other));
		else if (str_is(name, each->other))
			other = type_field(type, str_from(each->one));
	}
	return other != NULL ? other : type_field(type, name);
}

static bool is_same_message(const struct field *a, const struct field *b)
{
	return field_type(a) == field_type(b);
}

static void take_message(const struct alike *alike, const struct field *to_field, void *to,
			 const struct field *from_field, const void *from)
{
	void **message = field_at(to_field, to);

	if (*message == NULL)
		*message = record_new(field_type(to_field), alike->arena);
	take_fields(alike, field_type(to_field), *message, field_type(from_field),
		    *(void *const *)field_at(from_field, from));
}

static void take_list(const struct alike *alike, const struct field *to_field, void *to,
		      const struct field *from_field, const void *from)
{
	const struct block_list *in = field_at(from_field, from);
	struct block_list *out = field_at(to_field, to);
	uint32_t from_stride = field_stride(from_field), to_stride = field_stride(to_field);

	out->at = record_array(to_field, alike->arena, in->len);
	out->len = in->len;
	for (uint32_t i = 0; i < in->len; i++)
		take_fields(alike, field_type(to_field), (char *)out->at + i * to_stride,
			    field_type(from_field), (const char *)in->at + i * from_stride);
}

static void take_field(const struct alike *alike, const struct field *to_field, void *to,
		       const struct field *from_field, const void *from)
{
	if (to_field->kind != from_field->kind || to_field->shape != from_field->shape ||
	    !field_is_set(from_field, from))
		return;
	if (to_field->kind != KIND_MESSAGE || is_same_message(to_field, from_field)) {
		memcpy(field_at(to_field, to), field_at(from_field, from), field_size(to_field));
		field_set_bit(to_field, to);
	} else if (to_field->shape == SHAPE_ONE) {
		take_message(alike, to_field, to, from_field, from);
	} else if (to_field->shape == SHAPE_LIST) {
		take_list(alike, to_field, to, from_field, from);
	}
}

static void take_fields(const struct alike *alike, const struct type *to_type, void *to,
			const struct type *from_type, const void *from)
{
	const struct field *fields = type_fields(to_type);

	for (uint32_t i = 0; i < to_type->field_count; i++) {
		const struct field *other = field_like(alike, from_type, field_name(&fields[i]));

		if (other != NULL)
			take_field(alike, &fields[i], to, other, from);
	}
}

void alike_take(const struct type *to_type, void *to, const struct type *from_type,
		const void *from, struct alike_names names, struct arena *arena)
{
	struct alike alike = { names, arena };

	take_fields(&alike, to_type, to, from_type, from);
}
