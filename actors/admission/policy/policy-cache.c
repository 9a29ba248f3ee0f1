#include "actors/admission/policy/policy-cache.h"

#include <assert.h>

struct entry {
	struct list link;
	struct arena *arena; /* the entry's own, it lies in it */
	const struct object *object;
	uint32_t references; /* the cache's own, and one for each arena that holds it */
	struct policy_compiled compiled;
};

static void unref(void *arg)
{
	struct entry *entry = arg;

	assert(entry->references > 0);
	if (--entry->references > 0)
		return;
	object_unref(entry->object);
	arena_free(entry->arena);
}

static void drop(struct policy_cache *cache, struct entry *entry)
{
	map_remove(&cache->by_uid, object_uid(entry->object));
	list_remove(&entry->link);
	cache->bytes -= entry->compiled.bytes;
	unref(entry);
}

void policy_cache_init(struct policy_cache *cache)
{
	*cache = (struct policy_cache){ 0 };
	list_init(&cache->by_use);
}

void policy_cache_fini(struct policy_cache *cache)
{
	list_each (&cache->by_use, link)
		drop(cache, list_item(link, struct entry, link));
	map_fini(&cache->by_uid);
}

/* ---- compiling ------------------------------------------------------------------------------------------------- */

struct policy_expression *policy_cache_array(struct policy_compiled *compiled, uint32_t len)
{
	return arena_array(compiled->policy.arena, struct policy_expression, len);
}

static void compile(struct policy *policy, struct str text, enum policy_result result,
		    bool has_authorizer, struct policy_expression *out)
{
	if (policy_compile(policy, text, result, has_authorizer, &out->program, &out->wrong) != OK)
		out->program = NULL;
}

void policy_cache_compile(struct policy_compiled *compiled, struct str text,
			  enum policy_result result, bool has_authorizer,
			  struct policy_expression *out)
{
	compile(&compiled->policy, text, result, has_authorizer, out);
}

void policy_cache_compile_conditions(struct policy_compiled *compiled,
				     struct admissionregistration_match_condition_list list,
				     struct policy_expression *out)
{
	struct policy plain = policy_in(compiled->policy.arena, compiled->policy.has_params, false);

	for (uint32_t i = 0; i < list.len; i++)
		compile(&plain, list.at[i].expression, POLICY_BOOL, true, &out[i]);
	compiled->policy.bytes += plain.bytes;
}

/* What does not compile is wrong with all of a policy. */
static void compile_conditions(struct policy_compiled *compiled, const struct policy_terms *terms)
{
	compiled->conditions = policy_cache_array(compiled, terms->conditions.len);
	policy_cache_compile_conditions(compiled, terms->conditions, compiled->conditions);
	for (uint32_t i = 0; i < terms->conditions.len && compiled->wrong.at == NULL; i++)
		compiled->wrong = compiled->conditions[i].wrong;
}

static void compile_variables(struct policy_compiled *compiled, const struct policy_terms *terms)
{
	struct str words;

	for (uint32_t i = 0; i < terms->variables.len; i++)
		if (policy_add_variable(&compiled->policy, terms->variables.at[i].name,
					terms->variables.at[i].expression, &words) != OK &&
		    compiled->wrong.at == NULL)
			compiled->wrong = words;
}

static struct entry *make(struct policy_cache *cache, const struct policy_sort *sort,
			  const struct policy_terms *terms)
{
	struct arena *arena = arena_new_tight(0);
	struct entry *entry = arena_new_of(arena, struct entry);
	struct policy_compiled *compiled = &entry->compiled;

	list_init(&entry->link);
	entry->arena = arena;
	entry->object = object_ref(terms->object);
	compiled->policy = policy_in(arena, terms->param_kind != NULL, true);
	compile_variables(compiled, terms);
	compile_conditions(compiled, terms);
	sort->compile(terms->object->record, compiled);
	compiled->bytes = arena_size(arena) + compiled->policy.bytes;
	cache->compiled++;
	return entry;
}

/* ---- keeping ------------------------------------------------------------------------------------------------------- */

static bool is_full(const struct policy_cache *cache)
{
	return cache->by_uid.len > POLICY_CACHE_MAX || cache->bytes > POLICY_CACHE_BYTES;
}

static void keep(struct policy_cache *cache, struct entry *entry)
{
	entry->references++;
	map_put(&cache->by_uid, object_uid(entry->object), entry);
	list_push(&cache->by_use, &entry->link);
	cache->bytes += entry->compiled.bytes;
	while (is_full(cache))
		drop(cache, list_item(cache->by_use.next, struct entry, link));
}

const struct policy_compiled *policy_cache_get(struct policy_cache *cache,
					       const struct policy_sort *sort,
					       const struct policy_terms *terms, struct arena *arena)
{
	struct entry *entry = map_get(&cache->by_uid, object_uid(terms->object));

	if (entry != NULL && entry->object->revision != terms->object->revision) {
		drop(cache, entry);
		entry = NULL;
	}
	if (entry != NULL) {
		list_remove(&entry->link);
		list_push(&cache->by_use, &entry->link);
	} else {
		entry = make(cache, sort, terms);
	}
	entry->references++;
	arena_on_free(arena, unref, entry);
	if (list_is_empty(&entry->link))
		keep(cache, entry);
	return &entry->compiled;
}
