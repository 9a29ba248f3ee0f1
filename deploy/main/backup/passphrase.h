/* The passphrase of a backup: the first line of a file that only its owner should be able to read. */
#ifndef DEPLOY_MAIN_BACKUP_PASSPHRASE_H
#define DEPLOY_MAIN_BACKUP_PASSPHRASE_H

#include "runtime/base/base.h"

/* `path` NULL: absent, no passphrase. INVALID: it is empty, or others may read it. Blocks. */
MUST_USE enum status passphrase_read(const char *path, struct arena *arena, struct str *out,
				     struct fault *why);

#endif
