#include "deploy/main/migration/verb-export.h"

#include <stdio.h>

#include "datastore/log/wal/wal.h"
#include "datastore/table/table.h"
#include "deploy/main/backup/backup.h"
#include "deploy/main/command/data-dir.h"
#include "deploy/main/migration/export.h"
#include "deploy/main/recovery/keeper-ask.h"
#include "deploy/main/recovery/restore-folder.h"
#include "runtime/loop/loop.h"

static enum status export_copy(const struct keeper_copy *copy, const char *path,
			       struct exported *out, struct fault *why)
{
	enum status status = export_write(loop_files(), copy->path, path, out, why);

	(void)loop_files()->unlink(loop_files()->self, copy->path);
	return status;
}

/* ---- one that is stopped: what it wrote last may be in its log only ------------------------------------------------------ */

static uint32_t commands_after(const struct wal_found *found, uint64_t index)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < found->entries.len; i++)
		count += found->entries.at[i]->index > index &&
			 found->entries.at[i]->kind == ENTRY_COMMAND;
	return count;
}

static enum status check_log(const char *folder, uint64_t applied_index, struct fault *why)
{
	struct wal_config config = { .files = loop_files(),
				     .random = backup_random(),
				     .folder = folder,
				     .segment_bytes = LIMIT_LOG_SEGMENT_BYTES };
	struct wal_found found = { .id = 0 };
	struct seams_stat stat;
	struct wal *wal;
	uint32_t missing;

	/* A directory that was restored or imported and never begun has no log. */
	if (loop_files()->stat(loop_files()->self, folder, &stat) == NOT_FOUND)
		return OK;
	TRY(wal_open(&config, &wal, &found, why));
	missing = commands_after(&found, applied_index);
	for (uint32_t i = 0; i < found.entries.len; i++)
		entry_unref(found.entries.at[i]);
	vec_fini(&found.entries);
	wal_close(wal);
	if (missing > 0)
		return fault_set(why, UNAVAILABLE, "",
				 "the node ended before its table had the last %u entries of its "
				 "log: start it (troupe up) and export while it runs",
				 missing);
	return OK;
}

static enum status export_opened(const struct data_dir *dir, const char *path, struct arena *arena,
				 struct exported *out, struct fault *why)
{
	const char *table = restore_folder_table(dir->path, arena);
	struct table_contents contents;

	TRY(table_examine(loop_files(), backup_random(), table, arena, &contents, why));
	TRY(check_log(arena_printf(arena, "%s/store/log", dir->path).at,
		      contents.mark.applied_index, why));
	return export_write(loop_files(), table, path, out, why);
}

static enum status export_stopped(struct data_dir *dir, const char *path, struct arena *arena,
				  struct exported *out, struct fault *why)
{
	struct seams_stat stat;
	enum status status =
	    loop_files()->stat(loop_files()->self, restore_folder_table(dir->path, arena), &stat);

	if (status != OK)
		return fault_set(why, status, "--data-dir",
				 "no node runs on %s, and there is no cluster's state in it",
				 dir->path);
	TRY(data_dir_open(dir, why));
	status = export_opened(dir, path, arena, out, why);
	data_dir_close(dir);
	return status;
}

/* ---- either ---------------------------------------------------------------------------------------------------------------- */

static enum status export_any(const struct command_line *line, struct arena *arena,
			      struct exported *out, struct fault *why)
{
	const char *path = line->arguments[0];
	struct keeper_copy copy;
	struct data_dir dir;
	enum status status;

	TRY(data_dir_find(command_text(line, "data-dir"), &dir, why));
	status = keeper_ask_copy(&dir, command_flag(line, "stale"), arena, &copy, why);
	if (status == NOT_FOUND)
		return export_stopped(&dir, path, arena, out, why);
	return status == OK ? export_copy(&copy, path, out, why) : status;
}

int verb_export(const struct command_line *line)
{
	struct arena *arena = arena_new(0);
	struct exported exported;
	struct fault why = { 0 };
	enum status status = export_any(line, arena, &exported, &why);

	arena_free(arena);
	if (status != OK)
		return command_failed("export: %s: %s", line->arguments[0], why.text);
	printf(
	    "%s: %ju keys of Kubernetes at revision %ju, %ju bytes, read again and whole; make an "
	    "etcd of it with: etcdutl snapshot restore %s --data-dir DIR\n",
	    line->arguments[0], (uintmax_t)exported.keys, (uintmax_t)exported.revision,
	    (uintmax_t)exported.bytes, line->arguments[0]);
	return EXIT_DONE;
}
