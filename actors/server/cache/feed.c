#include "actors/server/cache/feed-private.h"

#include "actors/server/catalog/definition.h"
#include "actors/server/server-private.h"
#include "actors/server/verb/carry.h"
#include "runtime/base/log.h"

#define REGISTRY_END STR("/registry0") /* the first key after all that begin with /registry/ */
#define WATCH_NUMBER 1U
#define RETRY_MS 100U
#define TELL_REST_US \
	45 /* for each watcher that was told by a connection: several times what telling one costs */
#define TELL_REST_MAX_MS 50
#define TELL_NEAR_MAX 64U /* informers of the cluster's own hosts that do not rest */

struct feed_retry {
	char nothing;
};
static const ACT_TYPE(feed_retry, .id = 0);

struct feed_rested {
	char nothing;
};
static const ACT_TYPE(feed_rested, .id = 0);

/* Of an event; `is_delete`: the row has the key and the revision only. */
static void take_event(struct server *server, const struct store_row *row, bool is_delete)
{
	struct cache *cache = resources_cache_of(server->resources, row->key);
	const struct object *object = NULL;

	if (cache == NULL) {
		definitions_unclaimed(server, row, is_delete);
		return;
	}
	seal_note(server, row->key, is_delete ? STR_NONE : row->value);
	if (!is_delete) {
		object = feed_take(server, cache, row);
		if (object == NULL)
			return;
	}
	cache_set(cache, row->key, object, row->mod_revision, act_now(server->act));
	cache_mark(cache, &server->dirty);
	definitions_changed(server, cache, row->key, object);
}

void feed_take_row(struct server *server, const struct store_row *row)
{
	struct cache *cache = resources_cache_of(server->resources, row->key);
	const struct object *object;

	seal_note(server, row->key, row->value);
	object = cache != NULL ? feed_take(server, cache, row) : NULL;
	if (cache == NULL)
		definitions_unclaimed(server, row, false);
	if (object != NULL)
		cache_fill(cache, row->key, object);
}

/* ---- how it is ----------------------------------------------------------------------------------------------- */

bool feed_is_ready(const struct server *server)
{
	return server->feed.has_filled;
}

bool feed_is_well(const struct server *server)
{
	const struct feed *feed = &server->feed;

	return feed->state == FEED_WATCHING ||
	       (server->config->is_apart && feed->is_whole &&
		act_now(server->act).ns - feed->lost_at.ns < FEED_LEADERLESS_MS * TIME_MS);
}

bool feed_is_leaderless(const struct server *server)
{
	const struct feed *feed = &server->feed;

	return !feed->has_leader && feed->has_state &&
	       act_now(server->act).ns - feed->leaderless_since.ns >= FEED_LEADERLESS_MS * TIME_MS;
}

/* ---- filling ------------------------------------------------------------------------------------------------- */

static void retry_later(struct server *server)
{
	act_cancel(server->act, server->feed.timer);
	server->feed.timer =
	    act_after(server->act, RETRY_MS, &feed_retry_type, &(struct feed_retry){ 0 });
}

void feed_lose(struct server *server, const char *why)
{
	struct feed *feed = &server->feed;

	/* Once: what is tried until there is a leader again is no news. */
	if (feed->state == FEED_WATCHING)
		log_warn("api", "the watch of the store was lost", LOG_CSTR("why", why));
	else
		log_debug("api", "the caches cannot be filled", LOG_CSTR("why", why));
	if (feed->state == FEED_WATCHING)
		feed->lost_at = act_now(server->act);
	feed->state = FEED_LOST;
	/* It may have been taken though it was not answered: what it tells while the caches are filled again is not for them. */
	act_cast(server->act, feed->store, &store_cancel_type,
		 &(struct store_cancel){ .watch = feed->watch++ });
	feed_release(server);
	late_stop(server);
	act_request_cancel(server->act, FEED_TAG_FILL);
	act_request_cancel(server->act, FEED_TAG_DEFINITIONS);
	act_request_cancel(server->act, FEED_TAG_WATCH);
	retry_later(server);
}

/* The next key after one is itself and a NUL. */
struct str feed_key_after(struct arena *arena, struct str key)
{
	return str_of(arena_str(arena, key).at, key.len + 1U);
}

static void ask_again(struct server *server)
{
	struct feed *feed = &server->feed;

	if (act_request(server->act, feed->store, &store_range_type, &feed->asked, FEED_STORE_MS,
			feed->asked_tag) != OK)
		feed_lose(server, "the store does not take questions");
}

