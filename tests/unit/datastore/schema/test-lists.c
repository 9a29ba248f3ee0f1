#include "datastore/schema/type.h"
#include "tests/lib/test.h"

/* Of words in pairs, NULL at the end. */
static struct str_map map_of(const char *const *words)
{
	struct str_map map = { 0 };

	for (; words[0] != NULL; words += 2)
		str_map_put(&map, test_arena(), str_from(words[0]), str_from(words[1]));
	return map;
}
#define MAP(...) map_of((const char *const[]){ __VA_ARGS__, NULL })

TEST(a_map_of_strings_is_kept_in_order_and_leaves_what_others_share_alone)
{
	struct str_map map = MAP("b", "2", "a", "1"), before = map;

	CHECK_STR(map.at[0].key, "a");
	str_map_put(&map, test_arena(), STR("b"), STR("3"));
	CHECK_STR(str_map_get(map, STR("b")), "3");
	CHECK_STR(str_map_get(before, STR("b")), "2");
	CHECK(str_map_remove(&map, test_arena(), STR("a")));
	CHECK(!str_map_remove(&map, test_arena(), STR("a")));
	CHECK_EQ(map.len, 1);
	CHECK_EQ(before.len, 2);
	CHECK(str_map_get(map, STR("a")).at == NULL);
}

TEST(maps_are_equal_by_their_entries)
{
	CHECK(str_map_equal(MAP("a", "1", "b", ""), MAP("b", "", "a", "1")));
	CHECK(str_map_equal((struct str_map){ 0 }, MAP(NULL)));
	CHECK(!str_map_equal(MAP("a", "1"), MAP("a", "2")));
	CHECK(!str_map_equal(MAP("a", "1"), MAP("a", "1", "b", "")));
}

TEST(a_map_has_all_of_a_part_only_with_its_empty_values)
{
	CHECK(str_map_has_all(MAP("a", "1", "b", ""), MAP("b", "")));
	CHECK(str_map_has_all(MAP("a", "1"), (struct str_map){ 0 }));
	CHECK(!str_map_has_all(MAP("a", "1"), MAP("b", "")));
	CHECK(!str_map_has_all(MAP("a", "1"), MAP("a", "")));
}
