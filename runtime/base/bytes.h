/*
 * Little-endian numbers in bytes: what our own formats on disk and between nodes are made of.
 *
 * bytes_put_* write where the caller has made room. A `struct bytes_reader` walks untrusted input: a read past
 * the end gives 0 and sets `is_short`, so that a decoder reads a whole header and checks once.
 */
#ifndef RUNTIME_BASE_BYTES_H
#define RUNTIME_BASE_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "runtime/base/str.h"

static inline char *bytes_put(char *at, uint64_t value, uint32_t width)
{
	const uint64_t bytes = htole64(value);
	memcpy(at, &bytes, width);
	return at + width;
}

static inline char *bytes_put_u8(char *at, uint8_t value)
{
	return bytes_put(at, value, 1);
}

static inline char *bytes_put_u16(char *at, uint16_t value)
{
	return bytes_put(at, value, 2);
}

static inline char *bytes_put_u32(char *at, uint32_t value)
{
	return bytes_put(at, value, 4);
}

static inline char *bytes_put_u64(char *at, uint64_t value)
{
	return bytes_put(at, value, 8);
}

static inline uint64_t bytes_get(const char *at, uint32_t width)
{
	uint64_t bytes = 0;
	memcpy(&bytes, at, width);
	return le64toh(bytes);
}

struct bytes_reader {
	struct str rest;
	bool is_short;
};

static inline struct str bytes_read(struct bytes_reader *reader, uint32_t len)
{
	if (len > reader->rest.len) {
		reader->is_short = true;
		reader->rest.len = 0;
		return STR_NONE;
	}
	struct str taken = { reader->rest.at, len };
	reader->rest.at += len;
	reader->rest.len -= len;
	return taken;
}

static inline uint64_t bytes_read_number(struct bytes_reader *reader, uint32_t width)
{
	struct str taken = bytes_read(reader, width);
	return taken.at ? bytes_get(taken.at, width) : 0;
}

static inline uint8_t bytes_read_u8(struct bytes_reader *reader)
{
	return (uint8_t)bytes_read_number(reader, 1);
}

static inline uint16_t bytes_read_u16(struct bytes_reader *reader)
{
	return (uint16_t)bytes_read_number(reader, 2);
}

static inline uint32_t bytes_read_u32(struct bytes_reader *reader)
{
	return (uint32_t)bytes_read_number(reader, 4);
}

static inline uint64_t bytes_read_u64(struct bytes_reader *reader)
{
	return bytes_read_number(reader, 8);
}

#endif
