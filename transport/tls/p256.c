#include <assert.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <string.h>

#include "transport/tls/p256-private.h"

#define CURVE "prime256v1"
#define NUMBER_BYTES 32U
#define POINT_BYTES 65U /* "uncompressed", SEC 1, 2.3.3 */

/* What stands before the number, and between it and the point. */
static const uint8_t head[] = { 0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20 };
static const uint8_t middle[] = {
	0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
	0x03, 0x01, 0x07, 0xa1, 0x44, 0x03, 0x42, 0x00,
};
#define NUMBER_AT (sizeof head)
#define MIDDLE_AT (NUMBER_AT + NUMBER_BYTES)
#define POINT_AT (MIDDLE_AT + sizeof middle)
_Static_assert(POINT_AT + POINT_BYTES == P256_PRIVATE_BYTES, "the parts are the whole");

static EVP_PKEY *make(OSSL_PARAM *params)
{
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	if (EVP_PKEY_fromdata_init(maker) != 1 ||
	    EVP_PKEY_fromdata(maker, &key, EVP_PKEY_KEYPAIR, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(maker);
	return key;
}

EVP_PKEY *p256_read(const uint8_t *der, size_t len)
{
	OSSL_PARAM_BLD *build;
	OSSL_PARAM *params;
	BIGNUM *number;
	EVP_PKEY *key;

	if (len != P256_PRIVATE_BYTES || memcmp(der, head, sizeof head) != 0 ||
	    memcmp(der + MIDDLE_AT, middle, sizeof middle) != 0)
		return NULL;
	number = BN_secure_new();
	BN_bin2bn(der + NUMBER_AT, NUMBER_BYTES, number);
	build = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, CURVE, 0);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, der + POINT_AT,
					 POINT_BYTES);
	params = OSSL_PARAM_BLD_to_param(build);
	key = make(params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_clear_free(number);
	return key;
}

static bool is_p256(const EVP_PKEY *key)
{
	char name[64];
	size_t len;

	return EVP_PKEY_is_a(key, "EC") &&
	       EVP_PKEY_get_group_name(key, name, sizeof name, &len) == 1 &&
	       strcmp(name, CURVE) == 0;
}

static bool get_point(const EVP_PKEY *key, uint8_t out[POINT_BYTES])
{
	size_t len;

	return is_p256(key) &&
	       EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, out, POINT_BYTES,
					       &len) == 1 &&
	       len == POINT_BYTES && out[0] == POINT_CONVERSION_UNCOMPRESSED;
}

bool p256_write(const EVP_PKEY *key, uint8_t out[P256_PRIVATE_BYTES])
{
	BIGNUM *number = NULL;
	bool is_done = get_point(key, out + POINT_AT) &&
		       EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
		       BN_bn2binpad(number, out + NUMBER_AT, NUMBER_BYTES) == (int)NUMBER_BYTES;

	BN_clear_free(number);
	memcpy(out, head, sizeof head);
	memcpy(out + MIDDLE_AT, middle, sizeof middle);
	return is_done;
}

bool p256_set_public(X509 *certificate, const EVP_PKEY *key)
{
	uint8_t *point = OPENSSL_malloc(POINT_BYTES);

	assert(point != NULL);
	/* Takes the point over when it is done. */
	if (get_point(key, point) &&
	    X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(certificate),
				   OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
				   OBJ_nid2obj(NID_X9_62_prime256v1), point, POINT_BYTES) == 1)
		return true;
	OPENSSL_free(point);
	return false;
}
