#include "datastore/object/apply/overlay.h"

#include "datastore/object/apply/record-fields.h"
#include "datastore/object/apply/slot.h"
#include "datastore/object/apply/typed.h"
#include "datastore/object/record.h"
#include "runtime/base/limits.h"
#include "transport/wire/json.h"

#define WORDS_BYTES_MAX (16U * KIB)

/* ---- reading -------------------------------------------------------------------------------------------------- */

static enum status read_said(const struct type *type, struct str json, struct arena *arena,
			     void **out, struct str *words)
{
	struct json_strict strict = { 0 };
	struct json_options options = { .strict = &strict, .borrow = true };
	struct fault why = { 0 };
	void *record;

	if (json_decode(type, json, arena, options, &record, &why) != OK) {
		*words = typed_fault(type, json, arena);
		if (words->at == NULL)
			*words = arena_str(arena, str_from(why.text));
		return INVALID;
	}
	*words = typed_undeclared(&strict, arena);
	if (words->at != NULL)
		return INVALID;
	*out = record;
	return OK;
}

/* ---- what is replaced as a whole ------------------------------------------------------------------------------- */

struct atomics {
	struct arena *arena;
	struct text paths;
};

static void find_atomics(struct atomics *a, struct slot slot, struct str json, struct str path);

static void add(struct atomics *a, struct str path)
{
	if (a->paths.len > 0)
		text_lit(&a->paths, ", ");
	text_add(&a->paths, path);
}

static void in_struct(struct atomics *a, const struct type *type, struct str json, struct str path)
{
	struct json in = json_of(json);
	struct str name, value;

	if (json_peek(&in) != JSON_OBJECT)
		return;
	for (json_enter(&in); json_member(&in, a->arena, &name) && json_skip(&in, &value);) {
		const struct field *way[TYPE_INLINE_DEPTH];
		uint32_t depth;
		const struct field *field = type_member(type, name, way, &depth);

		if (field != NULL)
			find_atomics(a, (struct slot){ field, false }, value,
				     arena_printf(a->arena, STR_FMT "." STR_FMT, STR_ARG(path),
						  STR_ARG(name)));
	}
}

static void in_list(struct atomics *a, const struct field *field, struct str json, struct str path)
{
	struct json in = json_of(json);
	struct str value;
	uint32_t place = 0;

	for (json_enter(&in); json_element(&in) && json_skip(&in, &value);)
		find_atomics(a, (struct slot){ field, true }, value,
			     arena_printf(a->arena, STR_FMT "[%u]", STR_ARG(path), place++));
}

static void find_atomics(struct atomics *a, struct slot slot, struct str json, struct str path)
{
	struct slot_value none = { 0 };
	struct json in = json_of(json);
	enum json_token token = json_peek(&in);
	bool is_list = token == JSON_ARRAY;

	slot_unwrap(&slot, &none, SLOT_SAID);
	if (!is_list && token != JSON_OBJECT)
		return;
	if (slot_sort(slot) == SLOT_LEAF || (is_list && slot_sort(slot) == SLOT_RAW))
		add(a, path);
	if (is_list && !slot.is_element && slot.field->shape == SHAPE_LIST)
		in_list(a, slot.field, json, path);
	else if (!is_list && slot.field->kind == KIND_MESSAGE &&
		 (slot.is_element || slot.field->shape == SHAPE_ONE))
		in_struct(a, field_type(slot.field), json, path);
}

/* `.spec.tolerations, .spec.x`; absent: nothing. */
static struct str atomics_of(const struct type *type, struct str json, struct arena *arena)
{
	struct atomics a = { .arena = arena, .paths = text_in(arena, WORDS_BYTES_MAX) };

	in_struct(&a, type, json, STR(""));
	return a.paths.len > 0 ? text_str(&a.paths) : STR_NONE;
}

/* ---- merging ------------------------------------------------------------------------------------------------------ */

static void *pruned_copy(const struct type *type, const void *live, struct arena *arena)
{
	void *copy = record_clone_shallow(type, live, arena);

	if (copy == NULL)
		return record_new(type, arena);
	record_prune(type, copy);
	return copy;
}

void *overlay_merge(const struct type *type, const void *live, const void *said,
		    struct fields *nulls, struct record_merge_emptied *emptied)
{
	struct arena *arena = emptied->arena;
	void *merged = pruned_copy(type, live, arena);

	record_merge(type, merged, said, arena);
	*nulls = record_fields_null_values(type, *nulls, merged, arena);
	record_merge_remove(type, merged, *nulls, emptied);
	return merged;
}

static enum status refuse(struct str *words, struct arena *arena, const char *before,
			  struct str what)
{
	*words = arena_printf(arena, "%s" STR_FMT, before, STR_ARG(what));
	return INVALID;
}

enum status overlay_apply(const struct type *type, const void *live, struct str json,
			  struct arena *arena, void **out, struct str *words)
{
	static const char untyped[] = "failed to convert patch object to typed object: ";
	static const char atomic[] =
	    "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ";
	struct record_merge_emptied emptied = { .arena = arena };
	struct fields said_fields, nulls;
	struct fault why = { 0 };
	struct str what;
	void *said;

	if (read_said(type, json, arena, &said, &what) != OK)
		return refuse(words, arena, untyped, what);
	if (record_fields_said(type, said, arena, &said_fields, &why) != OK)
		return refuse(words, arena, untyped, str_from(why.text));
	what = atomics_of(type, json, arena);
	if (what.at != NULL)
		return refuse(words, arena, atomic, what);
	nulls = record_fields_nulls(type, said, json, arena);
	*out = overlay_merge(type, live, said, &nulls, &emptied);
	record_merge_clear(&emptied);
	return OK;
}
