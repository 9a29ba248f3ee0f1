/*
 * What the files of the feed share: feed.c fills the caches and keeps them current, feed-wait.c lets requests wait for a revision, feed-seeds.c
 * lets the feed wait for keys.
 *
 * Private to them.
 */
#ifndef ACTORS_SERVER_CACHE_FEED_PRIVATE_H
#define ACTORS_SERVER_CACHE_FEED_PRIVATE_H

#include "actors/server/cache/feed.h"

#define FEED_REGISTRY STR("/registry/")
#define FEED_STORE_MS 30000U /* to answer a page; it says UNAVAILABLE itself long before */

/* Tags of the feed's own questions; those of requests begin far above. */
enum {
	FEED_TAG_FILL = 1,
	FEED_TAG_WATCH,
	FEED_TAG_REVISION,
	FEED_TAG_DEFINITIONS,
	FEED_TAG_REOPEN,
	FEED_TAG_SEEDS,
	FEED_TAG_LATE
};

/* The store could not be asked for its revision. */
struct feed_unasked {
	char nothing;
};
ACT_TYPE_DECLARE(feed_unasked);

/* ---- feed-seeds.c: true: they wait, FEED_TAG_SEEDS is answered, then feed_release lets what came go on ---- */
bool feed_hold_rows(struct server *server, const struct store_range_answer *answer);
bool feed_hold_events(struct server *server, const struct act_msg *msg); /* keeps it */
void feed_release(struct server *server);

/* All begins anew, after a moment. */
void feed_lose(struct server *server, const char *why);
/* Of a filling. */
void feed_take_row(struct server *server, const struct store_row *row);
/* Watchers of caches with news are told. */
void feed_tell(struct server *server);
/* The caches show more than before: those who waited for it go on. */
void feed_wake_reached(struct server *server);
/* The range may be quiet while the revision goes on elsewhere: the store is asked to say how far the watch is. */
void feed_want_progress(struct server *server, uint64_t revision);
void feed_revision_answered(struct server *server, const struct act_msg *msg);
void feed_revision_unasked(struct server *server);

#endif
