#include "datastore/object/apply/record-fields.h"

#include "datastore/object/apply/fields-private.h"
#include "datastore/object/apply/raw.h"
#include "datastore/object/apply/slot.h"
#include "datastore/object/record.h"
#include "runtime/base/limits.h"

static struct fields_step name_step(struct str name)
{
	return (struct fields_step){ FIELDS_NAME, name };
}

static bool is_rest(const struct type *type, const struct field *field)
{
	return type->rest != 0 && field == &type_fields(type)[type->rest - 1];
}

/* ---- what one has --------------------------------------------------------------------------------------------- */

/* The way to where the walk is, for words. */
struct trail {
	const struct trail *up;
	struct fields_step step;
};

struct having {
	struct arena *arena;
	bool is_strict;     /* elements that cannot be told apart are a fault */
	enum status status; /* of the first fault */
	struct fault *why;
};

static void have(struct having *h, struct slot slot, struct slot_value value,
		 const struct trail *trail, struct fields_builder *out, bool *is_owned);

static void add_having(struct having *h, struct fields_step step, struct slot slot,
		       struct slot_value value, bool is_owned, const struct trail *up,
		       struct fields_builder *out)
{
	struct trail trail = { up, step };
	struct fields_builder below = { .arena = h->arena };

	slot_unwrap(&slot, &value, SLOT_SAID);
	have(h, slot, value, &trail, &below, &is_owned);
	fields_add(out, step, is_owned, fields_built(&below));
}

static void have_map(struct having *h, const struct field *field, const struct block_list *map,
		     const struct trail *trail, struct fields_builder *out)
{
	for (uint32_t i = 0; i < map->len; i++) {
		const char *block = (char *)map->at + (size_t)i * field_stride(field);

		add_having(h, name_step(*(const struct str *)block), (struct slot){ field, true },
			   slot_element(field, block), true, trail, out);
	}
}

static void have_struct(struct having *h, const struct type *type, const void *record,
			const struct trail *trail, struct fields_builder *out)
{
	record = record_or_empty(type, record);
	for (uint32_t i = 0; i < type->field_count && h->status == OK; i++) {
		const struct field *field = &type_fields(type)[type_by_name(type)[i]];
		struct slot_value value = slot_value(SLOT_SAID, field, record);

		if (field->flags & FIELD_INLINE)
			have_struct(h, field_type(field), value.at, trail, out);
		else if (is_rest(type, field))
			have_map(h, field, value.at, trail, out);
		else if (value.is_there)
			add_having(h, name_step(field_name(field)), (struct slot){ field, false },
				   value, false, trail, out);
	}
}

static void print_trail(const struct trail *trail, struct arena *arena, struct text *out)
{
	if (trail == NULL)
		return;
	print_trail(trail->up, arena, out);
	fields_step_print(trail->step, arena, out);
}

static void fail_at(struct having *h, const struct trail *trail, const char *words)
{
	struct text path = text_in(h->arena, sizeof h->why->text);

	h->status = INVALID;
	print_trail(trail, h->arena, &path);
	fault_set(h->why, INVALID, "", STR_FMT ": %s", STR_ARG(text_str(&path)), words);
}

static void fail_twice(struct having *h, const struct trail *trail, struct fields_step step)
{
	struct text words = text_in(h->arena, sizeof h->why->text);

	text_lit(&words, "duplicate entries for key ");
	fields_step_print(step, h->arena, &words);
	fail_at(h, trail, arena_cstr(h->arena, text_str(&words)));
}

/* Of elements that cannot be told apart only that they are there is owned, by all of them together. */
static void have_list(struct having *h, const struct field *field, const struct block_list *list,
		      const struct trail *trail, struct fields_builder *out)
{
	struct fault why = { 0 };
	struct slot_items items;

	if (slot_items(field, list, SLOT_SAID, h->arena, &items, &why) != OK) {
		if (h->is_strict)
			fail_at(h, trail, why.text);
		return;
	}
	for (uint32_t i = 0; i < items.len && h->status == OK; i++) {
		const struct slot_item *item = items.order[i];

		if (item->same == 1)
			add_having(h, item->step, (struct slot){ field, true },
				   slot_element(field, item->at), true, trail, out);
		else if (h->is_strict)
			fail_twice(h, trail, item->step);
		else
			fields_add(out, item->step, true, (struct fields){ 0 });
	}
}

static void add_all(struct fields_builder *out, struct fields set)
{
	for (uint32_t i = 0; i < set.len; i++)
		fields_add(out, set.at[i].step, set.at[i].is_owned, set.at[i].below);
}

