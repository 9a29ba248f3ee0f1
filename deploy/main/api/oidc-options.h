/*
 * --oidc-*: one issuer of tokens, as upstream's older options say it. It comes to what a jwt entry of an AuthenticationConfiguration would say.
 */
#ifndef DEPLOY_MAIN_API_OIDC_OPTIONS_H
#define DEPLOY_MAIN_API_OIDC_OPTIONS_H

#include "datastore/schema/apiserver.h"
#include "deploy/main/command/command.h"

/* For the table of options. */
#define OIDC_OPTIONS                                                                               \
	{ .name = "oidc-issuer-url",                                                               \
	  .kind = OPTION_TEXT,                                                                     \
	  .value = "URL",                                                                          \
	  .help = "an OpenID Connect provider whose tokens are taken; https" },                    \
	    { .name = "oidc-client-id",                                                            \
	      .kind = OPTION_TEXT,                                                                 \
	      .value = "ID",                                                                       \
	      .help = "that its tokens have to be meant for" },                                    \
	    { .name = "oidc-username-claim",                                                       \
	      .kind = OPTION_TEXT,                                                                 \
	      .value = "CLAIM",                                                                    \
	      .fallback = "sub",                                                                   \
	      .help = "which claim of them is the user's name" },                                  \
	    { .name = "oidc-username-prefix",                                                      \
	      .kind = OPTION_TEXT,                                                                 \
	      .value = "TEXT",                                                                     \
	      .help = "that stands before it; -: nothing; else the issuer and #, but for email" }, \
	    { .name = "oidc-groups-claim",                                                         \
	      .kind = OPTION_TEXT,                                                                 \
	      .value = "CLAIM",                                                                    \
	      .help = "which claim is the user's groups: one text or a list" },                    \
	    { .name = "oidc-groups-prefix",                                                        \
	      .kind = OPTION_TEXT,                                                                 \
	      .value = "TEXT",                                                                     \
	      .help = "that stands before each of them" },                                         \
	    { .name = "oidc-required-claim",                                                       \
	      .kind = OPTION_TEXT,                                                                 \
	      .value = "CLAIM=VALUE,...",                                                          \
	      .help = "that a token has to have" },                                                \
	    { .name = "oidc-signing-algs",                                                         \
	      .kind = OPTION_TEXT,                                                                 \
	      .value = "ALG,...",                                                                  \
	      .fallback = "RS256",                                                                 \
	      .help = "how its tokens may be signed: RS256 to RS512, PS256 to PS512, ES256 to "    \
		      "ES512" },                                                                   \
	{                                                                                          \
		.name = "oidc-ca-file", .kind = OPTION_TEXT, .value = "PATH",                      \
		.help = "who may have signed its certificate; else whom the machine trusts"        \
	}

/* `out->len` is 0: none was given. `algorithms` with a bar between. All of it is the arena's. Blocks. */
MUST_USE enum status oidc_options_load(const struct command_line *line, struct arena *arena,
				       struct apiserver_jwt_authenticator_list *out,
				       struct str *algorithms, struct fault *why);

#endif
