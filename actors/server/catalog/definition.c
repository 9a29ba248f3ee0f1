#include "actors/server/catalog/definition.h"

#include "actors/server/server-private.h"
#include "runtime/base/log.h"

#define STORE_MS 30000U
#define TRIES_MAX 100U /* to read objects that change meanwhile; then the feed begins anew */
#define REGISTRY STR("/registry/")

typedef const struct apiextensions_custom_resource_definition crd;

/* What is known of keys that no cache has: there might be a definition of them one day. */
struct unclaimed {
	uint64_t count;
	uint64_t revision; /* of the last change */
};

struct definition {
	struct list link; /* of those being loaded */
	struct custom_set *shown, *coming;
	uint64_t tag;      /* of the question under way */
	uint64_t revision; /* at which the pages are read; 0: the first is under way */
	uint32_t tries;
	struct arena *arena; /* of the question */
	bool is_there;       /* while all are filled anew */
};

struct definitions {
	struct cache *cache;  /* of the definitions themselves; NULL: they are not served */
	struct map by_name;   /* of the object -> struct definition * */
	struct map unclaimed; /* "example.com/widgets" -> struct unclaimed * */
	struct list loading;
};

struct definitions *definitions_new(const struct resources *resources)
{
	struct definitions *definitions = mem_new(struct definitions);

	list_init(&definitions->loading);
	definitions->cache = resources_cache_of(resources, DEFINITIONS_KEY);
	return definitions;
}

static void forget_unclaimed(struct definitions *definitions)
{
	struct str name;
	void *unclaimed;

	for (uint32_t at = 0; map_next(&definitions->unclaimed, &at, &name, &unclaimed);)
		mem_free(unclaimed);
	map_clear(&definitions->unclaimed);
}

/* ---- loading ---------------------------------------------------------------------------------------------- */

static void stop_loading(struct definition *definition)
{
	list_remove(&definition->link);
	custom_set_unref(definition->coming);
	definition->coming = NULL;
	arena_free(definition->arena);
	definition->arena = NULL;
	definition->tag = 0;
}

static void close_watches(struct server *server, struct custom_set *set)
{
	struct list *watchers = cache_watchers(set->cache);

	cache_unmark(set->cache);
	list_each (watchers, link)
		watch_close(watch_of_link(link), 200);
	(void)server;
}

static void hide(struct server *server, struct definition *definition)
{
	struct custom_set *old = definition->shown;

	definition->shown = NULL;
	if (old == NULL)
		return;
	/* Alive until its watches have gone, which leave its cache. */
	old->refs++;
	resources_drop_set(server->resources, old);
	close_watches(server, old);
	custom_set_unref(old);
}

static void show(struct server *server, struct definition *definition, struct custom_set *set,
		 uint64_t revision)
{
	hide(server, definition);
	cache_filled(set->cache, revision);
	definition->shown = set;
	resources_put_set(server->resources, set);
	log_debug("api", "a kind is served", LOG_STR("prefix", set->prefix));
}

static struct str cache_name(const struct custom_set *set)
{
	return str_slice(set->prefix, REGISTRY.len, set->prefix.len - 1);
}

/* The last change of its objects that has come, whether they were in a cache or not. */
static uint64_t last_change(const struct definitions *definitions, const struct definition *d)
{
	const struct unclaimed *unclaimed = map_get(&definitions->unclaimed, cache_name(d->coming));

	if (d->shown != NULL)
		return cache_changed(d->shown->cache);
	return unclaimed != NULL ? unclaimed->revision : 0;
}

static void ask(struct server *server, struct definition *definition, struct str after)
{
	struct arena *arena = arena_new(0);
	struct str prefix = definition->coming->prefix;
	struct store_range range = { .key = prefix, .revision = definition->revision };

	/* The first key behind all that begin with the prefix: '0' follows '/'. */
	range.end = arena_printf(arena, STR_FMT "0", STR_ARG(str_slice(prefix, 0, prefix.len - 1)));
	if (after.at != NULL)
		range.key = feed_key_after(arena, after);
	arena_free(definition->arena);
	definition->arena = arena;
	definition->tag = server_tag(server);
	if (act_request(server->act, server->feed.store, &store_range_type, &range, STORE_MS,
			definition->tag) != OK)
		definition->tag = 0; /* the feed finds the same, and fills all anew */
}

