#include "datastore/log/replica.h"

#include "datastore/log/replica-private.h"

#define KEPT_ALONE_BYTES (256U * KIB) /* of the log in memory, where there is no follower */

/* ---- output ---- */

void replica_output_init(struct replica_output *out)
{
	*out = (struct replica_output){ .arena = arena_new(0) };
}

void replica_output_clear(struct replica_output *out)
{
	for (uint32_t i = 0; i < out->committed.len; i++)
		entry_unref(out->committed.at[i]);
	vec_clear(&out->committed);
	vec_clear(&out->messages);
	vec_clear(&out->reads);
	vec_clear(&out->snapshot_wanted);
	vec_clear(&out->dead);
	arena_reset(out->arena);
	out->log_job = out->background_job = NULL;
	out->offer = (struct core_offer){ 0 };
	out->state_changed = out->members_changed = out->is_removed = out->is_failed = false;
	out->missing = 0;
	out->step = (struct roles_step){ 0 };
	out->why = (struct fault){ .status = OK };
}

void replica_output_fini(struct replica_output *out)
{
	replica_output_clear(out);
	vec_fini(&out->committed);
	vec_fini(&out->messages);
	vec_fini(&out->reads);
	vec_fini(&out->snapshot_wanted);
	vec_fini(&out->dead);
	arena_free(out->arena);
	out->arena = NULL;
}

/* ---- what a step of the core leads to ---- */

static void hold_message(struct replica *replica, const struct core_message *message)
{
	if (replica->held.len == REPLICA_HELD) {
		mem_free(replica->held.at[0].at);
		vec_remove(&replica->held, 0);
	}
	vec_push(&replica->held,
		 (struct held_message){ .to = message->to,
					.at = mem_copy(message->bytes.at, message->bytes.len),
					.len = message->bytes.len,
					.meta_number = replica->meta_wanted });
}

void replica_release_messages(struct replica *replica, struct replica_output *out)
{
	uint32_t count = 0;
	while (count < replica->held.len &&
	       replica->held.at[count].meta_number <= replica->meta_durable) {
		struct held_message *held = &replica->held.at[count++];
		vec_push(&out->messages,
			 (struct replica_message){
			     .to = held->to,
			     .bytes = arena_str(out->arena, str_of(held->at, held->len)) });
		mem_free(held->at);
	}
	for (uint32_t i = 0; i < count; i++)
		vec_remove(&replica->held, 0);
}

static void take_messages(struct replica *replica, struct replica_output *out)
{
	const struct core_update *update = &replica->update;
	for (uint32_t i = 0; i < update->messages.len; i++) {
		const struct core_message *message = &update->messages.at[i];
		if (replica->held.len > 0 || replica->meta_durable < replica->meta_wanted)
			hold_message(replica, message);
		else
			vec_push(&out->messages,
				 (struct replica_message){ message->to, message->bytes });
	}
}

static void take_reads(struct replica *replica, struct replica_output *out)
{
	const struct core_update *update = &replica->update;
	for (uint32_t i = 0; i < update->reads.len; i++) {
		const struct core_read *read = &update->reads.at[i];
		if (read->status == OK)
			vec_push(&replica->reads, *read);
		else
			vec_push(&out->reads, (struct replica_read){ read->token, read->status });
	}
}

static uint64_t givable(const struct replica *replica)
{
	/* libraft lets the commit index run ahead of our own disk: after a crash the state would be ahead of the log. */
	uint64_t commit = core_commit(replica->core), persisted = core_persisted(replica->core);
	return commit < persisted ? commit : persisted;
}

static void give_committed(struct replica *replica, struct replica_output *out)
{
	uint64_t to = givable(replica);
	while (replica->given < to && out->committed.len < REPLICA_GIVEN) {
		struct entry *entry = window_at(core_window(replica->core), replica->given + 1);
		assert(entry);
		vec_push(&out->committed, entry_ref(entry));
		replica->given++;
	}
	uint32_t kept = 0;
	for (uint32_t i = 0; i < replica->reads.len; i++) {
		struct core_read read = replica->reads.at[i];
		if (read.index <= replica->given)
			vec_push(&out->reads, (struct replica_read){ read.token, OK });
		else
			replica->reads.at[kept++] = read;
	}
	replica->reads.len = kept;
}

