#include "datastore/log/role/forecast.h"

#include "tests/lib/test.h"
#include "tests/unit/datastore/log/disk.h"

/* V voter, S standby, X a witness that votes; small letters are dead. The first leads; `zones` has a letter for each. */
static struct roles_input make_input(const char *words, const char *zones)
{
	struct roles_input input = { .len = (uint32_t)strlen(words), .leader = 1 };
	struct roles_member *at = arena_array(test_arena(), struct roles_member, input.len);
	for (uint32_t i = 0; i < input.len; i++) {
		char word = words[i] & ~0x20;
		at[i] = (struct roles_member){ .id = i + 1,
					       .is_alive = words[i] == word,
					       .is_witness = word == 'X',
					       .role = word == 'S' ? MEMBER_STANDBY : MEMBER_VOTER };
		if (zones)
			at[i].domain = str_of(zones + i, 1);
	}
	input.at = at;
	return input;
}

static struct str words_of(const struct forecast *forecast)
{
	struct text text = text_in(test_arena(), 200);
	forecast_words(forecast, &text);
	return text_str(&text);
}

TEST(a_member_may_stop_if_a_majority_stays)
{
	static const struct {
		const char *words, *zones;
		uint64_t id;
		bool may_stop;
		const char *why;
	} cases[] = {
		{ "V", NULL, 1, false, "0 of 1 voters would be left, 1 are needed" },
		{ "VS", NULL, 1, false, "0 of 1 voters would be left, 1 are needed" },
		{ "VS", NULL, 2, true, "it has no vote" },
		{ "VVV", NULL, 2, true,
		  "2 of 3 voters would be left, 2 are needed; until it is back no other may fail" },
		{ "VVV", NULL, 1, true,
		  "2 of 3 voters would be left, 2 are needed; it hands over first; until it is "
		  "back no "
		  "other may fail" },
		{ "VVv", NULL, 2, false, "1 of 3 voters would be left, 2 are needed" },
		{ "VVv", NULL, 3, true, "it is down" },
		{ "VVVS", NULL, 3, true,
		  "2 of 3 voters would be left, 2 are needed; a standby takes its vote" },
		{ "VVX", NULL, 3, true,
		  "2 of 3 voters would be left, 2 are needed; until it is back no other may fail" },
		{ "VVVVV", "aabbc", 5,
		  true, "4 of 5 voters would be left, 3 are needed; until it is back all of a must stay" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct roles_input input = make_input(cases[i].words, cases[i].zones);
		struct forecast forecast = forecast_of(&input, cases[i].id);
		CHECK_EQ(forecast.may_stop, cases[i].may_stop);
		CHECK_STR(words_of(&forecast), cases[i].why);
	}
}

/* What is foretold is what the rules then count. */
TEST(a_forecast_is_what_is_left_when_the_member_has_stopped)
{
	struct dice dice = { 21 };
	for (uint32_t round = 0; round < 5000; round++) {
		char words[12] = { 'V' };
		uint32_t len = 1 + dice_below(&dice, 9);
		for (uint32_t i = 1; i < len; i++)
			words[i] = "VVVSvs"[dice_below(&dice, 6)];
		struct roles_input input = make_input(words, NULL);
		uint64_t id = 1 + dice_below(&dice, len);
		struct forecast forecast = forecast_of(&input, id);
		bool was_alive = input.at[id - 1].is_alive;
		((struct roles_member *)&input.at[id - 1])->is_alive = false;
		CHECK_EQ(forecast.tolerance, roles_tolerance(&input));
		CHECK_EQ(forecast.may_stop, !was_alive || roles_tolerance(&input) >= 0 ||
						input.at[id - 1].role != MEMBER_VOTER);
	}
}
