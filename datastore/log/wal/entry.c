#include "datastore/log/wal/entry.h"

struct entry *entry_new(uint64_t index, uint64_t term, enum entry_kind kind, struct str payload)
{
	assert(index > 0 && term > 0);
	assert(payload.len <= LIMIT_ENTRY_BYTES);
	struct entry *entry = mem_alloc(sizeof *entry + payload.len);
	*entry = (struct entry){
		.index = index, .term = term, .kind = kind, .refs = 1, .len = payload.len
	};
	if (payload.len > 0)
		memcpy(entry->bytes, payload.at, payload.len);
	return entry;
}

struct entry *entry_ref(struct entry *entry)
{
	assert(entry->refs > 0);
	entry->refs++;
	return entry;
}

void entry_unref(struct entry *entry)
{
	assert(entry->refs > 0);
	if (--entry->refs == 0)
		mem_free(entry);
}

/* ---- the window ---- */

static struct entry **window_slot(const struct window *window, uint64_t index)
{
	return &window->ring[index & (window->cap - 1)];
}

static void window_grow(struct window *window)
{
	struct window grown = *window;
	grown.cap = window->cap == 0 ? 64 : window->cap * 2;
	grown.ring = mem_zalloc(sizeof *grown.ring * grown.cap);
	for (uint64_t index = window->base_index + 1; index <= window_last(window); index++)
		*window_slot(&grown, index) = *window_slot(window, index);
	mem_free(window->ring);
	*window = grown;
}

static void window_drop(struct window *window, uint64_t index)
{
	struct entry **slot = window_slot(window, index);
	window->bytes -= (*slot)->len;
	entry_unref(*slot);
	*slot = NULL;
	window->len--;
}

/* Drops `from` and what follows. */
static void truncate_from(struct window *window, uint64_t from)
{
	assert(from > window->base_index);
	while (window->len > 0 && window_last(window) >= from)
		window_drop(window, window_last(window));
}

void window_reset(struct window *window, uint64_t base_index, uint64_t base_term)
{
	if (window->len > 0)
		truncate_from(window, window->base_index + 1);
	window->base_index = base_index;
	window->base_term = base_term;
}

void window_fini(struct window *window)
{
	window_reset(window, 0, 0);
	mem_free(window->ring);
	*window = (struct window){ 0 };
}

uint64_t window_last(const struct window *window)
{
	return window->base_index + window->len;
}

struct entry *window_at(const struct window *window, uint64_t index)
{
	if (index <= window->base_index || index > window_last(window))
		return NULL;
	struct entry *entry = *window_slot(window, index);
	assert(entry->index == index);
	return entry;
}

uint64_t window_term(const struct window *window, uint64_t index)
{
	if (index == window->base_index)
		return window->base_term;
	const struct entry *entry = window_at(window, index);
	return entry ? entry->term : 0;
}

void window_put(struct window *window, struct entry *entry)
{
	assert(entry->index > window->base_index && entry->index <= window_last(window) + 1);
	truncate_from(window, entry->index);
	if (window->len == window->cap)
		window_grow(window);
	*window_slot(window, entry->index) = entry;
	window->len++;
	window->bytes += entry->len;
}

void window_trim(struct window *window, uint64_t to)
{
	assert(to <= window_last(window));
	while (window->base_index < to) {
		uint64_t index = window->base_index + 1;
		uint64_t term = window_term(window, index);
		window_drop(window, index);
		window->base_index = index;
		window->base_term = term;
	}
}
