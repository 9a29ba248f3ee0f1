#include "actors/client/shelf/outline.h"

#include "actors/controller/kinds.h"
#include "datastore/object/json.h"
#include "datastore/schema/core.h"
#include "tests/lib/test.h"

#define UID "0a1b2c3d-4e5f-6789-abcd-ef0123456789"

static struct meta_object_meta *meta_of(const char *json)
{
	void *record;

	CHECK_STATUS(json_decode(&meta_object_meta_type, str_from(json), test_arena(),
				 (struct json_options){ 0 }, &record, NULL),
		     OK);
	return record;
}

/* What is left of it, as JSON. */
static struct str kept_of(const char *json)
{
	struct kinds *kinds = kinds_new(&(struct kinds_config){ 0 });
	const struct meta_object_meta *meta = meta_of(json);
	struct outline *outline = arena_alloc(test_arena(), outline_bytes(meta));
	struct text out = text_in(test_arena(), 4 * KIB);
	const struct object *object;

	outline_write(outline, meta, 7);
	CHECK_EQ(outline_revision(outline), 7);
	object = outline_object(outline, kinds_outline(kinds, &core_config_map_type),
				meta->namespace, meta->name);
	CHECK_EQ(object->revision, 7);
	kinds_free(kinds); /* the object keeps its type */
	CHECK_STR(type_kind(object->type), "ConfigMap");
	json_encode(&meta_object_meta_type, object_meta(object), &out);
	object_unref(object);
	return text_str(&out);
}

TEST(an_outline_has_who_an_object_is_and_what_holds_it_and_nothing_else)
{
	CHECK_STR(kept_of("{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"" UID "\",\"labels\":{"
			  "\"a\":\"b\"},\"annotations\":{\"c\":\"d\"},\"generation\":3}"),
		  "{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"" UID
		  "\",\"resourceVersion\":\"7\"}");
	CHECK_STR(
	    kept_of("{\"name\":\"a\",\"uid\":\"" UID "\",\"deletionTimestamp\":\"2026-01-02T03:04:"
		    "05Z\",\"finalizers\":[\"x/y\",\"z\"],\"ownerReferences\":[{\"apiVersion\":"
		    "\"apps/v1\",\"kind\":\"K\",\"name\":\"o\",\"uid\":\"u\",\"controller\":true,"
		    "\"blockOwnerDeletion\":false},{\"apiVersion\":\"v1\",\"kind\":\"L\",\"name\":"
		    "\"p\",\"uid\":\"v\"}]}"),
	    "{\"name\":\"a\",\"uid\":\"" UID "\",\"resourceVersion\":\"7\",\"deletionTimestamp\":"
	    "\"2026-01-02T03:04:05Z\",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":"
	    "\"K\",\"name\":\"o\",\"uid\":\"u\",\"controller\":true,\"blockOwnerDeletion\":false},{"
	    "\"apiVersion\":\"v1\",\"kind\":\"L\",\"name\":\"p\",\"uid\":\"v\"}],\"finalizers\":["
	    "\"x/y\",\"z\"]}");
}

TEST(a_uid_that_is_none_of_ours_is_kept_as_it_is)
{
	static const char *const uids[] = { "u", "0A1b2c3d-4e5f-6789-abcd-ef0123456789",
					    "0a1b2c3d04e5f-6789-abcd-ef0123456789",
					    "0a1b2c3d-4e5f-6789-abcd-ef012345678g",
					    "0a1b2c3d-4e5f-6789-abcd-ef01234567890" };

	for (size_t i = 0; i < sizeof uids / sizeof *uids; i++) {
		struct str json =
		    arena_printf(test_arena(), "{\"name\":\"a\",\"uid\":\"%s\"}", uids[i]);

		CHECK(str_find(kept_of(json.at), str_from(uids[i])) > 0);
	}
}

TEST(an_outline_of_what_nobody_owns_or_holds_is_small)
{
	CHECK(outline_bytes(meta_of("{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"" UID
				    "\",\"labels\":{\"a\":\"b\"}}")) <= 32);
}
