/*
 * The state of the scheduler's actor and the files that share it:
 *
 *     scheduler.c   starts, goes on in slices, waits for what becomes due
 *     changes.c     what the caches tell: into snapshot and queue, and whom it wakes
 *     attempt.c     one pod's try, what is written for it, and the answers
 *     volume-waits.c   pods whose claims are bound first
 */
#ifndef ACTORS_SCHEDULER_SCHEDULER_PRIVATE_H
#define ACTORS_SCHEDULER_SCHEDULER_PRIVATE_H

#include "actors/controller/caches.h"
#include "actors/controller/recorder.h"
#include "actors/scheduler/cycle.h"
#include "actors/scheduler/queue/news.h"
#include "actors/scheduler/queue/pod-queue.h"
#include "actors/scheduler/scheduler.h"
#include "actors/scheduler/snapshot/snapshot.h"
#include "actors/scheduler/tally.h"
#include "actors/scheduler/writer.h"

#define SCHEDULER_NAME "default-scheduler"

/* A write that waits for a slot. All pointers are references, or NULL. */
enum errand_kind { ERRAND_EVICT, ERRAND_TAKE_BACK, ERRAND_CLAIM };
struct errand {
	enum errand_kind kind;
	struct pod_info *pod; /* the victim; the one that loses its promise; the one with the claim */
	struct pod_info *preemptor;          /* of EVICT */
	const struct object *claim, *volume; /* of CLAIM */
	struct str node;                     /* in the pod's arena */
};

/* A pod on an assumed node whose claims are being bound; then it is. */
struct volume_wait {
	struct pod_info *pod; /* a reference */
	struct str node;      /* in the pod's arena */
	struct mono until;
	struct awaited *claims; /* in the pod's arena */
	uint32_t count;
	const char *failure; /* NULL: none */
};
#define VOLUME_WAITS_MAX 256U

struct scheduler {
	struct caches *caches;
	struct snapshot *snapshot;
	struct pod_queue *queue;
	struct recorder *recorder;
	struct writer writer;
	struct tally tally;
	/* Nothing is tried while there are some, so they are those of one attempt: at most the pods of a node, and the promises on it. */
	VEC(struct errand) errands;
	VEC(struct volume_wait) waits;
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
/* Takes references of its own. */
void scheduler_add_errand(struct scheduler *scheduler, const struct errand *like);
/* Writes the binding of a pod that is assumed on the node, in that version of it; the item may have a newer one. */
void scheduler_bind(struct scheduler *scheduler, struct act *act, struct queued *item,
		    struct pod_info *pod, struct str node);
/* No filter's verdict but a failure: of a write, of the server. */
void scheduler_failed(struct scheduler *scheduler, struct act *act, struct queued *item,
		      struct str message);

/* ---- volume-waits.c ---- */

/* The chosen node is assumed already. BUSY: too many pods wait for volumes. */
MUST_USE enum status scheduler_await_volumes(struct scheduler *scheduler, struct act *act,
					     struct queued *item, const struct node_info *node,
					     const struct cycle *cycle);
/* A write for a claim of that pod did not work. */
void scheduler_volume_failed(struct scheduler *scheduler, const struct pod_info *pod);
/* Binds or fails those that can be, as far as there is room to write. When the first of the rest is too late; INT64_MAX: none. */
void scheduler_check_waits(struct scheduler *scheduler, struct act *act);
struct mono scheduler_waits_due(const struct scheduler *scheduler);
/* Names of the volumes that they have chosen. */
struct str_list scheduler_taken_volumes(const struct scheduler *scheduler, struct arena *arena);
void scheduler_drop_waits(struct scheduler *scheduler);

#endif
