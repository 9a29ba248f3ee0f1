/*
 * Bootstrap: the objects that every cluster has, made by the leader if they are missing.
 *
 * Namespaces, the range of Services' addresses, priority classes, the default roles and bindings (objects.tsv, upstream's), the service
 * `kubernetes`, the config map from which every namespace gets the authority's certificate, and the one by which
 * servers of other groups know ours. What is there is left as it is. Runs again with
 * each leader. Where the service leads follows the members: api-endpoints.h.
 */
#ifndef DEPLOY_CLUSTER_BOOTSTRAP_H
#define DEPLOY_CLUSTER_BOOTSTRAP_H

#include "actors/client/check.h"
#include "runtime/actor/act.h"
#include "runtime/base/base.h"

struct bootstrap_args {
	const char *api; /* the API server's registered name */
	uint64_t term;
	struct str authority_pem;
	struct str front_proxy_authority_pem;   /* absent: nothing is said of it */
	uint16_t port;                          /* of the API */
	const struct service_setting *services; /* NULL: upstream's */
};

extern const struct act_class bootstrap_class;

#endif
