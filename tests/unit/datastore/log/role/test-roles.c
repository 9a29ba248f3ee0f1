#include "datastore/log/role/roles.h"

#include "datastore/log/role/liveness.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/disk.h"

/* A cluster in words: V voter, S standby, P spare, X a witness that votes, W one that does not; small letters are dead. The first is the leader. */
static struct roles_input make_input(const char *words)
{
	struct roles_input input = { .len = (uint32_t)strlen(words),
				     .leader = 1,
				     .led_ms = ROLES_RETURN_MS,
				     .kept_ms = ROLES_RETURN_MS };
	struct roles_member *at = arena_array(test_arena(), struct roles_member, input.len);
	for (uint32_t i = 0; i < input.len; i++) {
		char word = words[i] & ~0x20;
		at[i] = (struct roles_member){ .id = i + 1, .is_alive = words[i] == word };
		at[i].is_informed = at[i].is_alive;
		at[i].is_quiet = !at[i].is_alive;
		at[i].is_witness = word == 'X' || word == 'W';
		at[i].role = word == 'V' || word == 'X'   ? MEMBER_VOTER
			     : word == 'S' || word == 'W' ? MEMBER_STANDBY
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
		words[i] = (char)((input->at[i].is_witness ? "PWX" : "PSV")[input->at[i].role] |
				  (input->at[i].is_alive ? 0 : 0x20));
	return words;
}

/* Beside a witness that votes, who is a little behind is not elected: the witness knows of more. */
static bool is_here(const struct roles_input *input, const struct roles_member *member)
{
	uint64_t most = ROLES_LAG_ENTRIES;
	for (uint32_t i = 0; i < input->len; i++)
		if (input->at[i].is_witness && input->at[i].role == MEMBER_VOTER)
			most = ROLES_WITNESS_LAG_ENTRIES;
	return member->is_alive && (member->is_witness || member->lag <= most);
}

/* What is true of any cluster, counted here and not by what is tested. */
struct count {
	uint32_t voters, prompt, witnesses;
	int32_t tolerance;
	bool has_majority; /* of those that have just answered */
};

static struct count count_all(const struct roles_input *input)
{
	struct count count = { 0 };
	int32_t lasting = 0;
	for (uint32_t i = 0; i < input->len; i++) {
		const struct roles_member *member = &input->at[i];
		if (member->role != MEMBER_VOTER)
			continue;
		count.voters++;
		count.witnesses += member->is_witness;
		count.prompt += is_here(input, member) && !member->is_quiet;
		lasting += is_here(input, member) && !member->is_leaving && !member->is_stopping;
	}
	count.has_majority = count.prompt >= count.voters / 2 + 1;
	count.tolerance = lasting - (int32_t)(count.voters / 2 + 1);
	return count;
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
		{ "VPPPPPPP", "VVVVVSSS" },
		{ "VVVVvSS", "VVVVsVS" },
		{ "VVVvvSS", "VVVssVV" },
		{ "VVVvvS", "VVVssS" }, /* of six three vote */
		{ "VSW", "VVX" },       /* two and a witness are as good as three */
		{ "VW", "VW" },
		{ "VVSW", "VVVW" },
		{ "VVvW", "VVsX" }, /* it stands in */
		{ "VVSX", "VVVW" }, /* for as long as it has to */
		{ "VvX", "VvX" },
		{ "VVx", "VVx" },
		{ "VVvWW", "VVsXW" }, /* never two of them */
	};
	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct roles_input input = make_input(cases[i].from);
		uint32_t steps = 0;
		while (take(&input))
			CHECK(++steps < 50);
		CHECK_STR(str_from(words_of(&input)), cases[i].to);
	}
}

TEST(a_dead_voter_keeps_its_vote_until_another_has_one)
{
	struct roles_input input = make_input("VVvSS");
	struct roles_step step = roles_next(&input);
	CHECK_EQ(step.kind, ROLES_ASSIGN);
	CHECK_EQ(step.id, 4);
	CHECK_EQ(step.role, MEMBER_VOTER);
	CHECK(take(&input));
	step = roles_next(&input);
	CHECK_EQ(step.kind, ROLES_ASSIGN);
	CHECK_EQ(step.id, 3);
	CHECK_EQ(step.role, MEMBER_STANDBY);
}

