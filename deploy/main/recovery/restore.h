/*
 * Restoring: an empty data directory becomes that of a cluster's first node, with the state and authorities of a backup.
 *
 * The steps are those of restore-folder.h. The cluster is a new one: it has another id, by
 * which its links tell it from the one that was, its members have new ids, what it knew of machines and join tokens is forgotten, and
 * its revisions go on far above those of the backup, all compacted: whoever watched the old one lists again and is never told another
 * change by a revision it has seen. Certificates and tokens of service accounts stay good.
 *
 * Through the seam of files, blocking.
 */
#ifndef DEPLOY_MAIN_RECOVERY_RESTORE_H
#define DEPLOY_MAIN_RECOVERY_RESTORE_H

#include "deploy/main/backup/backup.h"
#include "deploy/main/recovery/point.h"
#include "deploy/main/recovery/restore-folder.h"

struct restored {
	struct backup_contents contents; /* of the backup; revision and keys: of what is restored */
	uint64_t revision;               /* at which the new cluster begins */
	char cluster[RESTORE_CLUSTER_BYTES]; /* its id */
	char lost[POINT_LOST_MAX]; /* kinds of which nothing was kept so far back, as words; "": none */
};

/*
 * Whoever calls it holds the directory. CONFLICT: there is something in it. `at`: the state of that point, which must lie in the past that the
 * backup holds (EXPIRED, BAD_REQUEST with words); NULL: the latest.
 */
MUST_USE enum status restore_run(const struct seams_files *files, const char *path,
				 struct str passphrase, const struct table_point *at,
				 const char *folder, struct restored *out, struct fault *why);

/* What `up` asks of a directory without a node. NOT_FOUND: it was not restored. INVALID with words: not all of it is there. */
MUST_USE enum status restore_read(const struct seams_files *files, const char *folder,
				  char out_cluster[RESTORE_CLUSTER_BYTES], struct fault *why);

#endif
