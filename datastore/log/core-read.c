/*
 * Read index: what a linearizable read must wait for (Raft dissertation 6.4).
 *
 * A leader remembers its commit index, asks every voter whether its term still holds, and lets the reads go when a
 * majority said so: nobody else can have led, and acknowledged anything, before the round began. Reads that come
 * meanwhile wait for the next round, so their number costs nothing. A follower has its leader do this for it,
 * in rounds of its own. One round at a time; lost messages are repeated each heartbeat.
 */
#include "datastore/log/log-private.h"

#define MINE(asker) ((asker).from == 0)

void core_reads_fini(struct core *core)
{
	vec_fini(&core->reads.waiting);
	vec_fini(&core->reads.asked);
}

enum status core_reads_ask(struct core *core, struct core_asker asker)
{
	if (core->reads.waiting.len + core->reads.asked.len >= LIMIT_PROPOSALS)
		return BUSY;
	if (!MINE(asker))
		core_was_asked(core);
	vec_push(&core->reads.waiting, asker);
	return OK;
}

static void answer(struct core *core, struct core_asker asker, uint64_t index)
{
	if (MINE(asker)) {
		vec_push(&core->update->reads,
			 (struct core_read){ .token = asker.token,
					     .status = index > 0 ? OK : UNAVAILABLE,
					     .index = index });
		return;
	}
	struct message message = { .kind = MESSAGE_READABLE, .term = core->term };
	message.read.round = asker.token;
	message.read.index = index;
	core_send(core, asker.from, &message);
}

static void finish_round(struct core *core, uint64_t index)
{
	for (uint32_t i = 0; i < core->reads.asked.len; i++)
		answer(core, core->reads.asked.at[i], index);
	vec_clear(&core->reads.asked);
}

static void fail_all(struct core *core)
{
	finish_round(core, 0);
	for (uint32_t i = 0; i < core->reads.waiting.len; i++)
		answer(core, core->reads.waiting.at[i], 0);
	vec_clear(&core->reads.waiting);
}

/* ---- the leader's rounds ---- */

static bool has_confirmed(const struct core_reads *reads, uint64_t id)
{
	for (uint32_t i = 0; i < reads->confirmed_count; i++)
		if (reads->confirmed[i] == id)
			return true;
	return false;
}

static bool is_majority(const struct core *core)
{
	uint32_t voters = 0, confirmed = 0;
	for (uint32_t i = 0; i < core->members.len; i++) {
		const struct member *member = &core->members.at[i];
		if (member->role != MEMBER_VOTER)
			continue;
		voters++;
		confirmed +=
		    member->id == core->config.id || has_confirmed(&core->reads, member->id);
	}
	return confirmed > voters / 2;
}

static void send_confirm(struct core *core)
{
	struct message message = { .kind = MESSAGE_CONFIRM, .term = core->term };
	message.read.round = core->reads.round;
	for (uint32_t i = 0; i < core->members.len; i++) {
		const struct member *member = &core->members.at[i];
		if (member->role == MEMBER_VOTER && member->id != core->config.id &&
		    !has_confirmed(&core->reads, member->id))
			core_send(core, member->id, &message);
	}
	core->reads.sent = core->now;
}

static void send_read(struct core *core)
{
	struct message message = { .kind = MESSAGE_READ, .term = core->term };
	message.read.round = core->reads.round;
	core_send(core, core_leader(core), &message);
	core->reads.sent = core->now;
}

void core_reads_confirm(struct core *core, uint64_t from, const struct message *message)
{
	/*
	 * Said by a voter whose term is not higher: it has not helped to elect a later leader, so if a majority says
	 * this, there is none. The answer carries the term asked about, or ours to show that it is over.
	 */
	struct message out = { .kind = MESSAGE_CONFIRMED, .term = message->term };
	if (core->term > message->term)
		out.term = core->term;
	out.read.round = message->read.round;
	core_send(core, from, &out);
}

void core_reads_confirmed(struct core *core, uint64_t from, const struct message *message)
{
	struct core_reads *reads = &core->reads;
	if (core->raft.state != RAFT_LEADER || message->term != core->term ||
	    message->read.round != reads->round || has_confirmed(reads, from) ||
	    reads->confirmed_count == LIMIT_MEMBERS || !members_find(&core->members, from))
		return;
	reads->confirmed[reads->confirmed_count++] = from;
}

void core_reads_readable(struct core *core, uint64_t from, const struct message *message)
{
	if (core->raft.state != RAFT_FOLLOWER || core_leader(core) != from ||
	    message->term != core->term || message->read.round != core->reads.round)
		return;
	finish_round(core, message->read.index);
}

/* ---- after each step ---- */

static void begin_round(struct core *core)
{
	struct core_reads *reads = &core->reads;
	VEC(struct core_asker) empty = { reads->asked.at, 0, reads->asked.cap };
	memcpy(&reads->asked, &reads->waiting, sizeof reads->asked);
	memcpy(&reads->waiting, &empty, sizeof reads->waiting);
	reads->round++;
	reads->confirmed_count = 0;
	reads->index = core->commit;
}

static void settle_leader(struct core *core)
{
	struct core_reads *reads = &core->reads;
	/* Until an entry of its own term is committed a leader does not know how far its predecessors got. */
	if (!core_is_established(core))
		return;
	for (;;) {
		if (reads->asked.len > 0 && !is_majority(core))
			return;
		finish_round(core, reads->index);
		if (reads->waiting.len == 0)
			return;
		begin_round(core);
		send_confirm(core);
	}
}

static bool is_stale(const struct core *core)
{
	return core->now.ns - core->reads.sent.ns >= core->config.heartbeat_ms * TIME_MS;
}

void core_reads_settle(struct core *core)
{
	struct core_reads *reads = &core->reads;
	/* Whoever was asked in another term, or as another leader, will not answer. */
	if (core->told_role != core_role(core) || core->told_leader != core_leader(core) ||
	    core->told_term != core->term || core_leader(core) == 0)
		fail_all(core);
	if (core->raft.state == RAFT_LEADER) {
		settle_leader(core);
		if (reads->asked.len > 0 && is_stale(core))
			send_confirm(core);
		return;
	}
	if (reads->asked.len == 0 && reads->waiting.len > 0) {
		begin_round(core);
		send_read(core);
	} else if (reads->asked.len > 0 && is_stale(core)) {
		send_read(core);
	}
}
