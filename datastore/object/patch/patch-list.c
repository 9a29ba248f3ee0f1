/*
 * Lists in a merge patch: replaced, or merged by key or value, with the order that the patch asks for (`$setElementOrder`) and without what
 * it deletes (`$deleteFromPrimitiveList`).
 */
#include "datastore/object/patch/patch-merge.h"

#include "datastore/object/record.h"
#include "runtime/base/limits.h"

#define MERGE_COMPARISONS_MAX 25000000U /* lists of 3,500 elements: about a second */

/* ---- lists ------------------------------------------------------------------------------------------------------ */

/* Whether there is a list to merge with: an empty one counts where it is written out. */
static bool is_list_there(const struct field *field, void *record)
{
	const struct block_list *list = patch_blocks(field, record);

	return list->len > 0 || (list->at != NULL && (field->flags & FIELD_ALWAYS) != 0);
}

static bool is_special(struct patch *patch, struct str element)
{
	return patch->is_strategic && element.at[0] == '{' &&
	       merge_raw_member(patch, element, STR("$patch")).at != NULL;
}

/*
 * A whole list, each message decoded by this walk so that strict findings inside are made too. What meets a list has its directives
 * passed over; where there is none, an element that has one goes with it.
 */
enum status merge_replace_list(struct patch *patch, const struct field *field, void *record,
			       struct str raw, const struct merge_path *path, uint32_t depth)
{
	bool is_there = is_list_there(field, record), is_strategic = patch->is_strategic;
	struct json in = json_of(raw);
	struct str value;

	if (field->kind != KIND_MESSAGE || field_type(field)->form != FORM_OBJECT ||
	    json_peek(&in) != JSON_ARRAY)
		return json_decode_field(field, raw, patch->arena, record, patch->why);
	field_clear(field, record);
	patch_blocks(field, record)->at = record_array(field, patch->arena, 0);
	for (json_enter(&in); json_element(&in) && json_skip(&in, &value);) {
		uint32_t len = patch_blocks(field, record)->len;
		struct merge_path here = { path, STR_NONE, len };
		void *block;

		if (!is_there && is_special(patch, value))
			continue;
		block = patch_insert(patch, field, record, len);
		if (value.at[0] == '{' && is_strategic)
			TRY(merge_take_object(patch, field_type(field), block, value, &here, depth));
		else if (value.at[0] == '{')
			TRY(merge_object(patch, field_type(field), block, value, &here, depth));
		else
			TRY(patch_decode_element(patch, field, block, value));
	}
	return json_end(&in, patch->why);
}

/* The merge key's value of a message, as text: numbers and strings compare alike. */
static struct str key_of(struct patch *patch, const struct field *field, const void *block)
{
	return record_value(field_type(field), block, rules_merge_key(field_rules(field)),
			    patch->arena);
}

static uint32_t find_by_key(struct patch *patch, const struct field *field, void *record,
			    struct str key)
{
	struct block_list *list = patch_blocks(field, record);

	for (uint32_t i = 0; i < list->len; i++)
		if (str_eq(key_of(patch, field, patch_block(field, list, i)), key))
			return i;
	return UINT32_MAX;
}

/* The key's value in an element of the patch; absent: the element has none. */
static struct str raw_key(struct patch *patch, const struct field *field, struct str element)
{
	struct str raw = merge_raw_member(patch, element, rules_merge_key(field_rules(field))), text;
	struct json in;

	if (raw.at == NULL || raw.at[0] != '"')
		return raw;
	in = json_of(raw);
	return json_peek(&in) == JSON_STRING && json_string(&in, patch->arena, &text) ? text
										      : STR_NONE;
}

static enum status key_is_missing(struct patch *patch, const struct field *field, struct str element)
{
	return fault_set(patch->why, BAD_REQUEST, "patch",
			 "map: " STR_FMT " does not contain declared merge key: " STR_FMT,
			 STR_ARG(element), STR_ARG(rules_merge_key(field_rules(field))));
}

/* Elements that are to go have gone before any other is looked at, all that have the key. */
static enum status remove_messages(struct patch *patch, const struct field *field, void *record,
				   struct str raw)
{
	struct json in = json_of(raw);
	struct merge_directives directives;
	struct str element, key;

