/*
 * Quotas: what an object uses of what a ResourceQuota limits, and which quotas count it.
 *
 * For the API server, which charges a write before it is made, and for the controller, which counts what is there; both must count
 * alike (upstream: pkg/quota/v1/evaluator/core, GenericEvaluator). Pure; amounts are exact.
 */
#ifndef ACTORS_CLIENT_QUOTA_H
#define ACTORS_CLIENT_QUOTA_H

#include "datastore/object/quantity.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"
#include "runtime/base/base.h"

struct quota_use {
	struct str name; /* pods, requests.cpu, count/deployments.apps */
	struct quantity amount;
};

/* In an arena; each name once. A handful: names that one object uses, or that one quota limits. */
struct quota_uses {
	struct arena *arena;
	struct quota_use *at;
	uint32_t len;
};

struct quota_uses quota_uses_in(struct arena *arena);
void quota_add(struct quota_uses *to, struct str name, struct quantity amount);
void quota_add_map(struct quota_uses *to, struct str_map amounts);
const struct quota_use *quota_find(const struct quota_uses *uses,
				   struct str name); /* NULL: it uses none */

/* What the object uses. A pod that has ended uses nothing but its place in the store (count/pods). */
struct quota_uses quota_uses_of(const struct type *type, const void *record, struct wall now,
				struct arena *arena);

/* What the containers of a pod ask for together, or may use at most: cpu, memory and so on, without the pod's overhead. */
struct quota_uses quota_pod_amounts(const struct core_pod_spec *spec, bool is_limits,
				    struct arena *arena);

/* Whether objects of the kind can use this. */
bool quota_is_of(const struct type *type, struct str name);
/* Whether the quota's scopes take the object. */
bool quota_takes(const struct core_resource_quota *quota, const struct type *type,
		 const void *record);

#endif
