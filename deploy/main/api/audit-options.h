/*
 * --audit-*: which requests are told of, and where that is kept.
 */
#ifndef DEPLOY_MAIN_API_AUDIT_OPTIONS_H
#define DEPLOY_MAIN_API_AUDIT_OPTIONS_H

#include "actors/audit/audit-log.h"
#include "actors/server/server.h"
#include "deploy/main/command/command.h"

/* For the table of options. */
#define AUDIT_OPTIONS                                                                              \
	{ .name = "audit-policy-file",                                                             \
	  .kind = OPTION_TEXT,                                                                     \
	  .value = "PATH",                                                                         \
	  .help = "Policy of audit.k8s.io/v1: which requests are told of, and how much" },         \
	    { .name = "audit-log-path",                                                            \
	      .kind = OPTION_TEXT,                                                                 \
	      .value = "PATH",                                                                     \
	      .help = "what is told is kept there, a line of JSON each" },                         \
	    { .name = "audit-log-maxsize",                                                         \
	      .kind = OPTION_NUMBER,                                                               \
	      .value = "MB",                                                                       \
	      .fallback = "100",                                                                   \
	      .help = "a larger file is put aside; 0: never" },                                    \
	    { .name = "audit-log-maxage",                                                          \
	      .kind = OPTION_NUMBER,                                                               \
	      .value = "DAYS",                                                                     \
	      .fallback = "366",                                                                   \
	      .help = "older ones that were put aside go; 0: none" },                              \
	    { .name = "audit-log-maxbackup",                                                       \
	      .kind = OPTION_NUMBER,                                                               \
	      .value = "N",                                                                        \
	      .fallback = "100",                                                                   \
	      .help = "so many of those put aside stay; 0: all" },                                 \
	    { .name = "audit-log-mode",                                                            \
	      .kind = OPTION_CHOICE,                                                               \
	      .choices = "batch|blocking|blocking-strict",                                         \
	      .fallback = "blocking",                                                              \
	      .help = "whether answers wait for the log, and fail with it" },                      \
	{                                                                                          \
		.name = "audit-log-batch-buffer-size", .kind = OPTION_NUMBER, .value = "N",        \
		.fallback = "10000", .help = "lines that may wait to be written; more are dropped" \
	}

struct audit_setting {
	struct audit_options options;
	struct audit_log_args log; /* `file.path` NULL: there is none */
};

/* `out->options.policy` NULL: nothing is told of. Blocks. */
MUST_USE enum status audit_options_load(const struct command_line *line, struct arena *arena,
					struct audit_setting *out, struct fault *why);

#endif
