/*
 * Answers that nobody waits for gather.
 *
 * A leader of three needs the answer of one follower to have an entry committed, and the other's wakes it for nothing: a frame to be enciphered,
 * sent, woken for and read, in two processes. So while entries follow each other closely the leader tells those whose answers it did
 * not need lately that theirs may wait: an answer then stands for all before it, 3 ms after the first of them with the next one, or
 * alone when no entry has come for a millisecond. It is said again and again, since it holds for a moment only, and who has become the
 * quicker one is needed from the next look on. An entry for which the one that is needed is late waits that millisecond for the other.
 * Where entries gather, too (core-gather.c), what came together is answered at once. Who is needed is told that its answers may not wait:
 * so both know who has most, should the leader be lost.
 *
 * To raft this is a network that is a little slower at times. What is refused is never held back. An older release does not know the message and
 * answers as ever.
 */
#include "datastore/log/log-private.h"

#define LOOK_NS (50 * TIME_MS)
#define GRANT_MS 120U
#define DENSE 25U /* entries between two looks: less than 2 ms apart */
#define WITH_NEXT_NS (3 * TIME_MS)
#define ALONE_NS TIME_MS

/* ---- who follows ---- */

bool core_patience_holds(struct core *core, uint64_t to, const struct message *answer)
{
	struct core_patience *own = &core->patience;
	bool is_owed = own->owed_to == to && own->owed_term == answer->term;
	bool may_wait = answer->appended.rejected == 0 && core->now.ns < own->until.ns &&
			core_leader(core) == to && answer->term == core->raft.current_term;
	if (own->gathered_last != 0 && answer->appended.last >= own->gathered_last) {
		own->gathered_last = 0;
		may_wait = false; /* it stands for several already */
	}
	if (may_wait && !is_owed)
		own->owed_since = core->now;
	own->owed_to = 0;
	if (!may_wait || core->now.ns - own->owed_since.ns >= WITH_NEXT_NS)
		return false; /* it stands for what was owed, too */
	own->owed_to = to;
	own->owed_term = answer->term;
	own->owed_last = answer->appended.last;
	own->owed_at = core->now;
	return true;
}

static void pay(struct core *core)
{
	struct core_patience *own = &core->patience;
	struct message answer = { .kind = MESSAGE_APPENDED, .term = own->owed_term };
	answer.appended.last = own->owed_last;
	if (core->raft.state == RAFT_FOLLOWER && core->raft.current_term == own->owed_term)
		core_send(core, own->owed_to, &answer);
	own->owed_to = 0;
}

void core_patience_told(struct core *core, uint64_t from, const struct message *message)
{
	uint64_t ms = message->patient.ms < GRANT_MS ? message->patient.ms : GRANT_MS;
	struct core_patience *own = &core->patience;
	if (message->term != core->raft.current_term || core_leader(core) != from ||
	    core->raft.state != RAFT_FOLLOWER)
		return;
	own->until.ns = ms > 0 ? core->now.ns + (int64_t)ms * TIME_MS : 0;
	own->needed_until.ns = ms > 0 ? 0 : core->now.ns + GRANT_MS * TIME_MS;
}

/* The one that is needed is the one that has most. */
unsigned core_patience_rank(const struct core *core, unsigned rank)
{
	unsigned needed = members_count(&core->members, MEMBER_VOTER) / 2;
	if (core->now.ns < core->patience.until.ns)
		return needed == 1 ? 1 : rank + needed;
	return core->now.ns < core->patience.needed_until.ns && needed == 1 ? 0 : rank;
}

void core_patience_came(struct core *core, uint64_t last, uint32_t count)
{
	if (count > 1)
		core->patience.gathered_last = last;
}

struct mono core_patience_ends(const struct core *core)
{
	const struct core_patience *own = &core->patience;
	return (struct mono){ own->owed_to ? own->owed_at.ns + ALONE_NS : INT64_MAX };
}

/* ---- who leads ---- */

bool core_patience_is_of(const struct core *core, uint64_t id)
{
	for (uint32_t i = 0; i < core->peer_count; i++)
		if (core->peers[i].id == id)
			return core->peers[i].is_patient;
	return false;
}

/* Of others than itself, for a majority. */
static uint32_t needed_of(const struct core *core)
{
	return members_count(&core->members, MEMBER_VOTER) / 2;
}

