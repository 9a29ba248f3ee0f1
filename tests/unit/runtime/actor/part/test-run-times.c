#include "runtime/actor/part/run-times.h"

#include "tests/lib/test.h"

TEST(a_percentile_is_never_too_low_and_at_most_half_too_high)
{
	static const uint64_t takes[] = { 256, 700, 1000, 12345, 999999, 50000000, 3000000000 };

	for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++) {
		struct run_times times = { { 0 } };
		uint64_t told;

		run_times_add(&times, takes[i]);
		told = run_times_per_mille(&times, 990);
		CHECK(told > takes[i] && told <= takes[i] + takes[i] / 2);
	}
}

TEST(the_shortest_and_the_longest_have_a_bucket_too)
{
	struct run_times times = { { 0 } };

	CHECK_EQ(run_times_per_mille(&times, 990), 0);
	run_times_add(&times, 0);
	CHECK_EQ(run_times_per_mille(&times, 990), 256);
	run_times_add(&times, UINT64_MAX);
	CHECK(run_times_per_mille(&times, 990) > 3000000000ULL);
}

TEST(one_slow_run_in_two_hundred_is_not_the_99th_percentile_but_three_are)
{
	struct run_times times = { { 0 } };

	for (int i = 0; i < 199; i++)
		run_times_add(&times, 1000);
	run_times_add(&times, 1000000);
	CHECK(run_times_per_mille(&times, 990) < 2000);
	run_times_add(&times, 1000000);
	run_times_add(&times, 1000000);
	CHECK(run_times_per_mille(&times, 990) > 1000000);
}

TEST(what_was_long_ago_counts_less_when_a_bucket_is_full)
{
	struct run_times times = { { 0 } };

	for (int i = 0; i < 1000; i++)
		run_times_add(&times, 1000000);
	CHECK(run_times_per_mille(&times, 990) > 1000000);
	for (int i = 0; i < 10 * UINT16_MAX; i++)
		run_times_add(&times, 1000);
	CHECK(run_times_per_mille(&times, 990) < 2000);
}
