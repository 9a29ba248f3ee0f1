/*
 * The rules of raft one by one: entries, appends and what is committed, on cores alone (council.h).
 */
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/council.h"

TEST(a_new_leader_begins_with_an_entry_of_its_own_term)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	const struct entry *first = window_at(core_window(council->core[1]), 2);
	CHECK(first);
	CHECK_EQ(first->kind, ENTRY_NOTHING);
	CHECK_EQ(first->term, core_term(council->core[1]));
	CHECK(!core_is_established(council->core[1]));
	council_settle(council, ALL);
	CHECK(core_is_established(council->core[1]));
	CHECK_EQ(council_commit(council, 1), 2);
	council_free(council);
}

TEST(a_sole_voter_leads_in_a_new_term)
{
	struct council *council = council_new(1);
	CHECK_EQ(council_role(council, 1), CORE_LEADER);
	CHECK_EQ(core_term(council->core[1]), 2);
	CHECK_EQ(core_vote(council->core[1]), 1);
	council_persist(council, 1);
	CHECK(core_is_established(council->core[1]));
	council_free(council);
}

/* Figure 8 of the Raft paper: an entry of an older term that is on a majority is not committed by that. */
TEST(entries_of_older_terms_are_not_committed_by_counting)
{
	struct council *council = council_new(5);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	/* (a) leader 1 gets an entry to 2 only. */
	CHECK_STATUS(council_submit(council, 1, STR("red")), OK);
	council_settle(council, SET(1, 2));
	uint64_t red = core_last(council->core[1]);
	uint64_t red_term = window_term(core_window(council->core[1]), red);
	/* (b) 5 leads, by votes of 3 and 4, writes its first entry at the same index and gets it to nobody. */
	council_elect(council, 5, SET(3, 4, 5));
	council->sent.len = 0;
	council_persist(council, 5);
	CHECK_EQ(core_last(council->core[5]), red);
	CHECK(window_term(core_window(council->core[5]), red) != red_term);
	/* (c) 1 leads again and brings the old entry to 3, so that a majority has it; its own first entry reaches nobody. */
	for (uint32_t i = 0; i < 20 && (core_term(council->core[1]) <= core_term(council->core[5]) ||
					council_role(council, 1) != CORE_LEADER);
	     i++) {
		council_elapse_alone(council, 1, 1001);
		for (uint32_t k = 0; k < 4; k++)
			council_deliver(council, SET(1, 2, 3));
	}
	CHECK_EQ(council_role(council, 1), CORE_LEADER);
	CHECK(core_term(council->core[1]) > core_term(council->core[5]));
	council->sent.len = 0;
	council_elapse(council, 1, 60);
	struct message old = { .kind = MESSAGE_APPEND, .term = core_term(council->core[1]) };
	struct entry *const red_entry[] = { window_at(core_window(council->core[1]), red) };
	old.append.prev_index = red - 1;
	old.append.prev_term = window_term(core_window(council->core[1]), red - 1);
	old.append.count = 1;
	old.append.entries = red_entry;
	for (uint32_t node = 2; node <= 3; node++) {
		struct text text = text_in(test_arena(), 1000);
		message_encode(&old, &text);
		CHECK_STATUS(council_step(council, node,
					  (struct core_event){ .kind = CORE_RECEIVE,
							       .receive = { 1, text_str(&text) } }),
			     OK);
		council_persist(council, node);
		CHECK_EQ(window_term(core_window(council->core[node]), red), red_term);
		CHECK(core_persisted(council->core[node]) >= red);
	}
	council_persist(council, 1);
	council_deliver(council, SET(1, 2, 3)); /* the answers */
	CHECK(core_match(council->core[1], 2) >= red && core_match(council->core[1], 3) >= red);
	CHECK(council_commit(council, 1) < red);
	/* (e) only with an entry of its own term does it commit, and then both. */
	council_settle(council, SET(1, 2, 3));
	council_elapse(council, 1, 60);
	council_settle(council, SET(1, 2, 3));
	CHECK(council_commit(council, 1) > red);
	council_free(council);
}

TEST(an_entry_of_odd_length_is_an_entry_like_any_other)
{
	static const char bytes[] = "0123456789abcdefghijklmn";
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	for (uint32_t len = 0; len < sizeof bytes; len++)
		CHECK_STATUS(council_submit(council, 1, str_of(bytes, len)), OK);
	council_settle(council, ALL);
	council_elapse(council, 1, 60);
	council_settle(council, ALL);
	for (uint32_t node = 1; node <= 3; node++) {
		CHECK_EQ(council_commit(council, node), 2 + sizeof bytes);
		for (uint32_t len = 0; len < sizeof bytes; len++) {
			const struct entry *entry =
			    window_at(core_window(council->core[node]), 3 + len);
			CHECK(str_eq(entry_payload(entry), str_of(bytes, len)));
		}
	}
	council_free(council);
}

