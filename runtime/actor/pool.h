/*
 * Small blocks of memory by size class, for one thread: messages, actors' states.
 *
 * A block is given back with the size it was taken with. Classes up to POOL_MAX come from slabs that live as long as the
 * pool; larger blocks from the heap. Under the address sanitizer all come from the heap, so that it sees every use after free.
 */
#ifndef RUNTIME_ACTOR_POOL_H
#define RUNTIME_ACTOR_POOL_H

#include <stddef.h>

#include "runtime/base/status.h"

#define POOL_MAX 1024U
#define POOL_CLASSES 5U /* 64, 128, 256, 512, 1024 */

struct pool {
	struct pool_block *free[POOL_CLASSES];
	struct pool_slab *slabs;
	size_t slab_bytes;
};

/* All zero is an empty pool. */
void pool_fini(struct pool *pool); /* blocks that are still out are gone, but those above POOL_MAX */
GIVE void *pool_take(struct pool *pool, size_t size_bytes); /* 16-byte aligned, not cleared */
void pool_give(struct pool *pool, TAKE void *block, size_t size_bytes); /* NULL is fine */

#endif
