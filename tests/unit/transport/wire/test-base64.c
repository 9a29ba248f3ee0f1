#include "transport/wire/base64.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"

TEST(base64_of_the_rfc_goes_both_ways)
{
	static const struct {
		const char *bytes, *standard, *url;
	} cases[] = {
		{ "", "", "" },
		{ "f", "Zg==", "Zg" },
		{ "fo", "Zm8=", "Zm8" },
		{ "foo", "Zm9v", "Zm9v" },
		{ "foob", "Zm9vYg==", "Zm9vYg" },
		{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
		{ "\xfb\xff", "+/8=", "-_8" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text out = text_in(test_arena(), 100);
		struct str back;
		base64_encode(BASE64_STANDARD, str_from(cases[i].bytes), &out);
		CHECK_STR(text_str(&out), cases[i].standard);
		CHECK_STATUS(
		    base64_decode(BASE64_STANDARD, text_str(&out), test_arena(), &back, NULL), OK);
		CHECK_STR(back, cases[i].bytes);
		text_clear(&out);
		base64_encode(BASE64_URL, str_from(cases[i].bytes), &out);
		CHECK_STR(text_str(&out), cases[i].url);
		CHECK_STATUS(base64_decode(BASE64_URL, text_str(&out), test_arena(), &back, NULL),
			     OK);
		CHECK_STR(back, cases[i].bytes);
	}
}

TEST(base64_refuses_what_is_none_and_says_where)
{
	static const struct {
		enum base64_kind kind;
		const char *text;
		uint32_t at;
	} cases[] = {
		{ BASE64_STANDARD, "Zg", 0 },    { BASE64_STANDARD, "Zg=", 3 },
		{ BASE64_STANDARD, "Zg===", 4 }, { BASE64_STANDARD, "Zm9v=", 4 },
		{ BASE64_STANDARD, "Z*9v", 1 },  { BASE64_STANDARD, "Z", 0 },
		{ BASE64_STANDARD, "-_8=", 0 },  { BASE64_URL, "Zg==", 2 },
		{ BASE64_URL, "+/8", 0 },        { BASE64_URL, "Zm\n9v", 2 },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str out = STR_NONE;
		uint32_t at = 99;
		CHECK_STATUS(
		    base64_decode(cases[i].kind, str_from(cases[i].text), test_arena(), &out, &at),
		    INVALID);
		CHECK_EQ(at, cases[i].at);
		CHECK(out.at == NULL);
	}
}

TEST(base64_passes_over_line_ends)
{
	struct str out;

	CHECK_STATUS(
	    base64_decode(BASE64_STANDARD, STR("Zm9v\r\nYg=\n=\n"), test_arena(), &out, NULL), OK);
	CHECK_STR(out, "foob");
}
