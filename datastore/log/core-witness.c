/*
 * Witnesses: voters that keep the term and index of each entry and nothing of what is in it, and never lead.
 *
 * For what is agreed upon a witness is a voter like any other: an entry is committed when a majority has acknowledged it, whoever is elected
 * has a log that is not behind the witness's, and so nothing is lost. But two nodes and a witness must also go on when either node fails,
 * and if the witness had acknowledged an entry that only the failed one holds, it would have to deny its vote to the other. So a
 * leader tells a witness of an entry only when
 *     - a majority of all voters holds it (of two nodes and a witness: both nodes), or
 *     - all voters with data do that keep up, itself among them: one whose link broke, that has been silent or has acknowledged
 *       nothing new for an election timeout does not, until it has caught up with what the witness knows.
 * So while both nodes are well, both acknowledge each write, and the witness follows; when one fails the witness takes its
 * place at once, and what may be lost is nothing until the node is back and has caught up.
 *
 * libraft counts a witness's votes and acknowledgements but does not know what it may be sent: what it would send is taken
 * for a reminder, and the way through the log is kept here. A witness that is far behind is told where to go on: all before that
 * is committed, and it would forget it anyway.
 */
#include "datastore/log/log-private.h"
#include "datastore/log/role/roles.h"

#define FAR_BEHIND (4U * MESSAGE_ENTRIES)
#define NEARLY_THERE \
	ROLES_WITNESS_LAG_ENTRIES /* who has caught up so far is waited for, or it never would under load */

struct core_peer *core_peer_of(struct core *core, uint64_t id)
{
	for (uint32_t i = 0; i < core->peer_count; i++)
		if (core->peers[i].id == id)
			return &core->peers[i];
	if (core->peer_count == LIMIT_MEMBERS) /* of members that are gone; begins anew */
		core->peer_count = 0;
	struct core_peer *peer = &core->peers[core->peer_count++];
	*peer = (struct core_peer){ .id = id, .heard = core->now, .moved = core->now };
	return peer;
}

void core_witness_heard(struct core *core, uint64_t from)
{
	struct core_peer *peer = core_peer_of(core, from);
	peer->is_lost = false;
	peer->heard = core->now;
}

void core_witness_lost(struct core *core, uint64_t id)
{
	core_peer_of(core, id)->is_lost = true;
}

/* ---- what a witness may know of ---- */

static bool has_witness(const struct core *core)
{
	for (uint32_t i = 0; i < core->members.len; i++)
		if (core->members.at[i].is_witness && core->members.at[i].role != MEMBER_SPARE)
			return true;
	return false;
}

/* How far it is by its own disk. */
static uint64_t held_by(const struct core *core, uint64_t id)
{
	return id == core->config.id ? core->raft.last_stored : core_match(core, id);
}

static bool keeps_up(struct core *core, uint64_t id)
{
	if (id == core->config.id)
		return true;
	struct core_peer *peer = core_peer_of(core, id);
	uint64_t match = core_match(core, id);
	int64_t patience_ns = core->config.election_ms * TIME_MS;
	if (match > peer->match || match == window_last(&core->window))
		peer->moved = core->now;
	peer->match = match;
	return !peer->is_lost && match + NEARLY_THERE >= core->witness_limit &&
	       core->now.ns - peer->heard.ns < patience_ns &&
	       core->now.ns - peer->moved.ns < patience_ns;
}

/* The `need`th highest of what they hold. */
static uint64_t held_by_so_many(const uint64_t *held, uint32_t count, uint32_t need)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t as_far = 0, further = 0;
		for (uint32_t k = 0; k < count; k++) {
			as_far += held[k] >= held[i];
			further += held[k] > held[i];
		}
		if (as_far >= need && further < need)
			return held[i];
	}
	return 0;
}

static void raise_limit(struct core *core)
{
	uint64_t held[LIMIT_MEMBERS];
	uint32_t count = 0, voters = 0;
	for (uint32_t i = 0; i < core->members.len; i++) {
		const struct member *member = &core->members.at[i];
		if (member->role != MEMBER_VOTER)
			continue;
		voters++;
		if (!member->is_witness && keeps_up(core, member->id))
			held[count++] = held_by(core, member->id);
	}
	uint32_t majority = voters / 2 + 1, need = count < majority ? count : majority;
	uint64_t limit = need > 0 ? held_by_so_many(held, count, need) : 0;
	/* What is committed it may know in any case: no successor is without it. */
	if (limit < core->commit)
		limit = core->commit;
	if (limit > core->witness_limit)
		core->witness_limit = limit;
}

/* ---- what it is told ---- */

