#include "runtime/base/time/time.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/time/time-private.h"
#include "runtime/base/time/wall.h"

#define TIME_DAY_S 86400LL

/*
 * Days since 1970-01-01 of a date in the Gregorian calendar and back. Years begin in March here, so that
 * the leap day is the last of its year; an era is 400 years, after which everything repeats.
 */
static int64_t time_days(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = month > 2 ? year : year - 1;
	int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int64_t of_era = shifted - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719468;
}

struct time_date {
	int64_t year, month, day;
};

static struct time_date time_date(int64_t days)
{
	int64_t from_era = days + 719468;
	int64_t era = (from_era >= 0 ? from_era : from_era - 146096) / 146097;
	int64_t day = from_era - era * 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
	int64_t shifted = (5 * day_of_year + 2) / 153;
	int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;

	return (struct time_date){ year + era * 400 + (month <= 2), month,
				   day_of_year - (153 * shifted + 2) / 5 + 1 };
}

/* Floor division: before 1970 the remainder must stay positive. */
static int64_t time_floor(int64_t n, int64_t by)
{
	return n / by - (n % by < 0);
}

/* `count` digits and what stands behind them; gives what follows. By hand: encoding objects prints many times. */
static char *time_put(char *at, int64_t n, uint32_t count, char behind)
{
	for (uint32_t i = count; i > 0; i--, n /= 10)
		at[i - 1] = (char)('0' + n % 10);
	at[count] = behind;
	return at + count + 1;
}

static struct str time_print_as(struct wall at, bool with_micro, char out[TIME_TEXT])
{
	int64_t seconds, nanos, days, of_day;
	struct time_date date;
	char *end;

	wall_split(at, &seconds, &nanos);
	days = time_floor(seconds, TIME_DAY_S);
	of_day = seconds - days * TIME_DAY_S;
	date = time_date(days);
	end = time_put(out, date.year, 4, '-');
	end = time_put(end, date.month, 2, '-');
	end = time_put(end, date.day, 2, 'T');
	end = time_put(end, of_day / 3600, 2, ':');
	end = time_put(end, of_day / 60 % 60, 2, ':');
	end = time_put(end, of_day % 60, 2, with_micro ? '.' : 'Z');
	if (with_micro)
		end = time_put(end, nanos / TIME_US, 6, 'Z');
	*end = '\0';
	return str_of(out, (size_t)(end - out));
}

struct str time_print(struct wall at, char out[TIME_TEXT])
{
	return time_print_as(at, false, out);
}

struct str time_print_micro(struct wall at, char out[TIME_TEXT])
{
	return time_print_as(at, true, out);
}

/* Reads exactly `count` digits at *at and moves on; false when they are not there. */
static bool time_digits(struct str s, uint32_t *at, uint32_t count, int64_t *out)
{
	int64_t n = 0;

	if (s.len - *at < count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		char c = s.at[*at + i];

		if (c < '0' || c > '9')
			return false;
		n = n * 10 + (c - '0');
	}
	*at += count;
	*out = n;
	return true;
}

static bool time_char(struct str s, uint32_t *at, char c)
{
	if (*at >= s.len || s.at[*at] != c)
		return false;
	(*at)++;
	return true;
}

static int64_t time_month_days(int64_t year, int64_t month)
{
	static const int64_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap);
}

