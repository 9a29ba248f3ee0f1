#include "datastore/object/validate/validate.h"

#include <assert.h>

#include "datastore/object/record.h"
#include "datastore/object/validate/gate.h"
#include "datastore/object/validate/validate-private.h"
#include "runtime/base/collection/map.h"
#include "runtime/base/limits.h"

#define MARKS_MAX 32U /* of one field; the most has ten */

/* Which of a field's marks ask something of the value at hand: those that have got here by `level` steps. */
struct due {
	const struct field_rules *rules;
	uint32_t mask;
	uint32_t level;
};

static void judge_record(struct judge *judge, const struct type *type, const void *record,
			 const void *old, const struct way *way, uint32_t depth);
static bool judge_value(struct judge *judge, struct due due, const struct value *value,
			const struct value *old, const struct way *way, uint32_t depth);

/* ---- marks and their steps --------------------------------------------------------------------------------- */

static bool is_condition(const struct mark_step *step)
{
	return step->kind == STEP_IF_ENABLED || step->kind == STEP_IF_DISABLED ||
	       step->kind == STEP_IF_MODE;
}

/* The step that leads on from here, conditions not counted; NULL: the mark is about the value itself. */
const struct mark_step *validate_step(const struct mark *mark, uint32_t level)
{
	for (uint32_t i = 0; i < mark->step_count; i++)
		if (!is_condition(&mark_steps(mark)[i]) && level-- == 0)
			return &mark_steps(mark)[i];
	return NULL;
}

static bool is_due(const struct mark *mark)
{
	for (uint32_t i = 0; i < mark->step_count; i++) {
		const struct mark_step *step = &mark_steps(mark)[i];

		if (step->kind == STEP_IF_MODE ||
		    (step->kind == STEP_IF_ENABLED && !gate_is_on(mark_step_arg(step))) ||
		    (step->kind == STEP_IF_DISABLED && gate_is_on(mark_step_arg(step))))
			return false;
	}
	return true;
}

const struct mark *validate_mark_of(const struct field *field, enum mark_name name)
{
	for (uint32_t i = 0; field_rules(field) != NULL && i < field_rules(field)->mark_count; i++)
		if (rules_marks(field_rules(field))[i].name == name &&
		    validate_step(&rules_marks(field_rules(field))[i], 0) == NULL)
			return &rules_marks(field_rules(field))[i];
	return NULL;
}

/* ---- lists and maps: each element -------------------------------------------------------------------------------- */

/* With marks they are judged by those, without by their type or by its values. */
static void judge_element(struct judge *judge, const struct due *due, const struct value *value,
			  const struct value *old, const struct way *way, uint32_t depth)
{
	if (judge->is_update && old->element != NULL && validate_equal(value, old))
		return;
	if (due != NULL)
		judge_value(judge, *due, value, old, way, depth);
	else if (value->field->kind == KIND_MESSAGE)
		judge_record(judge, field_type(value->field), value->element, old->element, way,
			     depth);
	else
		validate_values(judge, rules_values(field_rules(value->field)), value, way);
}

static void judge_elements(struct judge *judge, const struct due *due, const struct value *value,
			   const struct value *old, const struct way *way, uint32_t depth)
{
	const struct field *field = value->field;
	bool is_map = field->shape == SHAPE_MAP;
	struct arena *arena = judge->faults->arena;
	struct map index = validate_index(old, arena);

	for (uint32_t i = 0; i < validate_count(value); i++) {
		const void *element = validate_element(value, i), *was = NULL;
		struct way here = { .up = way, .kind = WAY_INDEX, .index = i };
		struct value now = { .field = field, .record = value->record, .element = element };
		struct value then = { .field = field };

		if (is_map) {
			here = (struct way){ .up = way,
					     .kind = WAY_KEY,
					     .name = validate_key(value, i) };
			was = validate_of_key(old, here.name);
		} else {
			was = validate_find(&index, field, element, arena);
		}
		if (was != NULL)
			then =
			    (struct value){ .field = field, .record = old->record, .element = was };
		judge_element(judge, due, &now, &then, &here, depth);
	}
	map_fini(&index);
}