	for (json_enter(&in); json_element(&in) && json_skip(&in, &element);) {
		if (element.at[0] != '{')
			return merge_bad(patch, BAD_REQUEST,
					 "expected a map in the list of a strategic merge patch");
		TRY(merge_read_directives(patch, element, &directives));
		if (directives.patch != MERGE_DIRECTIVE_DELETE)
			continue;
		key = raw_key(patch, field, element);
		if (key.at == NULL)
			return key_is_missing(patch, field, element);
		for (uint32_t at; (at = find_by_key(patch, field, record, key)) != UINT32_MAX;)
			patch_remove(field, record, at);
	}
	return json_end(&in, patch->why);
}

static enum status merge_message(struct patch *patch, const struct field *field, void *record,
				 struct str element, const struct merge_path *path, uint32_t depth)
{
	struct str key = raw_key(patch, field, element);
	struct merge_directives directives;
	uint32_t at;
	void *block;

	TRY(merge_read_directives(patch, element, &directives));
	if (key.at == NULL)
		return key_is_missing(patch, field, element);
	at = find_by_key(patch, field, record, key);
	if (at == UINT32_MAX) {
		block = patch_insert(patch, field, record, patch_blocks(field, record)->len);
		return merge_take_object(patch, field_type(field), block, element, path, depth);
	}
	TRY(merge_check_retained(patch, element, directives.retain_keys));
	block = patch_block(field, patch_blocks(field, record), at);
	return merge_object(patch, field_type(field), block, element, path, depth);
}

static bool has_value(const struct field *field, void *record, const void *block, uint32_t until)
{
	struct block_list *list = patch_blocks(field, record);

	for (uint32_t i = 0; i < until; i++) {
		const void *have = patch_block(field, list, i);

		if (field->kind == KIND_STRING
			? str_eq(*(const struct str *)have, *(const struct str *)block)
			: memcmp(have, block, field_stride(field)) == 0)
			return true;
	}
	return false;
}

static enum status add_value(struct patch *patch, const struct field *field, void *record,
			     struct str element)
{
	uint32_t len = patch_blocks(field, record)->len;

	return patch_decode_element(patch, field, patch_insert(patch, field, record, len), element);
}

/* Values that were merged form a set: the first of each stays. */
static void keep_first_values(const struct field *field, void *record)
{
	for (uint32_t i = patch_blocks(field, record)->len; i-- > 0;)
		if (has_value(field, record, patch_block(field, patch_blocks(field, record), i), i))
			patch_remove(field, record, i);
}

/* What a list is now, while its own memory is changed. */
struct block_list merge_copy_list(const struct patch *patch, const struct field *field, void *record)
{
	const struct block_list *list = patch_blocks(field, record);
	size_t bytes = (size_t)list->len * field_stride(field);
	struct block_list copy = { arena_alloc(patch->arena, bytes + 1), list->len };

	if (bytes > 0)
		memcpy(copy.at, list->at, bytes);
	return copy;
}

/* Where no list is there is nothing to merge with: keys and values may then stand in it twice. */
static enum status take_list_as_it_is(struct patch *patch, const struct field *field, void *record,
				      struct str raw, const struct merge_path *path, uint32_t depth)
{
	struct json in = json_of(raw);
	struct str element;
	int64_t index = 0;

	patch_blocks(field, record)->at = record_array(field, patch->arena, 0);
	for (json_enter(&in); json_element(&in) && json_skip(&in, &element); index++) {
		struct merge_path here = { path, STR_NONE, index };
		bool is_object = field->kind == KIND_MESSAGE && element.at[0] == '{';
		void *block;

		if (is_special(patch, element))
			continue;
		block = patch_insert(patch, field, record, patch_blocks(field, record)->len);
		if (is_object)
			TRY(merge_object(patch, field_type(field), block, element, &here, depth));
		else
			TRY(patch_decode_element(patch, field, block, element));
	}
	return json_end(&in, patch->why);
}

/* An element that is nothing but {"$patch":"replace"} makes the others the whole list. */
static bool replaces_list(struct patch *patch, struct str raw)
{
	struct json in = json_of(raw);
	struct str element;
	bool is_found = false;

	for (json_enter(&in); json_element(&in) && json_skip(&in, &element);)
		is_found = is_found ||
			   str_is(merge_raw_member(patch, element, STR("$patch")), "\"replace\"");
	return is_found;
}

