#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/collection/tree-private.h"
#include "runtime/base/mem.h"

#define STEP 8U
#define CLASSES 16U
#define BLOCK_MIN 128U /* most trees are small */
#define BLOCK_MAX 8192U

#if defined(__SANITIZE_ADDRESS__)
#define IS_ALONE true
#else
#define IS_ALONE false
#endif

struct block {
	struct block *next;
	char bytes[];
};

struct unused {
	struct unused *next;
};

struct tree_keys {
	struct unused *unused[CLASSES];
	struct block *blocks; /* the newest has room */
	uint32_t block_bytes, used;
	uint64_t count;
};

/* CLASSES: the heap's. */
static uint32_t class_of(uint32_t len)
{
	uint64_t class = ((uint64_t)sizeof(struct tree_key) + len - 1) / STEP;

	return IS_ALONE || class >= CLASSES ? CLASSES : (uint32_t) class;
}

static void add_block(struct tree_keys *keys)
{
	struct block *block;

	keys->block_bytes = keys->block_bytes == 0 ? BLOCK_MIN : 2 * keys->block_bytes;
	if (keys->block_bytes > BLOCK_MAX)
		keys->block_bytes = BLOCK_MAX;
	block = mem_alloc(sizeof *block + keys->block_bytes);
	block->next = keys->blocks;
	keys->blocks = block;
	keys->used = 0;
}

static void *take(struct tree_keys *keys, uint32_t class)
{
	uint32_t bytes = (class + 1) * STEP;
	struct unused *unused = keys->unused[class];

	keys->count++;
	if (unused != NULL) {
		keys->unused[class] = unused->next;
		return unused;
	}
	if (keys->blocks == NULL || keys->used + bytes > keys->block_bytes)
		add_block(keys);
	keys->used += bytes;
	return keys->blocks->bytes + keys->used - bytes;
}

struct tree_key *tree_keys_take(struct tree_keys **keys, uint32_t len)
{
	uint32_t class = class_of(len);
	struct tree_key *key;

	if (class == CLASSES) {
		key = mem_alloc(sizeof *key + len);
	} else {
		if (*keys == NULL)
			*keys = mem_new(struct tree_keys);
		key = take(*keys, class);
	}
	key->len = len;
	return key;
}

static void free_all(struct tree_keys *keys)
{
	while (keys->blocks != NULL) {
		struct block *block = keys->blocks;

		keys->blocks = block->next;
		mem_free(block);
	}
	mem_free(keys);
}

void tree_keys_give(struct tree_keys **keys, struct tree_key *key)
{
	uint32_t class = class_of(key->len);
	struct unused *unused = (struct unused *)(void *)key;

	if (class == CLASSES) {
		mem_free(key);
		return;
	}
	unused->next = (*keys)->unused[class];
	(*keys)->unused[class] = unused;
	if (--(*keys)->count > 0)
		return;
	free_all(*keys);
	*keys = NULL;
}
