#include "datastore/cel/library/show.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "datastore/cel/library/moment.h"
#include "runtime/base/time/time.h"
#include "transport/wire/utf8.h"

#define GO_EXPONENT_FROM 6 /* strconv.FormatFloat(x, 'g', -1, 64) */

/* Behind `e`. */
static int exponent_of(const char *text)
{
	int64_t exponent = 0;

	text = strchr(text, 'e') + 1;
	if (*text == '+')
		text++;
	return str_to_i64(str_from(text), &exponent) == OK ? (int)exponent : 0;
}

struct str show_double(double number, struct arena *arena)
{
	char text[40];
	double back = 0;
	int digits = 0, exponent;

	if (isnan(number))
		return STR("NaN");
	if (isinf(number))
		return number > 0 ? STR("+Inf") : STR("-Inf");
	for (; digits < 17; digits++) {
		snprintf(text, sizeof text, "%.*e", digits, number);
		if (str_to_double(str_from(text), &back) == OK && back == number)
			break;
	}
	exponent = exponent_of(text);
	if (exponent < -4 || exponent >= GO_EXPONENT_FROM)
		return arena_str(arena, str_from(text));
	return arena_printf(arena, "%.*f", digits > exponent ? digits - exponent : 0, number);
}

/* Seconds: "5400s", "0.001s". */
static struct str show_duration(int64_t ns, struct arena *arena)
{
	uint64_t magnitude = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	struct text out = text_in(arena, 40);
	uint64_t nanos = magnitude % (uint64_t)TIME_S;

	text_printf(&out, "%s%llu", ns < 0 ? "-" : "",
		    (unsigned long long)(magnitude / (uint64_t)TIME_S));
	if (nanos > 0) {
		text_printf(&out, ".%09llu", (unsigned long long)nanos);
		while (out.at[out.len - 1] == '0')
			out.len--;
	}
	text_add_char(&out, 's');
	return arena_str(arena, text_str(&out));
}

bool show_plain(struct cel_value value, struct arena *arena, struct str *out)
{
	switch (value.kind) {
	case CEL_STRING: *out = value.text.at != NULL ? value.text : STR(""); return true;
	case CEL_BOOL: *out = value.is_true ? STR("true") : STR("false"); return true;
	case CEL_INT: *out = arena_printf(arena, "%lld", (long long)value.integer); return true;
	case CEL_UINT:
		*out = arena_printf(arena, "%llu", (unsigned long long)value.natural);
		return true;
	case CEL_DOUBLE: *out = show_double(value.number, arena); return true;
	case CEL_DURATION: *out = show_duration(value.integer, arena); return true;
	case CEL_TIMESTAMP: *out = moment_text(value.moment, arena); return true;
	case CEL_TYPE: *out = cel_type_name(value.type); return true;
	case CEL_BYTES: *out = value.text; return utf8_is_valid(value.text);
	case CEL_NULL: *out = STR("null"); return true;
	default: return false;
	}
}
