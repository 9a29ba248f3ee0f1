/*
 * A binary heap of queued pods that can be taken out from the middle. Private to the queue.
 *
 * An entry is in at most one heap and knows its place in it. Every operation is O(log n).
 */
#ifndef ACTORS_SCHEDULER_QUEUE_POD_HEAP_H
#define ACTORS_SCHEDULER_QUEUE_POD_HEAP_H

#include "runtime/base/base.h"

struct queued;

struct pod_heap {
	bool (*is_before)(const struct queued *a, const struct queued *b); /* a total order */
	VEC(struct queued *) items;
};

void pod_heap_fini(struct pod_heap *heap);
void pod_heap_push(struct pod_heap *heap, struct queued *item);
struct queued *pod_heap_first(const struct pod_heap *heap); /* NULL: empty */
void pod_heap_remove(struct pod_heap *heap, struct queued *item);

#endif
