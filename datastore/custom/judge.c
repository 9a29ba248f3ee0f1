#include "datastore/custom/judge.h"

#include <assert.h>
#include <stdio.h>

#include "datastore/custom/judge-private.h"
#include "datastore/object/name.h"
#include "runtime/base/limits.h"

#define PATH_BYTES_MAX (4U * KIB)
#define LISTED_BYTES_MAX (16U * KIB)

/* ---- what was found --------------------------------------------------------------------------------------- */

struct arena *judge_arena(const struct judge_visit *visit)
{
	return visit->run->task->arena;
}

struct str judge_path_of(struct arena *arena, const struct judge_place *at)
{
	struct str up;

	if (at == NULL)
		return STR("");
	up = judge_path_of(arena, at->up);
	if (at->name.at == NULL)
		return arena_printf(arena, STR_FMT "[%u]", STR_ARG(up), at->index);
	if (up.len == 0 && !at->is_key)
		return at->name;
	return arena_printf(arena, STR_FMT "." STR_FMT, STR_ARG(up), STR_ARG(at->name));
}

struct str judge_path(const struct judge_visit *visit)
{
	return judge_path_of(judge_arena(visit), visit->at);
}

static bool is_said(const struct faults *faults, const struct fault_item *item)
{
	for (uint32_t i = 0; i < faults->len; i++)
		if (str_eq(faults->at[i].field, item->field) &&
		    str_eq(faults->at[i].message, item->message))
			return true;
	return false;
}

/* What was said is said once. */
static void drop_repeated(struct faults *faults)
{
	struct fault_item last = faults->at[faults->len - 1];

	faults->len--;
	if (!is_said(faults, &last))
		faults->len++;
}

static struct str under_base(const struct judge_visit *visit, struct str path)
{
	struct str base = visit->run->task->base;

	if (path.len > 0 && path.at[0] == '.')
		path = str_slice(path, 1, path.len);
	if (base.len == 0 || path.len == 0)
		return path.len == 0 ? base : path;
	return arena_printf(judge_arena(visit), STR_FMT "." STR_FMT, STR_ARG(base), STR_ARG(path));
}

void judge_add(const struct judge_visit *visit, struct judge_outcome *out, enum fault_kind kind,
	       struct str path, struct str value, const char *format, ...)
{
	struct str words;
	va_list args;

	va_start(args, format);
	words = arena_vprintf(judge_arena(visit), format, args);
	va_end(args);
	faults_add(&out->faults, kind, under_base(visit, path), value, STR_FMT, STR_ARG(words));
	drop_repeated(&out->faults);
}

void judge_add_whole(const struct judge_visit *visit, struct judge_outcome *out, struct str words)
{
	struct str base = visit->run->task->base;

	faults_add(&out->faults, FAULT_INVALID, base.len > 0 ? base : STR("<nil>"), STR("\"\""),
		   STR_FMT, STR_ARG(words));
	drop_repeated(&out->faults);
}

static void merge(struct judge_outcome *to, const struct judge_outcome *from)
{
	struct faults *faults = &to->faults;

	to->matches += from->matches;
	for (uint32_t i = 0; i < from->faults.len && faults->len < LIMIT_FAULTS; i++) {
		const struct fault_item *item = &from->faults.at[i];

		if (is_said(faults, item))
			continue;
		faults_add(faults, item->kind, item->field, STR_NONE, "%s", "");
		faults->at[faults->len - 1] = *item;
	}
}

static struct judge_outcome outcome_of(const struct judge_visit *visit)
{
	return (struct judge_outcome){ .faults = faults_in(judge_arena(visit)) };
}

/* ---- the type --------------------------------------------------------------------------------------------- */

static struct str json_type_name(const struct value *value)
{
	static const struct str names[] = {
		[VALUE_NULL] = { "null", 4 },       [VALUE_BOOL] = { "boolean", 7 },
		[VALUE_INTEGER] = { "integer", 7 }, [VALUE_DOUBLE] = { "number", 6 },
		[VALUE_STRING] = { "string", 6 },   [VALUE_LIST] = { "array", 5 },
		[VALUE_MAP] = { "object", 6 },
	};

	return names[value->kind];
}

static bool is_whole(const struct value *value)
{
	return value->kind == VALUE_DOUBLE && value->number >= -0x1p53 && value->number <= 0x1p53 &&
	       value->number == (double)(int64_t)value->number;
}

static bool takes(const struct apiextensions_json_schema_props *schema, const char *type)
{
	if (schema->x_kubernetes_int_or_string)
		return str_is(STR("integer"), type) || str_is(STR("string"), type);
	return str_is(schema->type, type);
}

