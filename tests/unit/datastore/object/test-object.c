#include "datastore/object/object.h"

#include "datastore/object/json.h"
#include "datastore/object/proto.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "runtime/base/base.h"
#include "runtime/base/collection/common.h"
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

TEST(bytes_that_are_wanted_once_leave_nothing_behind)
{
	struct object *object = make_config_map("a");

	object_freeze(object, 1);
	struct str first = object_bytes_once(object, FORMAT_JSON, test_arena());
	CHECK_EQ(object_kept(object, FORMAT_JSON), 0);
	struct str kept = object_bytes(object, FORMAT_JSON, test_arena());
	CHECK(str_eq(first, kept));
	CHECK(object_bytes_once(object, FORMAT_JSON, test_arena()).at == kept.at);
	object_unref(object);
}

static struct object *make_owned(void)
{
	struct object *object = make_config_map("a");
	struct arena *arena = object_arena(object);
	struct meta_object_meta *meta = object_meta(object);
	struct core_config_map *map = object->record;

	meta->managed_fields.len = 2;
	meta->managed_fields.at = arena_array(arena, struct meta_managed_fields_entry, 2);
	meta->managed_fields.at[0].manager = STR("kubectl");
	meta->managed_fields.at[1].manager = STR("someone else");
	str_map_put(&meta->labels, arena, STR("x"), STR("1"));
	str_map_put(&map->data, arena, STR("key"), STR("value"));
	object_freeze(object, 1);
	return object;
}

TEST(a_lean_object_has_all_but_who_owns_what)
{
	static const enum format formats[] = { FORMAT_JSON, FORMAT_PROTO };
	struct object *object = make_owned();

	for (uint32_t i = 0; i < 2; i++) {
		struct str bytes = object_bytes(object, formats[i], test_arena());
		struct object *whole, *lean;

		CHECK_EQ(object_decode(object->type, formats[i], bytes, &whole, NULL), OK);
		CHECK_EQ(object_decode_lean(object->type, formats[i], bytes, &lean, NULL), OK);
		CHECK_EQ(object_meta(whole)->managed_fields.len, 2);
		CHECK(object_meta(lean)->managed_fields.at == NULL);
		object_meta(whole)->managed_fields = (struct meta_managed_fields_entry_list){ 0 };
		CHECK(record_equal(object->type, whole->record, lean->record));
		object_unref(whole);
		object_unref(lean);
	}
	object_unref(object);
}

TEST(bytes_that_are_cut_make_no_lean_object)
{
	struct object *object = make_owned();
	struct str bytes = object_bytes(object, FORMAT_PROTO, test_arena());

	for (uint32_t len = 0; len < bytes.len; len++) {
		struct object *whole = NULL, *lean = NULL;
		struct str cut = str_of(arena_copy(test_arena(), bytes.at, len), len);
		enum status status = object_decode(object->type, FORMAT_PROTO, cut, &whole, NULL);

		CHECK_EQ(object_decode_lean(object->type, FORMAT_PROTO, cut, &lean, NULL), status);
		object_unref(whole);
		object_unref(lean);
	}
	object_unref(object);
}

/* All that a record may be made of: maps, lists, messages, empty ones, times, quantities, raw JSON. */
static const char rich_pod[] =
    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\",\"namespace\":\"n\","
    "\"labels\":{\"x\":\"\",\"y\":\"1\"},"
    "\"creationTimestamp\":\"2026-01-02T03:04:05Z\",\"finalizers\":[],\"managedFields\":[{"
    "\"manager\":\"m\",\"operation\":\"Update\","
    "\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:spec\":{\"f:containers\":{"
    "\"k:{\\\"name\\\":\\\"c\\\"}\":"
    "{\".\":{},\"f:image\":{},\"f:name\":{},\"f:resources\":{}}}}}}]},\"spec\":{\"containers\":[{"
    "\"name\":\"c\",\"image\":\"i\","
    "\"resources\":{\"limits\":{\"cpu\":\"10m\"}},\"readinessProbe\":{\"httpGet\":{\"port\":"
    "\"http\"}},\"livenessProbe\":{\"httpGet\":"
    "{\"port\":80}}}],\"nodeSelector\":{},\"securityContext\":{}},\"status\":{}}";

static struct object *decode_rich(struct str bytes)
{
	struct object *object = NULL;
	struct fault why = { 0 };

