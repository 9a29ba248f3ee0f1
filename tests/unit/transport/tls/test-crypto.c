#include "tests/lib/test.h"
#include "transport/tls/crypto.h"

#include <stdio.h>

static struct str hex(const uint8_t *at, size_t len)
{
	struct text text = text_in(test_arena(), 256);

	for (size_t i = 0; i < len; i++)
		text_printf(&text, "%02x", at[i]);
	return text_str(&text);
}

TEST(hashes_give_the_known_answers)
{
	uint8_t sum[CRYPTO_SHA256_BYTES];

	crypto_sha1(STR("abc"), sum); /* FIPS 180-4, example */
	CHECK_STR(hex(sum, CRYPTO_SHA1_BYTES), "a9993e364706816aba3e25717850c26c9cd0d89d");
	crypto_sha256(STR("abc"), sum);
	CHECK_STR(hex(sum, CRYPTO_SHA256_BYTES),
		  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	crypto_sha256(STR_NONE, sum);
	CHECK_STR(hex(sum, CRYPTO_SHA256_BYTES),
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	/* RFC 4231, test case 2 */
	crypto_hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), sum);
	CHECK_STR(hex(sum, CRYPTO_SHA256_BYTES),
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(an_empty_hmac_key_is_a_key_and_not_the_one_of_last_time)
{
	uint8_t a[CRYPTO_SHA256_BYTES], b[CRYPTO_SHA256_BYTES];

	crypto_hmac_sha256(STR_NONE, STR("x"), a);
	crypto_hmac_sha256(STR("other"), STR("x"), b);
	crypto_hmac_sha256(STR_NONE, STR("x"), b);
	CHECK(memcmp(a, b, sizeof a) == 0);
}

TEST(comparing_looks_at_every_byte)
{
	CHECK(crypto_equal(STR("abcd"), STR("abcd")));
	CHECK(!crypto_equal(STR("abcd"), STR("abce")));
	CHECK(!crypto_equal(STR("abcd"), STR("abc")));
	CHECK(crypto_equal(STR(""), STR_NONE));
}

TEST(random_bytes_differ)
{
	uint8_t a[16], b[16];

	crypto_random(a, sizeof a);
	crypto_random(b, sizeof b);
	CHECK(memcmp(a, b, sizeof a) != 0);
}

TEST(what_was_sealed_opens_only_with_the_same_key_and_context)
{
	static const char plain[] = "the secret of a Secret";
	uint8_t key[CRYPTO_SEAL_KEY_BYTES] = { 1 }, other[CRYPTO_SEAL_KEY_BYTES] = { 2 };
	uint8_t sealed[sizeof plain + CRYPTO_SEAL_EXTRA_BYTES] = { 0 }, opened[sizeof plain];
	struct str all = str_of(sealed, sizeof sealed);

	crypto_seal(key, str_of(plain, sizeof plain), STR("/registry/secrets/a"), sealed);
	CHECK_STATUS(crypto_open(key, all, STR("/registry/secrets/a"), opened), OK);
	CHECK(memcmp(opened, plain, sizeof plain) == 0);
	CHECK_STATUS(crypto_open(key, all, STR("/registry/secrets/b"), opened), CORRUPT);
	CHECK_STATUS(crypto_open(other, all, STR("/registry/secrets/a"), opened), CORRUPT);
	for (size_t i = 0; i < sizeof sealed; i++) {
		sealed[i] ^= 1;
		CHECK_STATUS(crypto_open(key, all, STR("/registry/secrets/a"), opened), CORRUPT);
		sealed[i] ^= 1;
	}
	for (uint32_t len = 0; len < all.len; len++)
		CHECK_STATUS(
		    crypto_open(key, str_slice(all, 0, len), STR("/registry/secrets/a"), opened),
		    CORRUPT);
}

TEST(nothing_can_be_sealed_too)
{
	uint8_t key[CRYPTO_SEAL_KEY_BYTES] = { 1 }, sealed[CRYPTO_SEAL_EXTRA_BYTES], none[1];

	crypto_seal(key, STR_NONE, STR_NONE, sealed);
	CHECK_STATUS(crypto_open(key, str_of(sealed, sizeof sealed), STR_NONE, none), OK);
}

/* RFC 7914, 12: the first half of the outputs of 64 bytes, which do not depend on how many are asked for. */
TEST(a_passphrase_becomes_the_key_of_the_standard)
{
	static const struct {
		const char *passphrase, *salt;
		struct crypto_scrypt_cost cost;
		const char *key;
	} cases[] = {
		{ "password",
		  "NaCl",
		  { 10, 8, 16 },
		  "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162" },
		{ "pleaseletmein",
		  "SodiumChloride",
		  { 14, 8, 1 },
		  "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t key[CRYPTO_SEAL_KEY_BYTES];
		char text[2 * CRYPTO_SEAL_KEY_BYTES + 1];

		CHECK(crypto_scrypt_is_sane(cases[i].cost));
		crypto_scrypt(str_from(cases[i].passphrase), str_from(cases[i].salt), cases[i].cost,
			      key);
		for (size_t j = 0; j < sizeof key; j++)
			snprintf(text + 2 * j, 3, "%02x", key[j]);
		CHECK_STR(str_from(text), cases[i].key);
	}
	CHECK(!crypto_scrypt_is_sane((struct crypto_scrypt_cost){ 30, 8, 1 }));
	CHECK(!crypto_scrypt_is_sane((struct crypto_scrypt_cost){ 0, 8, 1 }));
	CHECK(!crypto_scrypt_is_sane((struct crypto_scrypt_cost){ 14, 0, 1 }));
}
