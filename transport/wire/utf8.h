/*
 * UTF-8 (RFC 3629): which bytes are text. No overlong forms, no surrogates, nothing past U+10FFFF.
 */
#ifndef TRANSPORT_WIRE_UTF8_H
#define TRANSPORT_WIRE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"

#define UTF8_REPLACEMENT 0xFFFDU

/* The bytes of the character at the start, 1 to 4; 0: it is none. `*code` is set when it is one. */
uint32_t utf8_decode(const char *at, const char *end, uint32_t *code);
/* Writes a character, 1 to 4 bytes; what cannot be written becomes U+FFFD. */
uint32_t utf8_encode(uint32_t code, char out[4]);
bool utf8_is_valid(struct str s);
/* Characters; each byte that is part of none counts as one. */
uint32_t utf8_count(struct str s);

#endif
