/*
 * Small files that only their owner may read, replaced in one step.
 *
 * Through the seam of files, so it blocks. Whoever reads sees the old or the new contents, never a part; after a crash too.
 */
#ifndef DEPLOY_CLUSTER_SECRET_FILE_H
#define DEPLOY_CLUSTER_SECRET_FILE_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

#define SECRET_FILE_PATH_MAX 1024U
#define SECRET_FILE_MAX (256U * KIB)

/* NOT_FOUND without words; TOO_LARGE. */
MUST_USE enum status secret_file_read(const struct seams_files *files, const char *path,
				      struct arena *arena, struct str *out, struct fault *why);
/* Written beside it (0600), synced, renamed. The folder is synced by the caller, once for several: secret_file_settle. */
MUST_USE enum status secret_file_write(const struct seams_files *files, const char *path,
				       struct str contents, struct fault *why);
/* The same without waiting for the disk: for what is written again whenever it is needed, since a power failure may take it. */
MUST_USE enum status secret_file_show(const struct seams_files *files, const char *path,
				      struct str contents, struct fault *why);
MUST_USE enum status secret_file_settle(const struct seams_files *files, const char *folder,
					struct fault *why);

/* The same in two steps, for several files: all are begun before the first is finished, so that they wait for the disk together. */
struct secret_file {
	struct seams_file *file;
	char path[SECRET_FILE_PATH_MAX];
};

MUST_USE enum status secret_file_begin(const struct seams_files *files, const char *path,
				       struct str contents, struct secret_file *out,
				       struct fault *why);
MUST_USE enum status secret_file_finish(const struct seams_files *files, struct secret_file *file,
					struct fault *why);
/* Instead of finishing it: what was there stays. */
void secret_file_drop(const struct seams_files *files, struct secret_file *file);

#endif