static void take_update(struct replica *replica, struct replica_output *out)
{
	struct core_update *update = &replica->update;
	if (update->meta_changed)
		replica->meta_wanted++;
	for (uint32_t i = 0; i < update->entries.len; i++)
		vec_push(&replica->unwritten, entry_ref(update->entries.at[i]));
	take_messages(replica, out);
	take_reads(replica, out);
	for (uint32_t i = 0; i < update->snapshot_wanted.len; i++)
		vec_push(&out->snapshot_wanted, update->snapshot_wanted.at[i]);
	if (update->offer.from != 0 && !replica->config.is_witness)
		out->offer = update->offer;
	out->state_changed |= update->state_changed;
	out->members_changed |= update->members_changed;
	out->is_removed |= update->is_removed;
	if (update->missing != 0)
		out->missing = update->missing;
	if (replica->is_started && update->members_changed && !core_is_changing(replica->core))
		replica->manage_after = replica->now; /* the next step may follow at once */
}

/* What every call ends with. */
void replica_settle(struct replica *replica, struct mono now, struct replica_output *out)
{
	if (replica->is_failed) {
		out->is_failed = true;
		out->why = replica->why;
		return;
	}
	give_committed(replica, out);
	replica_begin_jobs(replica, now, out);
}

enum status replica_step(struct replica *replica, struct core_event *event, struct mono now,
			 struct replica_output *out, struct fault *why)
{
	if (replica->is_failed) /* nothing happened: whoever leads next may be asked */
		return fault_set(why, UNAVAILABLE, "", "the log failed");
	bool was_leader = replica->is_started && core_role(replica->core) == CORE_LEADER;
	if (was_leader)
		replica_excuse(replica, now);
	event->now = replica->now = now;
	replica->update.arena = out->arena;
	enum status status = core_step(replica->core, event, &replica->update, why);
	take_update(replica, out);
	replica->told_base = replica->update.base;
	core_update_clear(&replica->update);
	if (core_role(replica->core) == CORE_LEADER && !was_leader)
		replica_became_leader(replica, now);
	else if (core_role(replica->core) != CORE_LEADER && was_leader)
		transfers_clear(&replica->transfers);
	return status;
}

void replica_step_quietly(struct replica *replica, struct core_event *event, struct mono now,
			  struct replica_output *out)
{
	if (replica_step(replica, event, now, out, NULL) == CORRUPT)
		replica->refused++;
}

/* ---- what happens ---- */

void replica_start(struct replica *replica, struct mono now, struct replica_output *out)
{
	struct wal_found *found = &replica->found;
	struct members members = { 0 };
	struct core_event event = { .kind = CORE_START };
	assert(!replica->is_started);
	event.start.term = found->term;
	event.start.vote = found->vote;
	event.start.base_index = replica->base.index;
	event.start.base_term = replica->base.term;
	event.start.entries = found->entries.at;
	event.start.count = found->entries.len;
	event.start.committed = found->committed;
	if (replica->base.index > 0) {
		/* Looked at when it was opened. */
		enum status decoded = members_decode(replica->base.members,
						     replica->base.members_index, &members, NULL);
		assert(decoded == OK);
		(void)decoded;
		event.start.members = &members;
	}
	struct fault why;
	enum status status = replica_step(replica, &event, now, out, &why);
	replica->is_started = true;
	if (status != OK) {
		replica->is_failed = true;
		replica->why = why;
	}
	for (uint32_t i = 0; i < found->entries.len; i++)
		entry_unref(found->entries.at[i]);
	vec_fini(&found->entries);
	out->state_changed = out->members_changed = true;
	replica_settle(replica, now, out);
}

