#include "actors/scheduler/queue/pod-queue.h"

#include "actors/scheduler/queue/pod-heap.h"

#define BACKOFF_MIN_NS (1 * TIME_S)
#define BACKOFF_MAX_NS (10 * TIME_S)
#define BACKOFF_WINDOW_NS (1 * TIME_S) /* within one window the order is that of ACTIVE */
#define UNSCHEDULABLE_MAX_NS (300 * TIME_S)

struct pod_queue {
	struct map items; /* by key */
	struct pod_heap heaps[POD_ERROR_BACKOFF + 1];
	struct list unschedulable;
	uint32_t counts[POD_PLACES];
	uint64_t numbers;
};

/* ---- order --------------------------------------------------------------------------------------------- */

static bool is_more_urgent(const struct queued *a, const struct queued *b)
{
	if (a->pod->priority != b->pod->priority)
		return a->pod->priority > b->pod->priority;
	if (a->since.ns != b->since.ns)
		return a->since.ns < b->since.ns;
	return a->number < b->number;
}

static bool backs_off_shorter(const struct queued *a, const struct queued *b)
{
	if (a->backoff_until.ns != b->backoff_until.ns)
		return a->backoff_until.ns < b->backoff_until.ns;
	return is_more_urgent(a, b);
}

/* ---- life ---------------------------------------------------------------------------------------------- */

struct pod_queue *pod_queue_new(void)
{
	struct pod_queue *queue = mem_new(struct pod_queue);

	queue->heaps[POD_ACTIVE].is_before = is_more_urgent;
	queue->heaps[POD_BACKOFF].is_before = backs_off_shorter;
	queue->heaps[POD_ERROR_BACKOFF].is_before = backs_off_shorter;
	list_init(&queue->unschedulable);
	return queue;
}

static void free_item(struct queued *item)
{
	pod_info_unref(item->pod);
	mem_free(item);
}

void pod_queue_free(struct pod_queue *queue)
{
	uint32_t at = 0;
	struct str key;
	void *item;

	if (queue == NULL)
		return;
	while (map_next(&queue->items, &at, &key, &item))
		free_item(item);
	map_fini(&queue->items);
	for (uint32_t i = 0; i <= POD_ERROR_BACKOFF; i++)
		pod_heap_fini(&queue->heaps[i]);
	mem_free(queue);
}

/* ---- moves --------------------------------------------------------------------------------------------- */

static void enter(struct pod_queue *queue, struct queued *item, enum pod_place place)
{
	item->place = place;
	queue->counts[place]++;
	if (place <= POD_ERROR_BACKOFF)
		pod_heap_push(&queue->heaps[place], item);
	else if (place == POD_UNSCHEDULABLE)
		list_push(&queue->unschedulable, &item->link);
}

static void leave(struct pod_queue *queue, struct queued *item)
{
	assert(queue->counts[item->place] > 0);
	queue->counts[item->place]--;
	if (item->place <= POD_ERROR_BACKOFF)
		pod_heap_remove(&queue->heaps[item->place], item);
	else if (item->place == POD_UNSCHEDULABLE)
		list_remove(&item->link);
}

static void move(struct pod_queue *queue, struct queued *item, enum pod_place place)
{
	leave(queue, item);
	enter(queue, item, place);
}

static bool is_gated(const struct pod_info *pod)
{
	return pod->pod->spec->scheduling_gates.len > 0;
}

/* The end of the window in which the back-off ends, as upstream counts it. */
static struct mono backoff_end(const struct queued *item)
{
	uint32_t count = item->error_count ? item->error_count : item->unschedulable_count;
	uint32_t doublings = count > 1 ? count - 1 : 0;
	int64_t length = doublings < 4 ? BACKOFF_MIN_NS << doublings : BACKOFF_MAX_NS;
	int64_t end = item->since.ns + (length < BACKOFF_MAX_NS ? length : BACKOFF_MAX_NS);

	return (struct mono){ (end / BACKOFF_WINDOW_NS + 1) * BACKOFF_WINDOW_NS };
}

static void retry(struct pod_queue *queue, struct queued *item, struct mono now)
{
	item->is_woken = item->holds > 0;
	if (item->holds > 0)
		return;
	if (is_gated(item->pod))
		move(queue, item, POD_GATED);
	else if (item->backoff_until.ns <= now.ns)
		move(queue, item, POD_ACTIVE);
	else
		move(queue, item, item->rejected_by ? POD_BACKOFF : POD_ERROR_BACKOFF);
}

/* ---- coming and going ------------------------------------------------------------------------------------ */

enum status pod_queue_add(struct pod_queue *queue, struct pod_info *pod, struct mono now)
{
	struct queued *item;

	if (map_has(&queue->items, pod->key))
		return EXISTS;
	if (queue->items.len >= POD_QUEUE_MAX)
		return BUSY;
	item = mem_new(struct queued);
	item->pod = pod_info_ref(pod);
	item->came = item->since = now;
	item->number = ++queue->numbers;
	map_put(&queue->items, pod->key, item);
	enter(queue, item, is_gated(pod) ? POD_GATED : POD_ACTIVE);
	return OK;
}