/* From the key on. */
static void ask_range(struct server *server, struct str from, struct str end, uint64_t tag)
{
	struct feed *feed = &server->feed;
	struct arena *arena = arena_new(0);
	struct store_range range = { .key = arena_str(arena, from),
				     .end = end,
				     .revision = feed->fill_revision,
				     .is_serializable = feed_is_leaderless(server) };

	arena_free(feed->arena);
	feed->arena = arena;
	feed->asked = range;
	feed->asked_tag = tag;
	ask_again(server);
}

static void ask_page(struct server *server, struct str from)
{
	ask_range(server, from, REGISTRY_END, FEED_TAG_FILL);
}

/* What defines kinds is read before their objects are. */
static void ask_definitions(struct server *server, struct str from)
{
	ask_range(server, from, DEFINITIONS_KEY_END, FEED_TAG_DEFINITIONS);
}

static void fill(struct server *server)
{
	struct feed *feed = &server->feed;
	struct cache *cache;
	uint32_t at = 0;

	/* What they show stays the state at feed->revision until the new one is complete: who asks for a later one waits. */
	while ((cache = resources_next_cache(server->resources, &at)) != NULL)
		cache_fill_again(cache);
	feed->state = FEED_FILLING;
	feed->is_whole = false;
	feed->fill_revision = 0;
	definitions_fill_again(server);
	reopen_stop(server);
	ask_definitions(server, DEFINITIONS_KEY);
}

static void ask_watch(struct server *server)
{
	struct feed *feed = &server->feed;
	struct store_watch watch = { .key = FEED_REGISTRY,
				     .end = REGISTRY_END,
				     .from = feed->fill_revision + 1,
				     .wants_progress = true };

	watch.watch = feed->watch;
	if (act_request(server->act, feed->store, &store_watch_type, &watch, FEED_STORE_MS,
			FEED_TAG_WATCH) != OK)
		feed_lose(server, "the store does not take watches");
}

/* What happened meanwhile is told as it would have been. */
static void resume(struct server *server)
{
	struct feed *feed = &server->feed;

	feed->state = FEED_RESUMING;
	feed->fill_revision = feed->revision;
	feed->progress = 0;
	ask_watch(server);
}

static void filled(struct server *server)
{
	struct feed *feed = &server->feed;
	struct cache *cache;
	uint32_t at = 0;

	while ((cache = resources_next_cache(server->resources, &at)) != NULL) {
		cache_filled(cache, feed->fill_revision);
		cache_mark(cache, &server->dirty);
	}
	feed->revision = feed->fill_revision;
	feed->progress = 0;
	ask_watch(server);
}

/* NULL: it could not be read, and the feed begins anew; or it is asked for again when keys have come. */
static const struct store_range_answer *page_of(struct server *server, const struct act_msg *msg)
{
	enum status status = store_outcome(msg);
	const struct store_range_answer *answer = msg->body;

	if (status != OK) {
		feed_lose(server, status_text(status));
		return NULL;
	}
	server->feed.fill_revision = answer->revision;
	server->feed.asked.revision = answer->revision;
	if (feed_hold_rows(server, answer))
		return NULL;
	return answer;
}

static struct str next_key(struct server *server, const struct store_range_answer *answer)
{
	return feed_key_after(server->feed.arena, answer->rows[answer->row_count - 1].key);
}

static void definitions_answered(struct server *server, const struct act_msg *msg)
{
	const struct store_range_answer *answer = page_of(server, msg);

	if (answer == NULL)
		return;
	for (uint32_t i = 0; i < answer->row_count; i++)
		definitions_fill(server, &answer->rows[i]);
	if (answer->more && answer->row_count > 0) {
		ask_definitions(server, next_key(server, answer));
		return;
	}
	definitions_filled(server);
	ask_page(server, FEED_REGISTRY);
}

static void page_answered(struct server *server, const struct act_msg *msg)
{
	const struct store_range_answer *answer = page_of(server, msg);
	struct str from;

	if (answer == NULL)
		return;
	if (answer->row_count > 0 && late_begins(server, answer, &from)) {
		ask_page(server, from);
		return;
	}
	for (uint32_t i = 0; i < answer->row_count; i++)
		feed_take_row(server, &answer->rows[i]);
	if (answer->more && answer->row_count > 0)
		ask_page(server, next_key(server, answer));
	else
		filled(server);
}

