#include "actors/server/cache/cache.h"
#include "actors/server/cache/listed.h"

#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "runtime/base/collection/common.h"
#include "tests/lib/test.h"

static const struct object *make_object(const char *name, int64_t revision)
{
	struct object *object = object_new(&core_config_map_type);
	struct meta_object_meta *meta = object_meta(object);

	meta->namespace = STR("a");
	meta->name = str_from(name);
	object_freeze(object, revision);
	return object;
}

static struct str key_of(const char *name)
{
	return arena_printf(test_arena(), "/registry/configmaps/a/%s", name);
}

static void fill(struct cache *cache, const char *name, int64_t revision)
{
	cache_fill(cache, key_of(name), make_object(name, revision));
}

static struct cache *make_cache(void)
{
	struct cache *cache = cache_new(STR("/registry/configmaps/"), &core_config_map_type);

	fill(cache, "one", 5);
	fill(cache, "two", 6);
	cache_filled(cache, 7);
	return cache;
}

static const struct object *get(const struct cache *cache, const char *name)
{
	return cache_get(cache, STR("a"), str_from(name));
}

TEST(nothing_is_shown_before_all_of_it_is_there)
{
	struct cache *cache = cache_new(STR("/registry/configmaps/"), &core_config_map_type);
	uint64_t number;

	fill(cache, "one", 5);
	CHECK_EQ(cache_len(cache), 0);
	cache_filled(cache, 7);
	CHECK_EQ(cache_len(cache), 1);
	CHECK_EQ(get(cache, "one")->revision, 5);
	CHECK(!cache_find(cache, 6, &number));
	CHECK(cache_find(cache, 7, &number));
	CHECK_EQ(number, cache_next(cache));
	cache_free(cache);
}

/* As long as the store is read anew, whoever asks is shown what was there before, all of it, and not what has come so far. */
TEST(what_was_there_is_shown_until_all_that_is_there_now_has_come)
{
	struct cache *cache = make_cache();

	cache_fill_again(cache);
	fill(cache, "two", 8);
	fill(cache, "three", 9);
	CHECK_EQ(cache_len(cache), 2);
	CHECK_EQ(get(cache, "one")->revision, 5);
	CHECK_EQ(get(cache, "two")->revision, 6);
	CHECK(get(cache, "three") == NULL);
	cache_filled(cache, 10);
	CHECK_EQ(cache_len(cache), 2);
	CHECK(get(cache, "one") == NULL);
	CHECK_EQ(get(cache, "two")->revision, 8);
	CHECK_EQ(get(cache, "three")->revision, 9);
	CHECK_EQ(cache_changed(cache), 10);
	cache_free(cache);
}

TEST(what_came_before_reading_broke_off_is_forgotten)
{
	struct cache *cache = make_cache();

	cache_fill_again(cache);
	fill(cache, "three", 9);
	cache_fill_again(cache);
	fill(cache, "one", 5);
	cache_filled(cache, 11);
	CHECK_EQ(cache_len(cache), 1);
	CHECK_EQ(get(cache, "one")->revision, 5);
	cache_free(cache);
}

TEST(watchers_of_what_was_there_before_must_list_again)
{
	struct cache *cache = make_cache();
	uint64_t before, number;

	cache_set(cache, key_of("three"), make_object("three", 8), 8, (struct mono){ 1 });
	before = cache_next(cache);
	cache_fill_again(cache);
	fill(cache, "three", 8);
	cache_filled(cache, 10);
	CHECK(before < cache_oldest(cache)); /* who stands there is past the ring */
	CHECK(cache_event(cache, before) == NULL);
	CHECK(!cache_find(cache, 9, &number));
	cache_set(cache, key_of("four"), make_object("four", 11), 11, (struct mono){ 1 });
	CHECK(cache_find(cache, 10, &number));
	CHECK_STR(object_name(cache_event(cache, number)->object), "four");
	cache_free(cache);
}

