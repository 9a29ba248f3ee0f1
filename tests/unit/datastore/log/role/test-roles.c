#include "datastore/log/role/roles.h"

#include "tests/lib/test.h"
#include "tests/unit/datastore/log/disk.h"

/* A cluster in words: V voter, S standby, P spare; small letters are dead. The first is the leader. */
static struct roles_input make_input(const char *words)
{
	struct roles_input input = { .len = (uint32_t)strlen(words), .leader = 1 };
	struct roles_member *at = arena_array(test_arena(), struct roles_member, input.len);
	for (uint32_t i = 0; i < input.len; i++) {
		char word = words[i] & ~0x20;
		at[i] = (struct roles_member){ .id = i + 1, .is_alive = words[i] == word };
		at[i].is_informed = at[i].is_alive;
		at[i].role = word == 'V'   ? MEMBER_VOTER
			     : word == 'S' ? MEMBER_STANDBY
					   : MEMBER_SPARE;
	}
	input.at = at;
	return input;
}

static struct roles_member *member_of(const struct roles_input *input, uint64_t id)
{
	return (struct roles_member *)&input->at[id - 1];
}

static bool take(struct roles_input *input)
{
	struct roles_step step = roles_next(input);
	if (step.kind == ROLES_TRANSFER)
		input->leader = step.id;
	else if (step.kind == ROLES_ASSIGN)
		member_of(input, step.id)->role = step.role;
	return step.kind != ROLES_NONE;
}

static const char *words_of(const struct roles_input *input)
{
	char *words = arena_zalloc(test_arena(), input->len + 1);
	for (uint32_t i = 0; i < input->len; i++)
		words[i] = (char)("PSV"[input->at[i].role] | (input->at[i].is_alive ? 0 : 0x20));
	return words;
}

TEST(steps_lead_to_the_roles_a_quorum_should_have)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "V", "V" },
		{ "VP", "VS" },   /* two: one votes, a takeover is by hand */
		{ "VPP", "VVV" }, /* the third makes it highly available at once */
		{ "VPPP", "VVVS" },
		{ "VPPPPP", "VVVSSS" },
		{ "VPPPPPP", "VVVVVSS" }, /* five from seven on */
		{ "VVvS", "VVsV" },       /* a standby takes the place of a dead voter */
		{ "VVv", "VVv" }, /* nobody could: it stays, its return restores the tolerance */
		{ "VvSS", "VsVV" },
		{ "VVVV", "VVVS" },
		{ "VVVSSSP", "VVVVVSS" },
		{ "VVVVVSSSPP", "VVVVVSSSSS" }, /* who has no vote has the data */
	};
	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct roles_input input = make_input(cases[i].from);
		uint32_t steps = 0;
		while (take(&input))
			CHECK(++steps < 50);
		CHECK_STR(str_from(words_of(&input)), cases[i].to);
	}
}

TEST(two_voters_are_only_a_way_to_three)
{
	struct roles_input input = make_input("VSP");
	struct roles_step step = roles_next(&input);
	CHECK_EQ(step.kind, ROLES_ASSIGN);
	CHECK_EQ(step.id, 3);
	CHECK_EQ(step.role, MEMBER_STANDBY);
}

TEST(a_member_behind_or_uninformed_or_suspect_is_not_made_a_voter)
{
	for (uint32_t i = 0; i < 3; i++) {
		struct roles_input input = make_input("VVS");
		struct roles_member *standby = member_of(&input, 3);
		standby->lag = i == 0 ? ROLES_LAG_ENTRIES + 1 : 0;
		standby->is_informed = i != 1;
		standby->is_suspect = i == 2;
		CHECK_EQ(roles_next(&input).kind, ROLES_NONE);
	}
}

TEST(no_step_while_one_is_under_way)
{
	struct roles_input input = make_input("VSS");
	input.is_changing = true;
	CHECK_EQ(roles_next(&input).kind, ROLES_NONE);
}

TEST(a_leader_that_leaves_fills_its_place_and_hands_over_first)
{
	struct roles_input input = make_input("VVVS");
	member_of(&input, 1)->is_leaving = true;
	struct roles_step step = roles_next(&input);
	CHECK_EQ(step.kind, ROLES_ASSIGN);
	CHECK_EQ(step.id, 4);
	CHECK(take(&input));
	CHECK_EQ(roles_next(&input).kind, ROLES_TRANSFER);
	while (take(&input))
		;
	CHECK_STR(str_from(words_of(&input)), "PVVV");
}

TEST(a_failure_domain_without_a_voter_gets_one)
{
	struct roles_input input = make_input("VVVS");
	struct str domains[] = { STR("a"), STR("a"), STR("b"), STR("c") };
	for (uint64_t id = 1; id <= 4; id++)
		member_of(&input, id)->domain = domains[id - 1];
	while (take(&input))
		;
	CHECK_STR(str_from(words_of(&input)), "VSVV");
}

