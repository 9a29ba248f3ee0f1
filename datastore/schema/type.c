#include "datastore/schema/type.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "datastore/schema/registry.h"
#include "runtime/base/mem.h"

struct type_set {
	atomic_uint refs;
	struct arena *arena; /* holds this block too */
};

static uint32_t hash(struct str name)
{
	const uint8_t *at = (const uint8_t *)name.at;

	if (name.len == 0)
		return 0;
	return (at[0] | (uint32_t)at[name.len / 2] << 8 | (uint32_t)at[name.len - 1] << 16 |
		name.len << 24) *
	       0x9E3779B1U;
}

uint32_t type_hash(struct str name, uint8_t bits)
{
	assert(bits > 0 && bits < 17);
	return hash(name) >> (32 - bits);
}

const struct field *type_field(const struct type *type, struct str name)
{
	if (type->slot_bits == 0)
		return NULL;
	const struct field *fields = type_fields(type);
	const uint16_t *slots = type_slots(type);
	uint32_t mask = (1U << type->slot_bits) - 1;
	/* At most half of the slots are taken, so an empty one ends every search. */
	for (uint32_t at = type_hash(name, type->slot_bits);; at = (at + 1) & mask) {
		uint16_t place = slots[at];
		if (place == 0)
			return NULL;
		const struct field *field = &fields[place - 1];
		struct str its = field_name(field);
		if (its.len == name.len && memcmp(its.at, name.at, name.len) == 0)
			return field;
	}
}

static const struct field *find_member(const struct type *type, struct str name,
				       const struct field *path[TYPE_INLINE_DEPTH], uint32_t depth,
				       uint32_t *found_depth)
{
	const struct field *field = type_field(type, name);

	if (field != NULL) {
		*found_depth = depth;
		return field;
	}
	if (!(type->flags & TYPE_HAS_INLINE) || depth == TYPE_INLINE_DEPTH)
		return NULL;
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *outer = &type_fields(type)[i];
		if (!(outer->flags & FIELD_INLINE))
			continue;
		path[depth] = outer;
		field = find_member(field_type(outer), name, path, depth + 1, found_depth);
		if (field != NULL)
			return field;
	}
	return NULL;
}

const struct field *type_member(const struct type *type, struct str name,
				const struct field *path[TYPE_INLINE_DEPTH], uint32_t *depth)
{
	return find_member(type, name, path, 0, depth);
}

const struct field *type_tag(const struct type *type, uint32_t tag)
{
	/* Tags are dense but for a few gaps: the place is at most tag - 1 and mostly just that. */
	const struct field *fields = type_fields(type);
	const uint16_t *by_tag = type_by_tag(type);
	uint32_t at = tag < type->tag_count ? tag : type->tag_count;

	while (at > 0) {
		const struct field *field = &fields[by_tag[--at]];
		if (field->tag == tag)
			return field;
		if (field->tag < tag)
			return NULL;
	}
	return NULL;
}

static int compare_kind(const struct type *type, struct str group, struct str version,
			struct str kind)
{
	int order = str_cmp(type_kind(type), kind);

	if (order == 0)
		order = str_cmp(type_group(type), group);
	return order != 0 ? order : str_cmp(type_version(type), version);
}

const struct type *type_find(struct str group, struct str version, struct str kind)
{
	uint32_t low = 0, high = registry_kind_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		const struct type *type = &schema_types[registry_kinds[middle]];
		int order = compare_kind(type, group, version, kind);
		if (order == 0)
			return type;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct type *type_find_api(struct str api_version, struct str kind)
{
	struct str version = api_version, group = str_cut(&version, '/');

	return version.at == NULL ? type_find(STR(""), group, kind)
				  : type_find(group, version, kind);
}

const struct type *type_named(struct str prefix, struct str name)
{
	uint32_t count;
	const struct type *types = type_all(&count);

	for (uint32_t i = 0; i < count; i++)
		if (str_eq(type_name(&types[i]), name) && str_eq(type_prefix(&types[i]), prefix))
			return &types[i];
	return NULL;
}

const struct type *type_all(uint32_t *count)
{
	*count = schema_type_count;
	return &schema_types[1];
}

struct str type_api_version(const struct type *type, struct arena *arena)
{
	if (type_group(type).len == 0)
		return type_version(type);
	return arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(type_group(type)),
			    STR_ARG(type_version(type)));
}

uint32_t kind_size(enum kind kind)
{
	static const uint8_t sizes[KIND_MESSAGE] = {
		[KIND_BOOL] = sizeof(bool),
		[KIND_INT32] = sizeof(int32_t),
		[KIND_INT64] = sizeof(int64_t),
		[KIND_UINT32] = sizeof(uint32_t),
		[KIND_UINT64] = sizeof(uint64_t),
		[KIND_DOUBLE] = sizeof(double),
		[KIND_TIME] = sizeof(struct wall),
		[KIND_MICRO_TIME] = sizeof(struct wall),
		[KIND_DURATION] = sizeof(int64_t),
		[KIND_INT_OR_STRING] = sizeof(struct int_or_string),
	};

	assert(kind < KIND_MESSAGE);
	return kind < KIND_STRING ? sizes[kind] : (uint32_t)sizeof(struct str);
}

uint32_t field_stride(const struct field *field)
{
	uint32_t size =
	    field->kind == KIND_MESSAGE ? field_type(field)->size : kind_size(field->kind);

	/* As the compiler does: the entry is aligned like its key, which has the strictest alignment there is. */
	if (field->shape == SHAPE_MAP)
		size = (FIELD_ENTRY_VALUE + size + 7) & ~7U;
	return size;
}

uint32_t field_size(const struct field *field)
{
	if (field->shape != SHAPE_ONE)
		return sizeof(struct block_list);
	return field->kind == KIND_MESSAGE ? (uint32_t)sizeof(void *) : kind_size(field->kind);
}

void field_clear(const struct field *field, void *record)
{
	if (field->bit != FIELD_NO_BIT)
		((uint8_t *)record)[field->bit >> 3] &= (uint8_t) ~(1U << (field->bit & 7));
	memset(field_at(field, record), 0, field_size(field));
}

static bool is_zero_block(const void *at, uint32_t size)
{
	const char *bytes = at;

	for (uint32_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

bool field_is_zero(const struct field *field, const void *record)
{
	const void *at = field_at(field, record);

	if (!field_is_set(field, record))
		return true;
	if (field->shape != SHAPE_ONE)
		return ((const struct block_list *)at)->len == 0;
	if (field->kind == KIND_MESSAGE)
		return false;
	if (field->kind >= KIND_STRING)
		return ((const struct str *)at)->len == 0;
	if (field->kind == KIND_INT_OR_STRING) {
		const struct int_or_string *value = at;
		return !value->is_string && value->number == 0;
	}
	return is_zero_block(at, kind_size(field->kind));
}

struct type_set *type_set_new(void)
{
	struct arena *arena = arena_new(0);
	struct type_set *set = arena_new_of(arena, struct type_set);

	set->arena = arena;
	atomic_init(&set->refs, 1);
	return set;
}

struct arena *type_set_arena(struct type_set *set)
{
	return set->arena;
}

void type_set_ref(struct type_set *set)
{
	if (set != NULL)
		atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
}

void type_set_unref(struct type_set *set)
{
	if (set != NULL && atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) == 1)
		arena_free(set->arena);
}