/* What stands in a slot that was unwrapped. */
static void have(struct having *h, struct slot slot, struct slot_value value,
		 const struct trail *trail, struct fields_builder *out, bool *is_owned)
{
	enum slot_sort sort = slot_sort(slot);

	if (sort == SLOT_LEAF || value.is_null ||
	    (sort == SLOT_RAW && !raw_is_object(slot_raw(value))) ||
	    (sort != SLOT_LIST && slot_is_empty(slot, value, SLOT_SAID)))
		*is_owned = true;
	else if (sort == SLOT_RAW)
		add_all(out, raw_fields(slot_raw(value), h->arena));
	else if (sort == SLOT_LIST)
		have_list(h, slot.field, value.at, trail, out);
	else if (sort == SLOT_MAP)
		have_map(h, slot.field, value.at, trail, out);
	else
		have_struct(h, field_type(slot.field), value.at, trail, out);
}

enum status record_fields_said(const struct type *type, const void *record, struct arena *arena,
			       struct fields *out, struct fault *why)
{
	struct fault unheard;
	struct having h = { .arena = arena, .is_strict = true, .why = why != NULL ? why : &unheard };
	struct fields_builder builder = { .arena = arena };

	have_struct(&h, type, record, NULL, &builder);
	if (h.status == OK)
		*out = fields_built(&builder);
	return h.status;
}

struct fields record_fields_of(const struct type *type, const void *record, struct arena *arena)
{
	struct fault unheard;
	struct having h = { .arena = arena, .why = &unheard };
	struct fields_builder builder = { .arena = arena };

	have_struct(&h, type, record, NULL, &builder);
	return fields_built(&builder);
}

/* ---- what two differ in ------------------------------------------------------------------------------------------- */

/* How far the two sides say what they have. */
struct comparison {
	struct arena *arena;
	enum slot_view before, after;
};

/* What is known of one node: what is below it, and whether it is in the sets itself. */
struct sides {
	struct fields_builder changed, removed;
	bool is_changed, is_removed;
};

static void compare_slot(const struct comparison *c, struct slot slot, struct slot_value a,
			 struct slot_value b, struct sides *out);

static void compare_child(const struct comparison *c, struct fields_step step, struct slot slot,
			  struct slot_value a, struct slot_value b, struct sides *out)
{
	struct sides child = { .changed = { .arena = c->arena }, .removed = { .arena = c->arena } };

	compare_slot(c, slot, a, b, &child);
	fields_add(&out->changed, step, child.is_changed, fields_built(&child.changed));
	fields_add(&out->removed, step, child.is_removed, fields_built(&child.removed));
}

static const char *entry_at(const struct field *field, const struct block_list *map, uint32_t i)
{
	return map != NULL && i < map->len ? (char *)map->at + (size_t)i * field_stride(field)
					   : NULL;
}

/* Entries stand in order of their keys. */
static void compare_maps(const struct comparison *c, const struct field *field,
			 const struct block_list *a, const struct block_list *b, struct sides *out)
{
	struct slot slot = { field, true };

	for (uint32_t i = 0, j = 0;;) {
		const char *x = entry_at(field, a, i), *y = entry_at(field, b, j);
		struct slot_value from = { 0 }, to = { 0 };
		struct str key;
		int order;

		if (x == NULL && y == NULL)
			return;
		order = x == NULL   ? 1
			: y == NULL ? -1
				    : str_cmp(*(const struct str *)x, *(const struct str *)y);
		key = *(const struct str *)(order <= 0 ? x : y);
		if (order <= 0) {
			from = slot_element(field, x);
			i++;
		}
		if (order >= 0) {
			to = slot_element(field, y);
			j++;
		}
		compare_child(c, name_step(key), slot, from, to, out);
	}
}

/* NULL: there is none, and so are its members; an empty one has those that are always there. */
static void compare_structs(const struct comparison *c, const struct type *type, const void *a,
			    const void *b, struct sides *out)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[type_by_name(type)[i]];
		struct slot_value x = { 0 }, y = { 0 };

		if (a != NULL)
			x = slot_value(c->before, field, a);
		if (b != NULL)
			y = slot_value(c->after, field, b);
		if (field->flags & FIELD_INLINE)
			compare_structs(c, field_type(field),
					a ? record_or_empty(field_type(field), x.at) : NULL,
					b ? record_or_empty(field_type(field), y.at) : NULL, out);
		else if (is_rest(type, field))
			compare_maps(c, field, x.at, y.at, out);
		else if (x.is_there || y.is_there)
			compare_child(c, name_step(field_name(field)),
				      (struct slot){ field, false }, x, y, out);
	}
}

static uint32_t group_end(const struct slot_items *items, uint32_t from)
{
	return from < items->len ? from + items->order[from]->same : from;
}

