/*
 * The queue: pods that wait for a node, and when each is tried next.
 *
 *     add ──> ACTIVE ──take──> OUT ──done──> (gone)
 *               ^  ^            │ fail
 *               │  └─ BACKOFF <─┴─> UNSCHEDULABLE        GATED: until its gates are gone
 *               └─ wake, or 5 minutes ──────┘
 *
 * For the scheduler's actor. ACTIVE is ordered by priority, then by time. What no filter passed waits in UNSCHEDULABLE until an event
 * could help (pod_queue_wake), then in BACKOFF if its last try is too short ago: 1 s, doubling to 10 s, ended early when
 * nothing is active. What failed for another reason backs off to the end. A pod that is OUT is never taken again before done or
 * fail; what woke it meanwhile counts at fail. Bounded by POD_QUEUE_MAX: pod_queue_add says BUSY.
 */
#ifndef ACTORS_SCHEDULER_QUEUE_POD_QUEUE_H
#define ACTORS_SCHEDULER_QUEUE_POD_QUEUE_H

#include "actors/scheduler/snapshot/pod-info.h"
#include "runtime/base/base.h"

#define POD_QUEUE_MAX 150000U /* pods of the biggest cluster upstream is tested with */

struct pod_queue;

enum pod_place {
	POD_ACTIVE,
	POD_BACKOFF,
	POD_ERROR_BACKOFF,
	POD_UNSCHEDULABLE,
	POD_GATED,
	POD_OUT
};
#define POD_PLACES (POD_OUT + 1)

/* One waiting pod. Read by anybody, written by the queue. */
struct queued {
	struct pod_info *pod; /* a reference */
	enum pod_place place;
	uint32_t attempts, unschedulable_count, error_count; /* errors are in a row */
	uint64_t rejected_by; /* plugins that said no at the last try, a bit each; 0: none did, it failed */
	bool is_woken; /* while OUT or held: an event that could help has come */
	uint32_t holds; /* victims that are being asked to go for it: not tried before that is done */
	struct mono came;  /* to the queue */
	struct mono tried; /* when its last try began; the scheduler's */
	struct mono since; /* when it came to its place in line */
	struct mono backoff_until;
	uint64_t number; /* breaks ties in order of arrival */
	uint32_t heap_at;
	struct list link; /* of those that are unschedulable, longest first */
};

GIVE struct pod_queue *pod_queue_new(void);
void pod_queue_free(TAKE struct pod_queue *queue);

/* A pod that is not known yet. Takes a reference of its own. BUSY: full. EXISTS: it is here. */
MUST_USE enum status pod_queue_add(struct pod_queue *queue, struct pod_info *pod, struct mono now);
struct queued *pod_queue_find(const struct pod_queue *queue, struct str key);
/* The same pod in a newer version: it keeps its place, but for gates that came or went. */
void pod_queue_replace(struct pod_queue *queue, struct queued *item, struct pod_info *pod,
		       struct mono now);
void pod_queue_remove(struct pod_queue *queue, struct queued *item);

/* The next one to be tried; NULL: none is due. It stays OUT until done or fail. */
struct queued *pod_queue_take(struct pod_queue *queue, struct mono now);
void pod_queue_done(struct pod_queue *queue, struct queued *item);
void pod_queue_fail(struct pod_queue *queue, struct queued *item, uint64_t rejected_by,
		    struct mono now);

/* Moves one, or each of those that `helps` says yes for, out of UNSCHEDULABLE. How many. */
void pod_queue_wake_one(struct pod_queue *queue, struct queued *item, struct mono now);
uint32_t pod_queue_wake(struct pod_queue *queue, bool (*helps)(void *arg, const struct queued *item),
			void *arg, struct mono now);

/* Keeps an unschedulable one where it is until as many releases; news meanwhile, or `is_failed`, moves it then. */
void pod_queue_hold(struct queued *item, uint32_t count);
void pod_queue_release(struct pod_queue *queue, struct queued *item, bool is_failed,
		       struct mono now);

/* When something becomes due by time alone; INT64_MAX: never. In the past: now. */
struct mono pod_queue_due(const struct pod_queue *queue);
uint32_t pod_queue_len(const struct pod_queue *queue);
uint32_t pod_queue_count(const struct pod_queue *queue, enum pod_place place);

#endif
