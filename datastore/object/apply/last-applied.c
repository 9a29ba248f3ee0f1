#include "datastore/object/apply/last-applied.h"

#include "datastore/object/apply/raw.h"

#include "datastore/object/json.h"
#include "datastore/object/object.h"
#include "runtime/base/limits.h"

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

/* The configuration without the annotation itself. */
static struct str configuration(const struct apply *apply, struct arena *arena)
{
	struct fields_builder name = { .arena = arena }, annotations = { .arena = arena };
	struct fields_builder meta = { .arena = arena };
	struct fields none = { 0 };

	fields_add(&name, (struct fields_step){ FIELDS_NAME, APPLY_LAST_ANNOTATION }, true, none);
	fields_add(&annotations, (struct fields_step){ FIELDS_NAME, STR("annotations") }, false,
		   fields_built(&name));
	fields_add(&meta, (struct fields_step){ FIELDS_NAME, STR("metadata") }, false,
		   fields_built(&annotations));
	return raw_sorted(raw_remove(apply->said_json, fields_built(&meta), arena), arena);
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
	struct str json;

	if (annotation_of(apply->type, record).len == 0)
		return;
	json = configuration(apply, arena);
	str_map_put(&meta->annotations, arena, APPLY_LAST_ANNOTATION,
		    arena_printf(arena, STR_FMT "\n", STR_ARG(json)));
	if (bytes_of(meta->annotations) > LIMIT_ANNOTATIONS_BYTES)
		str_map_remove(&meta->annotations, arena, APPLY_LAST_ANNOTATION);
}
