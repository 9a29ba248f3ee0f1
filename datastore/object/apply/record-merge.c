#include "datastore/object/apply/record-merge.h"

#include <string.h>

#include "datastore/object/apply/fields-private.h"
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
	       field->type->form == FORM_BARE;
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

/* An element or a map's value that both have, in its block, where the object's is. */
static void merge_element(const struct field *field, void *at, const void *said, struct arena *arena)
{
	if (slot_sort((struct slot){ field, true }) == SLOT_STRUCT)
		record_merge(field->type, at, said, arena);
	else
		memcpy(at, said,
		       field->kind == KIND_MESSAGE ? field->type->size : kind_size(field->kind));
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

	if (slot_items(field, list, SLOT_GO, arena, &m.live, NULL) != OK ||
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
			*message = record_new(field->type, arena);
		record = *message;
		said = *(void *const *)field_at(field, said);
		field = &field->type->fields[0];
		if (!field_is_set(field, said))
			return;
	}
	sort = slot_sort((struct slot){ field, false });
	message = field_at(field, record);
	if (sort == SLOT_LEAF || !field_is_set(field, record))
		share_field(field, record, said);
	else if (sort == SLOT_STRUCT)
		record_merge(field->type, *message, *(void *const *)field_at(field, said), arena);
	else if (sort == SLOT_MAP)
		merge_maps(field, field_at(field, record), field_at(field, said), arena);
	else
		merge_lists(field, field_at(field, record), field_at(field, said), arena);
}

void record_merge(const struct type *type, void *record, const void *said, struct arena *arena)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type->fields[i];

		if (field_is_set(field, said))
			merge_field(field, record, said, arena);
	}
}

/* ---- taken out ------------------------------------------------------------------------------------------------------ */

static bool is_left(const struct field *field, void *record)
{
	struct slot slot = { field, false };

	return !slot_is_empty(slot, slot_value(SLOT_GO, field, record), SLOT_GO);
}

static void remove_below(const struct field *field, bool is_element, void *at, struct fields set,
			 struct arena *arena)
{
	if (slot_sort((struct slot){ field, is_element }) == SLOT_STRUCT)
		record_merge_remove(field->type, at, set, arena);
}

static void remove_entries(const struct field *field, struct block_list *map, struct fields set,
			   struct arena *arena)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < map->len; i++) {
		char *block = block_of(field, map, i);
		struct fields_step step = { FIELDS_NAME, *(struct str *)block };
		const struct fields_node *node = fields_find(set, step);

		if (node != NULL && node->is_owned)
			continue;
		if (node != NULL)
			remove_below(field, true, block + FIELD_ENTRY_VALUE, node->below, arena);
		memmove(block_of(field, map, kept++), block, field_stride(field));
	}
	map->len = kept;
}

static void remove_elements(const struct field *field, struct block_list *list, struct fields set,
			    struct arena *arena)
{
	struct slot_items items;
	uint32_t kept = 0;

	if (slot_items(field, list, SLOT_GO, arena, &items, NULL) != OK)
		return;
	for (uint32_t i = 0; i < items.len; i++) {
		const struct fields_node *node = fields_find(set, items.at[i].step);
		void *block = block_of(field, list, i);

		if (node != NULL && node->is_owned)
			continue;
		if (node != NULL)
			remove_below(field, true, block, node->below, arena);
		memmove(block_of(field, list, kept++), block, field_stride(field));
	}
	list->len = kept;
}

static void remove_in_field(const struct field *field, void *record, struct fields set,
			    struct arena *arena)
{
	void *at = field_at(field, record);

	if (is_bare(field)) {
		void *message = *(void **)at;

		remove_in_field(&field->type->fields[0], message, set, arena);
		if (!field_is_set(&field->type->fields[0], message))
			field_clear(field, record);
		return;
	}
	switch (slot_sort((struct slot){ field, false })) {
	case SLOT_LEAF: return;
	case SLOT_LIST: remove_elements(field, at, set, arena); break;
	case SLOT_MAP: remove_entries(field, at, set, arena); break;
	case SLOT_STRUCT: record_merge_remove(field->type, *(void **)at, set, arena); break;
	}
	if (!is_left(field, record))
		field_clear(field, record);
}

void record_merge_remove(const struct type *type, void *record, struct fields set,
			 struct arena *arena)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type->fields[i];
		struct fields_step step = { FIELDS_NAME, field->name };
		const struct fields_node *node;

		if (!field_is_set(field, record))
			continue;
		if (field->flags & FIELD_INLINE) {
			record_merge_remove(field->type, *(void **)field_at(field, record), set,
					    arena);
			continue;
		}
		if (type->rest == i + 1) {
			remove_entries(field, field_at(field, record), set, arena);
			continue;
		}
		node = fields_find(set, step);
		if (node != NULL && node->is_owned)
			field_clear(field, record);
		else if (node != NULL)
			remove_in_field(field, record, node->below, arena);
	}
}
