#include "deploy/main/recovery/verb-backup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deploy/main/backup/backup.h"
#include "deploy/main/backup/bundle.h"
#include "deploy/main/backup/passphrase.h"
#include "deploy/main/backup/s3-run.h"
#include "deploy/main/command/ask.h"
#include "deploy/main/recovery/keeper-ask.h"
#include "deploy/main/recovery/point.h"
#include "runtime/loop/loop.h"

static int failed(const struct command_line *line, const struct fault *why)
{
	return command_failed("%s: %s", line->command->name, why->text);
}

static enum status find_path(const char *given, char out[BACKUP_PATH_MAX], struct fault *why)
{
	char here[BACKUP_PATH_MAX / 2];
	int n;

	if (given[0] == '/')
		n = snprintf(out, BACKUP_PATH_MAX, "%s", given);
	else if (getcwd(here, sizeof here) != NULL)
		n = snprintf(out, BACKUP_PATH_MAX, "%s/%s", here, given);
	else
		return fault_set(why, IO, "", "cannot say where we are: %s", strerror(errno));
	if (n < 0 || n >= (int)BACKUP_PATH_MAX)
		return fault_set(why, BAD_REQUEST, "", "the path is too long");
	return OK;
}

/* What a backup is found to have in it; `lost` as that of struct table_rewound. */
struct made {
	struct backup_contents contents;
	struct str lost;
};

/* ---- making ------------------------------------------------------------------------------------------------------ */

static enum status write_backup(const struct data_dir *dir, const struct keeper_copy *copy,
				const char *path, struct str passphrase, struct arena *arena,
				struct backup_contents *contents, struct fault *why)
{
	struct node_identity identity;
	struct pki pki;

	TRY(data_dir_read_identity(loop_files(), dir, &identity, why));
	TRY(pki_load(loop_files(), arena_printf(arena, "%s/pki", dir->path).at, arena, &pki, why));
	if (pki.ca.key_pem.at == NULL)
		return fault_set(why, FORBIDDEN, "",
				 "this node is a worker and has no keys of the cluster: make the "
				 "backup on a control-plane node");
	snprintf(contents->cluster, sizeof contents->cluster, "%s", identity.cluster);
	snprintf(contents->node, sizeof contents->node, "%s", identity.name);
	contents->made = loop_clock()->wall(loop_clock()->self);
	contents->revision = copy->revision;
	contents->keys = copy->keys;
	return backup_write(loop_files(), path, passphrase, copy->path, &pki, contents, why);
}

/* The copy, which is ours alone, as it was at an earlier moment. */
static enum status take_back(struct keeper_copy *copy, const struct table_point *at,
			     struct arena *arena, struct str *lost, struct fault *why)
{
	struct table_rewound rewound;
	struct table_contents contents;

	TRY(table_rewind(loop_files(), backup_random(), copy->path, at, arena, &rewound, why));
	TRY(table_examine(loop_files(), backup_random(), copy->path, arena, &contents, why));
	copy->revision = rewound.revision;
	copy->keys = contents.keys;
	*lost = rewound.lost;
	return OK;
}

static enum status make(const struct command_line *line, const char *path, struct str passphrase,
			struct arena *arena, struct made *made, struct fault *why)
{
	struct backup_contents *contents = &made->contents;
	struct keeper_copy copy;
	struct table_point at;
	struct data_dir dir;
	bool is_at;
	enum status status = OK;

	TRY(point_read(command_text(line, "at"), &at, &is_at, why));
	TRY(data_dir_find(command_text(line, "data-dir"), &dir, why));
	TRY(keeper_ask_copy(&dir, command_flag(line, "stale"), arena, &copy, why));
	if (is_at)
		status = take_back(&copy, &at, arena, &made->lost, why);
	if (status == OK)
		status = write_backup(&dir, &copy, path, passphrase, arena, contents, why);
	(void)loop_files()->unlink(loop_files()->self, copy.path);
	return status;
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

static enum status look(const char *path, struct str passphrase, struct arena *arena,
			struct backup_contents *contents, bool *out_is_encrypted, struct fault *why)
{
	const char *folder = getenv("TMPDIR");
	uint64_t number;

