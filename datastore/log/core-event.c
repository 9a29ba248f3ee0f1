/*
 * What happens to a core, one function an event, and its beginning and end.
 */
#include "datastore/log/log-private.h"

#define IN_FLIGHT_MIN 4U
#define REACHED_HEARTBEATS 2U /* a member that answered within so many of them is within reach */
#define PATIENCE_WITHOUT_VOTE \
	10U /* election timeouts of silence until nobody leads, for who has no vote */
#define ROUND_DOUBLINGS 3U /* to the election timeout itself: a slow disk gets its time */

static void close_raft(struct core *core)
{
	if (core->is_open)
		raft_close(&core->raft, NULL);
	core->is_open = false;
}

static void open_raft(struct core *core)
{
	close_raft(core);
	memset(&core->raft, 0, sizeof core->raft);
	int rv = raft_init(&core->raft, NULL, NULL, core->config.id, "self");
	assert(rv == 0);
	(void)rv;
	core->is_open = true;
	core->raft.tracer = NULL;
	raft_seed(&core->raft, core->config.seed);
	raft_set_election_timeout(&core->raft, core->config.election_ms);
	raft_set_heartbeat_timeout(&core->raft, core->config.heartbeat_ms);
	raft_set_pre_vote(&core->raft, true);
	/* An offer is a few bytes, and libraft ignores refusals of one whose index we have trimmed past. */
	raft_set_install_snapshot_timeout(&core->raft, 2 * core->config.election_ms);
}

static enum status check_start(const struct core_event *event, struct fault *why)
{
	uint64_t term = event->start.base_term;
	for (uint32_t i = 0; i < event->start.count; i++) {
		const struct entry *entry = event->start.entries[i];
		struct members members;
		if (entry->index != event->start.base_index + 1 + i || entry->term < term ||
		    entry->term > event->start.term)
			return fault_set(why, INVALID, "", "entries do not follow each other");
		if (entry->kind == ENTRY_MEMBERS)
			TRY(members_decode(entry_payload(entry), entry->index, &members, why));
		term = entry->term;
	}
	if (event->start.base_index > 0)
		return event->start.members && event->start.members->len > 0
			   ? OK
			   : fault_set(why, INVALID, "", "a log without members");
	if (event->start.count > 0 && event->start.entries[0]->kind != ENTRY_MEMBERS)
		return fault_set(why, INVALID, "", "a log that does not begin with its members");
	return OK;
}

/* The list below the window is no entry of it any more; an entry of its own holds it. */
static void start_members(struct core *core, const struct core_event *event)
{
	core_adopt_members(core, NULL);
	core_commit_members(core, NULL);
	if (event->start.base_index == 0)
		return;
	struct text text = text_new(LIMIT_ENTRY_BYTES);
	members_encode(event->start.members, &text);
	uint64_t index = event->start.members->index;
	struct entry *entry = entry_new(index > 0 ? index : event->start.base_index,
					event->start.base_term, ENTRY_MEMBERS, text_str(&text));
	text_fini(&text);
	core_adopt_members(core, entry);
	core_commit_members(core, entry);
	entry_unref(entry);
}

static struct raft_entry *start_entries(struct core *core, const struct core_event *event)
{
	struct raft_entry *entries =
	    arena_array(core->update->arena, struct raft_entry, event->start.count + 1);
	for (uint32_t i = 0; i < event->start.count; i++) {
		struct entry *entry = event->start.entries[i];
		window_put(&core->window, entry_ref(entry));
		entries[i] = (struct raft_entry){ .term = entry->term,
						  .type = (enum raft_entry_type)entry->kind };
		if (entry->kind != ENTRY_MEMBERS)
			continue;
		/* Of two lists in a log the older is committed: one change at a time. */
		if (core->members_entry)
			core_commit_members(core, core->members_entry);
		core_adopt_members(core, entry);
		if (entry->index == 1)
			core_commit_members(core, entry);
		entries[i].buf = core_raft_members(&core->members);
	}
	return entries;
}

