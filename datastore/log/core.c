#include "datastore/log/core.h"

#include <stdio.h>

#include "datastore/log/log-private.h"

_Static_assert((int)ENTRY_COMMAND == RAFT_COMMAND && (int)ENTRY_NOTHING == RAFT_BARRIER &&
		   (int)ENTRY_MEMBERS == RAFT_CHANGE,
	       "kinds of entries are libraft's, so that nothing has to be translated");

#define CAPACITY_ALWAYS UINT16_MAX /* space is our own concern: wal.h */

/* ---- updates ---- */

void core_update_init(struct core_update *update, struct arena *arena)
{
	*update = (struct core_update){ .arena = arena };
}

void core_update_clear(struct core_update *update)
{
	for (uint32_t i = 0; i < update->entries.len; i++)
		entry_unref(update->entries.at[i]);
	vec_clear(&update->entries);
	vec_clear(&update->messages);
	vec_clear(&update->reads);
	vec_clear(&update->snapshot_wanted);
	update->offer = (struct core_offer){ 0 };
	update->base = (struct core_base){ 0 };
	update->meta_changed = update->commit_changed = update->state_changed = false;
	update->members_changed = update->is_removed = false;
	update->missing = 0;
}

void core_update_fini(struct core_update *update)
{
	core_update_clear(update);
	vec_fini(&update->entries);
	vec_fini(&update->messages);
	vec_fini(&update->reads);
	vec_fini(&update->snapshot_wanted);
}

/* ---- members ---- */

static int raft_role_of(enum member_role role)
{
	switch (role) {
	case MEMBER_VOTER: return RAFT_VOTER;
	case MEMBER_STANDBY: return RAFT_STANDBY;
	case MEMBER_SPARE: return RAFT_SPARE;
	}
	return RAFT_SPARE;
}

struct raft_configuration core_raft_configuration(const struct members *members)
{
	struct raft_configuration configuration;
	raft_configuration_init(&configuration);
	for (uint32_t i = 0; i < members->len; i++) {
		/* libraft wants an address that is unique; ours are in our own list. */
		char address[24];
		snprintf(address, sizeof address, "%llx", (unsigned long long)members->at[i].id);
		int rv = raft_configuration_add(&configuration, members->at[i].id, address,
						raft_role_of(members->at[i].role));
		assert(rv == 0);
		(void)rv;
	}
	return configuration;
}

struct raft_buffer core_raft_members(const struct members *members)
{
	struct raft_configuration configuration = core_raft_configuration(members);
	struct raft_buffer buffer;
	int rv = raft_configuration_encode(&configuration, &buffer);
	assert(rv == 0);
	(void)rv;
	raft_configuration_close(&configuration);
	return buffer;
}

static struct raft_server *own_server(struct core *core)
{
	for (unsigned i = 0; i < core->raft.configuration.n; i++)
		if (core->raft.configuration.servers[i].id == core->config.id)
			return &core->raft.configuration.servers[i];
	return NULL;
}

int core_lend_vote(struct core *core)
{
	struct raft_server *self = own_server(core);
	int role = self ? self->role : RAFT_SPARE;
	if (self)
		self->role = RAFT_VOTER;
	return role;
}

void core_return_vote(struct core *core, int role)
{
	struct raft_server *self = own_server(core);
	if (self)
		self->role = role;
}

static bool votes_by(const struct core *core, const struct members *members, bool by_default)
{
	const struct member *self = members_find(members, core->config.id);
	return self ? self->role == MEMBER_VOTER : by_default;
}

bool core_is_outgoing_voter(const struct core *core)
{
	return core_is_changing(core) && core->raft.state != RAFT_LEADER &&
	       votes_by(core, &core->committed, false) && !votes_by(core, &core->members, true) &&
	       members_count(&core->members, MEMBER_VOTER) % 2 == 1;
}

