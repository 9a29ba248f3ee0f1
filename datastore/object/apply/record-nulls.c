#include "datastore/object/apply/record-fields.h"
#include "datastore/object/apply/slot.h"
#include "datastore/object/record.h"
#include "runtime/base/collection/sorted.h"
#include "transport/wire/json.h"

/*
 * What a configuration says is null. A record has no place for it, so the text is gone through beside the record that it was
 * decoded to; nearly always there is none in it.
 */

static void find_in_slot(struct arena *arena, struct slot slot, struct slot_value value,
			 struct str raw, struct fields_builder *out);

static void find_in_struct(struct arena *arena, const struct type *type, const void *record,
			   struct str raw, struct fields_builder *out);

static void add(struct arena *arena, struct fields_step step, struct slot slot,
		struct slot_value value, struct str raw, struct fields_builder *out)
{
	struct fields_builder below = { .arena = arena };
	bool is_null = str_is(str_trim(raw), "null");

	if (!is_null && value.is_there)
		find_in_slot(arena, slot, value, raw, &below);
	fields_add(out, step, is_null, fields_built(&below));
}

static void find_in_map(struct arena *arena, const struct field *field,
			const struct block_list *map, struct str raw, struct fields_builder *out)
{
	struct json in = json_of(raw);
	struct str name, value;

	if (json_peek(&in) != JSON_OBJECT)
		return;
	for (json_enter(&in); json_member(&in, arena, &name) && json_skip(&in, &value);) {
		struct slot_value entry = { 0 };
		const void *block = NULL;

		if (field->kind == KIND_MESSAGE)
			block = sorted_find(map->at, map->len, field_stride(field), name);
		if (block != NULL)
			entry = slot_element(field, block);
		add(arena, (struct fields_step){ FIELDS_NAME, name }, (struct slot){ field, true },
		    entry, value, out);
	}
}

static void find_in_list(struct arena *arena, const struct field *field,
			 const struct block_list *list, struct str raw, struct fields_builder *out)
{
	struct json in = json_of(raw);
	struct slot_items items;
	struct str value;

	if (field->kind != KIND_MESSAGE || json_peek(&in) != JSON_ARRAY ||
	    slot_items(field, list, SLOT_SAID, arena, &items, NULL) != OK)
		return;
	json_enter(&in);
	for (uint32_t i = 0; i < items.len && json_element(&in) && json_skip(&in, &value); i++)
		add(arena, items.at[i].step, (struct slot){ field, true },
		    slot_element(field, items.at[i].at), value, out);
}

/* In what is owned as a whole a null is a part of the whole. */
static void find_in_slot(struct arena *arena, struct slot slot, struct slot_value value,
			 struct str raw, struct fields_builder *out)
{
	slot_unwrap(&slot, &value, SLOT_SAID);
	if (value.is_null)
		return;
	switch (slot_sort(slot)) {
	case SLOT_LEAF:
	case SLOT_RAW: return;
	case SLOT_LIST: find_in_list(arena, slot.field, value.at, raw, out); return;
	case SLOT_MAP: find_in_map(arena, slot.field, value.at, raw, out); return;
	case SLOT_STRUCT: find_in_struct(arena, field_type(slot.field), value.at, raw, out); return;
	}
}

static void find_in_struct(struct arena *arena, const struct type *type, const void *record,
			   struct str raw, struct fields_builder *out)
{
	struct json in = json_of(raw);
	struct str name, value;

	if (json_peek(&in) != JSON_OBJECT)
		return;
	for (json_enter(&in); json_member(&in, arena, &name) && json_skip(&in, &value);) {
		const struct field *path[TYPE_INLINE_DEPTH], *field;
		const void *at = record;
		uint32_t depth;

		field = type_member(type, name, path, &depth);
		for (uint32_t i = 0; field != NULL && i < depth && at != NULL; i++)
			at = *(void *const *)field_at(path[i], at);
		if (field == NULL || (at == NULL && !str_is(str_trim(value), "null")))
			continue;
		/* There the record has a place for it. */
		if ((field->flags & FIELD_NULLABLE) && str_is(str_trim(value), "null"))
			continue;
		add(arena, (struct fields_step){ FIELDS_NAME, field_name(field) },
		    (struct slot){ field, false },
		    at != NULL ? slot_value(SLOT_SAID, field, at) : (struct slot_value){ 0 }, value,
		    out);
	}
}

struct fields record_fields_nulls(const struct type *type, const void *record, struct str json,
				  struct arena *arena)
{
	struct fields_builder out = { .arena = arena };

	if (str_find(json, STR("null")) >= 0)
		find_in_struct(arena, type, record, json, &out);
	return fields_built(&out);
}

static struct fields without_members(struct arena *arena, struct fields nulls, struct fields has)
{
	struct fields_builder out = { .arena = arena };

	for (uint32_t i = 0; i < nulls.len; i++) {
		const struct fields_node *node = &nulls.at[i], *there = fields_find(has, node->step);
		struct fields none = { 0 }, below = there != NULL ? there->below : none;

		fields_add(&out, node->step, node->is_owned && below.len == 0,
			   without_members(arena, node->below, below));
	}
	return fields_built(&out);
}

struct fields record_fields_null_values(const struct type *type, struct fields nulls,
					const void *merged, struct arena *arena)
{
	if (nulls.len == 0)
		return nulls;
	return without_members(arena, nulls, record_fields_of(type, merged, arena));
}
