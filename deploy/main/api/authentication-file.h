/*
 * --authentication-config, --oidc-* and --anonymous-auth: whose tokens are taken, and who may come without a credential.
 *
 * The file is read again when it changes, and its issuers then are those that count; `anonymous` counts as it was at the start, as upstream's does.
 */
#ifndef DEPLOY_MAIN_API_AUTHENTICATION_FILE_H
#define DEPLOY_MAIN_API_AUTHENTICATION_FILE_H

#include "actors/authentication/issuer.h"
#include "actors/server/server.h"
#include "deploy/main/api/file/reload.h"
#include "deploy/main/command/command.h"

struct anonymous_setting {
	bool is_bounded;
	struct anonymous_options options;
};

struct authentication_file {
	struct str_list own;       /* issuers: nobody else is called so; set before it is loaded */
	struct issuers issuers;    /* the mechanism's; `set` NULL: no option was given */
	struct reload_args reload; /* `path` NULL: there is no file */
	struct anonymous_setting anonymous;
	struct arena *arena; /* of the set that counts, once the first was replaced */
};

/* Both a file and what it would say as options are BAD_REQUEST. What it says first is the arena's. Blocks. */
MUST_USE enum status authentication_file_load(struct authentication_file *file,
					      const struct command_line *line, struct arena *arena,
					      struct fault *why);

#endif
