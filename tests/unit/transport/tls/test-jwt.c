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

/* Made with OpenSSL: the claims are {}, the keys live nowhere else. */
static const char kin_n[] =
    "lv1YqBm4f0k4pM98sTF3GO-WS9KwwKYwqLW-uDDGbOqF40kC7qYnu8Spv_XqTr9tRVQTIoJS3JtqZUZfKFPR"
    "sWaiK48_fgnWwR3GktZ3swonxJqOTy39SLwZtO7UM__ZioFwaOrfoJoB-Hh_bskrv04dM84rzqpC_zP7rxKg"
    "c_6L-Mq1zgRxnjNHIjtGPvnksgR0oxPqI3GGnmAEv6Cl4pXo8z6E9s0VrEQ5pnjSibQ9AlWZxSBG5z_6uyRd"
    "wpfrW5p0TkcWIUBOQANUHrRdJe4Kw3GdVTiV7N5ousChZPpivt0rILp7ky5xWP1j3HXzG9zmkOgnSzByJBMx"
    "7OPlNw";
static const char rs384_token[] =
    "eyJhbGciOiJSUzM4NCJ9.e30.a6lQLfbzvkPkl1TR6_kRDMReuxHY5v_61YzHZm0_Qp54EmkVKs4LButWXfS"
    "CZ2YmsOPTSRGmyTWIHxbmcDdHSZgkCK8GOYx92Y4-08XsiaNOKna0_Ahv8OReRH4-5ah_9Gzw_HzV2noq1nv"
    "W09GqblEq34uyFBlUWM4YbRNUVKy6NE7-yHjwNKB_ffsWOc9tWrZ6unHwM4wr78__yXqzC2HD5Vfz7enYFBl"
    "U_91Bg6ODbmRZF8JX1a3SALhZU-Tf0lTcL9bY8tO3W6W3WFRu8QZ2ulPE_lLS8v0Oyo6F9ffIMTyRQmZ6OGZ"
    "vOXVKiN0_iFdm2svH4CgkHRZ-B6-kPw";
static const char rs512_token[] =
    "eyJhbGciOiJSUzUxMiJ9.e30.TF9RfOG1xYaaKgXr2zg46AHpepyzrKt5lsEj5Q2EPalfg13AAUxQzMEA7Qv"
    "YsT5rf9tQyEgR2_VrTVi3iuDFluzeqFgn7qz-7kxAISrt_ZR1EeZcjTA6Acqb-gSaZwyqIlURf9Fvtvb4GI7"
    "Ity0WQFJQ5q1PkWJW8f_4K097EQxsjnwPkKdnZhMpEybsjvtl58TWN3fALuTjNh-ysJxkVoH616f31JTRPck"
    "WB7SiyRVRNX-TxK8FDclqaEt1f2L4Tpo7XYz90TAYBVtMjG6rzawCQ83Ucc4LZWxjmjZYEaf2z9__T8-PSoo"
    "MB8V6EqNaTL5mJh2gE-dmQiG8js3aAQ";
static const char ps256_token[] =
    "eyJhbGciOiJQUzI1NiJ9.e30.XB-DojHY9uvT5PgxnMx9kUvlgNj54yzIzbOCIh3gWpbrCJo90taLLH4Jp3Q"
    "Vl7mnxBXn7zmRWV86ArTPMCWIHkNnSZqIQHvYL_9_Gm5UQgnput8qeG3zWri7IY8JWKykA8AJ2D3qI6MbaTY"
    "2P9GXKVIHa4Ie833bRcfLyyFgOufbESntEr2VIvL4qEZxZk59il73r3tgJOW12_nEKL4M93Os_F0RiiTmbfX"
    "RU7XHxRzLumOSjqnjAmPbYoQNJSqhxwojTiQC2UCdIepOddtVdQ_Ky-5Hm5c6GDDkH0rp4Seylo4DAJIFtko"
    "sb1K410PB_UImJsaexNk6mesMso7d_Q";
static const char ps384_token[] =
    "eyJhbGciOiJQUzM4NCJ9.e30.T3Ki54Nx9B0zN7gxRMVt0oQx61khAdb1pPj1JsQapisX4raqHMQMHFqmu5n"
    "aYnrslJPUHAYAXTmF-qi5MHteKT7s_JJC-qhCLQs3rnvIOery5xmXIEvx_jZSKsFhyqFiAo7pz-lB4BHu_Xg"
    "bJv3gPLMhY8qaeFD6hCzPC6L3I2RUslcysuyzd7uJj_6FVPIjNqFRjPk38RCEvUU35nOuakIYAqLcDJTqbmH"
    "Zgeykh1LZpX4HXaXO33RPHjuR6mLErYW0L2Vp-T7g3_DVKVuvDrdaNOMq6dKhuL5qmzIV3ik2kA2oFn-dTS5"
    "nEJlbsLKl_8XlELoo5FVKH7ofYQNymA";
static const char ps512_token[] =
    "eyJhbGciOiJQUzUxMiJ9.e30.FVfzkVlaUMGYlP5_33SzlYypLORTQSZ2uopfrpRxazTSJq4nSsyVzhcRubA"
    "ljmAOe5F8_hbcwSJdF_MtwybZwkoY8bejK5hAFoNfVpXIzR0BdL4VvJ6YORPYYRzKML343rockTospadBjp-"
    "UsmRQg22KqipJKxyOot7oXRfOKTq57CQb9kRYUsV7D-dMa6YdfMuPPu7y9gEzcj1_FTHFXB9U1RswZ8v9TPG"
    "zHfrm_QVXGJ_ZeNAKJQxn_8AdCpqMaCwz8EkEreRJNdae2mtwxnXUdfqK2AQTlanYrJCHRc7B47atXHht7ks"
    "j3I8BM57AzBNwDIhwI9sk5TNEvU_QPw";
