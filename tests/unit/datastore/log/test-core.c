/*
 * The rules of raft one by one, on cores alone: the test delivers each message and says what is on disk.
 */
#include <stdio.h>

#include "datastore/log/core.h"
#include "datastore/log/log-private.h"
#include "tests/lib/test.h"

#define NODES 5U

struct sent {
	uint32_t from, to; /* 1-based: also the ids */
	struct str bytes;
};

struct table {
	struct core *core[NODES + 1];
	VEC(struct entry *) unwritten[NODES + 1];
	struct core_update update;
	VEC(struct sent) sent;
	VEC(struct core_read) reads;
	struct mono now[NODES + 1];
	uint32_t len;
	bool is_removed;
	uint64_t offered;
	struct fault why; /* of the last step */
};

static void take(struct table *table, uint32_t node)
{
	struct core_update *update = &table->update;
	for (uint32_t i = 0; i < update->messages.len; i++)
		vec_push(&table->sent,
			 (struct sent){ node, (uint32_t)update->messages.at[i].to,
					arena_str(test_arena(), update->messages.at[i].bytes) });
	for (uint32_t i = 0; i < update->entries.len; i++)
		vec_push(&table->unwritten[node], entry_ref(update->entries.at[i]));
	for (uint32_t i = 0; i < update->reads.len; i++)
		vec_push(&table->reads, update->reads.at[i]);
	table->is_removed |= update->is_removed;
	if (update->offer.from != 0)
		table->offered = update->offer.index;
	core_update_clear(update);
}

static enum status step(struct table *table, uint32_t node, struct core_event event)
{
	event.now = table->now[node];
	table->why.text[0] = '\0';
	enum status status = core_step(table->core[node], &event, &table->update, &table->why);
	take(table, node);
	return status;
}

static struct members voters(uint32_t len)
{
	struct members members = { .index = 1 };
	for (uint64_t id = 1; id <= len; id++)
		CHECK_STATUS(
		    members_put(&members, &(struct member){ .id = id, .role = MEMBER_VOTER }), OK);
	return members;
}

static void start(struct table *table, uint32_t node, uint64_t term, struct entry *const *entries,
		  uint32_t count)
{
	core_free(table->core[node]);
	table->core[node] = core_new(&(struct core_config){
	    .id = node, .election_ms = 500, .heartbeat_ms = 50, .seed = node * 17 });
	struct core_event event = { .kind = CORE_START };
	event.start.term = term;
	event.start.entries = entries;
	event.start.count = count;
	CHECK_STATUS(step(table, node, event), OK);
}

static struct entry *make_first(uint32_t len)
{
	struct members members = voters(len);
	struct text text = text_in(test_arena(), 10000);
	members_encode(&members, &text);
	return entry_new(1, 1, ENTRY_MEMBERS, text_str(&text));
}

static struct table *make_table(uint32_t len)
{
	struct table *table = arena_new_of(test_arena(), struct table);
	core_update_init(&table->update, test_arena());
	table->len = len;
	struct entry *first = make_first(len);
	for (uint32_t i = 1; i <= len; i++) {
		table->now[i].ns = TIME_S;
		start(table, i, 1, &first, 1);
	}
	entry_unref(first);
	return table;
}

static void free_table(struct table *table)
{
	for (uint32_t i = 1; i <= table->len; i++) {
		core_free(table->core[i]);
		for (uint32_t k = 0; k < table->unwritten[i].len; k++)
			entry_unref(table->unwritten[i].at[k]);
		vec_fini(&table->unwritten[i]);
	}
	core_update_fini(&table->update);
	vec_fini(&table->sent);
	vec_fini(&table->reads);
}

static void persist(struct table *table, uint32_t node)
{
	while (table->unwritten[node].len > 0) {
		struct entry *last = table->unwritten[node].at[table->unwritten[node].len - 1];
		struct core_event event = { .kind = CORE_PERSISTED, .persisted = last };
		uint32_t count = table->unwritten[node].len;
		CHECK_STATUS(step(table, node, event), OK);
		for (uint32_t i = 0; i < count; i++) {
			entry_unref(table->unwritten[node].at[0]);
			vec_remove(&table->unwritten[node], 0);
		}
	}
}

static void persist_all(struct table *table)
{
	for (uint32_t i = 1; i <= table->len; i++)
		persist(table, i);
}

