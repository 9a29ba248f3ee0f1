/*
 * --controllers: which of what the leader runs does its work, in the form of upstream's controller manager.
 *
 *     *,-deployment     all but that one        namespace,serviceaccount     those two        none     none of them
 *
 * Names are those that leader_movable gives; upstream's end in -controller too. What upstream's API server does itself is no controller that
 * one could be without: names of CustomResourceDefinitions.
 */
#ifndef DEPLOY_MAIN_NODE_CONTROLLER_LIST_H
#define DEPLOY_MAIN_NODE_CONTROLLER_LIST_H

#include "deploy/main/command/command.h"

/* For the table of options. */
#define CONTROLLERS_OPTION                                                                  \
	TEXT_OPTION("controllers", "LIST",                                                  \
		    "which of them work, and the scheduler: *,-deployment is all but that " \
		    "one; none is none of them",                                            \
		    .fallback = "*")

/* BAD_REQUEST with words for a name that is none of `names` (NULL at the end). */
MUST_USE enum status controller_list_check(const char *list, const char *const *names,
					   struct fault *why);
bool controller_list_has(const char *list, const char *name);

#endif
