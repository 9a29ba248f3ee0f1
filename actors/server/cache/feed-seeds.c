#include "actors/encryption/kms/asker.h"
#include "actors/server/cache/feed-private.h"
#include "actors/server/server-private.h"

/*
 * Values whose key a KMS plug-in has to be asked for. The feed does not read on until it has answered or KMS_WAIT_MS have passed: what it
 * holds back is the page that it asks for again then, or events, in their order. What is still closed after that is unread, until
 * its key comes (reopen.h).
 */

static bool is_awaited(struct server *server, const struct store_row *row)
{
	const struct cache *cache;

	if (!str_starts(row->value, KMS_PREFIX))
		return false;
	cache = resources_cache_of(server->resources, row->key);
	return cache != NULL && seal_is_awaited(server, cache_type(cache), row->value);
}

static bool begin(struct server *server)
{
	struct feed *feed = &server->feed;

	feed->is_holding =
	    act_request(server->act, act_named(server->act, ASKER_NAME), &kms_settle_type,
			&(struct kms_settle){ 0 }, KMS_WAIT_MS, FEED_TAG_SEEDS) == OK;
	return feed->is_holding;
}

bool feed_hold_rows(struct server *server, const struct store_range_answer *answer)
{
	bool is_any = false;

	for (uint32_t i = 0; i < answer->row_count; i++)
		is_any |= is_awaited(server, &answer->rows[i]);
	return is_any && begin(server);
}

bool feed_hold_events(struct server *server, const struct act_msg *msg)
{
	const struct store_events *events = msg->body;
	struct feed *feed = &server->feed;
	bool is_any = false;

	for (uint32_t i = 0; !feed->is_holding && i < events->count; i++)
		is_any |= !events->events[i].is_delete && is_awaited(server, &events->events[i].row);
	if (!feed->is_holding && (!is_any || !begin(server)))
		return false;
	/* It takes as many as the store sends without having been given credit. */
	if (act_stash(server->act, msg) == OK)
		return true;
	feed_release(server);
	return false;
}

void feed_release(struct server *server)
{
	struct feed *feed = &server->feed;

	if (!feed->is_holding)
		return;
	feed->is_holding = false;
	act_request_cancel(server->act, FEED_TAG_SEEDS);
	act_unstash(server->act);
}
