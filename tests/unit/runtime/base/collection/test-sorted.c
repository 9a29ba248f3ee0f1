#include "runtime/base/collection/sorted.h"
#include "tests/lib/test.h"

struct entry {
	struct str key;
	int value;
};

static const struct entry entries[] = {
	{ { "", 0 }, 0 }, { { "a", 1 }, 1 }, { { "ab", 2 }, 2 }, { { "c", 1 }, 3 }
};

TEST(a_key_in_order_is_found_at_its_place)
{
	for (uint32_t len = 0; len <= 4; len++)
		for (uint32_t i = 0; i < 4; i++) {
			const struct entry *found =
			    sorted_find(entries, len, sizeof *entries, entries[i].key);

			CHECK(found == (i < len ? &entries[i] : NULL));
		}
}

TEST(a_key_that_is_missing_has_the_place_where_it_would_stand)
{
	static const struct {
		const char *key;
		uint32_t place;
	} cases[] = { { "A", 1 }, { "aa", 2 }, { "b", 3 }, { "d", 4 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool is_there = true;

		CHECK_EQ(
		    sorted_place(entries, 4, sizeof *entries, str_from(cases[i].key), &is_there),
		    cases[i].place);
		CHECK(!is_there);
	}
	CHECK(sorted_find(NULL, 0, sizeof *entries, STR("a")) == NULL);
}
