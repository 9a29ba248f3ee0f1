#include "runtime/actor/part/pool.h"

#include <stdint.h>

#include "runtime/base/mem.h"

#define SLAB_BYTES 16384U

struct pool_slab {
	struct pool_slab *next;
	uint64_t padding[7]; /* blocks behind it begin with a line of the cache */
};

static void pool_refill(struct pool *pool, unsigned class)
{
	const size_t block_bytes = (size_t)64 << class;
	struct pool_slab *slab = mem_alloc_lines(SLAB_BYTES);
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

void *pool_take_slowly(struct pool *pool, size_t size_bytes)
{
	if (POOL_IS_HEAP || size_bytes > POOL_MAX)
		return mem_alloc(size_bytes);
	pool_refill(pool, pool_class(size_bytes));
	return pool_take(pool, size_bytes);
}

void pool_give_slowly(struct pool *pool, void *at, size_t size_bytes)
{
	(void)pool;
	if (POOL_IS_HEAP || size_bytes > POOL_MAX)
		mem_free(at);
}