/* A list of members counts from the moment it is in a log: those who are to agree on it must be there to do so. */
TEST(nobody_is_exchanged_while_one_of_those_who_would_vote_then_does_not_answer)
{
	for (uint64_t id = 2; id <= 4; id += 2) {
		struct roles_input input = make_input("VVvS");
		member_of(&input, id)->is_quiet =
		    true; /* it may have just died, and is not suspected yet */
		CHECK_EQ(roles_next(&input).kind, ROLES_NONE);
		member_of(&input, id)->is_quiet = false;
		CHECK_EQ(roles_next(&input).id, 4);
	}
}

/* One that lost its log is removed, and comes back with an empty one: what the two others agree upon until then is on both disks. */
TEST(two_that_are_left_of_three_both_vote_until_the_third_may_be_back)
{
	struct roles_input input = make_input("VV"), back = make_input("VVP"),
			   seen_off = make_input("VV");
	input.kept_ms = back.kept_ms = 0;
	CHECK_EQ(roles_next(&input).kind, ROLES_NONE);
	while (take(&back))
		CHECK(count_all(&back).voters >= 2);
	CHECK_STR(str_from(words_of(&back)), "VVV");
	while (take(&seen_off))
		;
	CHECK_STR(str_from(words_of(&seen_off)), "VS");
	/* Where the other one holds nothing there is nothing to be kept. */
	struct roles_input witness = make_input("VX");
	witness.kept_ms = 0;
	CHECK_EQ(roles_next(&witness).role, MEMBER_STANDBY);
}

