#include "actors/server/cache/reopen.h"

#include "actors/encryption/encryption.h"
#include "actors/server/cache/feed-private.h"
#include "actors/server/catalog/definition.h"
#include "actors/server/server-private.h"
#include "runtime/base/log.h"

static uint64_t generation_of(const struct server *server)
{
	return server->config->encryption != NULL ? server->config->encryption->generation : 0;
}

void reopen_stop(struct server *server)
{
	struct reopening *reopening = &server->reopening;

	if (reopening->arena == NULL)
		return;
	act_request_cancel(server->act, FEED_TAG_REOPEN);
	arena_free(reopening->arena);
	*reopening = (struct reopening){ .generation = reopening->generation };
}

static void ended(struct server *server)
{
	log_info("api", "values that could not be read were tried again",
		 LOG_U64("tried", server->reopening.count),
		 LOG_U64("unread", server->seals.unread.len));
	reopen_stop(server);
}

/* The next that is still unread. */
static void ask(struct server *server)
{
	struct reopening *reopening = &server->reopening;
	struct store_range range = { .is_serializable = true };

	while (reopening->at < reopening->count &&
	       seal_unread(server, reopening->keys[reopening->at]) == NULL)
		reopening->at++;
	if (reopening->at == reopening->count) {
		ended(server);
		return;
	}
	range.key = reopening->keys[reopening->at];
	if (act_request(server->act, server->feed.store, &store_range_type, &range, FEED_STORE_MS,
			FEED_TAG_REOPEN) == OK)
		return;
	reopen_stop(server);
	reopening->is_due = true;
}

static void begin(struct server *server)
{
	struct reopening *reopening = &server->reopening;
	struct str key;
	void *words;

	reopening->generation = generation_of(server);
	reopening->is_due = false;
	if (server->seals.unread.len == 0)
		return;
	reopening->arena = arena_new(0);
	reopening->keys = arena_array(reopening->arena, struct str, server->seals.unread.len);
	reopening->count = reopening->at = 0;
	for (uint32_t at = 0; map_next(&server->seals.unread, &at, &key, &words);)
		reopening->keys[reopening->count++] = arena_str(reopening->arena, key);
	ask(server);
}

void reopen_tick(struct server *server)
{
	const struct reopening *reopening = &server->reopening;

	if (reopening->arena == NULL && server->feed.state == FEED_WATCHING &&
	    (reopening->is_due || reopening->generation != generation_of(server)))
		begin(server);
}

void reopen_all(struct server *server)
{
	server->reopening.is_due = true;
}

/*
 * It is the very one that did not open: what came since would have been noted. One that is newer than what the caches show comes by the watch.
 * To watchers it is later than all they know, though its version is not: who goes on from the revision that is shown now is told of it too.
 */
static void take(struct server *server, const struct store_row *row)
{
	struct cache *cache = resources_cache_of(server->resources, row->key);
	const struct object *object;

	if (cache == NULL || row->mod_revision > server->feed.revision)
		return;
	seal_note(server, row->key, row->value);
	object = feed_take(server, cache, row);
	if (object == NULL)
		return;
	cache_set(cache, row->key, object, server->feed.revision + 1, act_now(server->act));
	cache_mark(cache, &server->dirty);
	definitions_changed(server, cache, row->key, object);
}

void reopen_answered(struct server *server, const struct act_msg *msg)
{
	struct reopening *reopening = &server->reopening;
	const struct store_range_answer *answer = msg->body;

	if (reopening->arena == NULL)
		return;
	if (store_outcome(msg) != OK || server->feed.state != FEED_WATCHING) {
		reopen_stop(server);
		reopening->is_due = true;
		return;
	}
	if (answer->row_count > 0)
		take(server, &answer->rows[0]);
	else
		seal_note(server, reopening->keys[reopening->at], STR_NONE);
	reopening->at++;
	ask(server);
	feed_tell(server);
}
