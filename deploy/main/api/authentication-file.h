/*
 * --anonymous-auth and --authentication-config: who may come without a credential.
 *
 * Of an AuthenticationConfiguration `anonymous` is known; one that has `jwt` is refused with words.
 */
#ifndef DEPLOY_MAIN_API_AUTHENTICATION_FILE_H
#define DEPLOY_MAIN_API_AUTHENTICATION_FILE_H

#include "actors/server/server.h"

struct anonymous_setting {
	bool is_bounded;
	struct anonymous_options options;
};

/* `path` NULL: only the option counts. Both together are BAD_REQUEST, if the file says anything of it. Blocks. */
MUST_USE enum status authentication_file_load(const char *path, bool is_off, struct arena *arena,
					      struct anonymous_setting *out, struct fault *why);

#endif
