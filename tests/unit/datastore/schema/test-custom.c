#include "datastore/schema/custom.h"

#include "datastore/object/json.h"
#include "datastore/object/object.h"
#include "datastore/object/record.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"

static const char definition[] =
    "{\"group\":\"example.com\",\"scope\":\"Namespaced\",\"names\":{\"plural\":\"widgets\","
    "\"kind\":\"Widget\",\"listKind\":\"WidgetList\"},"
    "\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true,\"schema\":{"
    "\"openAPIV3Schema\":{\"type\":\"object\",\"properties\":{"
    "\"apiVersion\":{\"type\":\"string\"},\"kind\":{\"type\":\"string\"},\"metadata\":{\"type\":"
    "\"object\"},"
    "\"a\":{\"type\":\"string\"},"
    "\"spec\":{\"type\":\"object\",\"required\":[\"size\"],\"properties\":{"
    "\"size\":{\"type\":\"integer\",\"default\":3},\"ratio\":{\"type\":\"number\"},\"on\":{"
    "\"type\":\"boolean\"},"
    "\"port\":{\"x-kubernetes-int-or-string\":true},\"tags\":{\"type\":\"array\",\"items\":{"
    "\"type\":\"string\"},\"x-kubernetes-list-type\":\"set\"},"
    "\"parts\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-map-"
    "keys\":[\"name\"],"
    "\"items\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}}}},"
    "\"matrix\":{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}"
    "},"
    "\"labels\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},"
    "\"free\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true},"
    "\"open\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true,\"properties\":{"
    "\"m\":{\"type\":\"string\"}}},"
    "\"maybe\":{\"type\":\"string\",\"nullable\":true,\"default\":\"d\"},"
    "\"closed\":{\"type\":\"object\"}}}}}}}]}";

static struct custom_types make_types(void)
{
	struct custom_types types;
	struct fault why;
	void *spec;

	CHECK_STATUS(json_decode(&apiextensions_custom_resource_definition_spec_type,
				 str_from(definition), test_arena(), (struct json_options){ 0 },
				 &spec, &why),
		     OK);
	CHECK_STATUS(custom_types_of(spec, STR("v1"), &types, &why), OK);
	return types;
}

static struct str show(const struct type *type, const void *record)
{
	struct text out = text_in(test_arena(), MIB);

	json_encode(type, record, &out);
	return text_str(&out);
}

TEST(a_custom_resource_is_read_and_written_with_its_members_in_order)
{
	struct custom_types types = make_types();
	static const char in[] =
	    "{\"kind\":\"Widget\",\"apiVersion\":\"example.com/"
	    "v1\",\"metadata\":{\"name\":\"w\",\"labels\":{}},\"a\":\"\",\"spec\":{\"tags\":[],"
	    "\"size\":0,\"on\":false,\"ratio\":1.5,\"port\":\"http\",\"matrix\":[[1,2],[]],"
	    "\"labels\":{\"b\":\"2\",\"a\":\"1\"},"
	    "\"free\":{\"z\": 1},\"open\":{\"z\":{\"y\": "
	    "1},\"m\":\"n\",\"a\":null},\"closed\":{},\"parts\":[{\"name\":\"p\"}]}}";
	struct object *object;
	struct fault why;

	CHECK_STATUS(object_decode(types.object, FORMAT_JSON, str_from(in), &object, &why), OK);
	CHECK_STR(show(types.object, object->record),
		  "{\"a\":\"\",\"apiVersion\":\"example.com/"
		  "v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"w\"},\"spec\":{"
		  "\"closed\":{},\"free\":{\"z\":1},\"labels\":{\"a\":\"1\",\"b\":\"2\"},"
		  "\"matrix\":[[1,2],[]],\"on\":false,"
		  "\"open\":{\"a\":null,\"m\":\"n\",\"z\":{\"y\":1}},\"parts\":[{\"name\":\"p\"}],"
		  "\"port\":\"http\",\"ratio\":1.5,\"size\":0,\"tags\":[]}}");
	CHECK_STR(object_name(object), "w");
	CHECK_STR(record_value(types.object, object->record, STR("spec.matrix[0][1]"), test_arena()),
		  "2");
	CHECK_STR(
	    record_value(types.object, object->record, STR("spec.parts[0].name"), test_arena()),
	    "p");
	void *copy = record_clone(types.object, object->record, test_arena());
	CHECK(record_equal(types.object, copy, object->record));
	CHECK(str_eq(show(types.object, copy), show(types.object, object->record)));
	object_unref(object_edit(object));
	/* The object keeps its types. */
	type_set_unref(types.set);
	CHECK_STR(object_name(object), "w");
	object_unref(object);
}

