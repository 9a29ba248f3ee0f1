/*
 * Members and their roles, on cores alone (council.h).
 */
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/council.h"

/* Leads, adds a fourth with that role. */
static void assign_fourth(struct council *council, uint32_t leader, enum member_role role)
{
	struct members next = *core_members(council->core[leader]);

	CHECK_STATUS(members_put(&next, &(struct member){ .id = 4, .role = role }), OK);
	CHECK_STATUS(council_step(council, leader,
				  (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
		     OK);
	council_settle(council, SET(1, 2, 3));
	council_elapse(council, leader, 60);
	council_settle(council, SET(1, 2, 3));
	CHECK(!core_is_changing(council->core[leader]));
}

TEST(a_leader_sleeps_between_heartbeats_though_a_member_is_sent_nothing_any_more)
{
	struct council *council = council_new(3);

	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	assign_fourth(council, 1, MEMBER_STANDBY); /* is sent what there is */
	assign_fourth(council, 1, MEMBER_SPARE);
	for (uint32_t i = 0; i < 10; i++) {
		council_elapse(council, 1, 60);
		CHECK(core_wake_at(council->core[1]).ns > council->now[1].ns);
		council_settle(council, SET(1, 2, 3));
	}
	CHECK_EQ(council_role(council, 1), CORE_LEADER);
	council_free(council);
}

TEST(a_list_of_members_in_the_middle_of_a_batch_is_known_by_its_own_index)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	/* 2 is away while a command and a change are made: it gets both at once. */
	CHECK_STATUS(council_submit(council, 1, STR("command")), OK);
	council_settle(council, SET(1, 3));
	struct members next = *core_members(council->core[1]);
	CHECK_STATUS(members_put(&next, &(struct member){ .id = 4, .role = MEMBER_SPARE }), OK);
	CHECK_STATUS(
	    council_step(council, 1, (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
	    OK);
	uint64_t change = core_last(council->core[1]);
	council_settle(council, SET(1, 3));
	for (uint32_t i = 0; i < 20; i++) {
		council_elapse_all(council, 60);
		CHECK_STATUS(council_step(council, 1, (struct core_event){ .kind = CORE_TICK }), OK);
		council_settle(council, SET(1, 2, 3));
	}
	CHECK_EQ(core_members(council->core[2])->index, change);
	CHECK(!core_is_changing(council->core[2]));
	CHECK_EQ(council_commit(council, 2), council_commit(council, 1));
	/* As a leader it can change members. */
	CHECK_STATUS(
	    council_step(council, 1, (struct core_event){ .kind = CORE_TRANSFER, .transfer = 2 }),
	    OK);
	council_settle(council, SET(1, 2, 3));
	CHECK_EQ(council_role(council, 2), CORE_LEADER);
	CHECK_STATUS(members_remove(&next, 4), OK);
	CHECK_STATUS(
	    council_step(council, 2, (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
	    OK);
	council_free(council);
}

TEST(a_member_that_was_removed_is_told_when_it_asks_for_votes)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	struct members next = *core_members(council->core[1]);
	CHECK_STATUS(members_remove(&next, 3), OK);
	CHECK_STATUS(
	    council_step(council, 1, (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
	    OK);
	council_settle(council, SET(1, 2));
	CHECK_EQ(core_members_committed(council->core[1])->len, 2);
	council_elapse(council, 3, 1001);
	council_settle(council, ALL);
	CHECK(council->is_removed);
	CHECK_EQ(council_role(council, 1), CORE_LEADER);
	council_free(council);
}

TEST(one_change_of_members_at_a_time)
{
	struct council *council = council_new(3);
	struct members next = *core_members(council->core[1]);
	CHECK_STATUS(members_put(&next, &(struct member){ .id = 4, .role = MEMBER_SPARE }), OK);
	CHECK_STATUS(
	    council_step(council, 1, (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
	    UNAVAILABLE);
	council_elect(council, 1, ALL);
	CHECK_STATUS(
	    council_step(council, 1, (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
	    CONFLICT); /* its first entry is not committed */
	council_settle(council, ALL);
	struct members two = *core_members(council->core[1]);
	two.at[0].role = two.at[1].role = MEMBER_STANDBY;
	CHECK_STATUS(
	    council_step(council, 1, (struct core_event){ .kind = CORE_CHANGE, .change = &two }),
	    INVALID);
	CHECK_STATUS(
	    council_step(council, 1, (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
	    OK);
	CHECK_STATUS(
	    council_step(council, 1, (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
	    CONFLICT);
	council_free(council);
}
