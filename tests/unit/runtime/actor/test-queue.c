#include "runtime/actor/queue.h"

#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/manual.h"

/* Takes all it may and writes it down; keeps what it took out until told. */
struct holder {
	struct queue *queue;
	char taken[256];
	bool is_holding;
	enum queue_outcome outcome;
};

static struct holder *the_holder;

static enum status holder_init(struct act *act, void *state, const void *args)
{
	struct holder *holder = state;
	holder->queue = queue_new(act, args);
	the_holder = holder;
	return OK;
}

static enum act_verdict holder_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct holder *holder = state;
	struct str key;

	(void)act;
	CHECK(ACT_IS(msg, queue_ready));
	while (queue_take(holder->queue, &key)) {
		memcpy(holder->taken + strlen(holder->taken), key.at, key.len);
		if (!holder->is_holding)
			queue_done(holder->queue, key, holder->outcome);
	}
	return ACT_OK;
}

static const struct act_class holder_class = { .name = "holder",
					       .state_size = sizeof(struct holder),
					       .init = holder_init,
					       .receive = holder_receive };

static void add_all(struct act *act, void *state, void *arg)
{
	struct holder *holder = state;
	(void)act;
	for (const char *at = arg; *at; at++)
		CHECK_STATUS(queue_add(holder->queue, str_of(at, 1)), OK);
}

static void done_all(struct act *act, void *state, void *arg)
{
	struct holder *holder = state;
	(void)act;
	for (const char *at = arg; *at; at++)
		queue_done(holder->queue, str_of(at, 1), holder->outcome);
}

struct delayed {
	char key;
	uint64_t ms;
};

static void add_later(struct act *act, void *state, void *arg)
{
	struct holder *holder = state;
	(void)act;
	for (const struct delayed *at = arg; at->key; at++)
		CHECK_STATUS(queue_add_after(holder->queue, str_of(&at->key, 1), at->ms), OK);
}

static void do_in(struct manual *manual, struct act_ref ref,
		  void (*fn)(struct act *act, void *state, void *arg), const char *keys)
{
	CHECK(act_host_enter(manual->host, ref, fn, (void *)(uintptr_t)keys));
	manual_run(manual, 0);
}

TEST(a_key_waits_once_and_never_runs_twice_at_the_same_time)
{
	const struct queue_options options = { .max_working = 2 };
	struct manual manual;
	struct queue_stats stats;

	manual_open(&manual, NULL);
	struct act_ref ref = manual_spawn(&manual, &holder_class, &options);
	the_holder->is_holding = true;
	do_in(&manual, ref, add_all, "abacab");
	CHECK_STR(str_from(the_holder->taken), "ab");
	do_in(&manual, ref, add_all, "aa");
	CHECK_STR(str_from(the_holder->taken), "ab");
	queue_stats(the_holder->queue, &stats);
	CHECK_EQ(stats.working, 2);
	CHECK_EQ(stats.waiting, 1);
	do_in(&manual, ref, done_all, "b");
	CHECK_STR(str_from(the_holder->taken), "abc");
	do_in(&manual, ref, done_all, "ac");
	CHECK_STR(str_from(the_holder->taken), "abca");
	do_in(&manual, ref, done_all, "a");
	queue_stats(the_holder->queue, &stats);
	CHECK_EQ(stats.working + stats.waiting + stats.delayed, 0);
	manual_close(&manual);
}

TEST(delayed_keys_come_in_the_order_of_their_times_and_an_earlier_time_wins)
{
	const struct queue_options options = { 0 };
	const struct delayed delayed[] = { { 'a', 50 }, { 'b', 20 }, { 'c', 80 },
					   { 'c', 10 }, { 'b', 90 }, { 0, 0 } };
	struct manual manual;

	manual_open(&manual, NULL);
	struct act_ref ref = manual_spawn(&manual, &holder_class, &options);
	CHECK(act_host_enter(manual.host, ref, add_later, (void *)(uintptr_t)delayed));
	manual_run(&manual, 9);
	CHECK_STR(str_from(the_holder->taken), "");
	manual_run(&manual, 1);
	CHECK_STR(str_from(the_holder->taken), "c");
	manual_run(&manual, 10);
	CHECK_STR(str_from(the_holder->taken), "cb");
	do_in(&manual, ref, add_all, "a");
	CHECK_STR(str_from(the_holder->taken), "cba");
	manual_run(&manual, 1000);
	CHECK_STR(str_from(the_holder->taken), "cba");
	manual_close(&manual);
}

TEST(failures_of_a_key_back_off_doubling_until_it_succeeds)
{
	const struct queue_options options = { .backoff_min_ms = 10, .backoff_max_ms = 40 };
	struct manual manual;

	manual_open(&manual, NULL);
	struct act_ref ref = manual_spawn(&manual, &holder_class, &options);
	the_holder->outcome = QUEUE_RETRY;
	do_in(&manual, ref, add_all, "a");
	manual_run(&manual, 9);
	CHECK_STR(str_from(the_holder->taken), "a");
	manual_run(&manual, 3); /* 10 and up to a tenth */
	CHECK_STR(str_from(the_holder->taken), "aa");
	manual_run(&manual, 17);
	CHECK_STR(str_from(the_holder->taken), "aa");
	manual_run(&manual, 8);
	CHECK_STR(str_from(the_holder->taken), "aaa");
	CHECK_EQ(queue_failures(the_holder->queue, STR("a")), 3);
	the_holder->outcome = QUEUE_DONE;
	manual_run(&manual, 50);
	CHECK_STR(str_from(the_holder->taken), "aaaa");
	CHECK_EQ(queue_failures(the_holder->queue, STR("a")), 0);
	manual_close(&manual);
}

TEST(retries_of_all_keys_together_are_bounded_by_the_bucket)
{
	const struct queue_options options = {
		.backoff_min_ms = 1, .backoff_max_ms = 1, .rate_per_s = 10, .burst = 5
	};
	struct manual manual;

	manual_open(&manual, NULL);
	struct act_ref ref = manual_spawn(&manual, &holder_class, &options);
	the_holder->outcome = QUEUE_RETRY;
	do_in(&manual, ref, add_all, "ab");
	manual_run(&manual, 2000);
	/* 2 taken at once, 5 by the burst, 20 in two seconds. */
	CHECK(strlen(the_holder->taken) >= 24 && strlen(the_holder->taken) <= 29);
	manual_close(&manual);
}

static void overfill(struct act *act, void *state, void *arg)
{
	struct holder *holder = state;
	(void)act, (void)arg;
	holder->is_holding = true;
	CHECK_STATUS(queue_add(holder->queue, STR("a")), OK);
	CHECK_STATUS(queue_add(holder->queue, STR("b")), OK);
	CHECK_STATUS(queue_add(holder->queue, STR("c")), BUSY);
	CHECK_STATUS(queue_add_after(holder->queue, STR("c"), 10), BUSY);
	CHECK_STATUS(queue_add(holder->queue, STR("a")), OK);
}

TEST(a_full_queue_says_busy_to_new_keys_only)
{
	const struct queue_options options = { .max_keys = 2 };
	struct manual manual;

	manual_open(&manual, NULL);
	struct act_ref ref = manual_spawn(&manual, &holder_class, &options);
	CHECK(act_host_enter(manual.host, ref, overfill, NULL));
	manual_close(&manual);
}
