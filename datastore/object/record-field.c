#include <string.h>

#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/type.h"
#include "runtime/base/limits.h"

/* Where a path has come to: a message (`type`, `record`), and in it perhaps a field, and of that perhaps an element. */
struct cursor {
	const struct type *type;
	const void *record; /* NULL: absent, but the path can still be checked against the types */
	const struct field *field;
	const void *element;
	bool is_element;
};

/* Enters the message that the cursor's field or element is. False: it is none. */
static bool enter_message(struct cursor *cursor)
{
	const struct field *field = cursor->field;
	const void *message = cursor->element;

	if (field == NULL)
		return true;
	if (field->kind != KIND_MESSAGE || (field->shape != SHAPE_ONE && !cursor->is_element))
		return false;
	if (!cursor->is_element && cursor->record != NULL)
		message = *(void *const *)field_at(field, cursor->record);
	*cursor = (struct cursor){ .type = field_type(field), .record = message };
	return true;
}

static bool enter_member(struct cursor *cursor, struct str name)
{
	const struct field *path[TYPE_INLINE_DEPTH];
	uint32_t depth = 0;

	if (!enter_message(cursor))
		return false;
	const struct field *field = type_member(cursor->type, name, path, &depth);
	if (field == NULL)
		return false;
	for (uint32_t i = 0; i < depth; i++) {
		cursor->field = path[i];
		cursor->is_element = false;
		(void)enter_message(cursor);
	}
	cursor->field = field;
	cursor->is_element = false;
	return true;
}

static const void *find_key(const struct field *field, const struct block_list *map, struct str key)
{
	const char *at = map->at;

	for (uint32_t i = 0; i < map->len; i++, at += field_stride(field))
		if (str_eq(*(const struct str *)at, key))
			return at + FIELD_ENTRY_VALUE;
	return NULL;
}

static const void *find_index(const struct field *field, const struct block_list *list, int64_t at)
{
	if (at < 0 || at >= (int64_t)list->len)
		return NULL;
	return (const char *)list->at + (uint64_t)at * field_stride(field);
}

/* An element by index, or by key where the field is a map. */
static bool enter_element(struct cursor *cursor, struct str key)
{
	static const struct block_list none;
	int64_t index = 0;

	/* A list in a list is a message of its own without a name. */
	if (cursor->field != NULL && (cursor->field->shape == SHAPE_ONE || cursor->is_element)) {
		if (!enter_message(cursor) || cursor->type->form != FORM_BARE)
			return false;
		cursor->field = &type_fields(cursor->type)[0];
	}
	if (cursor->field == NULL)
		return false;
	const struct field *field = cursor->field;
	const struct block_list *list =
	    cursor->record == NULL ? &none : field_at(field, cursor->record);
	if (field->shape == SHAPE_LIST && str_to_i64(key, &index) != OK)
		return false;
	cursor->is_element = true;
	cursor->element =
	    field->shape == SHAPE_MAP ? find_key(field, list, key) : find_index(field, list, index);
	return true;
}

/* The next step of a path: `[key]`, `['key']` or `.name`; the rest is left. False: it is none. */
static bool take_step(struct str *path, struct str *name, bool *is_element)
{
	uint32_t at = 0;

	*is_element = path->at[0] == '[';
	if (*is_element) {
		int64_t close = str_find_char(*path, ']');
		if (close < 2)
			return false;
		*name = str_slice(*path, 1, (uint32_t)close);
		if (name->len > 2 && name->at[0] == '\'' && name->at[name->len - 1] == '\'')
			*name = str_slice(*name, 1, name->len - 1);
		*path = str_slice(*path, (uint32_t)close + 1, path->len);
		return true;
	}
	if (path->at[0] == '.')
		*path = str_slice(*path, 1, path->len);
	while (at < path->len && path->at[at] != '.' && path->at[at] != '[')
		at++;
	*name = str_slice(*path, 0, at);
	*path = str_slice(*path, at, path->len);
	return at > 0;
}

enum status record_field(const struct type *type, const void *record, struct str path,
			 struct record_place *out)
{
	struct cursor cursor = { .type = type, .record = record };

	while (path.len > 0) {
		struct str name;
		bool is_element;
		if (!take_step(&path, &name, &is_element))
			return NOT_FOUND;
		bool is_there =
		    is_element ? enter_element(&cursor, name) : enter_member(&cursor, name);
		if (!is_there)
			return NOT_FOUND;
	}
	if (cursor.field == NULL)
		return NOT_FOUND;
	*out = (struct record_place){
		.field = cursor.field,
		.type = cursor.type,
		.record = (void *)(uintptr_t)cursor.record,
		.is_element = cursor.is_element,
		.element = cursor.is_element ? (void *)(uintptr_t)cursor.element : NULL,
	};
	return OK;
}

/* Strings as they are, numbers and all else as in JSON. */
static struct str value_text(const struct record_place *place, struct arena *arena)
{
	const struct field *field = place->field;
	struct text out = text_in(arena, LIMIT_RESPONSE_BYTES);
	bool is_one = field->shape == SHAPE_ONE || place->is_element;
	const void *at = place->is_element ? place->element : field_at(field, place->record);

	if (is_one && (field->kind == KIND_STRING || field->kind == KIND_QUANTITY))
		return *(const struct str *)at;
	if (is_one && field->kind == KIND_INT_OR_STRING &&
	    ((const struct int_or_string *)at)->is_string)
		return ((const struct int_or_string *)at)->string;
	if (place->is_element)
		json_encode_element(field, at, &out);
	else
		json_encode_field(field, place->record, &out);
	bool is_quoted = is_one && field->kind <= KIND_BYTES && out.len >= 2 && out.at[0] == '"';
	return is_quoted ? str_slice(text_str(&out), 1, out.len - 1) : text_str(&out);
}

struct str record_value(const struct type *type, const void *record, struct str path,
			struct arena *arena)
{
	struct record_place place;

	if (record_field(type, record, path, &place) != OK || place.record == NULL)
		return STR_NONE;
	bool is_there =
	    place.is_element ? place.element != NULL : field_is_set(place.field, place.record);
	return is_there ? value_text(&place, arena) : STR_NONE;
}