	CHECK_STATUS(object_decode_brief(&core_pod_type, FORMAT_JSON, bytes, &object, &why), OK);
	return object;
}

TEST(a_settled_object_is_what_was_built_and_has_it_for_itself)
{
	struct str text = str_from(rich_pod);
	struct object *built = decode_rich(text), *same = decode_rich(text);
	const struct object *settled = object_settle(built, 7, NULL);

	object_freeze(same, 7);
	CHECK(object_is_frozen(settled));
	CHECK_EQ(settled->revision, 7);
	for (uint32_t i = 0; i < FORMAT_COUNT; i++)
		CHECK(str_eq(object_bytes(settled, (enum format)i, test_arena()),
			     object_bytes(same, (enum format)i, test_arena())));
	object_unref(same);
	struct object *edited = object_edit(settled);
	object_unref(settled);
	CHECK_STR(object_name(edited), "a");
	object_unref(edited);
}

TEST(bytes_that_an_object_was_read_from_may_go_when_it_is_settled)
{
	struct object *first = decode_rich(str_from(rich_pod)), *object = NULL;

	object_freeze(first, 1);
	for (uint32_t lean = 0; lean < 2; lean++) {
		struct arena *arena = arena_new(0);
		struct str bytes = object_bytes(first, FORMAT_PROTO, test_arena());
		struct str brief = str_of(arena_copy(arena, bytes.at, bytes.len), bytes.len);

		CHECK_EQ((lean ? object_decode_lean : object_decode_brief)(
			     &core_pod_type, FORMAT_PROTO, brief, &object, NULL),
			 OK);
		const struct object *settled = object_settle(object, 1, NULL);
		arena_free(arena);
		CHECK_STR(object_name(settled), "a");
		CHECK_EQ(object_meta(settled)->managed_fields.len, lean ? 0 : 1);
		if (!lean)
			CHECK(str_eq(object_bytes(settled, FORMAT_PROTO, test_arena()), bytes));
		object_unref(settled);
	}
	object_unref(first);
}

TEST(what_owners_have_written_is_there_once)
{
	struct commons commons = { 0 };
	const struct object *a = object_settle(decode_rich(str_from(rich_pod)), 1, &commons);
	const struct object *b = object_settle(decode_rich(str_from(rich_pod)), 2, &commons);
	struct str fields = object_meta(a)->managed_fields.at[0].fields_v1;

	CHECK_EQ(commons_len(&commons), 1);
	CHECK(fields.at == object_meta(b)->managed_fields.at[0].fields_v1.at);
	object_unref(a);
	commons_fini(&commons);
	CHECK(str_eq(object_meta(b)->managed_fields.at[0].fields_v1, fields));
	object_unref(b);
}

TEST(an_object_that_was_read_as_another_keeps_that_one_when_it_is_settled)
{
	struct object *origin = make_config_map("origin"), *object = make_config_map("a");

	object_freeze(origin, 1);
	object_set_origin(object, origin);
	object_unref(origin);
	const struct object *settled = object_settle(object, 2, NULL);
	CHECK_STR(object_name(settled->origin), "origin");
	object_unref(settled);
}

TEST(metadata_alone_hangs_on_an_object_too)
{
	struct object *object = make_owned();
	struct text out = text_in(test_arena(), 4 * KIB);
	uint64_t kept = 0;
	uint32_t len;

	object_add_metadata(object, &out, &kept);
	len = out.len;
	CHECK_EQ(kept, len);
	CHECK(
	    str_starts(text_str(&out),
		       STR("{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\","
			   "\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"1\"},")));
	CHECK(str_find(text_str(&out), STR("value")) < 0);
	object_add_metadata(object, &out, &kept);
	CHECK_EQ(out.len, 2 * len);
	CHECK_EQ(kept, len);
	CHECK_EQ(object_age_bytes(object), len);
	CHECK_EQ(object_age_bytes(object), 0);
	object_unref(object);
}

TEST(raw_bytes_are_those_within_the_envelope)
{
	struct object *object = make_owned();
	struct text raw = text_in(test_arena(), 4 * KIB);
	uint64_t kept = 0;

	proto_encode(object->type, object->record, &raw);
	CHECK(str_eq(object_raw_counted(object, test_arena(), &kept), text_str(&raw)));
	CHECK_EQ(kept, object_kept(object, FORMAT_PROTO));
	object_unref(object);
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
