#include "runtime/base/collection/map.h"

#include <stdio.h>

#include "tests/lib/test.h"

static struct str make_key(char out[16], uint32_t number)
{
	return str_of(out, (size_t)snprintf(out, 16, "key-%u", number));
}

static void *make_value(uint32_t number)
{
	return (void *)(uintptr_t)(number + 1);
}

TEST(an_empty_map_answers_everything)
{
	struct map map = { 0 };
	uint32_t at = 0;
	struct str key;
	void *value;

	CHECK(map_get(&map, STR("a")) == NULL);
	CHECK(map_remove(&map, STR("a")) == NULL);
	CHECK(!map_next(&map, &at, &key, &value));
	map_clear(&map);
	map_fini(&map);
}

TEST(putting_again_replaces_the_value_and_keeps_the_place)
{
	struct map map = { 0 };
	uint32_t at = 0;
	struct str key;
	void *value;

	CHECK(map_put(&map, STR("a"), make_value(1)) == NULL);
	CHECK(map_put(&map, STR("b"), make_value(2)) == NULL);
	CHECK(map_put(&map, STR("a"), make_value(3)) == make_value(1));
	CHECK_EQ(map.len, 2);
	CHECK(map_next(&map, &at, &key, &value));
	CHECK_STR(key, "a");
	CHECK(value == make_value(3));
	map_fini(&map);
}

TEST(a_value_of_null_is_there)
{
	struct map map = { 0 };

	map_put(&map, STR(""), NULL);
	CHECK(map_has(&map, STR_NONE));
	CHECK(map_get(&map, STR("")) == NULL);
	map_remove(&map, STR(""));
	CHECK(!map_has(&map, STR("")));
	map_fini(&map);
}

/* Every third key is removed, then new ones are put: the order stays that of insertion. */
TEST(iterating_goes_in_insertion_order_past_removals_and_rebuilds)
{
	enum { COUNT = 5000 };
	struct map map = { 0 };
	uint32_t at = 0, expected = 1;
	char text[16];
	struct str key;
	void *value;

	for (uint32_t i = 0; i < COUNT; i++) {
		map_put(&map, make_key(text, i), make_value(i));
		if (i % 3 == 0)
			CHECK(map_remove(&map, make_key(text, i)) == make_value(i));
	}
	while (map_next(&map, &at, &key, &value)) {
		CHECK(value == make_value(expected));
		CHECK(str_eq(key, make_key(text, expected)));
		expected += expected % 3 == 2 ? 2 : 1;
	}
	CHECK_EQ(map.len, COUNT - (COUNT + 2) / 3);
	for (uint32_t i = 0; i < COUNT; i++)
		CHECK_EQ(map_has(&map, make_key(text, i)), i % 3 != 0);
	map_fini(&map);
}

TEST(the_current_entry_may_be_removed_while_iterating)
{
	struct map map = { 0 };
	uint32_t at = 0, seen = 0;
	char text[16];
	struct str key;
	void *value;

	for (uint32_t i = 0; i < 100; i++)
		map_put(&map, make_key(text, i), make_value(i));
	for (; map_next(&map, &at, &key, &value); seen++)
		CHECK(map_remove(&map, arena_str(test_arena(), key)) == value);
	CHECK_EQ(seen, 100);
	CHECK_EQ(map.len, 0);
	map_fini(&map);
}

TEST(putting_and_removing_for_ever_does_not_grow_the_map)
{
	struct map map = { 0 };
	char text[16];

	for (uint32_t i = 0; i < 100000; i++) {
		map_put(&map, make_key(text, i), make_value(i));
		if (i >= 5)
			CHECK(map_remove(&map, make_key(text, i - 5)) == make_value(i - 5));
	}
	CHECK_EQ(map.len, 5);
	CHECK(map.cap <= 16);
	map_clear(&map);
	CHECK_EQ(map.len, 0);
	CHECK(!map_has(&map, make_key(text, 99999)));
	map_fini(&map);
}
