/*
 * JSON patches (RFC 6902): a list of operations on places that JSON pointers (RFC 6901) name.
 *
 * A pointer is followed over the record by its type's table, so a patch never needs the object as JSON. Inside raw JSON values
 * there is no table: a pointer that leads into one is refused.
 */
#include "datastore/object/patch/operation.h"
#include "datastore/object/patch/patch-private.h"
#include "datastore/object/record.h"
#include "runtime/base/limits.h"
#include "transport/wire/json.h"

#define APPEND UINT32_MAX

enum place_kind {
	PLACE_ROOT,
	PLACE_NAME,    /* apiVersion or kind at the top: constant */
	PLACE_FIELD,   /* a member of an object */
	PLACE_ELEMENT, /* of a list */
	PLACE_ENTRY,   /* of a map */
};

/* What a pointer names. `record` holds `field`; the element or entry is `index`, APPEND for `-`. */
struct place {
	enum place_kind kind;
	const struct type *type; /* of the record */
	void *record;
	const struct field *field;
	uint32_t index;
	struct str key; /* of a map; or the name of a constant */
	bool is_there;
};

/* ---- pointers ------------------------------------------------------------------------------------------- */

static bool parse_index(struct str token, uint32_t len, uint32_t *out)
{
	uint64_t index;

	if (str_is(token, "-")) {
		*out = APPEND;
		return true;
	}
	if (str_to_u64(token, &index) != OK || index > len)
		return false;
	*out = (uint32_t)index;
	return true;
}

/* The member `name` of a record; false: the type has none. An inlined message is made if it is absent. */
static bool member_place(struct patch *patch, const struct type *type, void *record,
			 struct str name, struct place *out)
{
	const struct field *chain[TYPE_INLINE_DEPTH];
	uint32_t depth = 0;

	*out = (struct place){ .kind = PLACE_FIELD, .type = type, .record = record, .key = name };
	if ((type->flags & TYPE_KIND) != 0 &&
	    (str_is(name, "apiVersion") || str_is(name, "kind"))) {
		out->kind = PLACE_NAME;
		out->is_there = true;
		return true;
	}
	out->field = type_member(type, name, chain, &depth);
	if (out->field == NULL)
		return false;
	for (uint32_t i = 0; i < depth; i++) {
		void **inlined = field_at(chain[i], out->record);

		if (*inlined == NULL)
			*inlined = record_new(field_type(chain[i]), patch->arena);
		out->record = *inlined;
		out->type = field_type(chain[i]);
	}
	/* Members that are always written are there in JSON even when the record has no value. */
	out->is_there =
	    field_is_set(out->field, out->record) || (out->field->flags & FIELD_ALWAYS) != 0;
	return true;
}

/* The block of an element's or entry's value. */
static void *value_block(const struct place *place)
{
	char *block =
	    patch_block(place->field, patch_blocks(place->field, place->record), place->index);

	return place->kind == PLACE_ENTRY ? block + FIELD_ENTRY_VALUE : block;
}

/* One step down from a place that exists; false: there is no such place. */
static bool step(struct patch *patch, const struct place *from, struct str token, struct place *out)
{
	const struct field *field = from->field;
	void *message;

	if (from->kind == PLACE_ROOT)
		return member_place(patch, from->type, from->record, token, out);
	if (from->kind == PLACE_NAME)
		return false;
	if (from->kind == PLACE_FIELD && field->shape == SHAPE_LIST) {
		uint32_t len = patch_blocks(field, from->record)->len;

		*out = *from;
		out->kind = PLACE_ELEMENT;
		out->is_there = parse_index(token, len, &out->index) && out->index < len;
		return out->is_there || parse_index(token, len, &out->index);
	}
	if (from->kind == PLACE_FIELD && field->shape == SHAPE_MAP) {
		*out = *from;
		out->kind = PLACE_ENTRY;
		out->key = token;
		out->index = patch_find_key(field, from->record, token, &out->is_there);
		return true;
	}
	if (field->kind != KIND_MESSAGE || field_type(field)->form != FORM_OBJECT)
		return false;
	if (from->kind == PLACE_FIELD) {
		void **at = field_at(field, from->record);

		if (*at == NULL)
			*at = record_new(field_type(field), patch->arena);
		message = *at;
	} else {
		message = value_block(from);
	}
	return member_place(patch, field_type(field), message, token, out);
}

