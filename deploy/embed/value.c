#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "deploy/embed/troupe-private.h"
#include "transport/wire/json.h"

/*
 * Values of objects by path.
 */

/* ---- reading ----------------------------------------------------------------------------------------------- */

const char *troupe_text(const struct troupe_object *object, const char *path)
{
	struct str value = record_value(object->type, object->record, str_from(path), object->arena);

	return value.at ? arena_cstr(object->arena, value) : NULL;
}

int64_t troupe_int(const struct troupe_object *object, const char *path, int64_t otherwise)
{
	struct str value = record_value(object->type, object->record, str_from(path), object->arena);
	int64_t number;

	return value.at != NULL && str_to_i64(value, &number) == OK ? number : otherwise;
}

bool troupe_bool(const struct troupe_object *object, const char *path, bool otherwise)
{
	struct str value = record_value(object->type, object->record, str_from(path), object->arena);

	if (str_is(value, "true"))
		return true;
	return str_is(value, "false") ? false : otherwise;
}

const char *troupe_json(const struct troupe_object *object, const char *path)
{
	struct text out = text_in(object->arena, LIMIT_BODY_BYTES);
	struct record_place place;

	if (record_field(object->type, object->record, str_from(path), &place) != OK ||
	    place.record == NULL || !field_is_set(place.field, place.record) ||
	    (place.is_element && place.element == NULL))
		return NULL;
	if (place.is_element)
		json_encode_element(place.field, place.element, &out);
	else
		json_encode_field(place.field, place.record, &out);
	text_add_char(&out, '\0');
	return out.at;
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

/* Where a path ends: the record that has the field, made if need be; and the key in a map, or absent. */
struct spot {
	const struct field *field;
	void *record;
	struct str key;
};

static struct str key_of(struct str *path)
{
	int64_t open = str_find_char(*path, '[');
	struct str key;

	if (open < 0 || !str_ends(*path, STR("]")))
		return STR_NONE;
	key = str_slice(*path, (uint32_t)open + 1, path->len - 1);
	*path = str_slice(*path, 0, (uint32_t)open);
	return key;
}

static void *step_into(const struct field *field, void *record, struct arena *arena)
{
	void **at = field_at(field, record);

	if (*at == NULL)
		*at = record_new(field_type(field), arena);
	return *at;
}

static bool find(struct troupe_object *object, const char *path, struct spot *out)
{
	const struct type *type = object->type;
	struct str rest = str_from(path);

	*out = (struct spot){ .record = object->wanted };
	if (object->wanted == NULL)
		return false;
	out->key = key_of(&rest);
	for (;;) {
		struct str name = str_cut(&rest, '.');

		out->field = type_field(type, name);
		if (out->field == NULL)
			return false;
		if (rest.at == NULL)
			return true;
		if (out->field->kind != KIND_MESSAGE || out->field->shape != SHAPE_ONE)
			return false;
		out->record = step_into(out->field, out->record, object->arena);
		type = field_type(out->field);
	}
}

static bool is_map_of_text(const struct field *field)
{
	return field->shape == SHAPE_MAP && field->kind == KIND_STRING;
}

/* What does not fit leaves the object as it was. */
static bool set(struct troupe_object *object, const char *path, struct str json)
{
	struct spot spot;
	void *before, *at;
	bool was_set;

	if (!find(object, path, &spot) || spot.key.at != NULL)
		return false;
	at = field_at(spot.field, spot.record);
	was_set = field_is_set(spot.field, spot.record);
	before = arena_copy(object->arena, at, field_size(spot.field));
	if (json_decode_field(spot.field, json, object->arena, spot.record, NULL) == OK)
		return true;
	field_clear(spot.field, spot.record);
	memcpy(at, before, field_size(spot.field));
	if (was_set)
		field_set_bit(spot.field, spot.record);
	return false;
}

bool troupe_set_text(struct troupe_object *object, const char *path, const char *value)
{
	struct text json = text_in(object->arena, LIMIT_BODY_BYTES);
	struct spot spot;

	if (!find(object, path, &spot))
		return false;
	if (spot.key.at != NULL && !is_map_of_text(spot.field))
		return false;
	if (spot.key.at != NULL) {
		str_map_put(field_at(spot.field, spot.record), object->arena,
			    arena_str(object->arena, spot.key),
			    arena_str(object->arena, str_from(value)));
		return true;
	}
	json_write_string(&json, str_from(value));
	return set(object, path, text_str(&json));
}

bool troupe_set_int(struct troupe_object *object, const char *path, int64_t value)
{
	return set(object, path, arena_printf(object->arena, "%jd", (intmax_t)value));
}

bool troupe_set_bool(struct troupe_object *object, const char *path, bool value)
{
	return set(object, path, value ? STR("true") : STR("false"));
}

bool troupe_set_json(struct troupe_object *object, const char *path, const char *json)
{
	return set(object, path, arena_str(object->arena, str_from(json)));
}

bool troupe_unset(struct troupe_object *object, const char *path)
{
	struct spot spot;

	if (!find(object, path, &spot))
		return false;
	if (spot.key.at == NULL)
		field_clear(spot.field, spot.record);
	else if (is_map_of_text(spot.field))
		str_map_remove(field_at(spot.field, spot.record), object->arena, spot.key);
	else
		return false;
	return true;
}
