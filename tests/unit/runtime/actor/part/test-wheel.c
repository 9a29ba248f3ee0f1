#include "runtime/actor/part/wheel.h"

#include "tests/lib/test.h"

#define ENTRIES 2000U

struct timed {
	struct wheel_entry entry;
	uint64_t due;
};

static uint64_t draw(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 20;
}

TEST(every_entry_comes_out_once_in_order_at_its_time_and_removed_ones_never)
{
	static struct timed timed[ENTRIES];
	struct wheel wheel;
	uint64_t seed = 7, now = 123456789;
	uint32_t out = 0, removed = 0;

	wheel_init(&wheel, now);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		/* All scales, from now to a year. */
		timed[i].due = now + (draw(&seed) & ((1ULL << (draw(&seed) % 35)) - 1));
		wheel_add(&wheel, &timed[i].entry, timed[i].due);
	}
	for (uint32_t i = 0; i < ENTRIES; i += 7, removed++)
		wheel_remove(&wheel, &timed[i].entry);
	uint64_t last = 0;
	while (wheel_next(&wheel) != UINT64_MAX) {
		uint64_t next = wheel_next(&wheel);
		/* Not always exactly at the next event: late wake-ups happen. */
		now = next + draw(&seed) % 3;
		struct wheel_entry *entry;
		while ((entry = wheel_take(&wheel, now)) != NULL) {
			struct timed *item = list_item(entry, struct timed, entry);
			CHECK(item->due <= now);
			CHECK(item->due >= last);
			CHECK((uint32_t)(item - timed) % 7 != 0);
			last = item->due;
			out++;
		}
		CHECK(wheel_next(&wheel) > now);
	}
	CHECK_EQ(out, ENTRIES - removed);
}

TEST(an_entry_is_due_exactly_at_its_millisecond)
{
	for (uint64_t delay = 1; delay < 20000; delay = delay * 3 / 2 + 1) {
		struct wheel wheel;
		struct wheel_entry entry = { 0 };

		wheel_init(&wheel, 1000 + delay);
		wheel_add(&wheel, &entry, 1000 + 2 * delay);
		CHECK(!wheel_take(&wheel, 1000 + 2 * delay - 1));
		CHECK(wheel_take(&wheel, 1000 + 2 * delay) == &entry);
	}
}

TEST(whoever_waits_for_a_few_entries_is_woken_once)
{
	for (uint64_t delay = 1; delay < 100000000; delay = delay * 3 / 2 + 1) {
		struct wheel wheel;
		struct wheel_entry first = { 0 }, later = { 0 };

		wheel_init(&wheel, 1000 + delay);
		wheel_add(&wheel, &later, 1000 + 3 * delay);
		wheel_add(&wheel, &first, 1000 + 2 * delay);
		CHECK_EQ(wheel_next(&wheel), 1000 + 2 * delay);
		CHECK(wheel_take(&wheel, 1000 + 2 * delay) == &first);
		CHECK(!wheel_take(&wheel, 1000 + 2 * delay));
		CHECK_EQ(wheel_next(&wheel), 1000 + 3 * delay);
	}
}