static void load(struct server *server, struct definition *definition, struct custom_set *set)
{
	stop_loading(definition);
	definition->coming = set;
	definition->revision = 0;
	definition->tries = 0;
	list_push(&server->definitions->loading, &definition->link);
	ask(server, definition, STR_NONE);
}

static void loaded(struct server *server, struct definition *definition)
{
	struct custom_set *set = definition->coming;
	uint64_t revision = definition->revision;

	if (last_change(server->definitions, definition) > revision &&
	    ++definition->tries < TRIES_MAX) {
		cache_fill_again(set->cache);
		definition->revision = 0;
		ask(server, definition, STR_NONE);
		return;
	}
	definition->coming = NULL;
	stop_loading(definition);
	mem_free(map_remove(&server->definitions->unclaimed, cache_name(set)));
	show(server, definition, set, revision);
}

static void page_came(struct server *server, struct definition *definition,
		      const struct act_msg *msg)
{
	const struct store_range_answer *answer = msg->body;
	struct custom_set *set = definition->coming;

	definition->tag = 0;
	if (store_outcome(msg) != OK) {
		definition->revision = 0;
		cache_fill_again(set->cache);
		if (++definition->tries < TRIES_MAX)
			ask(server, definition, STR_NONE);
		return;
	}
	definition->revision = answer->revision;
	for (uint32_t i = 0; i < answer->row_count; i++) {
		const struct object *object = feed_take(server, set->cache, &answer->rows[i]);

		if (object != NULL)
			cache_fill(set->cache, answer->rows[i].key, object);
	}
	if (answer->more && answer->row_count > 0)
		ask(server, definition, answer->rows[answer->row_count - 1].key);
	else
		loaded(server, definition);
}

bool definitions_receive(struct server *server, const struct act_msg *msg)
{
	if (msg->kind != ACT_ANSWER)
		return false;
	list_each (&server->definitions->loading, link) {
		struct definition *definition = list_item(link, struct definition, link);

		if (definition->tag != msg->tag)
			continue;
		page_came(server, definition, msg);
		return true;
	}
	return false;
}

bool definitions_are_loading(const struct definitions *definitions)
{
	return !list_is_empty(&definitions->loading);
}

/* ---- changes ---------------------------------------------------------------------------------------------- */

static bool has_objects(const struct definitions *definitions, const struct definition *definition,
			const struct custom_set *set)
{
	const struct unclaimed *unclaimed = map_get(&definitions->unclaimed, cache_name(set));

	return (definition->shown != NULL && cache_len(definition->shown->cache) > 0) ||
	       (unclaimed != NULL && unclaimed->count > 0);
}

static void serve(struct server *server, struct definition *definition, const struct object *object,
		  bool is_filling)
{
	struct custom_set *set;
	struct fault why = { 0 };

	if (custom_set_new(object, &set, &why) != OK) {
		log_warn("api", "a definition cannot be served",
			 LOG_STR("name", object_name(object)), LOG_FAULT(&why));
		stop_loading(definition);
		hide(server, definition);
		return;
	}
	custom_set_refresh(set, object);
	if (!is_filling && has_objects(server->definitions, definition, set)) {
		load(server, definition, set);
		return;
	}
	stop_loading(definition);
	show(server, definition, set, (uint64_t)object->revision);
}

static struct definition *find_or_make(struct definitions *definitions, struct str name)
{
	struct definition *definition = map_get(&definitions->by_name, name);

	if (definition != NULL)
		return definition;
	definition = mem_new(struct definition);
	list_init(&definition->link);
	map_put(&definitions->by_name, name, definition);
	return definition;
}

static void changed(struct server *server, const struct object *object, bool is_filling)
{
	struct definition *definition = find_or_make(server->definitions, object_name(object));
	struct custom_set *now = definition->coming ? definition->coming : definition->shown;

	definition->is_there = true;
	if (now != NULL && custom_is_same(now->definition->record, object->record))
		custom_set_refresh(now, object);
	else if (custom_is_established(object->record))
		serve(server, definition, object, is_filling);
}