/* Follows a pointer. All but the last token must name something that is there. */
static enum status find(struct patch *patch, const struct operation *op, const struct type *type,
			void *record, struct str pointer, struct place *out)
{
	struct place place = { .kind = PLACE_ROOT, .type = type, .record = record, .is_there = true };
	struct str rest = pointer;

	if (!operation_is_pointer(pointer))
		return operation_missing(op, pointer, patch->why);
	if (pointer.len > 0)
		str_cut(&rest, '/');
	while (pointer.len > 0 && rest.at != NULL) {
		struct str token = operation_token(&rest, patch->arena);
		struct place next;

		if (!place.is_there || !step(patch, &place, token, &next))
			return operation_missing(op, pointer, patch->why);
		place = next;
	}
	*out = place;
	return OK;
}

/* ---- values ------------------------------------------------------------------------------------------------ */

/* The value at a place as JSON. */
static struct str value_at(struct patch *patch, const struct place *place)
{
	struct text out = text_in(patch->arena, LIMIT_BODY_BYTES);
	struct field one;

	if (place->kind == PLACE_ROOT)
		json_encode(place->type, place->record, &out);
	else if (place->kind == PLACE_NAME)
		json_write_string(&out, str_is(place->key, "kind")
					    ? type_kind(place->type)
					    : type_api_version(place->type, patch->arena));
	else if (place->kind == PLACE_FIELD)
		json_encode_field(place->field, place->record, &out);
	else {
		void *message = value_block(place);

		one = *place->field;
		one.shape = SHAPE_ONE;
		one.offset = 0;
		one.bit = FIELD_NO_BIT;
		json_encode_field(&one, one.kind == KIND_MESSAGE ? (void *)&message : message, &out);
	}
	return text_str(&out);
}

/* Whether two texts mean the same JSON: members in any order, numbers by value. */
static bool is_same_json(struct patch *patch, struct str a, struct str b, uint32_t depth);

static bool has_same_members(struct patch *patch, struct str a, struct str b, uint32_t depth,
			     uint32_t *count)
{
	struct json in = json_of(a);
	struct str name, value, other_name, other;

	*count = 0;
	for (json_enter(&in); json_member(&in, patch->arena, &name) && json_skip(&in, &value);
	     (*count)++) {
		struct json others = json_of(b);
		bool is_found = false;

		json_peek(&others);
		for (json_enter(&others);
		     json_member(&others, patch->arena, &other_name) && json_skip(&others, &other);)
			is_found = is_found || (str_eq(name, other_name) &&
						is_same_json(patch, value, other, depth + 1));
		if (!is_found)
			return false;
	}
	return true;
}

static bool is_same_array(struct patch *patch, struct json *a, struct json *b, uint32_t depth)
{
	struct str left, right;
	bool more;

	json_enter(a);
	json_enter(b);
	while ((more = json_element(a)) && json_element(b))
		if (!json_skip(a, &left) || !json_skip(b, &right) ||
		    !is_same_json(patch, left, right, depth + 1))
			return false;
	return !more && !json_element(b);
}

static bool is_same_json(struct patch *patch, struct str a, struct str b, uint32_t depth)
{
	struct json left = json_of(a), right = json_of(b);
	enum json_token token = json_peek(&left);
	uint32_t left_count = 0, right_count = 0;
	struct str left_text, right_text;
	double left_number, right_number;

	if (depth > LIMIT_NESTING || token != json_peek(&right))
		return false;
	switch (token) {
	case JSON_OBJECT:
		return has_same_members(patch, a, b, depth, &left_count) &&
		       has_same_members(patch, b, a, depth, &right_count) &&
		       left_count == right_count;
	case JSON_ARRAY: return is_same_array(patch, &left, &right, depth);
	case JSON_STRING:
		return json_string(&left, patch->arena, &left_text) &&
		       json_string(&right, patch->arena, &right_text) &&
		       str_eq(left_text, right_text);
	case JSON_NUMBER:
		return json_number(&left, &left_text) && json_number(&right, &right_text) &&
		       str_to_double(left_text, &left_number) == OK &&
		       str_to_double(right_text, &right_number) == OK &&
		       left_number == right_number;
	case JSON_BAD: return false;
	default: return true;
	}
}

/* ---- operations ---------------------------------------------------------------------------------------------- */

static enum status put_root(struct patch *patch, const struct place *place, struct str value)
{
	void *fresh = NULL;
	struct json_options options = { .strict = patch->strict };

	TRY(json_decode(place->type, value, patch->arena, options, &fresh, patch->why));
	memcpy(place->record, fresh, place->type->size);
	return OK;
}