static enum status start(struct core *core, const struct core_event *event, struct fault *why)
{
	TRY(check_start(event, why));
	open_raft(core);
	core->now = event->now;
	core->excused = 0;
	window_reset(&core->window, event->start.base_index, event->start.base_term);
	start_members(core, event);
	core->commit = event->start.base_index;
	core->term = event->start.term;
	core->vote = event->start.vote;

	struct raft_event start = { .type = RAFT_START };
	struct raft_snapshot_metadata metadata = { .index = event->start.base_index,
						   .term = event->start.base_term };
	if (metadata.index > 0) {
		metadata.configuration = core_raft_configuration(&core->committed);
		metadata.configuration_index = core->committed.index;
		start.start.metadata = &metadata;
	}
	start.start.start_index = metadata.index + 1;
	start.start.entries = start_entries(core, event);
	start.start.n_entries = event->start.count;
	start.start.term = event->start.term;
	start.start.voted_for = event->start.vote;
	if (core_is_sole_voter(core)) {
		/* libraft would lead again in the old term: two leaders of one term, if another one led in it. */
		start.start.term++;
		start.start.voted_for = core->config.id;
	}
	enum status status = core_step_raft(core, &start, why);
	for (uint32_t i = 0; i < event->start.count; i++)
		raft_free(start.start.entries[i].buf.base);
	if (status != OK || event->start.committed <= core->commit)
		return status;
	assert(event->start.committed <= window_last(&core->window));
	core->raft.commit_index = event->start.committed;
	return core_commit_advance(core, why);
}

static enum status persisted(struct core *core, const struct entry *last, struct fault *why)
{
	/* The same entry, not one equal to it: an index that was replaced since must wait for its own write. */
	if (window_at(&core->window, last->index) != last || last->index <= core->raft.last_stored)
		return OK;
	struct raft_event event = { .type = RAFT_PERSISTED_ENTRIES };
	event.persisted_entries.index = last->index;
	return core_step_raft(core, &event, why);
}

static bool is_overdue(const struct core *core)
{
	return core_ms(core) >= raft_timeout(&core->raft);
}

/* What a follower has not written yet must not be voted on; libraft would wait for a whole new timeout. */
bool core_must_wait(const struct core *core)
{
	return core->raft.state == RAFT_FOLLOWER &&
	       core->raft.last_stored < window_last(&core->window);
}

/*
 * A round of an election that comes to nothing is followed by another one after a short time, of which half is chance, and by later
 * ones after longer: unlike a first one they disturb nobody, for nobody leads. The first question waits for the others' processors
 * only, the vote for two disks, so it gets twice as long.
 */
static void pace_election(struct core *core)
{
	if (core->raft.state != RAFT_CANDIDATE) {
		core->rounds = 0;
		return;
	}
	bool is_question = core->raft.candidate_state.in_pre_vote;
	if (core->rounds > 0 && core->round_began == core->raft.election_timer_start &&
	    core->round_is_question == is_question)
		return;
	core->rounds += is_question || core->rounds == 0;
	core->round_began = core->raft.election_timer_start;
	core->round_is_question = is_question;
	unsigned doublings = core->rounds - 1 + !is_question;
	unsigned shortest = core->config.election_ms / 8
			    << (doublings < ROUND_DOUBLINGS ? doublings : ROUND_DOUBLINGS);
	core->raft.candidate_state.randomized_election_timeout =
	    raft_random(&core->raft.random, shortest, 2 * shortest);
}

/* When the timer by which this member finds itself without a leader, or as leader without followers, is due. */
static raft_time patience_ends(const struct core *core)
{
	if (core->raft.state == RAFT_LEADER)
		return core->raft.election_timer_start + core->config.election_ms;
	return raft_timeout(&core->raft);
}

/*
 * Whoever comes to this late was away itself: the process was stopped, the machine had no time for it. What the others said meanwhile
 * may lie unread, so they are given one more heartbeat to be heard, once: a leader that is really gone costs no more than that.
 */