enum status replica_submit(struct replica *replica, struct str payload, struct mono now,
			   struct replica_output *out, uint64_t *index, uint64_t *term)
{
	if (replica->is_full)
		return FULL;
	struct core_event event = { .kind = CORE_SUBMIT, .submit = payload };
	TRY(replica_step(replica, &event, now, out, NULL));
	*index = core_last(replica->core);
	*term = core_term(replica->core);
	replica_note_sent(replica, now);
	replica_settle(replica, now, out);
	return OK;
}

/* A witness: what its log said before is committed, and of no use any more. */
static void begin_behind(struct replica *replica, struct core_base base, struct mono now,
			 struct replica_output *out)
{
	const struct replica_state state = { .index = base.index,
					     .term = base.term,
					     .members_index = base.members_index,
					     .members = base.members };
	enum status status = replica_install(replica, &state, now, out);
	if (status != OK)
		replica->refused++; /* it is there already */
}

void replica_receive(struct replica *replica, uint64_t from, struct str bytes, struct mono now,
		     struct replica_output *out)
{
	struct core_event event = { .kind = CORE_RECEIVE, .receive = { from, bytes } };
	replica_step_quietly(replica, &event, now, out);
	if (replica->told_base.index > 0)
		begin_behind(replica, replica->told_base, now, out);
	replica_heard(replica, from, now);
	replica_settle(replica, now, out);
}

void replica_was_asked(struct replica *replica)
{
	core_was_asked(replica->core);
}

void replica_tick(struct replica *replica, struct mono now, struct replica_output *out)
{
	struct core_event event = { .kind = CORE_TICK };
	replica_step_quietly(replica, &event, now, out);
	replica_manage(replica, now, out);
	replica_settle(replica, now, out);
}

struct mono replica_wake_at(const struct replica *replica)
{
	struct mono at = core_wake_at(replica->core);
	if (replica->given < givable(replica))
		return (struct mono){ 0 }; /* the rest of what can be given out */
	if (core_role(replica->core) == CORE_LEADER && replica->manage_after.ns < at.ns)
		at = replica->manage_after;
	return at;
}

void replica_peer_lost(struct replica *replica, uint64_t id, struct mono now,
		       struct replica_output *out)
{
	struct core_event event = { .kind = CORE_PEER_LOST, .peer_lost = id };
	replica_step_quietly(replica, &event, now, out);
	replica_missed(replica, id, now);
	replica_settle(replica, now, out);
}

enum status replica_read_index(struct replica *replica, uint64_t token, struct mono now,
			       struct replica_output *out)
{
	if (replica->reads.len >= LIMIT_PROPOSALS)
		return BUSY;
	struct core_event event = { .kind = CORE_READ, .read = token };
	TRY(replica_step(replica, &event, now, out, NULL));
	replica_settle(replica, now, out);
	return OK;
}

/* ---- the state and what the log stands on ---- */

void replica_keep_base(struct replica *replica, uint64_t index, uint64_t term,
		       uint64_t members_index, struct str members)
{
	char *kept = mem_copy(members.at, members.len);
	mem_free(replica->base_members);
	replica->base_members = kept;
	replica->base = (struct wal_base){ .index = index,
					   .term = term,
					   .members_index = members_index,
					   .members = { kept, members.len } };
}

/* The newest list at or before `index`, which is above the base. */
static void move_base(struct replica *replica, uint64_t index)
{
	const struct window *window = core_window(replica->core);
	uint64_t members_index = replica->base.members_index;
	struct str members = replica->base.members;
	for (uint64_t at = index; at > window->base_index; at--) {
		const struct entry *entry = window_at(window, at);
		if (entry->kind != ENTRY_MEMBERS)
			continue;
		members_index = at;
		members = entry_payload(entry);
		break;
	}
	replica_keep_base(replica, index, window_term(window, index), members_index, members);
	replica->base_pending = true;
}

/* Who is alone has nobody who was away; who comes gets the state as soon as a little has been written. */
static uint64_t kept_bytes(const struct replica *replica)
{
	bool is_alone = core_members(replica->core)->len <= 1;
	uint64_t bytes = replica->config.kept_bytes;
	return is_alone && bytes > KEPT_ALONE_BYTES ? KEPT_ALONE_BYTES : bytes;
}

