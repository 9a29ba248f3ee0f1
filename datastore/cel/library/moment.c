#include "datastore/cel/library/moment.h"

#include "runtime/base/time/time.h"

#define SECONDS_MIN (-62135596800LL) /* 0001-01-01T00:00:00Z */
#define SECONDS_MAX 253402300799LL   /* 9999-12-31T23:59:59Z */
#define DAY_SECONDS 86400LL

static bool is_within(int64_t seconds)
{
	return seconds >= SECONDS_MIN && seconds <= SECONDS_MAX;
}

bool moment_from_seconds(int64_t seconds, struct cel_moment *out)
{
	*out = (struct cel_moment){ .seconds = seconds };
	return is_within(seconds);
}

bool moment_add(struct cel_moment moment, int64_t ns, struct cel_moment *out)
{
	int64_t nanos = moment.nanos + ns % TIME_S;

	*out = moment;
	out->seconds += ns / TIME_S;
	if (nanos < 0) {
		nanos += TIME_S;
		out->seconds--;
	} else if (nanos >= TIME_S) {
		nanos -= TIME_S;
		out->seconds++;
	}
	out->nanos = (int32_t)nanos;
	return is_within(out->seconds);
}

bool moment_between(struct cel_moment a, struct cel_moment b, int64_t *ns)
{
	return !__builtin_mul_overflow(a.seconds - b.seconds, TIME_S, ns) &&
	       !__builtin_add_overflow(*ns, (int64_t)a.nanos - b.nanos, ns);
}

/* ---- days of the calendar ------------------------------------------------------------------------------------ */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Days since 1970 of a date; years begin in March here, so that the leap day is the last. */
static int64_t days_of(int64_t year, int month, int day)
{
	int64_t y = year - (month <= 2), era = floor_div(y, 400), of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

struct moment_parts moment_parts(struct cel_moment moment, int64_t offset_s)
{
	int64_t seconds = moment.seconds + offset_s, days = floor_div(seconds, DAY_SECONDS);
	int64_t rest = seconds - days * DAY_SECONDS, shifted = days + 719468;
	int64_t era = floor_div(shifted, 146097), of_era = shifted - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;
	struct moment_parts out = {
		.day = (int)(of_year - (153 * m + 2) / 5 + 1),
		.month = (int)(m < 10 ? m + 3 : m - 9),
		.week_day = (int)(((days + 4) % 7 + 7) % 7),
		.hour = (int)(rest / 3600),
		.minute = (int)(rest / 60 % 60),
		.second = (int)(rest % 60),
	};

	out.year = y + era * 400 + (out.month <= 2);
	out.year_day = (int)(days - days_of(out.year, 1, 1));
	return out;
}

/* ---- text ----------------------------------------------------------------------------------------------------- */

static bool digits(struct str text, uint32_t from, uint32_t count, int *out)
{
	int number = 0;

	for (uint32_t i = from; i < from + count; i++) {
		if (i >= text.len || text.at[i] < '0' || text.at[i] > '9')
			return false;
		number = number * 10 + (text.at[i] - '0');
	}
	*out = number;
	return true;
}

static bool has(struct str text, uint32_t at, char c)
{
	return at < text.len && text.at[at] == c;
}

static bool read_date(struct str text, int64_t *days)
{
	int year, month, day;

	if (!digits(text, 0, 4, &year) || !has(text, 4, '-') || !digits(text, 5, 2, &month) ||
	    !has(text, 7, '-') || !digits(text, 8, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in(year, month))
		return false;
	*days = days_of(year, month, day);
	return true;
}

bool moment_parse_date(struct str text, struct cel_moment *out)
{
	int64_t days;

	return text.len == 10 && read_date(text, &days) &&
	       moment_from_seconds(days * DAY_SECONDS, out);
}

/* Behind the sign: hh:mm. */
static bool read_offset(struct str text, uint32_t at, int64_t *out)
{
	int hours, minutes;

	if (!digits(text, at, 2, &hours) || !has(text, at + 2, ':') ||
	    !digits(text, at + 3, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*out = hours * 3600 + minutes * 60;
	return true;
}

bool moment_parse(struct str text, struct cel_moment *out)
{
	int hour, minute, second;
	int64_t days, offset = 0;
	uint32_t at = 19;
	int32_t nanos = 0, unit = (int32_t)(TIME_S / 10);

	if (!read_date(text, &days) || !has(text, 10, 'T') || !digits(text, 11, 2, &hour) ||
	    !has(text, 13, ':') || !digits(text, 14, 2, &minute) || !has(text, 16, ':') ||
	    !digits(text, 17, 2, &second) || hour > 23 || minute > 59 || second > 59)
		return false;
	if (has(text, at, '.') || has(text, at, ',')) {
		for (at++; at < text.len && text.at[at] >= '0' && text.at[at] <= '9'; at++) {
			nanos += unit * (text.at[at] - '0');
			unit /= 10;
		}
		if (at == 20)
			return false;
	}
	if (has(text, at, 'Z')) {
		at++;
	} else if (has(text, at, '+') || has(text, at, '-')) {
		if (!read_offset(text, at + 1, &offset))
			return false;
		offset = text.at[at] == '-' ? -offset : offset;
		at += 6;
	} else {
		return false;
	}
	if (at != text.len ||
	    !moment_from_seconds(days * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset,
				 out))
		return false;
	out->nanos = nanos;
	out->offset_s = (int32_t)offset;
	return true;
}

struct str moment_text(struct cel_moment moment, struct arena *arena)
{
	struct moment_parts parts = moment_parts(moment, moment.offset_s);
	struct text out = text_in(arena, 64);
	int32_t offset = moment.offset_s < 0 ? -moment.offset_s : moment.offset_s;

	text_printf(&out, "%04lld-%02d-%02dT%02d:%02d:%02d", (long long)parts.year, parts.month,
		    parts.day, parts.hour, parts.minute, parts.second);
	if (moment.nanos > 0) {
		text_printf(&out, ".%09d", moment.nanos);
		while (out.at[out.len - 1] == '0')
			out.len--;
	}
	if (offset == 0)
		text_add_char(&out, 'Z');
	else
		text_printf(&out, "%c%02d:%02d", moment.offset_s < 0 ? '-' : '+', offset / 3600,
			    offset / 60 % 60);
	return arena_str(arena, text_str(&out));
}

bool moment_zone(struct str zone, int64_t *offset_s)
{
	int64_t offset = 0;
	bool is_negative = zone.len > 0 && zone.at[0] == '-';
	struct str rest = zone;

	*offset_s = 0;
	if (zone.len == 0 || str_is(zone, "UTC"))
		return true;
	if (is_negative || zone.at[0] == '+')
		rest = str_slice(zone, 1, zone.len);
	if (rest.len != 5 || !read_offset(rest, 0, &offset))
		return false;
	*offset_s = is_negative ? -offset : offset;
	return true;
}
