/* How a verb asks the keeper of the node on this machine (keeper.h). */
#ifndef DEPLOY_MAIN_RECOVERY_KEEPER_ASK_H
#define DEPLOY_MAIN_RECOVERY_KEEPER_ASK_H

#include "deploy/main/recovery/keeper.h"

/* A consistent copy of its database; `is_stale`: without asking a majority. NOT_FOUND with words: no node runs on that directory. */
MUST_USE enum status keeper_ask_copy(const struct data_dir *dir, bool is_stale, struct arena *arena,
				     struct keeper_copy *out, struct fault *why);

#endif
