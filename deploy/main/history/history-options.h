/*
 * The options that say how much of the past a node keeps: of `troupe up`, which hands them on to the core host.
 */
#ifndef DEPLOY_MAIN_HISTORY_HISTORY_OPTIONS_H
#define DEPLOY_MAIN_HISTORY_HISTORY_OPTIONS_H

#include "datastore/store/store.h"
#include "deploy/main/command/command.h"

/* For the tables of commands. */
#define HISTORY_OPTIONS                                                                           \
	NUMBER_OPTION("history-mib", "N", "64",                                                   \
		      "keeps so much of what objects were, for `troupe history` and lists at an " \
		      "exact revision; 0: nothing",                                               \
		      .group = "Data of this node"),                                              \
	    DURATION_OPTION("history-age", "168h", "and no longer than that"),                    \
	    TEXT_OPTION("history-without", "KIND,...",                                            \
			"and nothing of these, so that what was deleted is gone; none: of all",   \
			.fallback = "secrets,events,leases")
#define HISTORY_WORDS 6U
#define HISTORY_WITHOUT_MAX 32U

/* INVALID with words: what is no name of a kind. */
MUST_USE enum status history_options(const struct command_line *line, struct arena *arena,
				     struct store_config *store, struct fault *why);
/* The same options as words for another command line; gives how many. */
uint32_t history_words(const struct command_line *line, const char **out);

#endif
