#include "datastore/object/validate/validate.h"

#include <assert.h>

#include "datastore/object/json.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "datastore/object/validate/gate.h"
#include "datastore/object/validate/validate-private.h"
#include "runtime/base/collection/map.h"
#include "runtime/base/limits.h"
#include "runtime/base/text.h"

#define MARKS_MAX 32U               /* of one field; the most has ten */
#define KEYS_MAX 8U                 /* of one list; the most has four */
#define SHOWN_BYTES_MAX (64U * KIB) /* of an element that is there twice */
#define NAMES_BYTES_MAX 1024U

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
static const struct mark_step *step_at(const struct mark *mark, uint32_t level)
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

static const struct mark *mark_of(const struct field *field, enum mark_name name)
{
	for (uint32_t i = 0; field_rules(field) != NULL && i < field_rules(field)->mark_count; i++)
		if (rules_marks(field_rules(field))[i].name == name &&
		    step_at(&rules_marks(field_rules(field))[i], 0) == NULL)
			return &rules_marks(field_rules(field))[i];
	return NULL;
}

/* ---- lists: which elements are the same --------------------------------------------------------------------- */

enum sameness { SAME_NEVER, SAME_BY_VALUE, SAME_BY_KEYS };

static const struct mark *list_mark(const struct field *field)
{
	const struct mark *mark = mark_of(field, MARK_UNIQUE);

	return mark != NULL ? mark : mark_of(field, MARK_LIST_TYPE);
}

static enum sameness sameness_of(const struct field *field)
{
	const struct mark *mark = list_mark(field);

	if (field->shape != SHAPE_LIST)
		return SAME_NEVER;
	if ((field->flags & FIELD_SET) != 0 || (mark != NULL && str_is(mark_value(mark), "set")))
		return field->kind == KIND_STRING ? SAME_BY_VALUE : SAME_NEVER;
	if ((field->flags & FIELD_MAP) != 0 || (mark != NULL && str_is(mark_value(mark), "map")))
		return field->kind == KIND_MESSAGE ? SAME_BY_KEYS : SAME_NEVER;
	return SAME_NEVER;
}

static uint32_t list_keys(const struct field_rules *rules, struct str out[KEYS_MAX])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < rules->key_count && count < KEYS_MAX; i++)
		out[count++] = rules_key(rules, i);
	if (count > 0)
		return count;
	for (uint32_t i = 0; i < rules->mark_count && count < KEYS_MAX; i++)
		if (rules_marks(rules)[i].name == MARK_LIST_MAP_KEY)
			out[count++] = mark_value(&rules_marks(rules)[i]);
	return count;
}

/* Absent and empty differ where a pointer may be nil; a length before each, so that no two keys look like one. */
static void add_key(struct text *out, const struct field *field, const void *record)
{
	const void *at = field_at(field, record);
	struct str text = { NULL, 0 };

	if (field->kind >= KIND_STRING && field->kind < KIND_MESSAGE)
		text = *(const struct str *)at;
	else if (field->kind < KIND_INT_OR_STRING && field_is_set(field, record))
		text = str_of(at, kind_size(field->kind));
	if (text.at == NULL && (field->flags & FIELD_PTR) != 0)
		text_add_char(out, '-');
	text_printf(out, "%u:", text.len);
	text_add(out, text);
}

/* What an element is known by among the others. */
static struct str element_key(const struct field *field, enum sameness sameness,
			      const void *element, struct arena *arena)
{
	struct str keys[KEYS_MAX];
	uint32_t count;
	struct text out;

	if (sameness == SAME_BY_VALUE)
		return *(const struct str *)element;
	out = text_in(arena, UINT32_MAX);
	count = list_keys(field_rules(field), keys);
	for (uint32_t i = 0; i < count; i++) {
		const struct field *member = type_field(field_type(field), keys[i]);

		if (member != NULL)
			add_key(&out, member, element);
	}
	return text_str(&out);
}

static const struct block_list *list_of(const struct value *value)
{
	return field_at(value->field, value->record);
}

static const void *element_at(const struct value *value, uint32_t i)
{
	uint32_t skip = value->field->shape == SHAPE_MAP ? FIELD_ENTRY_VALUE : 0;

	return (const char *)list_of(value)->at + (size_t)i * field_stride(value->field) + skip;
}