static bool takes_value(const struct apiextensions_json_schema_props *schema,
			const struct value *value)
{
	const char *name = json_type_name(value).at;

	return takes(schema, name) || (is_whole(value) && takes(schema, "integer")) ||
	       (value->kind == VALUE_INTEGER && takes(schema, "number"));
}

static void wrong_type(const struct judge_visit *visit, struct judge_outcome *out,
		       struct str wanted, struct str found)
{
	struct str path = judge_path(visit);

	judge_add(visit, out, FAULT_TYPE_INVALID, path, name_quoted(judge_arena(visit), found),
		  STR_FMT " in body must be of type " STR_FMT ": \"" STR_FMT "\"", STR_ARG(path),
		  STR_ARG(wanted), STR_ARG(found));
}

/* What a number's own format is called, which a format of strings is compared with. */
static struct str format_of(const struct value *value)
{
	return value->kind == VALUE_INTEGER  ? STR("int64")
	       : value->kind == VALUE_DOUBLE ? STR("float64")
					     : STR("");
}

static void judge_type(const struct judge_visit *visit, struct judge_outcome *out)
{
	const struct apiextensions_json_schema_props *schema = visit->schema;
	const struct value *value = visit->value;
	struct str format = judge_known_format(schema);
	struct str wanted =
	    schema->x_kubernetes_int_or_string ? STR("integer,string") : schema->type;
	bool is_text = value->kind == VALUE_STRING || value->kind == VALUE_LIST;
	bool is_numeric = takes(schema, "integer") || takes(schema, "number");

	if (wanted.len == 0 && format.len == 0)
		return;
	out->matches += 2;
	if (value->kind == VALUE_NULL) {
		if (wanted.len > 0 && !schema->nullable)
			wrong_type(visit, out, wanted, STR("null"));
	} else if (!is_text && format.len > 0 && !takes_value(schema, value)) {
		wrong_type(visit, out, format, format_of(value));
	} else if (is_text && format.len > 0 && !is_numeric) {
		return; /* the format says more */
	} else if (!takes_value(schema, value)) {
		wrong_type(visit, out, wanted, json_type_name(value));
	}
}

/* ---- the same for all types ------------------------------------------------------------------------------- */

static struct str listed(const struct judge_visit *visit)
{
	struct text out = text_in(judge_arena(visit), LISTED_BYTES_MAX);
	struct arena *arena = judge_arena(visit);

	for (uint32_t i = 0; i < visit->schema->enum_.len; i++) {
		struct text word = text_in(arena, LISTED_BYTES_MAX);
		struct value value;

		if (value_parse(visit->schema->enum_.at[i], arena, &value) != OK)
			continue;
		if (value.kind == VALUE_STRING)
			text_add(&word, value.text);
		else
			value_write(&value, &word);
		text_printf(&out, "%s" STR_FMT, out.len > 0 ? ", " : "",
			    STR_ARG(name_quoted(arena, text_str(&word))));
	}
	return text_str(&out);
}

static void judge_enum(const struct judge_visit *visit, struct judge_outcome *out)
{
	struct str_list values = visit->schema->enum_;
	struct value value;

	for (uint32_t i = 0; i < values.len; i++)
		if (value_parse(values.at[i], judge_arena(visit), &value) == OK &&
		    value_equal(&value, visit->value))
			return;
	if (values.len > 0)
		judge_add(visit, out, FAULT_NOT_SUPPORTED, judge_path(visit),
			  value_shown(visit->value, judge_arena(visit)),
			  "supported values: " STR_FMT, STR_ARG(listed(visit)));
}

static void judge_value(const struct judge_visit *visit, struct judge_outcome *out);

/* The same value against another schema. */
static struct judge_outcome alternative(const struct judge_visit *visit,
					const struct apiextensions_json_schema_props *schema)
{
	struct judge_outcome out = outcome_of(visit);
	struct judge_visit inner = *visit;

	inner.schema = schema;
	inner.depth++;
	judge_value(&inner, &out);
	return out;
}

static void say_composed(const struct judge_visit *visit, struct judge_outcome *out,
			 const char *words)
{
	struct arena *arena = judge_arena(visit);

	judge_add_whole(visit, out,
			arena_printf(arena, STR_FMT " %s",
				     STR_ARG(name_quoted(arena, judge_path(visit))), words));
}