/* How far the log may go, and has to: an eighth less than the limits, so that it does not for every entry. */
static uint64_t trim_point(struct replica *replica)
{
	const struct window *window = core_window(replica->core);
	uint64_t most_bytes = kept_bytes(replica);
	uint64_t allowed =
	    replica->state_index < replica->given ? replica->state_index : replica->given;
	if (window->len <= replica->config.kept_entries && window->bytes <= most_bytes)
		return 0;
	uint64_t pinned = transfers_pinned(&replica->transfers);
	if (pinned < allowed && window->bytes <= TRANSFER_PINNED_BYTES)
		allowed = pinned;
	uint64_t index = window->base_index, len = window->len, bytes = window->bytes;
	while (index < allowed &&
	       (len > replica->config.kept_entries / 8 * 7 || bytes > most_bytes / 8 * 7)) {
		bytes -= window_at(window, ++index)->len;
		len--;
	}
	return index;
}

void replica_state_durable(struct replica *replica, const struct replica_state *state,
			   struct mono now, struct replica_output *out)
{
	assert(state->index <= replica->given);
	if (state->index > replica->state_index)
		replica->state_index = state->index;
	uint64_t index = trim_point(replica);
	if (index > core_window(replica->core)->base_index && !replica->is_failed) {
		move_base(replica, index);
		struct core_event event = { .kind = CORE_TRIMMED, .trimmed = index };
		replica_step_quietly(replica, &event, now, out);
	}
	replica_settle(replica, now, out);
}

static void drop_unwritten(struct replica *replica)
{
	for (uint32_t i = 0; i < replica->unwritten.len; i++)
		entry_unref(replica->unwritten.at[i]);
	vec_clear(&replica->unwritten);
}

enum status replica_install(struct replica *replica, const struct replica_state *state,
			    struct mono now, struct replica_output *out)
{
	struct members members;
	if (core_role(replica->core) == CORE_LEADER || state->index <= replica->given)
		return CONFLICT;
	TRY(members_decode(state->members, state->members_index, &members, NULL));
	replica->state_index = state->index;
	replica->given = state->index;
	/* If our log has it, what follows in our log may count towards a majority: it stays. */
	if (window_term(core_window(replica->core), state->index) == state->term &&
	    state->index <= core_persisted(replica->core)) {
		replica_settle(replica, now, out);
		return OK;
	}
	drop_unwritten(replica);
	replica_keep_base(replica, state->index, state->term, state->members_index, state->members);
	replica->base_pending = replica->reset_pending = true;
	struct core_event event = { .kind = CORE_START };
	event.start.term = core_term(replica->core);
	event.start.vote = core_vote(replica->core);
	if (event.start.term < state->term) {
		event.start.term = state->term;
		event.start.vote = 0;
		replica->meta_wanted++;
	}
	/* The state of a member with data is on its disk and says where its log begins; of a witness the log alone does. */
	if (replica->config.is_witness)
		replica->meta_wanted++; /* what it answers from now on waits for that */
	event.start.base_index = state->index;
	event.start.base_term = state->term;
	event.start.members = &members;
	replica_step_quietly(replica, &event, now, out);
	replica_settle(replica, now, out);
	return OK;
}

/* ---- looking ---- */

uint64_t replica_id(const struct replica *replica)
{
	return replica->id;
}

const struct members *replica_members(const struct replica *replica)
{
	return core_members(replica->core);
}

void replica_status(const struct replica *replica, struct replica_status *out)
{
	const struct core *core = replica->core;
	const struct window *window = core_window(core);
	*out = (struct replica_status){ .role = core_role(core),
					.id = replica->id,
					.term = core_term(core),
					.leader = core_leader(core),
					.is_established = core_is_established(core),
					.is_changing = core_is_changing(core),
					.is_full = replica->is_full,
					.commit = core_commit(core),
					.persisted = core_persisted(core),
					.last = core_last(core),
					.last_term = window_term(window, core_last(core)),
					.given = replica->given,
					.log_first = window->base_index + 1,
					.log_bytes = window->bytes,
					.spares = replica->spare_count,
					.refused = replica->refused };
	replica_fill_status(replica, out);
}
