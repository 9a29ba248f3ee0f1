/*
 * The return of a member whose store is damaged (STORE_ALARM_DAMAGED): from the others, under a new id.
 *
 *     ask who leads, by which id it knows us, and whether the others are a majority without us
 *     ask it to remove that id: once it is, nothing that was acknowledged is lost with our files
 *     the identity says from now on that this node joined; the store's folder is set aside; the process ends
 *     -> a new start with an empty folder, which is let in like any that joins
 *
 * Each step may be the last before a crash: the next start finds the same damage, or an empty folder and the way in. A cluster that
 * cannot do without us (a single node, or a majority that is damaged) keeps what it has, and says so: that is for `troupe recover`. The
 * last folder that was set aside is kept, for whoever wants to look at it.
 *
 * And the return of a member whose cluster was recovered without it (admin_rejoin): the same way, into the cluster that has another name; all
 * hosts of the node begin anew, since each knows the name.
 */
#include <signal.h>
#include <stdio.h>

#include "deploy/main/admin/admin-private.h"
#include "deploy/main/admin/overview.h"
#include "deploy/main/host/directory.h"
#include "deploy/main/host/store-aside.h"
#include "runtime/base/log.h"

#define AGAIN_MS 1000U
#define DAMAGED "store.damaged"
#define BEFORE_RECOVERY "store.before-recovery"

/* ---- those that lead ------------------------------------------------------------------------------------------ */

struct leader {
	char name[64];
	uint64_t our_id; /* 0: it knows us by none */
};

/* Whether that store leads; if not, `out` has the one that it names, if any. */
static bool is_leader(struct act *act, const struct admin *admin, struct str node,
		      struct arena *arena, struct store_status *status, struct leader *out)
{
	bool is_open = overview_ask_store(act, admin, node, arena, status);

	*out = (struct leader){ .our_id = 0 };
	if (is_open) {
		/* Our own list may be from before the one came that leads. */
		admin_members_learn(act, admin, status);
		snprintf(out->name, sizeof out->name, STR_FMT, STR_ARG(status->leader_name));
	}
	for (uint32_t i = 0; is_open && i < status->member_count; i++)
		if (str_is(status->members[i].name, admin->process->identity.name))
			out->our_id = status->members[i].id;
	return is_open && status->is_leader;
}

static bool find_leader(struct act *act, const struct admin *admin, struct str members,
			struct arena *arena, struct store_status *status, struct leader *out)
{
	struct directory_peer peer;
	struct leader named;

	while (directory_next_peer(&members, &peer)) {
		if (is_leader(act, admin, peer.name, arena, status, out))
			return true;
		named = *out;
		if (named.name[0] != '\0' &&
		    is_leader(act, admin, str_from(named.name), arena, status, out))
			return true;
	}
	return false;
}

/*
 * Who leads a majority that can do without us. A removal that is begun and cannot be agreed upon is worse than none: whoever has it in its log
 * counts votes by it.
 */
static enum status find_majority(struct act *act, const struct admin *admin, struct str members,
				 struct leader *out, const char **out_what)
{
	struct admin_room room = admin_room(act);
	struct arena *arena = room.arena;
	struct store_status status;
	enum status found = UNAVAILABLE;

	*out_what = "nobody leads the others";
	if (find_leader(act, admin, members, arena, &status, out)) {
		*out_what = "the others are no majority without it";
		found = overview_is_majority_without(act, admin, &status,
						     str_from(admin->process->identity.name), arena)
			    ? OK
			    : CONFLICT;
	}
	admin_room_end(act, &room);
	return found;
}

static enum status remove_our_id(struct act *act, const struct leader *leader)
{
	struct store_member_remove remove = { .id = leader->our_id, .is_forced = true };
	struct admin_room room = admin_room(act);
	struct arena *arena = room.arena;
	struct admin_asked asked;
	enum status status;

	asked = admin_ask(act, act_named(act, arena_printf(arena, "store@%s", leader->name).at),
			  &store_member_remove_type, &remove, ADMIN_WRITE_MS);
	status = store_outcome(asked.msg);
	admin_asked_end(&asked);
	admin_room_end(act, &room);
	return status;
}

struct setting_aside {
	const struct seams_files *files;
	const struct data_dir *dir;
	struct node_identity identity;
	const char *name;
	struct fault why;
	enum status status;
};

static void run_set_aside(void *arg)
{
	struct setting_aside *work = arg;

	work->status = store_aside(work->files, work->dir, &work->identity, work->name, &work->why);
}

/* As many of the others as there is room for: any one of them lets us in. */
static void keep_peers(struct node_identity *identity, struct str members)
{
	struct directory_peer peer;
	size_t len = 0;

	identity->is_first = false;
	identity->peers[0] = '\0';
	while (directory_next_peer(&members, &peer)) {
		int more = snprintf(identity->peers + len, sizeof identity->peers - len,
				    "%s" STR_FMT "@" STR_FMT, len > 0 ? "," : "",
				    STR_ARG(peer.name), STR_ARG(peer.address));

		if (more < 0 || (size_t)more >= sizeof identity->peers - len) {
			identity->peers[len] = '\0';
			return;
		}
		len += (size_t)more;
	}
}

