#include "transport/tls/jwt.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "runtime/base/base.h"
#include "transport/tls/crypto.h"
#include "transport/tls/tls-private.h"

#define COORDINATE_BYTES 32 /* of P-256; a signature is two of them (RFC 7518, 3.4) */
#define HEADER_MAX 1024U

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct str jwt_base64url(struct str bytes, struct arena *arena)
{
	uint32_t len = (bytes.len * 4 + 2) / 3, at = 0;
	char *out = arena_alloc(arena, len + 1);
	uint32_t bits = 0, held = 0;

	for (uint32_t i = 0; i < bytes.len; i++) {
		held = held << 8 | (uint8_t)bytes.at[i];
		for (bits += 8; bits >= 6; bits -= 6)
			out[at++] = alphabet[held >> (bits - 6) & 63];
	}
	if (bits > 0)
		out[at++] = alphabet[held << (6 - bits) & 63];
	assert(at == len);
	out[len] = 0;
	return str_of(out, len);
}

/* The value of a digit and one, so that what is no digit is 0. */
static const uint8_t digits[256] = {
	['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,
	['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
	['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
	['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
	['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
	['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
	['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63,
	['_'] = 64,
};

static int digit_of(char c)
{
	return digits[(uint8_t)c] - 1;
}

enum status jwt_base64url_decode(struct str text, struct arena *arena, struct str *out)
{
	char *bytes = arena_alloc(arena, (size_t)text.len * 3 / 4 + 1);
	uint32_t at = 0, bits = 0, held = 0;

	for (uint32_t i = 0; i < text.len; i++) {
		int digit = digit_of(text.at[i]);

		if (digit < 0)
			return INVALID;
		held = held << 6 | (uint32_t)digit;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			bytes[at++] = (char)(held >> bits);
		}
	}
	/* One text for one value: no lone digit, no bits set beyond the last byte. */
	if (text.len % 4 == 1 || (held & ((1U << bits) - 1)) != 0)
		return INVALID;
	bytes[at] = 0;
	*out = str_of(bytes, at);
	return OK;
}

/* ---- the header: one flat JSON object of which only three strings matter ---- */

static void skip_space(struct str *at)
{
	while (at->len > 0 && strchr(" \t\r\n", at->at[0]) != NULL)
		*at = str_slice(*at, 1, at->len);
}

static bool take_char(struct str *at, char c)
{
	skip_space(at);
	if (at->len == 0 || at->at[0] != c)
		return false;
	*at = str_slice(*at, 1, at->len);
	return true;
}

/* A string without escapes: no algorithm or key id of ours or of any provider we know has one. */
static bool take_string(struct str *at, struct str *out)
{
	uint32_t end = 0;

	if (!take_char(at, '"'))
		return false;
	while (end < at->len && at->at[end] != '"')
		if ((uint8_t)at->at[end] < ' ' || at->at[end++] == '\\')
			return false;
	if (end == at->len)
		return false;
	*out = str_slice(*at, 0, end);
	*at = str_slice(*at, end + 1, at->len);
	return true;
}

/*
 * A member that is not a string (b64, crit, jwk, x5c) changes what a token means or carries its own key; RFC 7515, 4.1.11 demands that
 * what is not understood in "crit" be refused, and no issuer of service account or OIDC tokens sends the others: refused as well.
 */
static bool header_read(struct str header, struct jwt *out)
{
	struct str name, value;

	if (!take_char(&header, '{'))
		return false;
	do {
		if (!take_string(&header, &name) || !take_char(&header, ':') ||
		    !take_string(&header, &value))
			return false;
		if (str_is(name, "alg"))
			out->algorithm = value;
		else if (str_is(name, "kid"))
			out->key_id = value;
	} while (take_char(&header, ','));
	if (!take_char(&header, '}'))
		return false;
	skip_space(&header);
	return header.len == 0 && out->algorithm.len > 0;
}

enum status jwt_read(struct str token, struct arena *arena, struct jwt *out, struct fault *why)
{
	struct str rest = token, header, parts[3];
	struct jwt jwt = { 0 };

	if (token.len > JWT_MAX)
		return fault_set(why, INVALID, "", "a token of %u bytes is too long", token.len);
	for (int i = 0; i < 3; i++)
		parts[i] = str_cut(&rest, '.');
	if (rest.at != NULL || parts[2].len == 0)
		return fault_set(why, INVALID, "", "a token has three parts with dots between");
	if (parts[0].len > HEADER_MAX || jwt_base64url_decode(parts[0], arena, &header) != OK ||
	    !header_read(header, &jwt))
		return fault_set(why, INVALID, "", "the token's header cannot be understood");
	if (jwt_base64url_decode(parts[1], arena, &jwt.claims) != OK ||
	    jwt_base64url_decode(parts[2], arena, &jwt.signature) != OK)
		return fault_set(why, INVALID, "", "the token is not base64url");
	jwt.signed_part = str_slice(token, 0, parts[0].len + 1 + parts[1].len);
	*out = jwt;
	return OK;
}

/* ---- signatures ---- */

struct algorithm {
	const char *name, *digest;
	int curve_bits; /* of ECDSA; 0: RSA */
	bool is_pss;
};
static const struct algorithm algorithms[] = {
	{ "ES256", "SHA256", 256, false }, { "ES384", "SHA384", 384, false },
	{ "ES512", "SHA512", 521, false }, { "RS256", "SHA256", 0, false },
	{ "RS384", "SHA384", 0, false },   { "RS512", "SHA512", 0, false },
	{ "PS256", "SHA256", 0, true },    { "PS384", "SHA384", 0, true },
	{ "PS512", "SHA512", 0, true },
};
#define ALGORITHMS (sizeof algorithms / sizeof algorithms[0])

static const struct algorithm *algorithm_find(struct str name)
{
	for (size_t i = 0; i < ALGORITHMS; i++)
		if (str_is(name, algorithms[i].name))
			return &algorithms[i];
	return NULL;
}

bool jwt_algorithm_is_known(struct str algorithm)
{
	return algorithm_find(algorithm) != NULL;
}

static bool is_of_key(const struct algorithm *algorithm, const struct certificate_key *key)
{
	return EVP_PKEY_is_a(key->handle, "RSA")
		   ? algorithm->curve_bits == 0
		   : algorithm->curve_bits == EVP_PKEY_get_bits(key->handle);
}

/* What we sign with; NULL: nothing. */
static const char *algorithm_of(const struct certificate_key *key)
{
	if (EVP_PKEY_is_a(key->handle, "RSA"))
		return "RS256";
	return EVP_PKEY_get_bits(key->handle) == 256 ? "ES256" : NULL;
}

/* JOSE has the two numbers side by side, the library wants them in DER. NULL: they have another width. */
static uint8_t *ecdsa_to_der(struct str raw, int curve_bits, size_t *out_len)
{
	int width = (curve_bits + 7) / 8;
	const uint8_t *at = (const uint8_t *)raw.at;
	uint8_t *der = NULL;
	ECDSA_SIG *pair;
	int len;

	if (raw.len != 2 * (uint32_t)width)
		return NULL;
	pair = ECDSA_SIG_new();
	ECDSA_SIG_set0(pair, BN_bin2bn(at, width, NULL), BN_bin2bn(at + width, width, NULL));
	len = i2d_ECDSA_SIG(pair, &der);
	ECDSA_SIG_free(pair);
	*out_len = len > 0 ? (size_t)len : 0;
	return der;
}

static bool set_pss(EVP_PKEY_CTX *context)
{
	return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool is_signed_by(const struct jwt *jwt, const struct algorithm *algorithm,
			 const struct certificate_key *key)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	EVP_PKEY_CTX *context; /* the digest's */
	const uint8_t *signature = (const uint8_t *)jwt->signature.at;
	size_t len = jwt->signature.len;
	uint8_t *der = NULL;
	bool is_good = false;

	tls_library();
	if (algorithm->curve_bits > 0)
		signature = der = ecdsa_to_der(jwt->signature, algorithm->curve_bits, &len);
	if (signature != NULL &&
	    EVP_DigestVerifyInit_ex(digest, &context, algorithm->digest, NULL, NULL, key->handle,
				    NULL) == 1 &&
	    (!algorithm->is_pss || set_pss(context)))
		is_good =
		    EVP_DigestVerify(digest, signature, len, (const uint8_t *)jwt->signed_part.at,
				     jwt->signed_part.len) == 1;
	OPENSSL_free(der);
	EVP_MD_CTX_free(digest);
	ERR_clear_error();
	return is_good;
}

enum status jwt_verify(const struct jwt *jwt, const struct certificate_key *key, struct fault *why)
{
	const struct algorithm *algorithm = algorithm_find(jwt->algorithm);

	if (algorithm == NULL || !is_of_key(algorithm, key)) {
		const char *own = algorithm_of(key);

		return fault_set(why, UNAUTHORIZED, "",
				 "the token says \"" STR_FMT "\" but the key signs %s",
				 STR_ARG(jwt->algorithm), own != NULL ? own : "otherwise");
	}
	if (!is_signed_by(jwt, algorithm, key))
		return fault_set(why, UNAUTHORIZED, "", "the token's signature is not by this key");
	return OK;
}

/* DER to the two numbers of fixed width. */
static struct str ecdsa_to_raw(const uint8_t *der, size_t len, struct arena *arena)
{
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
	uint8_t *out = arena_alloc(arena, 2 * COORDINATE_BYTES);

	assert(pair != NULL);
	BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, COORDINATE_BYTES);
	BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + COORDINATE_BYTES, COORDINATE_BYTES);
	ECDSA_SIG_free(pair);
	return str_of(out, 2 * COORDINATE_BYTES);
}

static enum status sign(struct str bytes, const struct certificate_key *key, struct arena *arena,
			struct str *out, struct fault *why)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	size_t len = (size_t)EVP_PKEY_get_size(key->handle);
	uint8_t *signature = arena_alloc(arena, len);
	bool is_done =
	    EVP_DigestSignInit(digest, NULL, tls_library()->sha256, NULL, key->handle) == 1 &&
	    EVP_DigestSign(digest, signature, &len, (const uint8_t *)bytes.at, bytes.len) == 1;

	EVP_MD_CTX_free(digest);
	if (!is_done)
		return tls_fault(why, INTERNAL, "the token could not be signed");
	*out = EVP_PKEY_is_a(key->handle, "RSA") ? str_of(signature, len)
						 : ecdsa_to_raw(signature, len, arena);
	return OK;
}

enum status jwt_sign(struct str claims, const struct certificate_key *key, struct arena *arena,
		     struct str *out_token, struct fault *why)
{
	const char *algorithm = algorithm_of(key);
	struct str header, body, signature;

	if (algorithm == NULL || !key->is_private)
		return fault_set(why, INVALID, "",
				 "tokens are signed with a private RSA or P-256 key");
	header = arena_printf(arena, "{\"alg\":\"%s\",\"kid\":\"" STR_FMT "\"}", algorithm,
			      STR_ARG(jwt_key_id(key, arena)));
	body = arena_printf(arena, STR_FMT "." STR_FMT, STR_ARG(jwt_base64url(header, arena)),
			    STR_ARG(jwt_base64url(claims, arena)));
	TRY(sign(body, key, arena, &signature, why));
	*out_token = arena_printf(arena, STR_FMT "." STR_FMT, STR_ARG(body),
				  STR_ARG(jwt_base64url(signature, arena)));
	return OK;
}

/* ---- names and sets of keys ---- */

struct str jwt_key_id(const struct certificate_key *key, struct arena *arena)
{
	uint8_t digest[CRYPTO_SHA256_BYTES];

	crypto_sha256(certificate_key_public_der(key, arena), digest);
	return jwt_base64url(str_of(digest, sizeof digest), arena);
}

static struct str number_text(const struct certificate_key *key, const char *param, int width,
			      struct arena *arena)
{
	BIGNUM *number = NULL;
	uint8_t *bytes;
	struct str out;
	int len;

	if (EVP_PKEY_get_bn_param(key->handle, param, &number) != 1)
		abort(); /* every key of its kind has it */
	len = width > 0 ? width : BN_num_bytes(number);
	bytes = arena_alloc(arena, (size_t)len);
	BN_bn2binpad(number, bytes, len);
	out = jwt_base64url(str_of(bytes, (size_t)len), arena);
	BN_free(number);
	return out;
}

static void key_add(struct text *text, const struct certificate_key *key, struct arena *arena)
{
	struct str id = jwt_key_id(key, arena);

	if (EVP_PKEY_is_a(key->handle, "RSA"))
		text_printf(text,
			    "{\"use\":\"sig\",\"kty\":\"RSA\",\"kid\":\"" STR_FMT
			    "\",\"alg\":\"RS256\",\"n\":\"" STR_FMT "\",\"e\":\"" STR_FMT "\"}",
			    STR_ARG(id), STR_ARG(number_text(key, OSSL_PKEY_PARAM_RSA_N, 0, arena)),
			    STR_ARG(number_text(key, OSSL_PKEY_PARAM_RSA_E, 0, arena)));
	else
		text_printf(
		    text,
		    "{\"use\":\"sig\",\"kty\":\"EC\",\"kid\":\"" STR_FMT
		    "\",\"crv\":\"P-256\",\"alg\":\"ES256\",\"x\":\"" STR_FMT "\",\"y\":\"" STR_FMT
		    "\"}",
		    STR_ARG(id),
		    STR_ARG(number_text(key, OSSL_PKEY_PARAM_EC_PUB_X, COORDINATE_BYTES, arena)),
		    STR_ARG(number_text(key, OSSL_PKEY_PARAM_EC_PUB_Y, COORDINATE_BYTES, arena)));
}

struct str jwt_key_set(const struct certificate_key *const *keys, uint32_t count,
		       struct arena *arena)
{
	struct text text = text_in(arena, count * 4096 + 64); /* RSA of 8192 bits has 1,366 digits */
	bool is_first = true;

	text_lit(&text, "{\"keys\":[");
	for (uint32_t i = 0; i < count; i++) {
		if (algorithm_of(keys[i]) == NULL)
			continue; /* P-384 and P-521 sign nothing here */
		if (!is_first)
			text_add_char(&text, ',');
		key_add(&text, keys[i], arena);
		is_first = false;
	}
	text_lit(&text, "]}");
	assert(!text.is_cut);
	return text_str(&text);
}
