/*
 * The options of backups by the clock: of `troupe up`, which proves them and hands them on to the core host, which reads them again.
 */
#ifndef DEPLOY_MAIN_BACKUP_SCHEDULE_OPTIONS_H
#define DEPLOY_MAIN_BACKUP_SCHEDULE_OPTIONS_H

#include "deploy/main/backup/s3-options.h"
#include "deploy/main/backup/schedule.h"
#include "deploy/main/command/command.h"

/* For the tables of commands. */
#define SCHEDULE_OPTIONS                                                                        \
	TEXT_OPTION("backup-dir", "DIR|s3://BUCKET/PREFIX",                                     \
		    "backups are made there by the clock, while this node leads",               \
		    .group = "Backups"),                                                        \
	    DURATION_OPTION("backup-every", "6h", "how often"),                                 \
	    NUMBER_OPTION("backup-keep", "N", "8", "so many of the newest; 0: all"),            \
	    DURATION_OPTION("backup-age", "0s", "older ones go, but for the newest; 0s: none"), \
	    TEXT_OPTION("backup-passphrase-file", "PATH", "its first line encrypts them")
#define SCHEDULE_WORDS (10U + S3_OPTIONS_WORDS)

/* BAD_REQUEST with words. Texts are the arena's; paths are made absolute. */
MUST_USE enum status schedule_options(const struct command_line *line, struct arena *arena,
				      struct schedule *out, struct fault *why);
/* Whether backups can be made so now: the folder is there, the passphrase can be read. Blocks. */
MUST_USE enum status schedule_prove(const struct schedule *schedule, struct arena *arena,
				    struct fault *why);
/* The same options as words for another command line; gives how many. */
uint32_t schedule_words(const struct command_line *line, const struct schedule *schedule,
			const char *out[SCHEDULE_WORDS]);

#endif
