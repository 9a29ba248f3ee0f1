#include "actors/controller/job/index-set.h"

#include "tests/lib/test.h"

TEST(a_set_of_indexes_is_read_and_written_as_jobs_do)
{
	static const struct {
		const char *text;
		int32_t limit;
		const char *printed;
		int32_t total;
	} cases[] = {
		{ "", 10, "", 0 },
		{ "1", 10, "1", 1 },
		{ "1,2", 10, "1,2", 2 },
		{ "1,2,3", 10, "1-3", 3 },
		{ "0-4,7,9", 10, "0-4,7,9", 7 },
		{ "0-4,7,9", 8, "0-4,7", 6 },
		{ "0-40", 8, "0-7", 8 },
		{ "3-2", 10, "", 0 },
		{ "x", 10, "", 0 },
		{ "-1", 10, "", 0 },
		{ "99999999999", INT32_MAX, "", 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct index_set set =
		    index_set_parse(str_from(cases[i].text), cases[i].limit, test_arena());

		CHECK_STR(index_set_print(&set, test_arena()), cases[i].printed);
		CHECK_EQ(index_set_total(&set), cases[i].total);
	}
}

TEST(indexes_that_are_added_in_any_order_join)
{
	struct index_set set = { .arena = test_arena() };
	static const int32_t order[] = { 5, 3, 9, 4, 5, 0, 8, 1, 2, 20 };

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		index_set_add(&set, order[i]);
	CHECK_STR(index_set_print(&set, test_arena()), "0-5,8,9,20");
	CHECK(index_set_has(&set, 4) && !index_set_has(&set, 6) && index_set_has(&set, 20));
}

TEST(what_two_sets_have_in_common_is_counted)
{
	struct index_set a = index_set_parse(STR("0-5,8,10-20"), 100, test_arena());
	struct index_set b = index_set_parse(STR("4-9,15,30"), 100, test_arena());

	CHECK_EQ(index_set_common(&a, &b), 4);
	CHECK_EQ(index_set_common(&b, &a), 4);
}