static struct unclaimed *unclaimed_of(struct definitions *definitions, struct str name)
{
	struct unclaimed *unclaimed = map_get(&definitions->unclaimed, name);

	if (unclaimed != NULL)
		return unclaimed;
	unclaimed = mem_new(struct unclaimed);
	map_put(&definitions->unclaimed, name, unclaimed);
	return unclaimed;
}

/* Objects that it leaves behind are there again when it comes back. */
static void leave_objects(struct definitions *definitions, const struct custom_set *set)
{
	struct unclaimed *unclaimed;

	if (set == NULL || cache_len(set->cache) == 0)
		return;
	unclaimed = unclaimed_of(definitions, cache_name(set));
	unclaimed->count = cache_len(set->cache);
	unclaimed->revision = cache_changed(set->cache);
}

static void gone(struct server *server, struct str name)
{
	struct definition *definition = map_remove(&server->definitions->by_name, name);

	if (definition == NULL)
		return;
	stop_loading(definition);
	leave_objects(server->definitions, definition->shown);
	hide(server, definition);
	mem_free(definition);
}

void definitions_changed(struct server *server, const struct cache *cache, struct str key,
			 const struct object *object)
{
	if (cache != server->definitions->cache)
		return;
	if (object != NULL)
		changed(server, object, false);
	else
		gone(server, str_slice(key, DEFINITIONS_KEY.len, key.len));
}

void definitions_unclaimed(struct server *server, const struct store_row *row, bool is_delete)
{
	struct str rest = str_slice(row->key, REGISTRY.len, row->key.len);
	struct str group = str_cut(&rest, '/'), name;
	struct unclaimed *unclaimed;

	/* Groups of definitions have a dot in them. */
	if (server->definitions->cache == NULL || !str_starts(row->key, REGISTRY) ||
	    str_find_char(group, '.') < 0 || rest.at == NULL)
		return;
	str_cut(&rest, '/');
	if (rest.at == NULL)
		return;
	name = str_slice(row->key, REGISTRY.len, (uint32_t)(rest.at - row->key.at) - 1);
	unclaimed = unclaimed_of(server->definitions, name);
	unclaimed->revision = row->mod_revision;
	if (is_delete)
		unclaimed->count -= unclaimed->count > 0;
	else if (row->version == 1 || server->feed.state == FEED_FILLING)
		unclaimed->count++;
}

/* ---- all of them anew ------------------------------------------------------------------------------------- */

void definitions_fill_again(struct server *server)
{
	struct str name;
	void *at_name;

	forget_unclaimed(server->definitions);
	for (uint32_t at = 0; map_next(&server->definitions->by_name, &at, &name, &at_name);) {
		struct definition *definition = at_name;

		stop_loading(definition);
		definition->is_there = false;
	}
}

void definitions_fill(struct server *server, const struct store_row *row)
{
	const struct object *object;

	if (server->definitions->cache == NULL)
		return;
	object = feed_take(server, server->definitions->cache, row);
	if (object == NULL)
		return;
	changed(server, object, true);
	object_unref(object);
}

void definitions_filled(struct server *server)
{
	struct str name;
	void *at_name;

	for (uint32_t at = 0; map_next(&server->definitions->by_name, &at, &name, &at_name);) {
		struct definition *definition = at_name;

		if (!definition->is_there)
			gone(server, name);
	}
}

void definitions_free(struct definitions *definitions, struct resources *resources)
{
	struct str name;
	void *at_name;

	if (definitions == NULL)
		return;
	for (uint32_t at = 0; map_next(&definitions->by_name, &at, &name, &at_name);) {
		struct definition *definition = at_name;

		stop_loading(definition);
		if (definition->shown != NULL)
			resources_drop_set(resources, definition->shown);
		mem_free(definition);
	}
	map_fini(&definitions->by_name);
	forget_unclaimed(definitions);
	map_fini(&definitions->unclaimed);
	mem_free(definitions);
}
