/*
 * Keys of an issuer of tokens: a JWK Set (RFC 7517) and what of it can verify.
 *
 * Keys of other kinds, for other uses or with numbers that are no key are left out: a set is good if one is left. ISSUER_KEYS_MAX at most,
 * which is several times what providers have while they change theirs.
 */
#ifndef ACTORS_AUTHENTICATION_ISSUER_KEYS_H
#define ACTORS_AUTHENTICATION_ISSUER_KEYS_H

#include "runtime/base/base.h"
#include "transport/tls/jwt.h"

#define ISSUER_KEYS_MAX 64U

struct issuer_key {
	struct str id; /* absent: the set names none */
	struct certificate_key *key;
};

struct issuer_keys {
	struct issuer_key *at;
	uint32_t count;
	uint64_t stamp; /* of the text: another set has another */
};

/* The keys are the arena's. INVALID with words: it is no set, or has no key of use. */
MUST_USE enum status issuer_keys_read(struct str text, struct arena *arena, struct issuer_keys *out,
				      struct fault *why);
/* Whether one of those that the token's header may mean has signed it. */
bool issuer_keys_verify(const struct issuer_keys *keys, const struct jwt *jwt);

#endif