/* Delivers what is under way between nodes of the set (bits), once; drops the rest. True if anything was. */
static bool deliver(struct table *table, uint32_t set)
{
	uint32_t count = table->sent.len;
	bool any = false;
	for (uint32_t i = 0; i < count; i++) {
		struct sent sent = table->sent.at[0];
		vec_remove(&table->sent, 0);
		if (!(set >> sent.from & 1) || !(set >> sent.to & 1))
			continue;
		struct core_event event = { .kind = CORE_RECEIVE,
					    .receive = { sent.from, sent.bytes } };
		if (step(table, sent.to, event) != OK)
			test_fail(__FILE__, __LINE__, "%u to %u: %s", sent.from, sent.to,
				  table->why.text);
		any = true;
	}
	return any;
}

static void settle(struct table *table, uint32_t set)
{
	for (uint32_t i = 0; i < 50; i++) {
		bool any = deliver(table, set);
		for (uint32_t node = 1; node <= table->len; node++)
			if (set >> node & 1)
				persist(table, node);
		if (!any && table->sent.len == 0)
			return;
	}
}

static void tick(struct table *table, uint32_t node)
{
	CHECK_STATUS(step(table, node, (struct core_event){ .kind = CORE_TICK }), OK);
}

static enum core_role role(const struct table *table, uint32_t node)
{
	return core_role(table->core[node]);
}

/* Ticks whenever it is due, as a loop does that has the time, until it asks for votes. */
static void elapse(struct table *table, uint32_t node, int64_t ms)
{
	struct mono *now = &table->now[node];
	int64_t end = now->ns + ms * TIME_MS;
	uint32_t sent = table->sent.len;
	while (now->ns < end && (role(table, node) != CORE_CANDIDATE || table->sent.len == sent)) {
		int64_t due = core_wake_at(table->core[node]).ns;
		now->ns += TIME_MS;
		if (due > now->ns)
			now->ns = due < end ? due : end;
		tick(table, node);
	}
	now->ns = end;
}

/* Nothing happens to it for so long, and then it looks at the clock first. */
static void stall(struct table *table, uint32_t node, int64_t ms)
{
	table->now[node].ns += ms * TIME_MS;
	tick(table, node);
}

static void elapse_all(struct table *table, int64_t ms)
{
	for (uint32_t i = 1; i <= table->len; i++)
		table->now[i].ns += ms * TIME_MS;
}

/* Only this one ticks. */
static void elapse_all_around(struct table *table, uint32_t node, int64_t ms)
{
	int64_t begin = table->now[node].ns;
	elapse(table, node, ms);
	table->now[node].ns = begin;
	elapse_all(table, ms);
}

#define ALL 0x3eU
#define SET(...) set_of((const uint32_t[]){ __VA_ARGS__, 0 })

static uint32_t set_of(const uint32_t *nodes)
{
	uint32_t set = 0;
	for (; *nodes != 0; nodes++)
		set |= 1U << *nodes;
	return set;
}

static void elect(struct table *table, uint32_t node, uint32_t set)
{
	elapse_all_around(table, node, 1001); /* whoever led is silent */
	for (uint32_t i = 0; i < 5 && role(table, node) != CORE_LEADER; i++)
		deliver(table, set);
	CHECK_EQ(role(table, node), CORE_LEADER);
}

static enum status submit(struct table *table, uint32_t node, struct str payload)
{
	return step(table, node, (struct core_event){ .kind = CORE_SUBMIT, .submit = payload });
}

static uint64_t commit(const struct table *table, uint32_t node)
{
	return core_commit(table->core[node]);
}

TEST(a_new_leader_begins_with_an_entry_of_its_own_term)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	const struct entry *first = window_at(core_window(table->core[1]), 2);
	CHECK(first);
	CHECK_EQ(first->kind, ENTRY_NOTHING);
	CHECK_EQ(first->term, core_term(table->core[1]));
	CHECK(!core_is_established(table->core[1]));
	settle(table, ALL);
	CHECK(core_is_established(table->core[1]));
	CHECK_EQ(commit(table, 1), 2);
	free_table(table);
}

TEST(a_sole_voter_leads_in_a_new_term)
{
	struct table *table = make_table(1);
	CHECK_EQ(role(table, 1), CORE_LEADER);
	CHECK_EQ(core_term(table->core[1]), 2);
	CHECK_EQ(core_vote(table->core[1]), 1);
	persist(table, 1);
	CHECK(core_is_established(table->core[1]));
	free_table(table);
}

