#include <stdarg.h>
#include <string.h>

#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "datastore/object/validate/gate.h"
#include "datastore/object/validate/validate-private.h"
#include "runtime/base/limits.h"
#include "runtime/base/text.h"
#include "transport/wire/utf8.h"

#define PATH_BYTES_MAX 4096U
#define VALUES_MAX 64U /* of one enum; the longest has nine */

/* ---- saying ------------------------------------------------------------------------------------------- */

static void add_step(struct text *out, const struct way *way)
{
	switch (way->kind) {
	case WAY_MEMBER:
		if (out->len > 0)
			text_add_char(out, '.');
		text_add(out, way->name);
		break;
	case WAY_INDEX: text_printf(out, "[%u]", way->index); break;
	case WAY_KEY: text_printf(out, "[" STR_FMT "]", STR_ARG(way->name)); break;
	}
}

/* Records are never nested deeper than decoders let them be, and each level takes two steps at most. */
static struct str way_text(const struct way *way, struct arena *arena)
{
	const struct way *steps[2 * LIMIT_NESTING + 2];
	struct text out = text_in(arena, PATH_BYTES_MAX);
	uint32_t count = 0;

	for (; way != NULL && count < sizeof steps / sizeof *steps; way = way->up)
		steps[count++] = way;
	while (count > 0)
		add_step(&out, steps[--count]);
	return text_str(&out);
}

/* A bound is a rule beside others about the same value: it takes the place only of what says the same. */
static bool is_bound(struct str words)
{
	return str_starts(words, STR("must be greater than or equal to ")) ||
	       str_starts(words, STR("must be less than or equal to "));
}

static void drop_twin(struct judge *judge, enum fault_kind kind, struct str field, struct str words)
{
	struct faults *faults = judge->faults;

	for (uint32_t i = 0; i < judge->before; i++) {
		struct fault_item *item = &faults->at[i];

		if (item->kind != kind || !str_eq(item->field, field) ||
		    (is_bound(words) && !str_ends(item->message, words)))
			continue;
		memmove(item, item + 1, (faults->len - i - 1) * sizeof *item);
		faults->len--;
		judge->before--;
		return;
	}
}

void validate_say(struct judge *judge, enum mark_stage stage, const struct way *way,
		  enum fault_kind kind, struct str shown, const char *format, ...)
{
	struct arena *arena = judge->faults->arena;
	struct str field, words;
	va_list args;

	if (stage == MARK_ALPHA)
		return;
	field = way_text(way, arena);
	va_start(args, format);
	words = arena_vprintf(arena, format, args);
	va_end(args);
	if (stage == MARK_BETA)
		drop_twin(judge, kind, field, words);
	faults_add(judge->faults, kind, field, shown, STR_FMT, STR_ARG(words));
}

/* ---- one value ------------------------------------------------------------------------------------------- */

static const void *value_at(const struct value *value)
{
	return value->element != NULL ? value->element : field_at(value->field, value->record);
}

static bool is_whole_list(const struct value *value)
{
	return value->element == NULL && value->field->shape != SHAPE_ONE;
}

static uint32_t list_len(const struct value *value)
{
	return ((const struct block_list *)value_at(value))->len;
}

static bool is_text(const struct value *value)
{
	return !is_whole_list(value) && (value->is_key || (value->field->kind >= KIND_STRING &&
							   value->field->kind < KIND_MESSAGE));
}

/* Nil in Go: a pointer that is not set. Judging it is for `required` and `optional` only. */
static bool is_nil(const struct value *value)
{
	if (value->record == NULL)
		return true;
	return value->element == NULL && value->field->shape == SHAPE_ONE &&
	       (value->field->flags & FIELD_PTR) != 0 && !field_is_set(value->field, value->record);
}

bool validate_is_unset(const struct value *value)
{
	const struct field *field = value->field;

	if (is_nil(value))
		return true;
	if (value->element != NULL)
		return is_text(value) && validate_text(value).len == 0;
	if (field->shape == SHAPE_ONE && (field->flags & FIELD_PTR) != 0)
		return false; /* it points at something, be it zero */
	return !record_is_by_value(field) && field_is_zero(field, value->record);
}

struct str validate_text(const struct value *value)
{
	struct str text = *(const struct str *)value_at(value);

	return text.at != NULL ? text : STR("");
}

bool validate_equal(const struct value *a, const struct value *b)
{
	if (a->is_key)
		return str_eq(validate_text(a), validate_text(b));
	if (a->element == NULL)
		return record_equal_field(a->field, a->record, b->record);
	return record_equal_element(a->field, a->element, b->element);
}

static bool read_integer(const struct value *value, int64_t *out)
{
	const void *at = value_at(value);

	if (is_whole_list(value) || value->is_key)
		return false;
	switch ((enum kind)value->field->kind) {
	case KIND_INT32: *out = *(const int32_t *)at; return true;
	case KIND_INT64: *out = *(const int64_t *)at; return true;
	case KIND_UINT32: *out = *(const uint32_t *)at; return true;
	default: return false;
	}
}

/* ---- marks that end a judgement ---------------------------------------------------------------------------- */

static bool must_be(struct judge *judge, const struct mark *mark, bool is_broken,
		    enum fault_kind kind, const struct way *way)
{
	if (is_broken)
		validate_say(judge, mark->stage, way, kind, STR_NONE, "%s", "");
	return is_broken;
}

