/*
 * The machine's clocks and its randomness, and waiting where no loop stands yet.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "runtime/loop/loop-private.h"

#define AWAIT_LOOK_MS 5

static int64_t read_clock(clockid_t id)
{
	struct timespec at;
	int error = clock_gettime(id, &at);

	assert(error == 0);
	return at.tv_sec * TIME_S + at.tv_nsec;
}

static struct mono mono(void *self)
{
	(void)self;
	return (struct mono){ read_clock(CLOCK_MONOTONIC) };
}

static struct wall wall(void *self)
{
	(void)self;
	return (struct wall){ read_clock(CLOCK_REALTIME) };
}

static void fill(void *self, void *at, size_t len)
{
	(void)self;
	for (size_t done = 0; done < len;) {
		ssize_t got = getrandom((char *)at + done, len - done, 0);

		if (got > 0)
			done += (size_t)got;
		else if (errno != EINTR)
			abort(); /* without randomness no key may be made and no election be run */
	}
}

static const struct seams_clock machine_clock = { .mono = mono, .wall = wall };

const struct seams_clock *loop_clock(void)
{
	return &machine_clock;
}

bool loop_await(bool (*claim)(void *arg), void *arg, uint32_t timeout_ms)
{
	const struct timespec look = { .tv_nsec = AWAIT_LOOK_MS * TIME_MS };
	int64_t end = mono(NULL).ns + (int64_t)timeout_ms * TIME_MS;

	while (!claim(arg)) {
		if (mono(NULL).ns >= end)
			return false;
		nanosleep(&look, NULL);
	}
	return true;
}

void loop_pause(uint64_t us)
{
	struct timespec left = { .tv_sec = (time_t)(us / 1000000),
				 .tv_nsec = (long)(us % 1000000) * TIME_US };

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

void clock_seams(struct seams *seams)
{
	seams->clock = machine_clock;
	seams->random = (struct seams_random){ .fill = fill };
}