TEST(followers_hear_at_once_what_is_committed)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	for (uint32_t i = 0; i < 3; i++) {
		CHECK_STATUS(council_submit(council, 1, STR("x")), OK);
		council_settle(council, ALL); /* no time passes: there is no heartbeat */
		for (uint32_t node = 1; node <= 3; node++)
			CHECK_EQ(council_commit(council, node), core_last(council->core[1]));
	}
	CHECK_EQ(council->sent.len, 0);
	council_free(council);
}

/* So many entries, each as soon as the one before is agreed upon; true if followers then know of the last one. */
static bool submit_closely(struct council *council, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		CHECK_STATUS(council_submit(council, 1, STR("x")), OK);
		council_settle(council, ALL);
		CHECK_EQ(council_commit(council, 1), core_last(council->core[1]));
		CHECK(council_commit(council, 2) >= core_last(council->core[1]) - 1);
	}
	return council_commit(council, 2) == core_last(council->core[1]);
}

TEST(where_entries_follow_each_other_closely_the_next_one_says_what_is_committed)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	CHECK(!submit_closely(council, 20));
	/* Nothing follows any more: it is said soon, and long before a heartbeat. */
	int64_t left_ns = core_wake_at(council->core[1]).ns - council->now[1].ns;
	CHECK(left_ns > 0 && left_ns <= 3 * TIME_MS);
	council_elapse_alone(council, 1, 3);
	council_settle(council, ALL);
	CHECK_EQ(council_commit(council, 2), core_last(council->core[1]));
	CHECK_EQ(council_commit(council, 3), core_last(council->core[1]));
	/* It was waited for in vain: the next wait is dearer. */
	CHECK(submit_closely(council, 15));
	CHECK(!submit_closely(council, 5));
	CHECK(!submit_closely(council, 5));
	council_free(council);
}

TEST(a_follower_with_a_slow_disk_hears_of_what_others_have_agreed_upon)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	CHECK_STATUS(council_submit(council, 1, STR("x")), OK);
	council_deliver(council, ALL);
	council_persist(council, 1);
	council_persist(council, 2);
	for (uint32_t i = 0; i < 3; i++)
		council_deliver(council, ALL);
	CHECK_EQ(council_commit(council, 2), core_last(council->core[1]));
	CHECK_EQ(council_commit(council, 3), core_last(council->core[1]) - 1);
	council_persist(council, 3);
	for (uint32_t i = 0; i < 3; i++)
		council_deliver(council, ALL);
	CHECK_EQ(council_commit(council, 3), core_last(council->core[1]));
	council_free(council);
}

/* To node 3. */
static void say_committed(struct council *council, uint32_t from, uint64_t term, uint64_t index,
			  uint64_t entry_term)
{
	struct message message = { .kind = MESSAGE_COMMITTED, .term = term };
	message.committed.index = index;
	message.committed.term = entry_term;
	struct text text = text_in(test_arena(), KIB);
	message_encode(&message, &text);
	CHECK_STATUS(council_step(council, 3,
				  (struct core_event){ .kind = CORE_RECEIVE,
						       .receive = { from, text_str(&text) } }),
		     OK);
}

TEST(what_is_committed_is_believed_of_an_entry_of_the_leaders_log_only)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	uint64_t term = core_term(council->core[1]), before = council_commit(council, 3);
	CHECK_STATUS(council_submit(council, 1, STR("x")), OK);
	council_deliver(council, SET(1, 3));
	council_persist(council, 3);
	uint64_t last = core_last(council->core[3]);
	CHECK_EQ(last, before + 1);
	say_committed(council, 2, term, last, term);     /* who does not lead */
	say_committed(council, 1, term - 1, last, 1);    /* who led once */
	say_committed(council, 1, term + 1, last, term); /* in a term that we know nothing of */
	say_committed(council, 1, term, last, term - 1); /* another entry */
	say_committed(council, 1, term, last + 1, term); /* one that we have not */
	CHECK_EQ(council_commit(council, 3), before);
	say_committed(council, 1, term, last, term);
	CHECK_EQ(council_commit(council, 3), last);
	say_committed(council, 1, term, before, term); /* late */
	CHECK_EQ(council_commit(council, 3), last);
	council_free(council);
}

