/*
 * Small blocks of memory by size class, for one thread: messages, actors' states.
 *
 * A block is given back with the size it was taken with. Classes up to POOL_MAX come from slabs that live as long as the
 * pool; larger blocks from the heap. Under the address sanitizer all come from the heap, so that it sees every use after free.
 */
#ifndef RUNTIME_ACTOR_PART_POOL_H
#define RUNTIME_ACTOR_PART_POOL_H

#include <stddef.h>

#include "runtime/base/status.h"

#if defined(__SANITIZE_ADDRESS__)
#define POOL_IS_HEAP 1
#else
#define POOL_IS_HEAP 0
#endif

#define POOL_MAX 1024U
#define POOL_CLASSES 5U /* 64, 128, 256, 512, 1024 */

struct pool {
	struct pool_block *free[POOL_CLASSES];
	struct pool_slab *slabs;
	size_t slab_bytes;
};

struct pool_block {
	struct pool_block *next;
};

/* All zero is an empty pool. */
void pool_fini(struct pool *pool); /* blocks that are still out are gone, but those above POOL_MAX */
void *pool_take_slowly(struct pool *pool, size_t size_bytes);
void pool_give_slowly(struct pool *pool, void *block, size_t size_bytes);

static inline unsigned pool_class(size_t size_bytes)
{
	return size_bytes <= 64 ? 0 : (unsigned)(64 - __builtin_clzl(size_bytes - 1)) - 6;
}

/* 16-byte aligned, not cleared. Each message takes one and gives it back: both are a few instructions here. */
GIVE static inline void *pool_take(struct pool *pool, size_t size_bytes)
{
	if (size_bytes > POOL_MAX)
		return pool_take_slowly(pool, size_bytes);
	struct pool_block **free = &pool->free[pool_class(size_bytes)];
	struct pool_block *block = *free;
	if (!block)
		return pool_take_slowly(pool, size_bytes);
	*free = block->next;
	return block;
}

/* NULL is fine. */
static inline void pool_give(struct pool *pool, TAKE void *at, size_t size_bytes)
{
	if (POOL_IS_HEAP || size_bytes > POOL_MAX || !at) {
		pool_give_slowly(pool, at, size_bytes);
		return;
	}
	struct pool_block *block = at;
	struct pool_block **free = &pool->free[pool_class(size_bytes)];
	block->next = *free;
	*free = block;
}

#endif
