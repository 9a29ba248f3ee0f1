#include "datastore/object/apply/raw.h"

#include <stdlib.h>

#include "runtime/base/limits.h"
#include "transport/wire/json.h"

#define RAW_BYTES_MAX (2U * LIMIT_BODY_BYTES)

struct member {
	struct str name, value; /* value absent: it is not there */
};
struct members {
	struct member *at;
	uint32_t len;
};

static enum json_token token_of(struct str json)
{
	struct json in = json_of(json);

	return json.len > 0 ? json_peek(&in) : JSON_BAD;
}

bool raw_is_object(struct str json)
{
	return token_of(json) == JSON_OBJECT;
}

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = str_cmp(x->name, y->name);

	/* Equal names stand as they came: values are slices of one text. */
	return order != 0 ? order : (x->value.at > y->value.at) - (x->value.at < y->value.at);
}

/* In order of their names; of equal ones the last. Of what is no object: none. */
static struct members members_of(struct str json, struct arena *arena)
{
	struct json in = json_of(json);
	struct members out = { 0 };
	uint32_t cap = 0, kept = 0;
	struct member member;

	if (!raw_is_object(json) || json_peek(&in) != JSON_OBJECT)
		return out;
	for (json_enter(&in);
	     json_member(&in, arena, &member.name) && json_skip(&in, &member.value);) {
		if (out.len == cap) {
			out.at = arena_grow(arena, out.at, sizeof *out.at * cap,
					    sizeof *out.at * (2 * cap + 8));
			cap = 2 * cap + 8;
		}
		out.at[out.len++] = member;
	}
	if (out.len == 0)
		return out;
	qsort(out.at, out.len, sizeof *out.at, compare_members);
	for (uint32_t i = 1; i < out.len; i++) {
		kept += !str_eq(out.at[kept].name, out.at[i].name);
		out.at[kept] = out.at[i];
	}
	out.len = kept + 1;
	return out;
}

bool raw_is_empty(struct str json)
{
	struct str inside = str_trim(json);

	/* A member has a name in quotes. */
	return raw_is_object(json) && str_find_char(inside, '"') < 0;
}

/* ---- written ------------------------------------------------------------------------------------------------------ */

static void write_sorted(struct str json, struct arena *arena, struct text *out, uint32_t depth);

static void write_members(const struct members *members, struct arena *arena, struct text *out,
			  uint32_t depth)
{
	text_add_char(out, '{');
	for (uint32_t i = 0; i < members->len; i++) {
		if (i > 0)
			text_add_char(out, ',');
		json_write_string(out, members->at[i].name);
		text_add_char(out, ':');
		write_sorted(members->at[i].value, arena, out, depth + 1);
	}
	text_add_char(out, '}');
}

static void write_elements(struct str json, struct arena *arena, struct text *out, uint32_t depth)
{
	struct json in = json_of(json);
	bool is_first = true;
	struct str value;

	text_add_char(out, '[');
	if (json_peek(&in) == JSON_ARRAY)
		for (json_enter(&in); json_element(&in) && json_skip(&in, &value);
		     is_first = false) {
			if (!is_first)
				text_add_char(out, ',');
			write_sorted(value, arena, out, depth + 1);
		}
	text_add_char(out, ']');
}

static void write_sorted(struct str json, struct arena *arena, struct text *out, uint32_t depth)
{
	enum json_token token = token_of(json);
	struct members members;

	if (token == JSON_OBJECT && depth < LIMIT_NESTING) {
		members = members_of(json, arena);
		write_members(&members, arena, out, depth);
	} else if (token == JSON_ARRAY && depth < LIMIT_NESTING) {
		write_elements(json, arena, out, depth);
	} else if (token == JSON_BAD) {
		text_lit(out, "null");
	} else {
		json_write_compact(out, json);
	}
}

struct str raw_sorted(struct str json, struct arena *arena)
{
	struct text text = text_in(arena, RAW_BYTES_MAX);

	write_sorted(json, arena, &text, 0);
	return text_str(&text);
}

/* Whether both say the same, in whatever order and with whatever space between. */
static bool is_equal(struct str a, struct str b, struct arena *arena)
{
	return str_eq(a, b) || str_eq(raw_sorted(a, arena), raw_sorted(b, arena));
}

/* ---- owned ---------------------------------------------------------------------------------------------------------- */

static struct fields_step step_of(struct str name)
{
	return (struct fields_step){ FIELDS_NAME, name };
}