/* One more is lost for good while a step is not agreed upon: those that voted before and are only away are a majority with the rest. */
TEST(whoever_is_lost_for_good_with_a_voter_away_the_others_can_elect_again)
{
	static const char *const clusters[] = { "VVvS", "VVvSS", "VVVVvSS", "VVVvvSS", "VVvW" };
	for (uint32_t i = 0; i < sizeof clusters / sizeof *clusters; i++) {
		struct roles_input input = make_input(clusters[i]);
		uint32_t least = count_all(&input).voters;
		while (take(&input))
			CHECK(count_all(&input).voters >= least);
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

TEST(beside_a_witness_who_is_a_little_behind_does_not_count)
{
	struct roles_input alone = make_input("VVV"), beside = make_input("VVX");
	struct roles_input standby = make_input("VVSX");
	member_of(&alone, 2)->lag = member_of(&beside, 2)->lag = member_of(&standby, 3)->lag =
	    ROLES_WITNESS_LAG_ENTRIES + 1;
	CHECK_EQ(roles_tolerance(&alone), 1);
	CHECK_EQ(roles_tolerance(&beside), 0);
	CHECK_EQ(roles_next(&standby).kind, ROLES_NONE);
	member_of(&beside, 2)->lag = member_of(&standby, 3)->lag = ROLES_WITNESS_LAG_ENTRIES;
	CHECK_EQ(roles_tolerance(&beside), 1);
	CHECK_EQ(roles_next(&standby).id, 3);
	/* A witness that gets a vote is no help while the others could not be elected with it. */
	struct roles_input input = make_input("VVvW");
	member_of(&input, 2)->lag = ROLES_WITNESS_LAG_ENTRIES + 1;
	CHECK_EQ(roles_next(&input).kind, ROLES_NONE);
	member_of(&input, 2)->lag = 0;
	CHECK_EQ(roles_next(&input).id, 4);
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

TEST(a_leader_that_stops_for_a_while_hands_over_and_keeps_what_nobody_can_take)
{
	struct roles_input input = make_input("VVVS"), alone = make_input("VVV");
	member_of(&input, 1)->is_stopping = member_of(&alone, 1)->is_stopping = true;
	while (take(&input))
		;
	CHECK_STR(str_from(words_of(&input)), "SVVV");
	CHECK_EQ(roles_next(&alone).kind, ROLES_TRANSFER);
	while (take(&alone))
		;
	CHECK_STR(str_from(words_of(&alone)), "VVV"); /* its return is worth one */
	CHECK(alone.leader != 1);
}

TEST(a_leader_that_has_just_begun_takes_no_vote_of_one_that_may_be_well)
{
	struct roles_input input = make_input("VVVV"), told = make_input("VVVV");
	struct roles_input dead = make_input("VVvV"), suspect = make_input("VVVV");
	input.led_ms = told.led_ms = dead.led_ms = ROLES_KNOWN_MS - 1;
	CHECK_EQ(roles_next(&input).kind, ROLES_NONE);
	input.led_ms = ROLES_KNOWN_MS;
	CHECK_EQ(roles_next(&input).role, MEMBER_STANDBY);
	member_of(&told, 3)->is_stopping = true;
	CHECK_EQ(roles_next(&told).id, 3);
	CHECK_EQ(roles_next(&dead).id, 3);
	/* And of those that live nobody's rather than one's that may not. */
	member_of(&suspect, 2)->is_suspect = true;
	CHECK_EQ(roles_next(&suspect).id, 2);
}

TEST(a_witness_is_never_handed_over_to)
{
	struct roles_input input = make_input("VVX");
	member_of(&input, 1)->is_stopping = true;
	member_of(&input, 2)->is_suspect = true;
	CHECK_EQ(roles_next(&input).kind, ROLES_NONE);
	member_of(&input, 1)->is_stopping = false;
	member_of(&input, 2)->is_suspect = false;
	member_of(&input, 1)->p95_us = 90000;
	member_of(&input, 2)->sync_us = 9000;
	member_of(&input, 3)->sync_us = 10;
	input.unfit_ms = ROLES_MOVE_MS;
	input.since_move_ms = ROLES_MOVE_PAUSE_MS;
	CHECK_EQ(roles_next(&input).id, 2);
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
	input.unfit_ms = ROLES_MOVE_MS;
	input.since_move_ms = ROLES_MOVE_PAUSE_MS;
	CHECK_EQ(roles_next(&input).kind, ROLES_TRANSFER);
	CHECK_EQ(roles_next(&input).id, 3);
}

TEST(a_leader_short_of_disk_or_memory_hands_over_to_one_that_is_not)
{
	struct roles_input input = make_input("VVV"), all = make_input("VVV");
	member_of(&input, 1)->is_pressed = member_of(&input, 2)->is_pressed = true;
	member_of(&input, 2)->sync_us = 1000;
	CHECK(roles_sees_unfit_leader(&input));
	CHECK_EQ(roles_next(&input).kind, ROLES_NONE); /* it may pass */
	input.unfit_ms = ROLES_MOVE_MS;
	input.since_move_ms = ROLES_MOVE_PAUSE_MS;
	CHECK_EQ(roles_next(&input).kind, ROLES_TRANSFER);
	CHECK_EQ(roles_next(&input).id, 3); /* though nobody knows how fast its disk is */
	for (uint64_t id = 1; id <= 3; id++)
		member_of(&all, id)->is_pressed = true;
	CHECK(!roles_sees_unfit_leader(&all));
}

/* ---- whatever the members are like ---- */

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Below 0: a is to be chosen. Latencies count in steps of 5 ms, and one that is not known as the least. */
static int by_the_book(const struct roles_member *a, uint32_t a_near, const struct roles_member *b,
		       uint32_t b_near)
{
	const int order[] = { compare(a_near, b_near), compare(a->is_pressed, b->is_pressed),
			      compare((a->p95_us + 4999) / 5000, (b->p95_us + 4999) / 5000),
			      compare(a->weight, b->weight), compare(a->id, b->id) };
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		if (order[i] != 0)
			return order[i];
	return 0;
}

static uint32_t voters_in(const struct roles_input *input, struct str domain)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < input->len; i++)
		count += input->at[i].role == MEMBER_VOTER && input->at[i].is_alive &&
			 str_eq(input->at[i].domain, domain);
	return count;
}

/* Uncovered failure domain, then room, then latency, then weight, then id: each decides only where those before are equal. */
TEST(who_gets_a_vote_is_chosen_by_domain_room_latency_weight_and_id)
{
	static const struct str domains[] = { { "a", 1 }, { "b", 1 }, { "c", 1 } };
	struct dice dice = { 14 };
	for (uint32_t round = 0; round < 20000; round++) {
		struct roles_input input = make_input("VVvSSS");
		const struct roles_member *best = NULL;
		for (uint64_t id = 1; id <= input.len; id++) {
			struct roles_member *member = member_of(&input, id);
			member->domain = domains[dice_below(&dice, 3)];
			member->is_pressed = dice_chance(&dice, 300);
			member->p95_us = dice_below(&dice, 3) * 5000 + dice_below(&dice, 2);
			member->weight = dice_below(&dice, 2);
		}
		for (uint64_t id = 4; id <= input.len; id++) {
			const struct roles_member *member = member_of(&input, id);
			if (!best || by_the_book(member, voters_in(&input, member->domain), best,
						 voters_in(&input, best->domain)) < 0)
				best = member;
		}
		CHECK_EQ(roles_next(&input).id, best->id);
	}
}

static struct roles_input make_any(struct dice *dice)
{
	static const struct str domains[] = { { "", 0 }, { "a", 1 }, { "b", 1 }, { "c", 1 } };
	char words[16] = { 'V' };
	uint32_t len = 1 + dice_below(dice, 10), witnesses = 0;
	for (uint32_t i = 1; i < len; i++)
		words[i] = "VVVSSPvspWX"[dice_below(dice, 11)];
	for (uint32_t i = 1; i < len; i++)
		if (words[i] == 'X' && ++witnesses > 1)
			words[i] = 'W';
	struct roles_input input = make_input(words);
	for (uint64_t id = 1; id <= len; id++) {
		struct roles_member *member = member_of(&input, id);
		member->domain = domains[dice_below(dice, 4)];
		member->is_leaving = dice_chance(dice, 80);
		member->is_stopping = dice_chance(dice, 60);
		member->is_pressed = dice_chance(dice, 100);
		member->is_suspect = id > 1 && dice_chance(dice, 100);
		member->is_quiet |= id > 1 && dice_chance(dice, 100);
		member->is_informed = dice_chance(dice, 900);
		member->lag =
		    id > 1 && dice_chance(dice, 200) ? (dice_chance(dice, 500) ? 5000 : 500) : 0;
		member->p95_us = dice_below(dice, 60000);
		member->sync_us = dice_below(dice, 60000);
		member->weight = dice_below(dice, 3);
	}
	input.better_ms = input.since_swap_ms = dice_chance(dice, 500) ? ROLES_SWAP_MS : 0;
	input.unfit_ms = input.since_move_ms = dice_chance(dice, 300) ? ROLES_MOVE_PAUSE_MS : 0;
	input.led_ms = dice_chance(dice, 300) ? 0 : ROLES_KNOWN_MS;
	input.kept_ms = dice_chance(dice, 300) ? 0 : ROLES_RETURN_MS;
	return input;
}

/* Who gets a vote, or the lead, must be fit for it. */
static void check_step(const struct roles_input *input, struct roles_step step)
{
	const struct roles_member *member = member_of(input, step.id);
	CHECK(step.why && *step.why);
	CHECK(!(step.kind == ROLES_ASSIGN && step.role == member->role));
	if (step.kind == ROLES_TRANSFER)
		CHECK(member->role == MEMBER_VOTER && !member->is_witness);
	if (step.kind == ROLES_TRANSFER || step.role == MEMBER_VOTER) {
		CHECK(is_here(input, member) && !member->is_suspect);
		CHECK(!member->is_leaving && !member->is_stopping);
	}
	if (step.kind == ROLES_ASSIGN && step.role == MEMBER_VOTER)
		CHECK(member->role == MEMBER_STANDBY && member->is_informed);
	if (step.kind == ROLES_ASSIGN && member->role == MEMBER_VOTER && input->led_ms == 0)
		CHECK(!is_here(input, member) || member->is_leaving || member->is_stopping);
}

TEST(no_step_lowers_how_many_voters_may_fail_and_steps_come_to_an_end)
{
	struct dice dice = { 11 };
	for (uint32_t round = 0; round < 40000; round++) {
		struct roles_input input = make_any(&dice);
		for (uint32_t steps = 0;; steps++) {
			struct count before = count_all(&input), after;
			struct roles_step step = roles_next(&input);
			CHECK_EQ(roles_tolerance(&input), before.tolerance);
			if (step.kind == ROLES_NONE)
				break;
			check_step(&input, step);
			take(&input);
			after = count_all(&input);
			CHECK(after.tolerance >= before.tolerance);
			/* Only a list of voters that can be agreed upon, or that is the same. */
			CHECK(after.has_majority || after.voters == before.voters);
			CHECK(after.witnesses <= 1);
			CHECK_EQ(member_of(&input, input.leader)->role, MEMBER_VOTER);
			CHECK(!member_of(&input, input.leader)->is_witness);
			input.better_ms = input.unfit_ms = 0; /* as their clocks would start again */
			CHECK(steps < 60);
		}
	}
}

/* Of members that are all well, however their roles lie: three vote, five from seven on, and all others have the data. */
TEST(members_that_are_all_well_end_with_as_many_voters_as_they_should_have)
{
	struct dice dice = { 12 };
	for (uint32_t round = 0; round < 4000; round++) {
		char words[16] = { 'V' };
		uint32_t len = 1 + dice_below(&dice, 12);
		uint32_t target = len >= 7 ? 5 : len >= 3 ? 3 : 1;
		/* Not more than that: nobody may take away what could be lost before. */
		for (uint32_t i = 1; i < len; i++)
			words[i] = (i < target ? "VSP" : "SSP")[dice_below(&dice, 3)];
		struct roles_input input = make_input(words);
		while (take(&input))
			;
		CHECK_EQ(count_all(&input).voters, target);
		for (uint64_t id = 1; id <= len; id++)
			CHECK(member_of(&input, id)->role != MEMBER_SPARE);
	}
}

/* ---- members that come and go ---- */

struct flapping {
	struct roles_input input;
	struct liveness liveness[16];
	bool is_up[16];
	int64_t died_ms[16]; /* when it was last declared dead */
	uint32_t promotions;
};

static void show_liveness(struct flapping *flapping, uint32_t i, struct mono now)
{
	struct roles_member *member = member_of(&flapping->input, i + 1);
	liveness_tick(&flapping->liveness[i], now);
	member->is_alive = flapping->liveness[i].state != LIVENESS_DEAD;
	member->is_suspect = flapping->liveness[i].state != LIVENESS_ALIVE;
	member->is_quiet = liveness_is_quiet(&flapping->liveness[i], now);
	member->is_informed = flapping->is_up[i];
	if (!member->is_alive)
		flapping->died_ms[i] = now.ns / TIME_MS;
}

static void step_all(struct flapping *flapping, struct mono now)
{
	for (struct roles_step step; (step = roles_next(&flapping->input)).kind != ROLES_NONE;) {
		int64_t *died_ms = &flapping->died_ms[step.id - 1];
		if (step.kind == ROLES_ASSIGN && step.role == MEMBER_VOTER) {
			CHECK(*died_ms == 0 ||
			      now.ns / TIME_MS - *died_ms >= LIVENESS_RETURN_MS - 200);
			flapping->promotions++;
		}
		take(&flapping->input);
	}
}

static void heartbeat(struct flapping *flapping, struct dice *dice, struct mono now)
{
	for (uint32_t i = 1; i < flapping->input.len; i++) {
		if (dice_chance(dice, flapping->is_up[i] ? 15 : 30))
			flapping->is_up[i] = !flapping->is_up[i];
		if (flapping->is_up[i])
			liveness_heard(&flapping->liveness[i], 0, now);
		show_liveness(flapping, i, now);
	}
}

TEST(who_comes_and_goes_is_given_a_vote_only_when_it_has_stayed)
{
	struct dice dice = { 13 };
	uint32_t promotions = 0;
	for (uint32_t round = 0; round < 40; round++) {
		struct mono now = { TIME_S };
		struct flapping flapping = { .input = make_input("VVVSSSS") };
		for (uint32_t i = 0; i < flapping.input.len; i++) {
			liveness_init(&flapping.liveness[i], 0, now);
			flapping.is_up[i] = true;
		}
		for (uint32_t i = 0; i < 2000; i++) {
			now.ns += 150 * TIME_MS;
			heartbeat(&flapping, &dice, now);
			if (count_all(&flapping.input).has_majority)
				step_all(&flapping, now);
		}
		/* Five minutes in which each is dead for a while some twenty times. */
		CHECK(flapping.promotions <= 7 * 10);
		promotions += flapping.promotions;
	}
	CHECK(promotions > 40);
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
	struct roles_input input = make_input("VVV"), back = make_input("VVv");
	member_of(&input, 3)->is_quiet = true; /* perhaps it is dead, and nobody has noticed */
	CHECK(!roles_keeps_majority(&input, 2, MEMBER_STANDBY));
	/* One that is back from the dead and answers is there: it has its vote, and what is asked of it is to agree. */
	member_of(&back, 2)->is_suspect = true;
	CHECK(roles_keeps_majority(&back, 3, MEMBER_SPARE));
}
