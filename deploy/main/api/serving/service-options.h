/*
 * --service-cluster-ip-range, --service-node-port-range: what Services get addresses and node ports of.
 *
 * The ranges count for a cluster that has no ServiceCIDR `kubernetes` yet: that object says it from then on, and a range of the other
 * family is added to it. Every node has to be told the same.
 */
#ifndef DEPLOY_MAIN_API_SERVING_SERVICE_OPTIONS_H
#define DEPLOY_MAIN_API_SERVING_SERVICE_OPTIONS_H

#include "actors/client/check.h"
#include "deploy/main/command/command.h"
#include "deploy/main/command/data-dir.h"

/* For the table of options. */
#define SERVICE_OPTIONS                                                                         \
	TEXT_OPTION("service-cluster-ip-range", "CIDR[,CIDR]",                                  \
		    "what Services get addresses of; two, one of each family: both, the first " \
		    "one's family by default",                                                  \
		    .fallback = "10.96.0.0/16"),                                                \
	    TEXT_OPTION("service-node-port-range", "FIRST-LAST",                                \
			"which ports of nodes Services get", .fallback = "30000-32767")

/* BAD_REQUEST with words: a range that cannot be. Its texts are the arena's. */
MUST_USE enum status service_options_load(const struct command_line *line, struct arena *arena,
					  struct service_setting *out, struct fault *why);
/* The certificate of the node's API is for the service `kubernetes` too. */
void service_options_name(const struct service_setting *setting, struct node_identity *identity);

#endif
