#include "transport/tls/certificate-key.h"

#include "tests/lib/test.h"
#include "transport/tls/certificate.h"
#include "transport/wire/base64.h"

/* Made for these tests by `openssl genpkey` and `openssl ec`; the last is the first without its public half. */
static const char p256[] = "-----BEGIN EC PRIVATE KEY-----\n"
			   "MHcCAQEEIDLjjGzgoCE/ChwHQaVu9afk8kW20e8DKNuq4NLrK9b/oAoGCCqGSM49\n"
			   "AwEHoUQDQgAEjAaYOoOxJmXxXm1Sj5tPE1c7EqZvUncqKK/d9IrakSgKAF8UY+5F\n"
			   "HW6+TyiFIA9vw2Xzd95nKD1Ms942vu3/6A==\n"
			   "-----END EC PRIVATE KEY-----\n";
static const char p256_as_pkcs8[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgMuOMbOCgIT8KHAdB\n"
    "pW71p+TyRbbR7wMo26rg0usr1v+hRANCAASMBpg6g7EmZfFebVKPm08TVzsSpm9S\n"
    "dyoor930itqRKAoAXxRj7kUdbr5PKIUgD2/DZfN33mcoPUyz3ja+7f/o\n"
    "-----END PRIVATE KEY-----\n";
static const char p384[] = "-----BEGIN PRIVATE KEY-----\n"
			   "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAIMGuTRkBbw6SYWm0h\n"
			   "E8xyc5geTd90JPhTpv/r+kCxqc/MiE6570sXFqBSpFJF8rShZANiAAQSA6FfgGyW\n"
			   "aOAykA9LpGyOjLpcmWpd9zohtCyYPf/SL4yLb2Ip4jJavxONFX3LxUY7iwNvQWoo\n"
			   "TN9qPJtMPKpNkDRelNavA4DEVa/zcrxHhgVKi46wFm7d6qVj+8wE07E=\n"
			   "-----END PRIVATE KEY-----\n";
static const char without_public[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCAy44xs4KAhPwocB0Gl\n"
    "bvWn5PJFttHvAyjbquDS6yvW/w==\n"
    "-----END PRIVATE KEY-----\n";

static struct certificate_key *read(struct str pem)
{
	struct certificate_key *key;
	struct fault why = { 0 };

	if (certificate_key_from_pem(pem, &key, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s", why.text);
	return key;
}

static struct str written(const char *pem)
{
	struct certificate_key *key = read(str_from(pem));
	struct str text = certificate_key_private_pem(key, test_arena());

	CHECK(certificate_key_is_private(key));
	certificate_key_free(key);
	return text;
}

TEST(a_key_is_written_as_others_write_it)
{
	CHECK_STR(written(p256), p256);
	CHECK_STR(written(p256_as_pkcs8), p256);
	CHECK_STR(written(p384), p384);
	CHECK_STR(written(without_public), p256);
}

TEST(a_key_that_was_written_is_the_same_key)
{
	struct certificate_key *key = certificate_key_new();
	struct certificate_key *again = read(certificate_key_private_pem(key, test_arena()));
	struct certificate_wish wish = { .common_name = STR("x"),
					 .usage = CERTIFICATE_AUTHORITY,
					 .not_before = { TIME_S },
					 .not_after = { 1000 * TIME_S } };
	struct str pem;

	CHECK(str_eq(certificate_key_public_der(key, test_arena()),
		     certificate_key_public_der(again, test_arena())));
	/* What the one signs has the other's public half in it. */
	CHECK_STATUS(certificate_self_signed(&wish, again, test_arena(), &pem, NULL), OK);
	CHECK_STATUS(certificate_fits_key(pem, key, NULL), OK);
	certificate_key_free(key);
	certificate_key_free(again);
}

/* The bytes between the first and the last line. */
static struct str der_of(const char *pem)
{
	struct str rest = str_from(pem), line;
	struct text text = text_in(test_arena(), 4 * KIB);
	struct str out;

	(void)str_cut(&rest, '\n');
	while ((line = str_cut(&rest, '\n')).at != NULL && !str_starts(line, STR("-")))
		text_add(&text, line);
	CHECK_STATUS(base64_decode(BASE64_STANDARD, text_str(&text), test_arena(), &out, NULL), OK);
	return out;
}

static struct str pem_of(struct str der)
{
	struct text text = text_in(test_arena(), 4 * KIB);

	text_lit(&text, "-----BEGIN EC PRIVATE KEY-----\n");
	base64_encode(BASE64_STANDARD, der, &text);
	text_lit(&text, "\n-----END EC PRIVATE KEY-----\n");
	return text_str(&text);
}

/* Whatever is wrong, it is refused or a key that can be written; another number to the same point is such a one. */
TEST(a_damaged_key_is_refused_or_can_be_written)
{
	struct str der = der_of(p256);
	uint32_t refused = 0;

	CHECK_EQ(der.len, 121);
	for (uint32_t i = 0; i < der.len; i++) {
		char *bytes = mem_copy(der.at, der.len);
		struct certificate_key *key = NULL;

		bytes[i] = (char)(bytes[i] ^ 0x41);
		if (certificate_key_from_pem(pem_of(str_of(bytes, der.len)), &key, NULL) == OK)
			CHECK(certificate_key_private_pem(key, test_arena()).len > 0);
		else
			refused++;
		certificate_key_free(key);
		mem_free(bytes);
	}
	/* Each byte of the point at least, since it is none of the curve's then. */
	CHECK(refused >= 64);
	for (uint32_t len = 0; len < der.len; len++) {
		struct certificate_key *key;

		CHECK_STATUS(certificate_key_from_pem(pem_of(str_slice(der, 0, len)), &key, NULL),
			     INVALID);
	}
}
