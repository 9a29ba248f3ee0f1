/*
 * Where a service is answered: the address and port of one of its ready endpoints.
 *
 * For actors/server. Addresses of services themselves lead nowhere from here, so one of the endpoints is chosen, by chance; of an
 * ExternalName it is that name. UNAVAILABLE with upstream's words if there is none; then
 * `why->field` is the reason in the words of an APIService's condition.
 */
#ifndef ACTORS_SERVER_OUTSIDE_ENDPOINT_H
#define ACTORS_SERVER_OUTSIDE_ENDPOINT_H

#include "actors/client/check.h"
#include "runtime/base/fault.h"

struct endpoint {
	struct str host; /* an address or a name; in the arena */
	uint16_t port;
};

struct discovery_endpoint;

MUST_USE enum status endpoint_find(const struct reader *reader, struct act *act,
				   struct arena *arena, struct str namespace, struct str service,
				   int32_t port, struct endpoint *out, struct fault *why);
/* By the name of a port, among those that the caller likes. False: none. */
bool endpoint_pick(const struct reader *reader, struct act *act, struct arena *arena,
		   struct str namespace, struct str service, struct str port_name,
		   bool (*likes)(void *arg, const struct discovery_endpoint *endpoint), void *arg,
		   struct endpoint *out);

#endif
