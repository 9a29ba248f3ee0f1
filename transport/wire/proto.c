#include "transport/wire/proto.h"

#include <assert.h>
#include <string.h>

#include "runtime/base/limits.h"
#include "runtime/base/mem.h"

#define VARINT_BYTES_MAX 10U
#define OUT_FIRST_BYTES 1024U

struct proto proto_of(struct str bytes)
{
	const uint8_t *at = (const uint8_t *)(bytes.at == NULL ? "" : bytes.at);

	return (struct proto){ .at = at, .end = at + bytes.len };
}

static void spoil(struct proto *in)
{
	in->is_bad = true;
	in->at = in->end;
}

uint64_t proto_varint_long(struct proto *in)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < VARINT_BYTES_MAX && in->at < in->end; i++) {
		uint8_t byte = *in->at++;
		/* The tenth byte holds the 64th bit and nothing else. */
		if (i == VARINT_BYTES_MAX - 1 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << 7 * i;
		if (byte < 0x80)
			return value;
	}
	spoil(in);
	return 0;
}

static const uint8_t *take(struct proto *in, uint64_t len)
{
	const uint8_t *at = in->at;

	if ((uint64_t)(in->end - at) < len) {
		spoil(in);
		return NULL;
	}
	in->at += len;
	return at;
}

uint64_t proto_fixed64(struct proto *in)
{
	const uint8_t *at = take(in, 8);
	uint64_t value = 0;

	for (uint32_t i = 0; at != NULL && i < 8; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

struct str proto_bytes(struct proto *in)
{
	uint64_t len = proto_varint(in);
	const uint8_t *at = take(in, len);

	if (in->is_bad)
		return STR_NONE;
	return str_of(at, len);
}

bool proto_field(struct proto *in, uint32_t *number, enum proto_wire *wire)
{
	if (in->at == in->end)
		return false;
	uint64_t tag = proto_varint(in);
	if (in->is_bad || tag > UINT32_MAX || tag >> 3 == 0 || (tag & 7) > PROTO_FIXED32) {
		spoil(in);
		return false;
	}
	*number = (uint32_t)tag >> 3;
	*wire = tag & 7;
	return true;
}

static void skip_scalar(struct proto *in, enum proto_wire wire)
{
	switch (wire) {
	case PROTO_VARINT: (void)proto_varint(in); return;
	case PROTO_FIXED64: (void)take(in, 8); return;
	case PROTO_BYTES: (void)proto_bytes(in); return;
	case PROTO_FIXED32: (void)take(in, 4); return;
	default: spoil(in);
	}
}

void proto_skip(struct proto *in, uint32_t number, enum proto_wire wire)
{
	uint32_t open[LIMIT_NESTING], depth = 0;

	for (;;) {
		if (wire == PROTO_GROUP) {
			if (depth == LIMIT_NESTING)
				spoil(in);
			else
				open[depth++] = number;
		} else if (wire == PROTO_GROUP_END) {
			if (depth == 0 || open[--depth] != number)
				spoil(in);
		} else {
			skip_scalar(in, wire);
		}
		if (depth == 0 || in->is_bad)
			return;
		if (!proto_field(in, &number, &wire))
			spoil(in);
	}
}

struct proto_out proto_out_new(uint32_t max_bytes)
{
	return proto_out_for(OUT_FIRST_BYTES, max_bytes);
}

struct proto_out proto_out_for(uint32_t bytes, uint32_t max_bytes)
{
	uint32_t cap = max_bytes < bytes ? max_bytes : bytes;
	struct proto_out out = { .begin = mem_alloc(cap), .max = max_bytes };

	out.at = out.end = out.begin + cap;
	return out;
}

void proto_out_clear(struct proto_out *out)
{
	out->at = out->end;
	out->is_cut = false;
}

void proto_out_fini(struct proto_out *out)
{
	mem_free(out->begin);
	*out = (struct proto_out){ .max = out->max };
}

uint32_t proto_out_len(const struct proto_out *out)
{
	return (uint32_t)(out->end - out->at);
}

struct str proto_out_str(const struct proto_out *out)
{
	return str_of(out->at, proto_out_len(out));
}

/* Room for `len` more bytes in front; false: that would be more than the maximum, and the output is cut. */
static bool make_room(struct proto_out *out, uint32_t len)
{
	uint32_t used = proto_out_len(out);

	if (out->is_cut || len > out->max - used) {
		out->is_cut = true;
		return false;
	}
	uint64_t cap = (uint64_t)(out->end - out->begin) * 2;
	if (cap < (uint64_t)used + len)
		cap = (uint64_t)used + len;
	if (cap > out->max)
		cap = out->max;
	uint8_t *begin = mem_alloc(cap);
	memcpy(begin + cap - used, out->at, used);
	mem_free(out->begin);
	*out = (struct proto_out){ begin, begin + cap - used, begin + cap, out->max, false };
	return true;
}

static bool has_room(struct proto_out *out, uint32_t len)
{
	return (uint64_t)(out->at - out->begin) >= len || make_room(out, len);
}

void proto_out_varint_long(struct proto_out *out, uint64_t value)
{
	uint32_t len = (uint32_t)(70 - __builtin_clzll(value | 1)) / 7;
	uint8_t *at;

	if (!has_room(out, len))
		return;
	at = out->at -= len;
	for (; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at = (uint8_t)value;
}

void proto_out_fixed64(struct proto_out *out, uint64_t value)
{
	if (!has_room(out, 8))
		return;
	for (uint32_t i = 0; i < 8; i++)
		*--out->at = (uint8_t)(value >> (56 - 8 * i));
}

void proto_out_bytes(struct proto_out *out, struct str bytes)
{
	if (bytes.len == 0 || !has_room(out, bytes.len))
		return;
	out->at -= bytes.len;
	memcpy(out->at, bytes.at, bytes.len);
}

void proto_out_varint_field(struct proto_out *out, uint32_t number, uint64_t value)
{
	proto_out_varint(out, value);
	proto_out_tag(out, number, PROTO_VARINT);
}

void proto_out_bytes_field(struct proto_out *out, uint32_t number, struct str bytes)
{
	proto_out_bytes(out, bytes);
	proto_out_varint(out, bytes.len);
	proto_out_tag(out, number, PROTO_BYTES);
}

void proto_out_close(struct proto_out *out, uint32_t number, uint32_t before)
{
	assert(proto_out_len(out) >= before);
	proto_out_varint(out, proto_out_len(out) - before);
	proto_out_tag(out, number, PROTO_BYTES);
}
