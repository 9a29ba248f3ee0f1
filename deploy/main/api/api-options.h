/*
 * The options that `troupe up` shares with upstream's kube-apiserver, and what the files that they name come to.
 *
 * `up` loads them to prove them, then hands them to the core host, which loads them again. Everything is the arena's.
 */
#ifndef DEPLOY_MAIN_API_API_OPTIONS_H
#define DEPLOY_MAIN_API_API_OPTIONS_H

#include "actors/server/server.h"
#include "deploy/main/api/admission-file.h"
#include "deploy/main/api/audit-options.h"
#include "deploy/main/api/authentication-file.h"
#include "deploy/main/api/authorization-file.h"
#include "deploy/main/api/door-options.h"
#include "deploy/main/api/encryption-file.h"
#include "deploy/main/api/request-header-options.h"
#include "deploy/main/api/serving/kubelet-options.h"
#include "deploy/main/api/serving/service-options.h"
#include "deploy/main/api/serving/serving-options.h"
#include "deploy/main/api/serving/tls-options.h"
#include "deploy/main/api/token-options.h"
#include "deploy/main/api/webhook-options.h"
#include "deploy/main/command/command.h"

/* For struct command.more. */
extern const struct option api_options[];
#define API_OPTIONS_WORDS (2U * COMMAND_MORE_MAX)

struct api_options {
	struct admission_setting admission;
	uint64_t kept_bytes; /* server_config's */
	struct audit_setting audit;
	struct webhook_setting webhooks;
	struct authentication_file authentication;
	bool has_bootstrap_tokens;
	struct request_headers request_headers;
	struct text_file proxies; /* their authorities */
	struct authorization_file authorization;
	struct encryption_file encryption;
	bool reloads;                  /* the latter */
	struct server_check checks[1]; /* kms-providers */
	struct door_setting door;
	struct serving_setting serving;
	struct service_setting services;
	struct token_setting tokens;
	struct tls_setting tls;
	struct kubelet_setting kubelets;
	uint64_t idle_plugins, more_plugins; /* server_config's */
};

/* What is said of options by whoever holds them. */
struct api_options_place {
	struct str own_issuer;   /* of the cluster's own tokens, where no option says otherwise */
	struct metrics *metrics; /* NULL: nothing is counted */
};

/* BAD_REQUEST and others with words that name the file. `out` is cleared; it must not move then. Blocks. */
MUST_USE enum status api_options_load(const struct command_line *line,
				      const struct api_options_place *place, struct arena *arena,
				      struct api_options *out, struct fault *why);
/* What the server is told; `options` is borrowed as long as it lives. */
void api_options_apply(const struct api_options *options, struct server_config *server);
/* In the log: which of them are without effect here. */
void api_options_tell(const struct command_line *line);
/* The same options as words for another command line, paths made absolute; gives how many. */
MUST_USE enum status api_options_words(const struct command_line *line, struct arena *arena,
				       const char *out[API_OPTIONS_WORDS], uint32_t *out_count,
				       struct fault *why);

#endif
