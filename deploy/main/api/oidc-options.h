/*
 * --oidc-*: one issuer of tokens, as upstream's older options say it. It comes to what a jwt entry of an AuthenticationConfiguration would say.
 */
#ifndef DEPLOY_MAIN_API_OIDC_OPTIONS_H
#define DEPLOY_MAIN_API_OIDC_OPTIONS_H

#include "datastore/schema/apiserver.h"
#include "deploy/main/command/command.h"

/* For the table of options. */
#define OIDC_OPTIONS                                                                              \
	TEXT_OPTION("oidc-issuer-url", "URL",                                                     \
		    "an OpenID Connect provider whose tokens are taken; https"),                  \
	    TEXT_OPTION("oidc-client-id", "ID", "that its tokens have to be meant for"),          \
	    TEXT_OPTION("oidc-username-claim", "CLAIM", "which claim of them is the user's name", \
			.fallback = "sub"),                                                       \
	    TEXT_OPTION(                                                                          \
		"oidc-username-prefix", "TEXT",                                                   \
		"that stands before it; -: nothing; else the issuer and #, but for email"),       \
	    TEXT_OPTION("oidc-groups-claim", "CLAIM",                                             \
			"which claim is the user's groups: one text or a list"),                  \
	    TEXT_OPTION("oidc-groups-prefix", "TEXT", "that stands before each of them"),         \
	    TEXT_OPTION("oidc-required-claim", "CLAIM=VALUE,...", "that a token has to have"),    \
	    TEXT_OPTION("oidc-signing-algs", "ALG,...",                                           \
			"how its tokens may be signed: RS256 to RS512, PS256 to PS512, ES256 to " \
			"ES512",                                                                  \
			.fallback = "RS256"),                                                     \
	    TEXT_OPTION("oidc-ca-file", "PATH",                                                   \
			"who may have signed its certificate; else whom the machine trusts")

/* `out->len` is 0: none was given. `algorithms` with a bar between. All of it is the arena's. Blocks. */
MUST_USE enum status oidc_options_load(const struct command_line *line, struct arena *arena,
				       struct apiserver_jwt_authenticator_list *out,
				       struct str *algorithms, struct fault *why);

#endif
