#include "runtime/base/str.h"

#include "tests/lib/test.h"

TEST(absent_equals_empty_but_can_be_told_apart)
{
	CHECK(str_eq(STR_NONE, STR("")));
	CHECK(str_is(STR_NONE, ""));
	CHECK(str_from(NULL).at == NULL);
	CHECK(STR("").at != NULL);
	CHECK_EQ(str_cmp(STR_NONE, STR("")), 0);
}

TEST(strings_compare_by_bytes_and_a_prefix_sorts_first)
{
	static const struct {
		struct str a, b;
		int order;
	} cases[] = {
		{ STR("a"), STR("b"), -1 },       { STR("a"), STR("aa"), -1 },
		{ STR("b"), STR("aa"), 1 },       { STR("\xff"), STR("a"), 1 },
		{ STR("a\0b"), STR("a\0c"), -1 }, { STR("x"), STR("x"), 0 },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int order = str_cmp(cases[i].a, cases[i].b);

		CHECK_EQ((order > 0) - (order < 0), cases[i].order);
		CHECK_EQ(str_eq(cases[i].a, cases[i].b), cases[i].order == 0);
	}
	CHECK(str_eq_nocase(STR("Content-Type"), STR("content-tYPE")));
	CHECK(!str_eq_nocase(STR("[a"), STR("{a")));
}

TEST(searching_gives_offsets_and_minus_one)
{
	CHECK_EQ(str_find(STR("abcabc"), STR("ca")), 2);
	CHECK_EQ(str_find(STR("abc"), STR("abcd")), -1);
	CHECK_EQ(str_find(STR("abc"), STR("")), 0);
	CHECK_EQ(str_find(STR_NONE, STR("a")), -1);
	CHECK_EQ(str_find_char(STR("abca"), 'a'), 0);
	CHECK_EQ(str_find_last(STR("abca"), 'a'), 3);
	CHECK_EQ(str_find_last(STR_NONE, 'a'), -1);
	CHECK(str_starts(STR("abc"), STR("ab")) && !str_starts(STR("a"), STR("ab")));
	CHECK(str_ends(STR("abc"), STR("bc")) && !str_ends(STR("c"), STR("bc")));
	CHECK(str_starts(STR_NONE, STR("")) && str_ends(STR_NONE, STR("")));
}

TEST(slices_are_clamped)
{
	CHECK_STR(str_slice(STR("abcdef"), 1, 3), "bc");
	CHECK_STR(str_slice(STR("abc"), 1, 99), "bc");
	CHECK_STR(str_slice(STR("abc"), 9, 99), "");
	CHECK_STR(str_slice(STR("abc"), 2, 1), "");
	CHECK(str_slice(STR_NONE, 0, 5).at == NULL);
	CHECK_STR(str_trim(STR(" \t a b \r\n")), "a b");
	CHECK_STR(str_trim(STR("  ")), "");
}

TEST(cutting_walks_over_every_part)
{
	static const char *const parts[] = { "", "a", "", "bc", "" };
	struct str rest = STR("/a//bc/");

	for (uint32_t i = 0; i < 5; i++)
		CHECK_STR(str_cut(&rest, '/'), parts[i]);
	CHECK(rest.at == NULL);
}

TEST(whole_numbers_are_read_up_to_their_limits_and_not_beyond)
{
	static const struct {
		const char *text;
		bool is_i64, is_u64;
		int64_t value;
	} cases[] = {
		{ "0", true, true, 0 },
		{ "-0", true, false, 0 },
		{ "007", true, true, 7 },
		{ "9223372036854775807", true, true, INT64_MAX },
		{ "9223372036854775808", false, true, INT64_MIN },
		{ "-9223372036854775808", true, false, INT64_MIN },
		{ "-9223372036854775809", false, false, 0 },
		{ "18446744073709551615", false, true, -1 },
		{ "18446744073709551616", false, false, 0 },
		{ "99999999999999999999999", false, false, 0 },
		{ "", false, false, 0 },
		{ "-", false, false, 0 },
		{ "+1", false, false, 0 },
		{ " 1", false, false, 0 },
		{ "1 ", false, false, 0 },
		{ "1.0", false, false, 0 },
		{ "0x1", false, false, 0 },
		{ "--1", false, false, 0 },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t i64 = 42;
		uint64_t u64 = 42;

		CHECK_STATUS(str_to_i64(str_from(cases[i].text), &i64),
			     cases[i].is_i64 ? OK : INVALID);
		CHECK_EQ(i64, cases[i].is_i64 ? cases[i].value : 42);
		CHECK_STATUS(str_to_u64(str_from(cases[i].text), &u64),
			     cases[i].is_u64 ? OK : INVALID);
		CHECK_EQ(u64, cases[i].is_u64 ? (uint64_t)cases[i].value : 42);
	}
}

TEST(doubles_are_decimal_and_finite)
{
	static const struct {
		const char *text;
		double value;
	} good[] = { { "0", 0 },
		     { "-1.5", -1.5 },
		     { "1e3", 1000 },
		     { "2E-2", 0.02 },
		     { "1e-400", 0 },
		     { "0.1", 0.1 },
		     { "1e+2", 100 },
		     { "00.5", 0.5 },
		     { "1.7976931348623157e308", 1.7976931348623157e308 } };
	static const char *const bad[] = { "",    "-",   ".",     "1.",    "1e", "1e+",
					   "inf", "nan", "0x1p3", "1e999", " 1", "1 ",
					   "1,5", "+1",  ".5",    "1e5.5" };

	for (uint32_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		double value = 42;

		CHECK_STATUS(str_to_double(str_from(good[i].text), &value), OK);
		CHECK(value == good[i].value);
	}
	for (uint32_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		double value = 42;

		CHECK_STATUS(str_to_double(str_from(bad[i]), &value), INVALID);
		CHECK(value == 42);
	}
}

TEST(a_number_is_read_from_a_slice_without_looking_past_it)
{
	struct str digits = str_slice(STR("12345"), 1, 3);
	uint64_t whole;
	double real;

	CHECK_STATUS(str_to_u64(digits, &whole), OK);
	CHECK_EQ(whole, 23);
	CHECK_STATUS(str_to_double(digits, &real), OK);
	CHECK(real == 23);
}

TEST(a_word_is_looked_for_among_others_as_a_whole)
{
	static const char *const words[] = { "set", "map" };

	CHECK(str_is_among(STR("map"), "set|map", '|'));
	CHECK(str_is_among(STR("set"), "set", '|'));
	CHECK(!str_is_among(STR("ma"), "set|map", '|'));
	CHECK(!str_is_among(STR("set|map"), "set|map", '|'));
	CHECK(!str_is_among(STR(""), "set|map", '|'));
	CHECK(STR_IS_ONE_OF(STR("map"), words) && !STR_IS_ONE_OF(STR("mapp"), words));
	CHECK(!str_is_one_of(STR("set"), words, 0));
}
