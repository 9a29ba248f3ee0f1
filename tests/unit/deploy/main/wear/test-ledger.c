#include "deploy/main/wear/ledger.h"
#include "tests/lib/test.h"

#define BEGIN_S INT64_C(1000000)
#define HOUR_S 3600

TEST(what_was_counted_before_the_first_look_counts_as_nothing)
{
	struct ledger ledger = { 0 };

	CHECK_EQ(ledger_covers_s(&ledger, BEGIN_S), 0);
	ledger_note(&ledger, 5000, BEGIN_S);
	CHECK_EQ(ledger_day(&ledger, BEGIN_S), 0);
	ledger_note(&ledger, 5700, BEGIN_S + 60);
	CHECK_EQ(ledger_day(&ledger, BEGIN_S + 60), 700);
	CHECK_EQ(ledger_rate(&ledger, BEGIN_S + 60), 700); /* too early to say more */
	CHECK_EQ(ledger_covers_s(&ledger, BEGIN_S + 60), 60);
}

TEST(a_day_is_the_last_day_and_no_more)
{
	struct ledger ledger = { 0 };
	uint64_t count = 0;

	ledger_note(&ledger, 0, BEGIN_S);
	for (int hour = 1; hour <= 100; hour++)
		ledger_note(&ledger, count += 10, BEGIN_S + hour * HOUR_S);
	CHECK_EQ(ledger_day(&ledger, BEGIN_S + 100 * HOUR_S), 240);
	CHECK_EQ(ledger_rate(&ledger, BEGIN_S + 100 * HOUR_S), 240);
	CHECK_EQ(ledger_day(&ledger, BEGIN_S + 110 * HOUR_S), 140); /* nothing was written since */
	CHECK_EQ(ledger_day(&ledger, BEGIN_S + 200 * HOUR_S), 0);
	CHECK_EQ(ledger.total_bytes, 1000);
}

TEST(part_of_a_day_is_what_it_comes_to_in_a_whole_one)
{
	struct ledger ledger = { 0 };

	ledger_note(&ledger, 0, BEGIN_S);
	ledger_note(&ledger, 6 * HOUR_S, BEGIN_S + 6 * HOUR_S);
	CHECK_EQ(ledger_rate(&ledger, BEGIN_S + 6 * HOUR_S), LEDGER_DAY_S);
	ledger_note(&ledger, 10, BEGIN_S + 7 * HOUR_S); /* a counter that went back says nothing */
	CHECK_EQ(ledger_day(&ledger, BEGIN_S + 7 * HOUR_S), 6 * HOUR_S);
}
