#include "datastore/object/apply/last-applied.h"

#include <stdlib.h>

#include "datastore/object/json.h"
#include "datastore/object/object.h"
#include "runtime/base/limits.h"
#include "transport/wire/json.h"

static struct str annotation_of(const struct type *type, const void *record)
{
	const struct meta_object_meta *meta = record ? record_meta(type, record) : NULL;

	return meta != NULL ? str_map_get(meta->annotations, APPLY_LAST_ANNOTATION) : STR_NONE;
}

struct fields last_applied_fields(const struct apply *apply, struct arena *arena)
{
	struct str json = annotation_of(apply->type, apply->live), api_version, kind;
	struct record_fields_change change;
	struct fields said;
	void *record;

	if (json.len == 0 || json_kind(json, arena, &api_version, &kind, NULL) != OK ||
	    !str_eq(api_version, apply->api_version) ||
	    json_decode(apply->type, json, arena, (struct json_options){ .borrow = true }, &record,
			NULL) != OK ||
	    record_fields_said(apply->type, record, arena, &said, NULL) != OK)
		return (struct fields){ 0 };
	change = record_fields_compare(apply->type, record, apply->live, false, arena);
	return fields_difference(arena, fields_difference(arena, said, change.changed),
				 change.removed);
}

/* ---- the annotation --------------------------------------------------------------------------------------------- */

struct member {
	struct str name, raw;
};

static int compare_members(const void *a, const void *b)
{
	return str_cmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static void write_sorted(struct json *in, const char *path, struct arena *arena, struct text *out,
			 uint32_t depth);

static void write_members(struct json *in, const char *path, struct arena *arena, struct text *out,
			  uint32_t depth)
{
	struct member *members = NULL;
	uint32_t len = 0, cap = 0;
	struct member member;

	for (json_enter(in); json_member(in, arena, &member.name) && json_skip(in, &member.raw);) {
		if (len == cap) {
			members = arena_grow(arena, members, sizeof *members * cap,
					     sizeof *members * (2 * cap + 8));
			cap = 2 * cap + 8;
		}
		members[len++] = member;
	}
	qsort(members, len, sizeof *members, compare_members);
	text_add_char(out, '{');
	for (uint32_t i = 0, written = 0; i < len; i++) {
		bool is_annotations = depth == 1 && str_is(str_from(path), "metadata") &&
				      str_is(members[i].name, "annotations");
		const char *below = depth == 0       ? arena_cstr(arena, members[i].name)
				    : is_annotations ? "annotations"
						     : "";
		struct json value = json_of(members[i].raw);

		if (depth == 2 && str_is(str_from(path), "annotations") &&
		    str_eq(members[i].name, APPLY_LAST_ANNOTATION))
			continue;
		if (written++ > 0)
			text_add_char(out, ',');
		json_write_string(out, members[i].name);
		text_add_char(out, ':');
		write_sorted(&value, below, arena, out, depth + 1);
	}
	text_add_char(out, '}');
}

/* Any JSON, members in the order of their names, without the annotation itself. */
static void write_sorted(struct json *in, const char *path, struct arena *arena, struct text *out,
			 uint32_t depth)
{
	bool is_first = true;
	struct str raw;

	if (depth > LIMIT_NESTING) /* the reader has refused it before */
		return;
	switch (json_peek(in)) {
	case JSON_OBJECT: write_members(in, path, arena, out, depth); return;
	case JSON_ARRAY:
		text_add_char(out, '[');
		for (json_enter(in); json_element(in); is_first = false) {
			if (!is_first)
				text_add_char(out, ',');
			write_sorted(in, "", arena, out, depth + 1);
		}
		text_add_char(out, ']');
		return;
	case JSON_BAD: return;
	default:
		if (json_skip(in, &raw))
			json_write_compact(out, raw);
	}
}

static uint64_t bytes_of(struct str_map annotations)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < annotations.len; i++)
		bytes += annotations.at[i].key.len + annotations.at[i].value.len;
	return bytes;
}

void last_applied_renew(const struct apply *apply, void *record, struct arena *arena)
{
	struct meta_object_meta *meta = record_meta(apply->type, record);
	struct text text = text_in(arena, 2 * LIMIT_BODY_BYTES);
	struct json in = json_of(apply->said_json);

	if (annotation_of(apply->type, record).len == 0)
		return;
	write_sorted(&in, "", arena, &text, 0);
	text_add_char(&text, '\n');
	str_map_put(&meta->annotations, arena, APPLY_LAST_ANNOTATION, text_str(&text));
	if (bytes_of(meta->annotations) > LIMIT_ANNOTATIONS_BYTES)
		str_map_remove(&meta->annotations, arena, APPLY_LAST_ANNOTATION);
}
