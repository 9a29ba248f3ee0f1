/*
 * Base64 (RFC 4648): the standard alphabet with padding, as in Secrets, and the URL one without, as in JWT.
 */
#ifndef TRANSPORT_WIRE_BASE64_H
#define TRANSPORT_WIRE_BASE64_H

#include "runtime/base/arena.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

enum base64_kind { BASE64_STANDARD, BASE64_URL };

void base64_encode(enum base64_kind kind, struct str bytes, struct text *out);
/*
 * STANDARD wants its padding and passes over line ends, as Go's decoder does; URL wants none. INVALID: `*error_at` is
 * the offset of the first wrong byte (the pointer may be NULL). The bytes are the arena's; empty gives empty.
 */
MUST_USE enum status base64_decode(enum base64_kind kind, struct str text, struct arena *arena,
				   struct str *out, uint32_t *error_at);

#endif
