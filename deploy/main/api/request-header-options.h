/*
 * --requestheader-*: front proxies that have judged the user already, and how they say who that is.
 */
#ifndef DEPLOY_MAIN_API_REQUEST_HEADER_OPTIONS_H
#define DEPLOY_MAIN_API_REQUEST_HEADER_OPTIONS_H

#include "actors/authentication/request-header.h"
#include "deploy/main/command/command.h"

/* For the table of options. */
#define REQUEST_HEADER_OPTIONS                                                                     \
	{ .name = "requestheader-client-ca-file",                                                  \
	  .kind = OPTION_TEXT,                                                                     \
	  .value = "PATH",                                                                         \
	  .help = "who signs certificates of front proxies: without it no header says who asks" }, \
	    { .name = "requestheader-allowed-names",                                               \
	      .kind = OPTION_TEXT,                                                                 \
	      .value = "NAME,...",                                                                 \
	      .help = "common names that their certificates may have; else any" },                 \
	    { .name = "requestheader-username-headers",                                            \
	      .kind = OPTION_TEXT,                                                                 \
	      .value = "HEADER,...",                                                               \
	      .fallback = "X-Remote-User",                                                         \
	      .help = "which header has the user's name" },                                        \
	    { .name = "requestheader-uid-headers",                                                 \
	      .kind = OPTION_TEXT,                                                                 \
	      .value = "HEADER,...",                                                               \
	      .fallback = "X-Remote-Uid",                                                          \
	      .help = "and the uid" },                                                             \
	    { .name = "requestheader-group-headers",                                               \
	      .kind = OPTION_TEXT,                                                                 \
	      .value = "HEADER,...",                                                               \
	      .fallback = "X-Remote-Group",                                                        \
	      .help = "and the groups, one a header" },                                            \
	{                                                                                          \
		.name = "requestheader-extra-headers-prefix", .kind = OPTION_TEXT,                 \
		.value = "PREFIX,...", .fallback = "X-Remote-Extra-",                              \
		.help = "how headers begin that say more of the user"                              \
	}

/* `out->authorities` absent: there are no front proxies. All of it is the arena's. Blocks. */
MUST_USE enum status request_header_options_load(const struct command_line *line,
						 struct arena *arena, struct request_headers *out,
						 struct fault *why);

#endif
