#include "datastore/object/apply/slot.h"

#include <stdlib.h>

#include "datastore/object/apply/fields-private.h"
#include "datastore/object/apply/raw.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "runtime/base/limits.h"
#include "transport/wire/json.h"

#define KEYS_MAX 8U
#define STEP_BYTES_MAX LIMIT_OBJECT_BYTES

/* ---- how it is owned ----------------------------------------------------------------------------------------- */

static bool is_one(struct slot slot)
{
	return slot.is_element || slot.field->shape == SHAPE_ONE;
}

enum slot_sort slot_sort(struct slot slot)
{
	const struct field *field = slot.field;

	if (!is_one(slot) && field->shape == SHAPE_LIST)
		return field->flags & (FIELD_SET | FIELD_MAP) ? SLOT_LIST : SLOT_LEAF;
	if (!is_one(slot))
		return field->flags & FIELD_ATOMIC ? SLOT_LEAF : SLOT_MAP;
	/* Of built-in kinds upstream's tables say no more than that it is an object: it is one value. */
	if (field->kind == KIND_ANY)
		return !slot.is_element && (field->flags & FIELD_ATOMIC) ? SLOT_LEAF : SLOT_RAW;
	if (field->kind != KIND_MESSAGE || (field_type(field)->flags & TYPE_ATOMIC) ||
	    field_type(field)->form != FORM_OBJECT)
		return SLOT_LEAF;
	return !slot.is_element && (field->flags & FIELD_ATOMIC) ? SLOT_LEAF : SLOT_STRUCT;
}

/* ---- whether it is there ---------------------------------------------------------------------------------------- */

struct slot_value slot_value(enum slot_view view, const struct field *field, const void *record)
{
	struct slot_value value = { .record = record, .at = field_at(field, record) };
	bool is_set = field_is_set(field, record);

	if (view == SLOT_SAID)
		value.is_there = is_set;
	else
		value.is_there = record_is_by_value(field) || !record_is_omitted(field, record) ||
				 (view == SLOT_MERGED && is_set);
	value.is_null = value.is_there && !is_set && record_is_null_when_absent(field);
	if (field->kind == KIND_MESSAGE && field->shape == SHAPE_ONE)
		value.at = *(void *const *)value.at;
	return value;
}

struct slot_value slot_element(const struct field *field, const void *block)
{
	const char *at = block;

	return (struct slot_value){
		.is_there = true,
		.at = field->shape == SHAPE_MAP ? at + FIELD_ENTRY_VALUE : at,
	};
}

void slot_unwrap(struct slot *slot, struct slot_value *value, enum slot_view view)
{
	while (is_one(*slot) && slot->field->kind == KIND_MESSAGE &&
	       field_type(slot->field)->form == FORM_BARE) {
		const struct field *inner = &type_fields(field_type(slot->field))[0];

		*slot = (struct slot){ inner, false };
		if (!value->is_there)
			continue;
		if (value->at == NULL)
			*value = (struct slot_value){ .is_there = true, .is_null = true };
		else
			*value = slot_value(view, inner, value->at);
		value->is_null |= !value->is_there;
		value->is_there = true;
	}
}

static bool is_empty_struct(const struct type *type, const void *record, enum slot_view view)
{
	record = record_or_empty(type, record);
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];
		struct slot_value value = slot_value(view, field, record);

		if (!(field->flags & FIELD_INLINE) && value.is_there)
			return false;
		if ((field->flags & FIELD_INLINE) &&
		    !is_empty_struct(field_type(field), value.at, view))
			return false;
	}
	return true;
}

bool slot_is_empty(struct slot slot, struct slot_value value, enum slot_view view)
{
	if (!value.is_there || value.is_null)
		return true;
	if (slot_sort(slot) == SLOT_STRUCT)
		return is_empty_struct(field_type(slot.field), value.at, view);
	if (slot_sort(slot) == SLOT_RAW)
		return raw_is_empty(slot_raw(value));
	return ((const struct block_list *)value.at)->len == 0;
}

struct str slot_raw(struct slot_value value)
{
	const struct str *json = value.at;

	if (!value.is_there)
		return STR_NONE;
	return value.is_null || json == NULL || json->at == NULL ? STR("null") : *json;
}

bool slot_equal(struct slot slot, struct slot_value a, struct slot_value b)
{
	if (a.is_null || b.is_null)
		return a.is_null == b.is_null;
	if (!slot.is_element && a.record != NULL && b.record != NULL)
		return record_equal_field(slot.field, a.record, b.record);
	if (slot.field->kind == KIND_MESSAGE)
		return record_equal(field_type(slot.field), a.at, b.at);
	return record_equal_element(slot.field, a.at, b.at);
}

/* ---- elements by their steps ------------------------------------------------------------------------------------------ */

/* A key that is always written is, unsaid, what Go takes for none. */
static struct str nothing_of(const struct field *field)
{
	if (!(field->flags & FIELD_ALWAYS) || (field->flags & FIELD_PTR))
		return STR_NONE;
	return field->kind == KIND_STRING ? STR("\"\"") : STR("0");
}

