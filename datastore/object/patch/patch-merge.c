/*
 * Merge patches: RFC 7386, and Kubernetes' strategic kind, which also merges lists by key and obeys directives.
 *
 * Both are the same walk: each member of the patch's object meets the field of that name. Directives are members
 * that begin with `$`; they are collected before the other members of their object are looked at.
 */
#include "datastore/object/patch/patch-merge.h"

#include "datastore/object/patch/operation.h"
#include "datastore/object/record.h"
#include "runtime/base/limits.h"
#include "transport/wire/json.h"

#define FIELDS_MAX 256U /* members of the widest type, VolumeSource included, are below 64 */

/* What replaces something is taken as it is: directives in it mean nothing. */
enum status merge_take_object(struct patch *patch, const struct type *type, void *record,
			      struct str raw, const struct merge_path *path, uint32_t depth)
{
	enum status status;

	patch->is_strategic = false;
	patch->is_replacing = true;
	status = merge_object(patch, type, record, raw, path, depth);
	patch->is_strategic = true;
	patch->is_replacing = false;
	return status;
}

enum status merge_bad(const struct patch *patch, enum status status, const char *words)
{
	return fault_set(patch->why, status, "patch", "%s", words);
}

/* ---- strict findings ------------------------------------------------------------------------------------ */

static void path_print(const struct merge_path *path, struct text *out)
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

static void find_fault(struct patch *patch, const char *what, const struct merge_path *path,
		       struct str name)
{
	struct merge_path leaf = { path, name, -1 };
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

static enum status take_patch_directive(struct patch *patch, struct json *in,
					struct merge_directives *out)
{
	struct str word;

	if (json_peek(in) != JSON_STRING || !json_string(in, patch->arena, &word))
		return merge_bad(patch, BAD_REQUEST, "invalid value for special key: $patch");
	if (str_is(word, "replace"))
		out->patch = MERGE_DIRECTIVE_REPLACE;
	else if (str_is(word, "delete"))
		out->patch = MERGE_DIRECTIVE_DELETE;
	else
		return fault_set(patch->why, BAD_REQUEST, "patch", "unknown patch type: " STR_FMT,
				 STR_ARG(word));
	return OK;
}

static enum status take_list(struct patch *patch, struct json *in, struct str name,
			     struct merge_field_directive *list, uint32_t *count, const char *words)
{
	int64_t slash = str_find_char(name, '/');
	struct str raw;

