#include "tests/lib/test.h"
#include "transport/tls/certificate-key.h"
#include "transport/tls/jwt.h"

/* RFC 7515, A.3: the claims of its example, signed ES256 by the key given there. */
static const char example[] =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
static const char example_x[] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
static const char example_y[] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

/* RFC 7515, A.2: the same, signed RS256. */
static const char rsa_example[] =
    "eyJhbGciOiJSUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
    "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
    "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--"
    "xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
    "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
static const char rsa_n[] =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"
    "4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b"
    "32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
    "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5"
    "IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

static struct str decode(const char *text)
{
	struct str out;

	CHECK_STATUS(jwt_base64url_decode(str_from(text), test_arena(), &out), OK);
	return out;
}

static struct certificate_key *example_key(void)
{
	struct certificate_key *key;

	CHECK_STATUS(certificate_key_from_p256(decode(example_x), decode(example_y), &key, NULL),
		     OK);
	return key;
}

TEST(the_examples_of_rfc_7515_verify)
{
	struct certificate_key *key = example_key(), *rsa;
	struct jwt jwt;

	CHECK_STATUS(jwt_read(str_from(example), test_arena(), &jwt, NULL), OK);
	CHECK_STR(jwt.algorithm, "ES256");
	CHECK(jwt.key_id.at == NULL);
	CHECK_STR(jwt.claims, "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
			      "\"http://example.com/is_root\":true}");
	CHECK_STATUS(jwt_verify(&jwt, key, NULL), OK);
	CHECK_STATUS(certificate_key_from_rsa(decode(rsa_n), decode("AQAB"), &rsa, NULL), OK);
	CHECK_STATUS(jwt_verify(&jwt, rsa, NULL), UNAUTHORIZED);
	CHECK_STATUS(jwt_read(str_from(rsa_example), test_arena(), &jwt, NULL), OK);
	CHECK_STATUS(jwt_verify(&jwt, rsa, NULL), OK);
	CHECK_STATUS(jwt_verify(&jwt, key, NULL), UNAUTHORIZED);
	certificate_key_free(key);
	certificate_key_free(rsa);
}

TEST(what_is_signed_verifies_and_names_its_key)
{
	struct certificate_key *key = certificate_key_new(), *other = certificate_key_new();
	struct str token;
	struct jwt jwt;

	/* Many, because a number of a signature may begin with zeros. */
	for (int i = 0; i < 50; i++) {
		struct str claims = arena_printf(test_arena(), "{\"sub\":\"system:%d\"}", i);

		CHECK_STATUS(jwt_sign(claims, key, test_arena(), &token, NULL), OK);
		CHECK_STATUS(jwt_read(token, test_arena(), &jwt, NULL), OK);
		CHECK(str_eq(jwt.claims, claims));
		CHECK(str_eq(jwt.key_id, jwt_key_id(key, test_arena())));
		CHECK_STATUS(jwt_verify(&jwt, key, NULL), OK);
		CHECK_STATUS(jwt_verify(&jwt, other, NULL), UNAUTHORIZED);
	}
	certificate_key_free(key);
	certificate_key_free(other);
}

TEST(a_changed_byte_anywhere_is_noticed)
{
	struct certificate_key *key = example_key();
	char *token = arena_cstr(test_arena(), str_from(example));

	for (size_t i = 0; i < sizeof example - 1; i++) {
		char was = token[i];
		struct jwt jwt;

		token[i] = was == 'A' ? 'B' : 'A';
		CHECK(jwt_read(str_from(token), test_arena(), &jwt, NULL) != OK ||
		      jwt_verify(&jwt, key, NULL) != OK);
		token[i] = was;
	}
	certificate_key_free(key);
}

TEST(what_is_no_token_is_refused)
{
	static const char *const headers[] = {
		"{}",
		"{\"alg\":\"\"}",
		"{\"alg\":1}",
		"{\"alg\":\"ES256\"",
		"{\"alg\":\"ES256\"}x",
		"{\"alg\":\"ES256\",}",
		"{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}",
		"{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\"}}",
		"{\"alg\":\"ES\\u0032\"}",
		"[\"alg\"]",
		"",
	};
	static const char *const tokens[] = { "",      ".",      "..",    "a.b",     "a.b.c.d",
					      "!.!.!", "eyJh..", "=.=.=", "\n.\n.\n" };
	struct jwt jwt;

	for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		struct str token =
		    arena_printf(test_arena(), STR_FMT ".e30.AAAA",
				 STR_ARG(jwt_base64url(str_from(headers[i]), test_arena())));

		CHECK_STATUS(jwt_read(token, test_arena(), &jwt, NULL), INVALID);
	}
	for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
		CHECK_STATUS(jwt_read(str_from(tokens[i]), test_arena(), &jwt, NULL), INVALID);
}

