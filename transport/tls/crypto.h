/*
 * The few primitives of cryptography that the rest of the program needs as bytes in, bytes out.
 *
 * Any thread may call them. They cannot fail on sane input: a failure inside the library (no entropy, no
 * memory) ends the process, since going on without would be worse. Sizes are bounded by their callers.
 */
#ifndef TRANSPORT_TLS_CRYPTO_H
#define TRANSPORT_TLS_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/base/str.h"

#define CRYPTO_SHA1_BYTES 20
#define CRYPTO_SHA256_BYTES 32
#define CRYPTO_SEAL_KEY_BYTES 32
#define CRYPTO_SEAL_EXTRA_BYTES 28 /* nonce of 12 and tag of 16 around what is sealed */

/* Unpredictable bytes for keys and tokens. Never for back-off or sampling: those use the random seam. */
void crypto_random(void *out, size_t len);

/* Only for Sec-WebSocket-Accept (RFC 6455), where it protects nothing. */
void crypto_sha1(struct str bytes, uint8_t out[CRYPTO_SHA1_BYTES]);
void crypto_sha256(struct str bytes, uint8_t out[CRYPTO_SHA256_BYTES]);
/* The same of bytes that come in pieces; crypto_sha256_end gives the digest and frees, `out` NULL only frees. */
struct crypto_sha256;
GIVE struct crypto_sha256 *crypto_sha256_begin(void);
void crypto_sha256_add(struct crypto_sha256 *digest, struct str bytes);
void crypto_sha256_end(TAKE struct crypto_sha256 *digest, uint8_t *out);
void crypto_hmac_sha256(struct str key, struct str bytes, uint8_t out[CRYPTO_SHA256_BYTES]);

/* Takes as long for a wrong first byte as for a wrong last one; lengths are not secret. */
bool crypto_equal(struct str a, struct str b);

/* Overwrites a secret in a way the compiler keeps. */
void crypto_wipe(void *at, size_t len);

/*
 * AES-256-GCM with a random nonce: out = nonce, ciphertext, tag; plain.len + CRYPTO_SEAL_EXTRA_BYTES bytes.
 * `context` is authenticated but not stored: the key under which a Secret lies, so that two cannot be
 * swapped on disk. At most 2^32 seals under one key (NIST SP 800-38D, 8.3): rotate long before.
 */
void crypto_seal(const uint8_t key[CRYPTO_SEAL_KEY_BYTES], struct str plain, struct str context,
		 void *out);
/* The way back, sealed.len - CRYPTO_SEAL_EXTRA_BYTES bytes; CORRUPT when key, context or any bit is another. */
MUST_USE enum status crypto_open(const uint8_t key[CRYPTO_SEAL_KEY_BYTES], struct str sealed,
				 struct str context, void *out);

/*
 * AES with a key of 16, 24 or 32 bytes, as others write it: out = nonce of 12, ciphertext, tag of 16 (GCM); or a first block of 16,
 * ciphertext padded as PKCS #7 says (CBC, which proves nothing: for what was written so). `context` is GCM's alone. Both give how many
 * bytes they wrote: at most CRYPTO_ENCRYPT_EXTRA more than there were, or no more.
 */
enum crypto_cipher { CRYPTO_AES_GCM, CRYPTO_AES_CBC };
#define CRYPTO_ENCRYPT_EXTRA 32U
uint32_t crypto_encrypt(enum crypto_cipher cipher, struct str key, struct str plain,
			struct str context, void *out);
MUST_USE enum status crypto_decrypt(enum crypto_cipher cipher, struct str key, struct str bytes,
				    struct str context, void *out, uint32_t *out_len);

/*
 * A key from a passphrase that costs whoever guesses as much each time (scrypt, RFC 7914): 128 * r * 2^log2_n bytes of memory. Costs that
 * come from outside are judged first: CRYPTO_SCRYPT_BYTES_MAX.
 */
#define CRYPTO_SCRYPT_BYTES_MAX (256U * 1024U * 1024U)
struct crypto_scrypt_cost {
	uint32_t log2_n, r, p;
};
bool crypto_scrypt_is_sane(struct crypto_scrypt_cost cost);
void crypto_scrypt(struct str passphrase, struct str salt, struct crypto_scrypt_cost cost,
		   uint8_t out[CRYPTO_SEAL_KEY_BYTES]);

#endif
