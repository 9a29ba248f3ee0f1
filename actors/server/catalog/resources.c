#include "actors/server/catalog/resources.h"

#include "actors/server/server-private.h"

#define REGISTRY STR("/registry/")
#define NAME_BYTES_MAX 512U

struct resources {
	struct arena *arena;
	struct resource **at;
	uint32_t len, cap;
	uint32_t fixed; /* the first so many are there for good */
	uint64_t changes;
	struct map by_name; /* "group/version/name" -> struct resource * */
	struct map caches;  /* prefix without /registry/ and last slash -> struct cache * */
};

static struct str key_of(struct text *out, struct str group, struct str version, struct str name)
{
	text_add(out, group);
	text_add_char(out, '/');
	text_add(out, version);
	text_add_char(out, '/');
	text_add(out, name);
	return text_str(out);
}

/* "/registry/services/specs/" is found by "services/specs". */
static struct str cache_name(struct str prefix)
{
	return str_slice(prefix, REGISTRY.len, prefix.len - 1);
}

static struct cache *share_cache(struct resources *resources, const struct resource *resource)
{
	struct str name = cache_name(resource->row->prefix);
	struct cache *cache = map_get(&resources->caches, name);

	if (cache == NULL) {
		cache = cache_new(resource->row->prefix, resource->type);
		map_put(&resources->caches, name, cache);
	}
	return cache;
}

static const struct type *type_of(const struct resource *resource)
{
	const struct resource_row *row = resource->row;

	return resource->custom ? resource->custom->types.object
				: type_find(row->group, row->version, row->kind);
}

/* Room for one more at a place. */
static void insert(struct resources *resources, uint32_t at, struct resource *resource)
{
	if (resources->len == resources->cap) {
		resources->cap = resources->cap ? resources->cap * 2 : 256;
		resources->at = mem_resize(resources->at, resources->cap * sizeof *resources->at);
	}
	memmove(&resources->at[at + 1], &resources->at[at],
		(resources->len - at) * sizeof *resources->at);
	resources->at[at] = resource;
	resources->len++;
	resource->number = ++resources->changes;
}

static struct resource *make(struct arena *arena, const struct resource_row *row,
			     const struct custom_resource *custom)
{
	struct resource *resource = arena_new_of(arena, struct resource);

	resource->row = row;
	resource->custom = custom;
	resource->api_version = row->group.len == 0
				    ? row->version
				    : arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(row->group),
						   STR_ARG(row->version));
	resource->type = type_of(resource);
	assert(resource->type != NULL);
	resource->rules = custom ? &kind_custom : kind_of(resource->type);
	return resource;
}

static void add(struct resources *resources, const struct resource_row *row,
		const struct live_source *source, const struct custom_resource *custom)
{
	struct resource *resource = make(resources->arena, row, custom);
	struct text key = text_new(NAME_BYTES_MAX);

	insert(resources, resources->len, resource);
	if (source != NULL) {
		resource->live = live_new(source, resource->type);
		resource->cache = live_cache(resource->live);
	} else if (row->prefix.at != NULL) {
		resource->cache = share_cache(resources, resource);
	}
	if (resource->cache != NULL)
		resource->stored = cache_type(resource->cache);
	map_put(&resources->by_name, key_of(&key, row->group, row->version, row->name), resource);
	text_fini(&key);
}

static const struct live_source *source_of(const struct resource_row *row,
					   const struct live_source *lives, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (str_is(row->name, lives[i].resource))
			return &lives[i];
	return NULL;
}

static bool is_switched_off(const struct server_config *config, const struct resource_row *row)
{
	struct text key;
	struct str name;
	bool is_off = false;

	if (config->unserved.len == 0)
		return false;
	key = text_new(NAME_BYTES_MAX);
	name = key_of(&key, row->group, row->version, row->name);
	for (uint32_t i = 0; i < config->unserved.len && !is_off; i++)
		is_off = str_eq(config->unserved.at[i], name);
	text_fini(&key);
	return is_off;
}

/* What a resource that nobody may ask for says of how its objects are kept counts for its other versions. */
static void keep_cache(struct resources *resources, const struct resource_row *row)
{
	if (row->prefix.at != NULL && !row->is_live)
		share_cache(resources, make(resources->arena, row, NULL));
}

struct resources *resources_new(const struct server_config *config)
{
	struct resources *resources = mem_new(struct resources);

	resources->arena = arena_new(0);
	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];
		const struct live_source *source =
		    row->is_live ? source_of(row, config->lives, config->live_count) : NULL;

		if (config->is_served != NULL && !config->is_served(row))
			continue;
		if (is_switched_off(config, row))
			keep_cache(resources, row);
		else if (!row->is_live || source != NULL)
			add(resources, row, source, NULL);
	}
	for (uint32_t i = 0; i < config->custom_count; i++)
		add(resources, &config->customs[i].row, NULL, &config->customs[i]);
	resources->fixed = resources->len;
	return resources;
}

/* ---- those of definitions --------------------------------------------------------------------------------- */

/* Behind the others, by group, with the preferred version first, then by name. */
static int order_of(const struct resource_row *a, const struct resource_row *b)
{
	int order = str_cmp(a->group, b->group);

	if (order == 0)
		order = custom_version_cmp(b->version, a->version);
	return order != 0 ? order : str_cmp(a->name, b->name);
}

