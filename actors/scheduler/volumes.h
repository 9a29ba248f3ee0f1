/*
 * Volumes for claims that wait for their first consumer: which volume, or whose provisioning, on a given node.
 *
 * Pure functions over a world. Upstream's rules: a volume that is bound to the claim already, else the smallest available one that
 * satisfies it and can be reached from the node, else provisioning near the node if the class can.
 */
#ifndef ACTORS_SCHEDULER_VOLUMES_H
#define ACTORS_SCHEDULER_VOLUMES_H

#include "actors/controller/world.h"
#include "datastore/object/object.h"
#include "datastore/schema/core.h"
#include "runtime/base/base.h"

#define VOLUMES_SELECTED_NODE STR("volume.kubernetes.io/selected-node")

/* What a pod's claims ask of a node. Everything is borrowed from the world. */
struct volume_needs {
	const struct core_persistent_volume **bound; /* of bound claims; NULL: the volume is gone */
	uint32_t bound_count;
	const struct object **unbound; /* claims that wait for their first consumer */
	uint32_t unbound_count;
};

struct volume_choice {
	const struct object *claim;
	const struct object *volume; /* NULL: to be provisioned */
};

/* One for each unbound claim. `taken` are names of volumes that are promised to other pods. False: the node cannot serve them all. */
bool volumes_choose(const struct volume_needs *needs, const struct core_node *node,
		    const struct str_list *taken, const struct world *world,
		    struct volume_choice *out);
/* Whether its node affinity lets pods on the node use it. */
bool volumes_reach(const struct core_persistent_volume *volume, const struct core_node *node);

#endif
