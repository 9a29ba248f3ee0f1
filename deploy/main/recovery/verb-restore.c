#include "deploy/main/recovery/verb-restore.h"

#include <stdio.h>

#include "deploy/main/backup/passphrase.h"
#include "deploy/main/command/data-dir.h"
#include "deploy/main/recovery/restore.h"
#include "runtime/loop/loop.h"

/* A revision, or a time. *out_is_given false: neither was said. */
static enum status read_point(const char *text, struct table_point *out, bool *out_is_given,
			      struct fault *why)
{
	struct wall at;

	*out = (struct table_point){ 0 };
	*out_is_given = text != NULL;
	if (text == NULL || (str_to_u64(str_from(text), &out->revision) == OK && out->revision > 0))
		return OK;
	if (time_parse(str_from(text), &at) != OK)
		return fault_set(why, BAD_REQUEST, "--at",
				 "--at wants a revision, or a time such as 2026-11-27T08:30:00Z");
	out->at_s = at.ns / TIME_S;
	return OK;
}

static enum status restore(const struct command_line *line, struct str passphrase,
			   struct data_dir *dir, struct restored *out, struct fault *why)
{
	struct table_point at;
	bool is_at;
	const char *path = line->arguments[0];
	struct seams_stat stat;
	enum status status = loop_files()->stat(loop_files()->self, path, &stat);

	TRY(read_point(command_text(line, "at"), &at, &is_at, why));
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
