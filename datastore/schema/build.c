#include "datastore/schema/build.h"

#include <assert.h>
#include <string.h>

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

static uint32_t align(uint32_t at, uint32_t to)
{
	return (at + to - 1) & ~(to - 1);
}

static uint32_t alignment_of(const struct field *field)
{
	uint32_t size = field_size(field);

	return size < sizeof(void *) ? size : (uint32_t)sizeof(void *);
}

/* As in generated structs: a bit for each scalar at the front, then the fields in their order. */
static uint32_t lay_out(struct field *fields, uint32_t count)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < count; i++) {
		bool has_bit = fields[i].shape == SHAPE_ONE && fields[i].kind < KIND_STRING;
		fields[i].bit = has_bit ? (uint16_t)bits++ : FIELD_NO_BIT;
	}
	uint32_t at = (bits + 7) / 8;
	for (uint32_t i = 0; i < count; i++) {
		at = align(at, alignment_of(&fields[i]));
		fields[i].offset = at;
		at += field_size(&fields[i]);
	}
	/* Never nothing: a record must have an address of its own. */
	return align(at > 0 ? at : 1, sizeof(void *));
}

static int compare_names(const struct field *fields, uint16_t a, uint16_t b)
{
	return str_cmp(field_name(&fields[a]), field_name(&fields[b]));
}

/* Places in order of names: merging, since whoever defines the type chooses the order. */
static void sort_names(const struct field *fields, uint16_t *places, uint16_t *scratch,
		       uint32_t count)
{
	if (count < 2)
		return;
	uint32_t half = count / 2, a = 0, b = half;
	sort_names(fields, places, scratch, half);
	sort_names(fields, places + half, scratch, count - half);
	for (uint32_t i = 0; i < count; i++) {
		bool takes_a =
		    a < half && (b == count || compare_names(fields, places[a], places[b]) <= 0);
		scratch[i] = places[takes_a ? a++ : b++];
	}
	memcpy(places, scratch, count * sizeof *places);
}

static const uint16_t *order_names(struct arena *arena, const struct field *fields, uint32_t count)
{
	uint16_t *places = arena_array(arena, uint16_t, count + 1);
	uint16_t *scratch = arena_array(arena, uint16_t, count + 1);

	for (uint32_t i = 0; i < count; i++)
		places[i] = (uint16_t)i;
	sort_names(fields, places, scratch, count);
	return places;
}

/* Half empty at least, so that searches are short and end. */
static const uint16_t *fill_slots(struct arena *arena, const struct type *type, uint8_t *bits)
{
	for (*bits = 1; (1U << *bits) < 2U * type->field_count; ++*bits)
		;
	uint32_t mask = (1U << *bits) - 1;
	uint16_t *slots = arena_array(arena, uint16_t, mask + 1);
	for (uint32_t i = 0; i < type->field_count; i++) {
		if (type_fields(type)[i].flags & (FIELD_INLINE | FIELD_NOT_JSON) ||
		    i + 1 == type->rest)
			continue;
		uint32_t at = type_hash(field_name(&type_fields(type)[i]), *bits);
		while (slots[at] != 0)
			at = (at + 1) & mask;
		slots[at] = (uint16_t)(i + 1);
	}
	return slots;
}

struct type *build_type(struct type_set *set, const struct type *like)
{
	struct arena *arena = type_set_arena(set);
	struct type *type = arena_copy(arena, like, sizeof *like);
	struct field *fields = arena_array(arena, struct field, like->field_count + 1);

	assert(like->field_count <= BUILD_FIELDS_MAX);
	if (like->field_count > 0)
		memcpy(fields, type_fields(like), like->field_count * sizeof *fields);
	type->set = set;
	type->fields = distance_to(fields, schema_fields);
	type->size = lay_out(fields, like->field_count);
	type->by_name = distance_to(order_names(arena, fields, like->field_count), schema_numbers);
	type->by_tag = (struct distance){ 0 };
	type->tag_count = 0;
	type->slots = distance_to(fill_slots(arena, type, &type->slot_bits), schema_numbers);
	return type;
}