static void excuse(struct core *core)
{
	struct raft *raft = &core->raft;
	raft_time now = core_ms(core), ends = patience_ends(core);
	bool is_follower = raft->state == RAFT_FOLLOWER && core_leader(core) != 0;
	if ((!is_follower && raft->state != RAFT_LEADER) ||
	    now < ends + core->config.heartbeat_ms / 2 ||
	    core->excused == raft->election_timer_start)
		return;
	if (is_follower)
		raft->follower_state.randomized_election_timeout =
		    (unsigned)(now - raft->election_timer_start) + core->config.heartbeat_ms;
	else
		raft->election_timer_start =
		    now + core->config.heartbeat_ms - core->config.election_ms;
	core->excused = raft->election_timer_start;
}

/*
 * libraft takes a member for unreachable that has not answered since the last timeout of any member, and sends it one append in a
 * heartbeat from then on, until it gets something new. Heartbeats of two members fall into one moment only if both were
 * last sent something in one: else each one's timeout finds the other unreachable, and the first entry after a pause waits for
 * the next heartbeat. So what counts as recent is the last two heartbeats; a leader that hears no majority steps down that much later.
 */
static enum status lead_on(struct core *core, struct raft_event *timeout, struct fault *why)
{
	struct raft *raft = &core->raft;
	raft_time began = raft->election_timer_start;
	raft_time recent = core_ms(core) - REACHED_HEARTBEATS * core->config.heartbeat_ms;
	if (recent < began)
		raft->election_timer_start = recent;
	enum status status = core_step_raft(core, timeout, why);
	if (raft->state == RAFT_LEADER && raft->election_timer_start == recent)
		raft->election_timer_start = began;
	return status;
}

/* libraft lets those stand for election that are voters in their own list. */
static enum status stand(struct core *core, struct raft_event *timeout, struct fault *why)
{
	if (!core_is_outgoing_voter(core))
		return core_step_raft(core, timeout, why);
	int role = core_lend_vote(core);
	enum status status = core_step_raft(core, timeout, why);
	core_return_vote(core, role);
	return status;
}

/*
 * Whoever has no vote never finds itself without a leader: libraft has it wait for the next one. But what it says of who leads is asked for,
 * by reads and writes that it passes on and by who wants to know whether anybody leads.
 */
static void miss_leader(struct core *core)
{
	const struct member *self = members_find(&core->members, core->config.id);
	int64_t silent_ms = (core->now.ns - core->leader_heard.ns) / TIME_MS;
	if (core_leader(core) != 0 && self && self->role != MEMBER_VOTER &&
	    silent_ms >= (int64_t)PATIENCE_WITHOUT_VOTE * core->config.election_ms)
		core_forget_leader(core);
}

static enum status tick(struct core *core, struct fault *why)
{
	if (core->config.is_witness)
		return OK;
	miss_leader(core);
	excuse(core);
	if (!is_overdue(core) || core_must_wait(core))
		return OK;
	if (core->raft.state == RAFT_FOLLOWER && core_is_sole_voter(core)) {
		core->raft.current_term++; /* as in start() */
		core->raft.voted_for = core->config.id;
	}
	/* A candidate that won the first round and lost the second asks again before it raises its term again. */
	if (core->raft.state == RAFT_CANDIDATE && !core->raft.candidate_state.disrupt_leader)
		core->raft.candidate_state.in_pre_vote = true;
	struct raft_event event = { .type = RAFT_TIMEOUT };
	core->ticked_ms = core_ms(core);
	return core->raft.state == RAFT_LEADER ? lead_on(core, &event, why)
					       : stand(core, &event, why);
}

