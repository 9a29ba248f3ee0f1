#include "datastore/object/json.h"
#include "datastore/object/name.h"
#include "datastore/object/validate/validate-private.h"
#include "runtime/base/collection/sorted.h"
#include "runtime/base/limits.h"
#include "runtime/base/text.h"

/*
 * The elements of a list or map: which are the same, which may not be there twice, and of which there is one at most.
 */

#define KEYS_MAX 8U                 /* of one list; the most has four */
#define SHOWN_BYTES_MAX (64U * KIB) /* of an element that is there twice */

enum sameness { SAME_NEVER, SAME_BY_VALUE, SAME_BY_KEYS };

static const struct mark *list_mark(const struct field *field)
{
	const struct mark *mark = validate_mark_of(field, MARK_UNIQUE);

	return mark != NULL ? mark : validate_mark_of(field, MARK_LIST_TYPE);
}

static enum sameness sameness_of(const struct field *field)
{
	const struct mark *mark = list_mark(field);

	if (field->shape != SHAPE_LIST)
		return SAME_NEVER;
	if ((field->flags & FIELD_SET) != 0 || (mark != NULL && str_is(mark_value(mark), "set")))
		return field->kind == KIND_STRING ? SAME_BY_VALUE : SAME_NEVER;
	if ((field->flags & FIELD_MAP) != 0 || (mark != NULL && str_is(mark_value(mark), "map")))
		return field->kind == KIND_MESSAGE ? SAME_BY_KEYS : SAME_NEVER;
	return SAME_NEVER;
}

static uint32_t list_keys(const struct field_rules *rules, struct str out[KEYS_MAX])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < rules->key_count && count < KEYS_MAX; i++)
		out[count++] = rules_key(rules, i);
	if (count > 0)
		return count;
	for (uint32_t i = 0; i < rules->mark_count && count < KEYS_MAX; i++)
		if (rules_marks(rules)[i].name == MARK_LIST_MAP_KEY)
			out[count++] = mark_value(&rules_marks(rules)[i]);
	return count;
}

/* Absent and empty differ where a pointer may be nil; a length before each, so that no two keys look like one. */
static void add_key(struct text *out, const struct field *field, const void *record)
{
	const void *at = field_at(field, record);
	struct str text = { NULL, 0 };

	if (field->kind >= KIND_STRING && field->kind < KIND_MESSAGE)
		text = *(const struct str *)at;
	else if (field->kind < KIND_INT_OR_STRING && field_is_set(field, record))
		text = str_of(at, kind_size(field->kind));
	if (text.at == NULL && (field->flags & FIELD_PTR) != 0)
		text_add_char(out, '-');
	text_printf(out, "%u:", text.len);
	text_add(out, text);
}

/* What an element is known by among the others. */
static struct str element_key(const struct field *field, enum sameness sameness,
			      const void *element, struct arena *arena)
{
	struct str keys[KEYS_MAX];
	uint32_t count;
	struct text out;

	if (sameness == SAME_BY_VALUE)
		return *(const struct str *)element;
	out = text_in(arena, UINT32_MAX);
	count = list_keys(field_rules(field), keys);
	for (uint32_t i = 0; i < count; i++) {
		const struct field *member = type_field(field_type(field), keys[i]);

		if (member != NULL)
			add_key(&out, member, element);
	}
	return text_str(&out);
}

static const struct block_list *list_of(const struct value *value)
{
	return field_at(value->field, value->record);
}

uint32_t validate_count(const struct value *value)
{
	return list_of(value)->len;
}

const void *validate_element(const struct value *value, uint32_t i)
{
	uint32_t skip = value->field->shape == SHAPE_MAP ? FIELD_ENTRY_VALUE : 0;

	return (const char *)list_of(value)->at + (size_t)i * field_stride(value->field) + skip;
}

struct str validate_key(const struct value *map, uint32_t i)
{
	return *(const struct str *)((const char *)validate_element(map, i) - FIELD_ENTRY_VALUE);
}

static struct str shown_element(const struct value *value, const void *element, struct arena *arena)
{
	struct text out = text_in(arena, SHOWN_BYTES_MAX);

	if (value->field->kind == KIND_STRING)
		return name_quoted(arena, *(const struct str *)element);
	json_encode_element(value->field, element, &out);
	return text_str(&out);
}

