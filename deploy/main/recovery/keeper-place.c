/*
 * Where backups by the clock are kept: a folder, or a store elsewhere.
 *
 * Each is tried where it will be looked for: in the folder what was written is read again; of a store elsewhere what it gives back. One that
 * does not stand the trial is removed, and was never called a backup. A store's are packed and tried in the data directory.
 */
#include <stdio.h>

#include "deploy/main/backup/passphrase.h"
#include "deploy/main/backup/s3.h"
#include "deploy/main/recovery/keeper-private.h"

static struct str cluster_of(const struct keeper *keeper)
{
	return str_from(keeper->process->identity.cluster);
}

/* The client lives as long as the keeper. */
static enum status reach(struct act *act, struct keeper *keeper, struct fault *why)
{
	if (!act_ref_is_nil(keeper->s3.client)) {
		keeper->s3.act = act;
		return OK;
	}
	return s3_open(act, keeper->args->schedule.s3, &keeper->s3, why);
}

/* ---- what there is ------------------------------------------------------------------------------------------------ */

struct listing {
	const struct seams_files *files;
	const struct schedule *schedule;
	struct str cluster;
	struct schedule_list *list;
	struct fault *why;
	enum status status;
};

static void run_list(void *arg)
{
	struct listing *listing = arg;

	listing->status = schedule_gather(listing->files, listing->schedule, listing->cluster,
					  listing->list, listing->why);
}

static void take_object(void *arg, struct str name, uint64_t size_bytes)
{
	struct listing *listing = arg;

	schedule_take(listing->list, listing->cluster, name, size_bytes);
}

enum status keeper_place_list(struct act *act, struct keeper *keeper, struct schedule_list *out,
			      struct fault *why)
{
	struct listing listing = { .files = &act_seams(act)->files,
				   .schedule = &keeper->args->schedule,
				   .cluster = cluster_of(keeper),
				   .list = out,
				   .why = why };

	*out = (struct schedule_list){ .all = { 0 } };
	if (keeper->args->schedule.s3 == NULL) {
		act_await(act, NULL, run_list, &listing);
		return listing.status;
	}
	TRY(reach(act, keeper, why));
	return s3_list(&keeper->s3, "troupe-", take_object, &listing, why);
}

/* ---- one more ------------------------------------------------------------------------------------------------------ */

struct writing {
	const struct seams_files *files;
	const struct keeper_args *args;
	const struct keeper_copy *copy;
	const struct backup_contents *contents;
	char path[BACKUP_PATH_MAX], scratch[BACKUP_PATH_MAX];
	bool is_trial; /* else it is written */
	struct fault why;
	enum status status;
};

static enum status write_one(struct writing *writing, struct arena *arena)
{
	const struct schedule *schedule = &writing->args->schedule;
	struct backup_contents found;
	struct str passphrase;

	TRY(passphrase_read(schedule->passphrase_file, arena, &passphrase, &writing->why));
	if (writing->is_trial)
		return backup_try(writing->files, writing->path, passphrase, writing->scratch,
				  &found, &writing->why);
	return backup_write(writing->files, writing->path, passphrase, writing->copy->path,
			    &writing->args->process->pki, writing->contents, &writing->why);
}

static void run_write(void *arg)
{
	struct writing *writing = arg;
	struct arena *arena = arena_new(0);

	writing->status = write_one(writing, arena);
	(void)writing->files->unlink(writing->files->self,
				     writing->is_trial ? writing->path : writing->copy->path);
	arena_free(arena);
}

static void run_remove(void *arg)
{
	struct writing *writing = arg;

	(void)writing->files->unlink(writing->files->self, writing->path);
}

static enum status write_file(struct act *act, struct writing *writing, struct fault *why)
{
	act_await(act, NULL, run_write, writing);
	*why = writing->why;
	return writing->status;
}

/* Sent, and what comes back is tried. `path` is the file that was packed. */
static enum status send(struct act *act, struct s3 *s3, struct writing *writing, const char *name,
			struct fault *why)
{
	struct fault ignored;
	enum status status = s3_put_file(s3, name, writing->path, why);

	if (status != OK) {
		act_await(act, NULL, run_remove, writing);
		return status;
	}
	/* In the place of what was packed. */
	status = s3_get_file(s3, name, writing->path, why);
	writing->is_trial = true;
	if (status == OK)
		status = write_file(act, writing, why);
	if (status != OK)
		(void)!s3_delete(s3, name, &ignored);
	return status;
}

enum status keeper_place_put(struct act *act, struct keeper *keeper, const struct keeper_copy *copy,
			     const struct backup_contents *contents, const char *name,
			     struct fault *why)
{
	const struct schedule *schedule = &keeper->args->schedule;
	struct writing *writing = mem_new(struct writing);
	enum status status;

	*writing = (struct writing){ .files = &act_seams(act)->files,
				     .args = keeper->args,
				     .copy = copy,
				     .contents = contents };
	/* Swept with copies that were left behind, by its name (keeper-copy.c). */
	if (schedule->s3 != NULL) {
		snprintf(writing->path, sizeof writing->path, "%s.packed.db", copy->path);
		snprintf(writing->scratch, sizeof writing->scratch, "%s.trial.db", copy->path);
	} else {
		snprintf(writing->path, sizeof writing->path, "%s/%s", schedule->folder, name);
	}
	status = write_file(act, writing, why);
	if (status == OK && schedule->s3 != NULL)
		status = reach(act, keeper, why);
	if (status == OK && schedule->s3 != NULL)
		status = send(act, &keeper->s3, writing, name, why);
	mem_free(writing);
	return status;
}

/* ---- fewer ----------------------------------------------------------------------------------------------------------- */

struct pruning {
	const struct seams_files *files;
	const struct schedule *schedule;
	struct str cluster;
	struct wall now;
	uint32_t gone;
	struct fault why;
	enum status status;
};

static void run_prune(void *arg)
{
	struct pruning *pruning = arg;

	pruning->status = schedule_prune(pruning->files, pruning->schedule, pruning->cluster,
					 pruning->now, &pruning->gone, &pruning->why);
}

/* What is seen may be seen anew while the store is asked. */
static enum status prune_store(struct act *act, struct keeper *keeper, uint32_t *out_gone,
			       struct fault *why)
{
	const struct schedule_list *list = &keeper->seen;
	VEC(struct scheduled_one) going = { 0 };
	enum status status = reach(act, keeper, why);

	for (uint32_t i = 0; i < list->all.len && status == OK; i++)
		if (schedule_goes(&keeper->args->schedule, list, i, act_wall(act)))
			vec_push(&going, list->all.at[i]);
	for (uint32_t i = 0; i < going.len && status == OK; i++) {
		status = s3_delete(&keeper->s3, going.at[i].name, why);
		*out_gone += status == OK;
	}
	vec_fini(&going);
	return status;
}

enum status keeper_place_prune(struct act *act, struct keeper *keeper, uint32_t *out_gone,
			       struct fault *why)
{
	struct pruning pruning = { .files = &act_seams(act)->files,
				   .schedule = &keeper->args->schedule,
				   .cluster = cluster_of(keeper),
				   .now = act_wall(act) };

	if (keeper->args->schedule.s3 != NULL)
		return prune_store(act, keeper, out_gone, why);
	act_await(act, NULL, run_prune, &pruning);
	*out_gone = pruning.gone;
	*why = pruning.why;
	return pruning.status;
}