static uint32_t place_of(const struct resources *resources, const struct resource_row *row)
{
	uint32_t low = resources->fixed, high = resources->len;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (order_of(resources->at[middle]->row, row) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void forget_caches_of(struct resources *resources, struct custom_set *set)
{
	struct str name = cache_name(set->prefix);

	if (map_get(&resources->caches, name) == set->cache)
		map_remove(&resources->caches, name);
}

static void put_one(struct resources *resources, struct custom_resource *custom)
{
	struct custom_set *set = custom->set;
	struct resource *resource = make(set->arena, &custom->row, custom);
	struct text key = text_new(NAME_BYTES_MAX);

	resource->cache = set->cache;
	resource->stored = set->stored.object;
	insert(resources, place_of(resources, &custom->row), resource);
	map_put(&resources->by_name,
		key_of(&key, custom->row.group, custom->row.version, custom->row.name), resource);
	text_fini(&key);
}

void resources_put_set(struct resources *resources, struct custom_set *set)
{
	map_put(&resources->caches, cache_name(set->prefix), set->cache);
	for (uint32_t i = 0; i < set->len; i++)
		put_one(resources, &set->at[i]);
}

static void drop_one(struct resources *resources, const struct custom_resource *custom)
{
	uint32_t at = place_of(resources, &custom->row);
	struct text key = text_new(NAME_BYTES_MAX);

	assert(at < resources->len && resources->at[at]->custom == custom);
	memmove(&resources->at[at], &resources->at[at + 1],
		(resources->len - at - 1) * sizeof *resources->at);
	resources->len--;
	resources->changes++;
	map_remove(&resources->by_name,
		   key_of(&key, custom->row.group, custom->row.version, custom->row.name));
	text_fini(&key);
}

void resources_drop_set(struct resources *resources, struct custom_set *set)
{
	for (uint32_t i = 0; i < set->len; i++)
		drop_one(resources, &set->at[i]);
	forget_caches_of(resources, set);
	custom_set_unref(set);
}

uint64_t resources_changes(const struct resources *resources)
{
	return resources->changes;
}

void resources_free(struct resources *resources)
{
	struct cache *cache;
	uint32_t at = 0;

	if (resources == NULL)
		return;
	while ((cache = resources_next_cache(resources, &at)) != NULL)
		cache_free(cache);
	for (uint32_t i = 0; i < resources->len; i++)
		live_free(resources->at[i]->live);
	mem_free(resources->at);
	map_fini(&resources->caches);
	map_fini(&resources->by_name);
	arena_free(resources->arena);
	mem_free(resources);
}

const struct resource *resources_find(const struct resources *resources, struct str group,
				      struct str version, struct str name)
{
	struct text key = text_new(NAME_BYTES_MAX);
	const struct resource *resource =
	    map_get(&resources->by_name, key_of(&key, group, version, name));

	text_fini(&key);
	return resource;
}

const struct resource *resources_find_type(const struct resources *resources,
					   const struct type *type)
{
	for (uint32_t i = 0; i < resources->len; i++)
		if (resources->at[i]->type == type)
			return resources->at[i];
	return NULL;
}

static bool is_of(const struct resource *resource, struct str group, struct str version)
{
	return str_eq(resource->row->group, group) && str_eq(resource->row->version, version);
}

bool resources_has_version(const struct resources *resources, struct str group, struct str version)
{
	for (uint32_t i = 0; i < resources->fixed; i++)
		if (is_of(resources->at[i], group, version))
			return true;
	return resources_is_custom(resources, group, version);
}

/* Of thousands, so the place is looked for where the first of them, by name, would be. */
bool resources_is_custom(const struct resources *resources, struct str group, struct str version)
{
	struct resource_row first = { .group = group, .version = version, .name = STR("") };
	uint32_t at = place_of(resources, &first);

	return at < resources->len && is_of(resources->at[at], group, version);
}

const struct subresource_row *resource_subresource(const struct resource *resource, struct str name)
{
	for (uint32_t i = 0; i < resource->row->subresource_count; i++)
		if (str_eq(resource->row->subresources[i].name, name))
			return &resource->row->subresources[i];
	return NULL;
}

uint32_t resources_len(const struct resources *resources)
{
	return resources->len;
}

const struct resource *resources_at(const struct resources *resources, uint32_t i)
{
	assert(i < resources->len);
	return resources->at[i];
}

/* The name of a cache is the first part of a key, or the first two. */
struct cache *resources_cache_of(const struct resources *resources, struct str key)
{
	struct str rest, first;
	struct cache *cache;

	if (!str_starts(key, REGISTRY))
		return NULL;
	rest = str_slice(key, REGISTRY.len, key.len);
	first = str_cut(&rest, '/');
	cache = map_get(&resources->caches, first);
	if (cache != NULL || rest.at == NULL)
		return cache;
	str_cut(&rest, '/');
	if (rest.at == NULL)
		return NULL;
	return map_get(&resources->caches,
		       str_slice(key, REGISTRY.len, (uint32_t)(rest.at - key.at) - 1));
}

struct cache *resources_next_cache(const struct resources *resources, uint32_t *at)
{
	struct str name;
	void *cache;

	return map_next(&resources->caches, at, &name, &cache) ? cache : NULL;
}
