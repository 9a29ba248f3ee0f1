#include "transport/tls/crypto.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "transport/tls/tls-private.h"

enum { NONCE_BYTES = 12, TAG_BYTES = 16 };

_Static_assert(NONCE_BYTES + TAG_BYTES == CRYPTO_SEAL_EXTRA_BYTES, "as the header says");

/* A random generator or a hash that fails leaves nothing safe to do. */
static void must(int is_one)
{
	if (is_one != 1)
		abort();
}

void crypto_random(void *out, size_t len)
{
	tls_library();
	must(RAND_bytes(out, (int)len));
}

void crypto_sha1(struct str bytes, uint8_t out[CRYPTO_SHA1_BYTES])
{
	must(EVP_Digest(bytes.at, bytes.len, out, NULL, tls_library()->sha1, NULL));
}

void crypto_sha256(struct str bytes, uint8_t out[CRYPTO_SHA256_BYTES])
{
	must(EVP_Digest(bytes.at, bytes.len, out, NULL, tls_library()->sha256, NULL));
}

/* OpenSSL's context under our name. */
static EVP_MD_CTX *context_of(struct crypto_sha256 *digest)
{
	return (EVP_MD_CTX *)digest;
}

struct crypto_sha256 *crypto_sha256_begin(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	must(context != NULL);
	must(EVP_DigestInit_ex(context, tls_library()->sha256, NULL));
	return (struct crypto_sha256 *)context;
}

void crypto_sha256_add(struct crypto_sha256 *digest, struct str bytes)
{
	must(EVP_DigestUpdate(context_of(digest), bytes.at, bytes.len));
}

void crypto_sha256_end(struct crypto_sha256 *digest, uint8_t *out)
{
	if (out != NULL)
		must(EVP_DigestFinal_ex(context_of(digest), out, NULL));
	EVP_MD_CTX_free(context_of(digest));
}

void crypto_hmac_sha256(struct str key, struct str bytes, uint8_t out[CRYPTO_SHA256_BYTES])
{
	unsigned len = CRYPTO_SHA256_BYTES;

	/* HMAC() takes NULL as "the key of last time". */
	must(HMAC(tls_library()->sha256, key.at != NULL ? key.at : "", (int)key.len,
		  (const uint8_t *)(bytes.at != NULL ? bytes.at : ""), bytes.len, out,
		  &len) != NULL);
	assert(len == CRYPTO_SHA256_BYTES);
}

bool crypto_equal(struct str a, struct str b)
{
	return a.len == b.len && CRYPTO_memcmp(a.at, b.at, a.len) == 0;
}

void crypto_wipe(void *at, size_t len)
{
	OPENSSL_cleanse(at, len);
}

void crypto_seal(const uint8_t key[CRYPTO_SEAL_KEY_BYTES], struct str plain, struct str context,
		 void *out)
{
	uint8_t *nonce = out, *body = nonce + NONCE_BYTES, *tag = body + plain.len;
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int len = 0;

	crypto_random(nonce, NONCE_BYTES);
	must(cipher != NULL);
	must(EVP_EncryptInit_ex2(cipher, tls_library()->aes_256_gcm, key, nonce, NULL));
	if (context.len > 0)
		must(EVP_EncryptUpdate(cipher, NULL, &len, (const uint8_t *)context.at,
				       (int)context.len));
	if (plain.len > 0)
		must(EVP_EncryptUpdate(cipher, body, &len, (const uint8_t *)plain.at,
				       (int)plain.len));
	must(EVP_EncryptFinal_ex(cipher, tag, &len));
	must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag));
	EVP_CIPHER_CTX_free(cipher);
}

enum status crypto_open(const uint8_t key[CRYPTO_SEAL_KEY_BYTES], struct str sealed,
			struct str context, void *out)
{
	const uint8_t *nonce = (const uint8_t *)sealed.at, *body = nonce + NONCE_BYTES;
	EVP_CIPHER_CTX *cipher;
	uint32_t body_len;
	uint8_t end[16];
	int len = 0, is_whole;

	if (sealed.len < CRYPTO_SEAL_EXTRA_BYTES)
		return CORRUPT;
	body_len = sealed.len - CRYPTO_SEAL_EXTRA_BYTES;
	cipher = EVP_CIPHER_CTX_new();
	must(cipher != NULL);
	must(EVP_DecryptInit_ex2(cipher, tls_library()->aes_256_gcm, key, nonce, NULL));
	must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES,
				 (void *)(uintptr_t)(body + body_len)));
	if (context.len > 0)
		must(EVP_DecryptUpdate(cipher, NULL, &len, (const uint8_t *)context.at,
				       (int)context.len));
	if (body_len > 0)
		must(EVP_DecryptUpdate(cipher, out, &len, body, (int)body_len));
	is_whole = EVP_DecryptFinal_ex(cipher, end, &len);
	EVP_CIPHER_CTX_free(cipher);
	if (is_whole == 1)
		return OK;
	OPENSSL_cleanse(out, body_len); /* nobody may look at what was not authentic */
	return CORRUPT;
}

