/*
 * Who leads, and when who asks for votes, on cores alone (council.h).
 */
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/council.h"

TEST(nobody_is_elected_by_entries_that_are_only_in_memory)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	CHECK_STATUS(council_submit(council, 1, STR("x")), OK);
	council_deliver(council, ALL); /* 2 and 3 have it in memory */
	council->sent.len = 0;
	for (uint32_t i = 0; i < 5; i++)
		council_elapse(council, 2, 1001);
	CHECK_EQ(council_role(council, 2), CORE_FOLLOWER);
	CHECK_EQ(council->sent.len, 0);
	/* As soon as it is written the election goes on, without another timeout. */
	council_persist(council, 2);
	CHECK_EQ(council_role(council, 2), CORE_CANDIDATE);
	council_free(council);
}

TEST(a_follower_whose_leader_is_gone_elects_at_once)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	council_elapse(council, 1, 60);
	council_settle(council, ALL);
	for (uint32_t node = 2; node <= 3; node++)
		CHECK_STATUS(
		    council_step(council, node,
				 (struct core_event){ .kind = CORE_PEER_LOST, .peer_lost = 1 }),
		    OK);
	council_elapse(council, 2, 101);
	for (uint32_t i = 0; i < 4; i++)
		council_deliver(council, SET(2, 3));
	CHECK_EQ(council_role(council, 2), CORE_LEADER);
	council_free(council);
}

TEST(a_vote_is_denied_while_the_leader_is_heard_and_not_when_it_is_silent)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	council_elapse(council, 1, 60);
	council_settle(council, ALL);
	council->now[3].ns += 400 * TIME_MS;
	council_elapse(council, 2, 1001);
	for (uint32_t i = 0; i < 3; i++)
		council_deliver(council, SET(2, 3));
	CHECK_EQ(council_role(council, 2), CORE_CANDIDATE);
	CHECK_EQ(core_term(council->core[2]),
		 core_term(council->core[1])); /* only asked beforehand */
	council->now[3].ns += 100 * TIME_MS;
	council_elapse(council, 2, 1001);
	for (uint32_t i = 0; i < 4; i++)
		council_deliver(council, SET(2, 3));
	CHECK_EQ(council_role(council, 2), CORE_LEADER);
	council_free(council);
}

TEST(a_follower_that_was_away_hears_its_leader_before_it_asks_for_votes)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	council_stall(council, 2, 5000);
	CHECK_EQ(council->sent.len, 0);
	CHECK_EQ(core_leader(council->core[2]), 1);
	council_elapse(council, 1, 60);
	council_settle(council, ALL);
	council_elapse(council, 2, 490);
	CHECK_EQ(core_leader(council->core[2]), 1);
	/* Excused once and not for ever: nobody is heard. */
	council_stall(council, 2, 5000);
	CHECK_EQ(core_leader(council->core[2]), 1);
	council_stall(council, 2, 5000);
	CHECK_EQ(council_role(council, 2), CORE_CANDIDATE);
	council_free(council);
}

TEST(a_leader_that_was_away_hears_its_followers_before_it_steps_down)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	council_elapse(council, 1, 501); /* whom it has heard until now counts no more */
	council->sent.len = 0;
	council_stall(council, 1, 5000);
	CHECK_EQ(council_role(council, 1), CORE_LEADER);
	council_settle(council, ALL);
	council_elapse(council, 1, 490);
	CHECK_EQ(council_role(council, 1), CORE_LEADER);
	/* Excused once and not for ever: nobody is heard. */
	council->sent.len = 0;
	council_stall(council, 1, 5000);
	CHECK_EQ(council_role(council, 1), CORE_LEADER);
	council_elapse(council, 1, 60);
	CHECK_EQ(council_role(council, 1), CORE_FOLLOWER);
	council_free(council);
}

static struct entry *make_command(uint64_t index, uint64_t term)
{
	return entry_new(index, term, ENTRY_COMMAND, STR("x"));
}

/* Starts a node anew with the first entry and one more. */
static void start_with(struct council *council, uint32_t node, uint64_t term, struct entry *second)
{
	struct entry *entries[] = { council_first(council->len), second };
	council_start(council, node, term, entries, 2);
	entry_unref(entries[0]);
	entry_unref(second);
}

