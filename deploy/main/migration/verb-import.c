#include "deploy/main/migration/verb-import.h"

#include <stdio.h>

#include "deploy/main/command/data-dir.h"
#include "deploy/main/migration/import.h"
#include "runtime/loop/loop.h"

static void tell_survey(const char *path, const struct source *source, const struct survey *survey)
{
	struct text out = text_new(4 * MIB);

	survey_print(survey, &out);
	printf("%s: %s at revision %ju; %ju keys of Kubernetes, %ju bytes\n" STR_FMT, path,
	       source_what(source), (uintmax_t)source_revision(source), (uintmax_t)survey->keys,
	       (uintmax_t)survey->bytes, STR_ARG(text_str(&out)));
	text_fini(&out);
}

static void tell_keys(const struct command_line *line)
{
	const char *folder = command_text(line, "ca-dir");

	if (folder == NULL)
		printf("certificates of the old cluster are of no use here, since its authority "
		       "was left behind (--ca-dir DIR takes it over)\n");
	if (folder == NULL && command_text(line, "service-account-key") == NULL)
		printf("tokens of service accounts from the old cluster are of no use here, since "
		       "their key was left behind (--service-account-key FILE takes it over)\n");
}

static enum status make(const struct command_line *line, struct source *source, struct arena *arena,
			struct fault *why)
{
	struct imported imported;
	struct data_dir dir;
	struct pki pki;
	enum status status;

	TRY(import_keys(loop_files(), command_text(line, "service-account-key"),
			command_text(line, "ca-dir"), loop_clock()->wall(loop_clock()->self), arena,
			&pki, why));
	TRY(data_dir_find(command_text(line, "data-dir"), &dir, why));
	TRY(data_dir_open(&dir, why));
	status = import_run(loop_files(), source, &pki, dir.path, &imported, why);
	data_dir_close(&dir);
	if (status != OK)
		return status;
	tell_keys(line);
	printf("%s: all of it as the state of a new cluster %s, from revision %ju on; begin it "
	       "with: troupe up --data-dir %s\n",
	       dir.path, imported.cluster, (uintmax_t)imported.revision, dir.path);
	return OK;
}

static enum status import(const struct command_line *line, struct source *source,
			  struct survey *survey, struct arena *arena, struct fault *why)
{
	TRY(import_survey(source, survey, why));
	tell_survey(line->arguments[0], source, survey);
	TRY(survey_judge(survey, why));
	if (command_flag(line, "dry-run")) {
		printf("nothing was written\n");
		return OK;
	}
	return make(line, source, arena, why);
}

int verb_import(const struct command_line *line)
{
	struct arena *arena = arena_new(0);
	struct survey survey = survey_new(arena);
	struct source *source = NULL;
	struct fault why = { 0 };
	const struct remote_keys keys = { command_text(line, "ca"), command_text(line, "cert"),
					  command_text(line, "key") };
	enum status status = source_open(loop_files(), line->arguments[0], &keys, &source, &why);

	if (status == OK)
		status = import(line, source, &survey, arena, &why);
	source_close(source);
	survey_fini(&survey);
	arena_free(arena);
	return status == OK ? EXIT_DONE : command_failed("import: %s", why.text);
}
