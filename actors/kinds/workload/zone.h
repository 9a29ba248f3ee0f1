/*
 * Time zones: the names that there are.
 *
 * The rules of each zone are not here: judging a schedule needs to know only that somebody will find them.
 */
#ifndef ACTORS_KINDS_WORKLOAD_ZONE_H
#define ACTORS_KINDS_WORKLOAD_ZONE_H

#include "runtime/base/base.h"

bool zone_is_known(struct str name); /* Europe/Berlin, UTC; in exactly this spelling */

#endif
