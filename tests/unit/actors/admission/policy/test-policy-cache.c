#include "actors/admission/policy/policy-cache.h"

#include <stdio.h>

#include "datastore/schema/core.h"
#include "tests/lib/test.h"

static const struct policy_expression *expressions_of(const struct policy_compiled *compiled)
{
	return compiled->expressions;
}

static void compile(const void *record, struct policy_compiled *compiled)
{
	const struct core_config_map *map = record;

	compiled->expressions = policy_cache_array(compiled, 1);
	policy_cache_compile(compiled, str_map_get(map->data, STR("text")), POLICY_BOOL, true,
			     compiled->expressions);
}

static const struct policy_sort sort = { .compile = compile };

/* The cache knows of objects and terms only: any kind will do. */
static const struct object *make_object(const char *uid, const char *text, int64_t revision)
{
	struct object *object = object_new(&core_config_map_type);
	struct core_config_map *map = object->record;

	object_meta(object)->uid = arena_str(object_arena(object), str_from(uid));
	str_map_put(&map->data, object_arena(object), STR("text"),
		    arena_str(object_arena(object), str_from(text)));
	object_freeze(object, revision);
	object_hold(test_arena(), object);
	object_unref(object);
	return object;
}

static const struct policy_compiled *get(struct policy_cache *cache, const char *uid,
					 const char *text, int64_t revision, struct arena *arena)
{
	struct policy_terms terms = { .object = make_object(uid, text, revision) };

	return policy_cache_get(cache, &sort, &terms, arena);
}

TEST(a_policy_is_compiled_once_for_each_of_its_revisions)
{
	struct policy_cache cache;
	struct arena *arena = arena_new(0);
	const struct policy_compiled *first, *other;

	policy_cache_init(&cache);
	first = get(&cache, "a", "true", 1, arena);
	CHECK(expressions_of(first)->program != NULL);
	CHECK(get(&cache, "a", "true", 1, arena) == first);
	CHECK_EQ(cache.compiled, 1);
	other = get(&cache, "a", "1", 2, arena);
	CHECK(expressions_of(other)->program == NULL);
	CHECK_STR(expressions_of(other)->wrong, "must evaluate to bool but got int");
	CHECK_EQ(cache.compiled, 2);
	CHECK_EQ(cache.by_uid.len, 1);
	/* Who got the old one has it still. */
	CHECK(expressions_of(first)->program != NULL);
	arena_free(arena);
	CHECK(get(&cache, "a", "1", 2, test_arena()) == other);
	policy_cache_fini(&cache);
	CHECK_EQ(cache.bytes, 0);
}

TEST(what_was_not_asked_for_the_longest_goes)
{
	struct policy_cache cache;
	char uid[16];

	policy_cache_init(&cache);
	for (uint32_t i = 0; i < POLICY_CACHE_MAX; i++) {
		snprintf(uid, sizeof uid, "%u", i);
		get(&cache, uid, "true", 1, test_arena());
	}
	get(&cache, "0", "true", 1, test_arena());
	CHECK_EQ(cache.compiled, POLICY_CACHE_MAX);
	get(&cache, "new", "true", 1, test_arena());
	CHECK_EQ(cache.by_uid.len, POLICY_CACHE_MAX);
	get(&cache, "0", "true", 1, test_arena());
	CHECK_EQ(cache.compiled, POLICY_CACHE_MAX + 1);
	get(&cache, "1", "true", 1, test_arena());
	CHECK_EQ(cache.compiled, POLICY_CACHE_MAX + 2);
	policy_cache_fini(&cache);
}

/* A small policy takes little, however many there are. */
TEST(a_compiled_policy_takes_a_few_kilobytes)
{
	struct policy_cache cache;
	const struct policy_compiled *compiled;

	policy_cache_init(&cache);
	compiled = get(&cache, "a",
		       "object.data.all(k, size(object.data[k]) < 1000) && !('x' in object.data)",
		       1, test_arena());
	CHECK_EQ(cache.bytes, compiled->bytes);
	CHECK(cache.bytes < 32U * KIB);
	policy_cache_fini(&cache);
}
