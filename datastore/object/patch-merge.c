/*
 * Merge patches: RFC 7386, and Kubernetes' strategic kind, which also merges lists by key and obeys directives.
 *
 * Both are the same walk: each member of the patch's object meets the field of that name. Directives are members
 * that begin with `$`; they are collected before the other members of their object are looked at.
 */
#include "datastore/object/patch-private.h"
#include "datastore/object/record.h"
#include "runtime/base/limits.h"
#include "transport/wire/json.h"

#define DIRECTIVES_MAX 64U
#define FIELDS_MAX 256U /* members of the widest type, VolumeSource included, are below 64 */

enum directive { DIRECTIVE_MERGE, DIRECTIVE_REPLACE, DIRECTIVE_DELETE };

struct field_directive {
	struct str field;
	struct str raw; /* a list */
};

/* What an object of the patch says about how it is to be applied. */
struct directives {
	enum directive patch;
	struct str retain_keys; /* raw list, or absent */
	struct field_directive order[DIRECTIVES_MAX], removal[DIRECTIVES_MAX];
	uint32_t order_count, removal_count;
};

/* Where in the patch we are, for the words of strict findings. */
struct path {
	const struct path *parent;
	struct str name;
	int64_t index; /* of a list's element; -1 */
};

static enum status merge_object(struct patch *patch, const struct type *type, void *record,
				struct str raw, const struct path *path, uint32_t depth);

/* What replaces something is taken as it is: directives in it mean nothing. */
static enum status take_object(struct patch *patch, const struct type *type, void *record,
			       struct str raw, const struct path *path, uint32_t depth)
{
	enum status status;

	patch->is_strategic = false;
	patch->is_replacing = true;
	status = merge_object(patch, type, record, raw, path, depth);
	patch->is_strategic = true;
	patch->is_replacing = false;
	return status;
}

static enum status bad(const struct patch *patch, enum status status, const char *words)
{
	return fault_set(patch->why, status, "patch", "%s", words);
}

/* ---- strict findings ------------------------------------------------------------------------------------ */

static void path_print(const struct path *path, struct text *out)
{
	if (path == NULL)
		return;
	path_print(path->parent, out);
	if (path->index >= 0) {
		text_printf(out, "[%jd]", (intmax_t)path->index);
		return;
	}
	if (out->len > 0)
		text_add_char(out, '.');
	text_add(out, path->name);
}

static void find_fault(struct patch *patch, const char *what, const struct path *path,
		       struct str name)
{
	struct path leaf = { path, name, -1 };
	struct text where = text_in(patch->arena, 4 * KIB);

	if (patch->strict == NULL || patch->strict->len >= JSON_STRICT_MAX)
		return;
	if (patch->strict->at == NULL)
		patch->strict->at = arena_array(patch->arena, struct str, JSON_STRICT_MAX);
	path_print(&leaf, &where);
	patch->strict->at[patch->strict->len++] =
	    arena_printf(patch->arena, "%s field \"" STR_FMT "\"", what, STR_ARG(text_str(&where)));
}

/* ---- directives --------------------------------------------------------------------------------------------- */

static enum status take_patch_directive(struct patch *patch, struct json *in, struct directives *out)
{
	struct str word;

	if (json_peek(in) != JSON_STRING || !json_string(in, patch->arena, &word))
		return bad(patch, BAD_REQUEST, "invalid value for special key: $patch");
	if (str_is(word, "replace"))
		out->patch = DIRECTIVE_REPLACE;
	else if (str_is(word, "delete"))
		out->patch = DIRECTIVE_DELETE;
	else
		return fault_set(patch->why, BAD_REQUEST, "patch", "unknown patch type: " STR_FMT,
				 STR_ARG(word));
	return OK;
}

static enum status take_list(struct patch *patch, struct json *in, struct str name,
			     struct field_directive *list, uint32_t *count, const char *words)
{
	int64_t slash = str_find_char(name, '/');
	struct str raw;

	if (*count == DIRECTIVES_MAX || json_peek(in) != JSON_ARRAY || !json_skip(in, &raw))
		return bad(patch, BAD_REQUEST, words);
	list[(*count)++] =
	    (struct field_directive){ str_slice(name, (uint32_t)slash + 1, name.len), raw };
	return OK;
}

