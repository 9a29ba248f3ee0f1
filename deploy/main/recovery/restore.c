#include "deploy/main/recovery/restore.h"

#include <stdio.h>

#include "datastore/table/table.h"
#include "deploy/cluster/secret-file.h"

/* Of the log that is made, the entry by which the state stands. Not the first: libraft takes a log that begins behind that for a whole one,
 * and would send a member that has nothing the entries without the state. */
#define ENTRY 16U
#define TERM 1U
#define FORGOTTEN STR("/troupe/") /* what a cluster keeps of its machines and join tokens */

static void new_cluster(char out[RESTORE_CLUSTER_BYTES])
{
	uint64_t number;

	backup_random()->fill(NULL, &number, sizeof number);
	snprintf(out, RESTORE_CLUSTER_BYTES, "%016jx", (uintmax_t)number);
}

/* ---- the directory ------------------------------------------------------------------------------------------- */

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
				 "%s is not empty (%s is in it); a backup is restored into an "
				 "empty directory: say another --data-dir, or move that one away",
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

/* ---- what goes into it ------------------------------------------------------------------------------------------ */

static enum status adopt(const struct seams_files *files, const char *table,
			 struct restored *restored, struct arena *arena, struct fault *why)
{
	struct table_contents contents;
	struct table_mark mark;

	TRY(table_examine(files, backup_random(), table, arena, &contents, why));
	restored->revision = contents.mark.revision + RESTORE_REVISIONS;
	mark = (struct table_mark){ .revision = restored->revision,
				    .compact_revision = restored->revision,
				    .chain = contents.mark.chain,
				    .applied_index = ENTRY,
				    .applied_term = TERM };
	return table_adopt(files, backup_random(), table, FORGOTTEN, &mark, why);
}

static enum status fill(const struct seams_files *files, const char *path, struct str passphrase,
			const char *folder, struct arena *arena, struct restored *restored,
			struct fault *why)
{
	const char *store = arena_printf(arena, "%s/store", folder).at;
	const char *table = arena_printf(arena, "%s/table.db", store).at;
	struct pki pki;

	TRY(make_folder(files, store, why));
	TRY(backup_unpack(files, path, passphrase, table, arena, &pki, &restored->contents, why));
	TRY(adopt(files, table, restored, arena, why));
	TRY(settle(files, store, why));
	return pki_save(files, arena_printf(arena, "%s/pki", folder).at, &pki, why);
}

static enum status run(const struct seams_files *files, const char *path, struct str passphrase,
		       const char *folder, struct arena *arena, struct restored *restored,
		       struct fault *why)
{
	const char *begun = arena_printf(arena, "%s/restoring", folder).at;
	const char *done = arena_printf(arena, "%s/restored", folder).at;
	enum status status;

	TRY(check_empty(files, folder, why));
	new_cluster(restored->cluster);
	TRY(secret_file_write(files, begun, str_from(restored->cluster), why));
	TRY(settle(files, folder, why));
	TRY(fill(files, path, passphrase, folder, arena, restored, why));
	status = files->rename(files->self, begun, done);
	if (status != OK)
		return fault_set(why, status, "--data-dir", "%s cannot be made: %s", done,
				 status_text(status));
	return settle(files, folder, why);
}

enum status restore_run(const struct seams_files *files, const char *path, struct str passphrase,
			const char *folder, struct restored *out, struct fault *why)
{
	struct arena *arena = arena_new(0);
	enum status status = run(files, path, passphrase, folder, arena, out, why);

	arena_free(arena);
	return status;
}

static enum status read_id(const struct seams_files *files, const char *folder, struct arena *arena,
			   char out_cluster[RESTORE_CLUSTER_BYTES], struct fault *why)
{
	struct seams_stat stat;
	struct str text;

	if (files->stat(files->self, arena_printf(arena, "%s/restoring", folder).at, &stat) == OK)
		return fault_set(why, INVALID, "--data-dir",
				 "a restore into %s was cut short: run `troupe restore` again",
				 folder);
	TRY(secret_file_read(files, arena_printf(arena, "%s/restored", folder).at, arena, &text,
			     why));
	text = str_trim(text);
	if (text.len == 0 || text.len >= RESTORE_CLUSTER_BYTES)
		return fault_set(why, CORRUPT, "--data-dir",
				 "%s/restored is damaged: run `troupe restore` anew, into an empty "
				 "directory",
				 folder);
	snprintf(out_cluster, RESTORE_CLUSTER_BYTES, STR_FMT, STR_ARG(text));
	return OK;
}

enum status restore_read(const struct seams_files *files, const char *folder,
			 char out_cluster[RESTORE_CLUSTER_BYTES], struct fault *why)
{
	struct arena *arena = arena_new(0);
	enum status status = read_id(files, folder, arena, out_cluster, why);

	arena_free(arena);
	return status;
}
