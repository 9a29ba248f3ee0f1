#include "transport/wire/json.h"

#include <math.h>

#include "runtime/base/base.h"
#include "tests/lib/test.h"

TEST(a_reader_goes_through_objects_and_arrays)
{
	struct json in =
	    json_of(STR(" { \"a\" : [1, -2.5e3 ,true,null] , \"b\":{}, \"c\":\"x\"} "));
	struct str name, value;
	uint32_t count = 0;

	CHECK(json_peek(&in) == JSON_OBJECT);
	json_enter(&in);
	CHECK(json_member(&in, test_arena(), &name));
	CHECK_STR(name, "a");
	CHECK(json_peek(&in) == JSON_ARRAY);
	for (json_enter(&in); json_element(&in); count++)
		CHECK(json_skip(&in, &value));
	CHECK_EQ(count, 4);
	CHECK_STR(value, "null");
	CHECK(json_member(&in, test_arena(), &name));
	CHECK(json_skip(&in, &value));
	CHECK_STR(value, "{}");
	CHECK(json_member(&in, test_arena(), &name));
	CHECK(json_peek(&in) == JSON_STRING);
	CHECK(json_string(&in, test_arena(), &value));
	CHECK_STR(value, "x");
	CHECK(!json_member(&in, test_arena(), &name));
	CHECK_STATUS(json_end(&in, NULL), OK);
}

TEST(strings_are_unescaped_and_what_is_no_text_is_replaced)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "\"\"", "" },
		{ "\"plain, longer than eight bytes\"", "plain, longer than eight bytes" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
		{ "\"\\u0041\\u00e9\\u20ac\"", "A\xc3\xa9\xe2\x82\xac" },
		{ "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
		{ "\"\\ud83dx\"", "\xef\xbf\xbdx" },
		{ "\"\\ude00\\u0041\"", "\xef\xbf\xbd\x41" },
		{ "\"\xc3\xa9\xf0\x9f\x98\x80\"", "\xc3\xa9\xf0\x9f\x98\x80" },
		{ "\"a\xff\xc3\"", "a\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\"\xed\xa0\x80\"", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json in = json_of(str_from(cases[i].in));
		struct str value;
		CHECK(json_peek(&in) == JSON_STRING);
		CHECK(json_string(&in, test_arena(), &value));
		CHECK_STR(value, cases[i].out);
		CHECK_STATUS(json_end(&in, NULL), OK);
		CHECK(json_is_valid(str_from(cases[i].in)));
	}
}

TEST(faults_have_the_words_of_go)
{
	static const struct {
		const char *in, *text;
	} cases[] = {
		{ "", "unexpected end of JSON input" },
		{ "{", "unexpected end of JSON input" },
		{ "{\"a\":1", "unexpected end of JSON input" },
		{ "\"abc", "unexpected end of JSON input" },
		{ "[1 2]", "invalid character '2' after array element" },
		{ "[1,]", "invalid character ']' looking for beginning of value" },
		{ "{,}", "invalid character ',' looking for beginning of object key string" },
		{ "{\"a\" 1}", "invalid character '1' after object key" },
		{ "{\"a\":1;}", "invalid character ';' after object key:value pair" },
		{ "{\"a\":1,}",
		  "invalid character '}' looking for beginning of object key string" },
		{ "x", "invalid character 'x' looking for beginning of value" },
		{ "nulx", "invalid character 'x' in literal null (expecting 'l')" },
		{ "-", "unexpected end of JSON input" },
		{ "-x", "invalid character 'x' in numeric literal" },
		{ "1.x", "invalid character 'x' after decimal point in numeric literal" },
		{ "1ex", "invalid character 'x' in exponent of numeric literal" },
		{ "01", "invalid character '1' after top-level value" },
		{ "\"\\x\"", "invalid character 'x' in string escape code" },
		{ "\"\\u00g0\"", "invalid character 'g' in \\u hexadecimal character escape" },
		{ "\"\n\"", "invalid character '\\n' in string literal" },
		{ "1 \xe9", "invalid character '\xc3\xa9' after top-level value" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json in = json_of(str_from(cases[i].in));
		struct fault why;
		(void)json_skip(&in, NULL);
		CHECK_STATUS(json_end(&in, &why), BAD_REQUEST);
		CHECK_STR(str_from(why.text), cases[i].text);
	}
}

TEST(depth_is_bounded)
{
	struct text deep = text_in(test_arena(), 4096);
	struct fault why;

	for (uint32_t i = 0; i < LIMIT_NESTING; i++)
		text_add_char(&deep, '[');
	for (uint32_t i = 0; i < LIMIT_NESTING; i++)
		text_add_char(&deep, ']');
	CHECK(json_is_valid(text_str(&deep)));
	text_clear(&deep);
	for (uint32_t i = 0; i <= LIMIT_NESTING; i++)
		text_lit(&deep, "{\"a\":");
	struct json in = json_of(text_str(&deep));
	CHECK(!json_skip(&in, NULL));
	CHECK_STATUS(json_end(&in, &why), BAD_REQUEST);
	CHECK_STR(str_from(why.text), "exceeded max depth");
}

TEST(strings_are_written_as_go_writes_them)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "\"\"" },
		{ "a<b>&c", "\"a\\u003cb\\u003e\\u0026c\"" },
		{ "\"\\\b\f\n\r\t\x01\x7f", "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\"" },
		{ "\xe2\x80\xa8\xe2\x80\xa9\xc3\xa9", "\"\\u2028\\u2029\xc3\xa9\"" },
		{ "\xff", "\"\\ufffd\"" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text out = text_in(test_arena(), 4096);
		json_write_string(&out, str_from(cases[i].in));
		CHECK_STR(text_str(&out), cases[i].out);
	}
}

