#include <stdio.h>

#include "deploy/main/recovery/keeper-private.h"

#define READ_MS 15000U
#define AGAIN_MS 20U
#define COPY_PREFIX "backup-"
#define COPY_SUFFIX ".db"
#define COPY_AGE_S 3600 /* whoever asked for an older one has ended without removing it */

enum status keeper_ask_store(struct act *act, const struct act_type *type, const void *body,
			     uint32_t ms, struct act_all **all, const struct act_msg **msg)
{
	enum status status;

	*all = act_all(act, 1);
	act_all_ask(*all, act_named(act, "store"), type, body, ms);
	status = act_all_wait(*all);
	*msg = act_all_answer(*all, 0);
	return status == OK ? store_outcome(*msg) : status;
}

/* A round of reads: what was acknowledged anywhere before now is at or below it. */
static enum status latest_revision(struct act *act, uint64_t *out)
{
	struct store_range range = { .key = STR("/"), .is_count_only = true };
	struct act_all *all;
	const struct act_msg *msg;
	enum status status = keeper_ask_store(act, &store_range_type, &range, READ_MS, &all, &msg);

	if (status == OK)
		*out = ((const struct store_range_answer *)msg->body)->revision;
	act_all_end(all);
	return status;
}

static enum status copy_once(struct act *act, const char *path, uint64_t min_revision,
			     struct store_backup_answer *out, struct fault *why)
{
	struct store_backup ask = { .arena = arena_new(0), .min_revision = min_revision };
	struct act_all *all;
	const struct act_msg *msg;
	enum status status;

	ask.path = arena_str(ask.arena, str_from(path));
	status = keeper_ask_store(act, &store_backup_type, &ask, KEEPER_COPY_MS, &all, &msg);
	if (msg->status == OK) {
		*out = *(const struct store_backup_answer *)msg->body;
		if (out->words.at != NULL)
			(void)fault_set(why, out->status, "", "the copy of the database: " STR_FMT,
					STR_ARG(out->words));
	}
	act_all_end(all);
	return status;
}

static bool is_old_copy(const struct seams_files *files, const char *path, struct str name,
			struct wall now)
{
	struct seams_stat stat;

	return str_starts(name, STR(COPY_PREFIX)) && str_ends(name, STR(COPY_SUFFIX)) &&
	       files->stat(files->self, path, &stat) == OK &&
	       now.ns - stat.modified_ns > COPY_AGE_S * TIME_S;
}

struct sweeping {
	const struct seams_files *files;
	const char *folder;
	struct wall now;
};

static void sweep_one(void *arg, struct str name)
{
	struct sweeping *sweeping = arg;
	const struct seams_files *files = sweeping->files;
	char path[DATA_PATH_MAX + 256];

	snprintf(path, sizeof path, "%s/" STR_FMT, sweeping->folder, STR_ARG(name));
	if (is_old_copy(files, path, name, sweeping->now))
		(void)files->unlink(files->self, path);
}

static void run_sweep(void *arg)
{
	struct sweeping *sweeping = arg;

	(void)sweeping->files->list(sweeping->files->self, sweeping->folder, sweep_one, sweeping);
}

/* What those that ended have left behind. */
static void sweep(struct act *act, const struct keeper *keeper)
{
	struct sweeping sweeping = { .files = &act_seams(act)->files,
				     .folder = keeper->process->dir.path,
				     .now = act_wall(act) };

	act_await(act, NULL, run_sweep, &sweeping);
}

static enum status copy_until(struct act *act, const char *path, uint64_t revision,
			      struct store_backup_answer *answer, struct fault *why)
{
	int64_t until_ns = act_now(act).ns + READ_MS * TIME_MS;
	enum status status;

	do {
		status = copy_once(act, path, revision, answer, why);
		if (status == BUSY)
			act_sleep(act, AGAIN_MS);
	} while (status == BUSY && act_now(act).ns < until_ns);
	if (status == BUSY)
		return fault_set(why, BUSY, "", "another backup is being made; try again");
	if (status != OK && why->text[0] == '\0')
		(void)fault_set(why, status, "", "the copy of the database: %s",
				status_text(status));
	return status;
}

enum status keeper_make_copy(struct act *act, const struct keeper *keeper, bool is_stale,
			     struct keeper_copy *out, struct fault *why)
{
	struct store_backup_answer answer = { .words = STR_NONE };
	uint64_t revision = 0;

	sweep(act, keeper);
	if (!is_stale && latest_revision(act, &revision) != OK)
		return fault_set(
		    why, UNAVAILABLE, "",
		    "no majority of the members can be reached, so nobody can say what "
		    "the latest state is; --stale makes a backup of what this node has");
	snprintf(out->path, sizeof out->path, "%s/" COPY_PREFIX "%016jx" COPY_SUFFIX,
		 keeper->process->dir.path, (uintmax_t)act_random(act));
	TRY(copy_until(act, out->path, revision, &answer, why));
	out->revision = answer.revision;
	out->keys = answer.keys;
	return OK;
}

enum status keeper_copy_read(struct str lines, struct keeper_copy *out)
{
	struct keeper_copy copy = { .revision = 0 };

	while (lines.at != NULL && lines.len > 0) {
		struct str value = str_cut(&lines, '\n'), key = str_cut(&value, ' ');

		if (value.at == NULL)
			return CORRUPT;
		if (str_is(key, "path"))
			snprintf(copy.path, sizeof copy.path, STR_FMT, STR_ARG(value));
		else if (str_is(key, "revision") && str_to_u64(value, &copy.revision) != OK)
			return CORRUPT;
		else if (str_is(key, "keys") && str_to_u64(value, &copy.keys) != OK)
			return CORRUPT;
	}
	if (copy.path[0] == '\0' || copy.revision == 0)
		return CORRUPT;
	*out = copy;
	return OK;
}
