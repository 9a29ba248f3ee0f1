#include <stdint.h>
#include <string.h>

#include "runtime/base/slab.h"
#include "tests/lib/test.h"

#define MANY 1000

TEST(items_of_a_slab_are_aligned_and_do_not_overlap)
{
	struct slab slab;
	char *items[MANY];

	slab_init(&slab, 40);
	for (int i = 0; i < MANY; i++) {
		items[i] = slab_take(&slab);
		CHECK_EQ((uintptr_t)items[i] % 16, 0);
		memset(items[i], i & 0xff, 40);
	}
	CHECK_EQ(slab.item_count, MANY);
	for (int i = 0; i < MANY; i++)
		for (int at = 0; at < 40; at++)
			CHECK_EQ((unsigned char)items[i][at], i & 0xff);
	for (int i = 0; i < MANY; i++)
		slab_give(items[i]);
	slab_fini(&slab);
}

TEST(a_slab_uses_an_item_again_before_it_takes_more_from_the_heap)
{
	struct slab slab;
	void *first, *second;

	slab_init(&slab, 100);
	first = slab_take(&slab);
	second = slab_take(&slab);
	slab_give(first);
	first = slab_take(&slab);
	CHECK(first != second);
	CHECK_EQ(slab.item_count, 2);
	slab_give(first);
	slab_give(second);
	slab_give(NULL);
	CHECK_EQ(slab.item_count, 0);
	slab_fini(&slab);
}

TEST(an_item_that_belongs_to_no_slab_may_have_any_size)
{
	for (size_t bytes = 1; bytes < 100000; bytes *= 3) {
		char *item = slab_take_alone(bytes);

		CHECK_EQ((uintptr_t)item % 16, 0);
		CHECK_EQ(slab_item_bytes(item), bytes);
		memset(item, 'x', bytes);
		slab_give(item);
	}
}

TEST(chunks_without_items_go_back_but_for_one)
{
	struct slab slab;
	void *items[MANY];

	slab_init(&slab, 500);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MANY; i++)
			items[i] = slab_take(&slab);
		CHECK_EQ(slab.empty_count, 0);
		for (int i = 0; i < MANY; i++) /* every other one first: no chunk is empty early */
			slab_give(items[i * 2 % MANY + (i * 2 >= MANY)]);
		CHECK(slab.empty_count <= 1);
		CHECK_EQ(slab.item_count, 0);
	}
	slab_fini(&slab);
}
