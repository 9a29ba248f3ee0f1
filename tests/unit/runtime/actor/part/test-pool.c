#include "runtime/actor/part/pool.h"

#include <string.h>

#include "tests/lib/test.h"

static const size_t sizes[] = { 1, 16, 64, 65, 128, 129, 512, 1024, 1025, 5000 };
#define SIZES (sizeof sizes / sizeof *sizes)
#define EACH 300U /* more than a slab holds of the smallest */

TEST(blocks_of_a_pool_are_aligned_and_do_not_overlap)
{
	static char *blocks[SIZES][EACH];
	struct pool pool = { 0 };

	for (size_t s = 0; s < SIZES; s++) {
		for (size_t i = 0; i < EACH; i++) {
			blocks[s][i] = pool_take(&pool, sizes[s]);
			CHECK_EQ((uintptr_t)blocks[s][i] % 16, 0);
			memset(blocks[s][i], (int)(i + s), sizes[s]);
		}
	}
	for (size_t s = 0; s < SIZES; s++) {
		for (size_t i = 0; i < EACH; i++) {
			CHECK_EQ(blocks[s][i][0], (char)(i + s));
			CHECK_EQ(blocks[s][i][sizes[s] - 1], (char)(i + s));
			pool_give(&pool, blocks[s][i], sizes[s]);
		}
	}
	pool_give(&pool, NULL, 64);
	pool_fini(&pool);
}

TEST(what_is_given_back_to_a_pool_is_taken_again_before_it_grows)
{
	struct pool pool = { 0 };
	void *first = pool_take(&pool, 100);
	size_t slab_bytes = pool.slab_bytes;

	pool_give(&pool, first, 100);
	for (uint32_t i = 0; i < 100000; i++)
		pool_give(&pool, pool_take(&pool, 128), 128);
	CHECK_EQ(pool.slab_bytes, slab_bytes);
	pool_fini(&pool);
	CHECK_EQ(pool.slab_bytes, 0);
}

TEST(a_pool_grows_far_and_gives_everything_back)
{
	struct pool pool = { 0 };
	void **chain = NULL;

	/* 16 MB: a thousand slabs. */
	for (uint64_t i = 0; i < 130000; i++) {
		void **block = pool_take(&pool, 128);
		CHECK_EQ((uintptr_t)block % 16, 0);
		memset(block, 0xEE, 128);
		block[0] = chain;
		block[15] = block;
		chain = block;
	}
	for (uint64_t i = 0; i < 130000; i++) {
		void **next = chain[0];
		CHECK(chain[15] == chain);
		pool_give(&pool, chain, 128);
		chain = next;
	}
	CHECK(chain == NULL);
	pool_fini(&pool);
}