/* Informers of our own hosts: what they are sent leaves with what else goes by their link, so they do not wait for rounds. */
static void tell_near(struct cache *cache)
{
	uint32_t told = 0;

	list_each (cache_watchers(cache), link) {
		struct watch *watch = watch_of_link(link);

		if (!watch_is_near(watch) || ++told > TELL_NEAR_MAX)
			break;
		watch_pump(watch);
	}
}

/*
 * A write to a connection costs as much for one event as for ten. So a cache that many watch rests after a round, in proportion to
 * how many were told: a thousand watchers hear of the next change up to 45 ms later, together with what came meanwhile, a few at once.
 */
static void tell_watchers_of(struct server *server, struct cache *cache)
{
	int64_t rest_us = 0;
	uint32_t near = 0;

	cache_unmark(cache);
	list_each (cache_watchers(cache), link) {
		struct watch *watch = watch_of_link(link);

		if (!watch_is_near(watch) || ++near > TELL_NEAR_MAX)
			rest_us += TELL_REST_US;
		watch_pump(watch);
	}
	if (rest_us > TELL_REST_MAX_MS * 1000)
		rest_us = TELL_REST_MAX_MS * 1000;
	rest_us -= rest_us % 1000; /* less than what timers can tell apart is none */
	cache_rest(cache, (struct mono){ act_now(server->act).ns + rest_us * TIME_US });
}

void feed_tell(struct server *server)
{
	struct feed *feed = &server->feed;
	int64_t now_ns = act_now(server->act).ns, due_ns = INT64_MAX;

	list_each (&server->dirty, link) {
		struct cache *cache = cache_of_mark(link);
		int64_t rests_ns = cache_rests_until(cache).ns;

		if (rests_ns <= now_ns) {
			tell_watchers_of(server, cache);
			continue;
		}
		tell_near(cache);
		if (rests_ns < due_ns)
			due_ns = rests_ns;
	}
	if (due_ns == INT64_MAX || feed->tell_timer != 0)
		return;
	feed->tell_timer =
	    act_after(server->act, (uint64_t)((due_ns - now_ns + TIME_MS - 1) / TIME_MS),
		      &feed_rested_type, &(struct feed_rested){ 0 });
}

static void on_rested(struct server *server)
{
	server->feed.tell_timer = 0;
	feed_tell(server);
}

static void watch_answered(struct server *server, const struct act_msg *msg)
{
	struct feed *feed = &server->feed;
	enum status status = store_outcome(msg);
	bool was_whole;

	if (status == EXPIRED && feed->state == FEED_RESUMING) {
		fill(server);
		return;
	}
	if (status != OK) {
		/* A store that never answered may be another one by now. */
		feed->is_whole = feed->is_whole && status != TIMEOUT;
		feed_lose(server, status_text(status));
		return;
	}
	was_whole = feed->is_whole;
	feed->state = FEED_WATCHING;
	feed->has_filled = feed->is_whole = true;
	reopen_all(server); /* what was unread may have gone meanwhile */
	log_info("api", was_whole ? "the watch of the store goes on" : "the caches are filled",
		 LOG_U64("revision", feed->revision));
	late_fill(server);
	feed_wake_reached(server);
	feed_tell(server);
	if (!list_is_empty(&feed->waiting))
		feed_want_progress(server, feed->revision + 1);
}

/* ---- watching -------------------------------------------------------------------------------------------------- */

static void events_came(struct server *server, const struct act_msg *msg)
{
	const struct store_events *events = msg->body;
	struct feed *feed = &server->feed;

	if (events->watch != feed->watch || feed->state == FEED_LOST)
		return;
	if (events->status != OK) {
		feed_lose(server, status_text(events->status));
		return;
	}
	if (feed_hold_events(server, msg))
		return;
	for (uint32_t i = 0; i < events->count; i++)
		take_event(server, &events->events[i].row, events->events[i].is_delete);
	if (events->revision > feed->revision)
		feed->revision = events->revision;
	if (events->count > 0)
		act_cast(server->act, feed->store, &store_watch_credit_type,
			 &(struct store_watch_credit){ .watch = events->watch,
						       .events = events->count,
						       .bytes = events->bytes });
	feed_wake_reached(server);
	feed_tell(server);
}

/* ---- the life of the feed ----------------------------------------------------------------------------------------- */