	if (*count == MERGE_DIRECTIVES_MAX || json_peek(in) != JSON_ARRAY || !json_skip(in, &raw))
		return merge_bad(patch, BAD_REQUEST, words);
	list[(*count)++] =
	    (struct merge_field_directive){ str_slice(name, (uint32_t)slash + 1, name.len), raw };
	return OK;
}

static enum status take_directive(struct patch *patch, struct json *in, struct str name,
				  struct merge_directives *out)
{
	if (str_is(name, "$patch"))
		return take_patch_directive(patch, in, out);
	if (str_is(name, "$retainKeys")) {
		if (json_peek(in) != JSON_ARRAY || !json_skip(in, &out->retain_keys))
			return merge_bad(patch, BAD_REQUEST, "invalid patch format of retainKeys");
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

enum status merge_read_directives(struct patch *patch, struct str raw, struct merge_directives *out)
{
	struct json in = json_of(raw);
	struct str name;

	memset(out, 0, sizeof *out);
	if (!patch->is_strategic)
		return OK;
	if (json_peek(&in) != JSON_OBJECT)
		return merge_bad(patch, BAD_REQUEST, "invalid JSON document");
	for (json_enter(&in); json_member(&in, patch->arena, &name);) {
		if (is_directive(patch, name))
			TRY(take_directive(patch, &in, name, out));
		else
			json_skip(&in, NULL);
	}
	return json_end(&in, patch->why);
}

/* ---- values without a table: raw JSON ------------------------------------------------------------------------- */

struct str merge_raw_member(struct patch *patch, struct str object, struct str wanted)
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
			if (merge_raw_member(patch, raw, name).at == NULL) {
				add_member(out, &is_first, name);
				json_write_compact(out, value);
			}
	for (json_enter(&in); json_member(&in, patch->arena, &name) && json_skip(&in, &value);) {
		if (str_is(value, "null"))
			continue;
		add_member(out, &is_first, name);
		merge_raw(patch, merge_raw_member(patch, target, name), value, out, depth + 1);
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
			       struct str key, struct str raw, const struct merge_path *path,
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
	if (field->kind == KIND_MESSAGE && field_type(field)->form == FORM_OBJECT &&
	    raw.at[0] == '{')
		return merge_object(patch, field_type(field), (char *)block + FIELD_ENTRY_VALUE,
				    raw, path, depth);
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
enum status merge_check_retained(struct patch *patch, struct str raw, struct str keys)
{
	struct json in = json_of(raw);
	struct str name, value;

	if (keys.at == NULL)
		return OK;
	for (json_enter(&in); json_member(&in, patch->arena, &name) && json_skip(&in, &value);)
		if (!is_directive(patch, name) && !str_is(value, "null") &&
		    !is_listed(patch, keys, name))
			return merge_bad(patch, BAD_REQUEST, "invalid patch format of retainKeys");
	return json_end(&in, patch->why);
}

static enum status retain_entries(struct patch *patch, const struct field *field, void *record,
				  struct str raw, struct str keys)
{
	TRY(merge_check_retained(patch, raw, keys));
	for (uint32_t i = patch_blocks(field, record)->len; i-- > 0;)
		if (!is_listed(patch, keys,
			       *(struct str *)patch_block(field, patch_blocks(field, record), i)))
			patch_remove(field, record, i);
	return OK;
}

static enum status merge_entries(struct patch *patch, const struct field *field, void *record,
				 struct str raw, const struct merge_path *path, uint32_t depth)
{
	struct json in = json_of(raw);
	struct str key, value;

	if (patch_blocks(field, record)->at == NULL)
		patch_blocks(field, record)->at = record_array(field, patch->arena, 0);
	for (json_enter(&in); json_member(&in, patch->arena, &key) && json_skip(&in, &value);) {
		struct merge_path here = { path, key, -1 };

		if (!is_directive(patch, key))
			TRY(merge_entry(patch, field, record, key, value, &here, depth));
	}
	return json_end(&in, patch->why);
}

/* As take_object. */
static enum status take_map(struct patch *patch, const struct field *field, void *record,
			    struct str raw, const struct merge_path *path, uint32_t depth)
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
			     struct str raw, const struct merge_path *path, uint32_t depth)
{
	struct merge_directives directives;

	TRY(merge_read_directives(patch, raw, &directives));
	/* Where nothing is there is nothing to replace: upstream drops the whole of it then. */
	if (directives.patch == MERGE_DIRECTIVE_DELETE ||
	    (directives.patch == MERGE_DIRECTIVE_REPLACE && patch_blocks(field, record)->len == 0)) {
		field_clear(field, record);
		return OK;
	}
	if (directives.patch == MERGE_DIRECTIVE_REPLACE) {
		field_clear(field, record);
		return take_map(patch, field, record, raw, path, depth);
	}
	if (directives.retain_keys.at != NULL && field_is_set(field, record))
		TRY(retain_entries(patch, field, record, raw, directives.retain_keys));
	return merge_entries(patch, field, record, raw, path, depth);
}

/* ---- objects ------------------------------------------------------------------------------------------------------- */

static enum status merge_field(struct patch *patch, const struct field *field, void *record,
			       struct str raw, const struct merge_path *path, uint32_t depth)
{
	bool is_replaced = patch->is_strategic && (field->flags & FIELD_REPLACE) != 0;
	void **message;
	struct merge_directives directives;

	if (str_is(raw, "null")) {
		field_clear(field, record);
		return OK;
	}
	if (field->shape == SHAPE_MAP && !is_replaced && raw.at[0] == '{')
		return merge_map(patch, field, record, raw, path, depth);
	if (field->shape == SHAPE_LIST) {
		bool has_key =
		    field_rules(field) != NULL && rules_merge_key(field_rules(field)).at != NULL;

		if (patch->is_strategic && (field->flags & FIELD_MERGE) != 0 &&
		    (has_key || field->kind != KIND_MESSAGE))
			return merge_list(patch, field, record, raw, path, depth);
		return merge_replace_list(patch, field, record, raw, path, depth);
	}
	if (field->shape == SHAPE_ONE && is_raw(field) && !patch->is_strategic)
		return merge_raw_field(patch, field, record, raw);
	if (field->shape != SHAPE_ONE || field->kind != KIND_MESSAGE ||
	    field_type(field)->form != FORM_OBJECT || raw.at[0] != '{')
		return json_decode_field(field, raw, patch->arena, record, patch->why);
	TRY(merge_read_directives(patch, raw, &directives));
	message = field_at(field, record);
	if (directives.patch == MERGE_DIRECTIVE_DELETE ||
	    (directives.patch == MERGE_DIRECTIVE_REPLACE && *message == NULL)) {
		field_clear(field, record);
		return OK;
	}
	if (*message != NULL && directives.patch == MERGE_DIRECTIVE_MERGE)
		TRY(merge_check_retained(patch, raw, directives.retain_keys));
	if (*message == NULL || is_replaced || directives.patch == MERGE_DIRECTIVE_REPLACE)
		*message = record_new(field_type(field), patch->arena);
	if (directives.patch == MERGE_DIRECTIVE_REPLACE)
		return merge_take_object(patch, field_type(field), *message, raw, path, depth);
	return merge_object(patch, field_type(field), *message, raw, path, depth);
}

/* The record that holds a member: the object's own, or an inlined message's, made where it is absent. */
static void *holder(struct patch *patch, void *record, const struct field *const *chain,
		    uint32_t depth)
{
	for (uint32_t i = 0; i < depth; i++) {
		void **inlined = field_at(chain[i], record);

		if (*inlined == NULL)
			*inlined = record_new(field_type(chain[i]), patch->arena);
		record = *inlined;
	}
	return record;
}

static void retain(struct patch *patch, const struct type *type, void *record, struct str keys)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];
		void *inlined =
		    (field->flags & FIELD_INLINE) != 0 ? *(void **)field_at(field, record) : NULL;

