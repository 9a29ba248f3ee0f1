#include "actors/scheduler/queue/pod-queue.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/scheduler/records.h"

#define AT(ms) ((struct mono){ (int64_t)(ms)*TIME_MS })

static struct pod_queue *make_queue(void)
{
	struct pod_queue *queue = pod_queue_new();

	arena_on_free(test_arena(), (void (*)(void *))pod_queue_free, queue);
	return queue;
}

static void add(struct pod_queue *queue, const char *name, int priority, int64_t ms)
{
	struct pod_info *pod = records_pod(
	    "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"priority\":%d}}", name, priority);

	CHECK_STATUS(pod_queue_add(queue, pod, AT(ms)), OK);
}

static struct queued *take(struct pod_queue *queue, int64_t ms, const char *expected)
{
	struct queued *item = pod_queue_take(queue, AT(ms));

	CHECK_STR(item ? object_name(item->pod->object) : STR("(none)"), expected);
	return item;
}

TEST(pods_are_tried_by_priority_then_by_time)
{
	struct pod_queue *queue = make_queue();

	add(queue, "late", 0, 3);
	add(queue, "early", 0, 1);
	add(queue, "urgent", 10, 4);
	add(queue, "same-time", 0, 3);
	take(queue, 5, "urgent");
	take(queue, 5, "early");
	take(queue, 5, "late");
	take(queue, 5, "same-time");
	take(queue, 5, "(none)");
}

TEST(a_pod_that_is_out_is_not_taken_again)
{
	struct pod_queue *queue = make_queue();
	struct queued *item;

	add(queue, "a", 0, 0);
	item = take(queue, 0, "a");
	CHECK_STATUS(pod_queue_add(queue, item->pod, AT(1)), EXISTS);
	pod_queue_wake_one(queue, item, AT(1));
	take(queue, 1000000, "(none)");
	pod_queue_done(queue, item);
	CHECK_EQ(pod_queue_len(queue), 0);
}

TEST(the_unschedulable_wait_for_news_or_five_minutes)
{
	struct pod_queue *queue = make_queue();
	struct queued *item;

	add(queue, "a", 0, 0);
	item = take(queue, 0, "a");
	pod_queue_fail(queue, item, 1, AT(0));
	CHECK_EQ(pod_queue_count(queue, POD_UNSCHEDULABLE), 1);
	CHECK_EQ(pod_queue_due(queue).ns, AT(300000).ns);
	take(queue, 299999, "(none)");
	take(queue, 300000, "a");
}

static bool says_yes(void *arg, const struct queued *item)
{
	return str_is(object_name(item->pod->object), arg);
}

TEST(news_moves_those_that_it_helps)
{
	struct pod_queue *queue = make_queue();

	add(queue, "a", 0, 0);
	add(queue, "b", 0, 0);
	pod_queue_fail(queue, take(queue, 0, "a"), 1, AT(0));
	pod_queue_fail(queue, take(queue, 0, "b"), 1, AT(0));
	CHECK_EQ(pod_queue_wake(queue, says_yes, (char[]){ "b" }, AT(10000)), 1);
	CHECK_EQ(pod_queue_count(queue, POD_ACTIVE), 1);
	take(queue, 10000, "b");
	take(queue, 10000, "(none)");
}

TEST(what_woke_a_pod_while_it_was_out_counts_when_it_fails)
{
	struct pod_queue *queue = make_queue();
	struct queued *item;

	add(queue, "a", 0, 0);
	item = take(queue, 0, "a");
	pod_queue_wake_one(queue, item, AT(1));
	pod_queue_fail(queue, item, 1, AT(2));
	CHECK_EQ(pod_queue_count(queue, POD_BACKOFF), 1);
}

/* Errors in a row, and when the next try is due: the end of the second in which the back-off ends. */
TEST(back_off_doubles_from_one_second_to_ten)
{
	static const int64_t seconds[] = { 2, 3, 5, 9, 11, 11 };
	struct pod_queue *queue = make_queue();
	int64_t now = 0;

	add(queue, "a", 0, 0);
	for (uint32_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
		pod_queue_fail(queue, take(queue, now, "a"), 0, AT(now));
		now += seconds[i] * 1000;
		CHECK_EQ(pod_queue_due(queue).ns, AT(now).ns);
		take(queue, now - 1, "(none)");
	}
}

TEST(a_rejected_pod_that_was_woken_ends_its_back_off_when_nothing_else_is_active)
{
	struct pod_queue *queue = make_queue();

	add(queue, "a", 0, 0);
	pod_queue_fail(queue, take(queue, 0, "a"), 1, AT(0));
	CHECK_EQ(pod_queue_wake(queue, says_yes, (char[]){ "a" }, AT(100)), 1);
	CHECK_EQ(pod_queue_count(queue, POD_BACKOFF), 1);
	add(queue, "b", 0, 100);
	take(queue, 100, "b");
	take(queue, 100, "a");
}

TEST(gated_pods_are_not_tried_until_the_gates_are_gone)
{
	struct pod_queue *queue = make_queue();
	struct pod_info *gated = records_pod(
	    "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"schedulingGates\":[{\"name\":\"g\"}]}}");
	struct pod_info *open = records_pod("{\"metadata\":{\"name\":\"a\"},\"spec\":{}}");

	CHECK_STATUS(pod_queue_add(queue, gated, AT(0)), OK);
	CHECK_EQ(pod_queue_count(queue, POD_GATED), 1);
	take(queue, 1000000, "(none)");
	pod_queue_replace(queue, pod_queue_find(queue, STR("default/a")), open, AT(1000000));
	take(queue, 1000000, "a");
}

TEST(a_new_version_of_a_pod_keeps_its_place)
{
	struct pod_queue *queue = make_queue();

	add(queue, "a", 0, 0);
	add(queue, "b", 0, 1);
	pod_queue_replace(queue, pod_queue_find(queue, STR("default/a")),
			  records_pod("{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"y\"}}}"),
			  AT(5));
	CHECK_STR(str_map_get(take(queue, 5, "a")->pod->pod->metadata->labels, STR("x")), "y");
	take(queue, 5, "b");
}

TEST(thousands_of_pods_come_out_in_order_whatever_is_removed_between)
{
	struct pod_queue *queue = make_queue();
	int last = INT32_MAX;

	for (int i = 0; i < 2000; i++)
		add(queue, arena_printf(test_arena(), "p%d", i).at, (i * 7919) % 1000, i);
	for (int i = 0; i < 2000; i += 3)
		pod_queue_remove(
		    queue, pod_queue_find(queue, arena_printf(test_arena(), "default/p%d", i)));
	for (int i = 0; i < 1333; i++) {
		struct queued *item = pod_queue_take(queue, AT(5000));

		CHECK(item != NULL && item->pod->priority <= last);
		last = item->pod->priority;
	}
	CHECK(pod_queue_take(queue, AT(5000)) == NULL);
}