void validate_unique(struct judge *judge, const struct value *value, const struct way *way)
{
	const struct mark *mark = list_mark(value->field);
	enum sameness sameness = sameness_of(value->field);
	struct arena *arena = judge->faults->arena;
	struct map seen = { 0 };

	if (mark == NULL || sameness == SAME_NEVER || mark->stage == MARK_ALPHA ||
	    validate_mark_of(value->field, MARK_CUSTOM_UNIQUE) != NULL)
		return;
	for (uint32_t i = 0; i < list_of(value)->len; i++) {
		const void *element = validate_element(value, i);
		struct str key = element_key(value->field, sameness, element, arena);
		struct way here = { .up = way, .kind = WAY_INDEX, .index = i };

		if (map_put(&seen, key, &seen) != NULL)
			validate_say(judge, mark->stage, &here, FAULT_DUPLICATE,
				     shown_element(value, element, arena), "%s", "");
	}
	map_fini(&seen);
}

struct map validate_index(const struct value *old, struct arena *arena)
{
	enum sameness sameness = sameness_of(old->field);
	struct map index = { 0 };

	if (old->record == NULL || sameness == SAME_NEVER)
		return index;
	for (uint32_t i = 0; i < list_of(old)->len; i++) {
		const void *element = validate_element(old, i);
		struct str key = element_key(old->field, sameness, element, arena);

		if (!map_has(&index, key))
			map_put(&index, key, (void *)(uintptr_t)element);
	}
	return index;
}

const void *validate_find(const struct map *index, const struct field *field, const void *element,
			  struct arena *arena)
{
	if (index->len == 0)
		return NULL;
	return map_get(index, element_key(field, sameness_of(field), element, arena));
}

const void *validate_of_key(const struct value *map, struct str key)
{
	const char *entry = NULL;

	if (map->record != NULL)
		entry =
		    sorted_find(list_of(map)->at, list_of(map)->len, field_stride(map->field), key);
	return entry != NULL ? entry + FIELD_ENTRY_VALUE : NULL;
}

/* ---- at most one of some elements ---------------------------------------------------------------------------------- */

/* "type:Approved" of an element. */
static bool is_item(const struct field *field, const void *element, struct str wish)
{
	struct str value = wish, name = str_cut(&value, ':');
	const struct field *member = type_field(field_type(field), name);

	return member != NULL && member->kind == KIND_STRING && member->shape == SHAPE_ONE &&
	       str_eq(*(const struct str *)field_at(member, element), value);
}

static bool has_item(const struct value *list, struct str wish)
{
	for (uint32_t i = 0; list->record != NULL && i < list_of(list)->len; i++)
		if (is_item(list->field, validate_element(list, i), wish))
			return true;
	return false;
}

/* conditions[{"type": "Approved"}] */
static void add_item(struct text *out, const struct field *field, struct str wish, const char *mark)
{
	struct str value = wish, name = str_cut(&value, ':');

	if (out->len > 0)
		text_lit(out, ", ");
	text_printf(out, "%s" STR_FMT "[{\"" STR_FMT "\": \"" STR_FMT "\"}]%s", mark,
		    STR_ARG(field_name(field)), STR_ARG(name), STR_ARG(value), mark);
}

void validate_items(struct judge *judge, const struct value *value, const struct value *old,
		    const struct way *way)
{
	const struct field_rules *rules = field_rules(value->field);
	struct arena *arena = judge->faults->arena;
	struct text all = text_in(arena, NAMES_BYTES_MAX), found = text_in(arena, NAMES_BYTES_MAX);
	const struct mark *last = NULL;
	bool is_changed = !judge->is_update || old->record == NULL;
	uint32_t count = 0;

	for (uint32_t i = 0; i < rules->mark_count; i++) {
		const struct mark *mark = &rules_marks(rules)[i];
		const struct mark_step *step = validate_step(mark, 0);
		bool is_there;

		if (mark->name != MARK_ZERO_OR_ONE_OF || step == NULL || step->kind != STEP_ITEM)
			continue;
		is_there = has_item(value, mark_step_arg(step));
		is_changed = is_changed || is_there != has_item(old, mark_step_arg(step));
		last = mark;
		add_item(&all, value->field, mark_step_arg(step), "`");
		if (!is_there)
			continue;
		count++;
		add_item(&found, value->field, mark_step_arg(step), "");
	}
	if (last != NULL && is_changed && count > 1)
		validate_say(judge, last->stage, way, FAULT_INVALID,
			     name_quoted(arena, arena_printf(arena, "{" STR_FMT "}",
							     STR_ARG(text_str(&found)))),
			     "must specify at most one of: " STR_FMT, STR_ARG(text_str(&all)));
}
