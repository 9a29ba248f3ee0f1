/*
 * A watch that stands: first the objects that were there (a shared snapshot), then events of the ring from `cursor` on. It
 * holds no queue of its own: when its peer does not take more it stands still, and when the ring has gone past it, it is over.
 *
 * It has what it needs of its request in an arena of its own, for it may last for hours and the request takes several times as
 * much: watch_settle lets that go, unless somebody wants to be told of it at the end. Shared by watch.c and watch-begin.c.
 */
#ifndef ACTORS_SERVER_VERB_WATCH_PRIVATE_H
#define ACTORS_SERVER_VERB_WATCH_PRIVATE_H

#include "actors/server/flow/flow.h"
#include "actors/server/server-private.h"

struct watch {
	struct arena *arena;     /* it lies in there */
	struct request *request; /* NULL: it has settled */
	struct outlet to;
	struct view_of as;
	struct str namespace, name; /* of the only objects that it is about; absent: all */
	struct selector labels, fields;
	struct list cache_link, server_link;
	struct cache *cache;
	struct cache_snapshot *snapshot; /* initial events still to be sent; NULL: none */
	uint32_t position;
	bool wants_bookmarks;
	bool owes_initial_end;
	bool is_stalled;
	bool has_columns;   /* of a table: said once */
	bool is_converting; /* it stands still until they are there */
	uint64_t cursor;
	uint64_t after;    /* events up to this revision are not for it */
	uint64_t revision; /* what its peer knows */
	uint64_t initial_revision;
	struct mono began, ends, bookmark_at;
	struct flow_watch counted;
	struct flow_ticket *flow; /* seats, until what was there is sent; NULL: given back */
	/* Custom resources that a webhook converts: those that come next, or came last. */
	struct conversion *conversion;
	struct arena *converting; /* of the above */
};

/* Its last event: why it ends. */
void watch_say_failure(const struct outlet *to, const struct failure *failure);
struct mono watch_next_bookmark(const struct server *server);

#endif
