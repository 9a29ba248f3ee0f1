/*
 * --authentication-token-webhook-* and --authorization-webhook-*: other programs that know tokens and say what users may do.
 */
#ifndef DEPLOY_MAIN_API_WEBHOOK_OPTIONS_H
#define DEPLOY_MAIN_API_WEBHOOK_OPTIONS_H

#include "actors/authentication/mechanisms.h"
#include "actors/authorization/mechanisms.h"
#include "deploy/main/command/command.h"

/* For the table of options. */
#define WEBHOOK_OPTIONS                                                                           \
	TEXT_OPTION("authentication-token-webhook-config-file", "PATH",                           \
		    "kubeconfig of a program that is asked about tokens that nobody else knows"), \
	    DURATION_OPTION("authentication-token-webhook-cache-ttl", "2m",                       \
			    "how long its good answers count"),                                   \
	    TEXT_OPTION("authorization-webhook-config-file", "PATH",                              \
			"kubeconfig of a program that is asked what users may do, after roles"),  \
	    DURATION_OPTION("authorization-webhook-cache-authorized-ttl", "5m",                   \
			    "how long what it allows counts"),                                    \
	    DURATION_OPTION("authorization-webhook-cache-unauthorized-ttl", "30s",                \
			    "and what it does not")

struct webhook_setting {
	bool has_tokens, has_rights;
	struct webhook_tokens tokens;
	struct webhook_rights rights;
};

MUST_USE enum status webhook_options_load(const struct command_line *line, struct arena *arena,
					  struct webhook_setting *out, struct fault *why);

#endif
