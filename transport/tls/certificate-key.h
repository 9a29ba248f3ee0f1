/*
 * A key for signatures: an own private key, or another's public one.
 *
 * We make P-256 keys (small, fast, in every client) and read RSA, P-256, P-384 and P-521 ones. A key is made once,
 * never changes and may be shared by threads; its owner frees it. PEM is PKCS#8 and SubjectPublicKeyInfo.
 */
#ifndef TRANSPORT_TLS_CERTIFICATE_KEY_H
#define TRANSPORT_TLS_CERTIFICATE_KEY_H

#include <stdbool.h>

#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"

struct certificate_key;

GIVE struct certificate_key *certificate_key_new(void);
void certificate_key_free(TAKE struct certificate_key *key); /* NULL is fine; wipes it */

/* The first private or public key, or the key of the first certificate, in the text; also "EC" and "RSA" forms. */
MUST_USE enum status certificate_key_from_pem(struct str pem, GIVE struct certificate_key **out,
					      struct fault *why);
/* From the raw numbers of a JSON Web Key (RFC 7518, 6): big-endian, as decoded from base64url. */
MUST_USE enum status certificate_key_from_rsa(struct str modulus, struct str exponent,
					      GIVE struct certificate_key **out, struct fault *why);
/* `curve` as JWKs name it: P-256, P-384, P-521. */
MUST_USE enum status certificate_key_from_ec(struct str curve, struct str x, struct str y,
					     GIVE struct certificate_key **out, struct fault *why);

bool certificate_key_is_private(const struct certificate_key *key);
struct str certificate_key_private_pem(const struct certificate_key *key, struct arena *arena);
struct str certificate_key_public_pem(const struct certificate_key *key, struct arena *arena);
struct str certificate_key_public_der(const struct certificate_key *key, struct arena *arena);

#endif
