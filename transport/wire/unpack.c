#include <assert.h>
#include <string.h>

#include "runtime/base/str.h"
#include "transport/wire/msgpack.h"

/* What the first byte of a value says (the format's specification, "formats"). */
enum {
	POSITIVE_MAX = 0x7f,
	FIXMAP = 0x80,
	FIXARRAY = 0x90,
	FIXSTR = 0xa0,
	NIL = 0xc0,
	NEVER_USED = 0xc1,
	FALSE = 0xc2,
	TRUE = 0xc3,
	BIN8 = 0xc4,
	BIN32 = 0xc6,
	EXT8 = 0xc7,
	EXT32 = 0xc9,
	FLOAT32 = 0xca,
	FLOAT64 = 0xcb,
	UINT8 = 0xcc,
	UINT64 = 0xcf,
	INT8 = 0xd0,
	INT64 = 0xd3,
	FIXEXT1 = 0xd4,
	FIXEXT16 = 0xd8,
	STR8 = 0xd9,
	STR32 = 0xdb,
	ARRAY16 = 0xdc,
	ARRAY32 = 0xdd,
	MAP16 = 0xde,
	MAP32 = 0xdf,
	NEGATIVE_MIN = 0xe0,
};

struct unpack unpack_of(struct str body)
{
	return (struct unpack){ .at = (const uint8_t *)body.at,
				.end = (const uint8_t *)body.at + body.len };
}

static void spoil(struct unpack *in)
{
	in->is_bad = true;
	in->at = in->end;
}

/* `len` bytes, or NULL and a bad reader. */
static const uint8_t *take(struct unpack *in, uint64_t len)
{
	const uint8_t *at = in->at;

	if (in->is_bad || (uint64_t)(in->end - at) < len) {
		spoil(in);
		return NULL;
	}
	in->at += len;
	return at;
}

/* A big-endian number of 1, 2, 4 or 8 bytes. */
static uint64_t take_number(struct unpack *in, uint32_t len)
{
	const uint8_t *at = take(in, len);
	uint64_t value = 0;

	for (uint32_t i = 0; at != NULL && i < len; i++)
		value = value << 8 | at[i];
	return value;
}

/* Counts a value off its array. False: the array has no more, and the field is one that the sender did not know. */
static bool next(struct unpack *in)
{
	if (in->is_bad)
		return false;
	if (in->depth == 0)
		return true;
	if (in->left[in->depth - 1] == 0)
		return false;
	in->left[in->depth - 1]--;
	return true;
}

static uint8_t peek(const struct unpack *in)
{
	return in->at < in->end ? *in->at : NIL;
}

static uint8_t take_first(struct unpack *in)
{
	const uint8_t *at = take(in, 1);

	return at == NULL ? NIL : *at;
}

static uint32_t take_array(struct unpack *in)
{
	uint8_t first = take_first(in);
	uint64_t count = 0;

	if ((first & 0xf0) == FIXARRAY)
		count = first & 0x0f;
	else if (first == ARRAY16 || first == ARRAY32)
		count = take_number(in, first == ARRAY16 ? 2 : 4);
	else
		spoil(in);
	/* A value has at least one byte. */
	if (count > (uint64_t)(in->end - in->at)) {
		spoil(in);
		return 0;
	}
	return (uint32_t)count;
}

uint32_t unpack_list(struct unpack *in)
{
	assert(in->depth < UNPACK_DEPTH_MAX);
	uint32_t count = next(in) ? take_array(in) : 0;

	in->left[in->depth++] = count;
	return count;
}

void unpack_begin(struct unpack *in)
{
	(void)unpack_list(in);
}

/* How many bytes follow the first byte of a scalar, a string or an extension. */
static uint64_t payload_of(struct unpack *in, uint8_t first)
{
	if (first <= POSITIVE_MAX || first >= NEGATIVE_MIN || (first >= NIL && first <= TRUE))
		return 0;
	if ((first & 0xe0) == FIXSTR)
		return first & 0x1f;
	if (first >= BIN8 && first <= BIN32)
		return take_number(in, 1U << (first - BIN8));
	if (first >= STR8 && first <= STR32)
		return take_number(in, 1U << (first - STR8));
	if (first >= EXT8 && first <= EXT32)
		return take_number(in, 1U << (first - EXT8)) + 1;
	if (first >= FIXEXT1 && first <= FIXEXT16)
		return (1U << (first - FIXEXT1)) + 1;
	if (first == FLOAT32 || first == FLOAT64)
		return first == FLOAT32 ? 4 : 8;
	return 1U << (first >= INT8 ? first - INT8 : first - UINT8);
}