static enum status take_directive(struct patch *patch, struct json *in, struct str name,
				  struct directives *out)
{
	if (str_is(name, "$patch"))
		return take_patch_directive(patch, in, out);
	if (str_is(name, "$retainKeys")) {
		if (json_peek(in) != JSON_ARRAY || !json_skip(in, &out->retain_keys))
			return bad(patch, BAD_REQUEST, "invalid patch format of retainKeys");
		return OK;
	}
	if (str_starts(name, STR("$setElementOrder/")))
		return take_list(patch, in, name, out->order, &out->order_count,
				 "invalid patch format of setElementOrder list");
	if (str_starts(name, STR("$deleteFromPrimitiveList/")))
		return take_list(patch, in, name, out->removal, &out->removal_count,
				 "invalid patch format of primitive list");
	json_skip(in, NULL);
	return OK;
}

static bool is_directive(const struct patch *patch, struct str name)
{
	return (patch->is_strategic && name.len > 0 && name.at[0] == '$') ||
	       (patch->is_replacing && str_is(name, "$patch"));
}

static enum status read_directives(struct patch *patch, struct str raw, struct directives *out)
{
	struct json in = json_of(raw);
	struct str name;

	memset(out, 0, sizeof *out);
	if (!patch->is_strategic)
		return OK;
	if (json_peek(&in) != JSON_OBJECT)
		return bad(patch, BAD_REQUEST, "invalid JSON document");
	for (json_enter(&in); json_member(&in, patch->arena, &name);) {
		if (is_directive(patch, name))
			TRY(take_directive(patch, &in, name, out));
		else
			json_skip(&in, NULL);
	}
	return json_end(&in, patch->why);
}

/* ---- values without a table: raw JSON ------------------------------------------------------------------------- */

static struct str raw_member(struct patch *patch, struct str object, struct str wanted)
{
	struct json in = json_of(object);
	struct str name, raw, found = STR_NONE;

	if (json_peek(&in) != JSON_OBJECT)
		return STR_NONE;
	for (json_enter(&in); json_member(&in, patch->arena, &name);)
		if (json_skip(&in, &raw) && str_eq(name, wanted))
			found = raw;
	return found;
}

static void add_member(struct text *out, bool *is_first, struct str name)
{
	if (!*is_first)
		text_add_char(out, ',');
	*is_first = false;
	json_write_string(out, name);
	text_add_char(out, ':');
}

/* MergePatch(Target, Patch) of RFC 7386, section 2, from text to text. */
static void merge_raw(struct patch *patch, struct str target, struct str raw, struct text *out,
		      uint32_t depth)
{
	struct json in = json_of(raw), old = json_of(target);
	struct str name, value;
	bool is_first = true;

	if (depth > LIMIT_NESTING || json_peek(&in) != JSON_OBJECT) {
		json_write_compact(out, raw);
		return;
	}
	text_add_char(out, '{');
	if (target.len > 0 && json_peek(&old) == JSON_OBJECT)
		for (json_enter(&old);
		     json_member(&old, patch->arena, &name) && json_skip(&old, &value);)
			if (raw_member(patch, raw, name).at == NULL) {
				add_member(out, &is_first, name);
				json_write_compact(out, value);
			}
	for (json_enter(&in); json_member(&in, patch->arena, &name) && json_skip(&in, &value);) {
		if (str_is(value, "null"))
			continue;
		add_member(out, &is_first, name);
		merge_raw(patch, raw_member(patch, target, name), value, out, depth + 1);
	}
	text_add_char(out, '}');
}

static bool is_raw(const struct field *field)
{
	return field->kind == KIND_RAW || field->kind == KIND_JSON || field->kind == KIND_ANY ||
	       field->kind == KIND_FIELDS_V1;
}

static enum status merge_raw_field(struct patch *patch, const struct field *field, void *record,
				   struct str raw)
{
	struct str *value = field_at(field, record);
	struct text out = text_in(patch->arena, LIMIT_BODY_BYTES);

	merge_raw(patch, *value, raw, &out, 0);
	return json_decode_field(field, text_str(&out), patch->arena, record, patch->why);
}

/* ---- maps ------------------------------------------------------------------------------------------------------ */

