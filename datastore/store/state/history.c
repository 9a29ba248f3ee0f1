#include "datastore/store/state/history.h"

#include <assert.h>

#include "runtime/base/limits.h"
#include "runtime/base/mem.h"

#define RING_MIN 64U

void history_init(struct history *history, uint64_t revision)
{
	*history = (struct history){ .first = 1, .written = 1, .complete_from = revision + 1 };
}

void history_fini(struct history *history)
{
	for (uint32_t i = 0; i < history->len; i++)
		change_free(history_at(history, history->first + i));
	mem_free(history->ring);
	*history = (struct history){ 0 };
}

uint64_t history_end(const struct history *history)
{
	return history->first + history->len;
}

struct change *history_at(const struct history *history, uint64_t number)
{
	assert(number >= history->first && number < history_end(history));
	return history->ring[number & (history->cap - 1)];
}

static void grow(struct history *history)
{
	uint32_t cap = history->cap ? 2 * history->cap : RING_MIN;
	struct change **ring = mem_zalloc(cap * sizeof(struct change *));
	for (uint32_t i = 0; i < history->len; i++) {
		uint64_t number = history->first + i;
		ring[number & (cap - 1)] = history_at(history, number);
	}
	mem_free(history->ring);
	history->ring = ring;
	history->cap = cap;
}

/* What was there before is another change's, or the table has it. */
static uint32_t own_size(const struct change *change)
{
	return change_size(change) - (change->before.value ? change->before.value->len : 0);
}

static bool is_over_limit(const struct history *history)
{
	return history->len > LIMIT_HISTORY_EVENTS || history->bytes > LIMIT_HISTORY_BYTES;
}

/* A revision that is cut in two is no longer complete: `complete_from` moves past it. */
static void trim(struct history *history)
{
	while (history->len && history->first < history->written && is_over_limit(history)) {
		struct change *oldest = history_at(history, history->first);
		history->complete_from = change_revision(oldest->id) + 1;
		history->bytes -= change_size(oldest);
		change_free(oldest);
		history->first++;
		history->len--;
	}
}

void history_add(struct history *history, struct change *change)
{
	if (history->len == history->cap)
		grow(history);
	history->ring[history_end(history) & (history->cap - 1)] = change;
	history->len++;
	history->bytes += change_size(change);
	history->unwritten_bytes += own_size(change);
	trim(history);
}

uint64_t history_find(const struct history *history, uint64_t revision)
{
	if (revision < history->complete_from)
		return 0;
	uint64_t low = history->first, high = history_end(history);
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (change_revision(history_at(history, middle)->id) < revision)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void history_written(struct history *history, uint64_t number)
{
	assert(number >= history->written && number <= history_end(history));
	for (; history->written < number; history->written++)
		history->unwritten_bytes -= own_size(history_at(history, history->written));
	trim(history);
}
