#include "runtime/base/text.h"

#include "tests/lib/test.h"

TEST(numbers_are_written_up_to_their_limits)
{
	struct text text = text_in(test_arena(), 1000);

	text_add_u64(&text, 0);
	text_add_char(&text, ' ');
	text_add_u64(&text, UINT64_MAX);
	text_add_char(&text, ' ');
	text_add_i64(&text, INT64_MIN);
	text_lit(&text, " ");
	text_add_i64(&text, INT64_MAX);
	CHECK_STR(text_str(&text),
		  "0 18446744073709551615 -9223372036854775808 9223372036854775807");
	CHECK(!text.is_cut);
}

TEST(what_does_not_fit_is_cut_and_remembered)
{
	for (uint32_t max = 0; max <= 12; max++) {
		struct text text = text_new(max);

		text_add(&text, STR("hello"));
		text_printf(&text, " %s", "world");
		CHECK_EQ(text.len, max < 11 ? max : 11);
		CHECK_EQ(text.is_cut, max < 11);
		CHECK(memcmp("hello world", text_str(&text).at, text.len) == 0);
		text_fini(&text);
	}
}

TEST(a_text_grows_to_exactly_its_maximum)
{
	struct text heap = text_new(100000), arena = text_in(test_arena(), 100000);

	for (uint32_t i = 0; i < 100001; i++) {
		text_add_char(&heap, (char)('a' + i % 26));
		text_add_char(&arena, (char)('a' + i % 26));
	}
	CHECK_EQ(heap.len, 100000);
	CHECK_EQ(heap.cap, 100000);
	CHECK(heap.is_cut && arena.is_cut);
	CHECK(str_eq(text_str(&heap), text_str(&arena)));
	text_fini(&heap);
}

TEST(clearing_keeps_the_memory_and_an_empty_text_is_not_absent)
{
	struct text text = text_new(10);

	CHECK(text_str(&text).at != NULL);
	text_add(&text, STR("more than ten bytes"));
	text_clear(&text);
	CHECK_EQ(text.len, 0);
	CHECK(!text.is_cut && text.cap > 0);
	text_add_bytes(&text, NULL, 0);
	CHECK_STR(text_str(&text), "");
	text_fini(&text);
	CHECK_EQ(text.cap, 0);
}

TEST(reserving_more_than_the_maximum_reserves_the_maximum)
{
	struct text text = text_new(1000);

	text_reserve(&text, UINT32_MAX);
	CHECK_EQ(text.cap, 1000);
	text_fini(&text);
}
