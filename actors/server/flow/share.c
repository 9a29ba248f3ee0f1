#include "actors/server/flow/share.h"

#define LEN(array) (sizeof(array) / sizeof *(array))

static const double requests[] = { 0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1 };
static const double seats[] = { 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1 };
static const double demand[] = { 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6 };
_Static_assert(LEN(seats) < SHARE_BUCKETS, "one more is beyond the last");

static const struct {
	const double *at;
	uint32_t len;
} bounds[] = {
	[SHARE_WAITING] = { requests, LEN(requests) },
	[SHARE_RUNNING] = { requests, LEN(requests) },
	[SHARE_SEATS] = { seats, LEN(seats) },
	[SHARE_DEMAND] = { demand, LEN(demand) },
};

const double *share_bounds(enum share share, uint32_t *out_len)
{
	*out_len = bounds[share].len;
	return bounds[share].at;
}

void share_add(struct share_times *times, const double shares[SHARE_COUNT], int64_t ns)
{
	for (uint32_t i = 0; i < SHARE_COUNT; i++) {
		uint32_t at = 0;

		while (at < bounds[i].len && shares[i] > bounds[i].at[at])
			at++;
		times->ns[i][at] += (uint64_t)ns;
		times->sums[i] += shares[i] * (double)ns;
	}
}
