#include "datastore/object/name.h"
#include "datastore/object/validate/validate-private.h"
#include "runtime/base/text.h"

/*
 * What the members of a record have to do with each other: unions, and members that only some modes know.
 */

static bool is_member_set(const struct field *field, const void *record)
{
	const struct value value = { .field = field, .record = record };

	return !validate_is_unset(&value);
}

static void add_name(struct text *out, struct str name, const char *mark)
{
	text_printf(out, "%s%s" STR_FMT "%s", out->len > 0 ? ", " : "", mark, STR_ARG(name), mark);
}

/* Exactly one of the members that say so. */
void validate_union(struct judge *judge, const struct type *type, const void *record,
		    const void *old, const struct way *way)
{
	struct arena *arena = judge->faults->arena;
	struct text all = text_in(arena, NAMES_BYTES_MAX), found = text_in(arena, NAMES_BYTES_MAX);
	const struct mark *last = NULL;
	bool is_changed = !judge->is_update || old == NULL;
	uint32_t count = 0;

	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];
		const struct mark *mark = validate_mark_of(field, MARK_UNION_MEMBER);
		bool is_set;

		if (mark == NULL || mark->stage == MARK_ALPHA)
			continue;
		is_set = is_member_set(field, record);
		is_changed = is_changed || is_set != is_member_set(field, old);
		last = mark;
		add_name(&all, field_name(field), "`");
		if (!is_set)
			continue;
		count++;
		add_name(&found, field_name(field), "");
	}
	if (last == NULL || !is_changed || count == 1)
		return;
	if (count == 0)
		validate_say(judge, last->stage, way, FAULT_INVALID, STR("\"\""),
			     "must specify one of: " STR_FMT, STR_ARG(text_str(&all)));
	else
		validate_say(judge, last->stage, way, FAULT_INVALID,
			     name_quoted(arena, arena_printf(arena, "{" STR_FMT "}",
							     STR_ARG(text_str(&found)))),
			     "must specify exactly one of: " STR_FMT, STR_ARG(text_str(&all)));
}

/* A member that only some modes know is forbidden in all others. */
static void judge_mode(struct judge *judge, const struct field *field, struct str mode,
		       const struct value *value, const struct value *old, const struct way *way)
{
	const struct mark *any = NULL;

	for (uint32_t i = 0; i < field_rules(field)->mark_count; i++) {
		const struct mark *mark = &rules_marks(field_rules(field))[i];

		for (uint32_t j = 0; j < mark->step_count; j++) {
			if (mark_steps(mark)[j].kind != STEP_IF_MODE)
				continue;
			any = mark;
			if (!str_eq(mark_step_arg(&mark_steps(mark)[j]), mode))
				continue;
			(void)validate_stops(judge, mark, value, old, way);
			return;
		}
	}
	if (any != NULL && !validate_is_unset(value))
		validate_say(judge, any->stage, way, FAULT_FORBIDDEN, STR_NONE, "%s", "");
}

void validate_modes(struct judge *judge, const struct type *type, const void *record,
		    const void *old_record, const struct way *up)
{
	const struct field *by = NULL;
	struct value mode, old_mode;

	for (uint32_t i = 0; i < type->field_count && by == NULL; i++)
		if (validate_mark_of(&type_fields(type)[i], MARK_MODE_DISCRIMINATOR) != NULL)
			by = &type_fields(type)[i];
	if (by == NULL)
		return;
	mode = (struct value){ .field = by, .record = record };
	old_mode = (struct value){ .field = by, .record = old_record };
	for (uint32_t i = 0; i < type->field_count; i++) { /* in the order of names, as upstream's */
		const struct field *field = &type_fields(type)[type_by_name(type)[i]];
		const struct value value = { .field = field, .record = record };
		const struct value old = { .field = field, .record = old_record };
		const struct way here = { .up = up, .name = field_name(field) };
		bool is_same = judge->is_update && old_record != NULL &&
			       validate_equal(&mode, &old_mode) && validate_equal(&value, &old);

		if (field_rules(field) != NULL && !is_same)
			judge_mode(judge, field, validate_text(&mode), &value, &old, &here);
	}
}
