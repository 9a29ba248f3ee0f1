#include "actors/server/cache/cache.h"

#include "actors/server/cache/listed.h"
#include "actors/server/cache/ring.h"
#include "datastore/object/record.h"
#include "runtime/base/collection/tree.h"

#define USES_MAX 16U /* of what was listed, then it is put together again */
#define KEY_MAX 600U /* two names of 253 bytes and a slash */

struct cache {
	struct str prefix;
	const struct type *type;
	struct custom_set *owner;
	struct tree *objects; /* relative key -> const struct object * */
	struct tree *coming;  /* the same, of a filling; NULL: nothing has come */
	bool is_put_off;      /* what comes is late */
	bool is_late;         /* and nothing is shown meanwhile */
	uint64_t changed;
	uint32_t average_bytes;
	struct list watchers, mark;
	struct mono rests_until;
	/* The last ones given out, while nothing has changed since. */
	struct cache_snapshot *snapshot;
	struct listed *listed[FORMAT_COUNT];
	struct ring ring;
};

struct cache *cache_new(struct str prefix, const struct type *type)
{
	struct cache *cache = mem_new(struct cache);

	cache->prefix = prefix;
	cache->type = type;
	cache->objects = tree_new();
	list_init(&cache->watchers);
	list_init(&cache->mark);
	return cache;
}

static void forget_snapshot(struct cache *cache)
{
	cache_snapshot_unref(cache->snapshot);
	cache->snapshot = NULL;
}

static void forget_listed(struct cache *cache, bool is_all)
{
	for (uint32_t i = 0; i < FORMAT_COUNT; i++) {
		struct listed *listed = cache->listed[i];

		if (listed == NULL)
			continue;
		if (is_all || !listed->is_used) {
			listed_unref(listed);
			cache->listed[i] = NULL;
		} else {
			listed->is_used = false;
		}
	}
}

/* Something is about to change. */
static void forget(struct cache *cache)
{
	forget_snapshot(cache);
	forget_listed(cache, true);
}

/* What stands in `coming` for what has gone since: no object. */
static const char gone;

static void give_back(void *value)
{
	if (value != &gone)
		object_unref(value);
}

static void drop_objects(struct tree *objects)
{
	struct tree_cursor cursor;
	struct str key;
	void *value;

	if (objects == NULL)
		return;
	cursor = tree_from(objects, STR(""));
	while (tree_step(&cursor, &key, &value))
		give_back(value);
	tree_free(objects);
}

void cache_fill_again(struct cache *cache)
{
	drop_objects(cache->coming);
	cache->coming = NULL;
	cache->is_put_off = false;
}

static struct str relative_of(const struct cache *cache, struct str key)
{
	assert(str_starts(key, cache->prefix));
	return str_slice(key, cache->prefix.len, key.len);
}

/* Gives what was there. */
static void *put_coming(struct cache *cache, struct str relative, const void *value)
{
	if (cache->coming == NULL)
		cache->coming = tree_new();
	return tree_put(cache->coming, relative, (void *)(uintptr_t)value);
}

void cache_fill(struct cache *cache, struct str key, const struct object *object)
{
	/* It is of the revision that the filling began with: what is there is as new or newer. */
	if (cache->is_put_off && cache_knows(cache, key))
		object_unref(object);
	else
		object_unref(put_coming(cache, relative_of(cache, key), object));
}

/* ---- late ones -------------------------------------------------------------------------------------- */

void cache_put_off(struct cache *cache)
{
	cache_fill_again(cache);
	cache->is_put_off = cache->is_late = true;
}

bool cache_is_late(const struct cache *cache)
{
	return cache->is_late;
}

bool cache_knows(const struct cache *cache, struct str key)
{
	return cache->coming != NULL && tree_get(cache->coming, relative_of(cache, key)) != NULL;
}

static void change_late(struct cache *cache, struct str relative, const struct object *object)
{
	void *old = put_coming(cache, relative, object != NULL ? (const void *)object : &gone);

	if (old != NULL)
		give_back(old);
}

/* A walk ends with the first change: each time from where it was. */
static void forget_gone(struct tree *objects)
{
	struct tree_cursor cursor = tree_from(objects, STR(""));
	char buffer[LIMIT_KEY_BYTES];
	struct str key;
	void *value;

	while (tree_step(&cursor, &key, &value)) {
		if (value != &gone)
			continue;
		assert(key.len <= sizeof buffer);
		memcpy(buffer, key.at, key.len);
		key.at = buffer;
		tree_remove(objects, key);
		cursor = tree_from(objects, key);
	}
}

/* A resource that was empty and is stays as it is, but for those who watch it. */
static void show_coming(struct cache *cache)
{
	forget(cache);
	drop_objects(cache->objects);
	cache->objects = cache->coming != NULL ? cache->coming : tree_new();
	cache->coming = NULL;
}

