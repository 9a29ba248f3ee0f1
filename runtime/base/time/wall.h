/*
 * Moments of any year from 0 to 9999 in a struct wall (time.h).
 *
 * In the years of time.h it counts nanoseconds. Moments before and after have microseconds, and numbers that keep their order: nothing but
 * comparing and printing makes sense of those, which is all that is done with what others wrote into their objects.
 */
#ifndef RUNTIME_BASE_TIME_WALL_H
#define RUNTIME_BASE_TIME_WALL_H

#include "runtime/base/time/time.h"

#define WALL_ZERO_S (-62135596800LL)  /* the year 1: Go's zero time */
#define WALL_FIRST_S (-62167219200LL) /* the year 0 */
#define WALL_LAST_S 253402300799LL    /* the last second of the year 9999 */

/* Whole seconds since 1970 and nanoseconds of the next one; false outside the years 0 to 9999. */
MUST_USE bool wall_from(int64_t seconds, int64_t nanos, struct wall *out);
void wall_split(struct wall at, int64_t *seconds, int64_t *nanos);
/* The last whole unit before it, of at most a second. */
struct wall wall_floor(struct wall at, int64_t unit_ns);
/* As time_parse, of any year. INVALID. */
MUST_USE enum status wall_parse(struct str s, struct wall *out);
/* The time from one to the other, at most what an int64_t holds. */
int64_t wall_since(struct wall now, struct wall then);

#endif
