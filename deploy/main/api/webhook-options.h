/*
 * --authentication-token-webhook-* and --authorization-webhook-*: other programs that know tokens and say what users may do.
 */
#ifndef DEPLOY_MAIN_API_WEBHOOK_OPTIONS_H
#define DEPLOY_MAIN_API_WEBHOOK_OPTIONS_H

#include "actors/authentication/mechanisms.h"
#include "actors/authorization/mechanisms.h"
#include "deploy/main/command/command.h"

/* For the table of options. */
#define WEBHOOK_OPTIONS                                                                          \
	{ .name = "authentication-token-webhook-config-file",                                    \
	  .kind = OPTION_TEXT,                                                                   \
	  .value = "PATH",                                                                       \
	  .help = "kubeconfig of a program that is asked about tokens that nobody else knows" }, \
	    { .name = "authentication-token-webhook-cache-ttl",                                  \
	      .kind = OPTION_DURATION,                                                           \
	      .value = "D",                                                                      \
	      .fallback = "2m",                                                                  \
	      .help = "how long its good answers count" },                                       \
	    { .name = "authorization-webhook-config-file",                                       \
	      .kind = OPTION_TEXT,                                                               \
	      .value = "PATH",                                                                   \
	      .help = "kubeconfig of a program that is asked what users may do, after roles" },  \
	    { .name = "authorization-webhook-cache-authorized-ttl",                              \
	      .kind = OPTION_DURATION,                                                           \
	      .value = "D",                                                                      \
	      .fallback = "5m",                                                                  \
	      .help = "how long what it allows counts" },                                        \
	{                                                                                        \
		.name = "authorization-webhook-cache-unauthorized-ttl", .kind = OPTION_DURATION, \
		.value = "D", .fallback = "30s", .help = "and what it does not"                  \
	}

struct webhook_setting {
	bool has_tokens, has_rights;
	struct webhook_tokens tokens;
	struct webhook_rights rights;
};

MUST_USE enum status webhook_options_load(const struct command_line *line, struct arena *arena,
					  struct webhook_setting *out, struct fault *why);

#endif
