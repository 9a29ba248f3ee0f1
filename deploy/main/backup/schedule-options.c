#include "deploy/main/backup/schedule-options.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "deploy/main/backup/passphrase.h"
#include "runtime/loop/loop.h"

#define EVERY_MIN_MS 1000
#define PATH_BYTES 700U /* a path here and one given */

static enum status make_absolute(const char *given, const char *option, struct arena *arena,
				 const char **out, struct fault *why)
{
	char here[PATH_BYTES];

	if (given[0] == '\0' || strlen(given) >= PATH_BYTES)
		return fault_set(why, BAD_REQUEST, option, "--%s wants a path", option);
	if (given[0] == '/')
		*out = arena_printf(arena, "%s", given).at;
	else if (getcwd(here, sizeof here) != NULL)
		*out = arena_printf(arena, "%s/%s", here, given).at;
	else
		return fault_set(why, IO, option, "cannot say where we are: %s", strerror(errno));
	return OK;
}

enum status schedule_options(const struct command_line *line, struct arena *arena,
			     struct schedule *out, struct fault *why)
{
	const char *folder = command_text(line, "backup-dir");
	const char *passphrase = command_text(line, "backup-passphrase-file");
	int64_t every_ms = command_number(line, "backup-every");
	int64_t keep = command_number(line, "backup-keep");
	int64_t age_ms = command_number(line, "backup-age");

	*out = (struct schedule){ .folder = NULL };
	if (folder == NULL)
		return OK;
	if (every_ms < EVERY_MIN_MS)
		return fault_set(why, BAD_REQUEST, "backup-every",
				 "--backup-every wants a second at least");
	if (keep < 0 || keep > (int64_t)SCHEDULE_KEEP_MAX)
		return fault_set(why, BAD_REQUEST, "backup-keep",
				 "--backup-keep wants a number from 0 to %u", SCHEDULE_KEEP_MAX);
	TRY(make_absolute(folder, "backup-dir", arena, &out->folder, why));
	if (passphrase != NULL)
		TRY(make_absolute(passphrase, "backup-passphrase-file", arena,
				  &out->passphrase_file, why));
	out->every_ms = (uint64_t)every_ms;
	out->keep = (uint32_t)keep;
	out->age_ms = age_ms > 0 ? (uint64_t)age_ms : 0;
	return OK;
}

enum status schedule_prove(const struct schedule *schedule, struct arena *arena, struct fault *why)
{
	struct seams_stat stat;
	struct str passphrase;
	enum status status;

	if (schedule->folder == NULL)
		return OK;
	status = loop_files()->stat(loop_files()->self, schedule->folder, &stat);
	if (status != OK)
		return fault_set(why, status, "--backup-dir", "--backup-dir %s: %s",
				 schedule->folder, status_text(status));
	if (!stat.is_folder)
		return fault_set(why, INVALID, "--backup-dir", "--backup-dir %s is no folder",
				 schedule->folder);
	return passphrase_read(schedule->passphrase_file, arena, &passphrase, why);
}

uint32_t schedule_words(const struct command_line *line, const struct schedule *schedule,
			const char *out[SCHEDULE_WORDS])
{
	uint32_t count = 0;

	if (schedule->folder == NULL)
		return 0;
	out[count++] = "--backup-dir";
	out[count++] = schedule->folder;
	out[count++] = "--backup-every";
	out[count++] = command_text(line, "backup-every");
	out[count++] = "--backup-keep";
	out[count++] = command_text(line, "backup-keep");
	out[count++] = "--backup-age";
	out[count++] = command_text(line, "backup-age");
	if (schedule->passphrase_file != NULL) {
		out[count++] = "--backup-passphrase-file";
		out[count++] = schedule->passphrase_file;
	}
	return count;
}