TEST(a_fitter_member_takes_over_only_after_a_while)
{
	struct roles_input input = make_input("VVVS");
	member_of(&input, 2)->p95_us = 4000;
	member_of(&input, 3)->p95_us = 80000;
	member_of(&input, 4)->p95_us = 3000;
	CHECK(roles_sees_better(&input));
	CHECK_EQ(roles_next(&input).kind, ROLES_NONE);
	input.better_ms = input.since_swap_ms = ROLES_SWAP_MS;
	CHECK(roles_next(&input).is_swap);
	while (take(&input))
		;
	CHECK_STR(str_from(words_of(&input)), "VVSV");
}

TEST(a_leader_with_a_slow_disk_hands_over)
{
	struct roles_input input = make_input("VVV");
	member_of(&input, 1)->p95_us = 90000;
	member_of(&input, 2)->sync_us = 9000;
	member_of(&input, 3)->sync_us = 2000;
	CHECK_EQ(roles_next(&input).kind, ROLES_NONE);
	input.slow_ms = ROLES_MOVE_MS;
	input.since_move_ms = ROLES_MOVE_PAUSE_MS;
	CHECK_EQ(roles_next(&input).kind, ROLES_TRANSFER);
	CHECK_EQ(roles_next(&input).id, 3);
}

/* How many voters are here and stay, beyond a majority. Counted by itself, not by what is tested. */
static int32_t count_tolerance(const struct roles_input *input, bool *has_majority)
{
	int32_t voters = 0, live = 0, lasting = 0;
	for (uint32_t i = 0; i < input->len; i++) {
		const struct roles_member *member = &input->at[i];
		bool is_here = member->is_alive && member->lag <= ROLES_LAG_ENTRIES;
		if (member->role != MEMBER_VOTER)
			continue;
		voters++;
		live += is_here;
		lasting += is_here && !member->is_leaving;
	}
	*has_majority = live >= voters / 2 + 1;
	return lasting - (voters / 2 + 1);
}

static struct roles_input make_any(struct dice *dice)
{
	static const struct str domains[] = { { "", 0 }, { "a", 1 }, { "b", 1 }, { "c", 1 } };
	char words[16] = { 'V' };
	uint32_t len = 1 + dice_below(dice, 10);
	for (uint32_t i = 1; i < len; i++)
		words[i] = "VVVSSPvsp"[dice_below(dice, 9)];
	struct roles_input input = make_input(words);
	for (uint64_t id = 1; id <= len; id++) {
		struct roles_member *member = member_of(&input, id);
		member->domain = domains[dice_below(dice, 4)];
		member->is_leaving = dice_chance(dice, 80);
		member->is_pressed = dice_chance(dice, 100);
		member->is_suspect = id > 1 && dice_chance(dice, 100);
		member->is_informed = dice_chance(dice, 900);
		member->lag = id > 1 && dice_chance(dice, 100) ? 5000 : 0;
		member->p95_us = dice_below(dice, 60000);
		member->sync_us = dice_below(dice, 60000);
	}
	input.better_ms = input.since_swap_ms = dice_chance(dice, 500) ? ROLES_SWAP_MS : 0;
	return input;
}

TEST(no_step_lowers_how_many_voters_may_fail_and_steps_come_to_an_end)
{
	struct dice dice = { 11 };
	for (uint32_t round = 0; round < 20000; round++) {
		struct roles_input input = make_any(&dice);
		for (uint32_t steps = 0;; steps++) {
			bool had_majority, has_majority;
			int32_t before = count_tolerance(&input, &had_majority);
			CHECK_EQ(roles_tolerance(&input), before);
			if (!take(&input))
				break;
			int32_t after = count_tolerance(&input, &has_majority);
			CHECK(after >= before);
			CHECK(has_majority || !had_majority);
			CHECK_EQ(member_of(&input, input.leader)->role, MEMBER_VOTER);
			input.better_ms = 0; /* as its clock would start again */
			CHECK(steps < 60);
		}
	}
}

TEST(a_step_by_hand_leaves_a_majority_that_answers)
{
	static const struct {
		const char *words;
		uint64_t id;
		enum member_role role;
		bool is_fine;
	} cases[] = {
		{ "VVV", 3, MEMBER_SPARE, true }, /* it tolerates less, and goes on */
		{ "VV", 2, MEMBER_SPARE, true },
		{ "VVv", 3, MEMBER_SPARE, true }, /* the dead one */
		{ "VVv", 2, MEMBER_SPARE, false },
		{ "VVvS", 2, MEMBER_STANDBY, false },
		{ "VVvS", 4, MEMBER_VOTER, true },
		{ "VVs", 3, MEMBER_VOTER, true },
		{ "VVvs", 4, MEMBER_VOTER, false },
		{ "VVVS", 4, MEMBER_SPARE, true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct roles_input input = make_input(cases[i].words);

		CHECK_EQ(roles_keeps_majority(&input, cases[i].id, cases[i].role), cases[i].is_fine);
	}
	struct roles_input input = make_input("VVV");
	member_of(&input, 3)->is_suspect = true; /* perhaps it is dead, and nobody has noticed */
	CHECK(!roles_keeps_majority(&input, 2, MEMBER_STANDBY));
}
