#include "deploy/main/recovery/verb-restore.h"

#include <stdio.h>
#include <stdlib.h>

#include "deploy/main/backup/passphrase.h"
#include "deploy/main/backup/s3-run.h"
#include "deploy/main/command/data-dir.h"
#include "deploy/main/recovery/restore.h"
#include "runtime/loop/loop.h"
#include "transport/tls/context.h"

static enum status restore(const struct command_line *line, const char *path, struct str passphrase,
			   struct data_dir *dir, struct restored *out, struct fault *why)
{
	struct table_point at;
	bool is_at;
	struct seams_stat stat;
	enum status status = loop_files()->stat(loop_files()->self, path, &stat);

	TRY(point_read(command_text(line, "at"), &at, &is_at, why));
	/* Before a directory is made for nothing. */
	if (status != OK)
		return fault_set(why, status, "", "%s: %s", path, status_text(status));
	TRY(data_dir_find(command_text(line, "data-dir"), dir, why));
	TRY(data_dir_open(dir, why));
	status =
	    restore_run(loop_files(), path, passphrase, is_at ? &at : NULL, dir->path, out, why);
	data_dir_close(dir);
	return status;
}

/* One that is kept elsewhere comes here first. */
static enum status fetch(const struct command_line *line, struct arena *arena, const char **out,
			 struct fault *why)
{
	const char *folder = getenv("TMPDIR"), *name;
	struct s3_place place = { .tls = NULL };
	uint64_t number;
	enum status status = s3_object(line, line->arguments[0], arena, &place, &name, why);

	backup_random()->fill(NULL, &number, sizeof number);
	*out = arena_printf(arena, "%s/troupe-backup-%016jx",
			    folder != NULL && folder[0] == '/' ? folder : "/tmp", (uintmax_t)number)
		   .at;
	if (status == OK)
		status = s3_run_get(&place, name, *out, why);
	tls_context_unref(place.tls);
	return status;
}

int verb_restore(const struct command_line *line)
{
	struct arena *arena = arena_new(0);
	struct str passphrase = STR_NONE;
	struct restored restored = { .lost = "" };
	struct fault why = { 0 };
	struct data_dir dir;
	char made[TIME_TEXT];
	enum status status =
	    passphrase_read(command_text(line, "passphrase-file"), arena, &passphrase, &why);

	const char *path = line->arguments[0];
	bool is_elsewhere = s3_is_place(path);

	if (status == OK && is_elsewhere)
		status = fetch(line, arena, &path, &why);
	if (status == OK)
		status = restore(line, path, passphrase, &dir, &restored, &why);
	if (is_elsewhere && path != line->arguments[0])
		(void)loop_files()->unlink(loop_files()->self, path);
	arena_free(arena);
	if (status != OK)
		return command_failed("restore: %s", why.text);
	printf("%s: the state of cluster %s at revision %ju (%ju keys), out of a backup "
	       "of " STR_FMT ", as that of a new cluster %s, from revision %ju on; begin it with: "
	       "troupe up --data-dir %s\n",
	       dir.path, restored.contents.cluster, (uintmax_t)restored.contents.revision,
	       (uintmax_t)restored.contents.keys, STR_ARG(time_print(restored.contents.made, made)),
	       restored.cluster, (uintmax_t)restored.revision, dir.path);
	point_tell_lost(restored.lost);
	return EXIT_DONE;
}
