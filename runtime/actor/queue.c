/*
 * A key is in at most one place: WAITING in line, DELAYED in the heap, WORKING, or working and `is_dirty` (added
 * meanwhile: back in line when done). One that is only remembered for its failures is IDLE.
 */
#include "runtime/actor/queue.h"

#include "runtime/actor/mail/mailbox-private.h"

#define DEFAULT_BACKOFF_MIN_MS 5U
#define DEFAULT_BACKOFF_MAX_MS 1000000U
#define DEFAULT_RATE_PER_S 10U
#define DEFAULT_BURST 100U

enum item_state { ITEM_IDLE, ITEM_WAITING, ITEM_DELAYED, ITEM_WORKING };

struct item {
	struct list link; /* WAITING */
	enum item_state state;
	bool is_dirty;
	uint32_t failures;
	uint32_t heap_at;     /* DELAYED */
	uint64_t sequence;    /* among those due at the same time the first added comes first */
	int64_t due_ns;       /* DELAYED; and of a dirty one that was added with a delay, else 0 */
	struct mono ready_at; /* WAITING */
	char *key;
	uint32_t key_len;
};

struct queue {
	struct act *act;
	struct queue_options options;
	struct map items;
	struct list waiting;
	VEC(struct item *) heap;
	uint32_t waiting_len, working_len;
	uint64_t adds, retries, sequence;
	uint64_t timer; /* of the heap's first */
	int64_t timer_ns;
	bool is_told; /* a queue_ready is on its way */
	double tokens;
	struct mono tokens_at;
};

ACT_TYPE(queue_ready);

static struct str item_key(const struct item *item)
{
	return str_of(item->key, item->key_len);
}

/* ---- the heap of delayed keys ------------------------------------------------------------------------ */

static bool item_before(const struct item *a, const struct item *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->sequence < b->sequence;
}

static void heap_set(struct queue *queue, uint32_t at, struct item *item)
{
	queue->heap.at[at] = item;
	item->heap_at = at;
}

