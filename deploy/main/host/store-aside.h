/*
 * A member's store is set aside, and its node begins with an empty one: what it had is kept under another name, the last of that name.
 *
 * Through the seam of files, blocking. Cut short anywhere it leaves the old store, or an empty place and an identity that joins.
 */
#ifndef DEPLOY_MAIN_HOST_STORE_ASIDE_H
#define DEPLOY_MAIN_HOST_STORE_ASIDE_H

#include "deploy/main/command/data-dir.h"

/* `identity`: as which it begins anew; `name`: of the folder that is kept. */
MUST_USE enum status store_aside(const struct seams_files *files, const struct data_dir *dir,
				 const struct node_identity *identity, const char *name,
				 struct fault *why);

#endif
