#include "runtime/base/time/wall.h"

#include "tests/lib/test.h"

TEST(moments_far_from_ours_keep_their_microseconds_and_their_order)
{
	static const char *const cases[] = {
		"0000-01-01T00:00:00.000000Z", "0001-01-01T00:00:02.000000Z",
		"0001-01-01T00:00:05.000001Z", "1677-09-21T00:12:44.000000Z",
		"1680-12-31T23:59:59.999999Z", "1681-01-01T00:00:00.000000Z",
		"1969-12-31T23:59:59.999999Z", "2249-12-31T23:59:59.999999Z",
		"2250-01-01T00:00:00.000000Z", "2262-04-11T23:47:16.854775Z",
		"9999-12-31T23:59:59.999999Z",
	};
	struct wall last = { INT64_MIN }, at;
	char out[TIME_TEXT];

	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK_STATUS(wall_parse(str_from(cases[i]), &at), OK);
		CHECK_STR(time_print_micro(at, out), cases[i]);
		CHECK(i == 0 || at.ns > last.ns);
		last = at;
	}
}

TEST(the_year_1_is_no_moment_and_what_is_beyond_the_years_of_four_digits_none_either)
{
	struct wall at = { 42 };

	CHECK_STATUS(wall_parse(STR("0001-01-01T00:00:00Z"), &at), OK);
	CHECK_EQ(at.ns, 0);
	CHECK_STATUS(wall_parse(STR("0000-01-01T00:00:00+01:00"), &at), INVALID);
	CHECK_STATUS(wall_parse(STR("9999-12-31T23:59:59-00:01"), &at), INVALID);
	CHECK_STATUS(wall_parse(STR("nonsense"), &at), INVALID);
	CHECK(!wall_from(WALL_LAST_S + 1, 0, &at) && !wall_from(WALL_FIRST_S - 1, 0, &at));
}

TEST(the_time_between_two_moments_is_at_most_what_a_number_holds)
{
	CHECK_EQ(wall_since((struct wall){ 1 }, (struct wall){ INT64_MIN }), INT64_MAX);
	CHECK_EQ(wall_since((struct wall){ -2 }, (struct wall){ INT64_MAX }), INT64_MIN);
	CHECK_EQ(wall_since((struct wall){ 5 }, (struct wall){ 3 }), 2);
}

TEST(whole_units_lie_before_a_moment_of_any_year)
{
	static const char *const cases[][2] = {
		{ "0001-01-01T00:00:02.700000Z", "0001-01-01T00:00:02.000000Z" },
		{ "1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.000000Z" },
		{ "2026-01-02T03:04:05.600000Z", "2026-01-02T03:04:05.000000Z" },
		{ "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.000000Z" },
	};
	char out[TIME_TEXT];
	struct wall at;

	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK_STATUS(wall_parse(str_from(cases[i][0]), &at), OK);
		CHECK_STR(time_print_micro(wall_floor(at, TIME_US), out), cases[i][0]);
		CHECK_STR(time_print_micro(wall_floor(at, TIME_S), out), cases[i][1]);
	}
}
