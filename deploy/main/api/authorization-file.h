/*
 * --authorization-config: an AuthorizationConfiguration, whose authorizers are asked in its order. It is read again when it changes.
 *
 * Of types Webhook (several), Node, RBAC, AlwaysAllow and AlwaysDeny are known. A webhook is found by a kubeconfig, which is read with the file.
 */
#ifndef DEPLOY_MAIN_API_AUTHORIZATION_FILE_H
#define DEPLOY_MAIN_API_AUTHORIZATION_FILE_H

#include "actors/authorization/authorizer.h"
#include "deploy/main/api/file/reload.h"

struct authorization_file {
	const struct authorizer_set *rights; /* that counts now */
	struct reload_args reload;           /* `path` NULL: there is no file */
	struct arena *arena;                 /* of what counts, once the first was replaced */
};

/* What it says first is the arena's. Blocks. */
MUST_USE enum status authorization_file_load(struct authorization_file *file, const char *path,
					     struct metrics *metrics, struct arena *arena,
					     struct fault *why);

#endif