/* Figure 8 of the Raft paper: an entry of an older term that is on a majority is not committed by that. */
TEST(entries_of_older_terms_are_not_committed_by_counting)
{
	struct table *table = make_table(5);
	elect(table, 1, ALL);
	settle(table, ALL);
	/* (a) leader 1 gets an entry to 2 only. */
	CHECK_STATUS(submit(table, 1, STR("red")), OK);
	settle(table, SET(1, 2));
	uint64_t red = core_last(table->core[1]);
	uint64_t red_term = window_term(core_window(table->core[1]), red);
	/* (b) 5 leads, by votes of 3 and 4, writes its first entry at the same index and gets it to nobody. */
	elect(table, 5, SET(3, 4, 5));
	table->sent.len = 0;
	persist(table, 5);
	CHECK_EQ(core_last(table->core[5]), red);
	CHECK(window_term(core_window(table->core[5]), red) != red_term);
	/* (c) 1 leads again and brings the old entry to 3, so that a majority has it; its own first entry reaches nobody. */
	for (uint32_t i = 0; i < 20 && (core_term(table->core[1]) <= core_term(table->core[5]) ||
					role(table, 1) != CORE_LEADER);
	     i++) {
		elapse_all_around(table, 1, 1001);
		for (uint32_t k = 0; k < 4; k++)
			deliver(table, SET(1, 2, 3));
	}
	CHECK_EQ(role(table, 1), CORE_LEADER);
	CHECK(core_term(table->core[1]) > core_term(table->core[5]));
	table->sent.len = 0;
	elapse(table, 1, 60);
	struct message old = { .kind = MESSAGE_APPEND, .term = core_term(table->core[1]) };
	struct entry *const red_entry[] = { window_at(core_window(table->core[1]), red) };
	old.append.prev_index = red - 1;
	old.append.prev_term = window_term(core_window(table->core[1]), red - 1);
	old.append.count = 1;
	old.append.entries = red_entry;
	for (uint32_t node = 2; node <= 3; node++) {
		struct text text = text_in(test_arena(), 1000);
		message_encode(&old, &text);
		CHECK_STATUS(step(table, node,
				  (struct core_event){ .kind = CORE_RECEIVE,
						       .receive = { 1, text_str(&text) } }),
			     OK);
		persist(table, node);
		CHECK_EQ(window_term(core_window(table->core[node]), red), red_term);
		CHECK(core_persisted(table->core[node]) >= red);
	}
	persist(table, 1);
	deliver(table, SET(1, 2, 3)); /* the answers */
	CHECK(core_match(table->core[1], 2) >= red && core_match(table->core[1], 3) >= red);
	CHECK(commit(table, 1) < red);
	/* (e) only with an entry of its own term does it commit, and then both. */
	settle(table, SET(1, 2, 3));
	elapse(table, 1, 60);
	settle(table, SET(1, 2, 3));
	CHECK(commit(table, 1) > red);
	free_table(table);
}

TEST(an_entry_of_odd_length_is_an_entry_like_any_other)
{
	static const char bytes[] = "0123456789abcdefghijklmn";
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	for (uint32_t len = 0; len < sizeof bytes; len++)
		CHECK_STATUS(submit(table, 1, str_of(bytes, len)), OK);
	settle(table, ALL);
	elapse(table, 1, 60);
	settle(table, ALL);
	for (uint32_t node = 1; node <= 3; node++) {
		CHECK_EQ(commit(table, node), 2 + sizeof bytes);
		for (uint32_t len = 0; len < sizeof bytes; len++) {
			const struct entry *entry =
			    window_at(core_window(table->core[node]), 3 + len);
			CHECK(str_eq(entry_payload(entry), str_of(bytes, len)));
		}
	}
	free_table(table);
}

/* Leads, adds a fourth with that role. */
static void assign_fourth(struct table *table, uint32_t leader, enum member_role role)
{
	struct members next = *core_members(table->core[leader]);

	CHECK_STATUS(members_put(&next, &(struct member){ .id = 4, .role = role }), OK);
	CHECK_STATUS(
	    step(table, leader, (struct core_event){ .kind = CORE_CHANGE, .change = &next }), OK);
	settle(table, SET(1, 2, 3));
	elapse(table, leader, 60);
	settle(table, SET(1, 2, 3));
	CHECK(!core_is_changing(table->core[leader]));
}

TEST(a_leader_sleeps_between_heartbeats_though_a_member_is_sent_nothing_any_more)
{
	struct table *table = make_table(3);

	elect(table, 1, ALL);
	settle(table, ALL);
	assign_fourth(table, 1, MEMBER_STANDBY); /* is sent what there is */
	assign_fourth(table, 1, MEMBER_SPARE);
	for (uint32_t i = 0; i < 10; i++) {
		elapse(table, 1, 60);
		CHECK(core_wake_at(table->core[1]).ns > table->now[1].ns);
		settle(table, SET(1, 2, 3));
	}
	CHECK_EQ(role(table, 1), CORE_LEADER);
	free_table(table);
}

