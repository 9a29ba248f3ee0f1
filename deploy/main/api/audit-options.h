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
#define AUDIT_OPTIONS                                                                           \
	TEXT_OPTION("audit-policy-file", "PATH",                                                \
		    "Policy of audit.k8s.io/v1: which requests are told of, and how much"),     \
	    TEXT_OPTION("audit-log-path", "PATH",                                               \
			"what is told is kept there, a line of JSON each"),                     \
	    NUMBER_OPTION("audit-log-maxsize", "MB", "100",                                     \
			  "a larger file is put aside; 0: never"),                              \
	    NUMBER_OPTION("audit-log-maxage", "DAYS", "366",                                    \
			  "older ones that were put aside go; 0: none"),                        \
	    NUMBER_OPTION("audit-log-maxbackup", "N", "100",                                    \
			  "so many of those put aside stay; 0: all"),                           \
	    CHOICE_OPTION("audit-log-mode", "batch|blocking|blocking-strict", "blocking",       \
			  "whether answers wait for the log, and fail with it"),                \
	    NUMBER_OPTION("audit-log-batch-buffer-size", "N", "10000",                          \
			  "lines that may wait to be written; more are dropped"),               \
	    TEXT_OPTION("audit-webhook-config-file", "PATH",                                    \
			"kubeconfig of a program that is sent what is told"),                   \
	    CHOICE_OPTION("audit-webhook-mode", "batch|blocking|blocking-strict", "batch",      \
			  "whether answers wait for it, and fail with it"),                     \
	    DURATION_OPTION("audit-webhook-initial-backoff", "10s",                             \
			    "before it is tried again; each further time half as much longer"), \
	    NUMBER_OPTION("audit-webhook-batch-buffer-size", "N", "10000",                      \
			  "events that may wait for it; more are dropped"),                     \
	    NUMBER_OPTION("audit-webhook-batch-max-size", "N", "400",                           \
			  "events that it is sent at once"),                                    \
	    DURATION_OPTION("audit-webhook-batch-max-wait", "30s",                              \
			    "how long fewer are waited with"),                                  \
	    NUMBER_OPTION("audit-webhook-batch-throttle-qps", "N", "10",                        \
			  "batches a second; 0: no limit"),                                     \
	    NUMBER_OPTION("audit-webhook-batch-throttle-burst", "N", "15",                      \
			  "batches at once, if there were fewer before"),                       \
	    FLAG_OPTION("audit-webhook-truncate-enabled",                                       \
			"events and batches that are too large lose the bodies of requests"),   \
	    NUMBER_OPTION("audit-webhook-truncate-max-event-size", "BYTES", "102400",           \
			  "larger than that"),                                                  \
	    NUMBER_OPTION("audit-webhook-truncate-max-batch-size", "BYTES", "10485760",         \
			  "and all events of a batch")

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