static void skip(struct unpack *in, uint32_t depth)
{
	uint8_t first = peek(in);
	uint64_t count = 0;

	if (depth == UNPACK_DEPTH_MAX) {
		spoil(in);
		return;
	}
	if ((first & 0xf0) == FIXARRAY || first == ARRAY16 || first == ARRAY32) {
		count = take_array(in);
	} else if ((first & 0xf0) == FIXMAP || first == MAP16 || first == MAP32) {
		(void)take_first(in);
		count = (first & 0xf0) == FIXMAP ? first & 0x0f
						 : take_number(in, first == MAP16 ? 2 : 4);
		count *= 2;
	} else {
		(void)take_first(in);
		if (first == NEVER_USED)
			spoil(in);
		(void)take(in, payload_of(in, first));
	}
	for (; count > 0 && !in->is_bad; count--)
		skip(in, depth + 1);
}

void unpack_end(struct unpack *in)
{
	assert(in->depth > 0);
	while (next(in))
		skip(in, in->depth);
	in->depth--;
}

/* An integer of any width and sign: its bits, and whether it is below zero. */
static uint64_t take_integer(struct unpack *in, bool *is_negative)
{
	uint8_t first = take_first(in);

	*is_negative = false;
	if (first <= POSITIVE_MAX)
		return first;
	if (first >= NEGATIVE_MIN) {
		*is_negative = true;
		return (uint64_t)(int64_t)(int8_t)first;
	}
	if (first >= UINT8 && first <= UINT64)
		return take_number(in, 1U << (first - UINT8));
	if (first >= INT8 && first <= INT64) {
		uint32_t len = 1U << (first - INT8);
		uint32_t shift = 64 - 8 * len;
		int64_t value = (int64_t)(take_number(in, len) << shift) >> shift;
		*is_negative = value < 0;
		return (uint64_t)value;
	}
	spoil(in);
	return 0;
}

uint64_t unpack_u64(struct unpack *in)
{
	bool is_negative = false;
	uint64_t value = next(in) ? take_integer(in, &is_negative) : 0;

	if (is_negative)
		spoil(in);
	return in->is_bad ? 0 : value;
}

uint32_t unpack_u32(struct unpack *in)
{
	uint64_t value = unpack_u64(in);

	if (value > UINT32_MAX) {
		spoil(in);
		return 0;
	}
	return (uint32_t)value;
}

int64_t unpack_i64(struct unpack *in)
{
	bool is_negative = false;
	uint64_t value = next(in) ? take_integer(in, &is_negative) : 0;

	if (!is_negative && value > INT64_MAX)
		spoil(in);
	return in->is_bad ? 0 : (int64_t)value;
}

int32_t unpack_i32(struct unpack *in)
{
	int64_t value = unpack_i64(in);

	if (value < INT32_MIN || value > INT32_MAX) {
		spoil(in);
		return 0;
	}
	return (int32_t)value;
}

bool unpack_bool(struct unpack *in)
{
	if (!next(in))
		return false;
	uint8_t first = take_first(in);
	if (first != TRUE && first != FALSE)
		spoil(in);
	return first == TRUE;
}

double unpack_double(struct unpack *in)
{
	if (!next(in))
		return 0;
	if (take_first(in) != FLOAT64) {
		spoil(in);
		return 0;
	}
	uint64_t bits = take_number(in, 8);
	double value;
	_Static_assert(sizeof bits == sizeof value, "IEEE 754");
	memcpy(&value, &bits, sizeof value);
	return value;
}

struct str unpack_str(struct unpack *in)
{
	if (!next(in))
		return STR_NONE;
	uint8_t first = take_first(in);
	bool is_text = (first & 0xe0) == FIXSTR || (first >= STR8 && first <= STR32);
	if (!is_text && !(first >= BIN8 && first <= BIN32)) {
		if (first != NIL)
			spoil(in);
		return STR_NONE;
	}
	uint64_t len = payload_of(in, first);
	const uint8_t *at = take(in, len);
	return at == NULL ? STR_NONE : str_of(at, len);
}

struct str unpack_bytes(struct unpack *in)
{
	return unpack_str(in);
}

enum status unpack_status(const struct unpack *in)
{
	return in->is_bad || in->depth > 0 || in->at != in->end ? CORRUPT : OK;
}

enum status unpack_nothing(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);

	(void)arena;
	(void)body;
	unpack_begin(&in);
	unpack_end(&in);
	return unpack_status(&in);
}
