#include "deploy/main/recovery/restore.h"

#include <stdio.h>

#include "datastore/table/table.h"
#include "deploy/cluster/secret-file.h"

#define FORGOTTEN STR("/troupe/") /* what a cluster keeps of its machines and join tokens */

/* Its revisions begin above all that the backup has seen, also of what is taken back. */
static enum status adopt(const struct seams_files *files, const char *table,
			 const struct table_point *at, struct restored *restored,
			 struct arena *arena, struct fault *why)
{
	struct table_contents contents;
	struct table_mark mark;

	TRY(table_examine(files, backup_random(), table, arena, &contents, why));
	mark = restore_folder_mark(contents.mark.revision, contents.mark.chain);
	if (at != NULL) {
		struct table_rewound rewound;

		TRY(table_rewind(files, backup_random(), table, at, arena, &rewound, why));
		restored->contents.revision = rewound.revision;
		snprintf(restored->lost, sizeof restored->lost, STR_FMT, STR_ARG(rewound.lost));
		TRY(table_examine(files, backup_random(), table, arena, &contents, why));
		restored->contents.keys = contents.keys;
	}
	restored->revision = mark.revision;
	return table_adopt(files, backup_random(), table, FORGOTTEN, &mark, why);
}

static enum status run(const struct seams_files *files, const char *path, struct str passphrase,
		       const struct table_point *at, const char *folder, struct arena *arena,
		       struct restored *restored, struct fault *why)
{
	const char *table = restore_folder_table(folder, arena);
	struct pki pki;

	TRY(restore_folder_begin(files, folder, restored->cluster, why));
	TRY(backup_unpack(files, path, passphrase, table, arena, &pki, &restored->contents, why));
	TRY(adopt(files, table, at, restored, arena, why));
	return restore_folder_finish(files, folder, &pki, why);
}

enum status restore_run(const struct seams_files *files, const char *path, struct str passphrase,
			const struct table_point *at, const char *folder, struct restored *out,
			struct fault *why)
{
	struct arena *arena = arena_new(0);
	enum status status = run(files, path, passphrase, at, folder, arena, out, why);

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
				 "what should fill %s was cut short: run that `troupe restore` or "
				 "`troupe import` again",
				 folder);
	TRY(secret_file_read(files, arena_printf(arena, "%s/restored", folder).at, arena, &text,
			     why));
	text = str_trim(text);
	if (text.len == 0 || text.len >= RESTORE_CLUSTER_BYTES)
		return fault_set(why, CORRUPT, "--data-dir",
				 "%s/restored is damaged: begin anew with an empty directory",
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