static bool equal_groups(const struct field *field, struct slot_item *const *a,
			 struct slot_item *const *b, uint32_t count)
{
	struct slot slot = { field, true };

	for (uint32_t i = 0; i < count; i++)
		if (!slot_equal(slot, slot_element(field, a[i]->at), slot_element(field, b[i]->at)))
			return false;
	return true;
}

/* The elements of one step on both sides. Those that cannot be told apart are one value. */
static void compare_group(const struct comparison *c, const struct field *field,
			  struct slot_item *const *a, uint32_t count_a, struct slot_item *const *b,
			  uint32_t count_b, struct sides *out)
{
	struct fields_step step = count_a > 0 ? a[0]->step : b[0]->step;
	struct slot_value none = { 0 };
	struct slot_value x = count_a == 1 ? slot_element(field, a[0]->at) : none;
	struct slot_value y = count_b == 1 ? slot_element(field, b[0]->at) : none;

	if (x.is_there || y.is_there)
		compare_child(c, step, (struct slot){ field, true }, x, y, out);
	if (count_a > 1 && count_b > 1) {
		if (count_a != count_b || !equal_groups(field, a, b, count_a))
			fields_add(&out->changed, step, true, (struct fields){ 0 });
	} else if (count_a > 1) {
		fields_add(&out->removed, step, true, (struct fields){ 0 });
	} else if (count_b > 1) {
		fields_add(&out->changed, step, true, (struct fields){ 0 });
	}
}

static bool items_of(const struct comparison *c, const struct field *field, struct slot_value value,
		     enum slot_view view, struct slot_items *out)
{
	static const struct block_list none;

	return slot_items(field, value.at != NULL && !value.is_null ? value.at : &none, view,
			  c->arena, out, NULL) == OK;
}

static void compare_lists(const struct comparison *c, const struct field *field,
			  struct slot_value a, struct slot_value b, struct sides *out)
{
	struct slot_items x, y;

	if (!items_of(c, field, a, c->before, &x) || !items_of(c, field, b, c->after, &y))
		return; /* elements without keys: nobody can own them */
	for (uint32_t i = 0, j = 0; i < x.len || j < y.len;) {
		int order = i == x.len   ? 1
			    : j == y.len ? -1
					 : fields_step_cmp(x.order[i]->step, y.order[j]->step);
		uint32_t i_end = order <= 0 ? group_end(&x, i) : i;
		uint32_t j_end = order >= 0 ? group_end(&y, j) : j;

		compare_group(c, field, &x.order[i], i_end - i, &y.order[j], j_end - j, out);
		i = i_end;
		j = j_end;
	}
}

static void compare_leaves(struct slot slot, struct slot_value a, struct slot_value b,
			   struct sides *out)
{
	if (!a.is_there)
		out->is_changed = true;
	else if (!b.is_there)
		out->is_removed = true;
	else if (!slot_equal(slot, a, b))
		out->is_changed = true;
}

static void compare_raw(const struct comparison *c, struct slot_value a, struct slot_value b,
			struct sides *out)
{
	struct raw_change change = raw_compare(slot_raw(a), slot_raw(b), c->arena);

	add_all(&out->changed, change.changed);
	add_all(&out->removed, change.removed);
	out->is_changed = change.is_changed;
	out->is_removed = change.is_removed;
}

static const void *struct_of(const struct type *type, struct slot_value value)
{
	return value.is_there && !value.is_null ? record_or_empty(type, value.at) : NULL;
}

static void compare_slot(const struct comparison *c, struct slot slot, struct slot_value a,
			 struct slot_value b, struct sides *out)
{
	struct slot from = slot;
	enum slot_sort sort;

	slot_unwrap(&from, &a, c->before);
	slot_unwrap(&slot, &b, c->after);
	sort = slot_sort(slot);
	if (sort == SLOT_RAW) {
		compare_raw(c, a, b, out);
		return;
	}
	if (sort == SLOT_LEAF ||
	    (slot_is_empty(slot, a, c->before) && slot_is_empty(slot, b, c->after))) {
		compare_leaves(slot, a, b, out);
		return;
	}
	/* To know elements by their keys costs more than to see that they are the same. */
	if (sort == SLOT_LIST && c->after == SLOT_GO && a.is_there && b.is_there &&
	    slot_equal(slot, a, b))
		return;
	if (sort == SLOT_LIST)
		compare_lists(c, slot.field, a, b, out);
	else if (sort == SLOT_MAP)
		compare_maps(c, slot.field, a.is_null ? NULL : a.at, b.is_null ? NULL : b.at, out);
	else
		compare_structs(c, field_type(slot.field), struct_of(field_type(slot.field), a),
				struct_of(field_type(slot.field), b), out);
	out->is_changed = !a.is_there;
	out->is_removed = !b.is_there;
}

