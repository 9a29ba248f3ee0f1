/*
 * Boxes under a secret key: XSalsa20 and Poly1305, as NaCl's secretbox has them and others write them.
 *
 * Any thread may call this. The cipher is ours and the authenticator OpenSSL's: OpenSSL has no Salsa20, and a library for sixty lines of additions and rotations,
 * which take the same time whatever the key is, would be one more to trust. A nonce of 24 random bytes may be drawn for every box of a key's whole life.
 */
#ifndef TRANSPORT_TLS_SECRETBOX_H
#define TRANSPORT_TLS_SECRETBOX_H

#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/base/str.h"

#define SECRETBOX_KEY_BYTES 32U
#define SECRETBOX_EXTRA_BYTES 40U /* nonce of 24 and tag of 16 before what is closed */

/* out = nonce, tag, ciphertext: plain.len + SECRETBOX_EXTRA_BYTES bytes. */
void secretbox_close(const uint8_t key[SECRETBOX_KEY_BYTES], struct str plain, void *out);
/* The way back: closed.len - SECRETBOX_EXTRA_BYTES bytes. CORRUPT when the key or any bit is another. */
MUST_USE enum status secretbox_open(const uint8_t key[SECRETBOX_KEY_BYTES], struct str closed,
				    void *out);

#endif