static void heap_up(struct queue *queue, uint32_t at)
{
	struct item *item = queue->heap.at[at];
	while (at > 0 && item_before(item, queue->heap.at[(at - 1) / 2])) {
		heap_set(queue, at, queue->heap.at[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_set(queue, at, item);
}

static void heap_down(struct queue *queue, uint32_t at)
{
	struct item *item = queue->heap.at[at];
	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child >= queue->heap.len)
			break;
		if (child + 1 < queue->heap.len &&
		    item_before(queue->heap.at[child + 1], queue->heap.at[child]))
			child++;
		if (!item_before(queue->heap.at[child], item))
			break;
		heap_set(queue, at, queue->heap.at[child]);
		at = child;
	}
	heap_set(queue, at, item);
}

static void heap_remove(struct queue *queue, struct item *item)
{
	uint32_t at = item->heap_at;
	struct item *last = vec_pop(&queue->heap);

	if (last == item)
		return;
	heap_set(queue, at, last);
	heap_up(queue, at);
	heap_down(queue, last->heap_at);
}

/* ---- telling the actor ---------------------------------------------------------------------------------- */

/* The timer's message is the same queue_ready: the actor takes, and taking looks at the heap first. */
static void queue_set_timer(struct queue *queue)
{
	int64_t due_ns = queue->heap.len ? queue->heap.at[0]->due_ns : INT64_MAX;
	const struct queue_ready ready = { queue };

	if (queue->timer && due_ns >= queue->timer_ns && due_ns != INT64_MAX)
		return;
	act_cancel(queue->act, queue->timer);
	queue->timer = 0;
	if (due_ns == INT64_MAX)
		return;
	int64_t wait_ns = due_ns - act_now(queue->act).ns;
	uint64_t wait_ms = wait_ns > 0 ? (uint64_t)((wait_ns + TIME_MS - 1) / TIME_MS) : 0;
	queue->timer = act_after(queue->act, wait_ms, &queue_ready_type, &ready);
	queue->timer_ns = due_ns;
}

static void queue_tell(struct queue *queue)
{
	const struct queue_ready ready = { queue };

	if (queue->is_told || !queue->waiting_len ||
	    queue->working_len >= queue->options.max_working)
		return;
	queue->is_told = true;
	struct message *message = message_new(queue->act->host, &queue_ready_type, &ready);
	message->msg.from = act_self(queue->act);
	message->msg.kind = ACT_SIGNAL;
	mailbox_put_system(queue->act, message);
}

/* ---- keys ----------------------------------------------------------------------------------------------- */

static void item_wait(struct queue *queue, struct item *item)
{
	item->state = ITEM_WAITING;
	item->ready_at = act_now(queue->act);
	list_push(&queue->waiting, &item->link);
	queue->waiting_len++;
	queue_tell(queue);
}

static void item_delay(struct queue *queue, struct item *item, int64_t due_ns)
{
	item->state = ITEM_DELAYED;
	item->due_ns = due_ns;
	item->sequence = queue->sequence++;
	vec_push(&queue->heap, item);
	heap_up(queue, queue->heap.len - 1);
	queue_set_timer(queue);
}

static void item_forget(struct queue *queue, struct item *item)
{
	map_remove(&queue->items, item_key(item));
	mem_free(item->key);
	mem_free(item);
}

static struct item *item_of(struct queue *queue, struct str key)
{
	struct item *item = map_get(&queue->items, key);

	if (item || queue->items.len >= queue->options.max_keys)
		return item;
	item = mem_new(struct item);
	item->key = mem_copy(key.at, key.len);
	item->key_len = key.len;
	list_init(&item->link);
	map_put(&queue->items, key, item);
	return item;
}

static void queue_release(void *arg)
{
	struct queue *queue = arg;
	uint32_t at = 0;
	struct str key;
	void *value;

	while (map_next(&queue->items, &at, &key, &value)) {
		struct item *item = value;
		mem_free(item->key);
		mem_free(item);
	}
	map_fini(&queue->items);
	vec_fini(&queue->heap);
}

struct queue *queue_new(struct act *act, const struct queue_options *options)
{
	struct queue *queue = act_alloc(act, sizeof *queue);

	queue->act = act;
	queue->options = *options;
	if (!options->backoff_min_ms && !options->backoff_max_ms) {
		queue->options.backoff_min_ms = DEFAULT_BACKOFF_MIN_MS;
		queue->options.backoff_max_ms = DEFAULT_BACKOFF_MAX_MS;
	}
	if (!options->rate_per_s) {
		queue->options.rate_per_s = DEFAULT_RATE_PER_S;
		queue->options.burst = DEFAULT_BURST;
	}
	if (!options->max_keys)
		queue->options.max_keys = LIMIT_QUEUE_KEYS;
	if (!options->max_working)
		queue->options.max_working = 1;
	list_init(&queue->waiting);
	queue->tokens = queue->options.burst;
	queue->tokens_at = act_now(act);
	act_own(act, queue_release, queue);
	return queue;
}

enum status queue_add(struct queue *queue, struct str key)
{
	struct item *item = item_of(queue, key);

	if (!item)
		return BUSY;
	queue->adds++;
	switch (item->state) {
	case ITEM_DELAYED: heap_remove(queue, item); __attribute__((fallthrough));
	case ITEM_IDLE: item_wait(queue, item); break;
	case ITEM_WAITING: break;
	case ITEM_WORKING:
		item->is_dirty = true;
		item->due_ns = 0;
		break;
	}
	return OK;
}

static void item_add_at(struct queue *queue, struct item *item, int64_t due_ns)
{
	switch (item->state) {
	case ITEM_IDLE: item_delay(queue, item, due_ns); break;
	case ITEM_DELAYED:
		if (due_ns < item->due_ns) {
			heap_remove(queue, item);
			item_delay(queue, item, due_ns);
		}
		break;
	case ITEM_WAITING: break;
	case ITEM_WORKING:
		if (!item->is_dirty || due_ns < item->due_ns)
			item->due_ns = due_ns;
		item->is_dirty = true;
		break;
	}
}

enum status queue_add_after(struct queue *queue, struct str key, uint64_t delay_ms)
{
	if (!delay_ms)
		return queue_add(queue, key);
	struct item *item = item_of(queue, key);
	if (!item)
		return BUSY;
	queue->adds++;
	item_add_at(queue, item, act_now(queue->act).ns + (int64_t)delay_ms * TIME_MS);
	return OK;
}

static void queue_ripen(struct queue *queue)
{
	int64_t now_ns = act_now(queue->act).ns;

	while (queue->heap.len && queue->heap.at[0]->due_ns <= now_ns) {
		struct item *item = queue->heap.at[0];
		heap_remove(queue, item);
		/* The actor is taking already: it need not be told. */
		item->state = ITEM_WAITING;
		item->ready_at = act_now(queue->act);
		list_push(&queue->waiting, &item->link);
		queue->waiting_len++;
	}
	if (queue->timer && queue->timer_ns <= now_ns) {
		act_cancel(queue->act, queue->timer);
		queue->timer = 0;
	}
	queue_set_timer(queue);
}

bool queue_take(struct queue *queue, struct str *out_key)
{
	queue->is_told = false;
	queue_ripen(queue);
	if (list_is_empty(&queue->waiting) || queue->working_len >= queue->options.max_working)
		return false;
	struct item *item = list_item(queue->waiting.next, struct item, link);
	list_remove(&item->link);
	queue->waiting_len--;
	queue->working_len++;
	item->state = ITEM_WORKING;
	item->is_dirty = false;
	*out_key = item_key(item);
	return true;
}

/* ---- done ------------------------------------------------------------------------------------------------- */

/* How long until the bucket has a token for this retry; takes it in advance. */
static int64_t queue_bucket_ns(struct queue *queue)
{
	struct mono now = act_now(queue->act);
	double rate = queue->options.rate_per_s;

	queue->tokens += (double)(now.ns - queue->tokens_at.ns) / (double)TIME_S * rate;
	queue->tokens_at = now;
	if (queue->tokens > queue->options.burst)
		queue->tokens = queue->options.burst;
	queue->tokens -= 1;
	return queue->tokens >= 0 ? 0 : (int64_t)(-queue->tokens / rate * (double)TIME_S);
}

static int64_t queue_backoff_ns(struct queue *queue, struct item *item)
{
	uint64_t delay_ms = queue->options.backoff_min_ms;
	uint64_t most_ms = queue->options.backoff_max_ms;

	for (uint32_t i = 0; i < item->failures && delay_ms < most_ms; i++)
		delay_ms *= 2;
	if (delay_ms > most_ms)
		delay_ms = most_ms;
	item->failures++;
	queue->retries++;
	/* Up to a tenth of jitter, so that keys that failed together part. */
	int64_t delay_ns = (int64_t)delay_ms * TIME_MS;
	delay_ns += (int64_t)(act_random(queue->act) % (uint64_t)(delay_ns / 10 + 1));
	int64_t bucket_ns = queue_bucket_ns(queue);
	return bucket_ns > delay_ns ? bucket_ns : delay_ns;
}

static struct item *queue_finish(struct queue *queue, struct str key)
{
	struct item *item = map_get(&queue->items, key);

	assert(item && item->state == ITEM_WORKING);
	item->state = ITEM_IDLE;
	queue->working_len--;
	return item;
}

/* What was added while it was worked on comes now; else it is forgotten unless it has failures to remember. */
static void queue_settle(struct queue *queue, struct item *item)
{
	bool is_dirty = item->is_dirty;
	int64_t due_ns = item->due_ns;

	item->is_dirty = false;
	item->due_ns = 0;
	if (is_dirty && due_ns > act_now(queue->act).ns)
		item_add_at(queue, item, due_ns);
	else if (is_dirty)
		item_wait(queue, item);
	else if (item->state == ITEM_IDLE)
		item_forget(queue, item);
	queue_tell(queue);
}

void queue_done(struct queue *queue, struct str key, enum queue_outcome outcome)
{
	struct item *item = queue_finish(queue, key);

	if (outcome == QUEUE_RETRY) {
		int64_t due_ns = act_now(queue->act).ns + queue_backoff_ns(queue, item);
		if (!item->is_dirty || (item->due_ns && item->due_ns > due_ns))
			item->due_ns = due_ns;
		item->is_dirty = true;
	} else {
		item->failures = 0;
	}
	queue_settle(queue, item);
}

void queue_done_after(struct queue *queue, struct str key, uint64_t delay_ms)
{
	struct item *item = queue_finish(queue, key);
	int64_t due_ns = act_now(queue->act).ns + (int64_t)delay_ms * TIME_MS;

	item->failures = 0;
	if (!item->is_dirty || (item->due_ns && item->due_ns > due_ns))
		item->due_ns = due_ns;
	item->is_dirty = true;
	queue_settle(queue, item);
}

void queue_stats(const struct queue *queue, struct queue_stats *out)
{
	*out = (struct queue_stats){ .waiting = queue->waiting_len,
				     .delayed = queue->heap.len,
				     .working = queue->working_len,
				     .adds = queue->adds,
				     .retries = queue->retries };
	if (queue->waiting_len)
		out->oldest = list_item(queue->waiting.next, struct item, link)->ready_at;
}

uint32_t queue_failures(const struct queue *queue, struct str key)
{
	const struct item *item = map_get(&queue->items, key);
	return item ? item->failures : 0;
}