static void hold_members(struct members *members, struct entry **holder, struct entry *entry)
{
	struct entry *old = *holder;
	*holder = entry ? entry_ref(entry) : NULL;
	*members = (struct members){ 0 };
	if (entry) {
		/* Decoded before it was let in: message.c, replica.c. */
		enum status status =
		    members_decode(entry_payload(entry), entry->index, members, NULL);
		assert(status == OK);
		(void)status;
	}
	if (old)
		entry_unref(old);
}

void core_adopt_members(struct core *core, struct entry *entry)
{
	hold_members(&core->members, &core->members_entry, entry);
	core->update->members_changed = true;
}

void core_commit_members(struct core *core, struct entry *entry)
{
	hold_members(&core->committed, &core->committed_entry, entry);
	core->update->members_changed = true;
}

bool core_is_sole_voter(const struct core *core)
{
	const struct member *self = members_find(&core->members, core->config.id);
	return self && self->role == MEMBER_VOTER &&
	       members_count(&core->members, MEMBER_VOTER) == 1;
}

/* ---- messages out ---- */

void core_send(struct core *core, uint64_t to, const struct message *message)
{
	struct text text = text_in(core->update->arena, LIMIT_MESSAGE_BYTES);
	message_encode(message, &text);
	assert(!text.is_cut);
	vec_push(&core->update->messages,
		 (struct core_message){ .to = to, .bytes = text_str(&text) });
}

/* libraft counts entries, links count bytes: one of its messages leaves as several that follow each other. */
static void send_entries(struct core *core, uint64_t to, uint64_t prev, uint64_t prev_term,
			 uint64_t last)
{
	do {
		struct entry *entries[MESSAGE_ENTRIES];
		uint32_t count = 0, bytes = 0;
		while (prev + count < last && count < MESSAGE_ENTRIES) {
			struct entry *entry = window_at(&core->window, prev + 1 + count);
			assert(entry);
			if (count > 0 && bytes + entry->len > LIMIT_APPEND_BYTES)
				break;
			entries[count++] = entry;
			bytes += entry->len;
		}
		struct message message = { .kind = MESSAGE_APPEND, .term = core->raft.current_term };
		message.append.prev_index = prev;
		message.append.prev_term = prev_term;
		message.append.commit = core->raft.commit_index;
		message.append.count = count;
		message.append.entries = entries;
		core_send(core, to, &message);
		prev += count;
		core_commit_note(core, to,
				 prev < message.append.commit ? prev : message.append.commit);
		prev_term = window_term(&core->window, prev);
	} while (prev < last);
}

void core_send_entries(struct core *core, uint64_t to, uint64_t prev, uint64_t last)
{
	assert(prev >= core->window.base_index && prev < last);
	send_entries(core, to, prev, window_term(&core->window, prev), last);
}

static void send_append(struct core *core, uint64_t to, const struct raft_append_entries *args)
{
	uint64_t prev = args->prev_log_index, last = prev + args->n_entries;
	assert(args->term == core->raft.current_term);
	if (core_gather_keeps(core, to, &prev, last))
		return;
	if (prev < args->prev_log_index)
		core_send_entries(core, to, prev, last);
	else
		send_entries(core, to, prev, args->prev_log_term, last);
}

static void want_snapshot(struct core *core, uint64_t id)
{
	for (uint32_t i = 0; i < core->update->snapshot_wanted.len; i++)
		if (core->update->snapshot_wanted.at[i] == id)
			return;
	vec_push(&core->update->snapshot_wanted, id);
}

