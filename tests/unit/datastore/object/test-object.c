#include "datastore/object/object.h"

#include "datastore/object/json.h"
#include "datastore/schema/core.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"

static struct object *make_config_map(const char *name)
{
	struct object *object = object_new(&core_config_map_type);

	object_meta(object)->name = str_from(name);
	return object;
}

TEST(an_object_is_built_frozen_and_shared)
{
	struct object *object = make_config_map("a");
	struct arena *arena = arena_new(0);

	CHECK(!object_is_frozen(object));
	object_freeze(object, 7);
	CHECK(object_is_frozen(object));
	CHECK_EQ(object->revision, 7);
	CHECK_STR(object_name(object), "a");
	CHECK(object_namespace(object).at == NULL);
	object_hold(arena, object);
	object_unref(object);
	CHECK_STR(object_name(object), "a");
	arena_free(arena);
	object_unref(NULL);
}

TEST(editing_leaves_the_frozen_one_alone_and_outlives_it)
{
	struct object *object = make_config_map("a");
	struct object *edited;

	str_map_put(&object_meta(object)->labels, object_arena(object), STR("x"), STR("1"));
	object_freeze(object, 1);
	edited = object_edit(object);
	object_meta(edited)->name = STR("b");
	str_map_put(&object_meta(edited)->labels, object_arena(edited), STR("y"), STR("2"));
	CHECK_STR(object_name(object), "a");
	CHECK_EQ(object_meta(object)->labels.len, 1);
	object_unref(object);
	CHECK_STR(str_map_get(object_meta(edited)->labels, STR("x")), "1");
	object_unref(edited);
}

TEST(bytes_are_encoded_once_and_stay_good_after_they_were_dropped)
{
	struct object *object = make_config_map("a");
	struct arena *arena = arena_new(0);

	object_freeze(object, 1);
	CHECK_EQ(object_kept(object, FORMAT_JSON), 0);
	struct str first = object_bytes(object, FORMAT_JSON, arena);
	struct str second = object_bytes(object, FORMAT_JSON, test_arena());
	CHECK(first.at == second.at);
	CHECK_EQ(object_kept(object, FORMAT_JSON), first.len);
	CHECK_STR(first,
		  "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\"}}");
	CHECK_EQ(object_drop_bytes(object), first.len);
	CHECK_EQ(object_drop_bytes(object), 0);
	CHECK_EQ(object_kept(object, FORMAT_JSON), 0);
	arena_free(arena);
	CHECK_EQ(second.at[0], '{');
	object_unref(object);
	CHECK_EQ(second.at[0], '{');
}

TEST(bytes_that_nobody_asks_for_go_and_others_stay)
{
	struct object *object = make_config_map("a");
	uint64_t kept = 0;
	uint32_t json, proto;

	object_freeze(object, 1);
	json = object_bytes_counted(object, FORMAT_JSON, test_arena(), &kept).len;
	proto = object_bytes_counted(object, FORMAT_PROTO, test_arena(), &kept).len;
	CHECK_EQ(kept, json + proto);
	CHECK_EQ(object_age_bytes(object), json + proto);
	object_bytes_counted(object, FORMAT_PROTO, test_arena(), &kept);
	CHECK_EQ(kept, json + proto); /* they were there */
	CHECK_EQ(object_age_bytes(object), proto);
	CHECK_EQ(object_kept(object, FORMAT_JSON), 0);
	CHECK_EQ(object_age_bytes(object), 0);
	object_unref(object);
}

TEST(stored_bytes_become_an_object_again)
{
	struct object *object = make_config_map("a"), *back;
	struct core_config_map *map = object->record;
	struct fault why;

	str_map_put(&map->data, object_arena(object), STR("k"), STR("v"));
	object_freeze(object, 1);
	for (int format = 0; format < FORMAT_COUNT; format++) {
		struct str bytes = object_bytes(object, format, test_arena());
		CHECK_STATUS(object_decode(&core_config_map_type, format, bytes, &back, &why), OK);
		map = back->record;
		CHECK_STR(str_map_get(map->data, STR("k")), "v");
		object_unref(back);
		CHECK_STATUS(object_decode(&core_config_map_type, format,
					   str_slice(bytes, 0, bytes.len - 3), &back, &why),
			     BAD_REQUEST);
	}
	object_unref(object);
}

TEST(lists_have_no_metadata_of_objects)
{
	struct object *list = object_new(&core_config_map_list_type);

	CHECK(object_meta(list) == NULL);
	CHECK(object_name(list).at == NULL);
	object_unref(list);
}
