#include "transport/tls/certificate-key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "transport/tls/p256-private.h"
#include "transport/tls/tls-private.h"

#define RSA_BITS_MIN 2048        /* NIST SP 800-131A: less is broken by those who want to */
#define RSA_BITS_MAX 8192        /* more is an attack on our time */
#define COORDINATE_BYTES_MAX 66U /* of P-521 */

static struct certificate_key *key_wrap(TAKE EVP_PKEY *handle, bool is_private)
{
	struct certificate_key *key = mem_new(struct certificate_key);

	key->handle = handle;
	key->is_private = is_private;
	return key;
}

struct certificate_key *certificate_key_new(void)
{
	EVP_PKEY *handle;

	tls_library();
	handle = EVP_EC_gen("P-256");
	if (handle == NULL)
		abort(); /* no entropy or no memory */
	return key_wrap(handle, true);
}

void certificate_key_free(struct certificate_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->handle);
	mem_free(key);
}

struct curve {
	const char *name, *group; /* of JWKs (RFC 7518, 6.2.1.1), of OpenSSL */
	uint32_t bytes;           /* of a coordinate */
};
static const struct curve curves[] = { { "P-256", "prime256v1", 32 },
				       { "P-384", "secp384r1", 48 },
				       { "P-521", "secp521r1", 66 } };
#define CURVES (sizeof curves / sizeof curves[0])

static bool is_curve_known(EVP_PKEY *handle)
{
	char name[64];
	size_t len;

	if (EVP_PKEY_get_group_name(handle, name, sizeof name, &len) != 1)
		return false;
	for (size_t i = 0; i < CURVES; i++)
		if (strcmp(name, curves[i].group) == 0)
			return true;
	return false;
}

static enum status key_judge(TAKE EVP_PKEY *handle, bool is_private,
			     GIVE struct certificate_key **out, struct fault *why)
{
	bool is_rsa = EVP_PKEY_is_a(handle, "RSA"), is_ec = EVP_PKEY_is_a(handle, "EC");
	int bits = EVP_PKEY_get_bits(handle);

	if (is_rsa ? bits < RSA_BITS_MIN || bits > RSA_BITS_MAX
		   : !is_ec || !is_curve_known(handle)) {
		EVP_PKEY_free(handle);
		return tls_fault(
		    why, INVALID,
		    "the key is neither RSA of %d to %d bits nor P-256, P-384 or P-521",
		    RSA_BITS_MIN, RSA_BITS_MAX);
	}
	*out = key_wrap(handle, is_private);
	return OK;
}

static EVP_PKEY *certificate_public_key(const uint8_t *at, long len)
{
	X509 *certificate = d2i_X509(NULL, &at, len);
	EVP_PKEY *handle = certificate != NULL ? X509_get_pubkey(certificate) : NULL;

	X509_free(certificate);
	return handle;
}

static EVP_PKEY *private_key(const char *name, const uint8_t *at, long len)
{
	EVP_PKEY *own = strcmp(name, P256_PRIVATE_NAME) == 0 ? p256_read(at, (size_t)len) : NULL;

	return own != NULL ? own : d2i_AutoPrivateKey(NULL, &at, len);
}

/* One PEM block. Returns false when it holds no key at all, so that the search goes on. */
static bool block_to_key(const char *name, const char *header, const uint8_t *at, long len,
			 EVP_PKEY **handle, bool *is_private, bool *is_encrypted)
{
	*handle = NULL;
	*is_private = strstr(name, "PRIVATE KEY") != NULL;
	*is_encrypted = strcmp(name, "ENCRYPTED PRIVATE KEY") == 0 || strstr(header, "ENCRYPTED");
	if (*is_encrypted)
		return true;
	if (*is_private)
		*handle = private_key(name, at, len);
	else if (strcmp(name, "PUBLIC KEY") == 0)
		*handle = d2i_PUBKEY(NULL, &at, len);
	else if (strcmp(name, "RSA PUBLIC KEY") == 0)
		*handle = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, len);
	else if (strcmp(name, "CERTIFICATE") == 0)
		*handle = certificate_public_key(at, len);
	else
		return false;
	return true;
}

/* PEM_read_bio_PrivateKey would ask for a pass phrase on the terminal; this never does. */
enum status certificate_key_from_pem(struct str pem, struct certificate_key **out, struct fault *why)
{
	char *name, *header;
	uint8_t *at;
	long len;
	bool is_found = false, is_private = false, is_encrypted = false;
	EVP_PKEY *handle = NULL;
	BIO *bio;