static void begin_from(struct cache *cache, uint64_t revision)
{
	ring_clear(&cache->ring, revision);
	cache->changed = revision;
}

void cache_come(struct cache *cache)
{
	assert(cache->is_put_off);
	if (cache->coming != NULL)
		forget_gone(cache->coming);
	show_coming(cache);
	begin_from(cache, cache->changed);
	cache->is_put_off = cache->is_late = false;
}

void cache_filled(struct cache *cache, uint64_t revision)
{
	cache->is_late = cache->is_put_off;
	if (cache->is_late) {
		forget(cache);
		drop_objects(cache->objects);
		cache->objects = tree_new();
	} else if (cache->coming != NULL || tree_len(cache->objects) > 0) {
		show_coming(cache);
	}
	begin_from(cache, revision);
}

void cache_free(struct cache *cache)
{
	if (cache == NULL)
		return;
	forget(cache);
	ring_fini(&cache->ring);
	drop_objects(cache->objects);
	drop_objects(cache->coming);
	mem_free(cache);
}

const struct type *cache_type(const struct cache *cache)
{
	return cache->type;
}

void cache_set_owner(struct cache *cache, struct custom_set *owner)
{
	cache->owner = owner;
}

struct custom_set *cache_owner(const struct cache *cache)
{
	return cache->owner;
}

struct str cache_prefix(const struct cache *cache)
{
	return cache->prefix;
}

/* ---- who is told ---------------------------------------------------------------------------------- */

struct list *cache_watchers(struct cache *cache)
{
	return &cache->watchers;
}

void cache_mark(struct cache *cache, struct list *marked)
{
	if (list_is_empty(&cache->mark))
		list_push(marked, &cache->mark);
}

void cache_unmark(struct cache *cache)
{
	list_remove(&cache->mark);
}

void cache_rest(struct cache *cache, struct mono until)
{
	cache->rests_until = until;
}

struct mono cache_rests_until(const struct cache *cache)
{
	return cache->rests_until;
}

struct cache *cache_of_mark(struct list *link)
{
	return list_item(link, struct cache, mark);
}

/* ---- the ring --------------------------------------------------------------------------------------- */

const struct object *cache_deleted(const struct object *old, uint64_t revision)
{
	struct object *object = object_edit(old);
	struct meta_object_meta *meta = object_meta(object);

	meta->resource_version = arena_printf(object_arena(object), "%ju", (uintmax_t)revision);
	object_freeze(object, (int64_t)revision);
	return object;
}

static void tell(struct cache *cache, const struct object *object, const struct object *old,
		 uint64_t revision, struct mono now)
{
	struct cache_event event = { .revision = revision, .at = now, .old = old };

	if (object != NULL) {
		event.change = old ? CACHE_MODIFIED : CACHE_ADDED;
		event.object = object_ref(object);
	} else {
		event.change = CACHE_DELETED;
		event.object = cache_deleted(old, revision);
	}
	ring_push(&cache->ring, event);
}

void cache_set(struct cache *cache, struct str key, const struct object *object, uint64_t revision,
	       struct mono now)
{
	struct str relative = relative_of(cache, key);
	const struct object *old;

	if (revision > cache->changed)
		cache->changed = revision;
	if (cache->is_late) {
		change_late(cache, relative, object);
		return;
	}
	forget(cache);
	if (object != NULL)
		old = tree_put(cache->objects, relative, (void *)(uintptr_t)object);
	else
		old = tree_remove(cache->objects, relative);
	if (object != NULL || old != NULL)
		tell(cache, object, old, revision, now); /* which takes over `old` */
}

uint64_t cache_next(const struct cache *cache)
{
	return cache->ring.next;
}

uint64_t cache_oldest(const struct cache *cache)
{
	return cache->ring.oldest;
}

const struct cache_event *cache_event(struct cache *cache, uint64_t number)
{
	return ring_event(&cache->ring, number);
}

bool cache_find(const struct cache *cache, uint64_t revision, uint64_t *out_number)
{
	return ring_find(&cache->ring, revision, out_number);
}

void cache_pack(struct cache *cache, struct commons *commons, struct mono now)
{
	ring_pack(&cache->ring, commons, now);
	forget_listed(cache, false);
}

/* ---- what was listed last ------------------------------------------------------------------------- */

struct listed *cache_listed(struct cache *cache, struct str namespace, enum format format)
{
	struct listed *listed = cache->listed[format];

	if (listed == NULL || !str_eq(listed->namespace, namespace) ||
	    ++listed->uses % USES_MAX == 0)
		return NULL;
	listed->is_used = true;
	return listed_ref(listed);
}

void cache_keep_listed(struct cache *cache, enum format format, struct listed *listed)
{
	listed_unref(cache->listed[format]);
	cache->listed[format] = listed_ref(listed);
}

/* ---- reading ------------------------------------------------------------------------------------------ */

