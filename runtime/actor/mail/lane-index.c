#include "runtime/actor/mail/lane-index.h"

#include "runtime/actor/actor-private.h"

#define FIRST_CAP 16U

/* Where a message begins to be looked for: keys are often hashes already, or numbers in a row. */
static uint32_t index_home(const struct lane_index *index, const struct act_type *type, uint64_t key)
{
	uint64_t mixed = (key ^ (uint64_t)(uintptr_t)type) * 0x9E3779B97F4A7C15ULL;
	return (uint32_t)(mixed >> 32) & (index->cap - 1);
}

static uint32_t index_home_of(const struct lane_index *index, const struct message *message)
{
	return index_home(index, message->msg.type, message->key);
}

void lane_index_fini(struct lane_index *index)
{
	mem_free(index->at);
	*index = (struct lane_index){ 0 };
}

struct message *lane_index_find(const struct lane_index *index, const struct act_type *type,
				uint64_t key)
{
	if (!index->len)
		return NULL;
	uint32_t at = index_home(index, type, key);
	struct message *message;
	while ((message = index->at[at]) != NULL) {
		if (message->key == key && message->msg.type == type)
			return message;
		at = (at + 1) & (index->cap - 1);
	}
	return NULL;
}

static void index_put(struct lane_index *index, struct message *message)
{
	uint32_t at = index_home_of(index, message);
	while (index->at[at])
		at = (at + 1) & (index->cap - 1);
	index->at[at] = message;
}

static void index_grow(struct lane_index *index)
{
	struct lane_index old = *index;

	index->cap = old.cap ? old.cap * 2 : FIRST_CAP;
	index->at = mem_zalloc(index->cap * sizeof *index->at);
	for (uint32_t i = 0; i < old.cap; i++)
		if (old.at[i])
			index_put(index, old.at[i]);
	mem_free(old.at);
}

void lane_index_add(struct lane_index *index, struct message *message)
{
	if (2 * (index->len + 1) > index->cap)
		index_grow(index);
	index_put(index, message);
	index->len++;
}

/* What was put further on because of the one that is gone moves up, so that no search ends too early. */
static void index_close_gap(struct lane_index *index, uint32_t gap)
{
	const uint32_t mask = index->cap - 1;

	for (uint32_t at = (gap + 1) & mask; index->at[at]; at = (at + 1) & mask) {
		uint32_t from_home = (at - index_home_of(index, index->at[at])) & mask;
		if (from_home < ((at - gap) & mask))
			continue;
		index->at[gap] = index->at[at];
		gap = at;
	}
	index->at[gap] = NULL;
}

void lane_index_remove(struct lane_index *index, const struct message *message)
{
	if (!index->len)
		return;
	uint32_t at = index_home_of(index, message);
	while (index->at[at] && index->at[at] != message)
		at = (at + 1) & (index->cap - 1);
	if (!index->at[at])
		return;
	index_close_gap(index, at);
	if (--index->len == 0)
		lane_index_fini(index);
}