/* ---- the way back ---------------------------------------------------------------------------------------------- */

/* OK: the process ends soon. */
static enum status return_once(struct act *act, struct admin *admin, struct str members,
			       const char **out_what)
{
	struct setting_aside work = { .files = &act_seams(act)->files,
				      .dir = &admin->process->dir,
				      .identity = admin->process->identity,
				      .name = DAMAGED };
	const struct seams_process *process = &act_seams(act)->process;
	struct leader leader;
	enum status status = find_majority(act, admin, members, &leader, out_what);

	if (status != OK)
		return status;
	*out_what = "the others do not let its old id go";
	if (leader.our_id != 0)
		status = remove_our_id(act, &leader);
	if (status != OK && status != NOT_FOUND)
		return status;
	*out_what = "its folder cannot be set aside";
	keep_peers(&work.identity, members);
	act_await(act, NULL, run_set_aside, &work);
	if (work.status != OK)
		return work.status;
	log_warn("admin", "the store is damaged: it returns under a new id, from the others",
		 LOG_CSTR("leader", leader.name), LOG_U64("old_id", leader.our_id),
		 LOG_CSTR("kept", DAMAGED));
	/* The store is one of ours: this process is the one that begins anew. */
	return process->kill(process->self, SEAMS_SELF, SIGKILL);
}

static void return_task(struct act *act, void *state, void *arg)
{
	struct admin *admin = state;
	struct admin_room room = admin_room(act);
	struct arena *arena = room.arena;
	struct str members = directory_members(act, admin->process, arena);
	const char *what = "nobody else is known", *said = NULL;
	enum status status = UNAVAILABLE;

	(void)arg;
	if (members.len == 0)
		members = str_from(admin->process->identity.peers);
	while (status != OK) {
		if (members.len > 0)
			status = return_once(act, admin, members, &what);
		if (status != OK && what != said)
			log_error("admin", "the store is damaged and cannot return yet",
				  LOG_CSTR("why", what), LOG_STATUS(status));
		said = what;
		if (status != OK)
			act_sleep(act, AGAIN_MS);
	}
	admin_room_end(act, &room);
}

void admin_return_wake(struct act *act, struct admin *admin)
{
	if (admin->is_returning || !(admin->status.alarms & STORE_ALARM_DAMAGED))
		return;
	admin->is_returning = act_task(act, return_task, NULL) == OK;
}

/* ---- into a cluster that was recovered -------------------------------------------------------------------------- */

ACT_TYPE(admin_rejoin, .id = 0);
ACT_TYPE(admin_rejoined, .id = 0);

static void end_hosts(struct act *act, struct admin *admin)
{
	const struct seams_process *process = &act_seams(act)->process;
	const char *name;

	for (uint32_t i = 0; (name = exile_host_name(&admin->exiles, i)) != NULL; i++)
		if (strcmp(name, process_host_name(PROCESS_CORE)) != 0)
			(void)admin_kill_at(act, admin, str_from(admin->process->identity.name),
					    str_from(name), INSPECT_HOST);
	(void)!process->kill(process->self, SEAMS_SELF, SIGKILL);
}

struct rejoin_wish {
	struct act_ticket ticket;
	struct admin_rejoin rejoin;
};

static void rejoin_task(struct act *act, void *state, void *arg)
{
	struct rejoin_wish wish = *(struct rejoin_wish *)arg;
	struct admin *admin = state;
	struct setting_aside work = { .files = &act_seams(act)->files,
				      .dir = &admin->process->dir,
				      .identity = admin->process->identity,
				      .name = BEFORE_RECOVERY,
				      .status = CONFLICT };

	/* One that follows somebody is of a cluster that works. */
	if (admin->status.leader == 0 && !admin->is_returning) {
		admin->is_returning = true;
		memcpy(work.identity.cluster, wish.rejoin.cluster, sizeof work.identity.cluster);
		keep_peers(&work.identity, str_from(wish.rejoin.peer));
		act_await(act, NULL, run_set_aside, &work);
		admin->is_returning = work.status == OK;
	}
	(void)act_answer(act, wish.ticket, &admin_rejoined_type,
			 &(struct admin_rejoined){ .status = work.status });
	if (work.status != OK)
		return;
	log_warn("admin", "the cluster was recovered without this node: it joins it anew",
		 LOG_CSTR("cluster", wish.rejoin.cluster), LOG_CSTR("by", wish.rejoin.peer),
		 LOG_CSTR("kept", BEFORE_RECOVERY));
	act_sleep(act, ADMIN_FAULT_AFTER_MS); /* the answer has left by then */
	end_hosts(act, admin);
}

void admin_rejoin_asked(struct act *act, const struct act_msg *msg)
{
	struct rejoin_wish wish = { .ticket = act_ticket(msg),
				    .rejoin = *ACT_AS(msg, admin_rejoin) };

	if (msg->from.node != act_self(act).node || act_task(act, rejoin_task, &wish) != OK)
		act_refuse(act, msg, BUSY);
}
