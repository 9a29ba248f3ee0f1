#include "runtime/base/time/time.h"

#include "tests/lib/test.h"

TEST(times_print_in_utc_with_and_without_micros)
{
	static const struct {
		int64_t ns;
		const char *seconds, *micro;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z" },
		{ 1767323045123456789, "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456Z" },
		{ -1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999999Z" },
		{ 951782400 * TIME_S, "2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000000Z" },
		{ -2203977600 * TIME_S, "1900-02-28T00:00:00Z", "1900-02-28T00:00:00.000000Z" },
		{ 8835955199 * TIME_S, "2249-12-31T23:59:59Z", "2249-12-31T23:59:59.000000Z" },
		{ -9119865600 * TIME_S, "1681-01-01T00:00:00Z", "1681-01-01T00:00:00.000000Z" },
	};
	char out[TIME_TEXT];

	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct wall at = { cases[i].ns };

		CHECK_STR(time_print(at, out), cases[i].seconds);
		CHECK_STR(time_print_micro(at, out), cases[i].micro);
	}
}

TEST(times_parse_with_any_offset_and_fraction)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-01-02T03:04:05Z", 1767323045 * TIME_S },
		{ "2026-01-02T03:04:05.1Z", 1767323045100000000 },
		{ "2026-01-02T03:04:05.123456789Z", 1767323045123456789 },
		{ "2026-01-02T05:34:05+02:30", 1767323045 * TIME_S },
		{ "2026-01-01T19:04:05.5-08:00", 1767323045500000000 },
		{ "1969-12-31T23:59:59.999999999Z", -1 },
		{ "2000-02-29T00:00:00+00:00", 951782400 * TIME_S },
		{ "0001-01-01T00:00:00Z", 0 },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct wall at = { 42 };

		CHECK_STATUS(time_parse(str_from(cases[i].text), &at), OK);
		CHECK_EQ(at.ns, cases[i].ns);
	}
}

TEST(what_is_not_a_time_is_refused)
{
	static const char *const cases[] = {
		"",
		"2026",
		"2026-01-02",
		"2026-01-02T03:04:05",
		"2026-01-02 03:04:05Z",
		"2026-01-02T03:04:05z",
		"2026-01-02T03:04:05.Z",
		"2026-01-02T03:04:05.1234567890Z",
		"2026-01-02T03:04:05+0100",
		"2026-01-02T03:04:05+24:00",
		"2026-01-02T03:04:05Zx",
		"2026-00-02T03:04:05Z",
		"2026-13-02T03:04:05Z",
		"2026-02-29T03:04:05Z",
		"1900-02-29T03:04:05Z",
		"2026-04-31T03:04:05Z",
		"2026-01-00T03:04:05Z",
		"2026-01-02T24:00:00Z",
		"2026-01-02T03:60:05Z",
		"2026-01-02T03:04:60Z",
		"0001-01-01T00:00:01Z",
		"9999-12-31T23:59:59Z",
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct wall at = { 42 };

		CHECK_STATUS(time_parse(str_from(cases[i]), &at), INVALID);
		CHECK_EQ(at.ns, 42);
	}
}

TEST(every_day_of_four_centuries_survives_printing_and_parsing)
{
	char out[TIME_TEXT];

	for (int64_t day = -100000; day < 100000; day += 7) {
		struct wall at = { day * 86400 * TIME_S + 1 }, back;

		CHECK_STATUS(time_parse(time_print(at, out), &back), OK);
		CHECK_EQ(back.ns, at.ns - 1);
	}
}

TEST(ages_read_as_kubectl_writes_them)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{ -2, "<invalid>" },
		{ -1, "0s" },
		{ 0, "0s" },
		{ 119, "119s" },
		{ 120, "2m" },
		{ 200, "3m20s" },
		{ 599, "9m59s" },
		{ 600, "10m" },
		{ 10799, "179m" },
		{ 10800, "3h" },
		{ 28799, "7h59m" },
		{ 28800, "8h" },
		{ 172799, "47h" },
		{ 172800, "2d" },
		{ 176400, "2d1h" },
		{ 691199, "7d23h" },
		{ 691200, "8d" },
		{ 365 * 2 * 86400 - 1, "729d" },
		{ 365 * 2 * 86400, "2y" },
		{ 366 * 2 * 86400, "2y2d" },
		{ 365 * 8 * 86400LL + 86400, "8y" },
	};
	char out[TIME_TEXT];

	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(time_print_age(cases[i].seconds * TIME_S, out), cases[i].text);
}

TEST(durations_print_as_go_does)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 1, "1ns" },
		{ 1100, "1.1\xc2\xb5s" },
		{ 2200000, "2.2ms" },
		{ 100000000, "100ms" },
		{ 1500000000, "1.5s" },
		{ 60 * TIME_S, "1m0s" },
		{ 5400 * TIME_S, "1h30m0s" },
		{ 3661 * TIME_S + 1, "1h1m1.000000001s" },
		{ -1500000000, "-1.5s" },
		{ INT64_MAX, "2562047h47m16.854775807s" },
		{ INT64_MIN, "-2562047h47m16.854775808s" },
	};
	char out[TIME_TEXT];

	for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t back = 42;

		CHECK_STR(time_print_duration(cases[i].ns, out), cases[i].text);
		CHECK_STATUS(time_parse_duration(str_from(cases[i].text), &back), OK);
		CHECK_EQ(back, cases[i].ns);
	}
}

TEST(durations_parse_in_all_units_and_refuse_the_rest)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{ "0", 0 },
		{ "+5s", 5 * TIME_S },
		{ "1.5h", 5400 * TIME_S },
		{ ".5s", TIME_S / 2 },
		{ "1.s", TIME_S },
		{ "3us", 3000 },
		{ "3\xce\xbcs", 3000 },
		{ "1m2m", 180 * TIME_S },
		{ "-0.001us", -1 },
		{ "0.100000000000000000000h", 360 * TIME_S },
	};
	static const char *const bad[] = { "",
					   "-",
					   "+",
					   "s",
					   ".s",
					   "1",
					   "1x",
					   "1 s",
					   "1.5.5s",
					   "--1s",
					   "9223372036854775808ns",
					   "9223372036855ms",
					   "99999999999999999999s",
					   "2562048h",
					   "1s1" };

	for (uint32_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		int64_t ns = 42;

		CHECK_STATUS(time_parse_duration(str_from(good[i].text), &ns), OK);
		CHECK_EQ(ns, good[i].ns);
	}
	for (uint32_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		int64_t ns = 42;

		CHECK_STATUS(time_parse_duration(str_from(bad[i]), &ns), INVALID);
		CHECK_EQ(ns, 42);
	}
}
