/*
 * Amounts of what nodes have and pods ask for, in the units that scheduling compares: thousandths of a CPU, bytes, whole pieces.
 *
 * Pure functions over records. Sums are made exactly and rounded up once, at their end, as upstream does. What is
 * neither cpu, memory, ephemeral-storage nor pods is a scalar: extended resources, huge pages, attachable volumes.
 */
#ifndef ACTORS_SCHEDULER_SNAPSHOT_RESOURCES_H
#define ACTORS_SCHEDULER_SNAPSHOT_RESOURCES_H

#include "datastore/schema/core.h"
#include "runtime/base/base.h"

struct resource_scalar {
	struct str name;
	int64_t amount;
};

struct resources {
	int64_t cpu_milli, memory_bytes, storage_bytes;
	int64_t pods;
	struct resource_scalar *scalars; /* each name once */
	uint32_t scalar_count;
};

/* Of a list of a record: status.allocatable of a node. Names are borrowed from the record, the array is the arena's. */
struct resources resources_of_list(struct str_map list, struct arena *arena);

/*
 * What a pod asks for: containers side by side, init containers one after another, sidecars with all that come later,
 * the pod's own requests over those, and overhead. RESOURCES_USED is for pods on a node: what the kubelet has granted or set counts
 * too while a resize is under way.
 */
enum resources_view { RESOURCES_WANTED, RESOURCES_USED };
struct resources resources_of_pod(const struct core_pod *pod, enum resources_view view,
				  struct arena *arena);
/* The same for scores: a container that asks for no cpu or memory counts as a small one. Only these two are set. */
struct resources resources_at_least(const struct core_pod *pod, enum resources_view view,
				    struct arena *arena);

int64_t resources_scalar(const struct resources *of, struct str name); /* 0: none */
/* Whether the pod asks for nothing that a node could lack. */
bool resources_are_none(const struct resources *of);
/* cpu, memory and storage only: nodes add scalars up when they are asked for. */
void resources_add(struct resources *to, const struct resources *more);
void resources_take(struct resources *from, const struct resources *less);

#endif
