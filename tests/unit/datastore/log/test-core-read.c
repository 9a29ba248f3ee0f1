/*
 * Reads that wait for a majority, on cores alone (council.h).
 */
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/council.h"

static enum status ask(struct council *council, uint32_t node, uint64_t token)
{
	return council_step(council, node, (struct core_event){ .kind = CORE_READ, .read = token });
}

TEST(a_read_waits_until_a_majority_has_confirmed_the_leader)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	CHECK_STATUS(ask(council, 1, 7), OK);
	CHECK_EQ(council->reads.len, 0);
	council_settle(council, ALL);
	CHECK_EQ(council->reads.len, 1);
	CHECK_EQ(council->reads.at[0].token, 7);
	CHECK_EQ(council->reads.at[0].status, OK);
	CHECK_EQ(council->reads.at[0].index, council_commit(council, 1));
	council_free(council);
}

TEST(a_leader_that_was_deposed_answers_no_read)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	council_elect(council, 2, SET(2, 3));
	council_settle(council, SET(2, 3));
	CHECK_EQ(council_role(council, 1), CORE_LEADER); /* it does not know */
	CHECK_STATUS(ask(council, 1, 7), OK);
	council_settle(council, ALL);
	for (uint32_t i = 0; i < council->reads.len; i++)
		CHECK_EQ(council->reads.at[i].status, UNAVAILABLE);
	council_elapse(council, 2, 60);
	council_settle(council, ALL);
	CHECK_EQ(council_role(council, 1), CORE_FOLLOWER);
	CHECK_EQ(council->reads.len, 1);
	council_free(council);
}

TEST(a_follower_reads_through_its_leader)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	council_elapse(council, 1, 60);
	council_settle(council, ALL);
	for (uint64_t token = 1; token <= 10; token++)
		CHECK_STATUS(ask(council, 3, token), OK);
	council_settle(council, ALL);
	council_settle(council, ALL);
	CHECK_EQ(council->reads.len, 10);
	for (uint32_t i = 0; i < 10; i++)
		CHECK_EQ(council->reads.at[i].status, OK);
	council_free(council);
}

TEST(without_a_leader_a_read_is_refused_at_once)
{
	struct council *council = council_new(3);
	CHECK_STATUS(ask(council, 3, 5), OK);
	CHECK_EQ(council->reads.len, 1);
	CHECK_EQ(council->reads.at[0].status, UNAVAILABLE);
	council_free(council);
}
