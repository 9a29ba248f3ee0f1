/*
 * What a pod's status says while the node has it: made from the machine, on top of the status that is there.
 *
 * Pure. What others wrote (PodScheduled, DisruptionTarget, readiness gates, the class of service, nominated node) stays; a condition's
 * time of transition changes with its status only, so two calls without news give equal records. The words are the kubelet's.
 */
#ifndef ACTORS_NODE_POD_POD_STATUS_H
#define ACTORS_NODE_POD_POD_STATUS_H

#include "actors/node/pod/pod-machine.h"
#include "datastore/schema/core.h"
#include "runtime/base/base.h"

/* The record lives in the arena and borrows from machine and pod. */
struct core_pod_status *pod_status_make(struct arena *arena, const struct pod_machine *machine,
					struct str host_address, struct wall now);

#endif