/* In turn, as nodes do whose leader is gone, until one leads. */
static uint32_t find_leader(struct council *council)
{
	for (uint32_t round = 0; round < 20; round++)
		for (uint32_t node = 1; node <= council->len; node++) {
			council_elapse_alone(council, node, 1001);
			council_settle(council, ALL);
			if (council_role(council, node) == CORE_LEADER)
				return node;
		}
	return 0;
}

/* Nobody else can win against its log; what it asks for is granted only in a term that it has to be told of. */
TEST(the_one_with_the_longest_log_learns_of_a_newer_term_from_who_denies_it)
{
	struct council *council = council_new(2);
	start_with(council, 1, 1, make_command(2, 1));
	struct entry *first = council_first(2);
	council_start(council, 2, 7, &first, 1);
	entry_unref(first);
	CHECK_EQ(find_leader(council), 1);
	CHECK(core_term(council->core[1]) > 7);
	council_free(council);
}

static struct entry *make_demotion(uint32_t len)
{
	struct members members = council_voters(len);
	struct text text = text_in(test_arena(), 10000);
	members.at[0].role = MEMBER_STANDBY;
	members_encode(&members, &text);
	return entry_new(2, 1, ENTRY_MEMBERS, text_str(&text));
}

/* The leader took node 1's vote and lost the entry that says so, with its own last ones, before it was committed. */
TEST(who_alone_has_the_list_that_takes_its_vote_leads_until_that_is_committed)
{
	struct council *council = council_new(2);
	start_with(council, 1, 1, make_demotion(2));
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	CHECK_EQ(council_role(council, 1), CORE_FOLLOWER);
	CHECK_EQ(find_leader(council), 2); /* now the only one that votes */
	CHECK_EQ(members_count(core_members_committed(council->core[2]), MEMBER_VOTER), 1);
	council_free(council);
}

static struct entry *make_list(uint64_t index, uint32_t voting)
{
	struct members members = council_voters(2);
	struct text text = text_in(test_arena(), 10000);
	if (voting < 2)
		members.at[voting == 0 ? 0 : 1].role = MEMBER_STANDBY;
	members_encode(&members, &text);
	return entry_new(index, 1, ENTRY_MEMBERS, text_str(&text));
}

/* Node 2 began alone: by the first list node 1 had no vote. That a later one, which gave it one, was committed its log says, too. */
TEST(who_alone_has_the_list_that_takes_its_vote_leads_also_when_it_began_without_one)
{
	struct council *council = council_new(2);
	struct entry *entries[] = { make_list(1, 0), make_list(2, 2), make_list(3, 0) };
	council_start(council, 1, 1, entries, 3);
	council_start(council, 2, 1, entries, 2);
	CHECK_EQ(core_members_committed(council->core[1])->index, 2);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	CHECK_EQ(find_leader(council), 2);
	CHECK_EQ(members_count(core_members_committed(council->core[2]), MEMBER_VOTER), 1);
	for (uint32_t i = 0; i < 3; i++)
		entry_unref(entries[i]);
	council_free(council);
}

TEST(who_is_to_lose_its_vote_does_not_lead_by_its_own_vote)
{
	struct council *council = council_new(2);
	start_with(council, 1, 1, make_demotion(2));
	council_elapse(council, 1, 5000);
	council_settle(council, SET(1));
	CHECK(council_role(council, 1) != CORE_LEADER);
	council_free(council);
	/* Two others are a majority of the three there were, and of the two there are. */
	council = council_new(3);
	start_with(council, 1, 1, make_demotion(3));
	council_elapse(council, 1, 5000);
	CHECK_EQ(council_role(council, 1), CORE_FOLLOWER);
	CHECK(find_leader(council) > 1);
	council_free(council);
}

TEST(two_leaders_of_one_term_are_refused)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	struct message message = { .kind = MESSAGE_APPEND, .term = core_term(council->core[1]) };
	struct text text = text_in(test_arena(), 1000);
	message_encode(&message, &text);
	CHECK_STATUS(council_step(council, 1,
				  (struct core_event){ .kind = CORE_RECEIVE,
						       .receive = { 2, text_str(&text) } }),
		     CORRUPT);
	CHECK_EQ(council_role(council, 1), CORE_LEADER);
	council_free(council);
}
