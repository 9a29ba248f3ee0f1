/*
 * --enable-admission-plugins, --disable-admission-plugins: which of upstream's plug-ins, by its names, are asked, and which are not.
 */
#ifndef DEPLOY_MAIN_API_PLUGIN_OPTIONS_H
#define DEPLOY_MAIN_API_PLUGIN_OPTIONS_H

#include "deploy/main/command/command.h"

/* For the table of options. */
#define PLUGIN_OPTIONS                                                                       \
	TEXT_OPTION("disable-admission-plugins", "A,B",                                      \
		    "plug-ins of admission that are asked nothing, such as ServiceAccount"), \
	    TEXT_OPTION("enable-admission-plugins", "A,B",                                   \
			"those that are asked beside all that are by default, such as "      \
			"AlwaysPullImages")

/* One bit for each of plugins[]; a list may be NULL. BAD_REQUEST with words for a name that is none, or in both. */
MUST_USE enum status plugin_options_load(const char *enabled, const char *disabled,
					 uint64_t *out_more, uint64_t *out_idle, struct fault *why);

#endif
