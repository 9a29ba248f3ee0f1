#include "actors/server/flow/demand.h"

#include <math.h>

#define SMOOTHING \
	0.977 /* upstream's seatDemandSmoothingCoefficient: half is forgotten in five minutes */
#define TARGET_MIN 0.001
#define HALVINGS 100

void demand_init(struct demand *demand, struct mono now)
{
	*demand = (struct demand){ .since = now, .at = now };
}

static void add_up(struct demand *demand, struct mono now)
{
	double seconds = (double)(now.ns - demand->at.ns) / TIME_S;

	demand->at = now;
	demand->sum += demand->value * seconds;
	demand->sum_of_squares += demand->value * demand->value * seconds;
}

void demand_set(struct demand *demand, double value, struct mono now)
{
	if (now.ns != demand->at.ns)
		add_up(demand, now);
	demand->value = value;
	if (value > demand->max)
		demand->max = value;
}

void demand_sum_up(struct demand *demand, struct mono now)
{
	double seconds, variance, envelope, faded;

	add_up(demand, now);
	seconds = (double)(now.ns - demand->since.ns) / TIME_S;
	demand->average = seconds > 0 ? demand->sum / seconds : demand->value;
	variance =
	    seconds > 0 ? demand->sum_of_squares / seconds - demand->average * demand->average : 0;
	demand->deviation = variance > 0 ? sqrt(variance) : 0;
	demand->high = round(demand->max);
	envelope = demand->average + demand->deviation;
	faded = SMOOTHING * demand->smoothed + (1 - SMOOTHING) * envelope;
	demand->smoothed = envelope > faded ? envelope : faded;
	demand->sum = demand->sum_of_squares = 0;
	demand->max = demand->value;
	demand->since = now;
}

/* ---- sharing ----------------------------------------------------------------------------------------------- */

static double target_of(const struct demand_share *share)
{
	return share->target > TARGET_MIN ? share->target : TARGET_MIN;
}

static double clamp(const struct demand_share *share, double wanted)
{
	return wanted < share->lower ? share->lower : wanted > share->upper ? share->upper : wanted;
}

static double give(double fraction, struct demand_share *shares, uint32_t count)
{
	double sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		shares[i].share = clamp(&shares[i], fraction * target_of(&shares[i]));
		sum += shares[i].share;
	}
	return sum;
}

/* What is given grows with the fraction, so it is halved until doubles have no place between the halves. */
double demand_divide(double sum, struct demand_share *shares, uint32_t count)
{
	double least = 0, most = 0;

	for (uint32_t i = 0; i < count; i++)
		if (shares[i].upper / target_of(&shares[i]) > most)
			most = shares[i].upper / target_of(&shares[i]);
	if (give(least, shares, count) >= sum)
		return least;
	if (give(most, shares, count) <= sum)
		return most;
	for (int i = 0; i < HALVINGS; i++) {
		double middle = (least + most) / 2;

		if (give(middle, shares, count) < sum)
			least = middle;
		else
			most = middle;
	}
	give(most, shares, count);
	return most;
}
