#include "actors/server/answer/stored.h"

#include "actors/server/answer/definition-form.h"
#include "datastore/object/json.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/object/record.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/apiextensions_v1beta1.h"
#include "runtime/base/base.h"
#include "transport/wire/json.h"

static bool is_definition(const struct type *type)
{
	return type == &apiextensions_custom_resource_definition_type;
}

void stored_encode(const struct type *type, const void *record, struct text *out)
{
	struct meta_object_meta *meta = record_meta(type, (void *)(uintptr_t)record);
	struct str version = meta->resource_version;
	struct arena *arena = arena_new(0);

	meta->resource_version = STR_NONE;
	if (is_definition(type)) {
		json_encode(&apiextensions_v1beta1_custom_resource_definition_type,
			    definition_form_old(record, arena), out);
		text_add_char(out, '\n');
	} else if (type->flags & TYPE_JSON_ONLY) {
		json_encode(type, record, out);
		text_add_char(out, '\n');
	} else {
		proto_envelope_encode(type, record, out);
	}
	meta->resource_version = version;
	arena_free(arena);
}

/* Those of before v1beta1 was written here are of v1. */
static bool is_old_form(struct str json)
{
	struct arena *arena = arena_new(0);
	struct str name, version = STR_NONE;
	struct json in = json_of(json);

	if (json_peek(&in) == JSON_OBJECT)
		for (json_enter(&in); version.at == NULL && json_member(&in, arena, &name);)
			if (!str_is(name, "apiVersion") || json_peek(&in) != JSON_STRING ||
			    !json_string(&in, arena, &version))
				json_skip(&in, NULL);
	bool is_old = str_is(version, "apiextensions.k8s.io/v1beta1");
	arena_free(arena);
	return is_old;
}

static enum status decode_old(struct str bytes, struct object **out, struct fault *why)
{
	struct object *object = object_new(&apiextensions_custom_resource_definition_type);
	struct arena *arena = object_arena(object);
	void *old = NULL;
	enum status status = json_decode(&apiextensions_v1beta1_custom_resource_definition_type,
					 bytes, arena, (struct json_options){ 0 }, &old, why);

	if (status != OK) {
		object_unref(object);
		return status;
	}
	object->record = definition_form_new(old, arena);
	*out = object;
	return OK;
}

enum status stored_decode(const struct type *type, struct str bytes, struct object **out,
			  struct fault *why)
{
	bool is_json = bytes.len > 0 && bytes.at[0] == '{';

	if (is_json && is_definition(type) && is_old_form(bytes))
		return decode_old(bytes, out, why);
	return object_decode_brief(type, is_json ? FORMAT_JSON : FORMAT_PROTO, bytes, out, why);
}
