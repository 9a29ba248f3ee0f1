/*
 * Moments: the calendar of CEL's timestamps, years 1 to 9999, with nanoseconds.
 *
 * For the library. The years of struct wall (runtime/base/time) are too few for it. Pure functions.
 */
#ifndef DATASTORE_CEL_LIBRARY_MOMENT_H
#define DATASTORE_CEL_LIBRARY_MOMENT_H

#include "datastore/cel/value/value.h"

/* false: beyond the calendar. */
bool moment_add(struct cel_moment moment, int64_t ns, struct cel_moment *out);
bool moment_between(struct cel_moment a, struct cel_moment b, int64_t *ns);
/* RFC 3339, with any offset; a date alone is its first moment. */
bool moment_parse(struct str text, struct cel_moment *out);
bool moment_parse_date(struct str text, struct cel_moment *out);
struct str moment_text(struct cel_moment moment, struct arena *arena);
bool moment_from_seconds(int64_t seconds, struct cel_moment *out);

struct moment_parts {
	int64_t year;
	int month, day; /* from 1 */
	int week_day;   /* 0: Sunday */
	int year_day;   /* from 0 */
	int hour, minute, second;
};
struct moment_parts moment_parts(struct cel_moment moment, int64_t offset_s);
/* "UTC", "", "+02:00", "-08:00"; false: no zone that is known without a database. */
bool moment_zone(struct str zone, int64_t *offset_s);

#endif