static enum status put_name(struct patch *patch, const struct place *place, struct str value)
{
	if (is_same_json(patch, value_at(patch, place), value, 0))
		return OK;
	return fault_set(patch->why, BAD_REQUEST, "patch",
			 "the " STR_FMT " of an object cannot be changed", STR_ARG(place->key));
}

/* Puts a value: into a member, in front of a list's element (is_insert) or in its place, under a map's key. */
static enum status put(struct patch *patch, const struct place *place, struct str value,
		       bool is_insert)
{
	struct block_list *list;
	void *block;

	if (place->kind == PLACE_ROOT)
		return put_root(patch, place, value);
	if (place->kind == PLACE_NAME)
		return put_name(patch, place, value);
	if (place->kind == PLACE_FIELD)
		return json_decode_field(place->field, value, patch->arena, place->record,
					 patch->why);
	list = patch_blocks(place->field, place->record);
	if (place->kind == PLACE_ELEMENT && is_insert)
		block = patch_insert(patch, place->field, place->record,
				     place->index == APPEND ? list->len : place->index);
	else if (place->kind == PLACE_ENTRY && !place->is_there) {
		block = patch_insert(patch, place->field, place->record, place->index);
		*(struct str *)block = place->key;
	} else
		block = patch_block(place->field, list, place->index);
	return patch_decode_element(patch, place->field, block, value);
}

static enum status take_out(struct patch *patch, const struct operation *op,
			    const struct place *place, struct str path)
{
	if (place->kind == PLACE_ROOT)
		return operation_missing(op, path, patch->why);
	if (!place->is_there && place->kind == PLACE_ELEMENT)
		return operation_no_index(op, path, place->index, patch->why);
	if (!place->is_there)
		return operation_no_key(op, path, place->key, patch->why);
	if (place->kind == PLACE_NAME)
		return put_name(patch, place, STR("null"));
	if (place->kind == PLACE_FIELD)
		field_clear(place->field, place->record);
	else
		patch_remove(place->field, place->record, place->index);
	return OK;
}

static enum status do_test(struct patch *patch, const struct operation *op,
			   const struct place *place)
{
	struct str have = place->is_there ? value_at(patch, place) : STR("null");

	if (!place->is_there && place->kind == PLACE_ELEMENT)
		return operation_no_index(op, op->path, place->index, patch->why);
	return is_same_json(patch, have, op->value, 0) ? OK : operation_not_equal(op, patch->why);
}

/* move and copy: `add` of what is at `from`. */
static enum status do_transfer(struct patch *patch, const struct operation *op,
			       const struct type *type, void *record, bool is_move, uint64_t *copied)
{
	struct place from, to;
	struct str value;

	TRY(find(patch, op, type, record, op->from, &from));
	if (!from.is_there && from.kind == PLACE_ELEMENT)
		return operation_missing(op, op->from, patch->why);
	/* A member that is not there reads as null, as in the library that clients know; moving it fails below. */
	value = from.is_there ? value_at(patch, &from) : STR("null");
	*copied += value.len;
	TRY(operation_check_copied(*copied, patch->why));
	if (is_move)
		TRY(take_out(patch, op, &from, op->from));
	TRY(find(patch, op, type, record, op->path, &to));
	return put(patch, &to, value, true);
}

static enum status apply(struct patch *patch, const struct operation *op, const struct type *type,
			 void *record, uint64_t *copied)
{
	struct place place;

	if (!operation_is_known(op))
		return operation_unknown(op, patch->why);
	if (operation_has_from(op))
		return do_transfer(patch, op, type, record, str_is(op->name, "move"), copied);
	TRY(find(patch, op, type, record, op->path, &place));
	if (str_is(op->name, "remove"))
		return take_out(patch, op, &place, op->path);
	if (str_is(op->name, "test"))
		return do_test(patch, op, &place);
	if (op->value.at == NULL)
		return operation_missing(op, op->path, patch->why);
	if (str_is(op->name, "add"))
		return put(patch, &place, op->value, true);
	/* replace: a member that is not there may be replaced all the same: upstream's library does not look. */
	if (!place.is_there && place.kind == PLACE_ELEMENT)
		return operation_not_replaced(op, patch->why);
	return put(patch, &place, op->value, false);
}

/* ---- the document --------------------------------------------------------------------------------------------- */

enum status patch_json(struct patch *patch, const struct type *type, void *record, struct str raw)
{
	struct operation_list list;
	uint64_t copied = 0;

	TRY(operation_read(raw, patch->arena, &list, patch->why));
	for (uint32_t i = 0; i < list.len; i++)
		TRY(apply(patch, &list.at[i], type, record, &copied));
	return OK;
}
