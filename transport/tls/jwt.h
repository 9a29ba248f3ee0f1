/*
 * JSON Web Tokens in the compact form (RFC 7515, 7518, 7519): ES256 and RS256 are signed; those and their larger kin, PS256 to PS512 too, are read.
 *
 * Claims are bytes here: what they mean is for actors/authentication. Any thread may call this. Nothing that a token says
 * about its own verification is believed beyond picking a key: the algorithm must be one of the key's kind, "none" and HMAC do not exist.
 * Bounded by JWT_MAX.
 */
#ifndef TRANSPORT_TLS_JWT_H
#define TRANSPORT_TLS_JWT_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "transport/tls/certificate-key.h"

#define JWT_MAX \
	(16U *  \
	 1024U) /* a service account token is about 1 KiB, an OIDC one with many groups 8 KiB */

/* A token taken apart; nothing in it is to be believed before jwt_verify. Points into the token and the arena. */
struct jwt {
	struct str algorithm; /* "ES256" */
	struct str key_id;    /* absent when the header names none */
	struct str claims;    /* the payload's bytes: a JSON object if its issuer is sane */
	struct str signed_part;
	struct str signature;
};

/* INVALID with words when it is no token at all. */
MUST_USE enum status jwt_read(struct str token, struct arena *arena, struct jwt *out,
			      struct fault *why);

/* Whether jwt_verify() may ever say OK of it: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512. */
bool jwt_algorithm_is_known(struct str algorithm);

/*
 * Is the signature by this key? UNAUTHORIZED when not, also when the header names an algorithm that is none of the key's: a curve has one, an
 * RSA key six.
 */
MUST_USE enum status jwt_verify(const struct jwt *jwt, const struct certificate_key *key,
				struct fault *why);

/* `claims` is the JSON payload; the header names the key by jwt_key_id. P-256 signs ES256, RSA signs RS256. */
MUST_USE enum status jwt_sign(struct str claims, const struct certificate_key *key,
			      struct arena *arena, struct str *out_token, struct fault *why);

/* How the API server of upstream names keys: base64url of the SHA-256 of the public key's DER form. */
struct str jwt_key_id(const struct certificate_key *key, struct arena *arena);

/* {"keys":[...]} for /openid/v1/jwks; order and members as upstream writes them. */
struct str jwt_key_set(const struct certificate_key *const *keys, uint32_t count,
		       struct arena *arena);

/* base64url without padding (RFC 7515, 2). Decoding refuses padding, white space and stray bits: INVALID. */
struct str jwt_base64url(struct str bytes, struct arena *arena);
MUST_USE enum status jwt_base64url_decode(struct str text, struct arena *arena, struct str *out);

#endif