static bool limit_items(struct judge *judge, const struct mark *mark, const struct value *value,
			const struct way *way)
{
	uint64_t max = 0;

	if (!is_whole_list(value) || str_to_u64(mark_value(mark), &max) != OK ||
	    list_len(value) <= max)
		return false;
	validate_say(judge, mark->stage, way, FAULT_TOO_MANY,
		     arena_printf(judge->faults->arena, "%u", list_len(value)),
		     "must have at most %ju item%s", (uintmax_t)max, max == 1 ? "" : "s");
	return true;
}

/* Whoever comes here has changed the value: what is equal was passed over. */
static bool forbid_change(struct judge *judge, const struct mark *mark, const struct way *way,
			  const char *words)
{
	validate_say(judge, mark->stage, way, FAULT_INVALID, STR("null"), "%s", words);
	return true;
}

static bool judge_update(struct judge *judge, const struct mark *mark, const struct value *value,
			 const struct value *old, const struct way *way)
{
	bool is_set = !validate_is_unset(value), was_set = !validate_is_unset(old);

	if (!judge->is_update)
		return false;
	if (str_is(mark_value(mark), "NoSet") && !was_set && is_set)
		return forbid_change(judge, mark, way, "field cannot be set once created");
	if (str_is(mark_value(mark), "NoUnset") && was_set && !is_set)
		return forbid_change(judge, mark, way, "field cannot be cleared once set");
	if (str_is(mark_value(mark), "NoModify") && was_set && is_set)
		return forbid_change(judge, mark, way, "field cannot be modified once set");
	return false;
}

bool validate_stops(struct judge *judge, const struct mark *mark, const struct value *value,
		    const struct value *old, const struct way *way)
{
	bool is_unset = validate_is_unset(value);

	switch (mark->name) {
	case MARK_REQUIRED: return must_be(judge, mark, is_unset, FAULT_REQUIRED, way);
	case MARK_FORBIDDEN: return must_be(judge, mark, !is_unset, FAULT_FORBIDDEN, way);
	case MARK_OPTIONAL: return is_unset;
	case MARK_MAX_ITEMS:
	case MARK_MAX_PROPERTIES: return limit_items(judge, mark, value, way);
	case MARK_IMMUTABLE:
		return judge->is_update && forbid_change(judge, mark, way, "field is immutable");
	case MARK_UPDATE: return judge_update(judge, mark, value, old, way);
	default: return false;
	}
}

/* ---- the others ---------------------------------------------------------------------------------------------- */

static void judge_range(struct judge *judge, const struct mark *mark, const struct value *value,
			const struct way *way)
{
	bool is_minimum = mark->name == MARK_MINIMUM;
	int64_t number = 0, limit = 0;

	if (!read_integer(value, &number) || str_to_i64(mark_value(mark), &limit) != OK)
		return;
	if (is_minimum ? number >= limit : number <= limit)
		return;
	validate_say(judge, mark->stage, way, FAULT_INVALID,
		     arena_printf(judge->faults->arena, "%jd", (intmax_t)number),
		     "must be %s than or equal to %jd", is_minimum ? "greater" : "less",
		     (intmax_t)limit);
}

static void judge_length(struct judge *judge, const struct mark *mark, struct str text,
			 const struct way *way)
{
	bool is_bytes = mark->name == MARK_MAX_BYTES;
	uint64_t max = 0, len = is_bytes ? text.len : utf8_count(text);

	if (str_to_u64(mark_value(mark), &max) == OK && len > max)
		validate_say(judge, mark->stage, way, FAULT_TOO_LONG, STR_NONE,
			     "may not be more than %ju %s%s", (uintmax_t)max,
			     is_bytes ? "byte" : "character", max == 1 ? "" : "s");
}

void validate_mark(struct judge *judge, const struct mark *mark, const struct value *value,
		   const struct way *way)
{
	if (is_nil(value))
		return;
	switch (mark->name) {
	case MARK_MINIMUM:
	case MARK_MAXIMUM: judge_range(judge, mark, value, way); break;
	case MARK_MAX_LENGTH:
	case MARK_MAX_BYTES:
		if (is_text(value))
			judge_length(judge, mark, validate_text(value), way);
		break;
	case MARK_FORMAT:
		if (is_text(value))
			validate_format(judge, mark, validate_text(value), way);
		break;
	default: break; /* about lists, unions and modes: validate.c */
	}
}

/* The values in order, those behind a gate that is off left out. False when `value` is among them. */
static bool list_values(const struct known_values *values, struct str value, struct arena *arena,
			struct text *out)
{
	struct str sorted[VALUES_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < values->len && count < VALUES_MAX; i++) {
		const struct known_value *known = &known_values_at(values)[i];
		uint32_t at = count;

		if (known_value_gate(known).len > 0 && !gate_is_on(known_value_gate(known)))
			continue;
		if (str_eq(known_value_text(known), value))
			return false;
		for (; at > 0 && str_cmp(sorted[at - 1], known_value_text(known)) > 0; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = known_value_text(known);
		count++;
	}
	for (uint32_t i = 0; i < count; i++) {
		text_add(out, i > 0 ? STR(", ") : STR(""));
		text_add(out, name_quoted(arena, sorted[i]));
	}
	return true;
}

void validate_values(struct judge *judge, const struct known_values *values,
		     const struct value *value, const struct way *way)
{
	struct arena *arena = judge->faults->arena;
	struct text list = text_in(arena, PATH_BYTES_MAX);

	if (is_nil(value) || !is_text(value) ||
	    !list_values(values, validate_text(value), arena, &list))
		return;
	validate_say(judge, MARK_BETA, way, FAULT_NOT_SUPPORTED,
		     name_quoted(arena, validate_text(value)), "supported values: " STR_FMT,
		     STR_ARG(text_str(&list)));
}
