/*
 * What was wanted of late, and who gets how much of what there is.
 */
#include "actors/server/flow/demand.h"

#include <math.h>

#include "tests/lib/test.h"

static struct mono at_s(int64_t seconds)
{
	return (struct mono){ seconds * TIME_S };
}

static bool is_near(double a, double b)
{
	return fabs(a - b) < 1e-6;
}

TEST(the_average_counts_time_and_the_most_is_remembered)
{
	struct demand demand;

	demand_init(&demand, at_s(0));
	demand_set(&demand, 4, at_s(2));
	demand_set(&demand, 0, at_s(4));
	demand_sum_up(&demand, at_s(8));
	CHECK(is_near(demand.average, 1));
	CHECK(is_near(demand.deviation, sqrt(3)));
	CHECK(is_near(demand.high, 4));
	CHECK(is_near(demand.smoothed, 1 + sqrt(3)));
	demand_sum_up(&demand, at_s(18));
	CHECK(is_near(demand.average, 0));
	CHECK(is_near(demand.high, 0));
	CHECK(is_near(demand.smoothed, 0.977 * (1 + sqrt(3)))); /* it fades, slowly */
}

TEST(what_is_wanted_more_is_followed_at_once)
{
	struct demand demand;

	demand_init(&demand, at_s(0));
	demand_set(&demand, 50, at_s(0));
	demand_sum_up(&demand, at_s(10));
	CHECK(is_near(demand.smoothed, 50));
	demand_sum_up(&demand, at_s(10)); /* no time has passed */
	CHECK(is_near(demand.average, 50));
}

TEST(shares_are_the_same_fraction_of_what_is_wanted_within_bounds)
{
	static const struct {
		double sum;
		struct demand_share in[3];
		double out[3];
	} cases[] = {
		{ 60, { { 0, 100, 10, 0 }, { 0, 100, 20, 0 }, { 0, 100, 30, 0 } }, { 10, 20, 30 } },
		{ 30, { { 0, 100, 10, 0 }, { 0, 100, 20, 0 }, { 0, 100, 30, 0 } }, { 5, 10, 15 } },
		{ 60, { { 0, 100, 10, 0 }, { 0, 100, 20, 0 }, { 0, 15, 30, 0 } }, { 15, 30, 15 } },
		{ 60,
		  { { 10, 100, 10, 0 }, { 20, 100, 200, 0 }, { 5, 100, 50, 0 } },
		  { 10, 40, 10 } },
		{ 20, { { 10, 100, 10, 0 }, { 20, 100, 200, 0 }, { 5, 100, 50, 0 } }, { 10, 20, 5 } },
		{ 90, { { 0, 10, 1, 0 }, { 0, 20, 1, 0 }, { 0, 30, 1, 0 } }, { 10, 20, 30 } },
		{ 30, { { 0, 100, 0, 0 }, { 0, 100, 0, 0 }, { 0, 100, 0, 0 } }, { 10, 10, 10 } },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct demand_share shares[3];

		memcpy(shares, cases[i].in, sizeof shares);
		demand_divide(cases[i].sum, shares, 3);
		for (int k = 0; k < 3; k++)
			CHECK(is_near(shares[k].share, cases[i].out[k]));
	}
}