static enum status merge_entry(struct patch *patch, const struct field *field, void *record,
			       struct str key, struct str raw, const struct path *path,
			       uint32_t depth)
{
	bool is_there;
	uint32_t at = patch_find_key(field, record, key, &is_there);
	void *block;

	if (str_is(raw, "null") && !patch->is_replacing) {
		if (is_there)
			patch_remove(field, record, at);
		return OK;
	}
	if (is_there) {
		block = patch_block(field, patch_blocks(field, record), at);
	} else {
		block = patch_insert(patch, field, record, at);
		*(struct str *)block = arena_str(patch->arena, key);
	}
	/* What is put in the place of something has nothing to remove: null is the value that it has in a map of such. */
	if (str_is(raw, "null"))
		return OK;
	if (field->kind == KIND_MESSAGE && field->type->form == FORM_OBJECT && raw.at[0] == '{')
		return merge_object(patch, field->type, (char *)block + FIELD_ENTRY_VALUE, raw,
				    path, depth);
	return patch_decode_element(patch, field, block, raw);
}

static bool is_listed(struct patch *patch, struct str list, struct str name)
{
	struct json in = json_of(list);
	struct str word;

	for (json_enter(&in); json_element(&in) && json_peek(&in) == JSON_STRING &&
			      json_string(&in, patch->arena, &word);)
		if (str_eq(word, name))
			return true;
	return false;
}

/* Who says what is to be kept has to name what it gives. */
static enum status check_retained(struct patch *patch, struct str raw, struct str keys)
{
	struct json in = json_of(raw);
	struct str name, value;

	if (keys.at == NULL)
		return OK;
	for (json_enter(&in); json_member(&in, patch->arena, &name) && json_skip(&in, &value);)
		if (!is_directive(patch, name) && !str_is(value, "null") &&
		    !is_listed(patch, keys, name))
			return bad(patch, BAD_REQUEST, "invalid patch format of retainKeys");
	return json_end(&in, patch->why);
}

static enum status retain_entries(struct patch *patch, const struct field *field, void *record,
				  struct str raw, struct str keys)
{
	TRY(check_retained(patch, raw, keys));
	for (uint32_t i = patch_blocks(field, record)->len; i-- > 0;)
		if (!is_listed(patch, keys,
			       *(struct str *)patch_block(field, patch_blocks(field, record), i)))
			patch_remove(field, record, i);
	return OK;
}

static enum status merge_entries(struct patch *patch, const struct field *field, void *record,
				 struct str raw, const struct path *path, uint32_t depth)
{
	struct json in = json_of(raw);
	struct str key, value;

	if (patch_blocks(field, record)->at == NULL)
		patch_blocks(field, record)->at = record_array(field, patch->arena, 0);
	for (json_enter(&in); json_member(&in, patch->arena, &key) && json_skip(&in, &value);) {
		struct path here = { path, key, -1 };

		if (!is_directive(patch, key))
			TRY(merge_entry(patch, field, record, key, value, &here, depth));
	}
	return json_end(&in, patch->why);
}

/* As take_object. */
static enum status take_map(struct patch *patch, const struct field *field, void *record,
			    struct str raw, const struct path *path, uint32_t depth)
{
	enum status status;

	patch->is_strategic = false;
	patch->is_replacing = true;
	status = merge_entries(patch, field, record, raw, path, depth);
	patch->is_strategic = true;
	patch->is_replacing = false;
	return status;
}

static enum status merge_map(struct patch *patch, const struct field *field, void *record,
			     struct str raw, const struct path *path, uint32_t depth)
{
	struct directives directives;

	TRY(read_directives(patch, raw, &directives));
	/* Where nothing is there is nothing to replace: upstream drops the whole of it then. */
	if (directives.patch == DIRECTIVE_DELETE ||
	    (directives.patch == DIRECTIVE_REPLACE && patch_blocks(field, record)->len == 0)) {
		field_clear(field, record);
		return OK;
	}
	if (directives.patch == DIRECTIVE_REPLACE) {
		field_clear(field, record);
		return take_map(patch, field, record, raw, path, depth);
	}
	if (directives.retain_keys.at != NULL && field_is_set(field, record))
		TRY(retain_entries(patch, field, record, raw, directives.retain_keys));
	return merge_entries(patch, field, record, raw, path, depth);
}

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
	       raw_member(patch, element, STR("$patch")).at != NULL;
}

/*
 * A whole list, each message decoded by this walk so that strict findings inside are made too. What meets a list has its directives
 * passed over; where there is none, an element that has one goes with it.
 */
