/*
 * Shares: for how long a level was how full, in nanoseconds by parts of what there is room for. Bounds are upstream's.
 *
 * Of fair-queue.c, which adds the time that has passed before anything changes; flow-measure.c tells of it.
 */
#ifndef ACTORS_SERVER_FLOW_SHARE_H
#define ACTORS_SERVER_FLOW_SHARE_H

#include <stdint.h>

enum share {
	SHARE_WAITING, /* requests, of what all lanes hold */
	SHARE_RUNNING, /* requests, of the seats that the level has now */
	SHARE_SEATS,   /* in use, of these */
	SHARE_DEMAND,  /* seats in use and waited for, of those that it has by its own shares */
};
#define SHARE_COUNT (SHARE_DEMAND + 1)
#define SHARE_BUCKETS 14U

struct share_times {
	uint64_t ns[SHARE_COUNT][SHARE_BUCKETS];
	double sums[SHARE_COUNT];
};

const double *share_bounds(enum share share, uint32_t *out_len);
void share_add(struct share_times *times, const double shares[SHARE_COUNT], int64_t ns);

#endif
