#include "datastore/cel/value/value.h"

#include <assert.h>
#include <math.h>

#include "datastore/object/quantity.h"
#include "runtime/base/limits.h"
#include "transport/wire/utf8.h"

struct cel_value cel_value_error(struct arena *arena, const char *format, ...)
{
	struct cel_value out = { .kind = CEL_ERROR };
	va_list args;

	va_start(args, format);
	out.text = arena_vprintf(arena, format, args);
	va_end(args);
	return out;
}

struct cel_value cel_value_no_overload(void)
{
	return (struct cel_value){ .kind = CEL_ERROR, .text = STR("no such overload") };
}

struct cel_value cel_value_some(struct arena *arena, struct cel_value inner)
{
	return (struct cel_value){ .kind = CEL_OPTIONAL,
				   .inner = arena_copy(arena, &inner, sizeof inner) };
}

const struct cel_type *cel_value_type(struct cel_value value)
{
	/* Whose fields it has is known to the checker alone. */
	return cel_type_of(value.kind == CEL_OBJECT ? CEL_MAP : value.kind);
}

uint64_t cel_value_size(struct cel_value value)
{
	switch (value.kind) {
	case CEL_STRING: return utf8_count(value.text);
	case CEL_BYTES: return value.text.len;
	case CEL_LIST: return value.list->len;
	case CEL_MAP:
	case CEL_OBJECT: return value.map->len;
	case CEL_OPTIONAL: return value.inner != NULL ? cel_value_size(*value.inner) : 1;
	default: return 1;
	}
}

bool cel_value_is_zero(struct cel_value value)
{
	switch (value.kind) {
	case CEL_NULL: return true;
	case CEL_BOOL: return !value.is_true;
	case CEL_INT:
	case CEL_DURATION: return value.integer == 0;
	case CEL_UINT: return value.natural == 0;
	case CEL_DOUBLE: return value.number == 0;
	case CEL_STRING:
	case CEL_BYTES: return value.text.len == 0;
	case CEL_LIST: return value.list->len == 0;
	case CEL_MAP:
	case CEL_OBJECT: return value.map->len == 0;
	case CEL_OPTIONAL: return value.inner == NULL;
	default: return false;
	}
}

/* ---- numbers ---------------------------------------------------------------------------------------------- */

bool cel_value_whole(double number, int64_t *out)
{
	if (!(number >= -0x1p63 && number < 0x1p63) || number != floor(number))
		return false;
	*out = (int64_t)number;
	return true;
}

static bool is_number(enum cel_kind kind)
{
	return kind == CEL_INT || kind == CEL_UINT || kind == CEL_DOUBLE;
}

static int sign_of(bool is_less, bool is_greater)
{
	return is_greater - is_less;
}

static int order_int_double(int64_t a, double b)
{
	if (b >= 0x1p63)
		return -1;
	if (b < -0x1p63)
		return 1;
	/* Below 2^53 a double holds any integer; above it has no fraction. */
	if (a > -(1LL << 53) && a < (1LL << 53))
		return sign_of((double)a<b, (double)a> b);
	return sign_of(a<(int64_t)b, a>(int64_t) b);
}

static int order_uint_double(uint64_t a, double b)
{
	if (b >= 0x1p64)
		return -1;
	if (b < 0)
		return 1;
	if (a < (1ULL << 53))
		return sign_of((double)a<b, (double)a> b);
	return sign_of(a<(uint64_t)b, a>(uint64_t) b);
}

static int order_int_uint(int64_t a, uint64_t b)
{
	if (a < 0)
		return -1;
	return sign_of((uint64_t)a<b, (uint64_t)a> b);
}

static bool order_numbers(struct cel_value a, struct cel_value b, int *out)
{
	if ((a.kind == CEL_DOUBLE && isnan(a.number)) || (b.kind == CEL_DOUBLE && isnan(b.number)))
		return false;
	if (a.kind == b.kind && a.kind == CEL_INT)
		*out = sign_of(a.integer<b.integer, a.integer> b.integer);
	else if (a.kind == b.kind && a.kind == CEL_UINT)
		*out = sign_of(a.natural<b.natural, a.natural> b.natural);
	else if (a.kind == b.kind)
		*out = sign_of(a.number<b.number, a.number> b.number);
	else if (a.kind == CEL_INT && b.kind == CEL_DOUBLE)
		*out = order_int_double(a.integer, b.number);
	else if (a.kind == CEL_DOUBLE && b.kind == CEL_INT)
		*out = -order_int_double(b.integer, a.number);
	else if (a.kind == CEL_UINT && b.kind == CEL_DOUBLE)
		*out = order_uint_double(a.natural, b.number);
	else if (a.kind == CEL_DOUBLE)
		*out = -order_uint_double(b.natural, a.number);
	else if (a.kind == CEL_INT)
		*out = order_int_uint(a.integer, b.natural);
	else
		*out = -order_int_uint(b.integer, a.natural);
	return true;
}