TEST(the_table_says_what_the_schema_says)
{
	struct custom_types types = make_types();
	const struct type *spec = field_type(type_field(types.object, STR("spec")));
	const struct field *parts = type_field(spec, STR("parts"));

	CHECK_STR(type_kind(types.object), "Widget");
	CHECK_STR(type_resource(types.object), "widgets");
	CHECK_STR(type_kind(types.list), "WidgetList");
	CHECK(type_item(types.list) == types.object);
	CHECK(types.object->flags & TYPE_NAMESPACED);
	CHECK(type_field(spec, STR("size"))->flags & FIELD_REQUIRED);
	CHECK_STR(rules_default_json(field_rules(type_field(spec, STR("size")))), "3");
	CHECK(parts->flags & FIELD_MAP);
	CHECK_STR(rules_key(field_rules(parts), 0), "name");
	CHECK(type_field(spec, STR("tags"))->flags & FIELD_SET);
	CHECK(type_field(spec, STR("matrix"))->flags & FIELD_ATOMIC);
	CHECK(type_field(spec, STR("")) == NULL);
	type_set_unref(types.set);
}

TEST(defaults_of_a_custom_resource_are_applied_where_their_parent_is)
{
	struct custom_types types = make_types();
	struct json_strict strict = { 0 };
	void *record;

	CHECK_STATUS(
	    json_decode(
		types.object,
		STR("{\"spec\":{\"x\":1,\"closed\":{\"y\":1},\"open\":{\"z\":1}},\"status\":{}}"),
		test_arena(), (struct json_options){ .strict = &strict }, &record, NULL),
	    OK);
	record_default(types.object, record, test_arena(), (struct wall){ 0 });
	CHECK_STR(record_value(types.object, record, STR("spec.size"), test_arena()), "3");
	CHECK_EQ(strict.len, 3);
	CHECK_STR(strict.at[0], "unknown field \"spec.x\"");
	CHECK_STR(strict.at[1], "unknown field \"spec.closed.y\"");
	CHECK_STR(strict.at[2], "unknown field \"status\"");
	type_set_unref(types.set);
}

TEST(items_of_a_custom_list_carry_their_kind)
{
	struct custom_types types = make_types();
	void *record;

	CHECK_STATUS(
	    json_decode(types.list,
			STR("{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"a\":\"x\"}]}"),
			test_arena(), (struct json_options){ 0 }, &record, NULL),
	    OK);
	CHECK_STR(
	    show(types.list, record),
	    "{\"apiVersion\":\"example.com/"
	    "v1\",\"items\":[{\"a\":\"x\",\"apiVersion\":\"example.com/v1\",\"kind\":\"Widget\"}],"
	    "\"kind\":\"WidgetList\",\"metadata\":{\"resourceVersion\":\"1\"}}");
	type_set_unref(types.set);
}

TEST(a_version_that_is_not_there_or_a_schema_too_deep_is_refused)
{
	struct custom_types types = make_types();
	struct text json = text_in(test_arena(), MIB);
	struct fault why;
	void *spec;

	type_set_unref(types.set);
	text_lit(&json, "{\"names\":{\"kind\":\"K\"},\"versions\":[{\"name\":\"v1\",\"schema\":{"
			"\"openAPIV3Schema\":");
	for (uint32_t i = 0; i < 40; i++)
		text_lit(&json, "{\"type\":\"object\",\"properties\":{\"a\":");
	text_lit(&json, "{}");
	for (uint32_t i = 0; i < 40; i++)
		text_lit(&json, "}}");
	text_lit(&json, "}}]}");
	CHECK_STATUS(json_decode(&apiextensions_custom_resource_definition_spec_type,
				 text_str(&json), test_arena(), (struct json_options){ 0 }, &spec,
				 &why),
		     OK);
	CHECK_STATUS(custom_types_of(spec, STR("v2"), &types, &why), NOT_FOUND);
	CHECK_STATUS(custom_types_of(spec, STR("v1"), &types, &why), OK);
	type_set_unref(types.set);
	struct apiextensions_json_schema_props loop = { .type = STR("array") };
	struct apiextensions_json_schema_props_or_array items = { .schema = &loop };
	loop.items = &items;
	struct apiextensions_custom_resource_definition_spec *changed = spec;
	changed->versions.at[0].schema->open_api_v3_schema = &loop;
	loop.type = STR("object");
	struct apiextensions_json_schema_props_entry property = { .key = STR("a") };
	property.value.type = STR("array");
	property.value.items = &items;
	loop.properties = (struct apiextensions_json_schema_props_map){ &property, 1 };
	CHECK_STATUS(custom_types_of(spec, STR("v1"), &types, &why), INVALID);
}

