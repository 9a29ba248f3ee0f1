#include "actors/controller/job/cron.h"

#include "tests/lib/test.h"

TEST(a_schedule_says_when_it_is_due_next)
{
	static const struct {
		const char *schedule, *after, *next;
	} cases[] = {
		{ "* * * * *", "2026-01-02T03:04:05Z", "2026-01-02T03:05:00Z" },
		{ "*/15 * * * *", "2026-01-02T03:04:05Z", "2026-01-02T03:15:00Z" },
		{ "5/15 * * * *", "2026-01-02T03:06:05Z", "2026-01-02T03:20:00Z" },
		{ "0 0 * * *", "2026-01-02T03:04:05Z", "2026-01-03T00:00:00Z" },
		{ "0 0 1 1 *", "2026-01-02T03:04:05Z", "2027-01-01T00:00:00Z" },
		{ "30 4 29 2 *", "2026-01-02T03:04:05Z", "2028-02-29T04:30:00Z" },
		{ "0 12 * * mon-fri", "2026-01-02T13:00:00Z", "2026-01-05T12:00:00Z" },
		{ "0 12 * JAN,MAR 6", "2026-01-31T13:00:00Z", "2026-03-07T12:00:00Z" },
		/* Both days are restricted: either is enough. The second of January 2026 is a Friday. */
		{ "0 0 13 * 5", "2026-01-02T00:00:00Z", "2026-01-09T00:00:00Z" },
		{ "0 0 13 * *", "2026-01-02T00:00:00Z", "2026-01-13T00:00:00Z" },
		{ "0 0 ? * 0", "2026-01-02T00:00:00Z", "2026-01-04T00:00:00Z" },
		{ "@hourly", "2026-01-02T03:04:05Z", "2026-01-02T04:00:00Z" },
		{ "@weekly", "2026-01-02T03:04:05Z", "2026-01-04T00:00:00Z" },
		{ "@every 1h30m", "2026-01-02T03:04:05Z", "2026-01-02T04:34:05Z" },
		{ "  0   0  * * *  ", "2026-01-02T03:04:05Z", "2026-01-03T00:00:00Z" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct cron cron;
		struct wall after;
		char text[TIME_TEXT];

		CHECK_STATUS(cron_parse(str_from(cases[i].schedule), &cron, NULL), OK);
		CHECK_STATUS(time_parse(str_from(cases[i].after), &after), OK);
		CHECK_STR(time_print(cron_next(&cron, after), text), cases[i].next);
	}
}

TEST(a_day_that_never_comes_is_never)
{
	struct cron cron;

	CHECK_STATUS(cron_parse(STR("59 23 31 2 *"), &cron, NULL), OK);
	CHECK_EQ(cron_next(&cron, (struct wall){ TIME_S }).ns, 0);
}

TEST(what_is_no_schedule_is_refused_with_words)
{
	static const char *const bad[] = {
		"",          "* * * *",    "* * * * * *", "60 * * * *",  "* 24 * * *",
		"* * 0 * *", "* * * 13 *", "* * * * 7",   "5-3 * * * *", "*/0 * * * *",
		"a * * * *", "@never",     "@every x",    "1,,2 * * * *"
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct cron cron;
		struct fault why = { 0 };

		CHECK_STATUS(cron_parse(str_from(bad[i]), &cron, &why), INVALID);
		CHECK(why.text[0] != '\0');
	}
}
