/*
 * Entries for those whose answers nobody waits for leave together.
 *
 * A leader of three needs one follower to have an entry committed, and the other costs as much: a frame to be enciphered and sent, a wake-up, a
 * write to the disk, and an answer (core-patience.c). While entries follow each other so closely that the next one is waited for to say
 * what is committed (core-commit.c), those that no majority needs wait, too: 3 ms from the first of them, then all leave with the next
 * one or alone. What is sent to whom is libraft's to say, and to libraft they are sent: this is a network that is a little slower at times.
 *
 * What was acknowledged is on as many disks as ever, those of a majority. Only the member that has it last has it later, so
 *     - an entry that our own disk has and the others do not, a millisecond after it was to leave, leaves at once, and is answered at once;
 *     - nothing waits while a lead is handed over, while members change, or for 50 ms after a member asked for something in somebody's place,
 *       who then waits for that member to hear of it;
 *     - if the leader is lost, the member that was needed asks for votes before the one that has less (core_patience_rank).
 */
#include "datastore/log/log-private.h"

#define TOGETHER_NS (3 * TIME_MS)
#define LATE_NS TIME_MS
#define ASKED_NS (50 * TIME_MS)
#define KEPT_BYTES LIMIT_FRAME_BYTES /* more than that leaves by itself in any case */

static bool may_gather(const struct core *core)
{
	return core->raft.state == RAFT_LEADER && core_commit_is_close(core) &&
	       !core_is_changing(core) && raft_transferee(&core->raft) == 0 &&
	       (core->asked_at.ns == 0 || core->now.ns - core->asked_at.ns >= ASKED_NS);
}

static uint64_t bytes_of(const struct core *core, uint64_t prev, uint64_t last)
{
	uint64_t bytes = 0;
	for (uint64_t index = prev + 1; index <= last; index++)
		bytes += window_at(&core->window, index)->len;
	return bytes;
}

/*
 * What libraft wants sent now. True: it is kept. Else *prev is from where on it leaves, with what was kept before it. Where libraft goes back
 * to what was kept, as when it begins anew with a member, it says it all again.
 */
bool core_gather_keeps(struct core *core, uint64_t to, uint64_t *prev, uint64_t last)
{
	struct core_peer *peer = core_peer_of(core, to);
	struct core_kept kept = peer->kept;
	if (kept.last == 0 || kept.last != *prev)
		kept = (struct core_kept){ .prev = *prev, .since = core->now };
	bool is_over = core->now.ns - kept.since.ns >= TOGETHER_NS;
	peer->kept = (struct core_kept){ 0 };
	if (last > *prev && peer->is_patient && !is_over && may_gather(core)) {
		uint64_t bytes = kept.bytes + bytes_of(core, *prev, last);
		kept.last = last;
		kept.at = core->now;
		kept.bytes = (uint32_t)bytes;
		if (bytes <= KEPT_BYTES) {
			peer->kept = kept;
			return true;
		}
	}
	*prev = kept.prev;
	return false;
}

uint64_t core_gather_sent(struct core *core, uint64_t id, uint64_t index)
{
	const struct core_kept *kept = &core_peer_of(core, id)->kept;
	return kept->last != 0 && kept->prev < index ? kept->prev : index;
}

bool core_gather_has_any(const struct core *core)
{
	for (uint32_t i = 0; i < core->peer_count; i++)
		if (core->peers[i].kept.last != 0)
			return true;
	return false;
}

static void send(struct core *core, struct core_peer *peer)
{
	struct core_kept kept = peer->kept;
	peer->kept = (struct core_kept){ 0 };
	core_send_entries(core, peer->id, kept.prev, kept.last);
}

/* Our own disk has it and nobody else that is needed. If our own is the late one, who else has it changes nothing. */
static bool is_missed(const struct core *core, const struct core_kept *kept)
{
	return core->commit < kept->last && core->raft.last_stored >= kept->last;
}

static void settle(struct core *core, struct core_peer *peer)
{
	const struct core_kept *kept = &peer->kept;
	if (is_missed(core, kept) && core->now.ns - kept->at.ns >= LATE_NS) {
		core_patience_hurry(core, peer->id);
		send(core, peer);
	} else if (core->now.ns - kept->since.ns >= TOGETHER_NS || !peer->is_patient ||
		   !may_gather(core)) {
		send(core, peer);
	}
}

void core_gather_settle(struct core *core)
{
	for (uint32_t i = 0; i < core->peer_count; i++) {
		struct core_peer *peer = &core->peers[i];
		if (core->raft.state != RAFT_LEADER)
			peer->kept = (struct core_kept){ 0 };
		else if (peer->kept.last != 0)
			settle(core, peer);
	}
}

void core_gather_end(struct core *core)
{
	for (uint32_t i = 0; i < core->peer_count; i++)
		if (core->peers[i].kept.last != 0)
			send(core, &core->peers[i]);
}

void core_was_asked(struct core *core)
{
	core->asked_at = core->now;
}

struct mono core_gather_ends(const struct core *core)
{
	int64_t ends = INT64_MAX;
	for (uint32_t i = 0; i < core->peer_count; i++) {
		const struct core_kept *kept = &core->peers[i].kept;
		int64_t end =
		    is_missed(core, kept) ? kept->at.ns + LATE_NS : kept->since.ns + TOGETHER_NS;
		if (kept->last != 0 && end < ends)
			ends = end;
	}
	return (struct mono){ ends };
}