static void send_raft_message(struct core *core, const struct raft_message *from)
{
	struct message message = { 0 };
	bool is_log = from->type == RAFT_APPEND_ENTRIES || from->type == RAFT_INSTALL_SNAPSHOT;
	if (is_log && members_is_witness(&core->members, from->server_id)) {
		core_witness_beat(core, from->server_id);
		return;
	}
	switch (from->type) {
	case RAFT_APPEND_ENTRIES: send_append(core, from->server_id, &from->append_entries); return;
	case RAFT_APPEND_ENTRIES_RESULT:
		message.kind = MESSAGE_APPENDED;
		message.term = from->append_entries_result.term;
		message.appended.rejected = from->append_entries_result.rejected;
		message.appended.last = from->append_entries_result.last_log_index;
		if (core_patience_holds(core, from->server_id, &message))
			return;
		break;
	case RAFT_REQUEST_VOTE:
		message.kind = MESSAGE_VOTE;
		message.term = from->request_vote.term;
		message.vote.last_index = from->request_vote.last_log_index;
		message.vote.last_term = from->request_vote.last_log_term;
		message.vote.is_pre = from->request_vote.pre_vote;
		message.vote.is_ordered = from->request_vote.disrupt_leader;
		break;
	case RAFT_REQUEST_VOTE_RESULT:
		message.kind = MESSAGE_VOTED;
		message.term = from->request_vote_result.term;
		message.voted.is_granted = from->request_vote_result.vote_granted;
		message.voted.is_pre = from->request_vote_result.pre_vote;
		/*
		 * libraft gives back the term that was asked for, also if it was too old to be granted: who has the longest
		 * log and an old term would ask for that term for ever, and nobody else may win.
		 */
		if (!message.voted.is_granted && message.term < core->raft.current_term)
			message.term = core->raft.current_term;
		break;
	case RAFT_INSTALL_SNAPSHOT:
		want_snapshot(core, from->server_id);
		message.kind = MESSAGE_OFFER;
		message.term = from->install_snapshot.term;
		message.offer.index = core->window.base_index;
		message.offer.term = core->window.base_term;
		break;
	case RAFT_TIMEOUT_NOW:
		message.kind = MESSAGE_TIMEOUT;
		message.term = from->timeout_now.term;
		message.timeout.last_index = from->timeout_now.last_log_index;
		message.timeout.last_term = from->timeout_now.last_log_term;
		break;
	}
	core_send(core, from->server_id, &message);
}

/* ---- stepping libraft ---- */

raft_time core_ms(const struct core *core)
{
	return (raft_time)(core->now.ns / TIME_MS);
}

static void keep_entry(struct core *core, struct entry *entry)
{
	assert(entry->index > core->commit);
	/* Replacing an entry takes back a list of members that was at or behind it. */
	if (core->members.index >= entry->index)
		core_adopt_members(core, core->committed_entry);
	window_put(&core->window, entry_ref(entry));
	vec_push(&core->update->entries, entry_ref(entry));
	if (entry->kind == ENTRY_MEMBERS)
		core_adopt_members(core, entry);
}

static void absorb_entries(struct core *core, const struct raft_update *update)
{
	if (update->entries.batch == &core->raft.barrier) {
		struct entry *entry = entry_new(update->entries.index, core->raft.barrier.term,
						ENTRY_NOTHING, STR_NONE);
		raft_free(core->raft.barrier.buf.base);
		keep_entry(core, entry);
		entry_unref(entry);
		return;
	}
	for (uint32_t i = 0; i < core->given_count; i++)
		if (core->given[i]->index >= update->entries.index)
			keep_entry(core, core->given[i]);
	assert(window_last(&core->window) == update->entries.index + update->entries.n - 1);
}

static enum status translate(struct core *core, int rv, struct fault *why)
{
	const char *text = raft_errmsg(&core->raft);
	switch (rv) {
	case 0: return OK;
	case RAFT_NOTLEADER: return fault_set(why, UNAVAILABLE, "", "not the leader");
	case RAFT_CANTCHANGE:
		return fault_set(why, CONFLICT, "", "another change of members is under way");
	case RAFT_BADID:
	case RAFT_NOTFOUND: return fault_set(why, INVALID, "", "no such other voter");
	case RAFT_SHUTDOWN:
		return fault_set(why, CORRUPT, "", "a leader contradicts what is committed");
	case RAFT_MALFORMED: return fault_set(why, CORRUPT, "", "malformed entry");
	default: return fault_set(why, INTERNAL, "", "libraft: %s (%d)", text, rv);
	}
}

