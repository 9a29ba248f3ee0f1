/*
 * Whether a FlowSchema is about a request: pure functions over its spec.
 */
#ifndef ACTORS_SERVER_FLOW_FLOW_SCHEMA_H
#define ACTORS_SERVER_FLOW_FLOW_SCHEMA_H

#include "actors/client/user.h"
#include "actors/server/route.h"
#include "runtime/base/base.h"

struct flowcontrol_flow_schema_spec;

struct flow_asked {
	const struct user *user;
	const struct route *route;
	struct str path; /* of what is no resource */
};

/* One of its rules is about it: one of the subjects is who asks, and one of the resources, or of the paths, is what is asked for. */
bool flow_schema_matches(const struct flowcontrol_flow_schema_spec *spec,
			 const struct flow_asked *asked);
/* By which its flows differ: the user, the namespace, or nothing. */
struct str flow_schema_distinguisher(const struct flowcontrol_flow_schema_spec *spec,
				     const struct flow_asked *asked);

#endif
