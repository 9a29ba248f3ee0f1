#include "runtime/actor/part/slots.h"

#include "tests/lib/test.h"

struct item {
	struct slot slot;
	uint64_t words[20];
};

#define MANY 50000U /* the array of slabs has grown more than once */

TEST(a_table_of_many_finds_each_and_only_in_its_life)
{
	static uint64_t ids[MANY];
	struct slots slots;

	slots_init(&slots, sizeof(struct item), MANY);
	for (uint32_t life = 0; life < 2; life++) {
		for (uint32_t i = 0; i < MANY; i++) {
			struct item *item = slots_take(&slots);
			CHECK(item->words[0] == 0 && item->words[19] == 0);
			item->words[0] = item->words[19] = i + 1;
			if (life)
				CHECK(!slots_find(&slots, ids[item->slot.index]));
			ids[item->slot.index] = slots_id(&item->slot);
		}
		CHECK(!slots_take(&slots));
		for (uint32_t i = 0; i < MANY; i++) {
			struct item *item = slots_find(&slots, ids[i]);
			CHECK(item && item->words[0] && item->words[0] == item->words[19]);
			slots_give(&slots, item);
			CHECK(!slots_find(&slots, ids[i]));
		}
	}
	CHECK_EQ(slots.used, 0);
	slots_fini(&slots);
}

TEST(a_small_table_ends_too)
{
	struct slots slots;

	slots_init(&slots, sizeof(struct item), 10);
	CHECK(slots_take(&slots) != NULL);
	slots_fini(&slots);
	slots_init(&slots, sizeof(struct item), 10);
	slots_fini(&slots);
}