static enum status step_once(struct core *core, struct raft_event *event, struct fault *why)
{
	event->time = core_ms(core);
	event->capacity = CAPACITY_ALWAYS;
	struct raft_update update = { 0 };
	int rv = raft_step(&core->raft, event, &update);
	/* A higher term counts even if the rest of the step was refused. */
	if (core->term != core->raft.current_term || core->vote != core->raft.voted_for) {
		core->term = core->raft.current_term;
		core->vote = core->raft.voted_for;
		core->update->meta_changed = true;
	}
	if (rv != 0)
		return translate(core, rv, why);
	assert(!(update.flags & (RAFT_UPDATE_SNAPSHOT)));
	if (update.flags & (RAFT_UPDATE_ENTRIES))
		absorb_entries(core, &update);
	if (update.flags & (RAFT_UPDATE_MESSAGES))
		for (unsigned i = 0; i < update.messages.n; i++)
			send_raft_message(core, &update.messages.batch[i]);
	return OK;
}

/*
 * libraft must be told of each configuration entry that commits; it may step down then. After a start it is told of old ones, too, while
 * the log itself says that a later one is committed, since yet another follows it: that is not forgotten.
 */
static enum status commit_members(struct core *core, struct entry *entry, struct fault *why)
{
	struct entry *later =
	    core->committed.index > entry->index ? entry_ref(core->committed_entry) : NULL;
	core_commit_members(core, entry);
	struct raft_event event = { .type = RAFT_CONFIGURATION };
	event.configuration.index = core->commit;
	event.configuration.conf = core_raft_configuration(&core->committed);
	enum status status = step_once(core, &event, why);
	if (later) {
		core_commit_members(core, later);
		entry_unref(later);
	}
	return status;
}

enum status core_commit_advance(struct core *core, struct fault *why)
{
	/* An append that begins below what is committed makes libraft go back. */
	if (core->raft.commit_index < core->commit)
		core->raft.commit_index = core->commit;
	while (core->commit < core->raft.commit_index) {
		struct entry *entry = window_at(&core->window, ++core->commit);
		core->update->commit_changed = true;
		if (!entry || entry->kind != ENTRY_MEMBERS)
			continue;
		TRY(commit_members(core, entry, why));
	}
	return OK;
}

static enum status submit_entry(struct core *core, struct entry *entry, struct fault *why)
{
	struct members members;
	struct raft_buffer buffer = { 0 };
	if (entry->kind == ENTRY_MEMBERS) {
		TRY(members_decode(entry_payload(entry), entry->index, &members, why));
		buffer = core_raft_members(&members);
	}
	struct raft_entry given = { .term = entry->term,
				    .type = (enum raft_entry_type)entry->kind,
				    .buf = buffer,
				    .batch = core };
	struct raft_event event = { .type = RAFT_SUBMIT };
	event.submit.entries = &given;
	event.submit.n = 1;
	core->given = (struct entry *const[]){ entry };
	core->given_count = 1;
	enum status status = step_once(core, &event, why);
	core->given_count = 0;
	raft_free(buffer.base);
	return status;
}

enum status core_submit(struct core *core, enum entry_kind kind, struct str payload,
			struct fault *why)
{
	struct entry *entry =
	    entry_new(window_last(&core->window) + 1, core->raft.current_term, kind, payload);
	enum status status = submit_entry(core, entry, why);
	entry_unref(entry);
	return status == OK ? core_commit_advance(core, why) : status;
}

enum status core_step_raft(struct core *core, struct raft_event *event, struct fault *why)
{
	bool was_leader = core->raft.state == RAFT_LEADER;
	TRY(step_once(core, event, why));
	TRY(core_commit_advance(core, why));
	/* libraft leaves it out when nothing older waits to be committed; reads and fencing by term want it. */
	if (!was_leader && core->raft.state == RAFT_LEADER &&
	    window_term(&core->window, window_last(&core->window)) != core->raft.current_term)
		return core_submit(core, ENTRY_NOTHING, STR_NONE, why);
	return OK;
}

