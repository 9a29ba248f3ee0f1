#include "tests/lib/test.h"
#include "transport/http/engine/queue.h"

static void count(void *arg)
{
	++*(int *)arg;
}

TEST(pieces_leave_in_order_and_are_released_when_they_have_left)
{
	struct http_queue queue = { 0 };
	int released = 0;
	http_queue_add(&queue, (struct http_bytes){ STR("one,"), count, &released });
	http_queue_copy(&queue, STR("two,"));
	http_queue_copy(&queue, STR("three,"));
	http_queue_add(&queue, (struct http_bytes){ STR("four"), count, &released });
	CHECK_EQ(queue.bytes, 18);
	struct text out = text_in(test_arena(), KIB);
	CHECK_EQ(http_queue_move(&queue, &out, 3), 3);
	CHECK_EQ(released, 0);
	CHECK_EQ(http_queue_move(&queue, &out, 1), 1);
	CHECK_EQ(released, 1);
	CHECK_EQ(http_queue_move(&queue, &out, 100), 14);
	CHECK_EQ(released, 2);
	CHECK_STR(text_str(&out), "one,two,three,four");
	CHECK_EQ(queue.bytes, 0);
	CHECK(queue.first == NULL);
}

TEST(a_body_in_parts_leaves_like_one_piece)
{
	const struct str parts[] = { STR("one,"), STR("two,"), STR("three,") };
	for (uint32_t step = 1; step <= 20; step++) {
		struct http_queue queue = { 0 };
		struct text out = text_in(test_arena(), KIB);
		http_queue_copy(&queue, STR("zero,"));
		http_queue_add_parts(&queue, (struct http_parts){ parts, 3 });
		http_queue_copy(&queue, STR("four"));
		CHECK_EQ(queue.bytes, 23);
		while (http_queue_move(&queue, &out, step) > 0)
			;
		CHECK_STR(text_str(&out), "zero,one,two,three,four");
		CHECK_EQ(queue.bytes, 0);
	}
}

TEST(what_has_a_head_leaves_behind_it_and_is_released_when_both_have_left)
{
	for (uint32_t step = 1; step <= 20; step++) {
		struct http_queue queue = { 0 };
		struct text out = text_in(test_arena(), KIB);
		char head[] = "one,";
		int released = 0;
		http_queue_copy(&queue, STR("zero,"));
		http_queue_add_headed(&queue, str_of(head, 4),
				      (struct http_bytes){ STR("two,"), count, &released });
		head[0] = 'x';
		http_queue_copy(&queue, STR("three"));
		CHECK_EQ(queue.bytes, 18);
		CHECK_EQ(http_queue_move(&queue, &out, 10), 10);
		CHECK_EQ(released, 0);
		while (http_queue_move(&queue, &out, step) > 0)
			;
		CHECK_EQ(released, 1);
		CHECK_STR(text_str(&out), "zero,one,two,three");
	}
	struct http_queue queue = { 0 };
	int released = 0;
	http_queue_add_headed(&queue, STR("1"), (struct http_bytes){ STR("2"), count, &released });
	http_queue_clear(&queue);
	CHECK_EQ(released, 1);
}

TEST(parts_that_have_begun_to_leave_are_cleared_with_the_rest)
{
	const struct str parts[] = { STR("one,"), STR("two,") };
	struct http_queue queue = { 0 };
	struct text out = text_in(test_arena(), KIB);
	http_queue_add_parts(&queue, (struct http_parts){ parts, 2 });
	CHECK_EQ(http_queue_move(&queue, &out, 5), 5);
	http_queue_clear(&queue);
	http_queue_add_parts(&queue, (struct http_parts){ NULL, 0 });
	CHECK(queue.first == NULL);
	http_queue_copy(&queue, STR("next"));
	CHECK_EQ(http_queue_move(&queue, &out, 10), 4);
	CHECK_STR(text_str(&out), "one,tnext");
}

TEST(clearing_releases_everything_once)
{
	struct http_queue queue = { 0 };
	int released = 0;
	for (int i = 0; i < 10; i++)
		http_queue_add(&queue, (struct http_bytes){ STR("x"), count, &released });
	char byte;
	CHECK_EQ(http_queue_take(&queue, &byte, 1), 1);
	http_queue_clear(&queue);
	CHECK_EQ(released, 10);
	CHECK_EQ(queue.bytes, 0);
}

TEST(an_empty_piece_is_released_at_once)
{
	struct http_queue queue = { 0 };
	int released = 0;
	http_queue_add(&queue, (struct http_bytes){ STR(""), count, &released });
	http_queue_copy(&queue, STR(""));
	CHECK_EQ(released, 1);
	CHECK(queue.first == NULL);
}

TEST(small_copies_are_joined_and_keep_their_order)
{
	struct http_queue queue = { 0 };
	struct text expected = text_in(test_arena(), 64 * KIB),
		    out = text_in(test_arena(), 64 * KIB);
	for (uint32_t i = 0; i < 2000; i++) {
		struct str line = arena_printf(test_arena(), "event %u\n", i);
		http_queue_copy(&queue, line);
		text_add(&expected, line);
		if (i % 3 == 0)
			http_queue_move(&queue, &out, 17);
	}
	http_queue_move(&queue, &out, 64 * KIB);
	CHECK(str_eq(text_str(&out), text_str(&expected)));
}
