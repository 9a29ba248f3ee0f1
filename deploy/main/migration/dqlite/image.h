/*
 * The database that is put together: pages into a file.
 */
#ifndef DEPLOY_MAIN_MIGRATION_DQLITE_IMAGE_H
#define DEPLOY_MAIN_MIGRATION_DQLITE_IMAGE_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"

struct image {
	const struct seams_files *files;
	struct seams_file *file;
	uint32_t page_bytes; /* 0: not known yet */
	bool is_there;       /* the database that is wanted was met */
};

/* Bytes of a file from `at` on, `len` of them: a snapshot, without compression. */
MUST_USE enum status image_restore(struct image *image, struct seams_file *from, uint64_t len,
				   struct fault *why);
/* One command of the log. */
MUST_USE enum status image_apply(struct image *image, struct str command, struct fault *why);
/* Cuts what lies behind the database's own end. INVALID: there was none. */
MUST_USE enum status image_finish(struct image *image, struct fault *why);

#endif
