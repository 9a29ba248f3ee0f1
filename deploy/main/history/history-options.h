/*
 * The options that say how much of the past a node keeps: of `troupe up`, which hands them on to the core host.
 */
#ifndef DEPLOY_MAIN_HISTORY_HISTORY_OPTIONS_H
#define DEPLOY_MAIN_HISTORY_HISTORY_OPTIONS_H

#include "datastore/store/store.h"
#include "deploy/main/command/command.h"

/* For the tables of commands. */
#define HISTORY_OPTIONS                                                                           \
	{ .name = "history-mib",                                                                  \
	  .group = "Data of this node",                                                           \
	  .kind = OPTION_NUMBER,                                                                  \
	  .value = "N",                                                                           \
	  .fallback = "64",                                                                       \
	  .help = "keeps so much of what objects were, for `troupe history` and lists at an "     \
		  "exact revision; 0: nothing" },                                                 \
	{                                                                                         \
		.name = "history-age", .kind = OPTION_DURATION, .value = "D", .fallback = "168h", \
		.help = "and no longer than that"                                                 \
	}
#define HISTORY_WORDS 4U

void history_options(const struct command_line *line, struct store_config *store);
/* The same options as words for another command line; gives how many. */
uint32_t history_words(const struct command_line *line, const char **out);

#endif
