/*
 * Sets of keys: what is of use is kept, the rest does no harm.
 */
#include "actors/authentication/issuer-keys.h"
#include "tests/lib/test.h"

static struct str set_of(struct certificate_key *const *keys, uint32_t count)
{
	return jwt_key_set((const struct certificate_key *const *)keys, count, test_arena());
}

TEST(a_key_of_a_set_verifies_what_its_private_half_has_signed)
{
	struct certificate_key *keys[2] = { certificate_key_new(), certificate_key_new() };
	struct issuer_keys read;
	struct str token;
	struct jwt jwt;

	CHECK_STATUS(issuer_keys_read(set_of(keys, 1), test_arena(), &read, NULL), OK);
	CHECK_EQ(read.count, 1);
	for (int i = 0; i < 2; i++) {
		CHECK_STATUS(jwt_sign(STR("{}"), keys[i], test_arena(), &token, NULL), OK);
		CHECK_STATUS(jwt_read(token, test_arena(), &jwt, NULL), OK);
		CHECK_EQ(issuer_keys_verify(&read, &jwt), i == 0);
	}
	/* The header names a key: only that one is tried. None: each is. */
	CHECK_STATUS(jwt_sign(STR("{}"), keys[0], test_arena(), &token, NULL), OK);
	CHECK_STATUS(jwt_read(token, test_arena(), &jwt, NULL), OK);
	jwt.key_id = STR("other");
	CHECK(!issuer_keys_verify(&read, &jwt));
	jwt.key_id = STR_NONE;
	CHECK(issuer_keys_verify(&read, &jwt));
	certificate_key_free(keys[0]);
	certificate_key_free(keys[1]);
}

TEST(what_is_no_key_for_signatures_is_left_out)
{
	struct certificate_key *key = certificate_key_new();
	struct str one = set_of(&key, 1);
	struct str good = str_slice(one, sizeof "{\"keys\":[" - 1, one.len - 2);
	struct str text = arena_printf(
	    test_arena(),
	    "{\"more\":{},\"keys\":[1,null,\"x\",[],{},{\"kty\":\"oct\",\"k\":\"AA\"},{\"kty\":"
	    "\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"},{\"kty\":\"EC\",\"crv\":\"P-1\"},"
	    "{\"kty\":\"RSA\",\"n\":\"!\",\"e\":\"AQAB\"},{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":"
	    "\"AQAB\"}," STR_FMT ",{\"kty\":\"EC\",\"use\":\"enc\"}]}",
	    STR_ARG(good));
	struct issuer_keys keys, other;

	CHECK_STATUS(issuer_keys_read(text, test_arena(), &keys, NULL), OK);
	CHECK_EQ(keys.count, 1);
	CHECK(keys.at[0].id.len > 0);
	CHECK_STATUS(issuer_keys_read(one, test_arena(), &other, NULL), OK);
	CHECK(keys.stamp != other.stamp);
	certificate_key_free(key);
}

TEST(what_is_no_set_is_refused_with_words)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "the key set is no JSON object" },
		{ "[]", "the key set is no JSON object" },
		{ "{\"keys\":[]}", "the key set has no key that verifies tokens" },
		{ "{\"keys\":{}}", "the key set has no key that verifies tokens" },
		{ "{\"keys\":[", "the key set is no JSON" },
		{ "{\"keys\":[]}x", "the key set is no JSON" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fault why = { 0 };
		struct issuer_keys keys;

		CHECK_STATUS(issuer_keys_read(str_from(cases[i].text), test_arena(), &keys, &why),
			     INVALID);
		CHECK_STR(str_from(why.text), cases[i].words);
	}
}

TEST(a_set_has_an_end)
{
	struct certificate_key *keys[ISSUER_KEYS_MAX + 3];
	struct issuer_keys read;

	for (uint32_t i = 0; i < ISSUER_KEYS_MAX + 3; i++)
		keys[i] = certificate_key_new();
	CHECK_STATUS(issuer_keys_read(set_of(keys, ISSUER_KEYS_MAX + 3), test_arena(), &read, NULL),
		     OK);
	CHECK_EQ(read.count, ISSUER_KEYS_MAX);
	for (uint32_t i = 0; i < ISSUER_KEYS_MAX + 3; i++)
		certificate_key_free(keys[i]);
}
