/*
 * What time.c and wall.c share: text of RFC 3339 as seconds since 1970 and nanoseconds, of any year.
 */
#ifndef RUNTIME_BASE_TIME_TIME_PRIVATE_H
#define RUNTIME_BASE_TIME_TIME_PRIVATE_H

#include "runtime/base/time/time.h"

bool time_read(struct str s, int64_t *seconds, int64_t *nanos);

#endif
