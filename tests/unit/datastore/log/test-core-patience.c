/*
 * Entries and answers that no majority waits for gather while entries follow each other closely, and do not when they are needed (council.h).
 */
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/council.h"

#define APART_US 500
#define ROUND 110U /* entries: the leader has looked at who is needed */

struct watched {
	struct council *council;
	uint32_t answers[COUNCIL_NODES + 1]; /* of each to entries, and to heartbeats */
	uint32_t appends[COUNCIL_NODES + 1]; /* to each */
};

static void count_messages(struct watched *watched)
{
	for (uint32_t i = 0; i < watched->council->sent.len; i++) {
		const struct council_sent *sent = &watched->council->sent.at[i];
		watched->answers[sent->from] += sent->bytes.at[1] == MESSAGE_APPENDED;
		watched->appends[sent->to] += sent->bytes.at[1] == MESSAGE_APPEND;
	}
}

static void deliver_all(struct watched *watched, uint32_t set)
{
	struct council *council = watched->council;
	do {
		council_persist_all(council);
		count_messages(watched);
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
	memset(watched->appends, 0, sizeof watched->appends);
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

/* ---- entries ---- */

/* Three nodes, entries come closely, and what node 3 is to get is kept for it. */
static struct watched make_gathering(void)
{
	struct watched watched = make_watched(3);
	write_densely(&watched, ALL, 2 * ROUND);
	for (uint32_t i = 0; i < 10 && !core_gather_has_any(watched.council->core[1]); i++)
		write_densely(&watched, ALL, 1);
	CHECK(core_gather_has_any(watched.council->core[1]));
	return watched;
}

static void check_all_have_all(struct watched *watched)
{
	const struct core *leader = watched->council->core[1];
	for (uint32_t i = 0; i < 10; i++)
		pass(watched, ALL);
	CHECK_EQ(core_match(leader, 3), core_last(leader));
	CHECK_EQ(watched->council->offered, 0);
	CHECK(!core_gather_has_any(leader));
}

TEST(entries_for_whom_nobody_waits_leave_together)
{
	struct watched watched = make_gathering();
	write_densely(&watched, ALL, ROUND);
	CHECK(watched.appends[2] >= ROUND);
	CHECK(watched.appends[3] > ROUND / 10 && watched.appends[3] < ROUND / 4);
	CHECK(watched.answers[3] > ROUND / 20 && watched.answers[3] <= watched.appends[3]);
	check_all_have_all(&watched);
	council_free(watched.council);
}

TEST(what_is_kept_leaves_when_no_entry_follows)
{
	struct watched watched = make_gathering();
	struct council *council = watched.council;
	for (uint32_t i = 0; i < 6; i++)
		pass(&watched, ALL);
	CHECK(!core_gather_has_any(council->core[1]));
	CHECK_EQ(council_commit(council, 3), core_last(council->core[1]));
	council_free(council);
}

TEST(an_entry_that_is_too_long_to_be_kept_leaves_at_once)
{
	struct watched watched = make_gathering();
	struct council *council = watched.council;
	char *bytes = mem_zalloc(2 * LIMIT_FRAME_BYTES);
	CHECK_STATUS(council_submit(council, 1, str_of(bytes, 2 * LIMIT_FRAME_BYTES)), OK);
	CHECK(!core_gather_has_any(council->core[1]));
	deliver_all(&watched, ALL);
	check_all_have_all(&watched);
	mem_free(bytes);
	council_free(council);
}

TEST(nothing_is_kept_from_whoever_has_asked_for_something)
{
	struct watched watched = make_gathering();
	struct council *council = watched.council;
	struct core_event read = { .kind = CORE_READ, .read = 1 };
	CHECK_STATUS(council_step(council, 3, read), OK);
	deliver_all(&watched, ALL);
	CHECK(!core_gather_has_any(council->core[1]));
	write_densely(&watched, ALL, 20);
	CHECK(watched.appends[3] >= 20);
	write_densely(&watched, ALL, 2 * ROUND);
	CHECK(watched.appends[3] < ROUND + ROUND / 4);
	council_free(council);
}

TEST(nothing_is_kept_from_whoever_is_to_lead_next)
{
	struct watched watched = make_gathering();
	struct council *council = watched.council;
	struct core_event transfer = { .kind = CORE_TRANSFER, .transfer = 3 };
	CHECK_STATUS(council_step(council, 1, transfer), OK);
	CHECK(!core_gather_has_any(council->core[1]));
	for (uint32_t i = 0; i < 10 && council_role(council, 3) != CORE_LEADER; i++)
		pass(&watched, ALL);
	CHECK_EQ(council_role(council, 3), CORE_LEADER);
	council_free(council);
}

TEST(what_is_kept_leaves_before_the_log_lets_go_of_it)
{
	struct watched watched = make_gathering();
	struct council *council = watched.council;
	struct core_event trimmed = { .kind = CORE_TRIMMED, .trimmed = council_commit(council, 1) };
	CHECK_STATUS(council_step(council, 1, trimmed), OK);
	check_all_have_all(&watched);
	council_free(council);
}

TEST(a_leader_that_is_deposed_forgets_what_it_kept)
{
	struct watched watched = make_gathering();
	struct council *council = watched.council;
	council_elect(council, 2, SET(2, 3));
	CHECK(core_gather_has_any(council->core[1]));
	council_settle(council, ALL);
	CHECK_EQ(council_role(council, 1), CORE_FOLLOWER);
	CHECK(!core_gather_has_any(council->core[1]));
	CHECK_EQ(core_last(council->core[3]), core_last(council->core[2]));
	council_free(council);
}

TEST(whoever_was_needed_stands_for_election_before_the_one_that_has_less)
{
	struct watched watched = make_watched(3);
	struct council *council = watched.council;
	write_densely(&watched, ALL, 2 * ROUND);
	for (uint32_t i = 0; i < 2 * ROUND; i++) { /* node 3 becomes the quicker one, and stays it */
		write_one(&watched, SET(1, 3));
		pass(&watched, SET(1, 3));
	}
	write_densely(&watched, ALL, 2 * ROUND);
	CHECK(watched.appends[3] >= 2 * ROUND && watched.appends[2] < ROUND);
	struct core_event lost = { .kind = CORE_PEER_LOST, .peer_lost = 1 };
	CHECK_STATUS(council_step(council, 2, lost), OK);
	CHECK_STATUS(council_step(council, 3, lost), OK);
	CHECK(core_wake_at(council->core[3]).ns < core_wake_at(council->core[2]).ns);
	council_free(council);
}
