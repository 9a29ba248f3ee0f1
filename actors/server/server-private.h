/*
 * What the rooms share: the server's state. Only for actors/server.
 */
#ifndef ACTORS_SERVER_SERVER_PRIVATE_H
#define ACTORS_SERVER_SERVER_PRIVATE_H

#include "actors/admission/policy/policy-cache.h"
#include "actors/server/access/access.h"
#include "actors/server/answer/respond.h"
#include "actors/server/cache/feed.h"
#include "actors/server/cache/kept.h"
#include "actors/server/cache/late.h"
#include "actors/server/cache/line.h"
#include "actors/server/cache/reopen.h"
#include "actors/server/cache/seal.h"
#include "actors/server/catalog/discovery.h"
#include "actors/server/catalog/resources.h"
#include "actors/server/door/door.h"
#include "actors/server/live/live-private.h"
#include "actors/server/measure/measure.h"
#include "actors/server/request.h"
#include "actors/server/server.h"
#include "actors/server/subresource/subresource.h"
#include "actors/server/verb/verb.h"
#include "runtime/base/collection/common.h"
#include "runtime/base/slab.h"
#include "transport/http/engine/http.h"

struct aggregates;
struct callers;
struct conversions;
struct definitions;
struct discovery_page;
struct documents;
struct flow;
struct live;
struct places;

/* A page of aggregated discovery, kept. */
struct discovered {
	struct discovery_page *page; /* NULL: nobody has asked yet */
	uint64_t changes;            /* of the resources when it was made */
};

struct server_counts {
	struct metrics_gauge *in_flight, *mutating, *kept;
	struct metrics_counter *audited, *unaudited;
};

/* Of the events written within the last minute. */
struct event_lease {
	uint64_t id; /* 0: none yet */
	struct mono granted;
	uint32_t count;
};

struct server {
	struct act *act; /* of the handler that runs; set at the start of each */
	const struct server_config *config;
	struct resources *resources;
	struct definitions *definitions; /* of kinds that come and go */
	struct documents *documents;     /* OpenAPI */
	struct discovered discovered[2]; /* of /apis and of /api */
	struct places *places;           /* who is called outside */
	struct callers *callers;         /* of webhooks */
	struct conversions *conversions; /* by webhooks */
	struct aggregates *aggregates;   /* groups that other servers serve */
	struct flow *flow;               /* priority and fairness; NULL: there is none */
	uint32_t proxied_count;          /* watches and open lines to them */
	struct feed feed;
	struct late late;     /* resources that are read behind all others */
	struct list requests; /* all that are not released */
	struct list watches;  /* those among them that stand */
	uint32_t in_flight[2][2]; /* flight.c: by door (trusted or not) and whether it changes something */
	uint32_t watch_count;
	struct slab watch_slab; /* of their arenas */
	struct map by_tag;      /* 8 bytes of tag -> struct request * */
	uint64_t last_tag;
	uint64_t look_timer; /* while a request wants to be looked at between two ticks */
	struct lines lines;
	struct seals seals;
	struct reopening reopening;
	uint32_t packing_count; /* bodies that workers are about to pack */
	uint64_t kept_bytes;    /* of encodings that hang on the objects of the caches; kept.h */
	struct mono kept_look;  /* when they are gone through again */
	struct commons commons; /* of the objects of the caches */
	struct arena *scratch;  /* of one match or encoding; reset by whoever used it */
	struct list carried;    /* carry.c: what waits for a store that is away */
	uint64_t carry_timer;
	struct list calm;  /* message-door.c: batches that may wait for a moment */
	bool is_calming;   /* a timer runs for these */
	struct list dirty; /* caches with news for their watchers */
	struct reader reader;
	struct event_lease event_lease;
	struct policy_cache policies; /* compiled for admission */
	struct list quota_holding,
	    quota_waiting; /* quota.c: whose turn it is, and who waits for one */
	struct metrics *metrics;
	bool owns_metrics;
	struct server_counts counts;
	struct measures *measures;
	struct mono began;
	bool is_stopping, is_leaving; /* the latter: it will stop, and is not to be asked any more */
};

/* ---- server.c ----------------------------------------------------------------------------------------- */

/* A request that a door has taken off the wire: `asked`, `door`, `peer`, `arena` are set by the door. Runs it. */
struct request *server_request_new(struct server *server, struct arena *arena);
struct str_list server_audiences(const struct server *server); /* of tokens that name none */
void server_request_free(struct request *r); /* lists and counts only: the door releases the arena */

/* Up to which revision the cache of the resource (NULL: of any) shows everything. */
uint64_t server_shown(const struct server *server, const struct resource *resource);

/* For questions to the store that are no request's. */
uint64_t server_tag(struct server *server);

/* ---- the first steps ------------------------------------------------------------------------------------- */

enum next enter_route(struct request *r); /* r->route, a place among those in flight */
enum next
enter_authorize(struct request *r); /* and then r->resource, options, form, r->steps: or a page */

/* ---- shared by steps ------------------------------------------------------------------------------------- */

/* The stored object of the route, after a refresh; NULL without. Held by the request. */
const struct object *request_live(struct request *r);
enum next request_not_found(struct request *r);
/* Whether what a table is asked to show with its rows is something. */
enum next request_check_table(struct request *r);
/* What is wrong with a resourceVersion that is no number. */
struct str request_version_words(struct request *r);

#endif
