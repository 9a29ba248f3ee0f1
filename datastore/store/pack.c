#include "datastore/store/pack.h"

#include <assert.h>

#define ABSENT UINT32_MAX

static void put_le(uint8_t *at, uint64_t n, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(n >> (8 * i));
}

void pack_u8(struct text *out, uint8_t n)
{
	text_add_bytes(out, &n, 1);
}

void pack_u32(struct text *out, uint32_t n)
{
	uint8_t at[4];
	put_le(at, n, sizeof at);
	text_add_bytes(out, at, sizeof at);
}

void pack_u64(struct text *out, uint64_t n)
{
	uint8_t at[8];
	put_le(at, n, sizeof at);
	text_add_bytes(out, at, sizeof at);
}

void pack_str(struct text *out, struct str s)
{
	assert(s.len != ABSENT);
	pack_u32(out, s.at ? s.len : ABSENT);
	if (s.len)
		text_add_bytes(out, s.at, s.len);
}

uint32_t pack_hole(struct text *out)
{
	uint32_t hole = out->len;
	pack_u32(out, 0);
	return hole;
}

void pack_patch(struct text *out, uint32_t hole)
{
	if (out->is_cut)
		return;
	assert(hole + 4 <= out->len);
	put_le((uint8_t *)out->at + hole, out->len - hole - 4, 4);
}

struct unpack unpack_of(struct str bytes)
{
	const uint8_t *at = (const uint8_t *)bytes.at;
	return (struct unpack){ at, at ? at + bytes.len : at, false };
}

uint32_t unpack_left(const struct unpack *in)
{
	return in->is_bad ? 0 : (uint32_t)(in->end - in->at);
}

static const uint8_t *take(struct unpack *in, uint32_t bytes)
{
	if (in->is_bad || unpack_left(in) < bytes) {
		in->is_bad = true;
		return NULL;
	}
	const uint8_t *at = in->at;
	in->at += bytes;
	return at;
}

static uint64_t get_le(struct unpack *in, uint32_t bytes)
{
	const uint8_t *at = take(in, bytes);
	uint64_t n = 0;
	for (uint32_t i = 0; at && i < bytes; i++)
		n |= (uint64_t)at[i] << (8 * i);
	return n;
}

uint8_t unpack_u8(struct unpack *in)
{
	return (uint8_t)get_le(in, 1);
}

uint32_t unpack_u32(struct unpack *in)
{
	return (uint32_t)get_le(in, 4);
}

uint64_t unpack_u64(struct unpack *in)
{
	return get_le(in, 8);
}

struct str unpack_str(struct unpack *in)
{
	uint32_t len = unpack_u32(in);
	if (in->is_bad || len == ABSENT)
		return STR_NONE;
	const uint8_t *at = take(in, len);
	return at ? (struct str){ (const char *)at, len } : STR_NONE;
}

struct unpack unpack_part(struct unpack *in)
{
	uint32_t len = unpack_u32(in);
	const uint8_t *at = take(in, len);
	return at ? (struct unpack){ at, at + len, false } : (struct unpack){ NULL, NULL, true };
}

bool unpack_is_done(const struct unpack *in)
{
	return !in->is_bad && in->at == in->end;
}

uint32_t unpack_count(struct unpack *in, uint32_t item_bytes, uint32_t max)
{
	uint32_t count = unpack_u32(in);
	if (count > max || (uint64_t)count * item_bytes > unpack_left(in)) {
		in->is_bad = true;
		return 0;
	}
	return count;
}
