#include "datastore/object/apply/record-merge.h"

#include <string.h>

#include "datastore/object/apply/fields-private.h"
#include "datastore/object/apply/raw.h"
#include "datastore/object/apply/slot.h"
#include "datastore/object/record.h"

/*
 * The order of a merged list is upstream's: elements that both have stand in the order of the configuration, what only one has keeps its
 * place among its neighbours, the object's before the configuration's.
 */

/* A message of protobuf only: in JSON it is its list or map. */
static bool is_bare(const struct field *field)
{
	return field->shape == SHAPE_ONE && field->kind == KIND_MESSAGE &&
	       field_type(field)->form == FORM_BARE;
}

static void *block_of(const struct field *field, const struct block_list *list, uint32_t i)
{
	return (char *)list->at + (size_t)i * field_stride(field);
}

/* ---- put in ------------------------------------------------------------------------------------------------------- */

static void share_field(const struct field *field, void *record, const void *said)
{
	memcpy(field_at(field, record), field_at(field, said), field_size(field));
	field_set_bit(field, record);
}

static void merge_raw(struct str *json, const struct str *said, struct arena *arena)
{
	*json = raw_merge(*json, *said, arena);
}

/* An element or a map's value that both have, in its block, where the object's is. */
static void merge_element(const struct field *field, void *at, const void *said, struct arena *arena)
{
	enum slot_sort sort = slot_sort((struct slot){ field, true });

	if (sort == SLOT_STRUCT)
		record_merge(field_type(field), at, said, arena);
	else if (sort == SLOT_RAW)
		merge_raw(at, said, arena);
	else
		memcpy(at, said,
		       field->kind == KIND_MESSAGE ? field_type(field)->size
						   : kind_size(field->kind));
}

static void merge_maps(const struct field *field, struct block_list *map,
		       const struct block_list *said, struct arena *arena)
{
	uint32_t stride = field_stride(field), len = 0, i = 0, j = 0;
	char *out = record_array(field, arena, map->len + said->len);

	while (i < map->len || j < said->len) {
		char *x = block_of(field, map, i), *y = block_of(field, said, j);
		int order = i == map->len    ? 1
			    : j == said->len ? -1
					     : str_cmp(*(struct str *)x, *(struct str *)y);

		char *to = out + (size_t)len++ * stride;

		memcpy(to, order <= 0 ? x : y, stride);
		if (order == 0)
			merge_element(field, to + FIELD_ENTRY_VALUE, y + FIELD_ENTRY_VALUE, arena);
		i += order <= 0;
		j += order >= 0;
	}
	map->at = out;
	map->len = len;
}

struct lists {
	const struct field *field;
	struct arena *arena;
	struct slot_items live, said;
	uint32_t *shared; /* places in `said` of what both have */
	uint32_t shared_len, shared_at;
	bool *is_merged; /* by place in `said` */
	struct block_list out;
};

static bool is_same(const struct slot_item *a, const struct slot_item *b)
{
	return fields_step_cmp(a->step, b->step) == 0;
}

/* The next of those that both have, in the order of the configuration; NULL: none is left. */
static const struct slot_item *next_shared(const struct lists *m)
{
	return m->shared_at < m->shared_len ? &m->said.at[m->shared[m->shared_at]] : NULL;
}

static void *put(struct lists *m, const void *block)
{
	void *to = block_of(m->field, &m->out, m->out.len++);

	memcpy(to, block, field_stride(m->field));
	return to;
}

/* The configuration's element, in what the object has of it. Those that cannot be told apart it replaces. */
static void put_said(struct lists *m, const struct slot_item *said)
{
	const struct slot_item *live = slot_find(&m->live, said->step);

	m->is_merged[said->place] = true;
	if (live == NULL || live->same > 1)
		put(m, said->at);
	else
		merge_element(m->field, put(m, live->at), said->at, m->arena);
}