TEST(a_list_of_members_in_the_middle_of_a_batch_is_known_by_its_own_index)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	/* 2 is away while a command and a change are made: it gets both at once. */
	CHECK_STATUS(submit(table, 1, STR("command")), OK);
	settle(table, SET(1, 3));
	struct members next = *core_members(table->core[1]);
	CHECK_STATUS(members_put(&next, &(struct member){ .id = 4, .role = MEMBER_SPARE }), OK);
	CHECK_STATUS(step(table, 1, (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
		     OK);
	uint64_t change = core_last(table->core[1]);
	settle(table, SET(1, 3));
	for (uint32_t i = 0; i < 20; i++) {
		elapse_all(table, 60);
		CHECK_STATUS(step(table, 1, (struct core_event){ .kind = CORE_TICK }), OK);
		settle(table, SET(1, 2, 3));
	}
	CHECK_EQ(core_members(table->core[2])->index, change);
	CHECK(!core_is_changing(table->core[2]));
	CHECK_EQ(commit(table, 2), commit(table, 1));
	/* As a leader it can change members. */
	CHECK_STATUS(step(table, 1, (struct core_event){ .kind = CORE_TRANSFER, .transfer = 2 }),
		     OK);
	settle(table, SET(1, 2, 3));
	CHECK_EQ(role(table, 2), CORE_LEADER);
	CHECK_STATUS(members_remove(&next, 4), OK);
	CHECK_STATUS(step(table, 2, (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
		     OK);
	free_table(table);
}

TEST(followers_hear_at_once_what_is_committed)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	for (uint32_t i = 0; i < 3; i++) {
		CHECK_STATUS(submit(table, 1, STR("x")), OK);
		settle(table, ALL); /* no time passes: there is no heartbeat */
		for (uint32_t node = 1; node <= 3; node++)
			CHECK_EQ(commit(table, node), core_last(table->core[1]));
	}
	CHECK_EQ(table->sent.len, 0);
	free_table(table);
}

TEST(a_follower_with_a_slow_disk_hears_of_what_others_have_agreed_upon)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	CHECK_STATUS(submit(table, 1, STR("x")), OK);
	deliver(table, ALL);
	persist(table, 1);
	persist(table, 2);
	for (uint32_t i = 0; i < 3; i++)
		deliver(table, ALL);
	CHECK_EQ(commit(table, 2), core_last(table->core[1]));
	CHECK_EQ(commit(table, 3), core_last(table->core[1]) - 1);
	persist(table, 3);
	for (uint32_t i = 0; i < 3; i++)
		deliver(table, ALL);
	CHECK_EQ(commit(table, 3), core_last(table->core[1]));
	free_table(table);
}

/* To node 3. */
static void say_committed(struct table *table, uint32_t from, uint64_t term, uint64_t index,
			  uint64_t entry_term)
{
	struct message message = { .kind = MESSAGE_COMMITTED, .term = term };
	message.committed.index = index;
	message.committed.term = entry_term;
	struct text text = text_in(test_arena(), KIB);
	message_encode(&message, &text);
	CHECK_STATUS(
	    step(table, 3,
		 (struct core_event){ .kind = CORE_RECEIVE, .receive = { from, text_str(&text) } }),
	    OK);
}

TEST(what_is_committed_is_believed_of_an_entry_of_the_leaders_log_only)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	uint64_t term = core_term(table->core[1]), before = commit(table, 3);
	CHECK_STATUS(submit(table, 1, STR("x")), OK);
	deliver(table, SET(1, 3));
	persist(table, 3);
	uint64_t last = core_last(table->core[3]);
	CHECK_EQ(last, before + 1);
	say_committed(table, 2, term, last, term);     /* who does not lead */
	say_committed(table, 1, term - 1, last, 1);    /* who led once */
	say_committed(table, 1, term + 1, last, term); /* in a term that we know nothing of */
	say_committed(table, 1, term, last, term - 1); /* another entry */
	say_committed(table, 1, term, last + 1, term); /* one that we have not */
	CHECK_EQ(commit(table, 3), before);
	say_committed(table, 1, term, last, term);
	CHECK_EQ(commit(table, 3), last);
	say_committed(table, 1, term, before, term); /* late */
	CHECK_EQ(commit(table, 3), last);
	free_table(table);
}

TEST(only_what_is_on_disk_is_acknowledged)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	uint64_t before = commit(table, 1);
	CHECK_STATUS(submit(table, 1, STR("x")), OK);
	persist(table, 1);
	for (uint32_t i = 0; i < 5; i++)
		deliver(table, ALL); /* nobody writes */
	elapse(table, 1, 60);
	for (uint32_t i = 0; i < 5; i++)
		deliver(table, ALL);
	CHECK_EQ(commit(table, 1), before);
	CHECK_EQ(core_match(table->core[1], 2), before);
	persist(table, 2);
	deliver(table, ALL);
	CHECK_EQ(commit(table, 1), before + 1);
	free_table(table);
}

