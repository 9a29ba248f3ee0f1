/*
 * Tokens from strangers: what is read is what stands there, nothing but a whole token is one, and none is signed by a key that never signed.
 */
#include "runtime/base/base.h"
#include "transport/tls/certificate-key.h"
#include "transport/tls/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

/* RFC 7515, A.3. */
static const char x[] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
static const char y[] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
static const char n[] =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4"
    "QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdb"
    "BYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-D"
    "WNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

static struct certificate_key *keys[2];

static struct str decoded(struct arena *arena, const char *text)
{
	struct str out;

	assert(jwt_base64url_decode(str_from(text), arena, &out) == OK);
	return out;
}

/* Once: they cost more than a token. */
static void make_keys(struct arena *arena)
{
	if (keys[0] != NULL)
		return;
	assert(certificate_key_from_ec(STR("P-256"), decoded(arena, x), decoded(arena, y), &keys[0],
				       NULL) == OK);
	assert(certificate_key_from_rsa(decoded(arena, n), decoded(arena, "AQAB"), &keys[1],
					NULL) == OK);
}

static void check_token(struct arena *arena, struct str token)
{
	struct str rest = token;
	struct jwt jwt;

	if (jwt_read(token, arena, &jwt, NULL) != OK)
		return;
	assert(token.len <= JWT_MAX && jwt.algorithm.len > 0);
	str_cut(&rest, '.');
	assert(str_eq(jwt_base64url(jwt.claims, arena), str_cut(&rest, '.')));
	assert(str_eq(jwt_base64url(jwt.signature, arena), rest));
	for (int i = 0; i < 2; i++)
		if (jwt_verify(&jwt, keys[i], NULL) == OK)
			assert(jwt_algorithm_is_known(jwt.algorithm));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);
	struct str text = str_of(len > 0 ? at : (const uint8_t *)"", len), bytes;

	make_keys(arena);
	check_token(arena, text);
	/* The header alone, so that its reader sees more than base64. */
	check_token(arena,
		    arena_printf(arena, STR_FMT ".e30.AAAA", STR_ARG(jwt_base64url(text, arena))));
	if (jwt_base64url_decode(text, arena, &bytes) == OK)
		assert(str_eq(jwt_base64url(bytes, arena), text));
	arena_free(arena);
	return 0;
}
