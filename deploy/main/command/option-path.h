/*
 * A path that an option was given, from the root: other processes that are told it stand elsewhere.
 */
#ifndef DEPLOY_MAIN_COMMAND_OPTION_PATH_H
#define DEPLOY_MAIN_COMMAND_OPTION_PATH_H

#include "runtime/base/base.h"

/* BAD_REQUEST, IO with words that name the option. The text is the arena's. */
MUST_USE enum status option_path(const char *given, const char *option, struct arena *arena,
				 const char **out, struct fault *why);

#endif