/* Each element is looked for among all: far more than any list has would hold up everybody. */
static bool is_too_long(const struct field *field, void *record, struct str raw)
{
	struct json in = json_of(raw);
	uint64_t count = 0, have = patch_blocks(field, record)->len;

	if (json_peek(&in) == JSON_ARRAY)
		for (json_enter(&in); json_element(&in) && json_skip(&in, NULL);)
			count++;
	return count * (count + have) > MERGE_COMPARISONS_MAX;
}

enum status merge_list(struct patch *patch, const struct field *field, void *record, struct str raw,
		       const struct merge_path *path, uint32_t depth)
{
	struct json in = json_of(raw);
	bool is_message = field->kind == KIND_MESSAGE;
	struct block_list old;
	struct str element;
	int64_t index = 0;

	if (json_peek(&in) != JSON_ARRAY)
		return merge_bad(patch, BAD_REQUEST, "expected a list in a strategic merge patch");
	if (!is_list_there(field, record))
		return take_list_as_it_is(patch, field, record, raw, path, depth);
	if (is_too_long(field, record, raw))
		return fault_set(patch->why, TOO_LARGE, "",
				 "the list is too long to be merged by its elements");
	if (is_message && replaces_list(patch, raw)) {
		field_clear(field, record);
		return take_list_as_it_is(patch, field, record, raw, path, depth);
	}
	if (is_message)
		TRY(remove_messages(patch, field, record, raw));
	old = merge_copy_list(patch, field, record);
	for (json_enter(&in); json_element(&in) && json_skip(&in, &element); index++) {
		struct merge_path here = { path, STR_NONE, index };

		if (is_message && is_special(patch, element))
			continue;
		if (is_message)
			TRY(merge_message(patch, field, record, element, &here, depth));
		else
			TRY(add_value(patch, field, record, element));
	}
	TRY(json_end(&in, patch->why));
	if (!is_message)
		keep_first_values(field, record);
	return merge_set_order(patch, field, record, raw, &old, false);
}

/* ---- order of lists ------------------------------------------------------------------------------------------------ */

/* One element while it is put in order: where the patch wants it, and where it stood before. */
struct placed {
	const void *block;
	uint32_t wanted; /* UINT32_MAX: the patch does not name it */
	uint32_t before; /* UINT32_MAX: it is new */
};

static bool is_same(struct patch *patch, const struct field *field, const void *a, const void *b)
{
	if (field->kind == KIND_MESSAGE)
		return str_eq(key_of(patch, field, a), key_of(patch, field, b));
	return record_equal_element(field, a, b);
}

static uint32_t place_in(struct patch *patch, const struct field *field,
			 const struct block_list *list, const void *block)
{
	for (uint32_t i = 0; i < list->len; i++)
		if (is_same(patch, field, patch_block(field, list, i), block))
			return i;
	return UINT32_MAX;
}

/*
 * The order that elements have by themselves is the old one. Once it has merged, upstream takes it from the memory that it has merged into:
 * what was added to a list of messages then stands where deleted ones have made room at its end; what found no room stands nowhere.
 */
static struct block_list order_before(struct patch *patch, const struct field *field, void *record,
				      const struct block_list *old, bool is_merged)
{
	const struct block_list *list = patch_blocks(field, record);
	struct block_list order = { arena_array(patch->arena, const void *, old->len + 1), 0 };
	uint32_t room = is_merged ? old->len : 0;
	const void **at = order.at;

	for (uint32_t i = 0; i < old->len; i++) {
		const void *block = patch_block(field, old, i);

		if (field->kind != KIND_MESSAGE || place_in(patch, field, list, block) != UINT32_MAX)
			at[order.len++] = block;
	}
	for (uint32_t i = 0; i < list->len && order.len < room; i++)
		if (place_in(patch, field, old, patch_block(field, list, i)) == UINT32_MAX)
			at[order.len++] = patch_block(field, list, i);
	return order;
}

static uint32_t place_before(struct patch *patch, const struct field *field,
			     const struct block_list *order, const void *block)
{
	const void *const *at = order->at;

	for (uint32_t i = 0; i < order->len; i++)
		if (is_same(patch, field, at[i], block))
			return i;
	return UINT32_MAX;
}

/* The index of each element in `order`, by merge key or by value. */
static enum status wanted_order(struct patch *patch, const struct field *field, void *record,
				struct str order, struct placed *placed)
{
	struct block_list *list = patch_blocks(field, record);
	struct json in = json_of(order);
	uint32_t index = 0;
	struct str element, key;
	void *value = arena_zalloc(patch->arena, field_stride(field));

