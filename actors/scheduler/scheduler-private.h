/*
 * The state of the scheduler's actor and the three files that share it:
 *
 *     scheduler.c   starts, goes on in slices, waits for what becomes due
 *     changes.c     what the caches tell: into snapshot and queue, and whom it wakes
 *     attempt.c     one pod's try, what is written for it, and the answers
 */
#ifndef ACTORS_SCHEDULER_SCHEDULER_PRIVATE_H
#define ACTORS_SCHEDULER_SCHEDULER_PRIVATE_H

#include "actors/controller/caches.h"
#include "actors/controller/recorder.h"
#include "actors/scheduler/news.h"
#include "actors/scheduler/pod-queue.h"
#include "actors/scheduler/scheduler.h"
#include "actors/scheduler/snapshot.h"
#include "actors/scheduler/writer.h"

#define SCHEDULER_NAME "default-scheduler"

/* A write that waits for a slot: a victim to be evicted, or a pod that loses its promise (no preemptor). */
struct errand {
	struct pod_info *pod, *preemptor; /* references */
	struct str node;                  /* in the pod's arena */
};

struct scheduler {
	struct caches *caches;
	struct snapshot *snapshot;
	struct pod_queue *queue;
	struct recorder *recorder;
	struct writer writer;
	/* Nothing is tried while there are some, so they are those of one attempt: at most the pods of a node, and the promises on it. */
	VEC(struct errand) errands;
	bool has_started;
	bool is_going; /* a message to go on is under way */
	bool is_short; /* some pods did not fit into the queue: look at all of them when it is half empty */
	uint64_t timer;
	struct mono timer_due;
};

void scheduler_go_on(struct scheduler *scheduler, struct act *act);

/* ---- changes.c ---- */

void scheduler_changed(struct scheduler *scheduler, struct act *act,
		       const struct caches_change *change);
/* Everything that the caches have; pods only, those that are known included, if nodes are known already. */
void scheduler_load(struct scheduler *scheduler, struct act *act, bool is_pods_only);
/* Wakes those whom the news helps. */
void scheduler_wake(struct scheduler *scheduler, struct act *act, const struct news *news);

/* ---- attempt.c ---- */

/* Tries the pod. What it cost, in nodes looked at. */
uint32_t scheduler_attempt(struct scheduler *scheduler, struct act *act, struct queued *item);
void scheduler_run_errands(struct scheduler *scheduler, struct act *act);
void scheduler_written(struct scheduler *scheduler, struct act *act, struct write *write,
		       const struct act_msg *msg);
void scheduler_drop_errands(struct scheduler *scheduler);

#endif