/* It says who leads now and whenever that changes: nothing is asked in vain, and nothing waits for a timer. */
static void meet_store(struct server *server)
{
	struct feed *feed = &server->feed;

	feed->monitor = act_monitor(server->act, feed->store);
	if (act_tell(server->act, feed->store, store_status_watch, .is_end = false) == OK)
		return;
	act_demonitor(server->act, feed->monitor);
	feed->monitor = 0;
	retry_later(server);
}

static void set_leader(struct server *server, bool has_leader)
{
	struct feed *feed = &server->feed;

	if (feed->has_leader && !has_leader)
		feed->leaderless_since = act_now(server->act);
	feed->has_leader = has_leader;
}

/* The objects of a kind that were just being read are read with all others. */
static bool is_whole(const struct server *server)
{
	const struct cache *cache;
	uint32_t at = 0;

	while ((cache = resources_next_cache(server->resources, &at)) != NULL)
		if (cache_is_late(cache))
			return false;
	return server->feed.is_whole && !definitions_are_loading(server->definitions);
}

static void begin(struct server *server)
{
	if (is_whole(server))
		resume(server);
	else
		fill(server);
}

static void status_came(struct server *server, const struct store_status *status)
{
	struct feed *feed = &server->feed;

	set_leader(server, status->leader != 0);
	feed->has_state = status->role >= STORE_STANDBY;
	carry_wake(server);
	if (feed->state == FEED_LOST && (feed->has_leader || feed->is_whole)) {
		act_cancel(server->act, feed->timer);
		begin(server);
	} else if (feed->state == FEED_LOST) {
		retry_later(server); /* nobody may tell that there is none for long */
	}
}

void feed_start(struct server *server)
{
	struct feed *feed = &server->feed;

	list_init(&feed->asking);
	list_init(&feed->joining);
	list_init(&feed->waiting);
	list_init(&server->late.waiting);
	feed->watch = WATCH_NUMBER;
	feed->store = act_named(server->act, server->config->store);
	feed->state = FEED_LOST;
	feed->leaderless_since = act_now(server->act);
	meet_store(server);
}

void feed_stop(struct server *server)
{
	reopen_stop(server);
	arena_free(server->late.arena);
	server->late.arena = NULL;
	arena_free(server->feed.arena);
	server->feed.arena = NULL;
}

static void store_ended(struct server *server)
{
	struct feed *feed = &server->feed;

	feed->monitor = 0;
	set_leader(server, false);
	if (feed->state != FEED_LOST)
		feed_lose(server, "the store has ended");
	else
		retry_later(server);
}

static void again(struct server *server)
{
	struct feed *feed = &server->feed;

	if (feed->monitor == 0)
		meet_store(server);
	else if (feed->has_leader || feed->is_whole || feed_is_leaderless(server))
		begin(server);
	else
		retry_later(server); /* it may become so */
}

/* Whatever the answer is: what has no key now is not waited for again. */
static void seeds_answered(struct server *server)
{
	feed_release(server);
	if (server->feed.state == FEED_FILLING)
		ask_again(server);
	else
		late_go_on(server);
}

bool feed_receive(struct server *server, const struct act_msg *msg)
{
	if (msg->kind == ACT_ANSWER && msg->tag == FEED_TAG_FILL)
		page_answered(server, msg);
	else if (msg->kind == ACT_ANSWER && msg->tag == FEED_TAG_DEFINITIONS)
		definitions_answered(server, msg);
	else if (msg->kind == ACT_ANSWER && msg->tag == FEED_TAG_WATCH)
		watch_answered(server, msg);
	else if (msg->kind == ACT_ANSWER && msg->tag == FEED_TAG_SEEDS)
		seeds_answered(server);
	else if (msg->kind == ACT_ANSWER && msg->tag == FEED_TAG_REOPEN)
		reopen_answered(server, msg);
	else if (msg->kind == ACT_ANSWER && msg->tag == FEED_TAG_REVISION)
		feed_revision_answered(server, msg);
	else if (late_receive(server, msg))
		return true;
	else if (ACT_IS(msg, store_events))
		events_came(server, msg);
	else if (ACT_IS(msg, store_status))
		status_came(server, msg->body);
	else if (ACT_IS(msg, feed_retry))
		again(server);
	else if (ACT_IS(msg, feed_rested))
		on_rested(server);
	else if (ACT_IS(msg, feed_unasked))
		feed_revision_unasked(server);
	else if (ACT_IS(msg, act_down) && ACT_AS(msg, act_down)->monitor == server->feed.monitor)
		store_ended(server);
	else
		return false;
	return true;
}