static void send_base(struct core *core, struct core_peer *witness)
{
	uint64_t index = core->commit < core->witness_limit ? core->commit : core->witness_limit;
	uint64_t term = window_term(&core->window, index);
	if (term == 0 || index < core->committed.index || !core->committed_entry)
		return;
	struct message message = { .kind = MESSAGE_BASE, .term = core->term };
	message.base.index = index;
	message.base.term = term;
	message.base.members_index = core->committed.index;
	message.base.members = entry_payload(core->committed_entry);
	core_send(core, witness->id, &message);
	witness->next = index + 1;
}

/* Its members are all that a witness needs to have of a log. */
static struct entry *stripped(struct entry *entry)
{
	if (entry->kind == ENTRY_MEMBERS)
		return entry_ref(entry);
	return entry_new(entry->index, entry->term, entry->kind, STR_NONE);
}

static void send_append(struct core *core, struct core_peer *witness)
{
	struct entry *entries[MESSAGE_ENTRIES];
	uint64_t prev = witness->next - 1;
	uint32_t count = 0, bytes = 0;
	while (prev + count < core->witness_limit && count < MESSAGE_ENTRIES &&
	       bytes < LIMIT_APPEND_BYTES) {
		entries[count] = stripped(window_at(&core->window, prev + 1 + count));
		bytes += entries[count++]->len;
	}
	struct message message = { .kind = MESSAGE_APPEND, .term = core->term };
	message.append.prev_index = prev;
	message.append.prev_term = window_term(&core->window, prev);
	message.append.commit = core->commit < prev + count ? core->commit : prev + count;
	message.append.count = count;
	message.append.entries = entries;
	core_send(core, witness->id, &message);
	core_commit_note(core, witness->id, message.append.commit);
	for (uint32_t i = 0; i < count; i++)
		entry_unref(entries[i]);
	witness->next += count;
}

static void begin_term(struct core *core)
{
	core->witness_term = core->term;
	core->witness_limit = core->commit;
	for (uint32_t i = 0; i < core->peer_count; i++) {
		struct core_peer *peer = &core->peers[i];
		peer->next = peer->match = 0;
		peer->sent.ns = 0;
		peer->heard = peer->moved = core->now;
	}
}

static void send(struct core *core, struct core_peer *witness)
{
	if (core->witness_term != core->term)
		begin_term(core);
	if (witness->next == 0)
		witness->next = window_last(&core->window) + 1;
	if (witness->next > core->witness_limit + 1)
		witness->next = core->witness_limit + 1;
	uint64_t prev = witness->next - 1;
	witness->sent = core->now;
	if (prev < core->window.base_index || prev + FAR_BEHIND < core->commit)
		send_base(core, witness);
	if (witness->next > core->window.base_index)
		send_append(core, witness);
}

void core_witness_beat(struct core *core, uint64_t id)
{
	struct core_peer *witness = core_peer_of(core, id);
	/* Whenever anything moves libraft has something to say; what is new is said after the step. */
	if (core->now.ns - witness->sent.ns >= core->config.heartbeat_ms / 2 * TIME_MS)
		send(core, witness);
}

void core_witness_settle(struct core *core)
{
	if (core->raft.state != RAFT_LEADER || !has_witness(core))
		return;
	if (core->witness_term != core->term)
		begin_term(core);
	uint64_t before = core->witness_limit;
	raise_limit(core);
	for (uint32_t i = 0; i < core->members.len && core->witness_limit > before; i++) {
		const struct member *member = &core->members.at[i];
		struct core_peer *peer = core_peer_of(core, member->id);
		if (member->is_witness && member->role != MEMBER_SPARE &&
		    peer->next <= core->witness_limit)
			send(core, peer);
	}
}

void core_witness_answered(struct core *core, uint64_t from, const struct message *message)
{
	if (!members_is_witness(&core->members, from) || message->term != core->term ||
	    core->witness_term != core->term)
		return;
	struct core_peer *witness = core_peer_of(core, from);
	uint64_t rejected = message->appended.rejected, next = message->appended.last + 1;
	if (rejected == 0 && witness->next < next)
		witness->next = next;
	/* Not an old one: what it has acknowledged it has. */
	if (rejected == 0 || rejected <= core_match(core, from))
		return;
	witness->next = next < rejected ? next : rejected;
	send(core, witness);
}

/* ---- at the witness ---- */

void core_witness_base(struct core *core, uint64_t from, const struct message *message)
{
	if (!core->config.is_witness || message->term != core->raft.current_term ||
	    core_leader(core) != from || message->base.index <= core->commit)
		return;
	core->update->base =
	    (struct core_base){ .index = message->base.index,
				.term = message->base.term,
				.members_index = message->base.members_index,
				.members = arena_str(core->update->arena, message->base.members) };
}