TEST(encodings_that_nobody_asks_for_and_those_of_old_objects_go)
{
	struct cache *cache = make_cache();
	uint64_t kept = 0;
	uint32_t one, two;

	one = object_bytes_counted(get(cache, "one"), FORMAT_JSON, test_arena(), &kept).len;
	cache_set(cache, key_of("one"), make_object("one", 8), 8, (struct mono){ 0 });
	one = object_bytes_counted(get(cache, "one"), FORMAT_JSON, test_arena(), &kept).len;
	two = object_bytes_counted(get(cache, "two"), FORMAT_JSON, test_arena(), &kept).len;
	CHECK_EQ(kept, 2 * one + two);
	CHECK_EQ(cache_age_bytes(cache), one + two);
	CHECK_EQ(object_kept(cache_event(cache, cache_oldest(cache))->old, FORMAT_JSON), 0);
	object_bytes(get(cache, "two"), FORMAT_JSON, test_arena());
	CHECK_EQ(cache_age_bytes(cache), two);
	CHECK_EQ(object_kept(get(cache, "one"), FORMAT_JSON), 0);
	CHECK_EQ(cache_drop_bytes(cache, 0), 0);
	CHECK_EQ(cache_drop_bytes(cache, 1), two);
	CHECK_EQ(cache_drop_bytes(cache, 1), 0);
	cache_free(cache);
}

static void set(struct cache *cache, const char *name, int64_t revision, int64_t at_s)
{
	cache_set(cache, key_of(name), revision > 0 ? make_object(name, revision) : NULL,
		  (uint64_t)(revision > 0 ? revision : -revision), (struct mono){ at_s * TIME_S });
}

static struct listed *keep(struct cache *cache, const char *namespace)
{
	struct listed *listed = listed_new(str_from(namespace));

	cache_keep_listed(cache, FORMAT_JSON, listed);
	return listed;
}

static bool is_listed(struct cache *cache, const char *namespace, enum format format)
{
	struct listed *found = cache_listed(cache, str_from(namespace), format);

	listed_unref(found);
	return found != NULL;
}

TEST(what_was_listed_is_there_until_something_changes_or_nobody_asks)
{
	struct cache *cache = make_cache();
	struct listed *listed = keep(cache, "a");

	CHECK(is_listed(cache, "a", FORMAT_JSON));
	CHECK(!is_listed(cache, "a", FORMAT_PROTO));
	CHECK(!is_listed(cache, "", FORMAT_JSON));
	cache_pack(cache, NULL, (struct mono){ 0 });
	CHECK(is_listed(cache, "a", FORMAT_JSON));
	cache_pack(cache, NULL, (struct mono){ 0 });
	cache_pack(cache, NULL, (struct mono){ 0 });
	CHECK(!is_listed(cache, "a", FORMAT_JSON));
	listed_unref(listed);
	listed_unref(keep(cache, ""));
	CHECK(is_listed(cache, "", FORMAT_JSON));
	cache_set(cache, key_of("two"), make_object("two", 8), 8, (struct mono){ 0 });
	CHECK(!is_listed(cache, "", FORMAT_JSON));
	listed_unref(keep(cache, ""));
	cache_filled(cache, 9);
	CHECK(!is_listed(cache, "", FORMAT_JSON));
	listed_unref(keep(cache, ""));
	cache_age_bytes(cache);
	CHECK(!is_listed(cache, "", FORMAT_JSON));
	listed = keep(cache, "");
	cache_free(cache);
	listed_unref(listed); /* an answer that is on its way outlives the cache */
}

/* So that encodings which are asked for this way count as asked for. */
TEST(what_was_listed_is_put_together_again_now_and_then)
{
	struct cache *cache = make_cache();
	uint32_t missed = 0;

	listed_unref(keep(cache, ""));
	for (uint32_t i = 0; i < 160; i++)
		missed += !is_listed(cache, "", FORMAT_JSON);
	CHECK_EQ(missed, 10);
	cache_free(cache);
}

