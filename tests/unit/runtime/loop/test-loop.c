#include "runtime/loop/loop.h"
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
