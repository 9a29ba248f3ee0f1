/*
 * Objects in an S3-compatible store: put, got, listed, removed, from a task of an actor.
 *
 * Every request is signed (s3-sign.h) and has a limit of time; what the server refuses comes as its own words. A file goes in parts of
 * S3_PART_BYTES, of which one is in memory, read and digested off the loop; it is there as a whole or not at all. Names are below the
 * place's prefix.
 */
#ifndef DEPLOY_MAIN_BACKUP_S3_H
#define DEPLOY_MAIN_BACKUP_S3_H

#include "deploy/main/backup/s3-place.h"
#include "runtime/actor/act.h"
#include "runtime/actor/seams.h"

#define S3_PART_BYTES (5U * MIB) /* the least that a part may have, but for the last */
#define S3_PARTS_MAX 10000U
#define S3_LIST_MAX 20000U /* names that are looked at */

struct s3 {
	struct act *act;
	struct act_ref client;
	const struct s3_place *place;
};

/* Makes the client, a child of the running actor. The place is borrowed. */
MUST_USE enum status s3_open(struct act *act, const struct s3_place *place, struct s3 *out,
			     struct fault *why);

MUST_USE enum status s3_put_file(struct s3 *s3, const char *name, const char *path,
				 struct fault *why);
/* What was at `path` is replaced; on failure nothing is left there. */
MUST_USE enum status s3_get_file(struct s3 *s3, const char *name, const char *path,
				 struct fault *why);
/* Of each object whose name begins so, below the prefix: name and size. Good for the call. */
typedef void s3_each(void *arg, struct str name, uint64_t size_bytes);
MUST_USE enum status s3_list(struct s3 *s3, const char *begin, s3_each *each, void *arg,
			     struct fault *why);
/* OK also if there was none. */
MUST_USE enum status s3_delete(struct s3 *s3, const char *name, struct fault *why);

#endif