static enum status replace_list(struct patch *patch, const struct field *field, void *record,
				struct str raw, const struct path *path, uint32_t depth)
{
	bool is_there = is_list_there(field, record), is_strategic = patch->is_strategic;
	struct json in = json_of(raw);
	struct str value;

	if (field->kind != KIND_MESSAGE || field->type->form != FORM_OBJECT ||
	    json_peek(&in) != JSON_ARRAY)
		return json_decode_field(field, raw, patch->arena, record, patch->why);
	field_clear(field, record);
	patch_blocks(field, record)->at = record_array(field, patch->arena, 0);
	for (json_enter(&in); json_element(&in) && json_skip(&in, &value);) {
		uint32_t len = patch_blocks(field, record)->len;
		struct path here = { path, STR_NONE, len };
		void *block;

		if (!is_there && is_special(patch, value))
			continue;
		block = patch_insert(patch, field, record, len);
		if (value.at[0] == '{' && is_strategic)
			TRY(take_object(patch, field->type, block, value, &here, depth));
		else if (value.at[0] == '{')
			TRY(merge_object(patch, field->type, block, value, &here, depth));
		else
			TRY(patch_decode_element(patch, field, block, value));
	}
	return json_end(&in, patch->why);
}

/* The merge key's value of a message, as text: numbers and strings compare alike. */
static struct str key_of(struct patch *patch, const struct field *field, const void *block)
{
	return record_value(field->type, block, field->rules->merge_key, patch->arena);
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
	struct str raw = raw_member(patch, element, field->rules->merge_key), text;
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
			 STR_ARG(element), STR_ARG(field->rules->merge_key));
}

/* Elements that are to go have gone before any other is looked at, all that have the key. */
static enum status remove_messages(struct patch *patch, const struct field *field, void *record,
				   struct str raw)
{
	struct json in = json_of(raw);
	struct directives directives;
	struct str element, key;

	for (json_enter(&in); json_element(&in) && json_skip(&in, &element);) {
		if (element.at[0] != '{')
			return bad(patch, BAD_REQUEST,
				   "expected a map in the list of a strategic merge patch");
		TRY(read_directives(patch, element, &directives));
		if (directives.patch != DIRECTIVE_DELETE)
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
				 struct str element, const struct path *path, uint32_t depth)
{
	struct str key = raw_key(patch, field, element);
	struct directives directives;
	uint32_t at;
	void *block;

	TRY(read_directives(patch, element, &directives));
	if (key.at == NULL)
		return key_is_missing(patch, field, element);
	at = find_by_key(patch, field, record, key);
	if (at == UINT32_MAX) {
		block = patch_insert(patch, field, record, patch_blocks(field, record)->len);
		return take_object(patch, field->type, block, element, path, depth);
	}
	TRY(check_retained(patch, element, directives.retain_keys));
	block = patch_block(field, patch_blocks(field, record), at);
	return merge_object(patch, field->type, block, element, path, depth);
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
static struct block_list copy_list(const struct patch *patch, const struct field *field,
				   void *record)
{
	const struct block_list *list = patch_blocks(field, record);
	size_t bytes = (size_t)list->len * field_stride(field);
	struct block_list copy = { arena_alloc(patch->arena, bytes + 1), list->len };

	if (bytes > 0)
		memcpy(copy.at, list->at, bytes);
	return copy;
}

static enum status set_order(struct patch *patch, const struct field *field, void *record,
			     struct str order, const struct block_list *old, bool is_merged);

/* Where no list is there is nothing to merge with: keys and values may then stand in it twice. */
static enum status take_list_as_it_is(struct patch *patch, const struct field *field, void *record,
				      struct str raw, const struct path *path, uint32_t depth)
{
	struct json in = json_of(raw);
	struct str element;
	int64_t index = 0;

	patch_blocks(field, record)->at = record_array(field, patch->arena, 0);
	for (json_enter(&in); json_element(&in) && json_skip(&in, &element); index++) {
		struct path here = { path, STR_NONE, index };
		bool is_object = field->kind == KIND_MESSAGE && element.at[0] == '{';
		void *block;

		if (is_special(patch, element))
			continue;
		block = patch_insert(patch, field, record, patch_blocks(field, record)->len);
		if (is_object)
			TRY(merge_object(patch, field->type, block, element, &here, depth));
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
		is_found =
		    is_found || str_is(raw_member(patch, element, STR("$patch")), "\"replace\"");
	return is_found;
}

static enum status merge_list(struct patch *patch, const struct field *field, void *record,
			      struct str raw, const struct path *path, uint32_t depth)
{
	struct json in = json_of(raw);
	bool is_message = field->kind == KIND_MESSAGE;
	struct block_list old;
	struct str element;
	int64_t index = 0;

