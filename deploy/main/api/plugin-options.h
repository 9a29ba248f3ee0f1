/*
 * --disable-admission-plugins: which of upstream's plug-ins, by its names, are asked nothing.
 */
#ifndef DEPLOY_MAIN_API_PLUGIN_OPTIONS_H
#define DEPLOY_MAIN_API_PLUGIN_OPTIONS_H

#include "deploy/main/command/command.h"

/* For the table of options. */
#define PLUGIN_OPTIONS                                  \
	TEXT_OPTION("disable-admission-plugins", "A,B", \
		    "plug-ins of admission that are asked nothing, such as ServiceAccount")

/* One bit for each of plugins[]; NULL: none. BAD_REQUEST with words for a name that is none. */
MUST_USE enum status plugin_options_load(const char *list, uint64_t *out, struct fault *why);

#endif