static bool time_read_date(struct str s, uint32_t *at, int64_t *days)
{
	int64_t year, month, day;

	if (!time_digits(s, at, 4, &year) || !time_char(s, at, '-') ||
	    !time_digits(s, at, 2, &month) || !time_char(s, at, '-') || !time_digits(s, at, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > time_month_days(year, month))
		return false;
	*days = time_days(year, month, day);
	return true;
}

static bool time_read_clock(struct str s, uint32_t *at, int64_t *seconds)
{
	int64_t hour, minute, second;

	if (!time_digits(s, at, 2, &hour) || !time_char(s, at, ':') ||
	    !time_digits(s, at, 2, &minute) || !time_char(s, at, ':') ||
	    !time_digits(s, at, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	*seconds = hour * 3600 + minute * 60 + second;
	return true;
}

/* None, or a point and one to nine digits. */
static bool time_read_fraction(struct str s, uint32_t *at, int64_t *ns)
{
	int64_t scale = TIME_S, digit;
	uint32_t begin;

	*ns = 0;
	if (!time_char(s, at, '.'))
		return true;
	begin = *at;
	while (time_digits(s, at, 1, &digit)) {
		if (*at - begin > 9)
			return false;
		scale /= 10;
		*ns += digit * scale;
	}
	return *at > begin;
}

/* Z, +hh:mm or -hh:mm. */
static bool time_read_offset(struct str s, uint32_t *at, int64_t *seconds)
{
	int64_t hour, minute, sign;

	*seconds = 0;
	if (time_char(s, at, 'Z'))
		return true;
	if (time_char(s, at, '+'))
		sign = 1;
	else if (time_char(s, at, '-'))
		sign = -1;
	else
		return false;
	if (!time_digits(s, at, 2, &hour) || !time_char(s, at, ':') ||
	    !time_digits(s, at, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*seconds = sign * (hour * 3600 + minute * 60);
	return true;
}

bool time_read(struct str s, int64_t *seconds, int64_t *nanos)
{
	int64_t days, offset;
	uint32_t at = 0;

	if (!time_read_date(s, &at, &days) || !time_char(s, &at, 'T') ||
	    !time_read_clock(s, &at, seconds) || !time_read_fraction(s, &at, nanos) ||
	    !time_read_offset(s, &at, &offset) || at != s.len)
		return false;
	*seconds += days * TIME_DAY_S - offset;
	return true;
}

/* Whoever reads a time here may count with it: what wall_from gives another meaning is not taken. */
enum status time_parse(struct str s, struct wall *out)
{
	int64_t seconds, nanos, ns;
	struct wall at;

	if (wall_parse(s, &at) != OK)
		return INVALID;
	wall_split(at, &seconds, &nanos);
	if (__builtin_mul_overflow(seconds, TIME_S, &ns) ||
	    __builtin_add_overflow(ns, nanos, &ns) || ns != at.ns)
		return INVALID;
	*out = at;
	return OK;
}

/* The digits of what is not negative, and its unit; gives what follows. */
static char *time_put_unit(char *at, int64_t n, char unit)
{
	uint32_t count = 1;

	for (int64_t rest = n; rest >= 10; rest /= 10)
		count++;
	return time_put(at, n, count, unit);
}

/* `whole` of the large unit and, unless 0, `part` of the small one. */
static struct str time_two(char out[TIME_TEXT], int64_t whole, char large, int64_t part, char small)
{
	char *end = time_put_unit(out, whole, large);

	if (part != 0)
		end = time_put_unit(end, part, small);
	*end = '\0';
	return str_of(out, (size_t)(end - out));
}

struct str time_print_age(int64_t age_ns, char out[TIME_TEXT])
{
	int64_t seconds = age_ns / TIME_S, minutes = seconds / 60, hours = minutes / 60,
		days = hours / 24;

	/* A second of difference between two machines' clocks is nothing to show. */
	if (seconds < -1)
		return str_of(memcpy(out, "<invalid>", 10), 9);
	if (seconds < 120)
		return time_two(out, seconds < 0 ? 0 : seconds, 's', 0, 0);
	if (minutes < 180)
		return time_two(out, minutes, 'm', minutes < 10 ? seconds % 60 : 0, 's');
	if (hours < 48)
		return time_two(out, hours, 'h', hours < 8 ? minutes % 60 : 0, 'm');
	if (days < 365 * 2)
		return time_two(out, days, 'd', hours < 24 * 8 ? hours % 24 : 0, 'h');
	return time_two(out, days / 365, 'y', hours < 24 * 365 * 8 ? days % 365 : 0, 'd');
}

/* The fraction of a unit without the zeros at its end: ".5", or nothing. */
static void time_fraction(uint64_t value, uint64_t unit, char out[16])
{
	uint64_t part = value % unit;
	int len = 0;

	if (part > 0)
		out[len++] = '.';
	while (part > 0) {
		unit /= 10;
		out[len++] = (char)('0' + part / unit);
		part %= unit;
	}
	out[len] = '\0';
}

struct str time_print_duration(int64_t ns, char out[TIME_TEXT])
{
	uint64_t left = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	uint64_t unit = left < TIME_US   ? 1
			: left < TIME_MS ? TIME_US
			: left < TIME_S  ? TIME_MS
					 : TIME_S;
	const char *name = unit == 1         ? "ns"
			   : unit == TIME_US ? "\xc2\xb5s"
			   : unit == TIME_MS ? "ms"
					     : "s";
	uint64_t minutes = left / TIME_S / 60;
	const char *sign = ns < 0 ? "-" : "";
	char fraction[16];
	int len;

	if (ns == 0)
		return str_of(memcpy(out, "0s", 3), 2);
	time_fraction(left, unit, fraction);
	if (minutes == 0)
		len = snprintf(out, TIME_TEXT, "%s%llu%s%s", sign,
			       (unsigned long long)(left / unit), fraction, name);
	else if (minutes < 60)
		len = snprintf(out, TIME_TEXT, "%s%llum%llu%ss", sign, (unsigned long long)minutes,
			       (unsigned long long)(left / TIME_S % 60), fraction);
	else
		len =
		    snprintf(out, TIME_TEXT, "%s%lluh%llum%llu%ss", sign,
			     (unsigned long long)(minutes / 60), (unsigned long long)(minutes % 60),
			     (unsigned long long)(left / TIME_S % 60), fraction);
	return str_of(out, (size_t)len);
}

static const struct {
	struct str name;
	int64_t ns;
} time_units[] = {
	{ { "ns", 2 }, 1 },
	{ { "us", 2 }, TIME_US },
	{ { "\xc2\xb5s", 3 }, TIME_US }, /* micro sign */
	{ { "\xce\xbcs", 3 }, TIME_US }, /* Greek mu */
	{ { "ms", 2 }, TIME_MS },
	{ { "s", 1 }, TIME_S },
	{ { "m", 1 }, 60 * TIME_S },
	{ { "h", 1 }, 3600 * TIME_S },
};

/* The unit at *at, the longest that fits; 0 when there is none. */
static int64_t time_read_unit(struct str s, uint32_t *at)
{
	struct str rest = str_slice(s, *at, s.len);

	for (size_t i = 0; i < sizeof time_units / sizeof time_units[0]; i++) {
		if (str_starts(rest, time_units[i].name)) {
			*at += time_units[i].name.len;
			return time_units[i].ns;
		}
	}
	return 0;
}

/* digits[.digits]unit, at least one digit; adds to *total. */
static bool time_read_part(struct str s, uint32_t *at, uint64_t *total)
{
	uint64_t whole = 0, part = 0;
	double scale = 1;
	uint32_t digits = 0;
	int64_t digit, unit;

	for (; time_digits(s, at, 1, &digit); digits++)
		if (__builtin_mul_overflow(whole, 10U, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)digit, &whole))
			return false;
	if (time_char(s, at, '.')) {
		for (; time_digits(s, at, 1, &digit); digits++) {
			/* Digits past a nanosecond of an hour say nothing. */
			if (scale < 1e15) {
				part = part * 10 + (uint64_t)digit;
				scale *= 10;
			}
		}
	}
	unit = time_read_unit(s, at);
	return digits > 0 && unit > 0 && !__builtin_mul_overflow(whole, (uint64_t)unit, &whole) &&
	       !__builtin_add_overflow(*total, whole, total) &&
	       !__builtin_add_overflow(*total, (uint64_t)((double)part * ((double)unit / scale)),
				       total);
}

enum status time_parse_duration(struct str s, int64_t *out_ns)
{
	bool is_negative = s.len > 0 && s.at[0] == '-';
	uint32_t at = s.len > 0 && (s.at[0] == '-' || s.at[0] == '+');
	uint64_t total = 0;

	if (at == s.len)
		return INVALID;
	if (s.len - at == 1 && s.at[at] == '0') {
		*out_ns = 0;
		return OK;
	}
	while (at < s.len)
		if (!time_read_part(s, &at, &total))
			return INVALID;
	if (total > (uint64_t)INT64_MAX + is_negative)
		return INVALID;
	*out_ns = (int64_t)(is_negative ? -total : total);
	return OK;
}
