/*
 * The other way round: the merge patch (RFC 7386) between two records.
 */
#include "datastore/object/json.h"
#include "datastore/object/patch/patch.h"
#include "datastore/object/record.h"
#include "runtime/base/base.h"
#include "transport/wire/json.h"

struct members {
	struct text *out;
	bool has_some;
};

static void write_name(struct members *members, struct str name)
{
	if (members->has_some)
		text_add_char(members->out, ',');
	members->has_some = true;
	json_write_string(members->out, name);
	text_add_char(members->out, ':');
}

static const char *entry_at(const struct field *field, const struct block_list *map, uint32_t i)
{
	return (const char *)map->at + (size_t)i * field_stride(field);
}

static struct str value_text(const struct field *field, const char *entry, struct arena *arena)
{
	struct text out = text_in(arena, LIMIT_OBJECT_BYTES);

	json_encode_element(field, entry + FIELD_ENTRY_VALUE, &out);
	return text_str(&out);
}

static const char *find_entry(const struct field *field, const struct block_list *map,
			      struct str key)
{
	for (uint32_t i = 0; i < map->len; i++)
		if (str_eq(*(const struct str *)entry_at(field, map, i), key))
			return entry_at(field, map, i);
	return NULL;
}

/* Entries that are new or other, and null for those that are gone. */
static void diff_maps(struct text *out, const struct field *field, const void *from, const void *to,
		      struct arena *arena)
{
	const struct block_list *before = field_at(field, from), *after = field_at(field, to);
	struct members members = { out, false };

	text_add_char(out, '{');
	for (uint32_t i = 0; i < after->len; i++) {
		const char *entry = entry_at(field, after, i);
		struct str key = *(const struct str *)entry;
		const char *old = find_entry(field, before, key);
		struct str value = value_text(field, entry, arena);

		if (old != NULL && str_eq(value_text(field, old, arena), value))
			continue;
		write_name(&members, key);
		text_add(out, value);
	}
	for (uint32_t i = 0; i < before->len; i++) {
		struct str key = *(const struct str *)entry_at(field, before, i);

		if (find_entry(field, after, key) != NULL)
			continue;
		write_name(&members, key);
		text_lit(out, "null");
	}
	text_add_char(out, '}');
}

/* An object whose members can be patched one by one. */
static bool has_members(const struct field *field)
{
	return field->kind == KIND_MESSAGE && field->shape == SHAPE_ONE &&
	       field_type(field)->form == FORM_OBJECT && field_type(field)->rest == 0;
}

static const void *message_of(const struct field *field, const void *record)
{
	return record_or_empty(field_type(field), *(void *const *)field_at(field, record));
}

static void diff_fields(struct members *members, const struct type *type, const void *from,
			const void *to, struct arena *arena, uint32_t depth);

static void diff_field(struct members *members, const struct field *field, const void *from,
		       const void *to, struct arena *arena, uint32_t depth)
{
	struct text *out = members->out;
	struct members inner = { out, false };

	if (record_equal_field(field, from, to))
		return;
	write_name(members, field_name(field));
	if (!field_is_set(field, to)) {
		text_lit(out, "null");
	} else if (has_members(field) && field_is_set(field, from)) {
		text_add_char(out, '{');
		diff_fields(&inner, field_type(field), message_of(field, from),
			    message_of(field, to), arena, depth + 1);
		text_add_char(out, '}');
	} else if (field->shape == SHAPE_MAP && field_is_set(field, from)) {
		diff_maps(out, field, from, to, arena);
	} else {
		json_encode_field(field, to, out);
	}
}

static void diff_fields(struct members *members, const struct type *type, const void *from,
			const void *to, struct arena *arena, uint32_t depth)
{
	assert(depth <= LIMIT_NESTING);
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];

		if (field->flags & FIELD_INLINE)
			diff_fields(members, field_type(field), message_of(field, from),
				    message_of(field, to), arena, depth + 1);
		else
			diff_field(members, field, from, to, arena, depth);
	}
}

struct str patch_between(const struct type *type, const void *from, const void *to,
			 struct arena *arena)
{
	struct text out = text_in(arena, LIMIT_OBJECT_BYTES);
	struct members members = { &out, false };

	text_add_char(&out, '{');
	diff_fields(&members, type, from, to, arena, 0);
	text_add_char(&out, '}');
	return text_str(&out);
}