TEST(names_and_subresources_of_a_definition_are_those_of_its_type)
{
	static const char text[] =
	    "{\"group\":\"example.com\",\"scope\":\"Cluster\",\"names\":{\"plural\":\"gears\","
	    "\"kind\":\"Gear\",\"listKind\":\"GearList\",\"shortNames\":[\"g\",\"gr\"],"
	    "\"categories\":[\"all\"]},\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":"
	    "true,\"subresources\":{\"status\":{},\"scale\":{}}}]}";
	struct custom_types types;
	struct object *empty;
	void *spec;

	CHECK_STATUS(json_decode(&apiextensions_custom_resource_definition_spec_type, str_from(text),
				 test_arena(), (struct json_options){ 0 }, &spec, NULL),
		     OK);
	CHECK_STATUS(custom_types_of(spec, STR("v1"), &types, NULL), OK);
	CHECK_EQ(types.object->short_name_count, 2);
	CHECK_STR(type_short_name(types.object, 1), "gr");
	CHECK_STR(type_category(types.object, 0), "all");
	CHECK_EQ(types.object->subresource_count, 2);
	CHECK_STR(type_subresource(types.object, 0), "scale");
	CHECK_STR(type_subresource(types.object, 1), "status");
	CHECK_EQ(types.list->subresource_count, 0);
	CHECK(types.object->flags & TYPE_JSON_ONLY && types.list->flags & TYPE_JSON_ONLY);

	/* As of every kind, the metadata is there when it was not said. */
	empty = object_new(types.object);
	record_fill(types.object, empty->record, object_arena(empty));
	CHECK(record_meta(types.object, empty->record) != NULL);
	object_unref(empty);
	type_set_unref(types.set);
}

static struct str read_and_show(const struct custom_types *types, const char *spec)
{
	struct str in = arena_printf(test_arena(), "{\"spec\":%s}", spec);
	void *record;

	CHECK_STATUS(
	    json_decode(types->object, in, test_arena(), (struct json_options){ 0 }, &record, NULL),
	    OK);
	record_default(types->object, record, test_arena(), (struct wall){ 0 });
	return record_value(types->object, record, STR("spec"), test_arena());
}

TEST(a_value_that_contradicts_the_schema_is_kept_for_validation_to_speak_about)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "{\"size\":\"x\"}", "{\"maybe\":\"d\",\"size\":\"x\"}" },
		{ "{\"size\":1e3}", "{\"maybe\":\"d\",\"size\":1e3}" },
		{ "{\"size\":1,\"tags\":[\"a\",2]}",
		  "{\"maybe\":\"d\",\"size\":1,\"tags\":[\"a\",2]}" },
		{ "{\"size\":1,\"tags\":[\"a\",null]}",
		  "{\"maybe\":\"d\",\"size\":1,\"tags\":[\"a\",null]}" },
		{ "{\"size\":1,\"matrix\":[[null]]}",
		  "{\"matrix\":[[null]],\"maybe\":\"d\",\"size\":1}" },
		{ "{\"size\":1,\"parts\":[{\"name\":7}]}",
		  "{\"maybe\":\"d\",\"parts\":[{\"name\":7}],\"size\":1}" },
		{ "{\"size\":1,\"closed\":[]}", "{\"closed\":[],\"maybe\":\"d\",\"size\":1}" },
		/* Of equal names the last counts. */
		{ "{\"size\":\"x\",\"size\":2}", "{\"maybe\":\"d\",\"size\":2}" },
		{ "{\"size\":2,\"size\":\"x\"}", "{\"maybe\":\"d\",\"size\":\"x\"}" },
		/* null is a value where the schema says so, and the default stays away; else it is nothing. */
		{ "{\"size\":null,\"maybe\":null}", "{\"maybe\":null,\"size\":3}" },
	};
	struct custom_types types = make_types();

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(read_and_show(&types, cases[i].in), cases[i].out);
	type_set_unref(types.set);
}

TEST(metadata_of_the_wrong_type_is_no_object)
{
	struct custom_types types = make_types();
	void *record;

	CHECK_STATUS(json_decode(types.object, STR("{\"metadata\":{\"labels\":{\"a\":1}}}"),
				 test_arena(), (struct json_options){ 0 }, &record, NULL),
		     BAD_REQUEST);
	type_set_unref(types.set);
}

TEST(members_without_a_field_cost_memory_once_each)
{
	struct custom_types types = make_types();
	struct text in = text_in(test_arena(), MIB);
	struct arena *arena = arena_new(0);
	void *record;

	text_lit(&in, "{\"spec\":{\"open\":{\"z\":0");
	for (uint32_t i = 0; i < 20000; i++)
		text_printf(&in, ",\"k%u\":1", i);
	text_lit(&in, "}}}");
	CHECK_STATUS(json_decode(types.object, text_str(&in), arena, (struct json_options){ 0 },
				 &record, NULL),
		     OK);
	CHECK(arena_size(arena) < 8 * MIB);
	CHECK_STR(record_value(types.object, record, STR("spec.open"), test_arena()).len > 200000
		      ? STR("all")
		      : STR("not all"),
		  "all");
	arena_free(arena);
	type_set_unref(types.set);
}
