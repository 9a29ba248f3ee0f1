/*
 * --audit-*: which requests are told of, and where that is kept.
 */
#ifndef DEPLOY_MAIN_API_AUDIT_OPTIONS_H
#define DEPLOY_MAIN_API_AUDIT_OPTIONS_H

#include "actors/audit/audit-log.h"
#include "actors/audit/audit-webhook.h"
#include "actors/server/server.h"
#include "deploy/main/command/command.h"

/* For the table of options. */
#define AUDIT_OPTIONS                                                                         \
	{ .name = "audit-policy-file",                                                        \
	  .kind = OPTION_TEXT,                                                                \
	  .value = "PATH",                                                                    \
	  .help = "Policy of audit.k8s.io/v1: which requests are told of, and how much" },    \
	    { .name = "audit-log-path",                                                       \
	      .kind = OPTION_TEXT,                                                            \
	      .value = "PATH",                                                                \
	      .help = "what is told is kept there, a line of JSON each" },                    \
	    { .name = "audit-log-maxsize",                                                    \
	      .kind = OPTION_NUMBER,                                                          \
	      .value = "MB",                                                                  \
	      .fallback = "100",                                                              \
	      .help = "a larger file is put aside; 0: never" },                               \
	    { .name = "audit-log-maxage",                                                     \
	      .kind = OPTION_NUMBER,                                                          \
	      .value = "DAYS",                                                                \
	      .fallback = "366",                                                              \
	      .help = "older ones that were put aside go; 0: none" },                         \
	    { .name = "audit-log-maxbackup",                                                  \
	      .kind = OPTION_NUMBER,                                                          \
	      .value = "N",                                                                   \
	      .fallback = "100",                                                              \
	      .help = "so many of those put aside stay; 0: all" },                            \
	    { .name = "audit-log-mode",                                                       \
	      .kind = OPTION_CHOICE,                                                          \
	      .choices = "batch|blocking|blocking-strict",                                    \
	      .fallback = "blocking",                                                         \
	      .help = "whether answers wait for the log, and fail with it" },                 \
	    { .name = "audit-log-batch-buffer-size",                                          \
	      .kind = OPTION_NUMBER,                                                          \
	      .value = "N",                                                                   \
	      .fallback = "10000",                                                            \
	      .help = "lines that may wait to be written; more are dropped" },                \
	    { .name = "audit-webhook-config-file",                                            \
	      .kind = OPTION_TEXT,                                                            \
	      .value = "PATH",                                                                \
	      .help = "kubeconfig of a program that is sent what is told" },                  \
	    { .name = "audit-webhook-mode",                                                   \
	      .kind = OPTION_CHOICE,                                                          \
	      .choices = "batch|blocking|blocking-strict",                                    \
	      .fallback = "batch",                                                            \
	      .help = "whether answers wait for it, and fail with it" },                      \
	    { .name = "audit-webhook-initial-backoff",                                        \
	      .kind = OPTION_DURATION,                                                        \
	      .value = "D",                                                                   \
	      .fallback = "10s",                                                              \
	      .help = "before it is tried again; each further time half as much longer" },    \
	    { .name = "audit-webhook-batch-buffer-size",                                      \
	      .kind = OPTION_NUMBER,                                                          \
	      .value = "N",                                                                   \
	      .fallback = "10000",                                                            \
	      .help = "events that may wait for it; more are dropped" },                      \
	    { .name = "audit-webhook-batch-max-size",                                         \
	      .kind = OPTION_NUMBER,                                                          \
	      .value = "N",                                                                   \
	      .fallback = "400",                                                              \
	      .help = "events that it is sent at once" },                                     \
	    { .name = "audit-webhook-batch-max-wait",                                         \
	      .kind = OPTION_DURATION,                                                        \
	      .value = "D",                                                                   \
	      .fallback = "30s",                                                              \
	      .help = "how long fewer are waited with" },                                     \
	    { .name = "audit-webhook-batch-throttle-qps",                                     \
	      .kind = OPTION_NUMBER,                                                          \
	      .value = "N",                                                                   \
	      .fallback = "10",                                                               \
	      .help = "batches a second; 0: no limit" },                                      \
	    { .name = "audit-webhook-batch-throttle-burst",                                   \
	      .kind = OPTION_NUMBER,                                                          \
	      .value = "N",                                                                   \
	      .fallback = "15",                                                               \
	      .help = "batches at once, if there were fewer before" },                        \
	    { .name = "audit-webhook-truncate-enabled",                                       \
	      .help = "events and batches that are too large lose the bodies of requests" },  \
	    { .name = "audit-webhook-truncate-max-event-size",                                \
	      .kind = OPTION_NUMBER,                                                          \
	      .value = "BYTES",                                                               \
	      .fallback = "102400",                                                           \
	      .help = "larger than that" },                                                   \
	{                                                                                     \
		.name = "audit-webhook-truncate-max-batch-size", .kind = OPTION_NUMBER,       \
		.value = "BYTES", .fallback = "10485760", .help = "and all events of a batch" \
	}

struct audit_setting {
	struct audit_options options;
	struct audit_log_args log; /* `file.path` NULL: there is none */
	struct audit_webhook_args webhook;
	bool has_webhook;
};

/* `out->options.policy` NULL: nothing is told of. Blocks. */
MUST_USE enum status audit_options_load(const struct command_line *line, struct arena *arena,
					struct audit_setting *out, struct fault *why);

#endif
