/*
 * Late: resources of which there is so much that the server is ready before it has read them.
 *
 * For actors/server. A resource that only who asks for it looks at, and that fills more than a page of the store, is passed over when the
 * caches are filled; once the store is watched it is read in the background, at the revision of the filling, first what somebody waits for.
 * Until it is there (cache_is_late) an object of it that is asked for by name is read alone, and who wants many of them waits. So a
 * server with a gigabyte of ConfigMaps is ready in the time that it needs without them, and nobody is shown less than there is.
 *
 *   filling: more than a page ──> late_begins ──> watching: late_fill, page by page ──> cache_come, and who waited goes on
 */
#ifndef ACTORS_SERVER_CACHE_LATE_H
#define ACTORS_SERVER_CACHE_LATE_H

#include "actors/server/request.h"
#include "datastore/store/store.h"
#include "runtime/actor/act.h"

struct cache;
struct request;
struct server;

struct late {
	struct cache *filling; /* NULL: none */
	struct arena *arena;   /* of the question */
	struct store_range asked;
	bool is_asking, is_held; /* the question is under way; it waits for keys (feed-seeds.c) */
	struct list waiting;     /* requests */
	uint64_t count;          /* of objects that have come */
};

/* Of a page of the filling that is not the last one: it, and what follows of the same resource, is put off; `out` is the key to go on at. */
bool late_begins(struct server *server, const struct store_range_answer *answer, struct str *out);
/* The store is watched: whoever waits looks again, and what is late is read. */
void late_fill(struct server *server);
/* The watch was lost: all begins anew. */
void late_stop(struct server *server);
/* Keys have come, or do not: the page that was held is asked for again. */
void late_go_on(struct server *server);
/* True when the message was for this. */
bool late_receive(struct server *server, const struct act_msg *msg);

/* Before the objects of its resource are looked at; and before admission looks at others. WAIT: the step is run again. */
enum next late_look(struct request *r);
enum next late_admit(struct request *r);

#endif
