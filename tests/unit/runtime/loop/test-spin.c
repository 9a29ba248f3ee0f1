#include <sys/resource.h>

#include "runtime/loop/loop.h"
#include "runtime/loop/spin/spin.h"
#include "tests/lib/test.h"

#define LIMIT_US 50U
#define SHORT_NS 20000
#define LONG_NS 60000

static void sleep_often(struct spin *spin, int64_t ns, uint32_t times)
{
	for (uint32_t i = 0; i < times; i++)
		spin_slept(spin, ns);
}

TEST(looking_is_earned_by_short_waits_in_a_row)
{
	struct spin spin;

	spin_init(&spin, LIMIT_US);
	sleep_often(&spin, SHORT_NS, SPIN_PRICE_MIN - 1);
	CHECK(!spin_may(&spin));
	spin_slept(&spin, LONG_NS);
	sleep_often(&spin, SHORT_NS, SPIN_PRICE_MIN - 1);
	CHECK(!spin_may(&spin));
	spin_slept(&spin, SHORT_NS);
	CHECK(spin_may(&spin));
	spin_hit(&spin);
	CHECK(spin_may(&spin));
}

TEST(without_a_limit_nobody_looks)
{
	struct spin spin;

	spin_init(&spin, 0);
	sleep_often(&spin, 0, 100);
	CHECK(!spin_may(&spin));
}

TEST(each_look_for_nothing_makes_the_next_dearer_up_to_a_bound)
{
	struct spin spin;
	uint32_t price = SPIN_PRICE_MIN;

	spin_init(&spin, LIMIT_US);
	for (uint32_t i = 0; i < 20; i++) {
		sleep_often(&spin, SHORT_NS, price - 1);
		CHECK(!spin_may(&spin));
		spin_slept(&spin, SHORT_NS);
		CHECK(spin_may(&spin));
		spin_missed(&spin);
		price = price < SPIN_PRICE_MAX ? 2 * price : price;
	}
	CHECK_EQ(spin.price, SPIN_PRICE_MAX);
	sleep_often(&spin, SHORT_NS, SPIN_PRICE_MAX);
	for (uint32_t i = 0; i < 20; i++)
		spin_hit(&spin);
	CHECK_EQ(spin.price, SPIN_PRICE_MIN);
}

/* ---- a loop ---- */

#define TICKS 200U

struct tick {
	char unused;
};

static ACT_TYPE(tick);

static enum status ticking_init(struct act *act, void *state, const void *args)
{
	(void)args;
	(void)state;
	act_every(act, 1, &tick_type, &(struct tick){ 0 });
	return OK;
}

static enum act_verdict ticking_receive(struct act *act, void *state, const struct act_msg *msg)
{
	uint32_t *count = state;

	(void)msg;
	if (++*count == TICKS)
		loop_quit(loop_of(act));
	return ACT_OK;
}

/* How often a loop with an actor that waits for 1 ms again and again gave its processor away, out of TICKS. */
static long sleeps_of_loop(uint32_t spin_us)
{
	static const struct act_class ticking = { .name = "ticking",
						  .state_size = sizeof(uint32_t),
						  .init = ticking_init,
						  .receive = ticking_receive };
	const struct act_child child = { .id = "ticking", .class = &ticking };
	const struct act_supervisor root = { .children = &child, .child_count = 1 };
	const struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1, .root = &root },
		.spin_us = spin_us
	};
	struct rusage before, after;
	struct loop *loop;

	CHECK_STATUS(loop_open(&config, &loop), OK);
	getrusage(RUSAGE_THREAD, &before);
	loop_run(loop);
	getrusage(RUSAGE_THREAD, &after);
	loop_close(loop);
	return after.ru_nvcsw - before.ru_nvcsw;
}

TEST(a_loop_whose_waits_are_short_looks_and_one_whose_waits_are_long_sleeps)
{
	/* Several waits of a loop that sleeps may be one, when the machine is late. */
	CHECK(sleeps_of_loop(100) >= (long)TICKS / 20);
	CHECK(sleeps_of_loop(1000000) <= (long)SPIN_PRICE_MIN + 4);
}