static void judge_any(const struct judge_visit *visit, struct judge_outcome *out)
{
	struct apiextensions_json_schema_props_list list = visit->schema->any_of;
	struct judge_outcome best = { 0 };

	for (uint32_t i = 0; i < list.len; i++) {
		struct judge_outcome one = alternative(visit, &list.at[i]);

		if (one.faults.len == 0) {
			merge(out, &one);
			return;
		}
		if (i == 0 || one.matches > best.matches)
			best = one;
	}
	if (list.len == 0)
		return;
	say_composed(visit, out, "must validate at least one schema (anyOf)");
	merge(out, &best);
}

static void judge_one(const struct judge_visit *visit, struct judge_outcome *out)
{
	struct apiextensions_json_schema_props_list list = visit->schema->one_of;
	struct judge_outcome best = { 0 };
	uint32_t fitting = 0;
	char words[96];

	for (uint32_t i = 0; i < list.len; i++) {
		struct judge_outcome one = alternative(visit, &list.at[i]);

		if (one.faults.len == 0 && fitting++ == 0)
			best = one;
		else if (fitting == 0 && (i == 0 || one.matches > best.matches))
			best = one;
	}
	if (list.len == 0)
		return;
	if (fitting == 0)
		say_composed(visit, out,
			     "must validate one and only one schema (oneOf). Found none valid");
	if (fitting > 1) {
		snprintf(words, sizeof words,
			 "must validate one and only one schema (oneOf). Found %u valid "
			 "alternatives",
			 fitting);
		say_composed(visit, out, words);
	}
	if (fitting < 2)
		merge(out, &best);
}

static void judge_all(const struct judge_visit *visit, struct judge_outcome *out)
{
	struct apiextensions_json_schema_props_list list = visit->schema->all_of;
	uint32_t fitting = 0;

	for (uint32_t i = 0; i < list.len; i++) {
		struct judge_outcome one = alternative(visit, &list.at[i]);

		fitting += one.faults.len == 0;
		merge(out, &one);
	}
	if (fitting == list.len)
		return;
	say_composed(visit, out,
		     fitting == 0 ? "must validate all the schemas (allOf). None validated"
				  : "must validate all the schemas (allOf)");
}

static void judge_composed(const struct judge_visit *visit, struct judge_outcome *out)
{
	judge_any(visit, out);
	judge_one(visit, out);
	judge_all(visit, out);
	if (visit->schema->not != NULL && alternative(visit, visit->schema->not ).faults.len == 0)
		say_composed(visit, out, "must not validate the schema (not)");
	out->matches += 2;
}

/* ---- all of it -------------------------------------------------------------------------------------------- */

static void judge_by_kind(const struct judge_visit *visit, struct judge_outcome *out)
{
	switch (visit->value->kind) {
	case VALUE_STRING:
		judge_string(visit, out);
		judge_format(visit, out);
		return;
	case VALUE_INTEGER:
	case VALUE_DOUBLE: judge_number(visit, out); return;
	case VALUE_LIST: judge_list(visit, out); return;
	default: return;
	}
}

/* In upstream's order: type, combinations, what the kind of value asks, enum, members. */
static void judge_value(const struct judge_visit *visit, struct judge_outcome *out)
{
	/* The texts of both were read within this depth; a schema of alternatives nests twice as deep as it is long. */
	if (visit->depth > 4 * LIMIT_NESTING)
		return;
	judge_type(visit, out);
	if (visit->value->kind == VALUE_NULL) {
		judge_enum(visit, out);
		return;
	}
	judge_composed(visit, out);
	judge_by_kind(visit, out);
	judge_enum(visit, out);
	if (visit->value->kind == VALUE_MAP)
		judge_object(visit, out);
	out->matches += 2;
}

void judge_part(const struct judge_visit *visit, struct judge_outcome *out)
{
	struct judge_outcome own = outcome_of(visit);

	judge_value(visit, &own);
	if (own.faults.len > 0 && visit->old != NULL && value_equal(visit->value, visit->old))
		own.faults.len = 0;
	merge(out, &own);
}

void judge_patterns_fini(struct judge_patterns *patterns)
{
	struct str text;
	void *pattern;

	for (uint32_t at = 0; map_next(&patterns->by_text, &at, &text, &pattern);)
		pattern_free(pattern);
	map_fini(&patterns->by_text);
}

void judge_check(const struct judge_task *task, struct faults *faults)
{
	struct judge_patterns once = { 0 };
	struct judge_run run = { task, task->patterns ? task->patterns : &once };
	struct judge_visit visit = {
		.run = &run, .schema = task->schema, .value = task->value, .old = task->old
	};
	struct judge_outcome out = { .faults = *faults };

	if (task->schema != NULL)
		judge_part(&visit, &out);
	*faults = out.faults;
	judge_patterns_fini(&once);
}
