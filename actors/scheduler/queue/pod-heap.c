#include "actors/scheduler/queue/pod-heap.h"

#include "actors/scheduler/queue/pod-queue.h"

void pod_heap_fini(struct pod_heap *heap)
{
	vec_fini(&heap->items);
}

static void put(struct pod_heap *heap, uint32_t at, struct queued *item)
{
	heap->items.at[at] = item;
	item->heap_at = at;
}

static void rise(struct pod_heap *heap, uint32_t at)
{
	struct queued *item = heap->items.at[at];

	while (at > 0 && heap->is_before(item, heap->items.at[(at - 1) / 2])) {
		put(heap, at, heap->items.at[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(heap, at, item);
}

static void sink(struct pod_heap *heap, uint32_t at)
{
	struct queued *item = heap->items.at[at];
	uint32_t child;

	while ((child = 2 * at + 1) < heap->items.len) {
		if (child + 1 < heap->items.len &&
		    heap->is_before(heap->items.at[child + 1], heap->items.at[child]))
			child++;
		if (!heap->is_before(heap->items.at[child], item))
			break;
		put(heap, at, heap->items.at[child]);
		at = child;
	}
	put(heap, at, item);
}

void pod_heap_push(struct pod_heap *heap, struct queued *item)
{
	vec_push(&heap->items, item);
	rise(heap, heap->items.len - 1);
}

struct queued *pod_heap_first(const struct pod_heap *heap)
{
	return heap->items.len ? heap->items.at[0] : NULL;
}

void pod_heap_remove(struct pod_heap *heap, struct queued *item)
{
	uint32_t at = item->heap_at;
	struct queued *last = vec_pop(&heap->items);

	assert(last == item || heap->items.at[at] == item);
	if (last == item)
		return;
	put(heap, at, last);
	rise(heap, at);
	sink(heap, last->heap_at);
}
