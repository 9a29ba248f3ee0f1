/*
 * Fixed little-endian fields, for log entries and for messages between store actors.
 *
 * A writer appends to a `struct text`; a reader walks borrowed bytes and never passes their end: after the first field
 * that does not fit it stays `is_bad` and gives zeroes, so that a decoder checks once at its end. Strings
 * are a length and bytes; the length UINT32_MAX is the absent string.
 */
#ifndef DATASTORE_STORE_PACK_H
#define DATASTORE_STORE_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"
#include "runtime/base/text.h"

void pack_u8(struct text *out, uint8_t n);
void pack_u32(struct text *out, uint32_t n);
void pack_u64(struct text *out, uint64_t n);
void pack_str(struct text *out, struct str s);
/* Leaves room for a u32 and gives its place; pack_patch fills in how many bytes followed it. */
uint32_t pack_hole(struct text *out);
void pack_patch(struct text *out, uint32_t hole);

struct unpack {
	const uint8_t *at, *end;
	bool is_bad;
};

struct unpack unpack_of(struct str bytes);
uint8_t unpack_u8(struct unpack *in);
uint32_t unpack_u32(struct unpack *in);
uint64_t unpack_u64(struct unpack *in);
struct str unpack_str(struct unpack *in);     /* borrowed from the input */
struct unpack unpack_part(struct unpack *in); /* what pack_hole and pack_patch enclosed */
bool unpack_is_done(const struct unpack *in); /* nothing left and nothing was bad */
uint32_t unpack_left(const struct unpack *in);
/* A count of items that take at least `item_bytes` each: bad when they cannot fit into what is left. */
uint32_t unpack_count(struct unpack *in, uint32_t item_bytes, uint32_t max);

#endif