static void run(struct lists *m)
{
	for (uint32_t i = 0, j = 0; i < m->live.len || j < m->said.len;) {
		const struct slot_item *live = i < m->live.len ? &m->live.at[i] : NULL;
		const struct slot_item *said = j < m->said.len ? &m->said.at[j] : NULL;
		const struct slot_item *other = live ? slot_find(&m->said, live->step) : NULL;
		const struct slot_item *next = next_shared(m);

		if (live != NULL && said != NULL && is_same(live, said)) {
			put_said(m, said);
			i++;
			j++;
			m->shared_at += next != NULL;
			continue;
		}
		/* It is wanted elsewhere. */
		if (live != NULL && said != NULL && other != NULL && next != NULL &&
		    !is_same(next, live)) {
			i++;
			continue;
		}
		if (live != NULL && other == NULL) {
			put(m, live->at);
			i++;
			continue;
		}
		if (live != NULL && m->is_merged[other->place])
			i++;
		if (said != NULL) {
			put_said(m, said);
			j++;
			m->shared_at += next != NULL && is_same(next, said);
		}
	}
}

static void merge_lists(const struct field *field, struct block_list *list,
			const struct block_list *said, struct arena *arena)
{
	struct lists m = { .field = field, .arena = arena };

	if (slot_items(field, list, SLOT_MERGED, arena, &m.live, NULL) != OK ||
	    slot_items(field, said, SLOT_SAID, arena, &m.said, NULL) != OK) {
		*list = *said; /* what the object has has no keys to go by */
		return;
	}
	m.shared = arena_array(arena, uint32_t, m.said.len);
	m.is_merged = arena_array(arena, bool, m.said.len);
	m.out.at = record_array(field, arena, m.live.len + m.said.len);
	for (uint32_t i = 0; i < m.said.len; i++)
		if (slot_find(&m.live, m.said.at[i].step) != NULL)
			m.shared[m.shared_len++] = i;
	run(&m);
	*list = m.out;
}

static void merge_field(const struct field *field, void *record, const void *said,
			struct arena *arena)
{
	enum slot_sort sort;
	void **message;

	while (is_bare(field)) {
		message = field_at(field, record);
		if (*message == NULL)
			*message = record_new(field_type(field), arena);
		record = *message;
		said = *(void *const *)field_at(field, said);
		field = &type_fields(field_type(field))[0];
		if (!field_is_set(field, said))
			return;
	}
	sort = slot_sort((struct slot){ field, false });
	message = field_at(field, record);
	if (sort == SLOT_LEAF || !field_is_set(field, record))
		share_field(field, record, said);
	else if (sort == SLOT_STRUCT)
		record_merge(field_type(field), *message, *(void *const *)field_at(field, said),
			     arena);
	else if (sort == SLOT_RAW)
		merge_raw(field_at(field, record), field_at(field, said), arena);
	else if (sort == SLOT_MAP)
		merge_maps(field, field_at(field, record), field_at(field, said), arena);
	else
		merge_lists(field, field_at(field, record), field_at(field, said), arena);
}

void record_merge(const struct type *type, void *record, const void *said, struct arena *arena)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];

		if (field_is_set(field, said))
			merge_field(field, record, said, arena);
	}
}

/* ---- taken out ------------------------------------------------------------------------------------------------------ */

static void note_emptied(struct record_merge_emptied *emptied, const struct field *field,
			 void *record)
{
	if (emptied->len == emptied->cap) {
		uint32_t cap = 2 * emptied->cap + 4;

		emptied->at =
		    arena_grow(emptied->arena, emptied->at, sizeof *emptied->at * emptied->cap,
			       sizeof *emptied->at * cap);
		emptied->cap = cap;
	}
	emptied->at[emptied->len++] = (struct record_merge_place){ field, record };
}

void record_merge_clear(const struct record_merge_emptied *emptied)
{
	for (uint32_t i = 0; i < emptied->len; i++)
		field_clear(emptied->at[i].field, emptied->at[i].record);
}

/* Elements or entries in their blocks, each with what the set says of it. */
struct blocks {
	const struct field *field;
	struct block_list *list;
	const struct fields_node **nodes;
};

static void remove_raw(struct str *json, struct fields set, struct arena *arena)
{
	if (raw_is_object(*json))
		*json = raw_remove(*json, set, arena);
}

