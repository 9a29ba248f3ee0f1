#include "datastore/custom/format.h"
#include "datastore/custom/judge-private.h"
#include "datastore/object/name.h"

/* Strings: length, pattern, format. The first of length and pattern that is wrong is said. */

static int64_t characters(struct str text)
{
	int64_t count = 0;

	for (uint32_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
	return count;
}

static struct pattern *pattern_of(const struct judge_visit *visit, struct str text,
				  struct fault *why)
{
	struct map *known = &visit->run->patterns->by_text;
	struct pattern *pattern = map_get(known, text);

	if (pattern == NULL && pattern_new(text, &pattern, why) == OK)
		map_put(known, text, pattern);
	return pattern;
}

static void judge_pattern(const struct judge_visit *visit, struct judge_outcome *out)
{
	struct fault why = { 0 };
	struct pattern *pattern = pattern_of(visit, visit->schema->pattern, &why);
	struct str path = judge_path(visit), text = visit->schema->pattern;
	struct str shown = name_quoted(judge_arena(visit), visit->value->text);
	bool is_match = false;

	if (pattern == NULL)
		judge_add(visit, out, FAULT_INVALID, path, shown,
			  STR_FMT " in body should match '" STR_FMT ", but pattern is invalid: %s'",
			  STR_ARG(path), STR_ARG(text), why.text);
	else if (pattern_match(pattern, visit->value->text, &is_match) != OK)
		judge_add(visit, out, FAULT_INVALID, path, shown,
			  STR_FMT " in body takes too long to be matched with '" STR_FMT "'",
			  STR_ARG(path), STR_ARG(text));
	else if (!is_match)
		judge_add(visit, out, FAULT_INVALID, path, shown,
			  STR_FMT " in body should match '" STR_FMT "'", STR_ARG(path),
			  STR_ARG(text));
}

void judge_string(const struct judge_visit *visit, struct judge_outcome *out)
{
	const struct apiextensions_json_schema_props *schema = visit->schema;
	struct str path = judge_path(visit), text = visit->value->text;

	out->matches++;
	if (schema->has.max_length && characters(text) > schema->max_length)
		judge_add(visit, out, FAULT_TOO_LONG, path, STR_NONE,
			  "may not be more than %jd byte%s", (intmax_t)schema->max_length,
			  schema->max_length == 1 ? "" : "s");
	else if (schema->has.min_length && characters(text) < schema->min_length)
		judge_add(visit, out, FAULT_INVALID, path, name_quoted(judge_arena(visit), text),
			  STR_FMT " in body should be at least %jd chars long", STR_ARG(path),
			  (intmax_t)schema->min_length);
	else if (schema->pattern.len > 0)
		judge_pattern(visit, out);
}

struct str judge_known_format(const struct apiextensions_json_schema_props *schema)
{
	struct str format = schema->format, type = schema->type;

	if (format.len == 0 || schema->x_kubernetes_int_or_string)
		return STR_NONE;
	if (type.len == 0 || str_is(type, "string"))
		return format_is_known(format) ? format : STR_NONE;
	if (str_is(type, "integer"))
		return str_is(format, "int32") || str_is(format, "int64") ? format : STR_NONE;
	if (str_is(type, "number"))
		return str_is(format, "float") || str_is(format, "double") ? format : STR_NONE;
	return STR_NONE;
}

static bool has_format(const struct judge_visit *visit, struct str format)
{
	struct str pattern = format_pattern(format), text = visit->value->text;
	bool is_match = true;

	if (pattern.at != NULL &&
	    pattern_match(pattern_of(visit, pattern, NULL), text, &is_match) != OK)
		is_match = false;
	return is_match && format_matches(format, text, judge_arena(visit));
}

void judge_format(const struct judge_visit *visit, struct judge_outcome *out)
{
	struct str format = judge_known_format(visit->schema), path;

	if (format.len == 0 || !format_is_known(format))
		return;
	out->matches++;
	if (has_format(visit, format))
		return;
	path = judge_path(visit);
	judge_add(visit, out, FAULT_TYPE_INVALID, path,
		  name_quoted(judge_arena(visit), visit->value->text),
		  STR_FMT " in body must be of type " STR_FMT ": " STR_FMT, STR_ARG(path),
		  STR_ARG(format), STR_ARG(name_quoted(judge_arena(visit), visit->value->text)));
}
