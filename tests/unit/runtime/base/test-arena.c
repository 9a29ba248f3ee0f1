#include "runtime/base/arena.h"

#include "tests/lib/test.h"

TEST(what_an_arena_gives_is_aligned_and_apart)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 500, 4000, 16383, 16384, 100000 };
	struct arena *arena = arena_new(0);
	char *made[100];

	for (uint32_t i = 0; i < 100; i++) {
		size_t size = sizes[i % 10];

		made[i] = arena_alloc(arena, size);
		CHECK_EQ((uintptr_t)made[i] % 16, 0);
		memset(made[i], (int)i, size);
	}
	for (uint32_t i = 0; i < 100; i++)
		for (size_t at = 0; at < sizes[i % 10]; at++)
			CHECK(made[i][at] == (char)i);
	arena_free(arena);
}

TEST(zalloc_clears_memory_that_was_used_before)
{
	struct arena *arena = arena_new(0);

	memset(arena_alloc(arena, 400), 0xff, 400);
	arena_reset(arena);
	for (uint32_t i = 0; i < 400; i++)
		CHECK(((char *)arena_zalloc(arena, 1))[0] == 0);
	arena_free(arena);
}

TEST(growing_the_last_thing_made_does_not_move_it)
{
	struct arena *arena = arena_new(0);
	char *at = arena_alloc(arena, 10);

	CHECK(arena_grow(arena, at, 10, 200) == at);
	CHECK(arena_alloc(arena, 1) == (void *)(at + 208));
	CHECK(arena_grow(arena, at, 200, 201) != at);
	CHECK(arena_grow(arena, NULL, 0, 5) != NULL);
	arena_free(arena);
}

TEST(growing_keeps_the_bytes_from_small_to_large)
{
	struct arena *arena = arena_new(0);
	size_t size = 1;
	char *at = arena_alloc(arena, size);

	at[0] = 'x';
	for (; size < 4 * MIB; size *= 2) {
		at = arena_grow(arena, at, size, size * 2);
		CHECK(at[0] == 'x' && at[size - 1] == 'x');
		memset(at + size, 'x', size);
		if (size % 3 == 1)
			arena_alloc(arena, 1);
	}
	/* Large arrays are resized, not copied aside: the arena holds the last one and little more. */
	CHECK(arena_size(arena) < size + 128 * KIB);
	arena_free(arena);
}

TEST(several_large_arrays_grow_side_by_side)
{
	struct arena *arena = arena_new(0);
	char *at[3] = { NULL };
	size_t size = 0;

	for (uint32_t round = 1; round <= 6; round++) {
		for (uint32_t i = 0; i < 3; i++) {
			at[i] = arena_grow(arena, at[i], size, round * 20000);
			memset(at[i] + size, 'a' + (int)i, round * 20000 - size);
		}
		size = round * 20000;
	}
	for (uint32_t i = 0; i < 3; i++)
		for (size_t byte = 0; byte < size; byte++)
			CHECK(at[i][byte] == (char)('a' + i));
	arena_free(arena);
}

struct order {
	char at[8];
	uint32_t len;
};

static void hook_a(void *arg)
{
	struct order *order = arg;

	order->at[order->len++] = 'a';
}

static void hook_b(void *arg)
{
	struct order *order = arg;

	order->at[order->len++] = 'b';
}

TEST(hooks_run_newest_first_and_once)
{
	struct arena *arena = arena_new(0);
	struct order order = { .len = 0 };

	arena_on_free(arena, hook_a, &order);
	arena_on_free(arena, hook_b, &order);
	arena_reset(arena);
	CHECK_STR(str_of(order.at, order.len), "ba");
	arena_on_free(arena, hook_a, &order);
	arena_free(arena);
	CHECK_STR(str_of(order.at, order.len), "baa");
	arena_free(NULL);
}

TEST(reset_gives_back_all_that_is_large)
{
	struct arena *arena = arena_new(0);
	size_t first = arena_size(arena);

	arena_alloc(arena, 3000);
	arena_alloc(arena, 300000);
	CHECK(arena_size(arena) > 303000);
	arena_reset(arena);
	CHECK(arena_size(arena) <= first + 4 * KIB);
	for (int i = 0; i < 1000; i++)
		arena_alloc(arena, 1000);
	arena_reset(arena);
	CHECK_EQ(arena_size(arena), first);
	arena_free(arena);
}

TEST(an_arena_that_is_used_again_has_what_it_needed_last_time)
{
	struct arena *arena = arena_new(0);
	size_t before;

	for (int i = 0; i < 70; i++)
		memset(arena_alloc(arena, 100), 1, 100);
	arena_reset(arena);
	before = arena_size(arena);
	CHECK(before > 4096 && before <= 17 * KIB);
	for (int i = 0; i < 2; i++) {
		for (int j = 0; j < 70; j++)
			memset(arena_alloc(arena, 100), 1, 100);
		arena_reset(arena);
	}
	/* The second round took one more block at most, and every later one none. */
	before = arena_size(arena);
	for (int i = 0; i < 70; i++)
		memset(arena_alloc(arena, 100), 1, 100);
	CHECK_EQ(arena_size(arena), before);
	arena_free(arena);
}

TEST(strings_made_in_an_arena_end_in_nul_and_absent_stays_absent)
{
	struct arena *arena = test_arena();
	struct str copy = arena_str(arena, str_of("abcdef", 3));

	CHECK_STR(copy, "abc");
	CHECK(copy.at[3] == '\0');
	CHECK(arena_str(arena, STR_NONE).at == NULL);
	CHECK(arena_str(arena, STR("")).at != NULL);
	CHECK_STR(str_from(arena_cstr(arena, STR_NONE)), "");
	CHECK_STR(arena_printf(arena, "%d-%s", 7, "x"), "7-x");
	CHECK_EQ(arena_printf(arena, "%1000d", 1).len, 1000);
}

TEST(a_tight_arena_takes_little_more_than_it_is_asked_for)
{
	struct arena *arena = arena_new_tight(0), *usual = arena_new(0);
	size_t asked = 0;

	for (uint32_t i = 0; i < 60; i++) {
		size_t size = i % 20 == 7 ? 900 : 16 + i % 5 * 16;

		memset(arena_alloc(arena, size), (int)i, size);
		memset(arena_alloc(usual, size), (int)i, size);
		asked += size;
	}
	CHECK(arena_size(arena) < asked + asked / 4);
	CHECK(arena_size(arena) < arena_size(usual));
	arena_free(usual);
	arena_free(arena);
}

TEST(what_grows_in_a_tight_arena_keeps_its_bytes)
{
	struct arena *arena = arena_new_tight(0);
	char *at = NULL;
	size_t len = 0;

	for (uint32_t round = 0; round < 2; round++) {
		for (len = 0, at = NULL; len < 2000; len += 50) {
			at = arena_grow(arena, at, len, len + 50);
			memset(at + len, (int)len / 50, 50);
			if (len % 150 == 0)
				(void)arena_alloc(arena, 24);
		}
		for (size_t i = 0; i < len; i++)
			CHECK_EQ(at[i], (char)(i / 50));
		arena_reset(arena);
	}
	arena_free(arena);
}

TEST(text_in_lower_case_is_ascii_alone_and_leaves_the_original)
{
	struct str text = STR("AbZ[@\xc3\x84");
	struct str lower = arena_lower(test_arena(), text);

	CHECK_STR(lower, "abz[@\xc3\x84");
	CHECK_EQ(lower.at[lower.len], '\0');
	CHECK_STR(text, "AbZ[@\xc3\x84");
	CHECK_STR(arena_lower(test_arena(), STR_NONE), "");
}
