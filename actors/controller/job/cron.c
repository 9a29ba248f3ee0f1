#include "actors/controller/job/cron.h"

#define DAY_S 86400
#define YEARS_MAX 5

struct range {
	int least, most;
	const char *const *names; /* of the values from `least` on; or NULL */
};

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
					   "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const day_names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };
static const struct range ranges[] = {
	{ 0, 59, NULL }, { 0, 23, NULL }, { 1, 31, NULL }, { 1, 12, month_names }, { 0, 6, day_names }
};

/* ---- reading ------------------------------------------------------------------------------------------------- */

static bool read_value(struct str text, const struct range *range, int *out)
{
	int64_t number;

	for (int i = 0; range->names != NULL && range->names[i] != NULL; i++)
		if (str_eq_nocase(text, str_from(range->names[i]))) {
			*out = range->least + i;
			return true;
		}
	if (str_to_i64(text, &number) != OK || number < 0 || number > 99)
		return false;
	*out = (int)number;
	return true;
}

/* a, a-b, *, each perhaps with /step. */
static bool read_part(struct str part, const struct range *range, uint64_t *bits, bool *is_any)
{
	struct str step_text = part, span = str_cut(&step_text, '/'), last_text = span;
	struct str first_text = str_cut(&last_text, '-');
	int first, last, step = 1;

	if (str_is(first_text, "*") || str_is(first_text, "?")) {
		if (last_text.at != NULL)
			return false;
		first = range->least;
		last = range->most;
		*is_any |= step_text.at == NULL;
	} else {
		if (!read_value(first_text, range, &first))
			return false;
		last = first;
		if (last_text.at != NULL && !read_value(last_text, range, &last))
			return false;
		/* "5/15" is from five on. */
		if (step_text.at != NULL && last_text.at == NULL)
			last = range->most;
	}
	if (step_text.at != NULL && (!read_value(step_text, &ranges[0], &step) || step == 0))
		return false;
	if (first < range->least || last > range->most || first > last)
		return false;
	for (int i = first; i <= last; i += step)
		*bits |= 1ULL << i;
	return true;
}

static bool read_field(struct str field, const struct range *range, uint64_t *bits, bool *is_any)
{
	*bits = 0;
	if (field.len == 0)
		return false;
	for (struct str rest = field; rest.at != NULL;)
		if (!read_part(str_cut(&rest, ','), range, bits, is_any))
			return false;
	return true;
}

static struct str next_field(struct str *rest)
{
	struct str field;

	*rest = str_trim(*rest);
	field = *rest;
	for (uint32_t i = 0; i < field.len; i++)
		if (field.at[i] == ' ' || field.at[i] == '\t') {
			*rest = str_slice(field, i, field.len);
			return str_slice(field, 0, i);
		}
	*rest = STR("");
	return field;
}

static enum status read_fields(struct str text, struct cron *out, struct fault *why)
{
	uint64_t *bits[] = { &out->minutes, &out->hours, &out->days, &out->months, &out->weekdays };
	struct str rest = text;

	for (int i = 0; i < 5; i++) {
		struct str field = next_field(&rest);
		bool is_any = false;

		if (!read_field(field, &ranges[i], bits[i], &is_any))
			return fault_set(why, INVALID, "", "failed to parse \"" STR_FMT "\"",
					 STR_ARG(text));
		if (i == 2)
			out->is_any_day = is_any;
		if (i == 4)
			out->is_any_weekday = is_any;
	}
	if (str_trim(rest).len > 0)
		return fault_set(why, INVALID, "", "expected exactly 5 fields: " STR_FMT,
				 STR_ARG(text));
	return OK;
}

enum status cron_parse(struct str text, struct cron *out, struct fault *why)
{
	static const char *const words[][2] = {
		{ "@yearly", "0 0 1 1 *" },  { "@annually", "0 0 1 1 *" },
		{ "@monthly", "0 0 1 * *" }, { "@weekly", "0 0 * * 0" },
		{ "@daily", "0 0 * * *" },   { "@midnight", "0 0 * * *" },
		{ "@hourly", "0 * * * *" }
	};
	int64_t every_ns;

	*out = (struct cron){ 0 };
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (str_is(text, words[i][0]))
			return read_fields(str_from(words[i][1]), out, why);
	if (str_starts(text, STR("@every "))) {
		if (time_parse_duration(str_slice(text, 7, text.len), &every_ns) != OK)
			return fault_set(why, INVALID, "", "failed to parse duration " STR_FMT,
					 STR_ARG(text));
		out->every_s = every_ns >= TIME_S ? every_ns / TIME_S : 1;
		return OK;
	}
	if (str_starts(text, STR("@")))
		return fault_set(why, INVALID, "", "unrecognized descriptor: " STR_FMT,
				 STR_ARG(text));
	return read_fields(text, out, why);
}

/* ---- the next time --------------------------------------------------------------------------------------------- */

/* Days since 1970-01-01 to year, month, day (Howard Hinnant's algorithm). */
static void date_of(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2);
}

static bool is_day(const struct cron *cron, int64_t days)
{
	int64_t year;
	int month, day;
	bool is_month_day, is_weekday;

	date_of(days, &year, &month, &day);
	if (!(cron->months >> month & 1))
		return false;
	is_month_day = cron->days >> day & 1;
	is_weekday = cron->weekdays >> ((days + 4) % 7) & 1;
	if (cron->is_any_day || cron->is_any_weekday)
		return is_month_day && is_weekday;
	return is_month_day || is_weekday;
}

/* The first minute of the day from `from` on, -1: none. */
static int64_t minute_of_day(const struct cron *cron, int64_t from)
{
	for (int64_t minute = from; minute < 24 * 60; minute++)
		if ((cron->hours >> (minute / 60) & 1) && (cron->minutes >> (minute % 60) & 1))
			return minute;
	return -1;
}

struct wall cron_next(const struct cron *cron, struct wall after)
{
	int64_t seconds = after.ns / TIME_S, minute = seconds / 60 + 1, from = minute % (24 * 60);

	if (cron->every_s > 0)
		return (struct wall){ (seconds + cron->every_s) * TIME_S };
	for (int64_t day = minute / (24 * 60), last = day + YEARS_MAX * 366; day <= last; day++) {
		int64_t found = is_day(cron, day) ? minute_of_day(cron, from) : -1;

		if (found >= 0)
			return (struct wall){ (day * DAY_S + found * 60) * TIME_S };
		from = 0;
	}
	return (struct wall){ 0 };
}