/* Is it one of the first that have so much, and are enough together? Whether the leader's own disk has it does not matter. */
void core_patience_answered(struct core *core, uint64_t from, const struct message *message)
{
	const struct member *who = members_find(&core->members, from);
	uint64_t last = message->appended.last;
	uint32_t have = 0;
	if (message->appended.rejected != 0 || !who || who->role != MEMBER_VOTER ||
	    last <= core_match(core, from))
		return;
	for (uint32_t i = 0; i < core->members.len; i++) {
		const struct member *member = &core->members.at[i];
		have += member->role == MEMBER_VOTER && member->id != from &&
			member->id != core->config.id && core_match(core, member->id) >= last;
	}
	if (have < needed_of(core))
		core_peer_of(core, from)->useful++;
}

static void say(struct core *core, uint64_t id, uint32_t ms)
{
	struct message message = { .kind = MESSAGE_PATIENT, .term = core->term };
	message.patient.ms = ms;
	core_send(core, id, &message);
}

static void tell(struct core *core, struct core_peer *peer, bool is_patient)
{
	if (is_patient || peer->is_patient)
		say(core, peer->id, is_patient ? GRANT_MS : 0);
	peer->is_patient = is_patient;
}

void core_patience_hurry(struct core *core, uint64_t id)
{
	say(core, id, 0);
}

static void tell_all_to_hurry(struct core *core)
{
	for (uint32_t i = 0; i < core->members.len; i++)
		if (core->members.at[i].id != core->config.id)
			tell(core, core_peer_of(core, core->members.at[i].id), false);
}

void core_patience_lost(struct core *core)
{
	if (core->raft.state == RAFT_LEADER)
		tell_all_to_hurry(core);
}

/* How many voters' answers were more useful than this one's; of equals the first. */
static uint32_t rank_of(struct core *core, const struct core_peer *peer, uint32_t place)
{
	uint32_t rank = 0;
	for (uint32_t i = 0; i < core->members.len; i++) {
		const struct member *member = &core->members.at[i];
		if (member->id == core->config.id || member->role != MEMBER_VOTER)
			continue;
		uint32_t useful = core_peer_of(core, member->id)->useful;
		rank += useful > peer->useful || (useful == peer->useful && i < place);
	}
	return rank;
}

/* A witness is told of an entry in its own way, and a list that changes is no time for this. */
static bool is_time(const struct core *core, int64_t passed_ns)
{
	uint32_t useful = 0;
	for (uint32_t i = 0; i < core->members.len; i++)
		if (core->members.at[i].is_witness)
			return false;
	for (uint32_t i = 0; i < core->peer_count; i++)
		useful += core->peers[i].useful;
	return !core_is_changing(core) && useful >= DENSE && passed_ns < 2 * LOOK_NS;
}

/* When there is something to send that this may go with. Who is needed is told so, too: it is the first to stand for election. */
static void look(struct core *core)
{
	bool is_patient[LIMIT_MEMBERS] = { false };
	bool may_be = is_time(core, core->now.ns - core->patience.looked_at.ns);
	core->patience.looked_at = core->now;
	if (may_be)
		for (uint32_t i = 0; i < core->members.len; i++) {
			const struct member *member = &core->members.at[i];
			const struct core_peer *peer = core_peer_of(core, member->id);
			is_patient[i] = member->role != MEMBER_VOTER ||
					rank_of(core, peer, i) >= needed_of(core);
		}
	for (uint32_t i = 0; i < core->members.len; i++) {
		struct core_peer *peer = core_peer_of(core, core->members.at[i].id);
		if (peer->id == core->config.id)
			continue;
		if (may_be && !is_patient[i] && !peer->is_patient)
			core_patience_hurry(core, peer->id);
		tell(core, peer, is_patient[i]);
	}
	for (uint32_t i = 0; i < core->peer_count; i++)
		core->peers[i].useful = 0;
}

/* ---- both ---- */

static void forget(struct core *core)
{
	for (uint32_t i = 0; i < core->peer_count; i++) {
		core->peers[i].useful = 0;
		core->peers[i].is_patient = false;
	}
	core->patience.looked_at = core->now;
}

void core_patience_settle(struct core *core)
{
	struct core_patience *own = &core->patience;
	if (core->raft.state != RAFT_LEADER) {
		forget(core);
		if (own->owed_to != 0 && core->now.ns - own->owed_at.ns >= ALONE_NS)
			pay(core);
		return;
	}
	own->owed_to = 0;
	own->until.ns = 0;
	if (core->now.ns - own->looked_at.ns >= LOOK_NS &&
	    core->pace.submitted_at.ns == core->now.ns)
		look(core);
}