TEST(what_is_escaped_is_found_wherever_it_stands)
{
	struct text alone = text_in(test_arena(), KIB), out = text_in(test_arena(), KIB);
	char in[19];

	for (int c = 0; c < 0x80; c++) {
		char one = (char)c;

		text_clear(&alone);
		json_write_string(&alone, str_of(&one, 1));
		for (uint32_t place = 0; place < sizeof in; place++) {
			memset(in, 'a', sizeof in);
			in[place] = one;
			text_clear(&out);
			json_write_string(&out, str_of(in, sizeof in));
			CHECK_EQ(out.len, sizeof in - 1 + alone.len);
			CHECK(memcmp(out.at + 1 + place, alone.at + 1, alone.len - 2) == 0);
		}
	}
}

TEST(numbers_are_written_as_go_writes_them)
{
	static const struct {
		double in;
		const char *out;
	} cases[] = {
		{ 0, "0" },
		{ -0.0, "-0" },
		{ 1, "1" },
		{ 0.1, "0.1" },
		{ 1.5e300, "1.5e+300" },
		{ 1e20, "100000000000000000000" },
		{ 1e21, "1e+21" },
		{ 1e-6, "0.000001" },
		{ 1e-7, "1e-7" },
		{ -2.5, "-2.5" },
		{ 123456.789, "123456.789" },
		{ 5e-324, "5e-324" },
		{ 0.30000000000000004, "0.30000000000000004" },
		{ NAN, "null" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct text out = text_in(test_arena(), 4096);
		json_write_double(&out, cases[i].in);
		CHECK_STR(text_str(&out), cases[i].out);
	}
}

TEST(compacting_drops_white_space_outside_of_strings_only)
{
	struct text out = text_in(test_arena(), 4096);

	json_write_compact(&out, STR(" { \"a b\" : [ 1 , \"<\\\" \xe2\x80\xa9\" ] }\n"));
	CHECK_STR(text_str(&out), "{\"a b\":[1,\"\\u003c\\\" \\u2029\"]}");
}