static struct str key_at(const struct value *map, uint32_t i)
{
	return *(const struct str *)((const char *)element_at(map, i) - FIELD_ENTRY_VALUE);
}

static struct str shown_element(const struct value *value, const void *element, struct arena *arena)
{
	struct text out = text_in(arena, SHOWN_BYTES_MAX);

	if (value->field->kind == KIND_STRING)
		return name_quoted(arena, *(const struct str *)element);
	json_encode_element(value->field, element, &out);
	return text_str(&out);
}

static void judge_unique(struct judge *judge, const struct value *value, const struct way *way)
{
	const struct mark *mark = list_mark(value->field);
	enum sameness sameness = sameness_of(value->field);
	struct arena *arena = judge->faults->arena;
	struct map seen = { 0 };

	if (mark == NULL || sameness == SAME_NEVER || mark->stage == MARK_ALPHA ||
	    mark_of(value->field, MARK_CUSTOM_UNIQUE) != NULL)
		return;
	for (uint32_t i = 0; i < list_of(value)->len; i++) {
		const void *element = element_at(value, i);
		struct str key = element_key(value->field, sameness, element, arena);
		struct way here = { .up = way, .kind = WAY_INDEX, .index = i };

		if (map_put(&seen, key, &seen) != NULL)
			validate_say(judge, mark->stage, &here, FAULT_DUPLICATE,
				     shown_element(value, element, arena), "%s", "");
	}
	map_fini(&seen);
}

/* ---- lists and maps: each element -------------------------------------------------------------------------------- */

/* The stored elements by what they are known by. */
static struct map index_of(const struct value *old, enum sameness sameness, struct arena *arena)
{
	struct map index = { 0 };

	if (old->record == NULL || sameness == SAME_NEVER)
		return index;
	for (uint32_t i = 0; i < list_of(old)->len; i++) {
		const void *element = element_at(old, i);
		struct str key = element_key(old->field, sameness, element, arena);

		if (!map_has(&index, key))
			map_put(&index, key, (void *)(uintptr_t)element);
	}
	return index;
}

