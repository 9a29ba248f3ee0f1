/*
 * How long somebody's activations took: a histogram of fixed size from which a percentile can be told.
 *
 * The host adds to it after each activation, for a few instructions, in whatever unit it measures in (cycles). Two buckets an octave
 * over 24 octaves, so what is told is at most half too high. When a bucket is full all are halved: what was long ago counts less
 * and less.
 */
#ifndef RUNTIME_ACTOR_PART_RUN_TIMES_H
#define RUNTIME_ACTOR_PART_RUN_TIMES_H

#include <stdint.h>

#define RUN_TIMES_BUCKETS 48U
#define RUN_TIMES_FIRST 8U /* the first octave begins at 2^8 */

struct run_times {
	uint16_t counts[RUN_TIMES_BUCKETS];
};

void run_times_halve(struct run_times *times);
/* The time within which that many of a thousand activations ended; 0: there was none. */
uint64_t run_times_per_mille(const struct run_times *times, uint32_t per_mille);

static inline uint32_t run_times_bucket(uint64_t time)
{
	uint32_t octave, bucket;

	if (time < 1U << RUN_TIMES_FIRST)
		return 0;
	octave = 63U - (uint32_t)__builtin_clzll(time);
	bucket = 1 + 2 * (octave - RUN_TIMES_FIRST) + (uint32_t)(time >> (octave - 1) & 1);
	return bucket < RUN_TIMES_BUCKETS ? bucket : RUN_TIMES_BUCKETS - 1;
}

static inline void run_times_add(struct run_times *times, uint64_t time)
{
	if (++times->counts[run_times_bucket(time)] == UINT16_MAX)
		run_times_halve(times);
}

#endif