	tls_library();
	if (pem.len > CERTIFICATE_PEM_MAX)
		return fault_set(why, TOO_LARGE, "", "a key of %u bytes is no key", pem.len);
	bio = BIO_new_mem_buf(pem.len > 0 ? pem.at : "", (int)pem.len);
	while (!is_found && PEM_read_bio(bio, &name, &header, &at, &len) == 1) {
		is_found = block_to_key(name, header, at, len, &handle, &is_private, &is_encrypted);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(at, (size_t)len);
	}
	BIO_free(bio);
	if (!is_found)
		return tls_fault(why, INVALID, "no key in PEM form found");
	if (is_encrypted)
		return tls_fault(why, INVALID, "the key is protected by a pass phrase: remove it");
	if (handle == NULL)
		return tls_fault(why, INVALID, "the key is damaged");
	return key_judge(handle, is_private, out, why);
}

static enum status key_from_params(const char *type, OSSL_PARAM_BLD *build,
				   struct certificate_key **out, struct fault *why)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *handle = NULL;
	bool is_made = EVP_PKEY_fromdata_init(maker) == 1 &&
		       EVP_PKEY_fromdata(maker, &handle, EVP_PKEY_PUBLIC_KEY, params) == 1;

	EVP_PKEY_CTX_free(maker);
	OSSL_PARAM_free(params);
	if (!is_made)
		return tls_fault(why, INVALID, "the numbers are no %s key", type);
	return key_judge(handle, false, out, why);
}

enum status certificate_key_from_rsa(struct str modulus, struct str exponent,
				     struct certificate_key **out, struct fault *why)
{
	OSSL_PARAM_BLD *build;
	BIGNUM *n, *e;
	enum status status;

	tls_library();
	if (modulus.len > RSA_BITS_MAX / 8 + 1 || exponent.len > 8)
		return fault_set(why, INVALID, "", "an RSA key of %u bytes is too large",
				 modulus.len);
	n = BN_bin2bn((const uint8_t *)modulus.at, (int)modulus.len, NULL);
	e = BN_bin2bn((const uint8_t *)exponent.at, (int)exponent.len, NULL);
	build = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
	status = key_from_params("RSA", build, out, why);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	return status;
}

static const struct curve *curve_find(struct str name)
{
	for (size_t i = 0; i < CURVES; i++)
		if (str_is(name, curves[i].name))
			return &curves[i];
	return NULL;
}

enum status certificate_key_from_ec(struct str name, struct str x, struct str y,
				    struct certificate_key **out, struct fault *why)
{
	uint8_t point[1 + 2 * COORDINATE_BYTES_MAX] = { 4 }; /* "uncompressed", SEC 1, 2.3.3 */
	const struct curve *curve = curve_find(name);
	OSSL_PARAM_BLD *build;
	enum status status;

	tls_library();
	if (curve == NULL)
		return fault_set(why, INVALID, "", "the curve is none of P-256, P-384 and P-521");
	if (x.len != curve->bytes || y.len != curve->bytes)
		return fault_set(why, INVALID, "", "a %s coordinate has %u bytes, not %u",
				 curve->name, curve->bytes, x.len != curve->bytes ? x.len : y.len);
	memcpy(point + 1, x.at, x.len);
	memcpy(point + 1 + x.len, y.at, y.len);
	build = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point,
					 1 + 2 * (size_t)curve->bytes);
	status = key_from_params("EC", build, out, why);
	OSSL_PARAM_BLD_free(build);
	return status;
}

bool certificate_key_is_private(const struct certificate_key *key)
{
	return key->is_private;
}

struct str certificate_key_private_pem(const struct certificate_key *key, struct arena *arena)
{
	BIO *bio = BIO_new(BIO_s_mem());
	uint8_t der[P256_PRIVATE_BYTES];
	bool is_written;

	assert(key->is_private);
	if (p256_write(key->handle, der))
		is_written = PEM_write_bio(bio, P256_PRIVATE_NAME, "", der, sizeof der) > 0;
	else
		is_written =
		    PEM_write_bio_PKCS8PrivateKey(bio, key->handle, NULL, NULL, 0, NULL, NULL) == 1;
	OPENSSL_cleanse(der, sizeof der);
	if (!is_written)
		abort(); /* only for want of memory: the key was judged */
	return tls_bio_to_arena(bio, arena);
}

struct str certificate_key_public_pem(const struct certificate_key *key, struct arena *arena)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (PEM_write_bio_PUBKEY(bio, key->handle) != 1)
		abort();
	return tls_bio_to_arena(bio, arena);
}

struct str certificate_key_public_der(const struct certificate_key *key, struct arena *arena)
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key->handle, &der);
	struct str out;

	if (len <= 0)
		abort();
	out = arena_str(arena, str_of(der, (size_t)len));
	OPENSSL_free(der);
	return out;
}