static const char es384_x[] = "2p0XaZ1Ny1cdnf2E1HLrIjv51WzyGotZIryNIFqo-v5euJe7s9-RERUe6ksmBCFZ";
static const char es384_y[] = "TiBRWM7ccAyc30CUc7c1aGfihzIBvyP6T-xtuDHt0vIJMwAPhAkwfKM90OLDYs29";
static const char es384_token[] =
    "eyJhbGciOiJFUzM4NCJ9.e30.9fTzudBv1Bd_Xk2xijpZoPYcxCAEtCZOvVG7psiS6j_-dKy-iOcDqmnng19"
    "GreoM2p7ww36SGpYPA4ECBikXi08VV_Kbl3Y9iS8EYyp371cWT6nmVvc98hTcpLXOVq7L";
static const char es512_x[] =
    "AQ155Yyu_hJj3nWNDPPYGM85s6VYeQWIugI8UymP13bF0_75eii5PyCQUKdE2FSegv3yJyknANfImXDD3F1e"
    "18vm";
static const char es512_y[] =
    "AJupWJiVwyzMfvAgAC7-hGVJQVtkNkCucZSIhSQN7ZOD6xGIdUxYL96iv0Ez9CTYyqlTpW4zS6P0Hz7BS5xx"
    "-TCK";
static const char es512_token[] =
    "eyJhbGciOiJFUzUxMiJ9.e30.AZw1WpY0WC1VHS6eVnQrrvQ5T4H_RyHKCERV-FeoDH8S3AiV0wOSoQtI27c"
    "RF0Lxqv9EygjAmxUkbKXqA_jugc3SAJ0zj4jrFdi0US-tFsgWpTaahuBY2hrDZObck3TWqjMWXqloAtNv7lW"
    "HX8VLBksoJAelnfhZR1go1ls1LJqqP0GF";

static struct str decode(const char *text)
{
	struct str out;

	CHECK_STATUS(jwt_base64url_decode(str_from(text), test_arena(), &out), OK);
	return out;
}

static struct certificate_key *example_key(void)
{
	struct certificate_key *key;

	CHECK_STATUS(
	    certificate_key_from_ec(STR("P-256"), decode(example_x), decode(example_y), &key, NULL),
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

TEST(the_larger_kin_of_both_algorithms_verify_by_their_own_keys_alone)
{
	static const char *const tokens[] = { rs384_token, rs512_token, ps256_token, ps384_token,
					      ps512_token, es384_token, es512_token };
	struct certificate_key *keys[3];

	CHECK_STATUS(certificate_key_from_rsa(decode(kin_n), decode("AQAB"), &keys[0], NULL), OK);
	CHECK_STATUS(
	    certificate_key_from_ec(STR("P-384"), decode(es384_x), decode(es384_y), &keys[1], NULL),
	    OK);
	CHECK_STATUS(
	    certificate_key_from_ec(STR("P-521"), decode(es512_x), decode(es512_y), &keys[2], NULL),
	    OK);
	for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
		size_t own = i < 5 ? 0 : i - 4;
		char *token = arena_cstr(test_arena(), str_from(tokens[i]));
		struct jwt jwt;

		CHECK_STATUS(jwt_read(str_from(token), test_arena(), &jwt, NULL), OK);
		CHECK(jwt_algorithm_is_known(jwt.algorithm));
		for (size_t k = 0; k < 3; k++)
			CHECK_STATUS(jwt_verify(&jwt, keys[k], NULL), k == own ? OK : UNAUTHORIZED);
		/* The claims become others, which begin with the same bits. */
		token[strcspn(token, ".") + 1] = 'f';
		CHECK_STATUS(jwt_read(str_from(token), test_arena(), &jwt, NULL), OK);
		CHECK_STATUS(jwt_verify(&jwt, keys[own], NULL), UNAUTHORIZED);
		/* A signature that is one byte short is none. */
		jwt.signature.len--;
		CHECK_STATUS(jwt_verify(&jwt, keys[own], NULL), UNAUTHORIZED);
	}
	CHECK(!jwt_algorithm_is_known(STR("none")) && !jwt_algorithm_is_known(STR("HS256")) &&
	      !jwt_algorithm_is_known(STR_NONE));
	for (size_t k = 0; k < 3; k++)
		certificate_key_free(keys[k]);
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
	CHECK_STATUS(certificate_key_from_ec(STR("P-256"), str_slice(x, 0, 31), y, &key, &why),
		     INVALID);
	CHECK(str_find(str_from(why.text), STR("not 31")) >= 0);
	CHECK_STATUS(certificate_key_from_ec(STR("P-256"), x, STR_NONE, &key, &why), INVALID);
	CHECK_STATUS(certificate_key_from_ec(STR("P-256"), x, x, &key, &why),
		     INVALID); /* not on the curve */
	CHECK_STATUS(certificate_key_from_ec(STR("secp256k1"), x, y, &key, &why), INVALID);
	CHECK_STATUS(certificate_key_from_pem(much, &key, &why), INVALID);
	CHECK(key == NULL);
}
