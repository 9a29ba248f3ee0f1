#include "datastore/store/state/fixed.h"

#include <assert.h>

#include "runtime/base/bytes.h"

#define ABSENT UINT32_MAX

void fixed_put_u8(struct text *out, uint8_t n)
{
	text_add_bytes(out, &n, 1);
}

void fixed_put_u32(struct text *out, uint32_t n)
{
	char at[4];
	bytes_put_u32(at, n);
	text_add_bytes(out, at, sizeof at);
}

void fixed_put_u64(struct text *out, uint64_t n)
{
	char at[8];
	bytes_put_u64(at, n);
	text_add_bytes(out, at, sizeof at);
}

void fixed_put_str(struct text *out, struct str s)
{
	assert(s.len != ABSENT);
	fixed_put_u32(out, s.at ? s.len : ABSENT);
	if (s.len)
		text_add_bytes(out, s.at, s.len);
}

uint32_t fixed_hole(struct text *out)
{
	uint32_t hole = out->len;
	fixed_put_u32(out, 0);
	return hole;
}

void fixed_patch(struct text *out, uint32_t hole)
{
	if (out->is_cut)
		return;
	assert(hole + 4 <= out->len);
	bytes_put_u32(out->at + hole, out->len - hole - 4);
}

struct fixed fixed_of(struct str bytes)
{
	const uint8_t *at = (const uint8_t *)bytes.at;
	return (struct fixed){ at, at ? at + bytes.len : at, false };
}

uint32_t fixed_left(const struct fixed *in)
{
	return in->is_bad ? 0 : (uint32_t)(in->end - in->at);
}

static const uint8_t *take(struct fixed *in, uint32_t bytes)
{
	if (in->is_bad || fixed_left(in) < bytes) {
		in->is_bad = true;
		return NULL;
	}
	const uint8_t *at = in->at;
	in->at += bytes;
	return at;
}

static inline uint64_t get_le(struct fixed *in, uint32_t bytes)
{
	const uint8_t *at = take(in, bytes);
	return at ? bytes_get((const char *)at, bytes) : 0;
}

uint8_t fixed_get_u8(struct fixed *in)
{
	return (uint8_t)get_le(in, 1);
}

uint32_t fixed_get_u32(struct fixed *in)
{
	return (uint32_t)get_le(in, 4);
}

uint64_t fixed_get_u64(struct fixed *in)
{
	return get_le(in, 8);
}

struct str fixed_get_str(struct fixed *in)
{
	uint32_t len = fixed_get_u32(in);
	if (in->is_bad || len == ABSENT)
		return STR_NONE;
	const uint8_t *at = take(in, len);
	return at ? (struct str){ (const char *)at, len } : STR_NONE;
}

struct fixed fixed_part(struct fixed *in)
{
	uint32_t len = fixed_get_u32(in);
	const uint8_t *at = take(in, len);
	return at ? (struct fixed){ at, at + len, false } : (struct fixed){ NULL, NULL, true };
}

bool fixed_is_done(const struct fixed *in)
{
	return !in->is_bad && in->at == in->end;
}

uint32_t fixed_count(struct fixed *in, uint32_t item_bytes, uint32_t max)
{
	uint32_t count = fixed_get_u32(in);
	if (count > max || (uint64_t)count * item_bytes > fixed_left(in)) {
		in->is_bad = true;
		return 0;
	}
	return count;
}
