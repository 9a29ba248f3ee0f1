/*
 * One object of an S3-compatible store, for a verb: a loop of its own until it is there or here. Only a program's main thread calls it.
 */
#ifndef DEPLOY_MAIN_BACKUP_S3_RUN_H
#define DEPLOY_MAIN_BACKUP_S3_RUN_H

#include "deploy/main/backup/s3-place.h"
#include "deploy/main/command/command.h"

/* What `s3://bucket/a/b/name` and the command's S3_OPTIONS say; *out_name is the last part. */
MUST_USE enum status s3_object(const struct command_line *line, const char *url, struct arena *arena,
			       struct s3_place *out, const char **out_name, struct fault *why);

MUST_USE enum status s3_run_put(const struct s3_place *place, const char *name, const char *path,
				struct fault *why);
MUST_USE enum status s3_run_get(const struct s3_place *place, const char *name, const char *path,
				struct fault *why);

#endif
