/*
 * What is committed, told at once.
 *
 * An append says what was committed when it left, so a follower would hear of its newest entry with the next append only: in a
 * quiet cluster with the next heartbeat. Whoever wrote through that follower, or watches it, would wait as long. So a leader
 * that sees its commit index pass what a member has, and has not said so in an append, says it by a message that
 * nobody answers. If it is lost the heartbeat repeats it.
 */
#include "datastore/log/log-private.h"

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

static void tell(struct core *core, uint64_t id)
{
	uint64_t match = core_match(core, id);
	uint64_t index = match < core->commit ? match : core->commit;
	struct core_told *told = told_of(core, id);
	if (index <= told->index || index < core->window.base_index)
		return;
	struct message message = { .kind = MESSAGE_COMMITTED, .term = core->term };
	message.committed.index = index;
	message.committed.term = window_term(&core->window, index);
	core_send(core, id, &message);
	told->index = index;
}

void core_commit_tell(struct core *core)
{
	if (core->raft.state != RAFT_LEADER) {
		core->told_count = 0;
		return;
	}
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
