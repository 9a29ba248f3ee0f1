/*
 * --runtime-config: which of the built-in resources are served.
 *
 * KEY=true|false,...: KEY is api/all, api/ga, api/beta, api/alpha, GROUP/VERSION (v1 or api/v1 for the core) or
 * GROUP/VERSION/RESOURCE; the more exact one counts. Without a value it is true. The core is served in any case: everything here stands on it.
 */
#ifndef DEPLOY_MAIN_API_SERVING_RUNTIME_CONFIG_H
#define DEPLOY_MAIN_API_SERVING_RUNTIME_CONFIG_H

#include "datastore/schema/type.h"
#include "runtime/base/base.h"

/* Those that are not served, as "apps/v1/deployments". BAD_REQUEST with words: what is asked for is not there, or no value. */
MUST_USE enum status runtime_config_load(const char *text, struct arena *arena,
					 struct str_list *out_unserved, struct fault *why);

#endif
