#include "datastore/custom/record-patch.h"

#include <string.h>

#include "datastore/custom/value-patch.h"
#include "datastore/object/record.h"
#include "runtime/base/limits.h"

static enum status check_type_meta(const struct type *type, const struct value *value,
				   struct arena *arena, struct fault *why)
{
	const struct value *kind = value_member(value, STR("kind"));
	const struct value *version = value_member(value, STR("apiVersion"));
	struct str expected = type_api_version(type, arena);

	if (kind != NULL && kind->kind == VALUE_STRING && !str_eq(kind->text, type_kind(type)))
		return fault_set(why, FORBIDDEN, "kind", STR_FMT, STR_ARG(kind->text));
	if (version != NULL && version->kind == VALUE_STRING && !str_eq(version->text, expected))
		return fault_set(why, FORBIDDEN, "apiVersion", STR_FMT, STR_ARG(version->text));
	return OK;
}

enum status record_patch_tree(enum patch_form form, const struct type *type, void *record,
			      struct str patch, struct arena *arena, struct json_strict *strict,
			      struct fault *why)
{
	struct text json = text_in(arena, LIMIT_RECORD_BYTES);
	struct value value;
	void *fresh = NULL;

	json_encode(type, record, &json);
	TRY(value_parse(text_str(&json), arena, &value));
	if (form == PATCH_JSON)
		TRY(value_patch_json(&value, patch, arena, why));
	else
		TRY(value_patch_merge(&value, patch, arena, why));
	TRY(check_type_meta(type, &value, arena, why));
	json = text_in(arena, LIMIT_RECORD_BYTES);
	value_write(&value, &json);
	TRY(json_decode(type, text_str(&json), arena, (struct json_options){ .strict = strict },
			&fresh, why));
	memcpy(record, fresh, type->size);
	return OK;
}

/* The result would be of a kind that is none, or another. */
static enum status check_kind(const struct type *type, struct str patch, struct arena *arena,
			      struct fault *why)
{
	struct str version, kind, own = type_api_version(type, arena);

	if (json_kind(patch, arena, &version, &kind, NULL) != OK)
		return OK; /* which the patch's own reader says better */
	if ((kind.len == 0 || str_eq(kind, type_kind(type))) &&
	    (version.len == 0 || str_eq(version, own)))
		return OK;
	return fault_set(why, BAD_REQUEST, "",
			 "no kind \"" STR_FMT "\" is registered for version \"" STR_FMT
			 "\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
			 STR_ARG(kind.len > 0 ? kind : type_kind(type)),
			 STR_ARG(version.len > 0 ? version : own));
}

enum status record_patch(enum patch_form form, const struct type *type, void *record,
			 struct str patch, struct arena *arena, struct json_strict *strict,
			 struct fault *why)
{
	const void *before;
	enum status status;

	if (type->set != NULL)
		return record_patch_tree(form, type, record, patch, arena, strict, why);
	if (form != PATCH_JSON) {
		TRY(check_kind(type, patch, arena, why));
		return patch_apply(form, type, record, patch, arena, strict, why);
	}
	before = record_clone_shallow(type, record, arena);
	status = patch_apply(form, type, record, patch, arena, strict, why);
	if (status != INVALID)
		return status;
	/* What it names may be in the JSON of the object and in no field. */
	memcpy(record, before, type->size);
	return record_patch_tree(form, type, record, patch, arena, strict, why);
}
