#include "actors/node/pod/addresses.h"

#include "tests/lib/test.h"

static struct addresses make_pool(const char *range)
{
	struct addresses pool = { .len = 0 };

	CHECK_STATUS(addresses_init(&pool, test_arena(), str_from(range)), OK);
	return pool;
}

TEST(what_is_no_range_of_ipv4_addresses_is_refused)
{
	static const char *const bad[] = { "",
					   "10.244.0.0",
					   "10.244.0.0/",
					   "10.244.0/24",
					   "10.244.0.256/24",
					   "10.244.0.1/24",
					   "10.244.0.0/30",
					   "10.0.0.0/7",
					   "10.0.0.0.0/24",
					   "fd00::/64",
					   "10.244.0.0/x" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct addresses pool = { .len = 7 };

		CHECK_STATUS(addresses_init(&pool, test_arena(), str_from(bad[i])), INVALID);
		CHECK_EQ(pool.len, 7);
	}
}

TEST(each_address_is_given_once_and_the_ends_of_the_range_never)
{
	struct addresses pool = make_pool("10.1.2.8/29");
	char out[ADDRESSES_TEXT];

	for (int i = 10; i <= 14; i++) {
		CHECK_STATUS(addresses_take(&pool, out), OK);
		CHECK_STR(str_from(out), arena_printf(test_arena(), "10.1.2.%d", i).at);
	}
	CHECK_STATUS(addresses_take(&pool, out), FULL);
	addresses_give_back(&pool, STR("10.1.2.12"));
	CHECK_STATUS(addresses_take(&pool, out), OK);
	CHECK_STR(str_from(out), "10.1.2.12");
}

TEST(a_freed_address_rests_while_others_are_free)
{
	struct addresses pool = make_pool("10.1.2.0/24");
	char out[ADDRESSES_TEXT];

	CHECK_STATUS(addresses_take(&pool, out), OK);
	addresses_give_back(&pool, str_from(out));
	for (int i = 0; i < 252; i++) {
		CHECK_STATUS(addresses_take(&pool, out), OK);
		CHECK(!str_is(STR("10.1.2.2"), out));
		addresses_give_back(&pool, str_from(out));
	}
	CHECK_STATUS(addresses_take(&pool, out), OK);
	CHECK_STR(str_from(out), "10.1.2.2");
}

TEST(a_claimed_address_is_not_given)
{
	struct addresses pool = make_pool("10.1.2.0/24");
	char out[ADDRESSES_TEXT];

	CHECK_STATUS(addresses_claim(&pool, STR("10.1.2.2")), OK);
	CHECK_STATUS(addresses_claim(&pool, STR("10.1.2.2")), EXISTS);
	CHECK_STATUS(addresses_claim(&pool, STR("10.1.3.2")), NOT_FOUND);
	CHECK_STATUS(addresses_claim(&pool, STR("nonsense")), NOT_FOUND);
	CHECK_STATUS(addresses_take(&pool, out), OK);
	CHECK_STR(str_from(out), "10.1.2.3");
	addresses_give_back(&pool, STR("10.9.9.9"));
	addresses_give_back(&pool, STR("fd00::1"));
}

TEST(nothing_is_given_without_a_range)
{
	struct addresses pool = { .len = 0 };
	char out[ADDRESSES_TEXT];

	CHECK_STATUS(addresses_take(&pool, out), FULL);
	CHECK_STATUS(addresses_claim(&pool, STR("10.1.2.2")), NOT_FOUND);
	addresses_give_back(&pool, STR("10.1.2.2"));
}

TEST(of_a_wide_range_a_bounded_part_is_used)
{
	struct addresses pool = make_pool("10.0.0.0/8");

	CHECK_EQ(pool.len, ADDRESSES_MAX);
}

TEST(the_turn_begins_anywhere_in_the_range_and_still_gives_each_address_once)
{
	for (uint64_t chance = 0; chance < 12; chance++) {
		struct addresses pool;
		char one[ADDRESSES_TEXT];
		uint32_t seen = 0;

		CHECK_STATUS(addresses_init(&pool, test_arena(), STR("10.244.7.0/29")), OK);
		addresses_begin(&pool, chance);
		while (addresses_take(&pool, one) == OK) {
			uint32_t bit = 1U << (one[strlen(one) - 1] - '0');

			CHECK(!(seen & bit));
			seen |= bit;
		}
		CHECK_EQ(seen, 0x7c); /* .2 to .6 */
	}
}
