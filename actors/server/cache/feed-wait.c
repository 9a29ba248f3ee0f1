#include "actors/server/cache/feed-private.h"

#include "actors/server/server-private.h"

/*
 * Requests that wait for a revision: one that they know, or the one that the store has agreed upon when they came.
 */

#define AGAIN_MS 20U /* between two tries to reach a store that is away */
#define NEVER \
	INT64_MAX /* what the store has agreed upon does come: only its own deadline ends that wait */

const ACT_TYPE(feed_unasked, .id = 0);

void feed_wake_reached(struct server *server)
{
	struct list ready;

	list_init(&ready);
	list_each (&server->feed.waiting, link) {
		struct request *r = list_item(link, struct request, wait_link);

		if (r->wait_revision > server->feed.revision)
			continue;
		list_remove(link);
		list_push(&ready, link);
	}
	while (!list_is_empty(&ready)) {
		struct request *r = list_item(ready.next, struct request, wait_link);

		list_remove(&r->wait_link);
		request_revision_reached(r, OK);
	}
}

static void fail_all(struct list *list, enum status status)
{
	while (!list_is_empty(list)) {
		struct request *r = list_item(list->next, struct request, wait_link);

		list_remove(&r->wait_link);
		request_revision_reached(r, status);
	}
}

void feed_want_progress(struct server *server, uint64_t revision)
{
	struct feed *feed = &server->feed;

	if (feed->state != FEED_WATCHING || feed->progress >= revision)
		return;
	feed->progress = revision;
	act_cast(server->act, feed->store, &store_progress_type,
		 &(struct store_progress){ .watch = feed->watch });
}

bool feed_wait(struct server *server, struct request *r, uint64_t revision)
{
	if (server->feed.revision >= revision)
		return false;
	r->wait_revision = revision;
	r->wait_ends.ns =
	    revision == r->written ? NEVER : act_now(server->act).ns + LIMIT_FRESH_MS * TIME_MS;
	list_push(&server->feed.waiting, &r->wait_link);
	feed_want_progress(server, revision);
	return true;
}

void feed_tick(struct server *server, struct mono now)
{
	/* Until the store is back; each has a deadline of its own. */
	bool is_patient = server->config->is_apart && server->feed.state != FEED_WATCHING;
	bool is_leaderless = feed_is_leaderless(server);
	struct list late, alone;

	list_init(&late);
	list_init(&alone);
	list_each (&server->feed.waiting, link) {
		struct request *r = list_item(link, struct request, wait_link);
		bool is_late = now.ns >= r->wait_ends.ns && !is_patient;
		bool is_alone = is_leaderless && r->wait_ends.ns == NEVER && !r->is_mutating;

		if (!is_late && !is_alone)
			continue;
		list_remove(link);
		list_push(is_late ? &late : &alone, link);
	}
	fail_all(&late, TIMEOUT);
	fail_all(&alone, UNAVAILABLE);
}

/* Those whose question was lost with the host of the store ask again when that is back. */
static bool is_lost(const struct server *server, const struct act_msg *msg)
{
	return server->config->is_apart && (msg->status == UNAVAILABLE || msg->status == GONE);
}

static void ask_later(struct server *server)
{
	act_after(server->act, AGAIN_MS, &feed_unasked_type, &(struct feed_unasked){ 0 });
}

static void ask_revision(struct server *server)
{
	struct feed *feed = &server->feed;
	struct store_range range = { .key = FEED_REGISTRY, .is_count_only = true };
	enum status status;

	if (feed->is_asking || list_is_empty(&feed->joining))
		return;
	while (!list_is_empty(&feed->joining)) {
		struct list *link = feed->joining.next;

		list_remove(link);
		list_push(&feed->asking, link);
	}
	status = act_request(server->act, feed->store, &store_range_type, &range, FEED_STORE_MS,
			     FEED_TAG_REVISION);
	feed->is_asking = true;
	if (status != OK && server->config->is_apart)
		ask_later(server);
	/* Who waits is in a step of its own: it hears of it by a message, as of everything else. */
	else if (status != OK)
		act_after(server->act, 0, &feed_unasked_type, &(struct feed_unasked){ 0 });
}

void feed_refresh(struct server *server, struct request *r)
{
	list_push(&server->feed.joining, &r->wait_link);
	ask_revision(server);
}

void feed_revision_answered(struct server *server, const struct act_msg *msg)
{
	struct feed *feed = &server->feed;
	enum status status = store_outcome(msg);
	uint64_t revision = 0;

	if (is_lost(server, msg)) {
		ask_later(server);
		return;
	}
	feed->is_asking = false;
	if (status != OK) {
		fail_all(&feed->asking, status);
	} else {
		revision = ACT_AS(msg, store_range_answer)->revision;
		while (!list_is_empty(&feed->asking)) {
			struct request *r = list_item(feed->asking.next, struct request, wait_link);

			list_remove(&r->wait_link);
			r->wait_revision = revision;
			r->wait_ends.ns = NEVER;
			list_push(&feed->waiting, &r->wait_link);
		}
	}
	ask_revision(server);
	if (revision > feed->revision)
		feed_want_progress(server, revision);
	feed_wake_reached(server);
}

void feed_revision_unasked(struct server *server)
{
	struct feed *feed = &server->feed;

	feed->is_asking = false;
	if (!server->config->is_apart)
		fail_all(&feed->asking, UNAVAILABLE);
	while (!list_is_empty(&feed->asking)) {
		struct list *link = feed->asking.next;

		list_remove(link);
		list_push(&feed->joining, link);
	}
	ask_revision(server);
}
