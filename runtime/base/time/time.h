/*
 * Time: two types that do not mix. `struct mono` measures, `struct wall` names a moment for people.
 *
 * Nothing here reads a clock: clocks are a seam (runtime/actor/seams.h) and virtual in the simulator.
 */
#ifndef RUNTIME_BASE_TIME_TIME_H
#define RUNTIME_BASE_TIME_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"

#pragma GCC visibility push(default)

struct mono {
	int64_t ns;
};

struct wall {
	int64_t ns; /* since 1970-01-01T00:00:00Z, in the years 1681 to 2249; 0 is "never" */
};

#define TIME_US 1000LL
#define TIME_MS 1000000LL
#define TIME_S 1000000000LL

/* RFC 3339 in UTC: seconds (2026-01-02T03:04:05Z), or with six decimals. Buffers of TIME_TEXT bytes. */
#define TIME_TEXT 32
struct str time_print(struct wall at, char out[TIME_TEXT]);
struct str time_print_micro(struct wall at, char out[TIME_TEXT]);
/* Any RFC 3339 offset and up to nine decimals. Go's zero time (year 1) gives "never"; a year that struct wall has not is INVALID. */
MUST_USE enum status time_parse(struct str s, struct wall *out);

/* As kubectl shows ages (duration.HumanDuration): 5s, 3m20s, 2h, 5d, 2y1d. */
struct str time_print_age(int64_t age_ns, char out[TIME_TEXT]);

/* Go's duration text, both ways: 1h30m0s, 1.5s, 100ms. */
struct str time_print_duration(int64_t ns, char out[TIME_TEXT]);
MUST_USE enum status time_parse_duration(struct str s, int64_t *out_ns);

#pragma GCC visibility pop

#endif