	if (json_peek(&in) != JSON_ARRAY)
		return bad(patch, BAD_REQUEST, "expected a list in a strategic merge patch");
	if (!is_list_there(field, record))
		return take_list_as_it_is(patch, field, record, raw, path, depth);
	if (is_message && replaces_list(patch, raw)) {
		field_clear(field, record);
		return take_list_as_it_is(patch, field, record, raw, path, depth);
	}
	if (is_message)
		TRY(remove_messages(patch, field, record, raw));
	old = copy_list(patch, field, record);
	for (json_enter(&in); json_element(&in) && json_skip(&in, &element); index++) {
		struct path here = { path, STR_NONE, index };

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
	return set_order(patch, field, record, raw, &old, false);
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
			return bad(patch, BAD_REQUEST,
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
static enum status set_order(struct patch *patch, const struct field *field, void *record,
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

static enum status remove_values(struct patch *patch, const struct field *field, void *record,
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

/* ---- objects ------------------------------------------------------------------------------------------------------- */

static enum status merge_field(struct patch *patch, const struct field *field, void *record,
			       struct str raw, const struct path *path, uint32_t depth)
{
	bool is_replaced = patch->is_strategic && (field->flags & FIELD_REPLACE) != 0;
	void **message;
	struct directives directives;

	if (str_is(raw, "null")) {
		field_clear(field, record);
		return OK;
	}
	if (field->shape == SHAPE_MAP && !is_replaced && raw.at[0] == '{')
		return merge_map(patch, field, record, raw, path, depth);
	if (field->shape == SHAPE_LIST) {
		bool has_key = field->rules != NULL && field->rules->merge_key.at != NULL;

		if (patch->is_strategic && (field->flags & FIELD_MERGE) != 0 &&
		    (has_key || field->kind != KIND_MESSAGE))
			return merge_list(patch, field, record, raw, path, depth);
		return replace_list(patch, field, record, raw, path, depth);
	}
	if (field->shape == SHAPE_ONE && is_raw(field) && !patch->is_strategic)
		return merge_raw_field(patch, field, record, raw);
	if (field->shape != SHAPE_ONE || field->kind != KIND_MESSAGE ||
	    field->type->form != FORM_OBJECT || raw.at[0] != '{')
		return json_decode_field(field, raw, patch->arena, record, patch->why);
	TRY(read_directives(patch, raw, &directives));
	message = field_at(field, record);
	if (directives.patch == DIRECTIVE_DELETE ||
	    (directives.patch == DIRECTIVE_REPLACE && *message == NULL)) {
		field_clear(field, record);
		return OK;
	}
	if (*message != NULL && directives.patch == DIRECTIVE_MERGE)
		TRY(check_retained(patch, raw, directives.retain_keys));
	if (*message == NULL || is_replaced || directives.patch == DIRECTIVE_REPLACE)
		*message = record_new(field->type, patch->arena);
	if (directives.patch == DIRECTIVE_REPLACE)
		return take_object(patch, field->type, *message, raw, path, depth);
	return merge_object(patch, field->type, *message, raw, path, depth);
}

/* The record that holds a member: the object's own, or an inlined message's, made where it is absent. */
static void *holder(struct patch *patch, void *record, const struct field *const *chain,
		    uint32_t depth)
{
	for (uint32_t i = 0; i < depth; i++) {
		void **inlined = field_at(chain[i], record);

		if (*inlined == NULL)
			*inlined = record_new(chain[i]->type, patch->arena);
		record = *inlined;
	}
	return record;
}

static void retain(struct patch *patch, const struct type *type, void *record, struct str keys)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type->fields[i];
		void *inlined =
		    (field->flags & FIELD_INLINE) != 0 ? *(void **)field_at(field, record) : NULL;

		if ((field->flags & FIELD_INLINE) != 0) {
			if (inlined != NULL)
				retain(patch, field->type, inlined, keys);
		} else if (!is_listed(patch, keys, field->name))
			field_clear(field, record);
	}
}

/* What $deleteFromPrimitiveList says happens before the members, what $setElementOrder says after them. */
static enum status each_list(struct patch *patch, const struct type *type, void *record,
			     const struct field_directive *list, uint32_t count,
			     const struct block_list *old)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct field *chain[TYPE_INLINE_DEPTH], *field;
		uint32_t depth = 0;
		void *held;

		field = type_member(type, list[i].field, chain, &depth);
		if (field == NULL || field->shape != SHAPE_LIST)
			continue;
		held = holder(patch, record, chain, depth);
		if (old == NULL)
			TRY(remove_values(patch, field, held, list[i].raw));
		else if (field->kind != KIND_MESSAGE || (field->rules && field->rules->merge_key.at))
			TRY(set_order(patch, field, held, list[i].raw, &old[i], true));
	}
	return OK;
}

static void old_lists(struct patch *patch, const struct type *type, void *record,
		      const struct directives *directives, struct block_list *out)
{
	for (uint32_t i = 0; i < directives->order_count; i++) {
		const struct field *chain[TYPE_INLINE_DEPTH], *field;
		uint32_t depth = 0;

		field = type_member(type, directives->order[i].field, chain, &depth);
		out[i] = field && field->shape == SHAPE_LIST
			     ? copy_list(patch, field, holder(patch, record, chain, depth))
			     : (struct block_list){ NULL, 0 };
	}
}

static bool is_type_member(const struct type *type, struct str name)
{
	return (type->flags & TYPE_KIND) != 0 &&
	       (str_is(name, "apiVersion") || str_is(name, "kind"));
}

static enum status merge_members(struct patch *patch, const struct type *type, void *record,
				 struct str raw, const struct path *path, uint32_t depth)
{
	struct json in = json_of(raw);
	const struct field *seen[FIELDS_MAX];
	uint32_t seen_count = 0;
	struct str name, value;

