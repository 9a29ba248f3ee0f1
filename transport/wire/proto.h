/*
 * Protobuf's wire form: fields, varints and lengths, without any message's meaning.
 *
 * The reader never reads past its bytes; a fault makes it bad and everything read from then on is zero. The writer goes
 * from the last byte to the first: so the length of a nested message is known when it is due, in one pass. Fields are
 * therefore written last to first, and of each field the value before its tag.
 */
#ifndef TRANSPORT_WIRE_PROTO_H
#define TRANSPORT_WIRE_PROTO_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

enum proto_wire {
	PROTO_VARINT = 0,
	PROTO_FIXED64 = 1,
	PROTO_BYTES = 2,
	PROTO_GROUP = 3, /* only passed over */
	PROTO_GROUP_END = 4,
	PROTO_FIXED32 = 5,
};

struct proto {
	const uint8_t *at, *end;
	bool is_bad;
};

struct proto proto_of(struct str bytes);
/* The next field's number and form; false at the end, or when the reader is bad. */
bool proto_field(struct proto *in, uint32_t *number, enum proto_wire *wire);
uint64_t proto_varint_long(struct proto *in); /* of more than a byte */
static inline uint64_t proto_varint(struct proto *in)
{
	return in->at < in->end && *in->at < 0x80 ? *in->at++ : proto_varint_long(in);
}
uint64_t proto_fixed64(struct proto *in);
struct str
proto_bytes(struct proto *in); /* a slice of the input, never absent unless the reader is bad */
/* Passes over the value of a field of this form. */
void proto_skip(struct proto *in, uint32_t number, enum proto_wire wire);

/* Written bytes are [at, end); free ones stand in front of them. On the heap, at most `max` bytes. */
struct proto_out {
	uint8_t *begin, *at, *end;
	uint32_t max;
	bool is_cut;
};

struct proto_out proto_out_new(uint32_t max_bytes);
/* The same with room for so many bytes from the start: what is expected is then neither moved nor allocated again. */
struct proto_out proto_out_for(uint32_t bytes, uint32_t max_bytes);
/* Begins anew in the same memory. */
void proto_out_clear(struct proto_out *out);
void proto_out_fini(struct proto_out *out);
uint32_t proto_out_len(const struct proto_out *out);
struct str proto_out_str(const struct proto_out *out);
void proto_out_varint_long(struct proto_out *out, uint64_t value); /* of any length */
static inline void proto_out_varint(struct proto_out *out, uint64_t value)
{
	if (value < 0x80 && out->at > out->begin)
		*--out->at = (uint8_t)value;
	else
		proto_out_varint_long(out, value);
}
void proto_out_fixed64(struct proto_out *out, uint64_t value);
static inline void proto_out_tag(struct proto_out *out, uint32_t number, enum proto_wire wire)
{
	proto_out_varint(out, (uint64_t)number << 3 | wire);
}
void proto_out_bytes(struct proto_out *out, struct str bytes); /* only the bytes */
/* A whole field. */
void proto_out_varint_field(struct proto_out *out, uint32_t number, uint64_t value);
void proto_out_bytes_field(struct proto_out *out, uint32_t number, struct str bytes);
/* Length and tag in front of what was written since proto_out_len() was `before`. */
void proto_out_close(struct proto_out *out, uint32_t number, uint32_t before);

#endif