static bool has_members(struct str json)
{
	return raw_is_object(json) && !raw_is_empty(json);
}

struct fields raw_fields(struct str json, struct arena *arena)
{
	struct fields_builder out = { .arena = arena };
	struct members members = members_of(json, arena);

	for (uint32_t i = 0; i < members.len; i++)
		fields_add(&out, step_of(members.at[i].name), true,
			   raw_fields(members.at[i].value, arena));
	return fields_built(&out);
}

/* Two objects side by side, by name. */
struct zip {
	struct members a, b;
	uint32_t i, j;
	struct str name, in_a, in_b; /* absent: not in that one */
};

static bool zip_next(struct zip *zip)
{
	const struct member *x = zip->i < zip->a.len ? &zip->a.at[zip->i] : NULL;
	const struct member *y = zip->j < zip->b.len ? &zip->b.at[zip->j] : NULL;
	int order = x == NULL ? 1 : y == NULL ? -1 : str_cmp(x->name, y->name);

	if (x == NULL && y == NULL)
		return false;
	zip->name = order <= 0 ? x->name : y->name;
	zip->in_a = order <= 0 ? x->value : STR_NONE;
	zip->in_b = order >= 0 ? y->value : STR_NONE;
	zip->i += order <= 0;
	zip->j += order >= 0;
	return true;
}

static void compare_below(struct str before, struct str after, struct arena *arena,
			  struct raw_change *out)
{
	struct zip zip = { .a = members_of(before, arena), .b = members_of(after, arena) };
	struct fields_builder changed = { .arena = arena }, removed = { .arena = arena };

	while (zip_next(&zip)) {
		struct raw_change below = raw_compare(zip.in_a, zip.in_b, arena);

		fields_add(&changed, step_of(zip.name), below.is_changed, below.changed);
		fields_add(&removed, step_of(zip.name), below.is_removed, below.removed);
	}
	out->changed = fields_built(&changed);
	out->removed = fields_built(&removed);
}

/* null can be an object. */
static bool may_be_object(struct str json)
{
	return raw_is_object(json) || token_of(json) == JSON_NULL;
}

struct raw_change raw_compare(struct str before, struct str after, struct arena *arena)
{
	struct raw_change out = { .is_changed = before.at == NULL, .is_removed = after.at == NULL };
	bool has_any = has_members(before) || has_members(after);

	if (has_any)
		compare_below(before, after, arena, &out);
	if (out.is_changed || out.is_removed)
		return out;
	if (!has_any || !may_be_object(before) || !may_be_object(after))
		out.is_changed = !is_equal(before, after, arena);
	return out;
}

/* ---- changed ----------------------------------------------------------------------------------------------------------- */

static void add_member(struct members *members, struct str name, struct str value)
{
	members->at[members->len++] = (struct member){ name, value };
}

static struct str written(const struct members *members, struct arena *arena)
{
	struct text text = text_in(arena, RAW_BYTES_MAX);

	write_members(members, arena, &text, 0);
	return text_str(&text);
}

struct str raw_merge(struct str json, struct str said, struct arena *arena)
{
	struct zip zip = { .a = members_of(json, arena), .b = members_of(said, arena) };
	struct members out = { .at = arena_array(arena, struct member, zip.a.len + zip.b.len) };

	if (!raw_is_object(json) || !raw_is_object(said))
		return said;
	while (zip_next(&zip)) {
		if (zip.in_a.at == NULL || zip.in_b.at == NULL)
			add_member(&out, zip.name, zip.in_a.at != NULL ? zip.in_a : zip.in_b);
		else
			add_member(&out, zip.name, raw_merge(zip.in_a, zip.in_b, arena));
	}
	return written(&out, arena);
}

struct str raw_remove(struct str json, struct fields set, struct arena *arena)
{
	struct members members = members_of(json, arena), out;

	if (set.len == 0 || members.len == 0)
		return json;
	out = (struct members){ .at = arena_array(arena, struct member, members.len) };
	for (uint32_t i = 0; i < members.len; i++) {
		const struct member *member = &members.at[i];
		const struct fields_node *node = fields_find(set, step_of(member->name));
		struct str value = member->value;

		if (node != NULL && node->is_owned)
			continue;
		if (node != NULL && has_members(value)) {
			value = raw_remove(value, node->below, arena);
			value = raw_is_empty(value) ? STR("null") : value;
		}
		add_member(&out, member->name, value);
	}
	return written(&out, arena);
}
