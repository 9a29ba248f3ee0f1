/*
 * Schedules of CronJobs: five fields, or @daily and the like, or @every 1h30m; in UTC.
 *
 * The grammar and its corners are those of robfig/cron v3, which upstream uses: names of months and days, steps, ranges, `?`; when
 * both days are restricted either of them is enough.
 */
#ifndef ACTORS_CONTROLLER_JOB_CRON_H
#define ACTORS_CONTROLLER_JOB_CRON_H

#include "runtime/base/base.h"

struct cron {
	uint64_t minutes, hours, days, months, weekdays; /* bit sets */
	bool is_any_day, is_any_weekday;
	int64_t every_s; /* not 0: nothing else counts */
};

/* INVALID with words. */
MUST_USE enum status cron_parse(struct str text, struct cron *out, struct fault *why);
/* The first time after `after`, in whole seconds; 0: there is none within five years. */
struct wall cron_next(const struct cron *cron, struct wall after);

#endif
