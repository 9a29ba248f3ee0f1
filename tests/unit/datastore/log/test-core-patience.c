/*
 * Answers that no majority waits for gather while entries follow each other closely, and do not when they are needed (council.h).
 */
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/council.h"

#define APART_US 500
#define ROUND 110U /* entries: the leader has looked at who is needed */

struct watched {
	struct council *council;
	uint32_t answers[COUNCIL_NODES + 1]; /* of each to entries, and to heartbeats */
};

static void count_answers(struct watched *watched)
{
	for (uint32_t i = 0; i < watched->council->sent.len; i++) {
		const struct council_sent *sent = &watched->council->sent.at[i];
		watched->answers[sent->from] += sent->bytes.at[1] == MESSAGE_APPENDED;
	}
}

static void deliver_all(struct watched *watched, uint32_t set)
{
	struct council *council = watched->council;
	do {
		council_persist_all(council);
		count_answers(watched);
	} while (council_deliver(council, set) || council->sent.len > 0);
}

static void pass(struct watched *watched, uint32_t set)
{
	struct council *council = watched->council;
	for (uint32_t node = 1; node <= council->len; node++) {
		council->now[node].ns += APART_US * TIME_US;
		if ((set >> node & 1) &&
		    core_wake_at(council->core[node]).ns <= council->now[node].ns)
			CHECK_STATUS(
			    council_step(council, node, (struct core_event){ .kind = CORE_TICK }),
			    OK);
	}
	deliver_all(watched, set);
}

/* How many steps of time it took until it was committed. */
static uint32_t write_one(struct watched *watched, uint32_t set)
{
	struct council *council = watched->council;
	uint32_t steps = 0;
	CHECK_STATUS(council_submit(council, 1, STR("entry")), OK);
	deliver_all(watched, set);
	for (; council_commit(council, 1) < core_last(council->core[1]); steps++) {
		CHECK(steps < 6);
		pass(watched, set);
	}
	return steps;
}

static void write_densely(struct watched *watched, uint32_t set, uint32_t count)
{
	memset(watched->answers, 0, sizeof watched->answers);
	for (uint32_t i = 0; i < count; i++) {
		CHECK_EQ(write_one(watched, set), 0);
		pass(watched, set);
	}
}

static struct watched make_watched(uint32_t len)
{
	struct watched watched = { .council = council_new(len) };
	council_elect(watched.council, 1, ALL);
	council_settle(watched.council, ALL);
	return watched;
}

TEST(answers_that_are_not_needed_gather_while_entries_come_closely)
{
	struct watched watched = make_watched(3);
	struct council *council = watched.council;
	write_densely(&watched, ALL, ROUND);
	write_densely(&watched, ALL, ROUND);
	CHECK(watched.answers[2] >= ROUND);
	CHECK(watched.answers[3] > ROUND / 20 && watched.answers[3] < ROUND / 4);
	for (uint32_t i = 0; i < 10; i++)
		pass(&watched, ALL);
	CHECK_EQ(core_match(council->core[1], 3), core_last(council->core[1]));
	council_free(council);
}

TEST(of_five_two_answers_are_needed_beside_the_leaders_own_disk)
{
	struct watched watched = make_watched(5);
	write_densely(&watched, ALL, ROUND);
	write_densely(&watched, ALL, ROUND);
	for (uint32_t node = 2; node <= 3; node++)
		CHECK(watched.answers[node] >= ROUND);
	for (uint32_t node = 4; node <= 5; node++)
		CHECK(watched.answers[node] < ROUND / 2);
	council_free(watched.council);
}

TEST(whose_answers_gather_hears_what_is_committed_as_soon_as_the_others)
{
	struct watched watched = make_watched(3);
	struct council *council = watched.council;
	write_densely(&watched, ALL, 2 * ROUND);
	write_one(&watched, ALL);
	while (council_commit(council, 2) < core_last(council->core[1]))
		pass(&watched, ALL);
	CHECK_EQ(council_commit(council, 3), core_last(council->core[1]));
	council_free(council);
}

TEST(entries_wait_for_a_moment_only_if_the_one_that_was_needed_is_gone)
{
	struct watched watched = make_watched(3);
	uint32_t slow = 0;
	write_densely(&watched, ALL, 2 * ROUND);
	for (uint32_t i = 0; i < ROUND; i++) {
		slow += write_one(&watched, SET(1, 3)) > 0;
		pass(&watched, SET(1, 3));
	}
	CHECK(slow > 0 && slow < 40);
	write_densely(&watched, SET(1, 3), ROUND);
	CHECK(watched.answers[3] >= ROUND);
	council_free(watched.council);
}

TEST(answers_do_not_gather_while_entries_are_far_apart)
{
	struct watched watched = make_watched(3);
	for (uint32_t i = 0; i < 40; i++) {
		CHECK_EQ(write_one(&watched, ALL), 0);
		for (uint32_t k = 0; k < 10; k++)
			pass(&watched, ALL);
	}
	CHECK(watched.answers[2] >= 40);
	CHECK(watched.answers[3] >= 40);
	council_free(watched.council);
}

TEST(a_link_that_breaks_ends_all_patience)
{
	struct watched watched = make_watched(3);
	struct council *council = watched.council;
	write_densely(&watched, ALL, 2 * ROUND);
	struct core_event lost = { .kind = CORE_PEER_LOST, .peer_lost = 2 };
	CHECK_STATUS(council_step(council, 1, lost), OK);
	deliver_all(&watched, ALL);
	memset(watched.answers, 0, sizeof watched.answers);
	write_densely(&watched, SET(1, 3), 20);
	CHECK(watched.answers[3] >= 20);
	council_free(council);
}
