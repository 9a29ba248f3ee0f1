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
 */
#include <signal.h>
#include <stdio.h>

#include "deploy/main/admin/admin-private.h"
#include "deploy/main/admin/overview.h"
#include "deploy/main/host/directory.h"
#include "runtime/base/log.h"

#define AGAIN_MS 1000U
#define FOLDER_DEPTH 4 /* of what is removed: the store's has folders in it, those have none */
#define ASIDE "store.damaged"

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

/* ---- the files ------------------------------------------------------------------------------------------------ */

struct names {
	struct arena *arena;
	VEC(struct str) all;
};

static void note_name(void *arg, struct str name)
{
	struct names *names = arg;

	vec_push(&names->all, arena_str(names->arena, name));
}

/* What is not there is removed already. */
static enum status remove_tree(const struct seams_files *files, const char *path, int depth)
{
	struct names names = { .arena = arena_new(0) };
	struct seams_stat stat = { 0 };
	enum status status = files->stat(files->self, path, &stat);

	if (status == OK && stat.is_folder && depth > 0)
		status = files->list(files->self, path, note_name, &names);
	for (uint32_t i = 0; i < names.all.len && status == OK; i++)
		status = remove_tree(
		    files,
		    arena_printf(names.arena, "%s/" STR_FMT, path, STR_ARG(names.all.at[i])).at,
		    depth - 1);
	if (status == OK)
		status = files->unlink(files->self, path);
	vec_fini(&names.all);
	arena_free(names.arena);
	return status == NOT_FOUND ? OK : status;
}

struct setting_aside {
	const struct seams_files *files;
	const struct data_dir *dir;
	struct node_identity identity;
	struct fault why;
	enum status status;
};

static enum status set_aside(struct setting_aside *work)
{
	const struct seams_files *files = work->files;
	struct arena *arena = arena_new(0);
	const char *store = arena_printf(arena, "%s/store", work->dir->path).at;
	const char *aside = arena_printf(arena, "%s/" ASIDE, work->dir->path).at;
	/* First: with an empty folder one that made the cluster would make another. */
	enum status status = data_dir_write_identity(files, work->dir, &work->identity, &work->why);

	if (status == OK)
		status = remove_tree(files, aside, FOLDER_DEPTH);
	if (status == OK)
		status = files->rename(files->self, store, aside);
	if (status == OK)
		status = files->sync_folder(files->self, work->dir->path);
	arena_free(arena);
	return status;
}

static void run_set_aside(void *arg)
{
	struct setting_aside *work = arg;

	work->status = set_aside(work);
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
				      .identity = admin->process->identity };
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
		 LOG_CSTR("kept", ASIDE));
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