TEST(nobody_is_elected_by_entries_that_are_only_in_memory)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	CHECK_STATUS(submit(table, 1, STR("x")), OK);
	deliver(table, ALL); /* 2 and 3 have it in memory */
	table->sent.len = 0;
	for (uint32_t i = 0; i < 5; i++)
		elapse(table, 2, 1001);
	CHECK_EQ(role(table, 2), CORE_FOLLOWER);
	CHECK_EQ(table->sent.len, 0);
	/* As soon as it is written the election goes on, without another timeout. */
	persist(table, 2);
	CHECK_EQ(role(table, 2), CORE_CANDIDATE);
	free_table(table);
}

TEST(a_replaced_entry_waits_for_its_own_write)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	uint64_t index = core_last(table->core[1]) + 1;
	CHECK_STATUS(submit(table, 1, STR("old")), OK); /* being written on 1 */
	table->sent.len = 0;
	elect(table, 2, SET(2, 3));
	persist(table, 2);
	elapse(table, 2, 60);
	deliver(table, ALL);
	elapse(table, 2, 60);
	deliver(table, ALL);
	elapse(table, 2, 60);
	deliver(table, ALL);
	CHECK_EQ(window_term(core_window(table->core[1]), index), core_term(table->core[2]));
	/* The write of the old entry ends: that is not the one at this index any more. */
	struct core_event event = { .kind = CORE_PERSISTED, .persisted = table->unwritten[1].at[0] };
	CHECK_EQ(table->unwritten[1].at[0]->index, index);
	CHECK_STATUS(step(table, 1, event), OK);
	CHECK_EQ(core_persisted(table->core[1]), index - 1);
	persist(table, 1);
	CHECK(core_persisted(table->core[1]) >= index);
	free_table(table);
}

TEST(a_follower_whose_leader_is_gone_elects_at_once)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	elapse(table, 1, 60);
	settle(table, ALL);
	for (uint32_t node = 2; node <= 3; node++)
		CHECK_STATUS(step(table, node,
				  (struct core_event){ .kind = CORE_PEER_LOST, .peer_lost = 1 }),
			     OK);
	elapse(table, 2, 101);
	for (uint32_t i = 0; i < 4; i++)
		deliver(table, SET(2, 3));
	CHECK_EQ(role(table, 2), CORE_LEADER);
	free_table(table);
}

TEST(a_vote_is_denied_while_the_leader_is_heard_and_not_when_it_is_silent)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	elapse(table, 1, 60);
	settle(table, ALL);
	table->now[3].ns += 400 * TIME_MS;
	elapse(table, 2, 1001);
	for (uint32_t i = 0; i < 3; i++)
		deliver(table, SET(2, 3));
	CHECK_EQ(role(table, 2), CORE_CANDIDATE);
	CHECK_EQ(core_term(table->core[2]), core_term(table->core[1])); /* only asked beforehand */
	table->now[3].ns += 100 * TIME_MS;
	elapse(table, 2, 1001);
	for (uint32_t i = 0; i < 4; i++)
		deliver(table, SET(2, 3));
	CHECK_EQ(role(table, 2), CORE_LEADER);
	free_table(table);
}

TEST(a_follower_that_was_away_hears_its_leader_before_it_asks_for_votes)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	stall(table, 2, 5000);
	CHECK_EQ(table->sent.len, 0);
	CHECK_EQ(core_leader(table->core[2]), 1);
	elapse(table, 1, 60);
	settle(table, ALL);
	elapse(table, 2, 490);
	CHECK_EQ(core_leader(table->core[2]), 1);
	/* Excused once and not for ever: nobody is heard. */
	stall(table, 2, 5000);
	CHECK_EQ(core_leader(table->core[2]), 1);
	stall(table, 2, 5000);
	CHECK_EQ(role(table, 2), CORE_CANDIDATE);
	free_table(table);
}

TEST(a_leader_that_was_away_hears_its_followers_before_it_steps_down)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	elapse(table, 1, 501); /* whom it has heard until now counts no more */
	table->sent.len = 0;
	stall(table, 1, 5000);
	CHECK_EQ(role(table, 1), CORE_LEADER);
	settle(table, ALL);
	elapse(table, 1, 490);
	CHECK_EQ(role(table, 1), CORE_LEADER);
	/* Excused once and not for ever: nobody is heard. */
	table->sent.len = 0;
	stall(table, 1, 5000);
	CHECK_EQ(role(table, 1), CORE_LEADER);
	elapse(table, 1, 60);
	CHECK_EQ(role(table, 1), CORE_FOLLOWER);
	free_table(table);
}

static enum status ask(struct table *table, uint32_t node, uint64_t token)
{
	return step(table, node, (struct core_event){ .kind = CORE_READ, .read = token });
}

