/*
 * Schemas of definitions, and objects by them: `SCHEMA NUL OBJECT`. Whatever a schema says, it is judged without harm; types can be made of it or
 * not; an object that is read by them is written and read again as the same, and judged; a patch over the object's tree leaves a tree.
 */
#include "actors/kinds/extension/definition-schema.h"
#include "datastore/custom/embedded.h"
#include "datastore/custom/judge.h"
#include "datastore/custom/list-type.h"
#include "datastore/custom/value-patch.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/custom.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

typedef struct apiextensions_json_schema_props schema_props;

static struct str encoded(struct arena *arena, const struct type *type, const void *record)
{
	struct text out = text_in(arena, 16 * MIB);

	json_encode(type, record, &out);
	return text_str(&out);
}

static void read_by_types(struct arena *arena, schema_props *schema, struct str object)
{
	struct apiextensions_custom_resource_validation validation = { .open_api_v3_schema =
									   schema };
	struct apiextensions_custom_resource_definition_version version = { .name = STR("v1"),
									    .schema = &validation };
	struct apiextensions_custom_resource_definition_names names = { .plural = STR("as"),
									.kind = STR("A"),
									.list_kind = STR("AList") };
	struct apiextensions_custom_resource_definition_spec spec = {
		.group = STR("example.com"),
		.scope = STR("Namespaced"),
		.names = &names,
		.versions = { &version, 1 },
	};
	struct custom_types types;
	void *record, *again;
	struct str first;

	if (custom_types_of(&spec, STR("v1"), &types, NULL) != OK)
		return;
	if (json_decode(types.object, object, arena, (struct json_options){ 0 }, &record, NULL) ==
	    OK) {
		record_default(types.object, record, arena, (struct wall){ 0 });
		first = encoded(arena, types.object, record);
		assert(json_decode(types.object, first, arena, (struct json_options){ 0 }, &again,
				   NULL) == OK);
		assert(str_eq(first, encoded(arena, types.object, again)));
	}
	type_set_unref(types.set);
}

static void judge_value(struct arena *arena, const schema_props *schema, struct str object)
{
	struct judge_task task = { .schema = schema, .arena = arena };
	struct faults faults = faults_in(arena);
	struct value value, other;
	struct text out = text_in(arena, 16 * MIB);

	if (value_parse(object, arena, &value) != OK)
		return;
	task.value = task.old = &value;
	judge_check(&task, &faults);
	assert(faults.len == 0); /* it is as it was */
	task.old = NULL;
	judge_check(&task, &faults);
	list_type_check(schema, &value, &faults);
	embedded_check(schema, &value, &faults);
	if (value_patch_merge(&value, object, arena, NULL) == OK ||
	    value_patch_json(&value, object, arena, NULL) == OK) {
		value_write(&value, &out);
		assert(value_parse(text_str(&out), arena, &other) == OK);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	const uint8_t *end = len > 0 ? memchr(at, 0, len) : NULL;
	struct str words = str_of(at, end != NULL ? (size_t)(end - at) : len);
	struct str object = end != NULL ? str_of(end + 1, len - (size_t)(end + 1 - at)) : STR("{}");
	struct arena *arena = arena_new(0);
	struct faults faults = faults_in(arena);
	void *schema;

	if (len > 0 && json_decode(&apiextensions_json_schema_props_type, words, arena,
				   (struct json_options){ 0 }, &schema, NULL) == OK) {
		definition_schema_check(PATH_ROOT(&faults, "schema"), schema, true);
		read_by_types(arena, schema, object);
		judge_value(arena, schema, object);
	}
	arena_free(arena);
	return 0;
}