TEST(only_what_is_on_disk_is_acknowledged)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	uint64_t before = council_commit(council, 1);
	CHECK_STATUS(council_submit(council, 1, STR("x")), OK);
	council_persist(council, 1);
	for (uint32_t i = 0; i < 5; i++)
		council_deliver(council, ALL); /* nobody writes */
	council_elapse(council, 1, 60);
	for (uint32_t i = 0; i < 5; i++)
		council_deliver(council, ALL);
	CHECK_EQ(council_commit(council, 1), before);
	CHECK_EQ(core_match(council->core[1], 2), before);
	council_persist(council, 2);
	council_deliver(council, ALL);
	CHECK_EQ(council_commit(council, 1), before + 1);
	council_free(council);
}

TEST(a_replaced_entry_waits_for_its_own_write)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	uint64_t index = core_last(council->core[1]) + 1;
	CHECK_STATUS(council_submit(council, 1, STR("old")), OK); /* being written on 1 */
	council->sent.len = 0;
	council_elect(council, 2, SET(2, 3));
	council_persist(council, 2);
	council_elapse(council, 2, 60);
	council_deliver(council, ALL);
	council_elapse(council, 2, 60);
	council_deliver(council, ALL);
	council_elapse(council, 2, 60);
	council_deliver(council, ALL);
	CHECK_EQ(window_term(core_window(council->core[1]), index), core_term(council->core[2]));
	/* The write of the old entry ends: that is not the one at this index any more. */
	struct core_event event = { .kind = CORE_PERSISTED,
				    .persisted = council->unwritten[1].at[0] };
	CHECK_EQ(council->unwritten[1].at[0]->index, index);
	CHECK_STATUS(council_step(council, 1, event), OK);
	CHECK_EQ(core_persisted(council->core[1]), index - 1);
	council_persist(council, 1);
	CHECK(core_persisted(council->core[1]) >= index);
	council_free(council);
}

TEST(an_append_of_an_old_term_is_answered_with_the_term_alone)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	for (uint64_t prev = 0; prev < 2; prev++) {
		struct message message = { .kind = MESSAGE_APPEND, .term = 1 }, answer;
		message.append.prev_index = message.append.prev_term = prev;
		struct text text = text_in(test_arena(), 1000);
		message_encode(&message, &text);
		CHECK_STATUS(council_step(council, 2,
					  (struct core_event){ .kind = CORE_RECEIVE,
							       .receive = { 3, text_str(&text) } }),
			     OK);
		CHECK_STATUS(
		    message_decode(council->sent.at[prev].bytes, test_arena(), &answer, NULL), OK);
		CHECK_EQ(answer.kind, MESSAGE_APPENDED);
		CHECK_EQ(answer.term, core_term(council->core[2]));
		CHECK_EQ(answer.appended.last, 0);
	}
	council_free(council);
}

TEST(what_contradicts_committed_entries_is_refused)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	council_elapse(council, 1, 60);
	council_settle(council, ALL);
	uint64_t at = council_commit(council, 2);
	CHECK(at >= 2);
	struct entry *entry = entry_new(at, 99, ENTRY_COMMAND, STR("forged"));
	struct entry *const entries[] = { entry };
	struct message message = { .kind = MESSAGE_APPEND, .term = 99 };
	message.append.prev_index = at - 1;
	message.append.prev_term = window_term(core_window(council->core[2]), at - 1);
	message.append.count = 1;
	message.append.entries = entries;
	struct text text = text_in(test_arena(), 1000);
	message_encode(&message, &text);
	CHECK_STATUS(council_step(council, 2,
				  (struct core_event){ .kind = CORE_RECEIVE,
						       .receive = { 3, text_str(&text) } }),
		     CORRUPT);
	CHECK(!str_is(entry_payload(window_at(core_window(council->core[2]), at)), "forged"));
	entry_unref(entry);
	council_free(council);
}

static void refuse(struct council *council, uint64_t rejected, uint64_t last)
{
	struct message message = { .kind = MESSAGE_APPENDED, .term = core_term(council->core[1]) };
	message.appended.rejected = rejected;
	message.appended.last = last;
	struct text text = text_in(test_arena(), KIB);
	message_encode(&message, &text);
	CHECK_STATUS(council_step(council, 1,
				  (struct core_event){ .kind = CORE_RECEIVE,
						       .receive = { 2, text_str(&text) } }),
		     OK);
}

/* With what it had on its disk when that ended with this entry. */
static void restart_with(struct council *council, uint32_t node, uint32_t count)
{
	struct entry *entries[16];
	CHECK(count <= 16);
	for (uint32_t i = 0; i < count; i++)
		entries[i] = entry_ref(window_at(core_window(council->core[node]), i + 1));
	council_start(council, node, core_term(council->core[node]), entries, count);
	for (uint32_t i = 0; i < count; i++)
		entry_unref(entries[i]);
}

/* With all that it has written. */
static void restart(struct council *council, uint32_t node)
{
	restart_with(council, node, (uint32_t)core_last(council->core[node]));
}

