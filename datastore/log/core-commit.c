/*
 * What is committed, told at once, or by the append that is about to follow.
 *
 * An append says what was committed when it left, so a follower would hear of its newest entry with the next append only: in a
 * quiet cluster with the next heartbeat. Whoever wrote through that follower, or watches it, would wait as long. So a leader
 * that sees its commit index pass what a member has, and has not said so in an append, says it by a message that
 * nobody answers. If it is lost the heartbeat repeats it.
 *
 * Where one entry closely follows another the next append says it anyway, and a message of its own is a frame for each member that has
 * to be enciphered, sent, woken for and read. So then a leader waits for that append; whether one comes is learnt: each that
 * did not come in time, as when who writes waits for a follower to hear of it, asks for many more in a row before the next wait.
 */
#include "datastore/log/log-private.h"

#define CLOSE_NS (2 * TIME_MS) /* after an entry the next one follows closely, and a wait is over */
#define PRICE_MIN 4U           /* of a wait: so many in a row */
#define PRICE_MAX 4096U

static struct core_told *told_of(struct core *core, uint64_t id)
{
	for (uint32_t i = 0; i < core->told_count; i++)
		if (core->told[i].id == id)
			return &core->told[i];
	if (core->told_count ==
	    LIMIT_MEMBERS) /* some have left: begins anew, and says a thing twice */
		core->told_count = 0;
	struct core_told *told = &core->told[core->told_count++];
	*told = (struct core_told){ .id = id };
	return told;
}

void core_commit_note(struct core *core, uint64_t to, uint64_t index)
{
	struct core_told *told = told_of(core, to);
	if (told->index < index)
		told->index = index;
}

/* What it could be told, or 0. Whose answers gather has more than it has said yet, or looks for the entry in vain. */
static uint64_t owed(struct core *core, uint64_t id)
{
	uint64_t match = core_patience_is_of(core, id) ? core->commit : core_match(core, id);
	uint64_t index = core_gather_sent(core, id, match < core->commit ? match : core->commit);
	return index <= told_of(core, id)->index || index < core->window.base_index ? 0 : index;
}

static void tell(struct core *core, uint64_t id)
{
	uint64_t index = owed(core, id);
	if (index == 0)
		return;
	struct message message = { .kind = MESSAGE_COMMITTED, .term = core->term };
	message.committed.index = index;
	message.committed.term = window_term(&core->window, index);
	core_send(core, id, &message);
	told_of(core, id)->index = index;
}

static bool owes_any(struct core *core)
{
	for (uint32_t i = 0; i < core->members.len; i++)
		if (core->members.at[i].id != core->config.id &&
		    owed(core, core->members.at[i].id) != 0)
			return true;
	return false;
}

void core_commit_submitted(struct core *core)
{
	struct core_pace *pace = &core->pace;
	bool is_close = core->now.ns - pace->submitted_at.ns < CLOSE_NS;
	if (!is_close)
		pace->in_a_row = 0;
	else if (pace->in_a_row < PRICE_MAX)
		pace->in_a_row++;
	if (pace->tell_at.ns != 0 && pace->price > PRICE_MIN)
		pace->price /= 2;
	pace->tell_at = (struct mono){ 0 };
	pace->submitted_at = core->now;
}

bool core_commit_is_close(const struct core *core)
{
	const struct core_pace *pace = &core->pace;
	return pace->price != 0 && pace->in_a_row >= pace->price &&
	       core->now.ns - pace->submitted_at.ns < CLOSE_NS;
}

/* True: what is owed waits for the next append. */
static bool waits(struct core *core)
{
	struct core_pace *pace = &core->pace;
	if (pace->price < PRICE_MIN)
		pace->price = PRICE_MIN;
	if (pace->in_a_row < pace->price)
		return false;
	if (core->now.ns - pace->submitted_at.ns < CLOSE_NS) {
		pace->tell_at = (struct mono){ pace->submitted_at.ns + CLOSE_NS };
		return true;
	}
	pace->in_a_row = 0;
	if (pace->tell_at.ns != 0 && pace->price < PRICE_MAX)
		pace->price *= 4;
	return false;
}

void core_commit_tell(struct core *core)
{
	if (core->raft.state != RAFT_LEADER) {
		core->told_count = 0;
		core->pace = (struct core_pace){ 0 };
		return;
	}
	if ((core_gather_has_any(core) || owes_any(core)) && waits(core))
		return;
	core->pace.tell_at = (struct mono){ 0 };
	core_gather_end(core);
	for (uint32_t i = 0; i < core->members.len; i++)
		if (core->members.at[i].id != core->config.id)
			tell(core, core->members.at[i].id);
}

/*
 * The leader of our term has this entry in its log; if we have it too, our logs are the same up to there (Raft paper, 5.3), and
 * what it says of its log holds for ours.
 */
enum status core_commit_heard(struct core *core, uint64_t from, const struct message *message,
			      struct fault *why)
{
	uint64_t index = message->committed.index;
	if (message->term != core->raft.current_term || core->raft.state != RAFT_FOLLOWER ||
	    core_leader(core) != from || index <= core->commit ||
	    window_term(&core->window, index) != message->committed.term)
		return OK;
	core->raft.commit_index = index;
	return core_commit_advance(core, why);
}
