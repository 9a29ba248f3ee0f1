#include <string.h>

#include "datastore/object/quantity.h"
#include "datastore/object/record.h"
#include "datastore/schema/type.h"
#include "runtime/base/str.h"

static bool equal_quantities(struct str a, struct str b)
{
	/* The text decides nearly always; "1" and "1000m" in what was not decoded here do not. */
	return str_eq(a, b) || quantity_cmp(quantity_of(a), quantity_of(b)) == 0;
}

static bool equal_int_or_string(const struct int_or_string *a, const struct int_or_string *b)
{
	if (a->is_string != b->is_string)
		return false;
	return a->is_string ? str_eq(a->string, b->string) : a->number == b->number;
}

/* Two values of the same kind that are there, or zero bytes. */
bool record_equal_element(const struct field *field, const void *a, const void *b)
{
	const struct str *s = a, *t = b;

	if (field->kind == KIND_MESSAGE)
		return record_equal(field_type(field), a, b);
	if (field->kind == KIND_QUANTITY)
		return equal_quantities(*s, *t);
	if (field->kind >= KIND_STRING)
		return str_eq(*s, *t);
	if (field->kind == KIND_INT_OR_STRING)
		return equal_int_or_string(a, b);
	if (field->kind == KIND_DOUBLE)
		return *(const double *)a == *(const double *)b;
	return memcmp(a, b, kind_size(field->kind)) == 0;
}

static bool equal_lists(const struct field *field, const struct block_list *a,
			const struct block_list *b)
{
	uint32_t stride = field_stride(field);
	uint32_t skip = field->shape == SHAPE_MAP ? FIELD_ENTRY_VALUE : 0;
	const char *x = a->at, *y = b->at;

	if (a->len != b->len)
		return false;
	for (uint32_t i = 0; i < a->len; i++, x += stride, y += stride) {
		if (skip > 0 && !str_eq(*(const struct str *)x, *(const struct str *)y))
			return false;
		if (!record_equal_element(field, x + skip, y + skip))
			return false;
	}
	return true;
}

bool record_equal_field(const struct field *field, const void *a, const void *b)
{
	const void *x = field_at(field, a), *y = field_at(field, b);
	bool is_ptr = (field->flags & FIELD_PTR) != 0;

	if (field->shape != SHAPE_ONE)
		return equal_lists(field, x, y);
	if (is_ptr && field_is_set(field, a) != field_is_set(field, b))
		return false;
	if (field->kind == KIND_MESSAGE)
		return record_equal(field_type(field), *(void *const *)x, *(void *const *)y);
	return record_equal_element(field, x, y);
}

bool record_equal(const struct type *type, const void *a, const void *b)
{
	if (a == b)
		return true;
	a = record_or_empty(type, a);
	b = record_or_empty(type, b);
	for (uint32_t i = 0; i < type->field_count; i++)
		if (!record_equal_field(&type_fields(type)[i], a, b))
			return false;
	return true;
}
