#include "deploy/main/recovery/verb-restore.h"

#include <stdio.h>

#include "deploy/main/backup/passphrase.h"
#include "deploy/main/command/data-dir.h"
#include "deploy/main/recovery/restore.h"
#include "runtime/loop/loop.h"

static enum status restore(const struct command_line *line, struct str passphrase,
			   struct data_dir *dir, struct restored *out, struct fault *why)
{
	const char *path = line->arguments[0];
	struct seams_stat stat;
	enum status status = loop_files()->stat(loop_files()->self, path, &stat);

	/* Before a directory is made for nothing. */
	if (status != OK)
		return fault_set(why, status, "", "%s: %s", path, status_text(status));
	TRY(data_dir_find(command_text(line, "data-dir"), dir, why));
	TRY(data_dir_open(dir, why));
	status = restore_run(loop_files(), path, passphrase, dir->path, out, why);
	data_dir_close(dir);
	return status;
}

int verb_restore(const struct command_line *line)
{
	struct arena *arena = arena_new(0);
	struct str passphrase = STR_NONE;
	struct restored restored;
	struct fault why = { 0 };
	struct data_dir dir;
	char made[TIME_TEXT];
	enum status status =
	    passphrase_read(command_text(line, "passphrase-file"), arena, &passphrase, &why);

	if (status == OK)
		status = restore(line, passphrase, &dir, &restored, &why);
	arena_free(arena);
	if (status != OK)
		return command_failed("restore: %s", why.text);
	printf("%s: the state of cluster %s at " STR_FMT
	       " (revision %ju, %ju keys) as that of a new cluster %s, from revision %ju on; begin "
	       "it with: troupe up --data-dir %s\n",
	       dir.path, restored.contents.cluster,
	       STR_ARG(time_print(restored.contents.made, made)),
	       (uintmax_t)restored.contents.revision, (uintmax_t)restored.contents.keys,
	       restored.cluster, (uintmax_t)restored.revision, dir.path);
	return EXIT_DONE;
}
