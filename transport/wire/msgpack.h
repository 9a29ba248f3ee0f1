/*
 * Bodies of actor messages: MessagePack, positional. The writers of message encoders call these.
 *
 * A body is one array; its fields stand in it by place. Fields are only ever added at the end: a reader passes over
 * those it does not know, and takes those that an older sender left out for zero or absent.
 *
 *     pack_begin(out, 2);                   struct unpack in = unpack_of(body);
 *     pack_u64(out, message->revision);     unpack_begin(&in);
 *     pack_str(out, message->key);          message->revision = unpack_u64(&in);
 *                                           message->key = unpack_str(&in);
 *                                           unpack_end(&in);
 *                                           return unpack_status(&in);
 *
 * Writing ends with a look at `out->is_cut`. Reading is bounds checked and never allocates; a wrong type, a cut or
 * a number out of range makes the reader bad, everything read from then on is zero or absent, and unpack_status() says so.
 */
#ifndef TRANSPORT_WIRE_MSGPACK_H
#define TRANSPORT_WIRE_MSGPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

struct arena;

#pragma GCC visibility push(default)

/* An array of `count` values, which follow. A body, and each struct within one. */
void pack_begin(struct text *out, uint32_t count);
/* The same for a list of like values. */
void pack_list(struct text *out, uint32_t count);
void pack_u64(struct text *out, uint64_t value);
void pack_i64(struct text *out, int64_t value);
void pack_bool(struct text *out, bool value);
void pack_double(struct text *out, double value);
void pack_str(struct text *out, struct str value);   /* absent becomes nil and is absent again */
void pack_bytes(struct text *out, struct str value); /* the same for bytes that are no text */
/* The body of a message without fields: what struct act_type calls to encode and decode it. */
MUST_USE enum status pack_nothing(const void *body, struct text *out);
MUST_USE enum status unpack_nothing(struct str bytes, struct arena *arena, void *body);

/* Arrays within arrays; as deep as our messages go, and as far as unpack_end() passes over others. */
#define UNPACK_DEPTH_MAX 16

struct unpack {
	const uint8_t *at, *end;
	uint32_t depth;
	uint32_t left[UNPACK_DEPTH_MAX]; /* values not yet read, of each array that is open */
	bool is_bad;
};

struct unpack unpack_of(struct str body);
/* Opens an array of fields; unpack_end() closes it, passing over what is left. */
void unpack_begin(struct unpack *in);
void unpack_end(struct unpack *in);
/* Opens a list and gives how many follow: never more than there are bytes, so an array may be made of it. */
uint32_t unpack_list(struct unpack *in);
uint64_t unpack_u64(struct unpack *in);
uint32_t unpack_u32(struct unpack *in); /* bad when it does not fit */
int64_t unpack_i64(struct unpack *in);
int32_t unpack_i32(struct unpack *in);
bool unpack_bool(struct unpack *in);
double unpack_double(struct unpack *in);
struct str unpack_str(struct unpack *in); /* borrowed from the body; text or bytes, or nil: absent */
struct str unpack_bytes(struct unpack *in); /* the same */
/* CORRUPT when anything was wrong, when an array is still open, or when bytes are left over at the end. */
MUST_USE enum status unpack_status(const struct unpack *in);

#pragma GCC visibility pop

#endif