TEST(a_read_waits_until_a_majority_has_confirmed_the_leader)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	CHECK_STATUS(ask(table, 1, 7), OK);
	CHECK_EQ(table->reads.len, 0);
	settle(table, ALL);
	CHECK_EQ(table->reads.len, 1);
	CHECK_EQ(table->reads.at[0].token, 7);
	CHECK_EQ(table->reads.at[0].status, OK);
	CHECK_EQ(table->reads.at[0].index, commit(table, 1));
	free_table(table);
}

TEST(a_leader_that_was_deposed_answers_no_read)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	elect(table, 2, SET(2, 3));
	settle(table, SET(2, 3));
	CHECK_EQ(role(table, 1), CORE_LEADER); /* it does not know */
	CHECK_STATUS(ask(table, 1, 7), OK);
	settle(table, ALL);
	for (uint32_t i = 0; i < table->reads.len; i++)
		CHECK_EQ(table->reads.at[i].status, UNAVAILABLE);
	elapse(table, 2, 60);
	settle(table, ALL);
	CHECK_EQ(role(table, 1), CORE_FOLLOWER);
	CHECK_EQ(table->reads.len, 1);
	free_table(table);
}

TEST(a_follower_reads_through_its_leader)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	elapse(table, 1, 60);
	settle(table, ALL);
	for (uint64_t token = 1; token <= 10; token++)
		CHECK_STATUS(ask(table, 3, token), OK);
	settle(table, ALL);
	settle(table, ALL);
	CHECK_EQ(table->reads.len, 10);
	for (uint32_t i = 0; i < 10; i++)
		CHECK_EQ(table->reads.at[i].status, OK);
	free_table(table);
}

TEST(without_a_leader_a_read_is_refused_at_once)
{
	struct table *table = make_table(3);
	CHECK_STATUS(ask(table, 3, 5), OK);
	CHECK_EQ(table->reads.len, 1);
	CHECK_EQ(table->reads.at[0].status, UNAVAILABLE);
	free_table(table);
}

