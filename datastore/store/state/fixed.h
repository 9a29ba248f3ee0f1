/*
 * Fixed little-endian fields, for log entries and for messages between store actors.
 *
 * A writer appends to a `struct text`; a reader walks borrowed bytes and never passes their end: after the first field
 * that does not fit it stays `is_bad` and gives zeroes, so that a decoder checks once at its end. Strings
 * are a length and bytes; the length UINT32_MAX is the absent string.
 */
#ifndef DATASTORE_STORE_STATE_FIXED_H
#define DATASTORE_STORE_STATE_FIXED_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"
#include "runtime/base/text.h"

void fixed_put_u8(struct text *out, uint8_t n);
void fixed_put_u32(struct text *out, uint32_t n);
void fixed_put_u64(struct text *out, uint64_t n);
void fixed_put_str(struct text *out, struct str s);
/* Leaves room for a u32 and gives its place; fixed_patch fills in how many bytes followed it. */
uint32_t fixed_hole(struct text *out);
void fixed_patch(struct text *out, uint32_t hole);

struct fixed {
	const uint8_t *at, *end;
	bool is_bad;
};

struct fixed fixed_of(struct str bytes);
uint8_t fixed_get_u8(struct fixed *in);
uint32_t fixed_get_u32(struct fixed *in);
uint64_t fixed_get_u64(struct fixed *in);
struct str fixed_get_str(struct fixed *in); /* borrowed from the input */
struct fixed fixed_part(struct fixed *in);  /* what fixed_hole and fixed_patch enclosed */
bool fixed_is_done(const struct fixed *in); /* nothing left and nothing was bad */
uint32_t fixed_left(const struct fixed *in);
/* A count of items that take at least `item_bytes` each: bad when they cannot fit into what is left. */
uint32_t fixed_count(struct fixed *in, uint32_t item_bytes, uint32_t max);

#endif
