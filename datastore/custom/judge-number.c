#include <math.h>
#include <stdio.h>

#include "datastore/custom/judge-private.h"

/* Numbers: bounds, steps, and what a format leaves of the range. */

static double number_of(const struct value *value)
{
	return value->kind == VALUE_INTEGER ? (double)value->integer : value->number;
}

/* As Go's %v. */
static struct str print(const struct judge_visit *visit, double number)
{
	char text[64];

	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, number);
		double again;
		if (str_to_double(str_from(text), &again) == OK && again == number)
			break;
	}
	/* %v turns to exponents from 1e+21 on, %g as soon as digits run out. */
	if (number == trunc(number) && number < 1e21 && number > -1e21)
		snprintf(text, sizeof text, "%.0f", number);
	return arena_str(judge_arena(visit), str_from(text));
}

static void say(const struct judge_visit *visit, struct judge_outcome *out, const char *words,
		double bound)
{
	struct str path = judge_path(visit);

	judge_add(visit, out, FAULT_INVALID, path, value_shown(visit->value, judge_arena(visit)),
		  STR_FMT " in body should be %s " STR_FMT, STR_ARG(path), words,
		  STR_ARG(print(visit, bound)));
}

/* Both are compared as integers if they are: beyond 2^53 doubles cannot tell neighbours apart. */
static int compare(const struct value *value, double bound)
{
	if (value->kind == VALUE_INTEGER && bound == trunc(bound) && bound >= -0x1p63 &&
	    bound < 0x1p63) {
		int64_t whole = (int64_t)bound;

		return value->integer < whole ? -1 : value->integer > whole;
	}
	return number_of(value) < bound ? -1 : number_of(value) > bound;
}

static bool is_multiple(const struct value *value, double step)
{
	double quotient;

	if (step <= 0)
		return true;
	if (value->kind == VALUE_INTEGER && step == trunc(step) && step < 0x1p63)
		return value->integer % (int64_t)step == 0;
	quotient = step < 1 ? 1 / step * number_of(value) : number_of(value) / step;
	/* As near to a whole number as upstream wants it. */
	return fabs(quotient - round(quotient)) < 1e-9 * fmax(1, fabs(quotient));
}

static bool is_in_range(const struct judge_visit *visit, struct str format)
{
	const struct value *value = visit->value;
	double number = number_of(value);

	if (str_is(visit->schema->type, "integer")) {
		if (number != trunc(number))
			return false;
		if (str_is(format, "int32"))
			return number >= INT32_MIN && number <= INT32_MAX;
		return value->kind == VALUE_INTEGER || (number >= -0x1p63 && number < 0x1p63);
	}
	return !str_is(format, "float") || !isinf((float)number);
}

static void judge_range(const struct judge_visit *visit, struct judge_outcome *out)
{
	struct str format = judge_known_format(visit->schema), type = visit->schema->type;
	struct arena *arena = judge_arena(visit);
	struct str path = judge_path(visit);

	if (type.len == 0 || visit->schema->x_kubernetes_int_or_string || is_in_range(visit, format))
		return;
	if (format.len > 0)
		judge_add_whole(visit, out,
				arena_printf(arena,
					     "Checked value must be of type " STR_FMT
					     " with format " STR_FMT " in " STR_FMT,
					     STR_ARG(type), STR_ARG(format), STR_ARG(path)));
	else
		judge_add_whole(visit, out,
				arena_printf(arena,
					     "Checked value must be of type " STR_FMT
					     " (default format) in " STR_FMT,
					     STR_ARG(type), STR_ARG(path)));
}

void judge_number(const struct judge_visit *visit, struct judge_outcome *out)
{
	const struct apiextensions_json_schema_props *schema = visit->schema;
	const struct value *value = visit->value;

	judge_range(visit, out);
	if (schema->has.multiple_of && !is_multiple(value, schema->multiple_of))
		say(visit, out, "a multiple of", schema->multiple_of);
	if (schema->has.minimum) {
		int order = compare(value, schema->minimum);

		if (schema->exclusive_minimum && order <= 0)
			say(visit, out, "greater than", schema->minimum);
		else if (order < 0)
			say(visit, out, "greater than or equal to", schema->minimum);
	}
	if (schema->has.maximum) {
		int order = compare(value, schema->maximum);

		if (schema->exclusive_maximum && order >= 0)
			say(visit, out, "less than", schema->maximum);
		else if (order > 0)
			say(visit, out, "less than or equal to", schema->maximum);
	}
	out->matches += 2;
}