/* ---- order ------------------------------------------------------------------------------------------------ */

static int order_moments(struct cel_moment a, struct cel_moment b)
{
	if (a.seconds != b.seconds)
		return sign_of(a.seconds<b.seconds, a.seconds> b.seconds);
	return sign_of(a.nanos<b.nanos, a.nanos> b.nanos);
}

bool cel_value_order(struct cel_value a, struct cel_value b, int *out)
{
	int order;

	if (is_number(a.kind) && is_number(b.kind))
		return order_numbers(a, b, out);
	if (a.kind != b.kind)
		return false;
	switch (a.kind) {
	case CEL_BOOL: *out = a.is_true - b.is_true; return true;
	case CEL_STRING:
	case CEL_BYTES:
		order = str_cmp(a.text, b.text);
		*out = sign_of(order<0, order> 0);
		return true;
	case CEL_DURATION: *out = sign_of(a.integer<b.integer, a.integer> b.integer); return true;
	case CEL_TIMESTAMP: *out = order_moments(a.moment, b.moment); return true;
	default: return false;
	}
}

/* ---- equality --------------------------------------------------------------------------------------------- */

static bool equal(struct cel_value a, struct cel_value b, struct arena *arena, uint32_t depth);

static bool equal_lists(const struct cel_list *a, const struct cel_list *b, struct arena *arena,
			uint32_t depth)
{
	if (a->len != b->len)
		return false;
	if (a->keyed != CEL_LIST_PLAIN)
		return cel_list_equal_keyed(a, b, arena);
	for (uint32_t i = 0; i < a->len; i++)
		if (!equal(cel_list_item(a, i, arena), cel_list_item(b, i, arena), arena, depth))
			return false;
	return true;
}

static bool equal_maps(const struct cel_map *a, const struct cel_map *b, struct arena *arena,
		       uint32_t depth)
{
	if (a->len != b->len)
		return false;
	for (uint32_t i = 0; i < a->len; i++) {
		struct cel_value key, value, other;

		a->entry(a, i, arena, &key, &value);
		if (!b->get(b, key, arena, &other) || !equal(value, other, arena, depth))
			return false;
	}
	return true;
}

static bool equal_opaque(struct cel_value a, struct cel_value b)
{
	/* What the library makes of one text is equal when the text is: it keeps it in front. */
	if (a.kind == CEL_QUANTITY)
		return quantity_cmp(*(const struct quantity *)a.opaque,
				    *(const struct quantity *)b.opaque) == 0;
	if (a.kind >= CEL_IP && a.kind <= CEL_FORMAT)
		return str_eq(*(const struct str *)a.opaque, *(const struct str *)b.opaque);
	return a.opaque == b.opaque;
}

static bool equal(struct cel_value a, struct cel_value b, struct arena *arena, uint32_t depth)
{
	int order;

	if (depth > LIMIT_NESTING)
		return false;
	if (cel_value_order(a, b, &order))
		return order == 0;
	if (a.kind != b.kind)
		return false;
	switch (a.kind) {
	case CEL_NULL: return true;
	case CEL_LIST: return equal_lists(a.list, b.list, arena, depth + 1);
	case CEL_MAP:
	case CEL_OBJECT: return equal_maps(a.map, b.map, arena, depth + 1);
	case CEL_TYPE: return str_eq(cel_type_name(a.type), cel_type_name(b.type));
	case CEL_OPTIONAL:
		if (a.inner == NULL || b.inner == NULL)
			return a.inner == b.inner;
		return equal(*a.inner, *b.inner, arena, depth + 1);
	default: return a.kind >= CEL_QUANTITY && equal_opaque(a, b);
	}
}

bool cel_value_equal(struct cel_value a, struct cel_value b, struct arena *arena)
{
	return equal(a, b, arena, 0);
}
