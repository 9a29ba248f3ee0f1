#include "transport/wire/utf8.h"

/* The bytes of a character by its first byte, and the least code that needs so many. */
static uint32_t length_of(uint8_t first, uint32_t *least)
{
	if (first < 0x80) {
		*least = 0;
		return 1;
	}
	if (first >= 0xc2 && first < 0xe0) {
		*least = 0x80;
		return 2;
	}
	if (first >= 0xe0 && first < 0xf0) {
		*least = 0x800;
		return 3;
	}
	if (first >= 0xf0 && first < 0xf5) {
		*least = 0x10000;
		return 4;
	}
	return 0;
}

uint32_t utf8_decode(const char *at, const char *end, uint32_t *code)
{
	uint32_t least = 0, len = at < end ? length_of((uint8_t)*at, &least) : 0;
	uint32_t value;

	if (len == 0 || end - at < (int64_t)len)
		return 0;
	value = len == 1 ? (uint8_t)*at : (uint8_t)*at & (0x7fU >> len);
	for (uint32_t i = 1; i < len; i++) {
		if (((uint8_t)at[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | ((uint8_t)at[i] & 0x3fU);
	}
	if (value < least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	*code = value;
	return len;
}

uint32_t utf8_encode(uint32_t code, char out[4])
{
	if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		code = UTF8_REPLACEMENT;
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	uint32_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (uint32_t i = len - 1; i > 0; i--, code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)((0xf00U >> len & 0xff) | code);
	return len;
}

bool utf8_is_valid(struct str s)
{
	const char *at = s.at == NULL ? "" : s.at, *end = at + s.len;
	uint32_t code;

	while (at < end) {
		uint32_t len = utf8_decode(at, end, &code);
		if (len == 0)
			return false;
		at += len;
	}
	return true;
}

uint32_t utf8_count(struct str s)
{
	const char *at = s.at == NULL ? "" : s.at, *end = at + s.len;
	uint32_t count = 0, code;

	for (; at < end; count++) {
		uint32_t len = utf8_decode(at, end, &code);
		at += len == 0 ? 1 : len;
	}
	return count;
}