	TRY(bundle_check(loop_files(), path, out_is_encrypted, why));
	if (*out_is_encrypted && passphrase.at == NULL)
		return OK;
	backup_random()->fill(NULL, &number, sizeof number);
	return backup_try(loop_files(), path, passphrase,
			  arena_printf(arena, "%s/troupe-trial-%016jx",
				       folder != NULL && folder[0] == '/' ? folder : "/tmp",
				       (uintmax_t)number)
			      .at,
			  contents, why);
}

static void tell(const char *path, const struct backup_contents *contents, bool is_encrypted)
{
	char made[TIME_TEXT];

	printf("%s: cluster %s as node %s knew it at " STR_FMT
	       ": revision %ju, %ju keys; tried and whole%s\n",
	       path, contents->cluster, contents->node, STR_ARG(time_print(contents->made, made)),
	       (uintmax_t)contents->revision, (uintmax_t)contents->keys,
	       is_encrypted ? ", encrypted" : "");
}

/* ---- in a store elsewhere ----------------------------------------------------------------------------------------- */

/* What is made for it, or came from it, lies here meanwhile. */
static const char *scratch_path(struct arena *arena)
{
	const char *folder = getenv("TMPDIR");
	uint64_t number;

	backup_random()->fill(NULL, &number, sizeof number);
	return arena_printf(arena, "%s/troupe-backup-%016jx",
			    folder != NULL && folder[0] == '/' ? folder : "/tmp", (uintmax_t)number)
	    .at;
}

/* Sent, and what comes back is tried: only then it is one. */
static enum status make_there(const struct command_line *line, const struct s3_place *place,
			      const char *name, struct str passphrase, struct arena *arena,
			      struct made *made, struct fault *why)
{
	const char *path = scratch_path(arena);
	bool is_encrypted;
	enum status status = make(line, path, passphrase, arena, made, why);

	if (status == OK)
		status = s3_run_put(place, name, path, why);
	if (status == OK)
		status = s3_run_get(place, name, path, why);
	if (status == OK)
		status = look(path, passphrase, arena, &made->contents, &is_encrypted, why);
	(void)loop_files()->unlink(loop_files()->self, path);
	return status;
}

static enum status look_there(const struct s3_place *place, const char *name, struct str passphrase,
			      struct arena *arena, struct backup_contents *contents,
			      bool *out_is_encrypted, struct fault *why)
{
	const char *path = scratch_path(arena);
	enum status status = s3_run_get(place, name, path, why);

	if (status == OK)
		status = look(path, passphrase, arena, contents, out_is_encrypted, why);
	(void)loop_files()->unlink(loop_files()->self, path);
	return status;
}

/* ---- those of the clock ------------------------------------------------------------------------------------------- */

static int list(const struct command_line *line)
{
	struct arena *arena = arena_new(0);
	struct answered answer = { 0 };
	struct fault why = { 0 };
	struct data_dir dir;
	enum status status = data_dir_find(command_text(line, "data-dir"), &dir, &why);

	if (status == OK)
		status = ask_node(&dir, "GET", KEEPER_PLACE "backups", STR_NONE, KEEPER_COPY_MS,
				  arena, &answer, &why);
	if (status == OK)
		status = ask_judge(&answer, &why);
	if (status == OK)
		printf(STR_FMT, STR_ARG(answer.body));
	arena_free(arena);
	return status == OK ? EXIT_DONE : failed(line, &why);
}

static int back_up(const struct command_line *line)
{
	struct arena *arena = arena_new(0);
	struct made made = { .lost = STR("") };
	struct str passphrase = STR_NONE;
	struct fault why = { 0 };
	char path[BACKUP_PATH_MAX];
	const char *name = NULL;
	struct s3_place place = { .tls = NULL };
	bool is_encrypted = false, is_check = command_flag(line, "check");
	enum status status = s3_is_place(line->arguments[0])
				 ? s3_object(line, line->arguments[0], arena, &place, &name, &why)
				 : find_path(line->arguments[0], path, &why);

	if (name != NULL)
		snprintf(path, sizeof path, "%s", line->arguments[0]);
	if (status == OK)
		status = passphrase_read(command_text(line, "passphrase-file"), arena, &passphrase,
					 &why);
	if (status == OK && name != NULL && is_check)
		status = look_there(&place, name, passphrase, arena, &made.contents, &is_encrypted,
				    &why);
	else if (status == OK && name != NULL)
		status = make_there(line, &place, name, passphrase, arena, &made, &why);
	else if (status == OK && is_check)
		status = look(path, passphrase, arena, &made.contents, &is_encrypted, &why);
	else if (status == OK)
		status = make(line, path, passphrase, arena, &made, &why);
	if (status == OK && made.contents.revision > 0)
		tell(path, &made.contents, is_encrypted || passphrase.at != NULL);
	else if (status == OK)
		printf("%s: as it was written; --passphrase-file FILE looks into it\n", path);
	if (status == OK)
		point_tell_lost(arena_str(arena, made.lost).at);
	tls_context_unref(place.tls);
	arena_free(arena);
	return status == OK ? EXIT_DONE : failed(line, &why);
}

int verb_backup(const struct command_line *line)
{
	if (command_flag(line, "list"))
		return list(line);
	if (command_flag(line, "check") && command_text(line, "at") != NULL) {
		command_failed(
		    "backup: --check makes none, so there is no moment for it: leave out "
		    "--at");
		return EXIT_USAGE;
	}
	if (line->argument_count == 0) {
		command_failed("backup: say FILE, where to put it, or --list");
		return EXIT_USAGE;
	}
	return back_up(line);
}
