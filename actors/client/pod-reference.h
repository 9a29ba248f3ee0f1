/*
 * What a pod refers to by name, in its own namespace: secrets, config maps, claims and so on.
 *
 * For those who judge what a node may see and do: the Node authorizer and the plug-in NodeRestriction. Pure. Who adds a member to
 * pods that names another object adds it here.
 */
#ifndef ACTORS_CLIENT_POD_REFERENCE_H
#define ACTORS_CLIENT_POD_REFERENCE_H

#include "datastore/schema/core.h"
#include "runtime/base/base.h"

enum pod_reference {
	POD_REFERENCE_SECRET,
	POD_REFERENCE_CONFIG_MAP,
	POD_REFERENCE_CLAIM, /* persistentvolumeclaims, those of ephemeral volumes too */
	POD_REFERENCE_ACCOUNT,
	POD_REFERENCE_TRUST_BUNDLE,   /* "" where a signer is named instead */
	POD_REFERENCE_RESOURCE_CLAIM, /* as the pod calls it */
};

/* false ends the walk. A name may come more than once. */
typedef bool pod_reference_fn(void *arg, enum pod_reference kind, struct str name);

/* Whether the walk came to its end. The names live as long as the pod; that of an ephemeral volume's claim as the arena. */
bool pod_reference_each(const struct core_pod *pod, struct arena *arena, pod_reference_fn *visit,
			void *arg);

#endif
