/*
 * The stage: one simulated host with caches, the scheduler and an API server that only pretends.
 *
 * The pretended server keeps objects in memory, serves watches, takes bindings, patches of status, deletes and events, and can be told to
 * refuse, to hold back its answers or to be away. Everything is in virtual time and from one seed.
 */
#ifndef TESTS_UNIT_ACTORS_SCHEDULER_STAGE_H
#define TESTS_UNIT_ACTORS_SCHEDULER_STAGE_H

#include "datastore/schema/core.h"
#include "datastore/schema/type.h"
#include "runtime/base/base.h"
#include "runtime/sim/sim.h"

struct stage;

/* Everything lives in test_arena() or is freed by stage_close. The term is 7. */
struct stage *stage_open(uint64_t seed);
void stage_close(struct stage *stage);
void stage_run(struct stage *stage, uint64_t ms); /* virtual time */

/* Creates the object, or replaces it: watchers are told. In JSON, with printf's formats. */
void stage_put(struct stage *stage, const struct type *type, const char *json, ...)
    __attribute__((format(printf, 3, 4)));
void stage_delete(struct stage *stage, const struct type *type, const char *namespace,
		  const char *name);
const void *stage_get(struct stage *stage, const struct type *type, const char *namespace,
		      const char *name);
/* A ready node with so much; a pod in namespace default that asks for so much. */
void stage_node(struct stage *stage, const char *name, const char *cpu, const char *memory);
void stage_pod(struct stage *stage, const char *name, const char *cpu, const char *memory);
/* The node of a pod in default; "" while it has none. */
struct str stage_node_of(struct stage *stage, const char *pod);
/* The pod's PodScheduled condition; NULL: none. */
const struct core_pod_condition *stage_condition(struct stage *stage, const char *pod);

/* The next `count` writes whose path ends so are answered with that code. */
void stage_refuse(struct stage *stage, const char *path_end, int32_t code, uint32_t count);
/* Writes wait for their answers until let go. */
void stage_hold(struct stage *stage, bool is_holding);

/* Ends the actor of that name as a crash would; its supervisor starts it again. */
void stage_kill(struct stage *stage, const char *name);

struct stage_counts {
	uint32_t bindings, patches, deletes; /* that were asked for */
	uint32_t waiting;                    /* held back right now */
	uint32_t wrong_terms;                /* writes without the leader's term, but for events */
};
struct stage_counts stage_counts(const struct stage *stage);
/* How many events with that reason and message were written; NULL: any message. */
uint32_t stage_events(const struct stage *stage, const char *reason, const char *message);

#endif