static struct str join(struct str namespace, struct str name, char out[KEY_MAX])
{
	uint32_t len = 0;

	if (namespace.len + name.len + 1U > KEY_MAX)
		return STR(""); /* no object has such a name */
	if (namespace.len > 0) {
		memcpy(out, namespace.at, namespace.len);
		len = namespace.len;
		out[len++] = '/';
	}
	if (name.len > 0)
		memcpy(out + len, name.at, name.len);
	return str_of(out, len + name.len);
}

const struct object *cache_get(const struct cache *cache, struct str namespace, struct str name)
{
	const struct tree *objects = cache->is_late ? cache->coming : cache->objects;
	char buffer[KEY_MAX];
	const void *found =
	    objects != NULL ? tree_get(objects, join(namespace, name, buffer)) : NULL;

	return found != &gone ? found : NULL;
}

uint64_t cache_len(const struct cache *cache)
{
	return tree_len(cache->is_late && cache->coming ? cache->coming : cache->objects);
}

void cache_note_bytes(struct cache *cache, uint32_t bytes)
{
	if (cache->average_bytes == 0)
		cache->average_bytes = bytes;
	else
		cache->average_bytes += (int32_t)(bytes - cache->average_bytes) / 16;
}

uint32_t cache_average_bytes(const struct cache *cache)
{
	return cache->average_bytes;
}

uint64_t cache_changed(const struct cache *cache)
{
	return cache->changed;
}

void cache_each(const struct cache *cache, struct str namespace, struct str after,
		cache_visit *visit, void *arg)
{
	char buffer[KEY_MAX];
	struct str below = namespace.len > 0 ? join(namespace, STR(""), buffer) : STR("");
	struct str from = after.len > 0 && str_cmp(after, below) > 0 ? after : below;
	struct tree_cursor cursor = tree_from(cache->objects, from);
	struct str key;
	void *value;

	while (tree_step(&cursor, &key, &value)) {
		if (!str_starts(key, below))
			return;
		if (after.len > 0 && str_cmp(key, after) <= 0)
			continue;
		if (!visit(arg, key, value))
			return;
	}
}

/* ---- encodings ------------------------------------------------------------------------------------------- */

uint64_t cache_age_bytes(struct cache *cache)
{
	struct tree_cursor cursor = tree_from(cache->objects, STR(""));
	uint64_t left = 0;
	struct str key;
	void *object;

	ring_drop_bytes(&cache->ring);
	forget_listed(cache, true); /* it holds encodings that may go */
	while (tree_step(&cursor, &key, &object))
		left += object_age_bytes(object);
	return left;
}

uint64_t cache_drop_bytes(struct cache *cache, uint64_t bytes)
{
	struct tree_cursor cursor = tree_from(cache->objects, STR(""));
	uint64_t dropped = 0;
	struct str key;
	void *object;

	forget_listed(cache, true);
	while (dropped < bytes && tree_step(&cursor, &key, &object))
		dropped += object_drop_bytes(object);
	return dropped;
}

/* ---- snapshots ------------------------------------------------------------------------------------------- */

struct gather {
	struct cache_snapshot *snapshot;
	uint32_t cap;
};

static bool gather(void *arg, struct str key, const struct object *object)
{
	struct gather *into = arg;
	struct cache_snapshot *snapshot = into->snapshot;

	(void)key;
	if (snapshot->len == into->cap) {
		into->cap = into->cap ? into->cap * 2 : 64;
		snapshot->objects =
		    mem_resize(snapshot->objects, into->cap * sizeof *snapshot->objects);
	}
	snapshot->objects[snapshot->len++] = object_ref(object);
	return true;
}

static struct str copy_str(struct str s)
{
	char *at = mem_alloc(s.len + 1U);

	if (s.len > 0)
		memcpy(at, s.at, s.len);
	at[s.len] = '\0';
	return str_of(at, s.len);
}

struct cache_snapshot *cache_snapshot(struct cache *cache, struct str namespace)
{
	struct cache_snapshot *last = cache->snapshot;
	struct gather into = { 0 };

	if (last == NULL || !str_eq(last->namespace, namespace)) {
		forget_snapshot(cache);
		last = cache->snapshot = mem_new(struct cache_snapshot);
		last->refs = 1; /* the cache's own */
		last->changed = cache->changed;
		last->namespace = copy_str(namespace);
		into.snapshot = last;
		cache_each(cache, namespace, STR_NONE, gather, &into);
	}
	last->refs++;
	return last;
}

void cache_snapshot_unref(struct cache_snapshot *snapshot)
{
	if (snapshot == NULL || --snapshot->refs > 0)
		return;
	for (uint32_t i = 0; i < snapshot->len; i++)
		object_unref(snapshot->objects[i]);
	mem_free(snapshot->objects);
	mem_free((void *)(uintptr_t)snapshot->namespace.at);
	mem_free(snapshot);
}