TEST(the_token_does_not_choose_how_it_is_verified)
{
	static const char *const algorithms[] = {
		"none", "None", "HS256", "RS256", "es256", "ES384"
	};
	struct certificate_key *key = example_key();

	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
		struct str header = arena_printf(test_arena(), "{\"alg\":\"%s\"}", algorithms[i]);
		struct str token = arena_printf(test_arena(), STR_FMT ".e30.AAAA",
						STR_ARG(jwt_base64url(header, test_arena())));
		struct fault why;
		struct jwt jwt;

		CHECK_STATUS(jwt_read(token, test_arena(), &jwt, NULL), OK);
		CHECK_STATUS(jwt_verify(&jwt, key, &why), UNAUTHORIZED);
		CHECK(strstr(why.text, "but the key signs ES256") != NULL);
	}
	certificate_key_free(key);
}

TEST(base64url_has_one_text_for_one_value)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = { { "", "" },        { "f", "Zg" },        { "fo", "Zm8" },
		      { "foo", "Zm9v" }, { "foob", "Zm9vYg" }, { "\xff\xfe", "__4" } };
	static const char *const bad[] = { "Z", "Zh", "Zm9", "Zg==", "Zm 9", "+/AA", "Zm9vZ" };
	struct str out;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK_STR(jwt_base64url(str_from(cases[i].bytes), test_arena()), cases[i].text);
		CHECK(str_is(decode(cases[i].text), cases[i].bytes));
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_STATUS(jwt_base64url_decode(str_from(bad[i]), test_arena(), &out), INVALID);
}

TEST(a_key_set_shows_public_numbers)
{
	struct certificate_key *key = example_key(), *rsa;
	const struct certificate_key *keys[2];
	struct str id = jwt_key_id(key, test_arena()), set;

	CHECK_STATUS(certificate_key_from_rsa(decode(rsa_n), decode("AQAB"), &rsa, NULL), OK);
	keys[0] = key;
	keys[1] = rsa;
	set = jwt_key_set(keys, 2, test_arena());
	CHECK(str_starts(
	    set, arena_printf(test_arena(),
			      "{\"keys\":[{\"use\":\"sig\",\"kty\":\"EC\",\"kid\":\"" STR_FMT
			      "\",\"crv\":\"P-256\",\"alg\":\"ES256\",\"x\":\"%s\",\"y\":\"%s\"},",
			      STR_ARG(id), example_x, example_y)));
	CHECK(str_find(set, str_from(rsa_n)) > 0);
	CHECK(str_ends(set, STR(",\"e\":\"AQAB\"}]}")));
	CHECK_STR(jwt_key_set(NULL, 0, test_arena()), "{\"keys\":[]}");
	certificate_key_free(key);
	certificate_key_free(rsa);
}

TEST(numbers_that_are_no_key_and_a_token_too_long_are_refused_in_words)
{
	char *long_bytes = arena_alloc(test_arena(), JWT_MAX + 1);
	struct str much = str_of(memset(long_bytes, 'a', JWT_MAX + 1), JWT_MAX + 1);
	struct str x = decode(example_x), y = decode(example_y), n = decode(rsa_n);
	struct certificate_key *key = NULL;
	struct fault why = { 0 };
	struct jwt jwt;

	CHECK_STATUS(jwt_read(much, test_arena(), &jwt, &why), INVALID);
	CHECK(str_find(str_from(why.text), STR("too long")) >= 0);
	CHECK_STATUS(jwt_read(STR("eyJhbGciOiJFUzI1NiJ9.!.AA"), test_arena(), &jwt, &why), INVALID);
	CHECK_STR(str_from(why.text), "the token is not base64url");
	CHECK_STATUS(certificate_key_from_rsa(str_slice(much, 0, 4096), STR("\1\0\1"), &key, &why),
		     INVALID);
	CHECK(str_find(str_from(why.text), STR("too large")) >= 0);
	CHECK_STATUS(certificate_key_from_rsa(n, STR("123456789"), &key, &why), INVALID);
	CHECK_STATUS(certificate_key_from_p256(str_slice(x, 0, 31), y, &key, &why), INVALID);
	CHECK(str_find(str_from(why.text), STR("not 31")) >= 0);
	CHECK_STATUS(certificate_key_from_p256(x, STR_NONE, &key, &why), INVALID);
	CHECK_STATUS(certificate_key_from_p256(x, x, &key, &why), INVALID); /* not on the curve */
	CHECK_STATUS(certificate_key_from_pem(much, &key, &why), INVALID);
	CHECK(key == NULL);
}