/* A key that was there is not judged again. What is said of one is said of the whole map. */
static void judge_keys(struct judge *judge, const struct due *due, const struct value *value,
		       const struct value *old, const struct way *way, uint32_t depth)
{
	const struct value none = { .field = value->field };

	for (uint32_t i = 0; i < validate_count(value); i++) {
		struct str key = validate_key(value, i);
		struct value now = { value->field, value->record, &key, .is_key = true };

		if (!judge->is_update || validate_of_key(old, key) == NULL)
			judge_value(judge, *due, &now, &none, way, depth);
	}
}

/* ---- a value, by its marks -------------------------------------------------------------------------------------- */

static const void *message_of(const struct field *field, const void *record)
{
	const void *message;

	if (record == NULL)
		return NULL;
	message = *(void *const *)field_at(field, record);
	return record_is_by_value(field) ? record_or_empty(field_type(field), message) : message;
}

static void judge_subfield(struct judge *judge, const struct due *due, struct str name,
			   const struct value *value, const struct value *old,
			   const struct way *way, uint32_t depth)
{
	const struct field *member = type_field(field_type(value->field), name);
	const struct way here = { .up = way, .name = name };
	struct value now, then;

	if (member == NULL)
		return;
	now = (struct value){ .field = member, .record = message_of(value->field, value->record) };
	then = (struct value){ .field = member, .record = message_of(old->field, old->record) };
	if (judge->is_update && then.record != NULL && validate_equal(&now, &then))
		return;
	judge_value(judge, *due, &now, &then, &here, depth);
}

static void judge_step(struct judge *judge, const struct mark_step *step, const struct due *due,
		       const struct value *value, const struct value *old, const struct way *way,
		       uint32_t depth)
{
	switch (step->kind) {
	case STEP_SUBFIELD:
		judge_subfield(judge, due, mark_step_arg(step), value, old, way, depth);
		break;
	case STEP_EACH_VALUE: judge_elements(judge, due, value, old, way, depth); break;
	case STEP_EACH_KEY: judge_keys(judge, due, value, old, way, depth); break;
	default: break; /* of items see judge_items */
	}
}

/* Those of the marks from `first` on that take the same step. */
static uint32_t with_step(const struct due *due, uint32_t first, const struct mark_step *step)
{
	uint32_t mask = 0;

	for (uint32_t i = first; i < due->rules->mark_count; i++) {
		const struct mark_step *other =
		    validate_step(&rules_marks(due->rules)[i], due->level);

		if ((due->mask & 1U << i) != 0 && other != NULL && other->kind == step->kind &&
		    str_eq(mark_step_arg(other), mark_step_arg(step)))
			mask |= 1U << i;
	}
	return mask;
}

static bool is_here(const struct due *due, uint32_t i)
{
	return (due->mask & 1U << i) != 0 &&
	       validate_step(&rules_marks(due->rules)[i], due->level) == NULL;
}

/* False: it is not to be looked into any further. */
static bool judge_value(struct judge *judge, struct due due, const struct value *value,
			const struct value *old, const struct way *way, uint32_t depth)
{
	const struct mark *marks = rules_marks(due.rules);
	bool goes_on = true;

	for (uint32_t i = 0; i < due.rules->mark_count; i++)
		if (is_here(&due, i) && validate_stops(judge, &marks[i], value, old, way))
			goes_on = false;
	if (!goes_on)
		return false;
	for (uint32_t i = 0; i < due.rules->mark_count; i++)
		if (is_here(&due, i))
			validate_mark(judge, &marks[i], value, way);
	for (uint32_t i = 0; i < due.rules->mark_count; i++) {
		const struct mark_step *step = validate_step(&marks[i], due.level);
		struct due below = { due.rules, 0, due.level + 1 };

		if ((due.mask & 1U << i) == 0 || step == NULL)
			continue;
		below.mask = with_step(&due, i, step);
		due.mask &= ~below.mask;
		judge_step(judge, step, &below, value, old, way, depth);
	}
	return true;
}

