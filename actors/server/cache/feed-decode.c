#include "actors/server/answer/convert.h"
#include "actors/server/answer/stored.h"
#include "actors/server/cache/feed.h"
#include "actors/server/server-private.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "runtime/base/log.h"

/* Objects out of stored bytes. */

/* The version that it is kept in, where a webhook converts: it may be older than the one that is stored now. */
static const struct type *own_type(const struct cache *cache, struct str bytes)
{
	const struct custom_set *set = cache_owner(cache);
	const struct type *type = NULL;
	struct str version, kind;
	struct arena *arena;

	if (set == NULL)
		return cache_type(cache);
	arena = arena_new(0);
	if (json_kind(bytes, arena, &version, &kind, NULL) == OK)
		type = custom_set_type(set, version);
	arena_free(arena);
	return type != NULL ? type : cache_type(cache);
}

static struct object *decode(struct server *server, const struct type *type,
			     const struct store_row *row, struct str bytes)
{
	struct fault why = { 0 };
	struct meta_object_meta *meta;
	struct object *object;

	if (stored_decode(type, bytes, &object, &why) != OK) {
		log_error("api", "a stored object cannot be read", LOG_STR("key", row->key),
			  LOG_FAULT(&why));
		return NULL;
	}
	record_default(type, object->record, object_arena(object), act_wall(server->act));
	meta = object_meta(object);
	meta->resource_version =
	    arena_printf(object_arena(object), "%ju", (uintmax_t)row->mod_revision);
	return object;
}

static const struct object *decode_as_shown(struct server *server, const struct cache *cache,
					    const struct store_row *row, struct str bytes)
{
	const struct type *own = own_type(cache, bytes), *type = cache_type(cache);
	struct object *object = decode(server, own, row, bytes), *shown;

	if (object == NULL)
		return NULL;
	const struct object *stored =
	    object_settle(object, (int64_t)row->mod_revision, &server->commons);
	if (own == type)
		return stored;
	/* What the cache has is alike as far as names go; who wants it right has its origin converted. */
	shown = object_new(type);
	shown->record =
	    (void *)(uintptr_t)convert_record(own, stored->record, type, object_arena(shown));
	object_set_origin(shown, stored);
	object_freeze(shown, stored->revision);
	object_unref(stored);
	return shown;
}

const struct object *feed_decode(struct server *server, const struct cache *cache,
				 const struct store_row *row, const char **out_words)
{
	struct arena *arena = arena_new(0);
	const struct object *object = NULL;
	struct fault why = { 0 };
	struct str plain;

	if (seal_open(server, cache_type(cache), row->key, row->value, arena, &plain, &why) != OK) {
		log_error("api", "a stored object cannot be opened", LOG_STR("key", row->key),
			  LOG_FAULT(&why));
		*out_words = seal_unread_words(server, cache_type(cache), row->value, &why);
	} else {
		object = decode_as_shown(server, cache, row, plain);
		if (object == NULL)
			*out_words = "the stored value cannot be decoded";
	}
	arena_free(arena);
	return object;
}

const struct object *feed_take(struct server *server, struct cache *cache,
			       const struct store_row *row)
{
	const char *words = NULL;
	const struct object *object = feed_decode(server, cache, row, &words);

	cache_note_bytes(cache, row->value.len);
	if (object == NULL)
		seal_set_unread(server, row->key, words);
	return object;
}