TEST(a_member_that_was_removed_is_told_when_it_asks_for_votes)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	struct members next = *core_members(table->core[1]);
	CHECK_STATUS(members_remove(&next, 3), OK);
	CHECK_STATUS(step(table, 1, (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
		     OK);
	settle(table, SET(1, 2));
	CHECK_EQ(core_members_committed(table->core[1])->len, 2);
	elapse(table, 3, 1001);
	settle(table, ALL);
	CHECK(table->is_removed);
	CHECK_EQ(role(table, 1), CORE_LEADER);
	free_table(table);
}

static struct entry *make_command(uint64_t index, uint64_t term)
{
	return entry_new(index, term, ENTRY_COMMAND, STR("x"));
}

/* Starts a node anew with the first entry and one more. */
static void start_with(struct table *table, uint32_t node, uint64_t term, struct entry *second)
{
	struct entry *entries[] = { make_first(table->len), second };
	start(table, node, term, entries, 2);
	entry_unref(entries[0]);
	entry_unref(second);
}

/* In turn, as nodes do whose leader is gone, until one leads. */
static uint32_t find_leader(struct table *table)
{
	for (uint32_t round = 0; round < 20; round++)
		for (uint32_t node = 1; node <= table->len; node++) {
			elapse_all_around(table, node, 1001);
			settle(table, ALL);
			if (role(table, node) == CORE_LEADER)
				return node;
		}
	return 0;
}

/* Nobody else can win against its log; what it asks for is granted only in a term that it has to be told of. */
TEST(the_one_with_the_longest_log_learns_of_a_newer_term_from_who_denies_it)
{
	struct table *table = make_table(2);
	start_with(table, 1, 1, make_command(2, 1));
	struct entry *first = make_first(2);
	start(table, 2, 7, &first, 1);
	entry_unref(first);
	CHECK_EQ(find_leader(table), 1);
	CHECK(core_term(table->core[1]) > 7);
	free_table(table);
}

static struct entry *make_demotion(uint32_t len)
{
	struct members members = voters(len);
	struct text text = text_in(test_arena(), 10000);
	members.at[0].role = MEMBER_STANDBY;
	members_encode(&members, &text);
	return entry_new(2, 1, ENTRY_MEMBERS, text_str(&text));
}

/* The leader took node 1's vote and lost the entry that says so, with its own last ones, before it was committed. */
TEST(who_alone_has_the_list_that_takes_its_vote_leads_until_that_is_committed)
{
	struct table *table = make_table(2);
	start_with(table, 1, 1, make_demotion(2));
	elect(table, 1, ALL);
	settle(table, ALL);
	CHECK_EQ(role(table, 1), CORE_FOLLOWER);
	CHECK_EQ(find_leader(table), 2); /* now the only one that votes */
	CHECK_EQ(members_count(core_members_committed(table->core[2]), MEMBER_VOTER), 1);
	free_table(table);
}

static struct entry *make_list(uint64_t index, uint32_t voting)
{
	struct members members = voters(2);
	struct text text = text_in(test_arena(), 10000);
	if (voting < 2)
		members.at[voting == 0 ? 0 : 1].role = MEMBER_STANDBY;
	members_encode(&members, &text);
	return entry_new(index, 1, ENTRY_MEMBERS, text_str(&text));
}

/* Node 2 began alone: by the first list node 1 had no vote. That a later one, which gave it one, was committed its log says, too. */
TEST(who_alone_has_the_list_that_takes_its_vote_leads_also_when_it_began_without_one)
{
	struct table *table = make_table(2);
	struct entry *entries[] = { make_list(1, 0), make_list(2, 2), make_list(3, 0) };
	start(table, 1, 1, entries, 3);
	start(table, 2, 1, entries, 2);
	CHECK_EQ(core_members_committed(table->core[1])->index, 2);
	elect(table, 1, ALL);
	settle(table, ALL);
	CHECK_EQ(find_leader(table), 2);
	CHECK_EQ(members_count(core_members_committed(table->core[2]), MEMBER_VOTER), 1);
	for (uint32_t i = 0; i < 3; i++)
		entry_unref(entries[i]);
	free_table(table);
}

TEST(who_is_to_lose_its_vote_does_not_lead_by_its_own_vote)
{
	struct table *table = make_table(2);
	start_with(table, 1, 1, make_demotion(2));
	elapse(table, 1, 5000);
	settle(table, SET(1));
	CHECK(role(table, 1) != CORE_LEADER);
	free_table(table);
	/* Two others are a majority of the three there were, and of the two there are. */
	table = make_table(3);
	start_with(table, 1, 1, make_demotion(3));
	elapse(table, 1, 5000);
	CHECK_EQ(role(table, 1), CORE_FOLLOWER);
	CHECK(find_leader(table) > 1);
	free_table(table);
}

TEST(one_change_of_members_at_a_time)
{
	struct table *table = make_table(3);
	struct members next = *core_members(table->core[1]);
	CHECK_STATUS(members_put(&next, &(struct member){ .id = 4, .role = MEMBER_SPARE }), OK);
	CHECK_STATUS(step(table, 1, (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
		     UNAVAILABLE);
	elect(table, 1, ALL);
	CHECK_STATUS(step(table, 1, (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
		     CONFLICT); /* its first entry is not committed */
	settle(table, ALL);
	struct members two = *core_members(table->core[1]);
	two.at[0].role = two.at[1].role = MEMBER_STANDBY;
	CHECK_STATUS(step(table, 1, (struct core_event){ .kind = CORE_CHANGE, .change = &two }),
		     INVALID);
	CHECK_STATUS(step(table, 1, (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
		     OK);
	CHECK_STATUS(step(table, 1, (struct core_event){ .kind = CORE_CHANGE, .change = &next }),
		     CONFLICT);
	free_table(table);
}

TEST(two_leaders_of_one_term_are_refused)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	struct message message = { .kind = MESSAGE_APPEND, .term = core_term(table->core[1]) };
	struct text text = text_in(test_arena(), 1000);
	message_encode(&message, &text);
	CHECK_STATUS(
	    step(table, 1,
		 (struct core_event){ .kind = CORE_RECEIVE, .receive = { 2, text_str(&text) } }),
	    CORRUPT);
	CHECK_EQ(role(table, 1), CORE_LEADER);
	free_table(table);
}

TEST(an_append_of_an_old_term_is_answered_with_the_term_alone)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	for (uint64_t prev = 0; prev < 2; prev++) {
		struct message message = { .kind = MESSAGE_APPEND, .term = 1 }, answer;
		message.append.prev_index = message.append.prev_term = prev;
		struct text text = text_in(test_arena(), 1000);
		message_encode(&message, &text);
		CHECK_STATUS(step(table, 2,
				  (struct core_event){ .kind = CORE_RECEIVE,
						       .receive = { 3, text_str(&text) } }),
			     OK);
		CHECK_STATUS(
		    message_decode(table->sent.at[prev].bytes, test_arena(), &answer, NULL), OK);
		CHECK_EQ(answer.kind, MESSAGE_APPENDED);
		CHECK_EQ(answer.term, core_term(table->core[2]));
		CHECK_EQ(answer.appended.last, 0);
	}
	free_table(table);
}

TEST(what_contradicts_committed_entries_is_refused)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	settle(table, ALL);
	elapse(table, 1, 60);
	settle(table, ALL);
	uint64_t at = commit(table, 2);
	CHECK(at >= 2);
	struct entry *entry = entry_new(at, 99, ENTRY_COMMAND, STR("forged"));
	struct entry *const entries[] = { entry };
	struct message message = { .kind = MESSAGE_APPEND, .term = 99 };
	message.append.prev_index = at - 1;
	message.append.prev_term = window_term(core_window(table->core[2]), at - 1);
	message.append.count = 1;
	message.append.entries = entries;
	struct text text = text_in(test_arena(), 1000);
	message_encode(&message, &text);
	CHECK_STATUS(
	    step(table, 2,
		 (struct core_event){ .kind = CORE_RECEIVE, .receive = { 3, text_str(&text) } }),
	    CORRUPT);
	CHECK(!str_is(entry_payload(window_at(core_window(table->core[2]), at)), "forged"));
	entry_unref(entry);
	free_table(table);
}

static void refuse(struct table *table, uint64_t rejected, uint64_t last)
{
	struct message message = { .kind = MESSAGE_APPENDED, .term = core_term(table->core[1]) };
	message.appended.rejected = rejected;
	message.appended.last = last;
	struct text text = text_in(test_arena(), KIB);
	message_encode(&message, &text);
	CHECK_STATUS(
	    step(table, 1,
		 (struct core_event){ .kind = CORE_RECEIVE, .receive = { 2, text_str(&text) } }),
	    OK);
}

/* With all that it has written. */
static void restart(struct table *table, uint32_t node)
{
	struct entry *entries[16];
	uint32_t count = (uint32_t)core_last(table->core[node]);
	CHECK(count <= 16);
	for (uint32_t i = 0; i < count; i++)
		entries[i] = entry_ref(window_at(core_window(table->core[node]), i + 1));
	start(table, node, core_term(table->core[node]), entries, count);
	for (uint32_t i = 0; i < count; i++)
		entry_unref(entries[i]);
}

TEST(a_refusal_that_comes_late_does_not_stop_a_member_for_good)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	for (uint32_t i = 0; i < 4; i++) {
		CHECK_STATUS(submit(table, 1, STR("x")), OK);
		settle(table, ALL);
	}
	uint64_t match = core_match(table->core[1], 2);
	restart(table, 2);
	refuse(table, match + 1, match); /* an append was lost: it is looked where they differ */
	refuse(table, match, match - 2); /* and this is from the time before they were the same */
	vec_clear(&table->sent);
	CHECK_STATUS(submit(table, 1, STR("y")), OK);
	for (uint32_t i = 0; i < 5; i++) {
		elapse_all_around(table, 1, 51);
		settle(table, SET(1, 2));
	}
	CHECK_EQ(core_match(table->core[1], 2), match + 1);
	CHECK_EQ(commit(table, 1), match + 1);
	free_table(table);
}

TEST(an_append_below_the_window_is_moved_up_to_it)
{
	struct table *table = make_table(3);
	elect(table, 1, ALL);
	for (uint32_t i = 0; i < 20; i++)
		CHECK_STATUS(submit(table, 1, STR("x")), OK);
	settle(table, ALL);
	elapse(table, 1, 60);
	settle(table, ALL);
	CHECK_EQ(commit(table, 2), 22);
	CHECK_STATUS(step(table, 2, (struct core_event){ .kind = CORE_TRIMMED, .trimmed = 15 }), OK);
	struct message message = { .kind = MESSAGE_APPEND, .term = core_term(table->core[1]) };
	struct entry *entries[21];
	for (uint64_t i = 0; i < 21; i++)
		entries[i] = window_at(core_window(table->core[1]), 2 + i);
	message.append.prev_index = 1;
	message.append.prev_term = 1;
	message.append.commit = 22;
	for (uint32_t count = 0; count <= 21; count += 7) {
		message.append.count = count;
		message.append.entries = entries;
		struct text text = text_in(test_arena(), 100000);
		message_encode(&message, &text);
		table->sent.len = 0;
		CHECK_STATUS(step(table, 2,
				  (struct core_event){ .kind = CORE_RECEIVE,
						       .receive = { 1, text_str(&text) } }),
			     OK);
		struct message answer;
		CHECK_EQ(table->sent.len, 1);
		CHECK_STATUS(message_decode(table->sent.at[0].bytes, test_arena(), &answer, NULL),
			     OK);
		CHECK_EQ(answer.kind, MESSAGE_APPENDED);
		CHECK_EQ(answer.appended.rejected, 0);
		CHECK(answer.appended.last >= 15);
		CHECK_EQ(commit(table, 2), 22); /* and does not go back */
	}
	persist_all(table);
	free_table(table);
}