static enum status client_submit(struct core *core, struct str payload, struct fault *why)
{
	if (payload.len > LIMIT_ENTRY_BYTES)
		return fault_set(why, TOO_LARGE, "", "entry of %u bytes; the limit is %u",
				 payload.len, LIMIT_ENTRY_BYTES);
	if (core->raft.state != RAFT_LEADER)
		return fault_set(why, UNAVAILABLE, "", "not the leader");
	if (core_last(core) - core->commit >= CORE_UNCOMMITTED ||
	    core->window.bytes >= CORE_WINDOW_BYTES)
		return fault_set(why, BUSY, "", "too many entries under way");
	core_commit_submitted(
	    core); /* before it is sent: whether it may wait is a matter of how closely it follows */
	return core_submit(core, ENTRY_COMMAND, payload, why);
}

static enum status change(struct core *core, const struct members *next, struct fault *why)
{
	if (core->raft.state != RAFT_LEADER)
		return fault_set(why, UNAVAILABLE, "", "not the leader");
	/* Until an entry of its own term is committed a leader may not know the newest list (raft-dev, July 2015). */
	if (core_is_changing(core) || !core_is_established(core))
		return fault_set(why, CONFLICT, "", "another change of members is under way");
	if (!members_is_one_step(&core->members, next) || members_count(next, MEMBER_VOTER) == 0)
		return fault_set(why, INVALID, "", "changes the vote of more than one member");
	struct text text = text_in(core->update->arena, LIMIT_ENTRY_BYTES);
	members_encode(next, &text);
	return core_submit(core, ENTRY_MEMBERS, text_str(&text), why);
}

static enum status trimmed(struct core *core, uint64_t index, struct fault *why)
{
	if (index <= core->window.base_index)
		return OK;
	assert(index <= core->commit);
	core_gather_end(core); /* as long as it can be sent */
	struct raft_event event = { .type = RAFT_SNAPSHOT };
	event.snapshot.metadata.index = index;
	event.snapshot.metadata.term = window_term(&core->window, index);
	event.snapshot.metadata.configuration = core_raft_configuration(&core->committed);
	event.snapshot.metadata.configuration_index = core->committed.index;
	TRY(core_step_raft(core, &event, why));
	window_trim(&core->window, index);
	return OK;
}

static enum status transfer(struct core *core, uint64_t id, struct fault *why)
{
	if (members_is_witness(&core->members, id))
		return fault_set(why, INVALID, "", "a witness does not lead");
	struct raft_event event = { .type = RAFT_TRANSFER };
	event.transfer.server_id = id;
	return core_step_raft(core, &event, why);
}

/* Those who are left ask for votes in turn and not at the same moment, or the votes are split. */
static unsigned rank(const struct core *core, uint64_t lost)
{
	unsigned rank = 0;
	for (uint32_t i = 0; i < core->members.len; i++) {
		const struct member *member = &core->members.at[i];
		rank += member->role == MEMBER_VOTER && member->id != lost &&
			member->id < core->config.id;
	}
	return rank;
}

static void peer_lost(struct core *core, uint64_t id)
{
	const struct member *self = members_find(&core->members, core->config.id);
	if (core->raft.state != RAFT_FOLLOWER || core_leader(core) != id || !self ||
	    self->role != MEMBER_VOTER)
		return;
	core_forget_leader(core);
	unsigned turn = core->config.election_ms / 5;
	unsigned delay = core_patience_rank(core, rank(core, id)) * turn +
			 raft_random(&core->raft.random, turn / 10, turn / 4);
	core->raft.follower_state.randomized_election_timeout =
	    (unsigned)(core_ms(core) - core->raft.election_timer_start) + delay;
}

static enum status dispatch(struct core *core, const struct core_event *event, struct fault *why)
{
	switch (event->kind) {
	case CORE_START: return start(core, event, why);
	case CORE_RECEIVE:
		return core_receive(core, event->receive.from, event->receive.bytes, why);
	case CORE_PERSISTED:
		TRY(persisted(core, event->persisted, why));
		return tick(core, why); /* an election may have waited for the disk */
	case CORE_TICK: return tick(core, why);
	case CORE_SUBMIT: return client_submit(core, event->submit, why);
	case CORE_CHANGE: return change(core, event->change, why);
	case CORE_TRIMMED: return trimmed(core, event->trimmed, why);
	case CORE_TRANSFER: return transfer(core, event->transfer, why);
	case CORE_READ: return core_reads_ask(core, (struct core_asker){ 0, event->read });
	case CORE_PEER_LOST:
		core_witness_lost(core, event->peer_lost);
		core_patience_lost(core);
		peer_lost(core, event->peer_lost);
		return OK;
	}
	return INTERNAL;
}

