/*
 * Fit: whether a pod that was bound to this node can be here, as the kubelet asks once more before it starts one.
 *
 * The scheduler has looked already, but bindings race and some pods name their node themselves. Pure; the words are
 * upstream's and end up in the pod's status.
 */
#ifndef ACTORS_NODE_POD_FIT_H
#define ACTORS_NODE_POD_FIT_H

#include "datastore/object/quantity.h"
#include "datastore/schema/core.h"
#include "runtime/base/base.h"

/* What the pods on this node ask for together, by the names of the node's allocatable. */
#define FIT_RESOURCES_MAX 16U
struct fit_use {
	char name[FIT_RESOURCES_MAX][64]; /* longer ones are not counted */
	struct quantity used[FIT_RESOURCES_MAX];
	uint32_t len;
	uint32_t pods;
};

struct fit_refusal {
	struct str reason;  /* OutOfcpu, NodeAffinity */
	struct str message; /* as in the status, with what stands before it there */
};

/* Adds what the pod asks for, of the resources that the node has. */
void fit_add(struct fit_use *use, const struct core_node *node, const struct core_pod *pod);
void fit_remove(struct fit_use *use, const struct core_node *node, const struct core_pod *pod);

/* False: it cannot be here, and why. `use` is what those before it take. */
bool fit_check(const struct core_node *node, const struct fit_use *use, const struct core_pod *pod,
	       struct arena *arena, struct fit_refusal *why);

#endif
