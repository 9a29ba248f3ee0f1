/*
 * A work queue of keys, for reconcilers: what to look at again, and when.
 *
 * It belongs to one actor and lives in its arena. A key is in it at most once however often it is added; a key that
 * is being worked on is never taken a second time, but comes back after queue_done if it was added meanwhile. Failures
 * back off per key, doubling with jitter; a token bucket bounds the rate of failures over all keys.
 *
 * No tasks needed: when something can be taken the actor gets one queue_ready message (system lane) and calls queue_take
 * until it says false. Bounded by max_keys: queue_add says BUSY.
 */
#ifndef RUNTIME_ACTOR_QUEUE_H
#define RUNTIME_ACTOR_QUEUE_H

#include "runtime/actor/act.h"

#pragma GCC visibility push(default)

struct queue;

struct queue_options {
	uint32_t backoff_min_ms, backoff_max_ms; /* 0, 0: 5 ms to 1000 s, upstream's default */
	uint32_t rate_per_s,
	    burst;            /* of the bucket for retries; 0: 10 and 100, upstream's default */
	uint32_t max_keys;    /* 0: LIMIT_QUEUE_KEYS */
	uint32_t max_working; /* keys out at once; 0: 1 */
};

struct queue_ready {
	struct queue *queue; /* which of the actor's queues */
};
ACT_TYPE_DECLARE(queue_ready);

/* Freed with the actor. */
struct queue *queue_new(struct act *act, const struct queue_options *options);

MUST_USE enum status queue_add(struct queue *queue, struct str key); /* the key is copied */
/* Later, unless it is added earlier by other means; of two times the earlier one counts. */
MUST_USE enum status queue_add_after(struct queue *queue, struct str key, uint64_t delay_ms);

/* The next key, borrowed until queue_done of it. False: nothing is due, or max_working keys are out. */
bool queue_take(struct queue *queue, struct str *out_key);

enum queue_outcome {
	QUEUE_DONE,  /* forget its failures */
	QUEUE_RETRY, /* again after its back-off and when the bucket allows */
};

void queue_done(struct queue *queue, struct str key, enum queue_outcome outcome);
/* QUEUE_DONE, and again after a while. */
void queue_done_after(struct queue *queue, struct str key, uint64_t delay_ms);

struct queue_stats {
	uint32_t waiting, delayed, working; /* ready to be taken; not yet due; out */
	uint64_t adds, retries;
	struct mono oldest; /* when the longest waiting became ready; 0: none */
};

void queue_stats(const struct queue *queue, struct queue_stats *out);
uint32_t queue_failures(const struct queue *queue, struct str key); /* in a row */

#pragma GCC visibility pop

#endif