/* ---- AES as others write it -------------------------------------------------------------------------------- */

#define BLOCK_BYTES 16

static const EVP_CIPHER *cipher_of(enum crypto_cipher cipher, struct str key)
{
	assert(key.len == 16 || key.len == 24 || key.len == 32);
	tls_library();
	if (cipher == CRYPTO_AES_GCM)
		return key.len == 16   ? EVP_aes_128_gcm()
		       : key.len == 24 ? EVP_aes_192_gcm()
				       : EVP_aes_256_gcm();
	return key.len == 16   ? EVP_aes_128_cbc()
	       : key.len == 24 ? EVP_aes_192_cbc()
			       : EVP_aes_256_cbc();
}

uint32_t crypto_encrypt(enum crypto_cipher cipher, struct str key, struct str plain,
			struct str context, void *out)
{
	bool is_gcm = cipher == CRYPTO_AES_GCM;
	uint32_t begin = is_gcm ? NONCE_BYTES : BLOCK_BYTES;
	uint8_t *body = (uint8_t *)out + begin;
	EVP_CIPHER_CTX *one = EVP_CIPHER_CTX_new();
	int len = 0, last = 0, none;

	crypto_random(out, begin);
	must(one != NULL);
	must(EVP_EncryptInit_ex2(one, cipher_of(cipher, key), (const uint8_t *)key.at, out, NULL));
	if (is_gcm && context.len > 0)
		must(EVP_EncryptUpdate(one, NULL, &none, (const uint8_t *)context.at,
				       (int)context.len));
	if (plain.len > 0)
		must(EVP_EncryptUpdate(one, body, &len, (const uint8_t *)plain.at, (int)plain.len));
	must(EVP_EncryptFinal_ex(one, body + len, &last));
	if (is_gcm)
		must(EVP_CIPHER_CTX_ctrl(one, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, body + len));
	EVP_CIPHER_CTX_free(one);
	return begin + (uint32_t)(len + last) + (is_gcm ? TAG_BYTES : 0);
}

enum status crypto_decrypt(enum crypto_cipher cipher, struct str key, struct str bytes,
			   struct str context, void *out, uint32_t *out_len)
{
	bool is_gcm = cipher == CRYPTO_AES_GCM;
	uint32_t begin = is_gcm ? NONCE_BYTES : BLOCK_BYTES, end = is_gcm ? TAG_BYTES : 0;
	const uint8_t *from = (const uint8_t *)bytes.at;
	EVP_CIPHER_CTX *one;
	uint32_t body_len;
	int len = 0, last = 0, none, is_whole;

	if (bytes.len < begin + end || (!is_gcm && (bytes.len == begin || bytes.len % BLOCK_BYTES)))
		return CORRUPT;
	body_len = bytes.len - begin - end;
	one = EVP_CIPHER_CTX_new();
	must(one != NULL);
	must(EVP_DecryptInit_ex2(one, cipher_of(cipher, key), (const uint8_t *)key.at, from, NULL));
	if (is_gcm)
		must(EVP_CIPHER_CTX_ctrl(one, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES,
					 (void *)(uintptr_t)(from + begin + body_len)));
	if (is_gcm && context.len > 0)
		must(EVP_DecryptUpdate(one, NULL, &none, (const uint8_t *)context.at,
				       (int)context.len));
	if (body_len > 0)
		must(EVP_DecryptUpdate(one, out, &len, from + begin, (int)body_len));
	is_whole = EVP_DecryptFinal_ex(one, (uint8_t *)out + len, &last);
	EVP_CIPHER_CTX_free(one);
	if (is_whole != 1) {
		OPENSSL_cleanse(out, body_len); /* nobody may look at what was not authentic */
		return CORRUPT;
	}
	*out_len = (uint32_t)(len + last);
	return OK;
}

bool crypto_scrypt_is_sane(struct crypto_scrypt_cost cost)
{
	return cost.log2_n >= 1 && cost.log2_n <= 20 && cost.r >= 1 && cost.r <= 64 &&
	       cost.p >= 1 && cost.p <= 16 &&
	       (UINT64_C(128) * cost.r << cost.log2_n) <= CRYPTO_SCRYPT_BYTES_MAX;
}

void crypto_scrypt(struct str passphrase, struct str salt, struct crypto_scrypt_cost cost,
		   uint8_t out[CRYPTO_SEAL_KEY_BYTES])
{
	assert(crypto_scrypt_is_sane(cost));
	tls_library();
	must(EVP_PBE_scrypt(passphrase.at, passphrase.len, (const uint8_t *)salt.at, salt.len,
			    UINT64_C(1) << cost.log2_n, cost.r, cost.p,
			    UINT64_C(2) * CRYPTO_SCRYPT_BYTES_MAX, out, CRYPTO_SEAL_KEY_BYTES));
}
