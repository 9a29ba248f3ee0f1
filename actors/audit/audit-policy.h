/*
 * Which requests the audit log is told of: an audit.k8s.io/v1 Policy, whose first rule that fits decides (upstream:
 * apiserver/pkg/audit/policy).
 *
 * Pure. A policy is checked once, when it is read; deciding neither fails nor allocates.
 */
#ifndef ACTORS_AUDIT_AUDIT_POLICY_H
#define ACTORS_AUDIT_AUDIT_POLICY_H

#include "actors/authorization/authorizer.h"
#include "datastore/schema/audit.h"

enum audit_level { AUDIT_NONE, AUDIT_METADATA, AUDIT_REQUEST, AUDIT_RESPONSE };

enum audit_stage {
	AUDIT_RECEIVED = 1 << 0,
	AUDIT_STARTED = 1 << 1, /* of what goes on for long: its head was sent */
	AUDIT_COMPLETE = 1 << 2,
	AUDIT_PANIC = 1 << 3,
};

struct audit_decision {
	enum audit_level level;
	uint32_t omitted; /* stages that are not told of */
	bool omits_managed_fields;
};

/* BAD_REQUEST with the first thing that is wrong; `where` names the file. */
MUST_USE enum status audit_policy_check(const struct audit_policy *policy, const char *where,
					struct arena *arena, struct fault *why);
/* `attributes->user` NULL: nobody is known; rules that name users do not fit then. */
struct audit_decision audit_policy_decide(const struct audit_policy *policy,
					  const struct attributes *attributes);

const char *audit_policy_level_name(enum audit_level level);
const char *audit_policy_stage_name(enum audit_stage stage);

#endif