/* Keys of maps are in order. */
static const void *map_value(const struct value *map, struct str key)
{
	uint32_t low = 0, high = map->record != NULL ? list_of(map)->len : 0;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		int order = str_cmp(key, key_at(map, middle));

		if (order == 0)
			return element_at(map, middle);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

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
	enum sameness sameness = sameness_of(field);
	struct arena *arena = judge->faults->arena;
	struct map index = index_of(old, sameness, arena);

	for (uint32_t i = 0; i < list_of(value)->len; i++) {
		const void *element = element_at(value, i), *was = NULL;
		struct way here = { .up = way, .kind = WAY_INDEX, .index = i };
		struct value now = { .field = field, .record = value->record, .element = element };
		struct value then = { .field = field };

		if (is_map) {
			here = (struct way){ .up = way, .kind = WAY_KEY, .name = key_at(value, i) };
			was = map_value(old, here.name);
		} else if (index.len > 0) {
			was = map_get(&index, element_key(field, sameness, element, arena));
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

	for (uint32_t i = 0; i < list_of(value)->len; i++) {
		struct str key = key_at(value, i);
		struct value now = { value->field, value->record, &key, .is_key = true };

		if (!judge->is_update || map_value(old, key) == NULL)
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
		const struct mark_step *other = step_at(&rules_marks(due->rules)[i], due->level);

		if ((due->mask & 1U << i) != 0 && other != NULL && other->kind == step->kind &&
		    str_eq(mark_step_arg(other), mark_step_arg(step)))
			mask |= 1U << i;
	}
	return mask;
}

static bool is_here(const struct due *due, uint32_t i)
{
	return (due->mask & 1U << i) != 0 &&
	       step_at(&rules_marks(due->rules)[i], due->level) == NULL;
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
		const struct mark_step *step = step_at(&marks[i], due.level);
		struct due below = { due.rules, 0, due.level + 1 };

		if ((due.mask & 1U << i) == 0 || step == NULL)
			continue;
		below.mask = with_step(&due, i, step);
		due.mask &= ~below.mask;
		judge_step(judge, step, &below, value, old, way, depth);
	}
	return true;
}

/* ---- at most one of some elements ---------------------------------------------------------------------------------- */

/* "type:Approved" of an element. */
static bool is_item(const struct field *field, const void *element, struct str wish)
{
	struct str value = wish, name = str_cut(&value, ':');
	const struct field *member = type_field(field_type(field), name);

	return member != NULL && member->kind == KIND_STRING && member->shape == SHAPE_ONE &&
	       str_eq(*(const struct str *)field_at(member, element), value);
}

static bool has_item(const struct value *list, struct str wish)
{
	for (uint32_t i = 0; list->record != NULL && i < list_of(list)->len; i++)
		if (is_item(list->field, element_at(list, i), wish))
			return true;
	return false;
}

/* conditions[{"type": "Approved"}] */
static void add_item(struct text *out, const struct field *field, struct str wish, const char *mark)
{
	struct str value = wish, name = str_cut(&value, ':');

	if (out->len > 0)
		text_lit(out, ", ");
	text_printf(out, "%s" STR_FMT "[{\"" STR_FMT "\": \"" STR_FMT "\"}]%s", mark,
		    STR_ARG(field_name(field)), STR_ARG(name), STR_ARG(value), mark);
}

static void judge_items(struct judge *judge, const struct value *value, const struct value *old,
			const struct way *way)
{
	const struct field_rules *rules = field_rules(value->field);
	struct arena *arena = judge->faults->arena;
	struct text all = text_in(arena, NAMES_BYTES_MAX), found = text_in(arena, NAMES_BYTES_MAX);
	const struct mark *last = NULL;
	bool is_changed = !judge->is_update || old->record == NULL;
	uint32_t count = 0;

	for (uint32_t i = 0; i < rules->mark_count; i++) {
		const struct mark *mark = &rules_marks(rules)[i];
		const struct mark_step *step = step_at(mark, 0);
		bool is_there;

		if (mark->name != MARK_ZERO_OR_ONE_OF || step == NULL || step->kind != STEP_ITEM)
			continue;
		is_there = has_item(value, mark_step_arg(step));
		is_changed = is_changed || is_there != has_item(old, mark_step_arg(step));
		last = mark;
		add_item(&all, value->field, mark_step_arg(step), "`");
		if (!is_there)
			continue;
		count++;
		add_item(&found, value->field, mark_step_arg(step), "");
	}
	if (last != NULL && is_changed && count > 1)
		validate_say(judge, last->stage, way, FAULT_INVALID,
			     name_quoted(arena, arena_printf(arena, "{" STR_FMT "}",
							     STR_ARG(text_str(&found)))),
			     "must specify at most one of: " STR_FMT, STR_ARG(text_str(&all)));
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
		judge_items(judge, &value, &old, way);
		if (field->shape == SHAPE_LIST)
			judge_unique(judge, &value, way);
	}
	if (has_enforced_values(field) && field->shape == SHAPE_ONE)
		validate_values(judge, rules_values(field_rules(field)), &value, way);
	else if (has_enforced_values(field))
		judge_elements(judge, NULL, &value, &old, way, depth);
	if (has_judged_type(field))
		descend(judge, &value, &old, way, depth);
}

/* ---- a record: what its members have to do with each other ------------------------------------------------------------ */

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
static void judge_union(struct judge *judge, const struct type *type, const void *record,
			const void *old, const struct way *way)
{
	struct arena *arena = judge->faults->arena;
	struct text all = text_in(arena, NAMES_BYTES_MAX), found = text_in(arena, NAMES_BYTES_MAX);
	const struct mark *last = NULL;
	bool is_changed = !judge->is_update || old == NULL;
	uint32_t count = 0;

	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];
		const struct mark *mark = mark_of(field, MARK_UNION_MEMBER);
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

static void judge_modes(struct judge *judge, const struct type *type, const void *record,
			const void *old_record, const struct way *up)
{
	const struct field *by = NULL;
	struct value mode, old_mode;

	for (uint32_t i = 0; i < type->field_count && by == NULL; i++)
		if (mark_of(&type_fields(type)[i], MARK_MODE_DISCRIMINATOR) != NULL)
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

static void judge_record(struct judge *judge, const struct type *type, const void *record,
			 const void *old, const struct way *way, uint32_t depth)
{
	assert(depth <= LIMIT_NESTING); /* no decoder reads deeper ones */
	if ((type->flags & TYPE_JUDGED) == 0)
		return;
	judge_union(judge, type, record, old, way);
	judge_modes(judge, type, record, old, way);
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
