#include "actors/kinds/workload/schedule.h"

#include <stdio.h>

#include "actors/kinds/workload/zone.h"

/*
 * What robfig/cron's ParseStandard makes of a text, and what it says when it makes nothing of it: the words reach users.
 */

#define FIELDS 5U
#define ZONE_PART_MAX 14U

struct bounds {
	int64_t min, max;
	const char *const *names; /* of min and those after it; NULL: numbers only */
	uint32_t name_count;
};

/* The words about the first thing that is wrong; absent as long as nothing is. */
struct reading {
	struct arena *arena;
	struct str words;
};

static bool __attribute__((format(printf, 2, 3))) wrong(struct reading *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	r->words = arena_vprintf(r->arena, format, args);
	va_end(args);
	return false;
}

/* ---- numbers --------------------------------------------------------------------------------------------------- */

static bool is_digits(struct str text)
{
	for (uint32_t i = 0; i < text.len; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	return text.len > 0;
}

/* Go's Atoi takes a plus sign too. */
static bool read_number(struct reading *r, struct str text, int64_t *out)
{
	struct str digits = text;

	if (text.len > 0 && (text.at[0] == '+' || text.at[0] == '-'))
		digits = str_slice(text, 1, text.len);
	if (!is_digits(digits) || str_to_i64(digits, out) != OK)
		return wrong(r,
			     "failed to parse int from " STR_FMT ": strconv.Atoi: parsing " STR_FMT
			     ": %s",
			     STR_ARG(text), STR_ARG(name_quoted(r->arena, text)),
			     is_digits(digits) ? "value out of range" : "invalid syntax");
	if (text.at[0] == '-' && *out > 0)
		return wrong(r, "negative number (-%jd) not allowed: " STR_FMT, (intmax_t)*out,
			     STR_ARG(text));
	return true;
}

static bool read_value(struct reading *r, struct str text, const struct bounds *bounds, int64_t *out)
{
	for (uint32_t i = 0; i < bounds->name_count; i++)
		if (str_eq_nocase(text, str_from(bounds->names[i]))) {
			*out = bounds->min + i;
			return true;
		}
	return read_number(r, text, out);
}

/* ---- fields ------------------------------------------------------------------------------------------------------ */

static uint32_t parts_of(struct str text, char separator)
{
	uint32_t count = 1;

	for (uint32_t i = 0; i < text.len; i++)
		count += text.at[i] == separator;
	return count;
}

/* A, A-B or a star; `whole` is the item it stands in. */
static bool read_range(struct reading *r, struct str text, struct str whole,
		       const struct bounds *bounds, int64_t *start, int64_t *end)
{
	struct str rest = text, first = str_cut(&rest, '-');
	uint32_t parts = parts_of(text, '-');

	*start = bounds->min;
	*end = bounds->max;
	if (str_is(first, "*") || str_is(first, "?"))
		return true;
	if (!read_value(r, first, bounds, start))
		return false;
	*end = *start;
	if (parts == 1)
		return true;
	return parts == 2 ? read_value(r, rest, bounds, end)
			  : wrong(r, "too many hyphens: " STR_FMT, STR_ARG(whole));
}

static bool check_limits(struct reading *r, struct str item, const struct bounds *bounds,
			 int64_t start, int64_t end)
{
	if (start < bounds->min)
		return wrong(r, "beginning of range (%jd) below minimum (%jd): " STR_FMT,
			     (intmax_t)start, (intmax_t)bounds->min, STR_ARG(item));
	if (end > bounds->max)
		return wrong(r, "end of range (%jd) above maximum (%jd): " STR_FMT, (intmax_t)end,
			     (intmax_t)bounds->max, STR_ARG(item));
	return start <= end ||
	       wrong(r, "beginning of range (%jd) beyond end of range (%jd): " STR_FMT,
		     (intmax_t)start, (intmax_t)end, STR_ARG(item));
}

static bool read_item(struct reading *r, struct str item, const struct bounds *bounds)
{
	struct str step_text = item, range = str_cut(&step_text, '/');
	uint32_t parts = parts_of(item, '/');
	int64_t start, end, step = 1;

	if (!read_range(r, range, item, bounds, &start, &end))
		return false;
	if (parts > 2)
		return wrong(r, "too many slashes: " STR_FMT, STR_ARG(item));
	if (parts == 2) {
		if (!read_number(r, step_text, &step))
			return false;
		/* A/N means from A to the last one. */
		if (parts_of(range, '-') == 1)
			end = bounds->max;
	}
	if (!check_limits(r, item, bounds, start, end))
		return false;
	return step != 0 ||
	       wrong(r, "step of range should be a positive number: " STR_FMT, STR_ARG(item));
}

static bool read_field(struct reading *r, struct str field, const struct bounds *bounds)
{
	struct str rest = field;

	while (rest.at != NULL) {
		struct str item = str_cut(&rest, ',');

		if (item.len > 0 && !read_item(r, item, bounds))
			return false;
	}
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct str next_word(struct str *rest)
{
	uint32_t begin = 0, end;

	while (begin < rest->len && is_space(rest->at[begin]))
		begin++;
	end = begin;
	while (end < rest->len && !is_space(rest->at[end]))
		end++;
	struct str word = str_slice(*rest, begin, end);

	*rest = str_slice(*rest, end, rest->len);
	return word;
}

static bool read_fields(struct reading *r, struct str text)
{
	static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun",
					      "jul", "aug", "sep", "oct", "nov", "dec" };
	static const char *const days[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };
	static const struct bounds bounds[FIELDS] = {
		{ 0, 59, NULL, 0 },    { 0, 23, NULL, 0 }, { 1, 31, NULL, 0 },
		{ 1, 12, months, 12 }, { 0, 6, days, 7 },
	};
	struct text shown = text_in(r->arena, text.len * 2 + 2);
	struct str fields[FIELDS], rest = text, word;
	uint32_t count = 0;

	while ((word = next_word(&rest)).len > 0) {
		if (count < FIELDS)
			fields[count] = word;
		text_printf(&shown, "%s" STR_FMT, count++ ? " " : "", STR_ARG(word));
	}
	if (count != FIELDS)
		return wrong(r, "expected exactly %u fields, found %u: [" STR_FMT "]", FIELDS,
			     count, STR_ARG(text_str(&shown)));
	for (uint32_t i = 0; i < FIELDS; i++)
		if (!read_field(r, fields[i], &bounds[i]))
			return false;
	return true;
}

/* ---- macros --------------------------------------------------------------------------------------------------------- */

static bool is_unit(struct str unit)
{
	static const char *const units[] = { "ns", "us", "\xc2\xb5s", "\xce\xbcs",
					     "ms", "s",  "m",         "h" };

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (str_is(unit, units[i]))
			return true;
	return false;
}

static uint32_t digits_at(struct str text, uint32_t from)
{
	uint32_t at = from;

	while (at < text.len && text.at[at] >= '0' && text.at[at] <= '9')
		at++;
	return at;
}

/* Which part of a Go duration is wrong; that one is wrong at all, time_parse_duration() knows. */
static bool wrong_duration(struct reading *r, struct str whole, struct str text)
{
	struct str quoted = name_quoted(r->arena, text);
	uint32_t at = text.len > 0 && (text.at[0] == '-' || text.at[0] == '+');

	while (at < text.len) {
		uint32_t whole_end = digits_at(text, at), end = whole_end, unit;

		if (end < text.len && text.at[end] == '.')
			end = digits_at(text, end + 1);
		if (end == at || (end == at + 1 && whole_end == at))
			break;
		unit = end;
		while (unit < text.len && text.at[unit] != '.' && digits_at(text, unit) == unit)
			unit++;
		if (unit == end)
			return wrong(r,
				     "failed to parse duration " STR_FMT
				     ": time: missing unit in duration " STR_FMT,
				     STR_ARG(whole), STR_ARG(quoted));
		if (!is_unit(str_slice(text, end, unit)))
			return wrong(r,
				     "failed to parse duration " STR_FMT
				     ": time: unknown unit " STR_FMT " in duration " STR_FMT,
				     STR_ARG(whole),
				     STR_ARG(name_quoted(r->arena, str_slice(text, end, unit))),
				     STR_ARG(quoted));
		at = unit;
	}
	return wrong(r, "failed to parse duration " STR_FMT ": time: invalid duration " STR_FMT,
		     STR_ARG(whole), STR_ARG(quoted));
}

static bool read_macro(struct reading *r, struct str text)
{
	static const char *const known[] = { "@yearly", "@annually", "@monthly", "@weekly",
					     "@daily",  "@midnight", "@hourly" };
	struct str every = STR("@every ");
	int64_t ns;

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (str_is(text, known[i]))
			return true;
	if (!str_starts(text, every))
		return wrong(r, "unrecognized descriptor: " STR_FMT, STR_ARG(text));
	if (time_parse_duration(str_slice(text, every.len, text.len), &ns) == OK)
		return true;
	return wrong_duration(r, text, str_slice(text, every.len, text.len));
}

/* ---- all of it ------------------------------------------------------------------------------------------------------- */

/* As Go looks zones up; the empty one is UTC. */
static const char *zone_fault(struct str zone)
{
	struct str rest = zone;

	if (zone.len == 0 || str_is(zone, "UTC") || str_is(zone, "Local") || zone_is_known(zone))
		return NULL;
	if (zone.at[0] == '/' || zone.at[0] == '\\')
		return "time: invalid location name";
	while (rest.at != NULL)
		if (str_is(str_cut(&rest, '/'), ".."))
			return "time: invalid location name";
	return "unknown time zone ";
}

static bool cut_zone(struct reading *r, struct str *text)
{
	struct str rest = *text, zone = str_cut(&rest, ' ');
	const char *fault;

	if (!str_starts(*text, STR("TZ=")) && !str_starts(*text, STR("CRON_TZ=")))
		return true;
	if (rest.at == NULL)
		return wrong(r, "invalid schedule format: runtime error: slice bounds out of range "
				"[:-1]");
	(void)str_cut(&zone, '=');
	fault = zone_fault(zone);
	if (fault != NULL)
		return wrong(r, "provided bad location " STR_FMT ": %s" STR_FMT, STR_ARG(zone),
			     fault, STR_ARG(*fault == 'u' ? zone : STR("")));
	*text = str_trim(rest);
	return true;
}

bool schedule_check(const struct path *at, struct str text)
{
	struct reading r = { .arena = path_arena(at) };
	struct str rest = text;
	bool is_good = cut_zone(&r, &rest);

	if (is_good)
		is_good = str_starts(rest, STR("@")) ? read_macro(&r, rest) : read_fields(&r, rest);
	return is_good ||
	       path_fault(at, FAULT_INVALID, name_quoted(r.arena, text), STR_FMT, STR_ARG(r.words));
}

static bool is_zone_part(struct str part)
{
	if (part.len == 0 || part.len > ZONE_PART_MAX || str_is(part, ".") || str_is(part, "..") ||
	    part.at[0] == '-')
		return false;
	for (uint32_t i = 0; i < part.len; i++) {
		char c = part.at[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
		    strchr("._-+", c) == NULL)
			return false;
	}
	return true;
}

bool schedule_check_zone(const struct path *at, struct str zone)
{
	struct str unknown =
	    arena_printf(path_arena(at), "unknown time zone " STR_FMT, STR_ARG(zone));
	struct str rest = zone;
	bool is_good = true;

	if (zone.len == 0)
		return path_invalid(at, zone, "timeZone must be nil or non-empty string");
	while (rest.at != NULL)
		if (!is_zone_part(str_cut(&rest, '/')))
			return path_invalid_lines(at, zone, STR(""), unknown);
	if (str_eq_nocase(zone, STR("Local")))
		is_good = path_invalid(at, zone,
				       "timeZone must be an explicit time zone as defined in "
				       "https://www.iana.org/time-zones");
	return zone_fault(zone) == NULL ? is_good : path_invalid_lines(at, zone, STR(""), unknown);
}
