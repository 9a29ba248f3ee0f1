#include "tests/unit/datastore/log/council.h"

#include <stdio.h>

#include "tests/lib/test.h"

static void take(struct council *council, uint32_t node)
{
	struct core_update *update = &council->update;
	for (uint32_t i = 0; i < update->messages.len; i++)
		vec_push(
		    &council->sent,
		    (struct council_sent){ node, (uint32_t)update->messages.at[i].to,
					   arena_str(test_arena(), update->messages.at[i].bytes) });
	for (uint32_t i = 0; i < update->entries.len; i++)
		vec_push(&council->unwritten[node], entry_ref(update->entries.at[i]));
	for (uint32_t i = 0; i < update->reads.len; i++)
		vec_push(&council->reads, update->reads.at[i]);
	council->is_removed |= update->is_removed;
	if (update->missing != 0)
		council->missing = update->missing;
	if (update->offer.from != 0)
		council->offered = update->offer.index;
	core_update_clear(update);
}

enum status council_step(struct council *council, uint32_t node, struct core_event event)
{
	event.now = council->now[node];
	council->why.text[0] = '\0';
	enum status status = core_step(council->core[node], &event, &council->update, &council->why);
	take(council, node);
	return status;
}

struct members council_voters(uint32_t len)
{
	struct members members = { .index = 1 };
	for (uint64_t id = 1; id <= len; id++)
		CHECK_STATUS(
		    members_put(&members, &(struct member){ .id = id, .role = MEMBER_VOTER }), OK);
	return members;
}

void council_start(struct council *council, uint32_t node, uint64_t term,
		   struct entry *const *entries, uint32_t count)
{
	core_free(council->core[node]);
	council->core[node] = core_new(&(struct core_config){
	    .id = node, .election_ms = 500, .heartbeat_ms = 50, .seed = node * 17 });
	struct core_event event = { .kind = CORE_START };
	event.start.term = term;
	event.start.entries = entries;
	event.start.count = count;
	CHECK_STATUS(council_step(council, node, event), OK);
}

struct entry *council_first(uint32_t len)
{
	struct members members = council_voters(len);
	struct text text = text_in(test_arena(), 10000);
	members_encode(&members, &text);
	return entry_new(1, 1, ENTRY_MEMBERS, text_str(&text));
}

struct council *council_new(uint32_t len)
{
	struct council *council = arena_new_of(test_arena(), struct council);
	core_update_init(&council->update, test_arena());
	council->len = len;
	struct entry *first = council_first(len);
	for (uint32_t i = 1; i <= len; i++) {
		council->now[i].ns = TIME_S;
		council_start(council, i, 1, &first, 1);
	}
	entry_unref(first);
	return council;
}

void council_free(struct council *council)
{
	for (uint32_t i = 1; i <= council->len; i++) {
		core_free(council->core[i]);
		for (uint32_t k = 0; k < council->unwritten[i].len; k++)
			entry_unref(council->unwritten[i].at[k]);
		vec_fini(&council->unwritten[i]);
	}
	core_update_fini(&council->update);
	vec_fini(&council->sent);
	vec_fini(&council->reads);
}

void council_persist(struct council *council, uint32_t node)
{
	while (council->unwritten[node].len > 0) {
		struct entry *last = council->unwritten[node].at[council->unwritten[node].len - 1];
		struct core_event event = { .kind = CORE_PERSISTED, .persisted = last };
		uint32_t count = council->unwritten[node].len;
		CHECK_STATUS(council_step(council, node, event), OK);
		for (uint32_t i = 0; i < count; i++) {
			entry_unref(council->unwritten[node].at[0]);
			vec_remove(&council->unwritten[node], 0);
		}
	}
}

void council_persist_all(struct council *council)
{
	for (uint32_t i = 1; i <= council->len; i++)
		council_persist(council, i);
}

bool council_deliver(struct council *council, uint32_t set)
{
	uint32_t count = council->sent.len;
	bool any = false;
	for (uint32_t i = 0; i < count; i++) {
		struct council_sent sent = council->sent.at[0];
		vec_remove(&council->sent, 0);
		if (!(set >> sent.from & 1) || !(set >> sent.to & 1))
			continue;
		struct core_event event = { .kind = CORE_RECEIVE,
					    .receive = { sent.from, sent.bytes } };
		if (council_step(council, sent.to, event) != OK)
			test_fail(__FILE__, __LINE__, "%u to %u: %s", sent.from, sent.to,
				  council->why.text);
		any = true;
	}
	return any;
}

void council_settle(struct council *council, uint32_t set)
{
	for (uint32_t i = 0; i < 50; i++) {
		bool any = council_deliver(council, set);
		for (uint32_t node = 1; node <= council->len; node++)
			if (set >> node & 1)
				council_persist(council, node);
		if (!any && council->sent.len == 0)
			return;
	}
}

static void tick(struct council *council, uint32_t node)
{
	CHECK_STATUS(council_step(council, node, (struct core_event){ .kind = CORE_TICK }), OK);
}

enum core_role council_role(const struct council *council, uint32_t node)
{
	return core_role(council->core[node]);
}

void council_elapse(struct council *council, uint32_t node, int64_t ms)
{
	struct mono *now = &council->now[node];
	int64_t end = now->ns + ms * TIME_MS;
	uint32_t sent = council->sent.len;
	while (now->ns < end &&
	       (council_role(council, node) != CORE_CANDIDATE || council->sent.len == sent)) {
		int64_t due = core_wake_at(council->core[node]).ns;
		now->ns += TIME_MS;
		if (due > now->ns)
			now->ns = due < end ? due : end;
		tick(council, node);
	}
	now->ns = end;
}

void council_stall(struct council *council, uint32_t node, int64_t ms)
{
	council->now[node].ns += ms * TIME_MS;
	tick(council, node);
}

void council_elapse_all(struct council *council, int64_t ms)
{
	for (uint32_t i = 1; i <= council->len; i++)
		council->now[i].ns += ms * TIME_MS;
}

void council_elapse_alone(struct council *council, uint32_t node, int64_t ms)
{
	int64_t begin = council->now[node].ns;
	council_elapse(council, node, ms);
	council->now[node].ns = begin;
	council_elapse_all(council, ms);
}

uint32_t council_set(const uint32_t *nodes)
{
	uint32_t set = 0;
	for (; *nodes != 0; nodes++)
		set |= 1U << *nodes;
	return set;
}

void council_elect(struct council *council, uint32_t node, uint32_t set)
{
	council_elapse_alone(council, node, 1001); /* whoever led is silent */
	for (uint32_t i = 0; i < 5 && council_role(council, node) != CORE_LEADER; i++)
		council_deliver(council, set);
	CHECK_EQ(council_role(council, node), CORE_LEADER);
}

enum status council_submit(struct council *council, uint32_t node, struct str payload)
{
	return council_step(council, node,
			    (struct core_event){ .kind = CORE_SUBMIT, .submit = payload });
}

uint64_t council_commit(const struct council *council, uint32_t node)
{
	return core_commit(council->core[node]);
}