	for (json_enter(&in); json_element(&in) && json_skip(&in, &element); index++) {
		bool is_message = field->kind == KIND_MESSAGE;

		key = is_message ? raw_key(patch, field, element) : STR_NONE;
		if (is_message && key.at == NULL)
			return merge_bad(patch, BAD_REQUEST,
					 "invalid patch format of setElementOrder list");
		if (!is_message)
			TRY(patch_decode_element(patch, field, value, element));
		for (uint32_t i = 0; i < list->len; i++) {
			const void *block = placed[i].block;

			if (placed[i].wanted != UINT32_MAX) /* the first place counts */
				continue;
			if (is_message ? str_eq(key_of(patch, field, block), key)
			    : field->kind == KIND_STRING
				? str_eq(*(const struct str *)block, *(const struct str *)value)
				: memcmp(block, value, field_stride(field)) == 0)
				placed[i].wanted = index;
		}
	}
	return json_end(&in, patch->why);
}

/*
 * The elements that the patch names stand in its order, the others in theirs; where both orders meet, one that stood
 * before another stays before it.
 */
static void weave(const struct placed *named, uint32_t named_count, const struct placed *others,
		  uint32_t other_count, const void **out)
{
	uint32_t i = 0, j = 0;

	while (i < other_count || j < named_count) {
		bool takes_other =
		    j == named_count ||
		    (i < other_count && named[j].before != UINT32_MAX &&
		     others[i].before != UINT32_MAX && others[i].before < named[j].before);

		*out++ = takes_other ? others[i++].block : named[j++].block;
	}
}

/* `is_merged`: the patch has been merged into the list already. */
enum status merge_set_order(struct patch *patch, const struct field *field, void *record,
			    struct str order, const struct block_list *old, bool is_merged)
{
	struct block_list *list = patch_blocks(field, record);
	size_t stride = field_stride(field);
	struct placed *all = arena_array(patch->arena, struct placed, list->len + 1);
	struct placed *named = arena_array(patch->arena, struct placed, list->len + 1);
	struct placed *others = arena_array(patch->arena, struct placed, list->len + 1);
	const void **result = arena_array(patch->arena, const void *, list->len + 1);
	const struct block_list before = order_before(patch, field, record, old, is_merged);
	uint32_t named_count = 0, other_count = 0;
	char *fresh;

	for (uint32_t i = 0; i < list->len; i++)
		all[i] = (struct placed){ patch_block(field, list, i), UINT32_MAX,
					  place_before(patch, field, &before,
						       patch_block(field, list, i)) };
	TRY(wanted_order(patch, field, record, order, all));
	for (uint32_t i = 0; i < list->len; i++) {
		uint32_t at = named_count;

		if (all[i].wanted == UINT32_MAX) { /* as they stood before */
			for (at = other_count; at > 0 && others[at - 1].before > all[i].before; at--)
				others[at] = others[at - 1];
			others[at] = all[i];
			other_count++;
			continue;
		}
		for (; at > 0 && named[at - 1].wanted > all[i].wanted; at--)
			named[at] = named[at - 1];
		named[at] = all[i];
		named_count++;
	}
	weave(named, named_count, others, other_count, result);
	fresh = arena_alloc(patch->arena, list->len * stride + 1);
	for (uint32_t i = 0; i < list->len; i++)
		memcpy(fresh + i * stride, result[i], stride);
	list->at = fresh;
	return OK;
}

enum status merge_remove_values(struct patch *patch, const struct field *field, void *record,
				struct str values)
{
	struct json in = json_of(values);
	struct str element;
	void *value = arena_zalloc(patch->arena, field_stride(field));

	for (json_enter(&in); json_element(&in) && json_skip(&in, &element);) {
		TRY(patch_decode_element(patch, field, value, element));
		for (uint32_t i = patch_blocks(field, record)->len; i-- > 0;) {
			const void *block = patch_block(field, patch_blocks(field, record), i);

			if (field->kind == KIND_STRING
				? str_eq(*(const struct str *)block, *(const struct str *)value)
				: memcmp(block, value, field_stride(field)) == 0)
				patch_remove(field, record, i);
		}
	}
	return json_end(&in, patch->why);
}
