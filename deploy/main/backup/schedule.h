/*
 * Backups by the clock: which file is the next one, whether it is due, which old ones go.
 *
 * A folder holds the backups of one cluster or of several: FOLDER/troupe-<cluster>-<20261127T001122Z>.backup. Only names of this form and
 * of the own cluster are looked at, so whatever else lies there stays. When a backup was made is in its name; nothing else is
 * remembered, so any node that comes to lead goes on where the last one was, if they share the folder.
 *
 * A folder through the seam of files, blocking; what else can list names gives them to schedule_take.
 */
#ifndef DEPLOY_MAIN_BACKUP_SCHEDULE_H
#define DEPLOY_MAIN_BACKUP_SCHEDULE_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

#define SCHEDULE_NAME_MAX 128U
#define SCHEDULE_KEEP_MAX 10000U

#define SCHEDULE_LIST_MAX (2 * SCHEDULE_KEEP_MAX)

struct s3_place;
struct s3_words;

struct schedule {
	const char *folder;              /* or the URL of `s3`; NULL: no backups by the clock */
	const struct s3_place *s3;       /* NULL: it is a folder */
	const struct s3_words *s3_words; /* as they were given */
	const char *passphrase_file;     /* NULL: they are not encrypted */
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

struct scheduled_one {
	char name[SCHEDULE_NAME_MAX];
	struct wall made;
	uint64_t size_bytes;
};

/* The oldest first. */
struct schedule_list {
	VEC(struct scheduled_one) all;
};

void schedule_name(struct str cluster, struct wall now, char out[SCHEDULE_NAME_MAX]);

/* Takes the name if it is that of a backup of this cluster; an empty list is all zeros. */
void schedule_take(struct schedule_list *list, struct str cluster, struct str name,
		   uint64_t size_bytes);
void schedule_list_fini(struct schedule_list *list);
struct scheduled schedule_judge(const struct schedule *schedule, const struct schedule_list *list,
				struct wall now);
/* Whether that one is too much or too old. */
bool schedule_goes(const struct schedule *schedule, const struct schedule_list *list, uint32_t i,
		   struct wall now);

/* Of a folder. NOT_FOUND, FORBIDDEN, IO with words; owes schedule_list_fini either way. */
MUST_USE enum status schedule_gather(const struct seams_files *files,
				     const struct schedule *schedule, struct str cluster,
				     struct schedule_list *out, struct fault *why);
/* Removes what is to go; gives how many. A file that cannot be removed is tried again the next time. */
MUST_USE enum status schedule_prune(const struct seams_files *files,
				    const struct schedule *schedule, struct str cluster,
				    struct wall now, uint32_t *out_count, struct fault *why);

#endif