/* The value of one key as compact JSON; absent: the element has none and there is no default. */
static struct str key_value(const struct type *type, const void *element, struct str name,
			    enum slot_view view, struct arena *arena)
{
	const struct field *path[TYPE_INLINE_DEPTH], *field;
	struct text text = text_in(arena, STEP_BYTES_MAX);
	uint32_t depth;

	field = type_member(type, name, path, &depth);
	if (field == NULL)
		return STR_NONE;
	for (uint32_t i = 0; i < depth && element != NULL; i++)
		element = *(void *const *)field_at(path[i], element);
	if (element != NULL && slot_value(view, field, element).is_there) {
		json_encode_field(field, element, &text);
		return text_str(&text);
	}
	if (field_rules(field) != NULL && rules_default_json(field_rules(field)).at != NULL)
		return rules_default_json(field_rules(field));
	return nothing_of(field);
}

/* The keys' places, by their names. */
static uint32_t sorted_keys(const struct field_rules *rules, uint32_t order[KEYS_MAX])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < rules->key_count && count < KEYS_MAX; i++) {
		uint32_t at = count++;

		for (; at > 0 && str_cmp(rules_key(rules, i), rules_key(rules, order[at - 1])) < 0;
		     at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return count;
}

static struct str key_of(const struct field *field, const void *element, enum slot_view view,
			 struct arena *arena)
{
	struct text text = text_in(arena, STEP_BYTES_MAX);
	uint32_t order[KEYS_MAX], count = sorted_keys(field_rules(field), order);

	text_add_char(&text, '{');
	for (uint32_t i = 0; i < count; i++) {
		struct str name = rules_key(field_rules(field), order[i]);
		struct str value = key_value(field_type(field), element, name, view, arena);

		if (value.at == NULL)
			continue;
		if (text.len > 1)
			text_add_char(&text, ',');
		json_write_string(&text, name);
		text_add_char(&text, ':');
		text_add(&text, value);
	}
	text_add_char(&text, '}');
	return text.len > 2 ? text_str(&text) : STR_NONE;
}

static enum status no_key(const struct field *field, uint32_t place, struct arena *arena,
			  struct fault *why)
{
	struct text names = text_in(arena, KIB);

	for (uint32_t i = 0; i < field_rules(field)->key_count; i++) {
		if (i > 0)
			text_add_char(&names, ' ');
		json_write_string(&names, rules_key(field_rules(field), i));
	}
	return fault_set(why, INVALID, "",
			 "element %u: associative list with keys has an element that omits all key "
			 "fields [" STR_FMT
			 "] (and doesn't have default values for any key fields)",
			 place, STR_ARG(text_str(&names)));
}

static int compare_items(const void *a, const void *b)
{
	const struct slot_item *x = *(struct slot_item *const *)a;
	const struct slot_item *y = *(struct slot_item *const *)b;
	int order = fields_step_cmp(x->step, y->step);

	return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

static void count_same(struct slot_items *items)
{
	for (uint32_t i = 0, end; i < items->len; i = end) {
		for (end = i + 1; end < items->len; end++)
			if (fields_step_cmp(items->order[i]->step, items->order[end]->step) != 0)
				break;
		for (uint32_t j = i; j < end; j++)
			items->order[j]->same = end - i;
	}
}

static bool is_sorted(const struct slot_items *items)
{
	for (uint32_t i = 1; i < items->len; i++)
		if (fields_step_cmp(items->at[i - 1].step, items->at[i].step) > 0)
			return false;
	return true;
}

enum status slot_items(const struct field *field, const struct block_list *list, enum slot_view view,
		       struct arena *arena, struct slot_items *out, struct fault *why)
{
	bool has_keys = (field->flags & FIELD_MAP) != 0 && field->kind == KIND_MESSAGE &&
			field_rules(field) != NULL && field_rules(field)->key_count > 0;

	*out = (struct slot_items){ .len = list->len };
	out->at = arena_array(arena, struct slot_item, list->len);
	out->order = arena_array(arena, struct slot_item *, list->len);
	for (uint32_t i = 0; i < list->len; i++) {
		const void *block = (char *)list->at + (size_t)i * field_stride(field);
		struct slot_item *item = &out->at[i];

		*item = (struct slot_item){ .at = block, .place = i };
		out->order[i] = item;
		if (has_keys) {
			item->step =
			    (struct fields_step){ FIELDS_KEY, key_of(field, block, view, arena) };
			if (item->step.text.at == NULL)
				return no_key(field, i, arena, why);
		} else {
			struct text text = text_in(arena, STEP_BYTES_MAX);

			json_encode_element(field, block, &text);
			item->step = (struct fields_step){ FIELDS_VALUE, text_str(&text) };
		}
	}
	if (!is_sorted(out))
		qsort(out->order, out->len, sizeof(struct slot_item *), compare_items);
	count_same(out);
	return OK;
}

const struct slot_item *slot_find(const struct slot_items *items, struct fields_step step)
{
	uint32_t low = 0, high = items->len;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (fields_step_cmp(items->order[middle]->step, step) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == items->len || fields_step_cmp(items->order[low]->step, step) != 0)
		return NULL;
	return items->order[low];
}
