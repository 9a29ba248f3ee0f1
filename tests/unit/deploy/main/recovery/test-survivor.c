#include "deploy/main/recovery/survivor.h"

#include <stdio.h>

#include "tests/lib/test.h"

/* A member with that log, in a list of voters 1 to `voters` and standbys up to `members`. */
static struct survivor make(uint64_t id, uint64_t last_term, uint64_t last_index, uint32_t voters,
			    uint32_t members)
{
	struct survivor survivor = { .name = "n",
				     .cluster = "c",
				     .id = id,
				     .last_term = last_term,
				     .last_index = last_index };

	survivor.name[1] = (char)('0' + id);
	for (uint32_t i = 1; i <= members; i++)
		survivor_add_member(&survivor, i, i <= voters ? STORE_VOTER : STORE_STANDBY,
				    STR("n"), STR("10.0.0.1:6444"));
	return survivor;
}

TEST(what_a_survivor_says_is_what_is_read)
{
	struct survivor survivor = make(2, 7, 100, 3, 4), read;
	struct text out = text_in(test_arena(), SURVIVOR_LINES_MAX);
	static const char *const bad[] = { "",
					   "troupe-survivor 2\nname a\nid 1\n",
					   "troupe-survivor 1\nname a\n",
					   "troupe-survivor 1\nname a\nid x\n",
					   "troupe-survivor 1\nname a\nid 1\nmember 1\n",
					   "troupe-survivor 1\nname a\nid 1\nmember 1 king a b\n" };

	snprintf(survivor.leader, sizeof survivor.leader, "n3");
	survivor.revision = 55;
	survivor_write(&survivor, &out);
	text_lit(&out, "something of-a-newer-release\n");
	CHECK_STATUS(survivor_read(text_str(&out), &read), OK);
	CHECK_STR(str_from(read.name), "n2");
	CHECK_STR(str_from(read.leader), "n3");
	CHECK_EQ(read.last_term, 7);
	CHECK_EQ(read.last_index, 100);
	CHECK_EQ(read.revision, 55);
	CHECK_EQ(read.member_count, 4);
	CHECK_EQ(read.members[3].role, STORE_STANDBY);
	CHECK_STR(str_from(read.members[3].address), "10.0.0.1:6444");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_STATUS(survivor_read(str_from(bad[i]), &read), CORRUPT);
}

TEST(only_the_one_with_the_newest_log_goes_on_alone)
{
	struct survivor all[] = { make(1, 7, 100, 5, 5), make(2, 8, 3, 5, 5) };
	struct survivor_judgement judgement = survivor_judge(&all[0], all, 2, false);

	CHECK_EQ(judgement.verdict, SURVIVOR_BEHIND);
	CHECK(judgement.about == &all[1]);
	judgement = survivor_judge(&all[1], all, 2, false);
	CHECK_EQ(judgement.verdict, SURVIVOR_MAY);
	CHECK_EQ(judgement.voters, 5);
	CHECK_EQ(judgement.answered, 2);
	CHECK(judgement.may_lose);
}

TEST(while_a_majority_answers_or_somebody_leads_nobody_goes_on_alone)
{
	struct survivor all[] = { make(1, 7, 100, 3, 3), make(2, 7, 99, 3, 3), make(4, 7, 9, 3, 4) };

	CHECK_EQ(survivor_judge(&all[0], all, 2, false).verdict, SURVIVOR_MAJORITY);
	CHECK_EQ(survivor_judge(&all[0], all, 1, false).verdict, SURVIVOR_MAY);
	/* One who has heard of fewer voters may be right. */
	all[2] = make(4, 6, 9, 1, 4);
	CHECK_EQ(survivor_judge(&all[2], &all[2], 1, false).verdict, SURVIVOR_MAY);
	all[1] = make(1, 6, 9, 1, 4);
	CHECK_EQ(survivor_judge(&all[2], &all[1], 2, false).verdict, SURVIVOR_MAJORITY);
	snprintf(all[0].leader, sizeof all[0].leader, "n3");
	CHECK_EQ(survivor_judge(&all[0], all, 1, false).verdict, SURVIVOR_LED);
}

/* Four voters need three: two that are gone cannot have agreed upon anything without the other two. */
TEST(what_the_dead_could_not_agree_upon_alone_is_not_lost)
{
	struct survivor all[] = { make(1, 7, 100, 4, 4), make(2, 7, 99, 4, 4) };
	struct survivor_judgement judgement = survivor_judge(&all[0], all, 2, false);

	CHECK_EQ(judgement.verdict, SURVIVOR_MAY);
	CHECK(!judgement.may_lose);
}

/* It has a vote and no door: with it one of two may go on by itself. */
TEST(a_witness_is_taken_to_be_alive_until_a_person_says_that_it_is_gone)
{
	struct survivor survivor = make(1, 7, 100, 3, 3), read;
	struct text out = text_in(test_arena(), SURVIVOR_LINES_MAX);
	struct survivor_judgement judgement;

	survivor.members[2].is_witness = true;
	survivor_write(&survivor, &out);
	CHECK_STATUS(survivor_read(text_str(&out), &read), OK);
	CHECK(read.members[2].is_witness);
	CHECK_EQ(read.members[2].role, STORE_VOTER);
	CHECK(!read.members[1].is_witness);
	CHECK_EQ(survivor_judge(&read, &read, 1, false).verdict, SURVIVOR_MAJORITY);
	judgement = survivor_judge(&read, &read, 1, true);
	CHECK_EQ(judgement.verdict, SURVIVOR_MAY);
	CHECK_EQ(judgement.answered, 1);
	CHECK(judgement.may_lose); /* the other one may have agreed with the witness alone */
}

TEST(who_holds_no_data_cannot_go_on)
{
	struct survivor stranger = make(9, 7, 100, 3, 3);

	CHECK_EQ(survivor_judge(&stranger, &stranger, 1, false).verdict, SURVIVOR_EMPTY);
}
