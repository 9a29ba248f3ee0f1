/*
 * --requestheader-*: front proxies that have judged the user already, and how they say who that is.
 */
#ifndef DEPLOY_MAIN_API_REQUEST_HEADER_OPTIONS_H
#define DEPLOY_MAIN_API_REQUEST_HEADER_OPTIONS_H

#include "actors/authentication/request-header.h"
#include "deploy/main/api/file/text-file.h"
#include "deploy/main/command/command.h"

/* For the table of options. */
#define REQUEST_HEADER_OPTIONS                                                              \
	TEXT_OPTION(                                                                        \
	    "requestheader-client-ca-file", "PATH",                                         \
	    "who signs certificates of front proxies: without it no header says who asks"), \
	    TEXT_OPTION("requestheader-allowed-names", "NAME,...",                          \
			"common names that their certificates may have; else any"),         \
	    TEXT_OPTION("requestheader-username-headers", "HEADER,...",                     \
			"which header has the user's name", .fallback = "X-Remote-User"),   \
	    TEXT_OPTION("requestheader-uid-headers", "HEADER,...", "and the uid",           \
			.fallback = "X-Remote-Uid"),                                        \
	    TEXT_OPTION("requestheader-group-headers", "HEADER,...",                        \
			"and the groups, one a header", .fallback = "X-Remote-Group"),      \
	    TEXT_OPTION("requestheader-extra-headers-prefix", "PREFIX,...",                 \
			"how headers begin that say more of the user",                      \
			.fallback = "X-Remote-Extra-")

/* `out->authorities` absent: there are no front proxies. They are `file`'s, which may change; all else is the arena's. Blocks. */
MUST_USE enum status request_header_options_load(const struct command_line *line,
						 struct arena *arena, struct request_headers *out,
						 struct text_file *file, struct fault *why);

#endif
