/*
 * The containers of a pod by their place: first spec.initContainers, then spec.containers, then spec.ephemeralContainers.
 *
 * Places never change while the pod lives, for only ephemeral containers are added later, and at the end. Pure functions over a
 * record; what they give is borrowed from it.
 */
#ifndef ACTORS_NODE_POD_CONTAINER_H
#define ACTORS_NODE_POD_CONTAINER_H

#include "datastore/schema/core.h"
#include "runtime/base/base.h"

enum container_kind {
	CONTAINER_NONE,    /* no container has this place */
	CONTAINER_INIT,    /* runs to its end before the next one */
	CONTAINER_SIDECAR, /* an init container that goes on running beside the others */
	CONTAINER_REGULAR,
	CONTAINER_EPHEMERAL,
};

struct container {
	enum container_kind kind;
	struct str name, image, restart_policy;
	struct str_list command, args;
	struct core_container_restart_rule_list rules;
	const struct core_resource_requirements *resources; /* or NULL */
	struct core_volume_mount_list mounts;
};

struct container container_at(const struct core_pod *pod, uint32_t place);
uint32_t container_count(const struct core_pod *pod);

/* Whether one that ended so is started again: its own rules and policy first, then the pod's (KEP 5307). */
bool container_restarts(const struct core_pod *pod, const struct container *container,
			int32_t exit_code);

#endif
