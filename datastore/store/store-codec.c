#include "datastore/store/store-codec.h"

#include <assert.h>

#include "datastore/store/state/fixed.h"
#include "datastore/store/store.h"

#define MESSAGE_VERSION_BYTE 1
#define ITEMS_MAX 1000000U /* bounded by the message's bytes in the first place */

/* ---- encoding ---- */

static void encode_fields(const struct field *field, const char *body, struct text *out);

static void encode_list(const struct field *field, const char *body, struct text *out)
{
	const char *items = *(const char *const *)(const void *)(body + field->at);
	uint32_t count = *(const uint32_t *)(const void *)(body + field->count_at);
	fixed_put_u32(out, count);
	for (uint32_t i = 0; i < count; i++)
		encode_fields(field->fields, items + (size_t)i * field->size, out);
}

static void encode_field(const struct field *field, const char *body, struct text *out)
{
	const void *at = body + field->at;
	switch (field->kind) {
	case FIELD_END: break;
	case FIELD_BOOL: fixed_put_u8(out, *(const bool *)at); break;
	case FIELD_U32:
	case FIELD_ENUM: fixed_put_u32(out, *(const uint32_t *)at); break;
	case FIELD_U64: fixed_put_u64(out, *(const uint64_t *)at); break;
	case FIELD_STR:
	case FIELD_VALUE: fixed_put_str(out, *(const struct str *)at); break;
	case FIELD_ROW: encode_fields(field->fields, at, out); break;
	case FIELD_LIST: encode_list(field, body, out); break;
	}
}

static void encode_fields(const struct field *field, const char *body, struct text *out)
{
	for (; field->kind != FIELD_END; field++)
		encode_field(field, body, out);
}

enum status store_encode(const struct field *fields, const void *body, struct text *out)
{
	fixed_put_u8(out, MESSAGE_VERSION_BYTE);
	encode_fields(fields, body, out);
	return out->is_cut ? TOO_LARGE : OK;
}

/* ---- decoding ---- */

static void decode_fields(const struct field *field, struct fixed *in, struct arena *arena,
			  char *body);

/* The least that an item takes, so that a count is refused before memory is taken for it. */
static uint32_t least_bytes(const struct field *field)
{
	uint32_t least = 0;
	for (; field->kind != FIELD_END; field++) {
		if (field->kind == FIELD_ROW)
			least += least_bytes(field->fields);
		else
			least += field->kind == FIELD_BOOL ? 1 : field->kind == FIELD_U64 ? 8 : 4;
	}
	return least;
}

static void decode_list(const struct field *field, struct fixed *in, struct arena *arena, char *body)
{
	uint32_t count = fixed_count(in, least_bytes(field->fields), ITEMS_MAX);
	char *items = count ? arena_zalloc(arena, (size_t)count * field->size) : NULL;
	for (uint32_t i = 0; i < count && !in->is_bad; i++)
		decode_fields(field->fields, in, arena, items + (size_t)i * field->size);
	memcpy(body + field->at, &items, sizeof items);
	memcpy(body + field->count_at, &count, sizeof count);
}

static void decode_value(struct fixed *in, struct arena *arena, char *at)
{
	struct store_row *row = (struct store_row *)(void *)(at - offsetof(struct store_row, value));
	struct str bytes = fixed_get_str(in);
	if (!bytes.at)
		return;
	struct blob *blob = blob_new(bytes);
	row->blob = blob_hold(arena, blob);
	row->value = blob_str(blob);
	blob_unref(blob);
}

static void decode_field(const struct field *field, struct fixed *in, struct arena *arena,
			 char *body)
{
	void *at = body + field->at;
	switch (field->kind) {
	case FIELD_END: break;
	case FIELD_BOOL: *(bool *)at = fixed_get_u8(in) & 1; break;
	case FIELD_U32: *(uint32_t *)at = fixed_get_u32(in); break;
	case FIELD_ENUM:
		*(uint32_t *)at = fixed_get_u32(in);
		in->is_bad = in->is_bad || *(uint32_t *)at > field->most;
		break;
	case FIELD_U64: *(uint64_t *)at = fixed_get_u64(in); break;
	case FIELD_STR: *(struct str *)at = arena_str(arena, fixed_get_str(in)); break;
	case FIELD_VALUE: decode_value(in, arena, at); break;
	case FIELD_ROW: decode_fields(field->fields, in, arena, at); break;
	case FIELD_LIST: decode_list(field, in, arena, body); break;
	}
}

static void decode_fields(const struct field *field, struct fixed *in, struct arena *arena,
			  char *body)
{
	for (; field->kind != FIELD_END && !in->is_bad; field++)
		decode_field(field, in, arena, body);
}

enum status store_decode(const struct field *fields, struct str bytes, struct arena *arena,
			 void *body)
{
	struct fixed in = fixed_of(bytes);
	if (fixed_get_u8(&in) != MESSAGE_VERSION_BYTE)
		return NOT_IMPLEMENTED;
	/* What an older release did not know to say stays zero. */
	for (; fields->kind != FIELD_END && fixed_left(&in); fields++)
		decode_field(fields, &in, arena, body);
	return in.is_bad ? CORRUPT : OK;
}
