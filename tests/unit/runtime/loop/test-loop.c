#include "runtime/loop/loop.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "tests/lib/test.h"

/*
 * A timer that is due when libuv is entered fires before libuv looks for events, and without it there is nothing to end the wait for them:
 * a step of no time made an idle loop sleep for ever, and so did a thread that lost the processor for a moment at the wrong place.
 */
TEST(a_timer_that_fires_before_the_loop_waits_ends_the_wait)
{
	const struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1 }
	};
	struct loop *loop;

	CHECK_STATUS(loop_open(&config, &loop), OK);
	for (int i = 0; i < 100; i++)
		loop_step(loop, 0);
	loop_close(loop);
}

/* ---- run times ---------------------------------------------------------------------------------------- */

#define BUSY_MS 3

struct spell {
	uint32_t unused;
};
static ACT_TYPE(spell);

static enum act_verdict busy_receive(struct act *act, void *state, const struct act_msg *msg)
{
	const struct seams_clock *clock = &act_seams(act)->clock;
	const int64_t until_ns = clock->mono(clock->self).ns + BUSY_MS * TIME_MS;

	(void)state, (void)msg;
	while (clock->mono(clock->self).ns < until_ns)
		;
	return ACT_OK;
}

static const struct act_class busy = { .name = "busy", .receive = busy_receive };

static void begin_busy(struct act *act, void *state, void *arg)
{
	struct act_ref made;

	(void)state, (void)arg;
	CHECK_STATUS(act_spawn(act, &busy, NULL, "bee", &made), OK);
	CHECK_STATUS(act_tell(act, made, spell, 0), OK);
}

static void find_busy(void *arg, const struct act_info *info)
{
	if (str_eq(str_from(info->name), STR("bee")))
		*(uint64_t *)arg = info->run_ns;
}

/* Kept in the processor's own unit; whoever looks gets nanoseconds, and the longest of all since the last look with its name. */
TEST(how_long_an_actor_ran_is_known_in_nanoseconds)
{
	const struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1 }
	};
	struct act_host_stats stats;
	struct loop *loop;
	uint64_t run_ns = 0;

	CHECK_STATUS(loop_open(&config, &loop), OK);
	struct act_host *host = loop_host(loop);
	CHECK(act_host_enter(host, act_host_root(host), begin_busy, NULL));
	/* The second turn knows how long a cycle is. */
	for (int i = 0; i < 3; i++)
		loop_step(loop, 0);
	act_host_stats(host, &stats);
	act_host_each(host, find_busy, &run_ns);
	/* Below: the counter was measured over a few milliseconds only. Above: the machine may have been busy with others. */
	CHECK(run_ns >= (BUSY_MS - 1) * TIME_MS);
	CHECK(stats.longest_run_ns >= (BUSY_MS - 1) * TIME_MS);
	CHECK(str_eq(str_from(stats.longest_who), STR("bee")));
	act_host_stats(host, &stats);
	CHECK_EQ(stats.longest_run_ns, 0);
	loop_close(loop);
}

/* ---- how long a turn takes ---------------------------------------------------------------------------------- */

#define MANY_BUSY 20

static void begin_many_busy(struct act *act, void *state, void *arg)
{
	struct act_ref made;

	(void)state, (void)arg;
	for (uint32_t i = 0; i < MANY_BUSY; i++) {
		CHECK_STATUS(act_spawn(act, &busy, NULL, NULL, &made), OK);
		CHECK_STATUS(act_tell(act, made, spell, 0), OK);
	}
}

/* Else sockets, timers and what other threads post would wait for all that is ready, however long each of it takes. */
TEST(a_turn_ends_when_it_has_taken_its_time_though_more_is_ready)
{
	const struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1 }
	};
	struct act_host_stats before, after;
	struct loop *loop;

	CHECK_STATUS(loop_open(&config, &loop), OK);
	struct act_host *host = loop_host(loop);
	CHECK(act_host_enter(host, act_host_root(host), begin_busy, NULL));
	for (int i = 0; i < 3; i++) /* it knows how long a cycle is then */
		loop_step(loop, 0);
	CHECK(act_host_enter(host, act_host_root(host), begin_many_busy, NULL));
	for (int i = 1; i <= MANY_BUSY; i++) {
		act_host_stats(host, &before);
		CHECK(act_host_turn(host) == (i < MANY_BUSY));
		act_host_stats(host, &after);
		CHECK_EQ(after.activations - before.activations, 1);
	}
	loop_close(loop);
}

static void begin_full(struct act *act, void *state, void *arg)
{
	struct act_ref made;

	(void)state, (void)arg;
	CHECK_STATUS(act_spawn(act, &busy, NULL, NULL, &made), OK);
	for (uint32_t i = 0; i < MANY_BUSY; i++)
		CHECK_STATUS(act_tell(act, made, spell, 0), OK);
}

