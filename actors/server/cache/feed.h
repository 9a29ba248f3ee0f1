/*
 * The feed: one watch of the store that keeps all caches of the server at one revision.
 *
 *   FILLING ──all pages read──> WATCHING <── RESUMING
 *      ^                           │              ^
 *      └──leader known── LOST <──cancelled,       │
 *                          │     store gone       │
 *                          └──filled before───────┘
 *
 * Caches that were complete once are watched from where they are; if the store has forgotten that (EXPIRED), they are filled again.
 *
 * Everything below /registry/ is read once at a revision, definitions of kinds first, and watched from there, so that all caches show the same
 * revision and one number says how far they are. Reads that must see what anybody was answered before ask for the store's
 * revision together: one question is under way at a time, whoever comes meanwhile shares the next.
 *
 * When the store has had no leader for FEED_LEADERLESS_MS, longer than electing one takes, the majority is lost: reads that came by HTTP
 * are then answered by what the caches show, with a warning, and caches that are empty are filled from what this replica has. Writes,
 * and reads of the cluster's own actors, fail at once.
 */
#ifndef ACTORS_SERVER_CACHE_FEED_H
#define ACTORS_SERVER_CACHE_FEED_H

#include "datastore/store/store.h"
#include "runtime/actor/act.h"
#include "runtime/base/base.h"

struct type;
struct store_row;

struct cache;
struct server;
struct request;

#define FEED_LEADERLESS_MS 3000

enum feed_state { FEED_FILLING, FEED_RESUMING, FEED_WATCHING, FEED_LOST };

struct feed {
	enum feed_state state;
	struct act_ref store;
	uint64_t monitor, watch, timer;
	uint64_t tell_timer;      /* while watchers of a cache rest that has news */
	uint64_t revision;        /* the caches show all up to here */
	uint64_t fill_revision;   /* while filling */
	struct arena *arena;      /* of the question under way while filling */
	struct store_range asked; /* that question */
	uint64_t asked_tag;
	bool is_holding;     /* keys are asked for first */
	struct list asking;  /* requests whose question about the revision is under way */
	struct list joining; /* those that will share the next one */
	struct list waiting; /* requests that wait for the caches to reach wait_revision */
	uint64_t progress;   /* revision for which the store was asked to tell its progress */
	bool has_filled;     /* once at least: readiness */
	bool is_whole;   /* the caches are as they were at `revision`, and can go on from there */
	bool has_leader; /* as far as the store has said */
	bool has_state;  /* the store is a member's, who holds data */
	struct mono leaderless_since; /* if it has no leader */
	struct mono lost_at;          /* since when it does not watch; only for who does not */
	bool is_asking;
};

void feed_start(struct server *server);
void feed_stop(struct server *server);
/* True when the message was the feed's. */
bool feed_receive(struct server *server, const struct act_msg *msg);

/* The request is run again once the caches show what the store had agreed upon when this was called. */
void feed_refresh(struct server *server, struct request *r);
/* The same for one revision; at once when they do already (false: nothing to wait for). */
bool feed_wait(struct server *server, struct request *r, uint64_t revision);
/* Gives up on those who wait for a revision that does not come. */
void feed_tick(struct server *server, struct mono now);
bool feed_is_ready(const struct server *server);
/* What is asked now will be answered: the store is watched, or it is apart and has not been away for longer than its host takes to start again. */
bool feed_is_well(const struct server *server);
/* No leader for so long that there is no majority any more. */
bool feed_is_leaderless(const struct server *server);

/* A frozen object out of a stored row; NULL (and a line in the log): it cannot be read, `out_words` says why and is constant. */
GIVE const struct object *feed_decode(struct server *server, const struct cache *cache,
				      const struct store_row *row, const char **out_words);
/* The same of what the store has now: what cannot be read is remembered (seal_set_unread). */
GIVE const struct object *feed_take(struct server *server, struct cache *cache,
				    const struct store_row *row);
/* The key that follows this one: itself and a NUL. */
struct str feed_key_after(struct arena *arena, struct str key);

#endif
