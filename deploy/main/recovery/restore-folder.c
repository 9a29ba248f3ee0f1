#include "deploy/main/recovery/restore-folder.h"

#include <stdio.h>

#include "deploy/cluster/secret-file.h"
#include "deploy/main/backup/backup.h"

/* Of the log that is made, the entry by which the state stands. Not the first: libraft takes a log that begins behind that for a whole one,
 * and would send a member that has nothing the entries without the state. */
#define ENTRY 16U
#define TERM 1U

void restore_folder_cluster(char out[RESTORE_CLUSTER_BYTES])
{
	uint64_t number;

	backup_random()->fill(NULL, &number, sizeof number);
	snprintf(out, RESTORE_CLUSTER_BYTES, "%016jx", (uintmax_t)number);
}

struct looking {
	char other[128]; /* something that is in the way; "": nothing */
	bool has_begun;  /* an earlier restore was cut short */
};

static void look_at(void *arg, struct str name)
{
	static const char *const ours[] = { "lock",       "lock-hosts", "run",
					    "lost+found", "restoring",  "restoring.new" };
	struct looking *looking = arg;

	if (str_is(name, "restoring"))
		looking->has_begun = true;
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		if (str_is(name, ours[i]))
			return;
	snprintf(looking->other, sizeof looking->other, STR_FMT, STR_ARG(name));
}

static enum status check_empty(const struct seams_files *files, const char *folder,
			       struct fault *why)
{
	struct looking looking = { .has_begun = false };
	enum status status = files->list(files->self, folder, look_at, &looking);

	if (status != OK)
		return fault_set(why, status, "--data-dir", "%s: %s", folder, status_text(status));
	if (looking.other[0] != '\0' && !looking.has_begun)
		return fault_set(why, CONFLICT, "--data-dir",
				 "%s is not empty (%s is in it): say another --data-dir, or move "
				 "that one away",
				 folder, looking.other);
	return OK;
}

static enum status make_folder(const struct seams_files *files, const char *path, struct fault *why)
{
	enum status status = files->mkdir(files->self, path, 0700);

	return status == OK || status == EXISTS
		   ? OK
		   : fault_set(why, status, "--data-dir", "%s cannot be made: %s", path,
			       status_text(status));
}

static enum status settle(const struct seams_files *files, const char *folder, struct fault *why)
{
	return secret_file_settle(files, folder, why);
}

/* ---- the steps --------------------------------------------------------------------------------------------------- */

const char *restore_folder_table(const char *folder, struct arena *arena)
{
	return arena_printf(arena, "%s/store/table.db", folder).at;
}

struct table_mark restore_folder_mark(uint64_t revision, uint64_t chain)
{
	return (struct table_mark){ .revision = revision + RESTORE_REVISIONS,
				    .compact_revision = revision + RESTORE_REVISIONS,
				    .chain = chain,
				    .applied_index = ENTRY,
				    .applied_term = TERM };
}

static enum status begin(const struct seams_files *files, const char *folder, struct arena *arena,
			 const char *cluster, struct fault *why)
{
	TRY(check_empty(files, folder, why));
	TRY(secret_file_write(files, arena_printf(arena, "%s/restoring", folder).at,
			      str_from(cluster), why));
	TRY(settle(files, folder, why));
	return make_folder(files, arena_printf(arena, "%s/store", folder).at, why);
}

enum status restore_folder_begin(const struct seams_files *files, const char *folder,
				 char out_cluster[RESTORE_CLUSTER_BYTES], struct fault *why)
{
	struct arena *arena = arena_new(0);
	enum status status;

	restore_folder_cluster(out_cluster);
	status = begin(files, folder, arena, out_cluster, why);
	arena_free(arena);
	return status;
}

static enum status finish(const struct seams_files *files, const char *folder,
			  const struct pki *pki, struct arena *arena, struct fault *why)
{
	const char *done = arena_printf(arena, "%s/restored", folder).at;
	enum status status;

	TRY(settle(files, arena_printf(arena, "%s/store", folder).at, why));
	TRY(pki_save(files, arena_printf(arena, "%s/pki", folder).at, pki, why));
	status = files->rename(files->self, arena_printf(arena, "%s/restoring", folder).at, done);
	if (status != OK)
		return fault_set(why, status, "--data-dir", "%s cannot be made: %s", done,
				 status_text(status));
	return settle(files, folder, why);
}

enum status restore_folder_finish(const struct seams_files *files, const char *folder,
				  const struct pki *pki, struct fault *why)
{
	struct arena *arena = arena_new(0);
	enum status status = finish(files, folder, pki, arena, why);

	arena_free(arena);
	return status;
}
