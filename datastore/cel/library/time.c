#include <assert.h>

#include "datastore/cel/library/function.h"
#include "datastore/cel/library/moment.h"
#include "runtime/base/time/time.h"

/*
 * Parts of timestamps, in UTC or a zone that is given by its offset, and of durations.
 */

enum part {
	YEAR,
	MONTH,
	YEAR_DAY,
	MONTH_DAY,
	DATE,
	WEEK_DAY,
	HOURS,
	MINUTES,
	SECONDS,
	MILLISECONDS
};

static int64_t pick(const struct moment_parts *parts, struct cel_moment moment, enum part part)
{
	switch (part) {
	case YEAR: return parts->year;
	case MONTH: return parts->month - 1;
	case YEAR_DAY: return parts->year_day;
	case MONTH_DAY: return parts->day - 1;
	case DATE: return parts->day;
	case WEEK_DAY: return parts->week_day;
	case HOURS: return parts->hour;
	case MINUTES: return parts->minute;
	case SECONDS: return parts->second;
	case MILLISECONDS: return moment.nanos / TIME_MS;
	}
	assert(!"a part of a timestamp that nobody knows");
	return 0;
}

static struct cel_value part_of(struct cel_call *call, const struct cel_value *args, enum part part)
{
	struct moment_parts parts;
	int64_t offset = 0;

	if (call->count == 2 && !moment_zone(args[1].text, &offset))
		return cel_value_error(call->arena, "unknown time zone " STR_FMT,
				       STR_ARG(args[1].text));
	parts = moment_parts(args[0].moment, offset);
	return cel_int(pick(&parts, args[0].moment, part));
}

#define PART(function, part)                                                                  \
	static struct cel_value function(struct cel_call *call, const struct cel_value *args) \
	{                                                                                     \
		return part_of(call, args, part);                                             \
	}
PART(full_year, YEAR)
PART(month, MONTH)
PART(day_of_year, YEAR_DAY)
PART(day_of_month, MONTH_DAY)
PART(date, DATE)
PART(day_of_week, WEEK_DAY)
PART(hours, HOURS)
PART(minutes, MINUTES)
PART(seconds, SECONDS)
PART(milliseconds, MILLISECONDS)

static struct cel_value whole_hours(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_int(args[0].integer / (3600 * TIME_S));
}

static struct cel_value whole_minutes(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_int(args[0].integer / (60 * TIME_S));
}

static struct cel_value whole_seconds(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_int(args[0].integer / TIME_S);
}

static struct cel_value whole_milliseconds(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_int(args[0].integer / TIME_MS);
}

#define OF_TIMESTAMP(name, call)                                \
	{ name, ".(timestamp)int", call, PRICE_ONE },           \
	{                                                       \
		name, ".(timestamp,string)int", call, PRICE_ONE \
	}

static const struct cel_function rows[] = {
	OF_TIMESTAMP("getFullYear", full_year),
	OF_TIMESTAMP("getMonth", month),
	OF_TIMESTAMP("getDayOfYear", day_of_year),
	OF_TIMESTAMP("getDayOfMonth", day_of_month),
	OF_TIMESTAMP("getDate", date),
	OF_TIMESTAMP("getDayOfWeek", day_of_week),
	OF_TIMESTAMP("getHours", hours),
	{ "getHours", ".(duration)int", whole_hours, PRICE_ONE },
	OF_TIMESTAMP("getMinutes", minutes),
	{ "getMinutes", ".(duration)int", whole_minutes, PRICE_ONE },
	OF_TIMESTAMP("getSeconds", seconds),
	{ "getSeconds", ".(duration)int", whole_seconds, PRICE_ONE },
	OF_TIMESTAMP("getMilliseconds", milliseconds),
	{ "getMilliseconds", ".(duration)int", whole_milliseconds, PRICE_ONE },
};
CEL_FUNCTION_TABLE(cel_functions_time, rows);