struct queued *pod_queue_find(const struct pod_queue *queue, struct str key)
{
	return map_get(&queue->items, key);
}

void pod_queue_replace(struct pod_queue *queue, struct queued *item, struct pod_info *pod,
		       struct mono now)
{
	struct pod_info *old = item->pod;
	enum pod_place place = item->place;

	assert(str_eq(old->key, pod->key));
	if (place == POD_GATED && !is_gated(pod)) {
		item->since = now;
		place = POD_ACTIVE;
	} else if (place != POD_OUT && is_gated(pod)) {
		place = POD_GATED;
	}
	/* In a heap it has to find its place anew, since its priority may be another; a list is in order of time. */
	if (place != item->place || place <= POD_ERROR_BACKOFF) {
		leave(queue, item);
		item->pod = pod_info_ref(pod);
		enter(queue, item, place);
	} else {
		item->pod = pod_info_ref(pod);
	}
	pod_info_unref(old);
}

void pod_queue_remove(struct pod_queue *queue, struct queued *item)
{
	leave(queue, item);
	map_remove(&queue->items, item->pod->key);
	free_item(item);
}

/* ---- trying ------------------------------------------------------------------------------------------------ */

static void end_backoffs(struct pod_queue *queue, enum pod_place place, struct mono now)
{
	struct queued *item;

	while ((item = pod_heap_first(&queue->heaps[place])) != NULL &&
	       item->backoff_until.ns <= now.ns)
		move(queue, item, POD_ACTIVE);
}

static void flush_unschedulable(struct pod_queue *queue, struct mono now)
{
	list_each (&queue->unschedulable, link) {
		struct queued *item = list_item(link, struct queued, link);

		if (item->since.ns + UNSCHEDULABLE_MAX_NS > now.ns)
			return;
		retry(queue, item, now);
	}
}

struct queued *pod_queue_take(struct pod_queue *queue, struct mono now)
{
	struct queued *item;

	end_backoffs(queue, POD_BACKOFF, now);
	end_backoffs(queue, POD_ERROR_BACKOFF, now);
	flush_unschedulable(queue, now);
	item = pod_heap_first(&queue->heaps[POD_ACTIVE]);
	if (item == NULL)
		item = pod_heap_first(&queue->heaps[POD_BACKOFF]);
	if (item == NULL)
		return NULL;
	move(queue, item, POD_OUT);
	item->attempts++;
	item->is_woken = false;
	return item;
}

void pod_queue_done(struct pod_queue *queue, struct queued *item)
{
	assert(item->place == POD_OUT);
	pod_queue_remove(queue, item);
}

void pod_queue_fail(struct pod_queue *queue, struct queued *item, uint64_t rejected_by,
		    struct mono now)
{
	assert(item->place == POD_OUT);
	item->rejected_by = rejected_by;
	item->since = now;
	if (rejected_by == 0) {
		item->error_count++;
	} else {
		item->error_count = 0;
		item->unschedulable_count++;
	}
	item->backoff_until = backoff_end(item);
	if (rejected_by == 0 || item->is_woken || is_gated(item->pod))
		retry(queue, item, now);
	else
		move(queue, item, POD_UNSCHEDULABLE);
}

void pod_queue_wake_one(struct pod_queue *queue, struct queued *item, struct mono now)
{
	if (item->place == POD_OUT)
		item->is_woken = true;
	else if (item->place == POD_UNSCHEDULABLE)
		retry(queue, item, now);
}

void pod_queue_hold(struct queued *item, uint32_t count)
{
	item->holds += count;
}

void pod_queue_release(struct pod_queue *queue, struct queued *item, bool is_failed, struct mono now)
{
	assert(item->holds > 0);
	item->holds--;
	item->is_woken |= is_failed;
	if (item->holds == 0 && item->is_woken && item->place == POD_UNSCHEDULABLE)
		retry(queue, item, now);
}

uint32_t pod_queue_wake(struct pod_queue *queue, bool (*helps)(void *arg, const struct queued *item),
			void *arg, struct mono now)
{
	uint32_t count = 0;

	list_each (&queue->unschedulable, link) {
		struct queued *item = list_item(link, struct queued, link);

		if (!helps(arg, item))
			continue;
		retry(queue, item, now);
		count++;
	}
	return count;
}

/* ---- looking in ---------------------------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

struct mono pod_queue_due(const struct pod_queue *queue)
{
	const struct queued *item = pod_heap_first(&queue->heaps[POD_ERROR_BACKOFF]);
	int64_t due = INT64_MAX;

	if (queue->counts[POD_ACTIVE] + queue->counts[POD_BACKOFF] > 0)
		return (struct mono){ 0 };
	if (item != NULL)
		due = item->backoff_until.ns;
	if (!list_is_empty(&queue->unschedulable)) {
		item = list_item(queue->unschedulable.next, struct queued, link);
		due = earlier(due, item->since.ns + UNSCHEDULABLE_MAX_NS);
	}
	return (struct mono){ due };
}

uint32_t pod_queue_len(const struct pod_queue *queue)
{
	return queue->items.len;
}

uint32_t pod_queue_count(const struct pod_queue *queue, enum pod_place place)
{
	return queue->counts[place];
}