void core_forget_leader(struct core *core)
{
	if (core->raft.state != RAFT_FOLLOWER)
		return;
	raft_free(core->raft.follower_state.current_leader.address);
	core->raft.follower_state.current_leader.address = NULL;
	core->raft.follower_state.current_leader.id = 0;
}

/* ---- looking ---- */

enum core_role core_role(const struct core *core)
{
	switch (core->raft.state) {
	case RAFT_LEADER: return CORE_LEADER;
	case RAFT_CANDIDATE: return CORE_CANDIDATE;
	default: return CORE_FOLLOWER;
	}
}

uint64_t core_term(const struct core *core)
{
	return core->term;
}

uint64_t core_vote(const struct core *core)
{
	return core->vote;
}

uint64_t core_leader(const struct core *core)
{
	if (core->raft.state == RAFT_LEADER)
		return core->config.id;
	return core->raft.state == RAFT_FOLLOWER ? core->raft.follower_state.current_leader.id : 0;
}

uint64_t core_commit(const struct core *core)
{
	return core->commit;
}

uint64_t core_persisted(const struct core *core)
{
	return core->raft.last_stored;
}

uint64_t core_last(const struct core *core)
{
	return window_last(&core->window);
}

uint64_t core_transferee(const struct core *core)
{
	return core->is_open ? raft_transferee(&core->raft) : 0;
}

uint64_t core_match(const struct core *core, uint64_t id)
{
	raft_index index;
	return raft_match_index(&core->raft, id, &index) == 0 ? index : 0;
}

const struct window *core_window(const struct core *core)
{
	return &core->window;
}

const struct members *core_members(const struct core *core)
{
	return &core->members;
}

const struct members *core_members_committed(const struct core *core)
{
	return &core->committed;
}

bool core_is_changing(const struct core *core)
{
	return core->members.index != core->committed.index;
}

bool core_is_established(const struct core *core)
{
	return core->raft.state == RAFT_LEADER &&
	       window_term(&core->window, core->commit) == core->term;
}

struct mono core_wake_at(const struct core *core)
{
	int64_t ms = (int64_t)raft_timeout(&core->raft);
	int64_t now_ms = (int64_t)core_ms(core);
	/* It waits to be asked. */
	if (core->config.is_witness)
		return (struct mono){ INT64_MAX };
	/* Nobody to send to, to hear from or to be deposed by: an idle cluster of one is not woken at all. */
	if (core->raft.state == RAFT_LEADER && core->members.len == 1 && core_is_established(core) &&
	    !core_is_changing(core) && !core_must_wait(core) && core->reads.asked.len == 0)
		return (struct mono){ INT64_MAX };
	/* A leader of libraft's waits for ever for a member that it has sent something before it became a spare. */
	if (core->raft.state == RAFT_LEADER && ms <= (int64_t)core->ticked_ms)
		ms = (int64_t)core->ticked_ms + core->config.heartbeat_ms / 2;
	if (core_must_wait(core) && ms <= now_ms)
		ms = now_ms + core->config.heartbeat_ms; /* CORE_PERSISTED comes first, usually */
	int64_t tell_ms = (core->pace.tell_at.ns + TIME_MS - 1) / TIME_MS;
	if (tell_ms != 0 && ms > tell_ms)
		ms = tell_ms;
	struct mono patience_ends = core_patience_ends(core);
	if (patience_ends.ns < ms * TIME_MS)
		ms = (patience_ends.ns + TIME_MS - 1) / TIME_MS;
	struct mono gather_ends = core_gather_ends(core);
	if (gather_ends.ns < ms * TIME_MS)
		ms = (gather_ends.ns + TIME_MS - 1) / TIME_MS;
	if (core->ordered_at.ns != 0 && ms > now_ms + ORDER_AGAIN_MS)
		ms = now_ms + ORDER_AGAIN_MS;
	if (core->reads.asked.len > 0 && ms > now_ms + core->config.heartbeat_ms)
		ms = now_ms + core->config.heartbeat_ms;
	return (struct mono){ ms * TIME_MS };
}