struct record_fields_change record_fields_compare(const struct type *type, const void *before,
						  const void *after, bool is_merged,
						  struct arena *arena)
{
	struct comparison c = { arena, SLOT_GO, is_merged ? SLOT_MERGED : SLOT_GO };
	struct sides sides = { .changed = { .arena = arena }, .removed = { .arena = arena } };

	if (before == NULL)
		before = record_new(type, arena);
	compare_structs(&c, type, before, after, &sides);
	return (struct record_fields_change){ fields_built(&sides.changed),
					      fields_built(&sides.removed) };
}

/* ---- closed ---------------------------------------------------------------------------------------------------------- */

static struct fields close_in(struct arena *arena, struct slot slot, struct fields set);

static struct fields close_struct(struct arena *arena, const struct type *type, struct fields set)
{
	struct fields_builder out = { .arena = arena };

	for (uint32_t i = 0; i < set.len; i++) {
		struct fields_node node = set.at[i];
		const struct field *path[TYPE_INLINE_DEPTH], *field = NULL;
		uint32_t depth;

		if (node.step.kind == FIELDS_NAME)
			field = type_member(type, node.step.text, path, &depth);
		if (field != NULL && node.below.len > 0) {
			node.below = close_in(arena, (struct slot){ field, false }, node.below);
			node.is_owned = true;
		}
		fields_add(&out, node.step, node.is_owned, node.below);
	}
	return fields_built(&out);
}

static struct fields close_elements(struct arena *arena, const struct field *field,
				    struct fields set)
{
	struct fields_builder out = { .arena = arena };

	for (uint32_t i = 0; i < set.len; i++)
		fields_add(&out, set.at[i].step, set.at[i].is_owned,
			   close_in(arena, (struct slot){ field, true }, set.at[i].below));
	return fields_built(&out);
}

static struct fields close_in(struct arena *arena, struct slot slot, struct fields set)
{
	struct slot_value none = { 0 };
	enum slot_sort sort;

	slot_unwrap(&slot, &none, SLOT_GO);
	sort = slot_sort(slot);
	if (set.len == 0 || sort == SLOT_LEAF || sort == SLOT_RAW)
		return set;
	return sort == SLOT_STRUCT ? close_struct(arena, field_type(slot.field), set)
				   : close_elements(arena, slot.field, set);
}

struct fields record_fields_closed(const struct type *type, struct fields set, struct arena *arena)
{
	return close_struct(arena, type, set);
}

/* ---- fitted ---------------------------------------------------------------------------------------------------------- */

static struct fields fit_in(struct arena *arena, struct slot slot, struct fields set,
			    bool *out_is_whole);

static void fit_node(struct arena *arena, struct slot slot, const struct fields_node *node,
		     struct fields_builder *out)
{
	bool is_whole = false;
	struct fields below = fit_in(arena, slot, node->below, &is_whole);

	fields_add(out, node->step, node->is_owned || is_whole, below);
}

static struct fields fit_struct(struct arena *arena, const struct type *type, struct fields set)
{
	struct fields_builder out = { .arena = arena };

	for (uint32_t i = 0; i < set.len; i++) {
		const struct field *path[TYPE_INLINE_DEPTH], *field = NULL;
		uint32_t depth;

		if (set.at[i].step.kind == FIELDS_NAME && set.at[i].below.len > 0)
			field = type_member(type, set.at[i].step.text, path, &depth);
		if (field != NULL)
			fit_node(arena, (struct slot){ field, false }, &set.at[i], &out);
		else
			fields_add(&out, set.at[i].step, set.at[i].is_owned, set.at[i].below);
	}
	return fields_built(&out);
}

static struct fields fit_in(struct arena *arena, struct slot slot, struct fields set,
			    bool *out_is_whole)
{
	struct fields_builder out = { .arena = arena };
	struct slot_value none = { 0 };
	enum slot_sort sort;

	slot_unwrap(&slot, &none, SLOT_GO);
	sort = slot_sort(slot);
	*out_is_whole = sort == SLOT_LEAF && set.len > 0;
	if (sort == SLOT_LEAF)
		return (struct fields){ 0 };
	if (set.len == 0 || sort == SLOT_RAW)
		return set;
	if (sort == SLOT_STRUCT)
		return fit_struct(arena, field_type(slot.field), set);
	for (uint32_t i = 0; i < set.len; i++)
		fit_node(arena, (struct slot){ slot.field, true }, &set.at[i], &out);
	return fields_built(&out);
}

struct fields record_fields_fitted(const struct type *type, struct fields set, struct arena *arena)
{
	return fit_struct(arena, type, set);
}