		if ((field->flags & FIELD_INLINE) != 0) {
			if (inlined != NULL)
				retain(patch, field_type(field), inlined, keys);
		} else if (!is_listed(patch, keys, field_name(field)))
			field_clear(field, record);
	}
}

/* What $deleteFromPrimitiveList says happens before the members, what $setElementOrder says after them. */
static enum status each_list(struct patch *patch, const struct type *type, void *record,
			     const struct merge_field_directive *list, uint32_t count,
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
			TRY(merge_remove_values(patch, field, held, list[i].raw));
		else if (field->kind != KIND_MESSAGE ||
			 (field_rules(field) && rules_merge_key(field_rules(field)).at))
			TRY(merge_set_order(patch, field, held, list[i].raw, &old[i], true));
	}
	return OK;
}

static void old_lists(struct patch *patch, const struct type *type, void *record,
		      const struct merge_directives *directives, struct block_list *out)
{
	for (uint32_t i = 0; i < directives->order_count; i++) {
		const struct field *chain[TYPE_INLINE_DEPTH], *field;
		uint32_t depth = 0;

		field = type_member(type, directives->order[i].field, chain, &depth);
		out[i] = field && field->shape == SHAPE_LIST
			     ? merge_copy_list(patch, field, holder(patch, record, chain, depth))
			     : (struct block_list){ NULL, 0 };
	}
}

static bool is_type_member(const struct type *type, struct str name)
{
	return (type->flags & TYPE_KIND) != 0 &&
	       (str_is(name, "apiVersion") || str_is(name, "kind"));
}

static enum status merge_members(struct patch *patch, const struct type *type, void *record,
				 struct str raw, const struct merge_path *path, uint32_t depth)
{
	struct json in = json_of(raw);
	const struct field *seen[FIELDS_MAX];
	uint32_t seen_count = 0;
	struct str name, value;

	for (json_enter(&in); json_member(&in, patch->arena, &name) && json_skip(&in, &value);) {
		const struct field *chain[TYPE_INLINE_DEPTH], *field;
		struct merge_path here = { path, name, -1 };
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

enum status merge_object(struct patch *patch, const struct type *type, void *record, struct str raw,
			 const struct merge_path *path, uint32_t depth)
{
	struct merge_directives *directives = arena_new_of(patch->arena, struct merge_directives);
	struct block_list old[MERGE_DIRECTIVES_MAX];

	if (depth > LIMIT_NESTING)
		return merge_bad(patch, BAD_REQUEST, "exceeded max depth");
	TRY(merge_read_directives(patch, raw, directives));
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
	struct merge_directives directives;

	if (json_peek(&in) != JSON_OBJECT)
		return json_is_valid(raw) && json_peek(&in) == JSON_ARRAY
			   ? merge_bad(patch, BAD_REQUEST, PATCH_IS_ARRAY)
			   : merge_bad(patch, BAD_REQUEST, "invalid JSON document");
	json_skip(&in, NULL);
	TRY(json_end(&in, patch->why));
	/* Values begin with their first token from here on. */
	raw = str_trim(raw);
	TRY(merge_read_directives(patch, raw, &directives));
	if (directives.patch != MERGE_DIRECTIVE_MERGE)
		memset(record, 0, type->size);
	if (directives.patch == MERGE_DIRECTIVE_DELETE)
		return OK;
	if (directives.patch == MERGE_DIRECTIVE_REPLACE)
		return merge_take_object(patch, type, record, raw, NULL, 0);
	TRY(merge_check_retained(patch, raw, directives.retain_keys));
	return merge_object(patch, type, record, raw, NULL, 0);
}
