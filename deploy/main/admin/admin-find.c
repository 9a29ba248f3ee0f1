/*
 * Finding who leads: for a member whom nobody leads, as far as it knows.
 *
 * Links let in whom they were told of, and a member is told by its own log, by records and by what it wrote down. Who came, or came back,
 * while it was away is in none of them, and if that one leads nobody else has anything to say to it: it would wait for the next leader.
 * So it asks those that it knows, one after another, who is a member, and learns where they are.
 */
#include "deploy/main/admin/admin-private.h"
#include "deploy/main/admin/overview.h"
#include "deploy/main/host/directory.h"
#include "runtime/base/log.h"

#define FIND_MS 3000U /* without a leader, and between two rounds: an election takes less */

void admin_members_learn(struct act *act, const struct admin *admin,
			 const struct store_status *status)
{
	for (uint32_t i = 0; i < status->member_count; i++)
		if (!str_is(status->members[i].name, admin->process->identity.name))
			directory_learn(act, status->members[i].name, status->members[i].address);
}

/*
 * One that is to be cut off, or has left, finds nobody. One that has been let in, and has not been told so, must find who is to tell it: the
 * member that it asked is not the one that leads.
 */
static bool is_lost(const struct admin *admin)
{
	return admin->status.leader == 0 &&
	       (admin->status.member_count > 1 || admin_is_outside(admin)) &&
	       !admin->is_partitioned && !admin->is_forgotten &&
	       !(admin->status.alarms & (STORE_ALARM_GONE | STORE_ALARM_DAMAGED));
}

static void ask_all(struct act *act, struct admin *admin, struct str peers, struct arena *arena)
{
	struct store_status status;
	struct directory_peer peer;

	while (is_lost(admin) && directory_next_peer(&peers, &peer))
		if (overview_ask_store(act, admin, peer.name, arena, &status))
			admin_members_learn(act, admin, &status);
}

static void find_once(struct act *act, struct admin *admin)
{
	struct admin_room room = admin_room(act);
	struct arena *arena = room.arena;

	ask_all(act, admin, directory_members(act, admin->process, arena), arena);
	ask_all(act, admin, str_from(admin->process->identity.peers), arena);
	admin_room_end(act, &room);
}

static void find_task(struct act *act, void *state, void *arg)
{
	struct admin *admin = state;

	(void)arg;
	act_sleep(act, FIND_MS);
	while (is_lost(admin)) {
		find_once(act, admin);
		act_sleep(act, FIND_MS);
	}
	admin->is_finding = false;
}

void admin_find_wake(struct act *act, struct admin *admin)
{
	if (!admin->is_finding && is_lost(admin))
		admin->is_finding = act_task(act, find_task, NULL) == OK;
}
