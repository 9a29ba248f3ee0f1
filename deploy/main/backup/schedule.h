/*
 * Backups by the clock: which file is the next one, whether it is due, which old ones go.
 *
 * A folder holds the backups of one cluster or of several: FOLDER/troupe-<cluster>-<20261127T001122Z>.backup. Only names of this form and
 * of the own cluster are looked at, so whatever else lies there stays. When a backup was made is in its name; nothing else is
 * remembered, so any node that comes to lead goes on where the last one was, if they share the folder.
 *
 * Through the seam of files, blocking.
 */
#ifndef DEPLOY_MAIN_BACKUP_SCHEDULE_H
#define DEPLOY_MAIN_BACKUP_SCHEDULE_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

#define SCHEDULE_NAME_MAX 128U
#define SCHEDULE_KEEP_MAX 10000U

struct schedule {
	const char *folder;          /* NULL: no backups by the clock */
	const char *passphrase_file; /* NULL: they are not encrypted */
	uint64_t every_ms;
	uint32_t keep;   /* so many of the newest; 0: all */
	uint64_t age_ms; /* older ones go, but for the newest; 0: none does */
};

struct scheduled {
	bool is_due;
	char newest[SCHEDULE_NAME_MAX]; /* "": there is none */
	struct wall made;               /* the newest */
	uint32_t count;
};

void schedule_name(struct str cluster, struct wall now, char out[SCHEDULE_NAME_MAX]);
/* NOT_FOUND, FORBIDDEN, IO with words: of the folder. */
MUST_USE enum status schedule_look(const struct seams_files *files, const struct schedule *schedule,
				   struct str cluster, struct wall now, struct scheduled *out,
				   struct fault *why);
/* Removes what is too much or too old; gives how many. A file that cannot be removed is tried again the next time. */
MUST_USE enum status schedule_prune(const struct seams_files *files,
				    const struct schedule *schedule, struct str cluster,
				    struct wall now, uint32_t *out_count, struct fault *why);

#endif
