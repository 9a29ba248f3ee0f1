#include "deploy/main/backup/schedule-options.h"

#include "deploy/main/backup/passphrase.h"
#include "deploy/main/backup/s3-options.h"
#include "deploy/main/command/option-path.h"
#include "runtime/loop/loop.h"

#define EVERY_MIN_MS 1000

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
	if (s3_is_place(folder)) {
		struct s3_place *place = arena_new_of(arena, struct s3_place);
		struct s3_words *words = arena_new_of(arena, struct s3_words);

		TRY(s3_options(line, folder, arena, words, why));
		TRY(s3_place_read(words, arena, place, why));
		out->folder = folder;
		out->s3 = place;
		out->s3_words = words;
	} else {
		TRY(option_path(folder, "backup-dir", arena, &out->folder, why));
	}
	if (passphrase != NULL)
		TRY(option_path(passphrase, "backup-passphrase-file", arena, &out->passphrase_file,
				why));
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
	if (schedule->s3 != NULL)
		return passphrase_read(schedule->passphrase_file, arena, &passphrase, why);
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
	if (schedule->s3_words != NULL)
		count += s3_options_words(schedule->s3_words, out + count);
	return count;
}
