#include "runtime/actor/part/run-times.h"

void run_times_halve(struct run_times *times)
{
	for (uint32_t i = 0; i < RUN_TIMES_BUCKETS; i++)
		times->counts[i] /= 2;
}

/* Where the bucket ends. */
static uint64_t end_of(uint32_t bucket)
{
	uint64_t octave = 1ULL << (RUN_TIMES_FIRST + (bucket + 1) / 2 - 1);

	if (bucket == 0)
		return 1ULL << RUN_TIMES_FIRST;
	return bucket % 2 == 1 ? octave + octave / 2 : octave * 2;
}

uint64_t run_times_per_mille(const struct run_times *times, uint32_t per_mille)
{
	uint64_t total = 0, wanted, seen = 0;

	for (uint32_t i = 0; i < RUN_TIMES_BUCKETS; i++)
		total += times->counts[i];
	if (total == 0)
		return 0;
	wanted = (total * per_mille + 999) / 1000;
	for (uint32_t i = 0; i < RUN_TIMES_BUCKETS; i++) {
		seen += times->counts[i];
		if (seen >= wanted)
			return end_of(i);
	}
	return end_of(RUN_TIMES_BUCKETS - 1);
}
