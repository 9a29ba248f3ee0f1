/*
 * A trial: nodes, placed pods and other objects, and one pod that is to find its node among them. For tables of criteria.
 *
 * Everything is JSON with printf's formats, as records.h makes it, and lives until the test ends.
 */
#ifndef TESTS_UNIT_ACTORS_SCHEDULER_TRIAL_H
#define TESTS_UNIT_ACTORS_SCHEDULER_TRIAL_H

#include "actors/controller/world-private.h"
#include "actors/scheduler/criterion.h"
#include "actors/scheduler/cycle.h"
#include "actors/scheduler/preemption.h"
#include "runtime/base/base.h"

struct trial {
	struct snapshot *snapshot;
	struct world world;
	VEC(const struct object *) objects;
};

struct trial *trial_new(void);
/* Beside what the JSON says a node can hold 110 pods, 4 cpu and 8Gi, and is called so. */
void trial_node(struct trial *trial, const char *name, const char *json, ...)
    __attribute__((format(printf, 3, 4)));
void trial_placed(struct trial *trial, const char *node, const char *json, ...)
    __attribute__((format(printf, 3, 4)));
void trial_object(struct trial *trial, const struct type *type, const char *json, ...)
    __attribute__((format(printf, 3, 4)));

/* The name of the chosen node, or the message why there is none. */
struct str trial_run(struct trial *trial, const char *pod, ...)
    __attribute__((format(printf, 2, 3)));
/* For a pod that finds no node: "node: victim victim" in order of importance, or the word why preemption does not help. */
struct str trial_preempt(struct trial *trial, const char *pod, ...)
    __attribute__((format(printf, 2, 3)));
/* What a criterion makes of each node that passes: "a=100 b=0", in the order of nodes; "none" when it does not score. */
struct str trial_scores(struct trial *trial, enum criterion_id criterion, const char *pod, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether news of that kind about a new (and an old) node or pod would wake a pod that the criterion has rejected. */
bool trial_helps(enum criterion_id criterion, struct pod_info *waiting, struct news news);
struct node_info *trial_node_info(struct trial *trial, const char *name);

#endif
