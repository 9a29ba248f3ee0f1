/*
 * Demand: how many seats were wanted of late, and who may have how many of them until the next look (KEP-1040, borrowing).
 *
 * Pure arithmetic over doubles, the same everywhere. One thread.
 */
#ifndef ACTORS_SERVER_FLOW_DEMAND_H
#define ACTORS_SERVER_FLOW_DEMAND_H

#include "runtime/base/base.h"

struct demand {
	double value, sum, sum_of_squares, max; /* since `since`, times seconds */
	struct mono since, at;
	double average, deviation, high, smoothed; /* as of the last demand_sum_up */
};

void demand_init(struct demand *demand, struct mono now);
void demand_set(struct demand *demand, double value, struct mono now);
/* Of the time since this was called last. */
void demand_sum_up(struct demand *demand, struct mono now);

/* Who shares: target >= lower, upper >= lower >= 0. */
struct demand_share {
	double lower, upper, target;
	double share; /* out */
};

/*
 * Divides `sum` so that all get the same fraction of their target, but none less than its lower bound or more than its upper one. Gives
 * the fraction. Where the lower bounds are too much already everybody gets that; where the upper ones are too little everybody gets those.
 */
double demand_divide(double sum, struct demand_share *shares, uint32_t count);

#endif