/* A full mailbox of messages that each take a while held up everybody for as long as all of them together. */
TEST(an_activation_ends_when_it_has_taken_its_time_though_there_are_messages_left)
{
	const struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1 }
	};
	struct act_host_stats stats;
	struct loop *loop;
	uint64_t activations;

	CHECK_STATUS(loop_open(&config, &loop), OK);
	struct act_host *host = loop_host(loop);
	CHECK(act_host_enter(host, act_host_root(host), begin_busy, NULL));
	for (int i = 0; i < 3; i++) /* it knows how long a cycle is then */
		loop_step(loop, 0);
	act_host_stats(host, &stats);
	activations = stats.activations;
	CHECK(act_host_enter(host, act_host_root(host), begin_full, NULL));
	while (act_host_turn(host))
		;
	act_host_stats(host, &stats);
	/* Four messages of 3 ms each time, which is the first look at how long it has taken. */
	CHECK_EQ(stats.activations - activations, MANY_BUSY / 4);
	loop_close(loop);
}

/* ---- a start that fails ---------------------------------------------------------------------------------- */

struct late {
	_Atomic bool has_begun, may_end;
	bool was_dropped;
};

static bool may_end(void *arg)
{
	return ((struct late *)arg)->may_end;
}

static bool has_begun(void *arg)
{
	return ((struct late *)arg)->has_begun;
}

static void run_late(void *arg)
{
	((struct late *)arg)->has_begun = true;
	(void)!loop_await(may_end, arg, 10000);
}

static void drop_late(void *arg)
{
	((struct late *)arg)->was_dropped = true;
}

static enum status worker_init(struct act *act, void *state, const void *args)
{
	struct late *late = *(struct late *const *)args;

	(void)state;
	act_job(act, NULL, run_late, late, drop_late, 0);
	CHECK(loop_await(has_begun, late, 10000));
	return OK;
}

static enum status failing_init(struct act *act, void *state, const void *args)
{
	(void)act, (void)state;
	(*(struct late *const *)args)->may_end = true;
	return FULL;
}

static enum act_verdict hears_nothing(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act, (void)state, (void)msg;
	return ACT_UNHANDLED;
}

/* What a job has done is told by the loop, which does not run yet: the host waited for it in its own turns for ever. */
TEST(a_host_that_does_not_start_waits_for_the_jobs_that_it_began)
{
	static const struct act_class worker = { .name = "worker",
						 .init = worker_init,
						 .receive = hears_nothing };
	static const struct act_class failing = { .name = "failing",
						  .init = failing_init,
						  .receive = hears_nothing };
	struct late late = { 0 }, *at = &late;
	const struct act_child children[] = { { .id = "worker", .class = &worker, .args = &at },
					      { .id = "failing", .class = &failing, .args = &at } };
	const struct act_supervisor root = { .children = children, .child_count = 2 };
	const struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1, .root = &root }
	};
	struct loop *loop;

	CHECK_STATUS(loop_open(&config, &loop), FULL);
	CHECK(late.was_dropped);
}

/* As the kernel has it: size, policy, flags, nice, priority, then the slice; 0: one that gives everybody the same. */
static uint64_t slice_ns(void)
{
	uint64_t attr[7] = { 0 };

	CHECK_EQ(syscall(SYS_sched_getattr, 0, attr, sizeof attr, 0), 0);
	return attr[3];
}

struct noted {
	uint64_t slice_ns;
	bool is_done;
};

static void note_slice(void *arg)
{
	struct noted *noted = arg;

	noted->slice_ns = slice_ns();
	__atomic_store_n(&noted->is_done, true, __ATOMIC_RELEASE);
}

static bool is_noted(void *arg)
{
	return __atomic_load_n(&((struct noted *)arg)->is_done, __ATOMIC_ACQUIRE);
}

static enum status asking_init(struct act *act, void *state, const void *args)
{
	(void)state;
	act_job(act, NULL, note_slice, *(struct noted *const *)args, NULL, 0);
	return OK;
}

TEST(a_prompt_loop_and_its_workers_have_short_slices_where_the_kernel_gives_them)
{
	static const struct act_class asking = { .name = "asking",
						 .init = asking_init,
						 .receive = hears_nothing };
	uint64_t usual = slice_ns();
	struct noted of_worker = { 0 }, *at = &of_worker;
	const struct act_child child = { .id = "asking", .class = &asking, .args = &at };
	const struct act_supervisor root = { .children = &child, .child_count = 1 };
	const struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1, .root = &root },
		.is_prompt = true
	};
	struct loop *loop;

	CHECK_STATUS(loop_open(&config, &loop), OK);
	CHECK(loop_run_until(loop, is_noted, &of_worker, 10000));
	loop_close(loop);
	CHECK_EQ(of_worker.slice_ns, slice_ns());
	if (usual > 0) /* else there is no such thing here */
		CHECK(slice_ns() < usual);
}
