#include "runtime/actor/pool.h"

#include <stdint.h>

#include "runtime/base/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#define POOL_IS_HEAP 1
#else
#define POOL_IS_HEAP 0
#endif

#define SLAB_BYTES 16384U

struct pool_block {
	struct pool_block *next;
};

struct pool_slab {
	struct pool_slab *next;
	uint64_t padding; /* blocks behind it stay 16-byte aligned */
};

static unsigned pool_class(size_t size_bytes)
{
	if (size_bytes <= 64)
		return 0;
	return (unsigned)(64 - __builtin_clzl(size_bytes - 1)) - 6;
}

static void pool_refill(struct pool *pool, unsigned class)
{
	const size_t block_bytes = (size_t)64 << class;
	struct pool_slab *slab = mem_alloc(SLAB_BYTES);
	char *at = (char *)(slab + 1);

	slab->next = pool->slabs;
	pool->slabs = slab;
	pool->slab_bytes += SLAB_BYTES;
	for (; at + block_bytes <= (char *)slab + SLAB_BYTES; at += block_bytes) {
		struct pool_block *block = (struct pool_block *)(void *)at;
		block->next = pool->free[class];
		pool->free[class] = block;
	}
}

void pool_fini(struct pool *pool)
{
	while (pool->slabs) {
		struct pool_slab *slab = pool->slabs;
		pool->slabs = slab->next;
		mem_free(slab);
	}
	*pool = (struct pool){ 0 };
}

void *pool_take(struct pool *pool, size_t size_bytes)
{
	if (POOL_IS_HEAP || size_bytes > POOL_MAX)
		return mem_alloc(size_bytes);
	unsigned class = pool_class(size_bytes);
	if (!pool->free[class])
		pool_refill(pool, class);
	struct pool_block *block = pool->free[class];
	pool->free[class] = block->next;
	return block;
}

void pool_give(struct pool *pool, void *at, size_t size_bytes)
{
	struct pool_block *block = at;

	if (POOL_IS_HEAP || size_bytes > POOL_MAX) {
		mem_free(at);
		return;
	}
	if (!block)
		return;
	unsigned class = pool_class(size_bytes);
	block->next = pool->free[class];
	pool->free[class] = block;
}
