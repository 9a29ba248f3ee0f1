/*
 * What a core does with a message. libraft's own checks are assertions that its packages compile out, so
 * everything that it takes for granted is made sure of here before it sees a message.
 */
#include "datastore/log/log-private.h"

static enum status refuse(struct fault *why, const char *what)
{
	return fault_set(why, CORRUPT, "", "message of a member: %s", what);
}

static enum status step_message(struct core *core, struct raft_message *message, struct fault *why)
{
	struct raft_event event = { .type = RAFT_RECEIVE };
	event.receive.message = message;
	return core_step_raft(core, &event, why);
}

static struct raft_message raft_message_from(uint64_t from, char address[24])
{
	/* libraft compares addresses to notice another leader: the id in words will do. */
	char *at = address;
	for (int shift = 60; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[(from >> shift) & 15];
	*at = '\0';
	return (struct raft_message){ .server_id = from, .server_address = address };
}

/* ---- append ---- */

/*
 * What begins below our window is moved up to it. Everything up to there is committed, so any leader of our
 * term or a later one has the same; libraft would look for it in vain and take it for missing.
 */
static void move_up(const struct core *core, struct message *message)
{
	uint64_t base = core->window.base_index;
	if (message->append.prev_index >= base)
		return;
	uint64_t known = base - message->append.prev_index;
	uint32_t skip = known < message->append.count ? (uint32_t)known : message->append.count;
	message->append.entries += skip;
	message->append.count -= skip;
	message->append.prev_index = base;
	message->append.prev_term = core->window.base_term;
	/* What is behind the base may have been left out above only if it is contiguous with it. */
	if (message->append.count > 0)
		assert(message->append.entries[0]->index == base + 1);
}

/* How many entries from `at` on may be given to libraft at once: it takes a list of members for the first one. */
static uint32_t piece_of(const struct message *message, uint32_t at)
{
	uint32_t end = at + 1;
	while (end < message->append.count && message->append.entries[end]->kind != ENTRY_MEMBERS)
		end++;
	return end - at;
}

/* libraft frees the batch if it does not want the entries, and leaves it to us if it does. */
static void *batch_of(const struct entry *first, struct raft_entry *out)
{
	if (first->kind != ENTRY_MEMBERS)
		return raft_malloc(1);
	struct members members;
	enum status status = members_decode(entry_payload(first), first->index, &members, NULL);
	assert(status == OK); /* message_decode looked */
	(void)status;
	out->buf = core_raft_members(&members);
	return out->buf.base;
}

static enum status append_piece(struct core *core, struct raft_message *message,
				struct entry *const *entries, uint32_t count, struct fault *why)
{
	struct raft_entry given[MESSAGE_ENTRIES];
	memset(given, 0, sizeof *given * count);
	void *batch = count > 0 ? batch_of(entries[0], &given[0]) : NULL;
	for (uint32_t i = 0; i < count; i++) {
		given[i].term = entries[i]->term;
		given[i].type = (enum raft_entry_type)entries[i]->kind;
		given[i].batch = batch;
	}
	message->append_entries.entries = given;
	message->append_entries.n_entries = count;
	core->given = entries;
	core->given_count = count;
	uint32_t before = core->update->entries.len;
	enum status status = step_message(core, message, why);
	core->given_count = 0;
	if (status == OK && core->update->entries.len > before)
		raft_free(batch);
	return status;
}

/*
 * libraft leaves the index in this answer as it finds it on its stack. If the old leader gets to lead in our term
 * before the answer reaches it, that would count as an acknowledgement of anything.
 */
static void answer_stale(struct core *core, uint64_t to)
{
	struct message answer = { .kind = MESSAGE_APPENDED, .term = core->term };
	core_send(core, to, &answer);
}

static enum status receive_append(struct core *core, struct raft_message *out,
				  struct message *message, struct fault *why)
{
	if (core->raft.state == RAFT_LEADER && message->term == core->raft.current_term)
		return refuse(why, "a second leader in our own term");
	if (message->term < core->raft.current_term) {
		answer_stale(core, out->server_id);
		return OK;
	}
	core->leader_heard = core->now;
	core_patience_came(core, message->append.prev_index + message->append.count,
			   message->append.count);
	move_up(core, message);
	uint32_t at = 0;
	do {
		uint32_t count = message->append.count > 0 ? piece_of(message, at) : 0;
		struct entry *const *entries = message->append.entries + at;
		out->type = RAFT_APPEND_ENTRIES;
		out->append_entries.term = message->term;
		out->append_entries.prev_log_index = message->append.prev_index + at;
		out->append_entries.prev_log_term =
		    at > 0 ? entries[-1]->term : message->append.prev_term;
		out->append_entries.leader_commit = message->append.commit;
		TRY(append_piece(core, out, entries, count, why));
		at += count;
	} while (at < message->append.count &&
		 window_last(&core->window) >= message->append.prev_index + at);
	return OK;
}

/*
 * What a member has on its disk it does not lose. So a refusal of that is an old one; libraft would go back behind what it knows to be the
 * same, take all that for entries under way, and send nothing more. Or the member's disk has lost it after all, which only it can tell.
 */
static bool is_contradiction(struct core *core, uint64_t from, const struct message *message)
{
	uint64_t match = core_match(core, from);
	if (message->appended.rejected == 0 || message->appended.last >= match)
		return false;
	struct message held = { .kind = MESSAGE_HELD, .term = core->term, .held = { match } };
	core_send(core, from, &held);
	return true;
}

static enum status receive_appended(struct core *core, struct raft_message *out,
				    const struct message *message, struct fault *why)
{
	if (core->raft.state != RAFT_LEADER)
		return OK;
	if (message->term <= core->term && is_contradiction(core, out->server_id, message))
		return OK;
	core_witness_answered(core, out->server_id, message);
	out->type = RAFT_APPEND_ENTRIES_RESULT;
	out->append_entries_result.term = message->term;
	out->append_entries_result.rejected = message->appended.rejected;
	out->append_entries_result.last_log_index = message->appended.last;
	out->append_entries_result.capacity = UINT16_MAX;
	core_patience_answered(core, out->server_id, message);
	return step_message(core, out, why);
}

/* ---- votes ---- */

/* Raft dissertation 4.2.3: a leader is defended for the shortest election timeout, not for our random one. */
static bool has_silent_leader(const struct core *core)
{
	return core->raft.state == RAFT_FOLLOWER &&
	       core->now.ns - core->leader_heard.ns >= core->config.election_ms * TIME_MS;
}

static bool tell_removed(struct core *core, uint64_t from)
{
	if (!core_is_established(core) || members_find(&core->members, from) ||
	    members_find(&core->committed, from))
		return false;
	struct message answer = { .kind = MESSAGE_REMOVED, .term = core->term };
	core_send(core, from, &answer);
	return true;
}

static enum status receive_vote(struct core *core, struct raft_message *out,
				const struct message *message, struct fault *why)
{
	if (tell_removed(core, out->server_id))
		return OK;
	if (has_silent_leader(core))
		core_forget_leader(core);
	out->type = RAFT_REQUEST_VOTE;
	out->request_vote.version = 2;
	out->request_vote.term = message->term;
	out->request_vote.candidate_id = out->server_id;
	out->request_vote.last_log_index = message->vote.last_index;
	out->request_vote.last_log_term = message->vote.last_term;
	out->request_vote.disrupt_leader = message->vote.is_ordered;
	out->request_vote.pre_vote = message->vote.is_pre;
	/*
	 * The candidate may have made us a voter in an entry that we have not got yet, and need our vote for the very
	 * reason that we have not: whoever is a member votes, by its log (dissertation 4.2.2); the candidate knows whose
	 * votes count. libraft lets only those vote that are voters in their own list.
	 */
	int role = core_lend_vote(core);
	enum status status = step_message(core, out, why);
	core_return_vote(core, role);
	return status;
}

static enum status receive_voted(struct core *core, struct raft_message *out,
				 const struct message *message, struct fault *why)
{
	/* libraft looks into the candidate's state before it asks whether there is one. */
	if (core->raft.state != RAFT_CANDIDATE)
		return OK;
	if (core->raft.candidate_state.in_pre_vote && message->voted.is_granted &&
	    message->term > core->raft.current_term + 1)
		return refuse(why, "a vote for a term that we did not ask for");
	out->type = RAFT_REQUEST_VOTE_RESULT;
	out->request_vote_result.version = 2;
	out->request_vote_result.term = message->term;
	out->request_vote_result.vote_granted = message->voted.is_granted;
	out->request_vote_result.pre_vote = message->voted.is_pre;
	if (!core_is_outgoing_voter(core))
		return step_message(core, out, why);
	int role = core_lend_vote(core);
	enum status status = step_message(core, out, why);
	core_return_vote(core, role);
	return status;
}

/* ---- the rest ---- */

static void receive_offer(struct core *core, uint64_t from, const struct message *message)
{
	/* Of an old leader, or no news to us: our answers to its appends will tell it how far we are. */
	if (message->term != core->raft.current_term || core_leader(core) != from ||
	    message->offer.index <= core->commit)
		return;
	core->update->offer = (struct core_offer){ .from = from,
						   .index = message->offer.index,
						   .term = message->offer.term };
}

static enum status receive_timeout(struct core *core, struct raft_message *out,
				   const struct message *message, struct fault *why)
{
	if (core->config.is_witness)
		return OK;
	if (core_is_sole_voter(
		core)) /* elects itself when its time comes, in a new term (core.c, tick) */
		return OK;
	out->type = RAFT_TIMEOUT_NOW;
	out->timeout_now.term = message->term;
	out->timeout_now.last_log_index = message->timeout.last_index;
	out->timeout_now.last_log_term = message->timeout.last_term;
	return step_message(core, out, why);
}

static void receive_removed(struct core *core, uint64_t from, const struct message *message)
{
	const struct member *sender = members_find(&core->members, from);
	if (sender && sender->role == MEMBER_VOTER && message->term >= core->term &&
	    core->raft.state != RAFT_LEADER)
		core->update->is_removed = true;
}

/* While a leader leads nothing is taken out of the logs of those who follow it. */
static void receive_held(struct core *core, uint64_t from, const struct message *message)
{
	if (message->term == core->raft.current_term && core_leader(core) == from &&
	    core->raft.state == RAFT_FOLLOWER && window_last(&core->window) < message->held.index)
		core->update->missing = message->held.index;
}

static enum status receive(struct core *core, uint64_t from, struct message *message,
			   struct fault *why)
{
	char address[24];
	struct raft_message out = raft_message_from(from, address);
	switch (message->kind) {
	case MESSAGE_APPEND: return receive_append(core, &out, message, why);
	case MESSAGE_APPENDED: return receive_appended(core, &out, message, why);
	case MESSAGE_VOTE: return receive_vote(core, &out, message, why);
	case MESSAGE_VOTED: return receive_voted(core, &out, message, why);
	case MESSAGE_OFFER: receive_offer(core, from, message); return OK;
	case MESSAGE_TIMEOUT: return receive_timeout(core, &out, message, why);
	case MESSAGE_CONFIRM: core_reads_confirm(core, from, message); return OK;
	case MESSAGE_CONFIRMED: core_reads_confirmed(core, from, message); return OK;
	case MESSAGE_READ:
		if (members_find(&core->members, from))
			return core_reads_ask(core,
					      (struct core_asker){ from, message->read.round });
		return OK;
	case MESSAGE_READABLE: core_reads_readable(core, from, message); return OK;
	case MESSAGE_REMOVED: receive_removed(core, from, message); return OK;
	case MESSAGE_COMMITTED: return core_commit_heard(core, from, message, why);
	case MESSAGE_HELD: receive_held(core, from, message); return OK;
	case MESSAGE_PATIENT: core_patience_told(core, from, message); return OK;
	case MESSAGE_BASE: core_witness_base(core, from, message); return OK;
	}
	return INTERNAL;
}

enum status core_receive(struct core *core, uint64_t from, struct str bytes, struct fault *why)
{
	if (from == 0 || from == core->config.id)
		return refuse(why, "from nobody, or from ourselves");
	core_witness_heard(core, from);
	struct message message;
	TRY(message_decode(bytes, core->update->arena, &message, why));
	/* Entries that are skipped still have to be given back: the decoded message stays as it is. */
	struct message worked = message;
	enum status status = receive(core, from, &worked, why);
	message_release(&message);
	return status;
}
