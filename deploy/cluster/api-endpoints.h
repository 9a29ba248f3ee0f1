/*
 * The endpoints of the service `kubernetes`: where the API is served, as Endpoints and as an EndpointSlice, for pods that ask for it.
 *
 * An actor of the leader's. It hears from the store who is a member and alive; who comes is added at once, who seems to be gone only when
 * that has lasted API_ENDPOINTS_HOLD_MS. It writes when the addresses change, and after an election. As upstream's API servers do it takes for
 * granted that all serve at one port, its own: a member that does not is left out. Loopback addresses are no endpoints (upstream's rule);
 * where there are only such, nothing is written.
 */
#ifndef DEPLOY_CLUSTER_API_ENDPOINTS_H
#define DEPLOY_CLUSTER_API_ENDPOINTS_H

#include "datastore/store/store.h"
#include "runtime/actor/act.h"
#include "runtime/base/base.h"

#define API_ENDPOINTS_HOLD_MS 5000U

struct api_endpoints_args {
	const char *api, *store; /* registered names */
	uint64_t term;           /* of the leader that writes */
	uint16_t port;           /* of the API; links are at the next one */
};

extern const struct act_class api_endpoints_class;

/*
 * The addresses to be written, each in quotes, in order, with commas: "10.0.0.1","10.0.0.2". Absent: there are none. IPv4 ones if there
 * is one, else IPv6 ones.
 */
struct str api_endpoints_of(struct arena *arena, const struct store_member *members, uint32_t count,
			    uint16_t port);

#endif
