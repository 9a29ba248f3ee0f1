#include "runtime/base/time/wall.h"

#include <assert.h>

#include "runtime/base/time/time-private.h"

#define WALL_NEAR_S (-9119865600LL) /* 1681-01-01: from here on ns are ns */
#define WALL_FAR_S 8835955200LL     /* 2250-01-01: until here */
#define WALL_MICROS 1000000LL       /* in a second */

/* The two ends of an int64_t that are not needed for the years between hold the others. */
static_assert((WALL_NEAR_S - WALL_FIRST_S) * WALL_MICROS <= WALL_NEAR_S * TIME_S - INT64_MIN,
	      "the years before are in order before 1681");
static_assert((WALL_LAST_S + 1 - WALL_FAR_S) * WALL_MICROS <= INT64_MAX - WALL_FAR_S * TIME_S,
	      "the years after are in order after 2249");

bool wall_from(int64_t seconds, int64_t nanos, struct wall *out)
{
	assert(nanos >= 0 && nanos < TIME_S);
	if (seconds < WALL_FIRST_S || seconds > WALL_LAST_S)
		return false;
	if (seconds < WALL_NEAR_S)
		out->ns = INT64_MIN + (seconds - WALL_FIRST_S) * WALL_MICROS + nanos / TIME_US;
	else if (seconds < WALL_FAR_S)
		out->ns = seconds * TIME_S + nanos;
	else
		out->ns =
		    WALL_FAR_S * TIME_S + (seconds - WALL_FAR_S) * WALL_MICROS + nanos / TIME_US;
	return true;
}

void wall_split(struct wall at, int64_t *seconds, int64_t *nanos)
{
	int64_t micros;

	if (at.ns >= WALL_FAR_S * TIME_S) {
		micros = at.ns - WALL_FAR_S * TIME_S;
		*seconds = WALL_FAR_S + micros / WALL_MICROS;
		*nanos = micros % WALL_MICROS * TIME_US;
	} else if (at.ns >= WALL_NEAR_S * TIME_S) {
		*seconds = at.ns / TIME_S - (at.ns % TIME_S < 0);
		*nanos = at.ns - *seconds * TIME_S;
	} else {
		micros = at.ns - INT64_MIN;
		*seconds = WALL_FIRST_S + micros / WALL_MICROS;
		*nanos = micros % WALL_MICROS * TIME_US;
	}
}

struct wall wall_floor(struct wall at, int64_t unit_ns)
{
	int64_t seconds, nanos;
	struct wall floor = at;

	assert(unit_ns > 0 && unit_ns <= TIME_S);
	wall_split(at, &seconds, &nanos);
	(void)!wall_from(seconds, nanos - nanos % unit_ns, &floor);
	return floor;
}

enum status wall_parse(struct str s, struct wall *out)
{
	int64_t seconds, nanos;

	if (!time_read(s, &seconds, &nanos))
		return INVALID;
	if (seconds == WALL_ZERO_S && nanos == 0) {
		*out = (struct wall){ 0 };
		return OK;
	}
	return wall_from(seconds, nanos, out) ? OK : INVALID;
}

int64_t wall_since(struct wall now, struct wall then)
{
	int64_t since;

	if (__builtin_sub_overflow(now.ns, then.ns, &since))
		return now.ns > then.ns ? INT64_MAX : INT64_MIN;
	return since;
}