TEST(a_refusal_that_comes_late_does_not_stop_a_member_for_good)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	for (uint32_t i = 0; i < 4; i++) {
		CHECK_STATUS(council_submit(council, 1, STR("x")), OK);
		council_settle(council, ALL);
	}
	uint64_t match = core_match(council->core[1], 2);
	restart(council, 2);
	refuse(council, match + 1, match); /* an append was lost: it is looked where they differ */
	refuse(council, match, match - 2); /* and this is from the time before they were the same */
	vec_clear(&council->sent);
	CHECK_STATUS(council_submit(council, 1, STR("y")), OK);
	for (uint32_t i = 0; i < 5; i++) {
		council_elapse_alone(council, 1, 51);
		council_settle(council, SET(1, 2));
	}
	CHECK_EQ(core_match(council->core[1], 2), match + 1);
	CHECK_EQ(council_commit(council, 1), match + 1);
	council_free(council);
}

static void say_held(struct council *council, uint32_t from, uint64_t term, uint64_t index)
{
	struct message message = { .kind = MESSAGE_HELD, .term = term, .held = { index } };
	struct text text = text_in(test_arena(), KIB);
	message_encode(&message, &text);
	CHECK_STATUS(council_step(council, 2,
				  (struct core_event){ .kind = CORE_RECEIVE,
						       .receive = { from, text_str(&text) } }),
		     OK);
}

/* The folder was put back from an old copy, or the disk has lost what it said was there. */
TEST(a_member_that_has_lost_what_it_acknowledged_is_not_sent_it_again_but_told)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	for (uint32_t i = 0; i < 4; i++) {
		CHECK_STATUS(council_submit(council, 1, STR("x")), OK);
		council_settle(council, ALL);
	}
	uint64_t match = core_match(council->core[1], 2);
	restart_with(council, 2, (uint32_t)match - 2);
	CHECK_STATUS(council_submit(council, 1, STR("y")), OK);
	for (uint32_t i = 0; i < 5; i++) {
		council_elapse_alone(council, 1, 51);
		council_settle(council, ALL);
	}
	CHECK_EQ(council->missing, match);
	CHECK_EQ(core_last(council->core[2]), match - 2);
	/* The others go on. */
	CHECK_EQ(council_commit(council, 1), match + 1);
	CHECK_EQ(council_commit(council, 3), match + 1);
	council_free(council);
}

TEST(only_the_leader_of_its_term_tells_a_member_what_it_has_lost)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	council_settle(council, ALL);
	uint64_t term = core_term(council->core[1]), last = core_last(council->core[2]);
	say_held(council, 1, term, last);
	say_held(council, 3, term, last + 1);
	say_held(council, 1, term - 1, last + 1);
	CHECK_EQ(council->missing, 0);
	say_held(council, 1, term, last + 1);
	CHECK_EQ(council->missing, last + 1);
	council_free(council);
}

TEST(an_append_below_the_window_is_moved_up_to_it)
{
	struct council *council = council_new(3);
	council_elect(council, 1, ALL);
	for (uint32_t i = 0; i < 20; i++)
		CHECK_STATUS(council_submit(council, 1, STR("x")), OK);
	council_settle(council, ALL);
	council_elapse(council, 1, 60);
	council_settle(council, ALL);
	CHECK_EQ(council_commit(council, 2), 22);
	CHECK_STATUS(
	    council_step(council, 2, (struct core_event){ .kind = CORE_TRIMMED, .trimmed = 15 }),
	    OK);
	struct message message = { .kind = MESSAGE_APPEND, .term = core_term(council->core[1]) };
	struct entry *entries[21];
	for (uint64_t i = 0; i < 21; i++)
		entries[i] = window_at(core_window(council->core[1]), 2 + i);
	message.append.prev_index = 1;
	message.append.prev_term = 1;
	message.append.commit = 22;
	for (uint32_t count = 0; count <= 21; count += 7) {
		message.append.count = count;
		message.append.entries = entries;
		struct text text = text_in(test_arena(), 100000);
		message_encode(&message, &text);
		council->sent.len = 0;
		CHECK_STATUS(council_step(council, 2,
					  (struct core_event){ .kind = CORE_RECEIVE,
							       .receive = { 1, text_str(&text) } }),
			     OK);
		struct message answer;
		CHECK_EQ(council->sent.len, 1);
		CHECK_STATUS(message_decode(council->sent.at[0].bytes, test_arena(), &answer, NULL),
			     OK);
		CHECK_EQ(answer.kind, MESSAGE_APPENDED);
		CHECK_EQ(answer.appended.rejected, 0);
		CHECK(answer.appended.last >= 15);
		CHECK_EQ(council_commit(council, 2), 22); /* and does not go back */
	}
	council_persist_all(council);
	council_free(council);
}