/* ---- a field -------------------------------------------------------------------------------------------------------- */

static bool has_judged_type(const struct field *field)
{
	if (field->kind != KIND_MESSAGE || (field_type(field)->flags & TYPE_JUDGED) == 0)
		return false;
	for (uint32_t i = 0; field_rules(field) != NULL && i < field_rules(field)->mark_count; i++)
		if (rules_marks(field_rules(field))[i].name == MARK_OPAQUE)
			return false;
	return true;
}

static bool has_enforced_values(const struct field *field)
{
	return field_rules(field) != NULL && rules_values(field_rules(field)) != NULL &&
	       rules_values(field_rules(field))->is_enforced;
}

static uint32_t due_marks(const struct field_rules *rules)
{
	uint32_t mask = 0;

	assert(rules->mark_count <= MARKS_MAX);
	for (uint32_t i = 0; i < rules->mark_count; i++)
		if (is_due(&rules_marks(rules)[i]))
			mask |= 1U << i;
	return mask;
}

static void descend(struct judge *judge, const struct value *value, const struct value *old,
		    const struct way *way, uint32_t depth)
{
	const struct field *field = value->field;
	const void *message;

	if (field->shape != SHAPE_ONE) {
		judge_elements(judge, NULL, value, old, way, depth);
		return;
	}
	message = message_of(field, value->record);
	if (message != NULL)
		judge_record(judge, field_type(field), message, message_of(field, old->record), way,
			     depth);
}

static void judge_field(struct judge *judge, const struct field *field, const void *record,
			const void *old_record, const struct way *up, uint32_t depth)
{
	const struct value value = { .field = field, .record = record };
	const struct value old = { .field = field, .record = old_record };
	const struct way here = { .up = up, .name = field_name(field) };
	const struct way *way = (field->flags & FIELD_INLINE) != 0 ? up : &here;
	bool has_marks = field_rules(field) != NULL && field_rules(field)->mark_count > 0;

	if (!has_marks && !has_enforced_values(field) && !has_judged_type(field))
		return;
	if (judge->is_update && old_record != NULL && validate_equal(&value, &old))
		return;
	if (has_marks) {
		struct due due = { field_rules(field), due_marks(field_rules(field)), 0 };

		if (!judge_value(judge, due, &value, &old, way, depth))
			return;
		validate_items(judge, &value, &old, way);
		if (field->shape == SHAPE_LIST)
			validate_unique(judge, &value, way);
	}
	if (has_enforced_values(field) && field->shape == SHAPE_ONE)
		validate_values(judge, rules_values(field_rules(field)), &value, way);
	else if (has_enforced_values(field))
		judge_elements(judge, NULL, &value, &old, way, depth);
	if (has_judged_type(field))
		descend(judge, &value, &old, way, depth);
}

/* ---- a record --------------------------------------------------------------------------------------------------------- */

static void judge_record(struct judge *judge, const struct type *type, const void *record,
			 const void *old, const struct way *way, uint32_t depth)
{
	assert(depth <= LIMIT_NESTING); /* no decoder reads deeper ones */
	if ((type->flags & TYPE_JUDGED) == 0)
		return;
	validate_union(judge, type, record, old, way);
	validate_modes(judge, type, record, old, way);
	for (uint32_t i = 0; i < type->field_count; i++)
		judge_field(judge, &type_fields(type)[i], record, old, way, depth + 1);
}

void validate_create(const struct type *type, const void *record, struct faults *faults)
{
	struct judge judge = { .faults = faults, .before = faults->len };

	judge_record(&judge, type, record, NULL, NULL, 0);
}

void validate_update(const struct type *type, const void *record, const void *old,
		     struct faults *faults)
{
	struct judge judge = { .faults = faults, .before = faults->len, .is_update = true };

	judge_record(&judge, type, record, old, NULL, 0);
}
