/*
 * A kubeconfig that says where a webhook is: the server and its authority, of the current context.
 *
 * A certificate or a token of our own is not shown to it, and a file that names one is refused with words.
 */
#ifndef DEPLOY_MAIN_API_FILE_KUBECONFIG_FILE_H
#define DEPLOY_MAIN_API_FILE_KUBECONFIG_FILE_H

#include "actors/client/outside.h"

/* All of it is the arena's. Blocks. */
MUST_USE enum status kubeconfig_file_load(const char *path, struct arena *arena,
					  struct outside_place *out, struct fault *why);

#endif