	for (json_enter(&in); json_member(&in, patch->arena, &name) && json_skip(&in, &value);) {
		const struct field *chain[TYPE_INLINE_DEPTH], *field;
		struct path here = { path, name, -1 };
		uint32_t inlined = 0;

		if (is_directive(patch, name) || is_type_member(type, name))
			continue;
		field = type_member(type, name, chain, &inlined);
		if (field == NULL) {
			find_fault(patch, "unknown", path, name);
			continue;
		}
		for (uint32_t i = 0; i < seen_count; i++)
			if (seen[i] == field)
				find_fault(patch, "duplicate", path, name);
		if (seen_count < FIELDS_MAX)
			seen[seen_count++] = field;
		TRY(merge_field(patch, field, holder(patch, record, chain, inlined), value, &here,
				depth + 1));
	}
	return json_end(&in, patch->why);
}

static enum status merge_object(struct patch *patch, const struct type *type, void *record,
				struct str raw, const struct path *path, uint32_t depth)
{
	struct directives *directives = arena_new_of(patch->arena, struct directives);
	struct block_list old[DIRECTIVES_MAX];

	if (depth > LIMIT_NESTING)
		return bad(patch, BAD_REQUEST, "exceeded max depth");
	TRY(read_directives(patch, raw, directives));
	old_lists(patch, type, record, directives, old);
	if (directives->retain_keys.at != NULL)
		retain(patch, type, record, directives->retain_keys);
	TRY(each_list(patch, type, record, directives->removal, directives->removal_count, NULL));
	TRY(merge_members(patch, type, record, raw, path, depth));
	return each_list(patch, type, record, directives->order, directives->order_count, old);
}

enum status patch_merge(struct patch *patch, const struct type *type, void *record, struct str raw)
{
	struct json in = json_of(raw);
	struct directives directives;

	if (json_peek(&in) != JSON_OBJECT)
		return bad(patch, BAD_REQUEST, "invalid JSON document");
	json_skip(&in, NULL);
	TRY(json_end(&in, patch->why));
	/* Values begin with their first token from here on. */
	raw = str_trim(raw);
	TRY(read_directives(patch, raw, &directives));
	if (directives.patch != DIRECTIVE_MERGE)
		memset(record, 0, type->size);
	if (directives.patch == DIRECTIVE_DELETE)
		return OK;
	if (directives.patch == DIRECTIVE_REPLACE)
		return take_object(patch, type, record, raw, NULL, 0);
	TRY(check_retained(patch, raw, directives.retain_keys));
	return merge_object(patch, type, record, raw, NULL, 0);
}