TEST(events_show_what_was_there_also_when_it_has_been_packed)
{
	struct cache *cache = make_cache();
	uint64_t first = cache_next(cache);

	set(cache, "one", 8, 1);
	set(cache, "one", 9, 1);
	set(cache, "one", -10, 1);
	set(cache, "new", 11, 1);
	cache_pack(cache, NULL, (struct mono){ 9 * TIME_S });
	for (int i = 0; i < 2; i++) { /* packed, and unpacked by who looked */
		const struct cache_event *event = cache_event(cache, first + 1);

		CHECK_EQ(event->object->revision, 9);
		CHECK_EQ(event->old->revision, 8);
		CHECK_STR(object_name(event->old), "one");
		event = cache_event(cache, first + 2);
		CHECK_EQ(event->change, CACHE_DELETED);
		CHECK_EQ(event->object->revision, 10);
		CHECK_STR(object_meta(event->object)->resource_version, "10");
		CHECK_EQ(event->old->revision, 9);
		event = cache_event(cache, first);
		CHECK_EQ(event->object->revision, 8);
		CHECK_EQ(event->old->revision, 5);
		CHECK(cache_event(cache, first + 3)->object == get(cache, "new"));
	}
	cache_free(cache);
}

/* An object of two owners, of whom one has written much. */
static const struct object *make_owned(int64_t revision)
{
	struct object *object = object_new(&core_config_map_type);
	struct meta_object_meta *meta = object_meta(object);
	struct meta_managed_fields_entry *owners =
	    arena_array(object_arena(object), struct meta_managed_fields_entry, 2);

	meta->namespace = STR("a");
	meta->name = STR("owned");
	meta->managed_fields = (struct meta_managed_fields_entry_list){ owners, 2 };
	owners[0].manager = STR("little");
	owners[0].fields_v1 = STR("{\"f:data\":{}}");
	owners[1].manager = STR("much");
	owners[1].fields_v1 =
	    arena_printf(object_arena(object), "{\"f:data\":{\"f:%0*u\":{}}}", 200, 7U);
	object_freeze(object, revision);
	return object;
}

TEST(what_owners_have_written_is_there_once_for_all_that_is_packed)
{
	struct cache *cache = make_cache();
	struct commons commons = { 0 };
	uint64_t first = cache_next(cache);
	const struct object *last;

	for (int64_t revision = 8; revision < 20; revision++)
		cache_set(cache, key_of("owned"), make_owned(revision), (uint64_t)revision,
			  (struct mono){ 1 });
	cache_pack(cache, &commons, (struct mono){ 9 * TIME_S });
	CHECK_EQ(commons_len(&commons), 1);
	last = get(cache, "owned");
	for (uint64_t number = first + 1; number < cache_next(cache); number++) {
		const struct object *old = cache_event(cache, number)->old;

		CHECK(record_equal(last->type, old->record, last->record));
		CHECK(str_eq(object_bytes(old, FORMAT_JSON, test_arena()),
			     object_bytes(last, FORMAT_JSON, test_arena())));
	}
	commons_fini(&commons);
	cache_free(cache);
}

TEST(what_was_replaced_just_now_is_not_packed)
{
	struct cache *cache = make_cache();
	const struct object *one = get(cache, "one");
	uint64_t first = cache_next(cache);

	set(cache, "one", 8, 10);
	cache_pack(cache, NULL, (struct mono){ 11 * TIME_S });
	CHECK(cache_event(cache, first)->old == one);
	CHECK(cache_event(cache, first)->object == get(cache, "one"));
	cache_free(cache);
}

TEST(packed_events_leave_the_ring_as_others_do)
{
	struct cache *cache = make_cache();
	uint64_t first = cache_next(cache), number;

	for (int64_t i = 0; i < 3 * LIMIT_CACHE_EVENTS; i++) {
		set(cache, "one", 8 + i, 1 + i / 1000);
		if (i % 1000 == 0)
			cache_pack(cache, NULL, (struct mono){ (1 + i / 1000) * TIME_S });
	}
	CHECK_EQ(cache_next(cache) - cache_oldest(cache), LIMIT_CACHE_EVENTS);
	CHECK(cache_event(cache, first) == NULL);
	CHECK(cache_find(cache, (uint64_t)get(cache, "one")->revision - 5, &number));
	for (; number < cache_next(cache); number++)
		CHECK_EQ(cache_event(cache, number)->old->revision,
			 cache_event(cache, number)->object->revision - 1);
	cache_free(cache);
}