/*
 * libraft gives the order to take over once, as soon as the successor has what it was last sent; if more was under way by then the successor
 * ignores it, and all wait for the handing over to fail. So it is repeated when the successor has everything, and when it may be lost.
 */
static void order_again(struct core *core)
{
	struct raft *raft = &core->raft;
	uint64_t last = window_last(&core->window), heir = raft_transferee(raft);
	bool is_ordered = raft->state == RAFT_LEADER && heir != 0 && raft->leader_state.transferring;
	if (!is_ordered) {
		core->ordered_index = 0;
		core->ordered_at.ns = 0;
		return;
	}
	bool has_all = core_match(core, heir) == last, is_first = core->ordered_at.ns == 0;
	bool is_late = core->now.ns - core->ordered_at.ns >= ORDER_AGAIN_MS * TIME_MS;
	bool is_due = has_all && (core->ordered_index != last || is_late);
	if (is_first || is_due)
		core->ordered_at = core->now;
	if (has_all)
		core->ordered_index = last;
	if (is_first || !is_due)
		return; /* it has just been given, by libraft or here, or nobody could follow it yet */
	struct message message = { .kind = MESSAGE_TIMEOUT, .term = core->term };
	message.timeout.last_index = last;
	message.timeout.last_term = window_term(&core->window, last);
	core_send(core, heir, &message);
}

/* About so many entries make CORE_IN_FLIGHT_BYTES. */
static void set_in_flight(struct core *core)
{
	uint64_t mean = core->window.len > 0 ? core->window.bytes / core->window.len + 1 : 1;
	uint64_t count = CORE_IN_FLIGHT_BYTES / mean;
	if (count > MESSAGE_ENTRIES)
		count = MESSAGE_ENTRIES;
	raft_set_max_inflight_entries(&core->raft,
				      count < IN_FLIGHT_MIN ? IN_FLIGHT_MIN : (unsigned)count);
}

static void tell_state(struct core *core)
{
	if (core->told_role == core_role(core) && core->told_leader == core_leader(core) &&
	    core->told_term == core->term)
		return;
	core->told_role = core_role(core);
	core->told_leader = core_leader(core);
	core->told_term = core->term;
	core->update->state_changed = true;
}

enum status core_step(struct core *core, const struct core_event *event, struct core_update *update,
		      struct fault *why)
{
	assert(core->is_open || event->kind == CORE_START);
	core->update = update;
	if (event->now.ns > core->now.ns)
		core->now = event->now;
	if (core->is_open)
		set_in_flight(core);
	enum status status = dispatch(core, event, why);
	if (core->is_open) {
		core_witness_settle(core);
		core_patience_settle(core);
		core_gather_settle(core);
		core_commit_tell(core);
		order_again(core);
		pace_election(core);
		core_reads_settle(core);
		tell_state(core);
	}
	core->update = NULL;
	return status;
}

struct core *core_new(const struct core_config *config)
{
	assert(config->id != 0 && config->heartbeat_ms > 0 &&
	       config->election_ms >= 3 * config->heartbeat_ms);
	struct core *core = mem_new(struct core);
	core->config = *config;
	/* An answer to a read of an earlier life must not fit one of this life. */
	core->reads.round = (uint64_t)config->seed << 32;
	return core;
}

void core_free(struct core *core)
{
	if (!core)
		return;
	close_raft(core);
	window_fini(&core->window);
	core_reads_fini(core);
	if (core->members_entry)
		entry_unref(core->members_entry);
	if (core->committed_entry)
		entry_unref(core->committed_entry);
	mem_free(core);
}
