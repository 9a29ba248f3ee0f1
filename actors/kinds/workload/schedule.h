/*
 * Schedules: times at which something happens again and again, in the five fields of cron.
 */
#ifndef ACTORS_KINDS_WORKLOAD_SCHEDULE_H
#define ACTORS_KINDS_WORKLOAD_SCHEDULE_H

#include "actors/kinds/rule.h"

/* `0-30/5 0 1,15 jan-jun ?`, @daily, @every 1h30m; with or without a zone before it: TZ=Europe/Berlin 0 0 * * *. */
bool schedule_check(const struct path *at, struct str text);
/* The zone of its own field. */
bool schedule_check_zone(const struct path *at, struct str zone);

#endif
