/*
 * What the two halves of the room share. Only for actors/server/measure.
 */
#ifndef ACTORS_SERVER_MEASURE_MEASURE_PRIVATE_H
#define ACTORS_SERVER_MEASURE_MEASURE_PRIVATE_H

#include "actors/server/measure/measure.h"
#include "runtime/base/base.h"

#define MEASURE_OPERATIONS 4U /* create, update, delete, connect */
#define MEASURE_USERS 7U      /* what names look like */
#define MEASURE_CHECKS 4U     /* enum measure_check */

/* By half, operation and whether it was refused. */
struct measure_admissions {
	struct metrics_histogram *at[2][MEASURE_OPERATIONS][2];
};

struct measures {
	struct metrics *metrics, *slis;
	struct arena *arena;
	struct map places;   /* "group/version/resource" -> struct place * */
	struct place *pages; /* of what is no resource */
	struct map stores;   /* "operation group resource" -> struct store_figures * */
	struct metrics_counter *authentications[MEASURE_CHECKS], *authorizations[MEASURE_CHECKS];
	struct metrics_counter *users[MEASURE_USERS];
	struct metrics_histogram *authentication_times[MEASURE_CHECKS],
	    *authorization_times[MEASURE_CHECKS], *certificates;
	struct measure_admissions *admissions; /* of each plug-in, and of all behind them */
};

double measure_seconds_since(const struct request *r, struct mono began);

#endif