static void remove_in_element(struct str *json, struct fields set, struct arena *arena)
{
	remove_raw(json, set, arena);
	if (raw_is_empty(*json))
		*json = STR("null");
}

/* Those that are owned go first, so that the others lie still while they are gone into. */
static void remove_blocks(struct blocks *b, struct record_merge_emptied *emptied)
{
	enum slot_sort sort = slot_sort((struct slot){ b->field, true });
	uint32_t skip = b->field->shape == SHAPE_MAP ? FIELD_ENTRY_VALUE : 0, kept = 0;

	for (uint32_t i = 0; i < b->list->len; i++) {
		if (b->nodes[i] != NULL && b->nodes[i]->is_owned)
			continue;
		memmove(block_of(b->field, b->list, kept), block_of(b->field, b->list, i),
			field_stride(b->field));
		b->nodes[kept++] = b->nodes[i];
	}
	b->list->len = kept;
	for (uint32_t i = 0; i < kept; i++) {
		char *at = (char *)block_of(b->field, b->list, i) + skip;

		if (b->nodes[i] == NULL)
			continue;
		if (sort == SLOT_STRUCT)
			record_merge_remove(field_type(b->field), at, b->nodes[i]->below, emptied);
		else if (sort == SLOT_RAW)
			remove_in_element((struct str *)at, b->nodes[i]->below, emptied->arena);
	}
}

static void remove_entries(const struct field *field, struct block_list *map, struct fields set,
			   struct record_merge_emptied *emptied)
{
	struct blocks b = { field, map, NULL };

	b.nodes = arena_array(emptied->arena, const struct fields_node *, map->len);
	for (uint32_t i = 0; i < map->len; i++) {
		struct str key = *(const struct str *)block_of(field, map, i);

		b.nodes[i] = fields_find(set, (struct fields_step){ FIELDS_NAME, key });
	}
	remove_blocks(&b, emptied);
}

static void remove_elements(const struct field *field, struct block_list *list, struct fields set,
			    struct record_merge_emptied *emptied)
{
	struct blocks b = { field, list, NULL };
	struct slot_items items;

	if (slot_items(field, list, SLOT_SAID, emptied->arena, &items, NULL) != OK)
		return;
	b.nodes = arena_array(emptied->arena, const struct fields_node *, list->len);
	for (uint32_t i = 0; i < items.len; i++)
		b.nodes[i] = fields_find(set, items.at[i].step);
	remove_blocks(&b, emptied);
}

static void remove_in_field(const struct field *field, void *record, struct fields set,
			    struct record_merge_emptied *emptied)
{
	struct slot slot = { field, false };
	void *at = field_at(field, record);

	if (is_bare(field)) {
		field = &type_fields(field_type(field))[0];
		if (field_is_set(field, *(void **)at))
			remove_in_field(field, *(void **)at, set, emptied);
		return;
	}
	switch (slot_sort(slot)) {
	case SLOT_LEAF: return;
	case SLOT_RAW: remove_raw(at, set, emptied->arena); break;
	case SLOT_LIST: remove_elements(field, at, set, emptied); break;
	case SLOT_MAP: remove_entries(field, at, set, emptied); break;
	case SLOT_STRUCT: record_merge_remove(field_type(field), *(void **)at, set, emptied); break;
	}
	if (slot_is_empty(slot, slot_value(SLOT_SAID, field, record), SLOT_SAID))
		note_emptied(emptied, field, record);
}

void record_merge_remove(const struct type *type, void *record, struct fields set,
			 struct record_merge_emptied *emptied)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];
		struct fields_step step = { FIELDS_NAME, field_name(field) };
		const struct fields_node *node;

		if (!field_is_set(field, record))
			continue;
		if (field->flags & FIELD_INLINE) {
			record_merge_remove(field_type(field), *(void **)field_at(field, record),
					    set, emptied);
			continue;
		}
		if (type->rest == i + 1) {
			remove_entries(field, field_at(field, record), set, emptied);
			continue;
		}
		node = fields_find(set, step);
		if (node != NULL && node->is_owned)
			field_clear(field, record);
		else if (node != NULL)
			remove_in_field(field, record, node->below, emptied);
	}
}
