/*
 * A cache: all objects of one resource as the store has them, and what happened to them of late.
 *
 * Owned by the server actor; fed in revision order by feed.c; used in that actor only. Objects are frozen and shared: a list
 * is a walk, a watch event is the object itself, and their encodings are made once (object_bytes). The events of the last
 * LIMIT_CACHE_EVENT_AGE_MS, at most LIMIT_CACHE_EVENTS, are kept in a ring that all watchers read, each at its own pace; so a
 * slow watcher costs nothing, and is closed when the ring has gone past it. An empty cache is a hundred bytes.
 */
#ifndef ACTORS_SERVER_CACHE_CACHE_H
#define ACTORS_SERVER_CACHE_CACHE_H

#include "datastore/object/object.h"
#include "runtime/base/base.h"

struct cache;
struct commons;
struct custom_set;
struct listed;

/* `prefix` as in resource_row: "/registry/pods/"; `type` is what stored objects become. Both borrowed for its life. */
GIVE struct cache *cache_new(struct str prefix, const struct type *type);
void cache_free(TAKE struct cache *cache);
const struct type *cache_type(const struct cache *cache);
/* Of a cache of custom resources whose versions a webhook converts: their definition's, borrowed; NULL else. */
void cache_set_owner(struct cache *cache, struct custom_set *owner);
struct custom_set *cache_owner(const struct cache *cache);
struct str cache_prefix(const struct cache *cache);

/* Takes over the object (NULL: deleted at `revision`), and whoever watches is told. `key` is the whole key. */
void cache_set(struct cache *cache, struct str key, TAKE const struct object *object,
	       uint64_t revision, struct mono now);

/*
 * Filling: what is given in any order is shown, all at once and instead of everything before, when it is complete; then it is the state
 * at that revision, watches may begin from there, and those of before find themselves past the ring.
 */
void cache_fill(struct cache *cache, struct str key, TAKE const struct object *object);
void cache_filled(struct cache *cache, uint64_t revision);
/* What was given and is not yet shown is forgotten. */
void cache_fill_again(struct cache *cache);

/*
 * One with very much to fill is late: cache_filled shows that of all others, and of this one nothing until cache_come. Until then only
 * cache_get sees it: what changes is right there at once, what was filled is there as far as it has come, in any order.
 */
void cache_put_off(struct cache *cache);
bool cache_is_late(const struct cache *cache);
/* The key was filled, or has changed since the filling began. */
bool cache_knows(const struct cache *cache, struct str key);
/* Everything has been filled. Watches may begin from the last change, or from the filling if there was none. */
void cache_come(struct cache *cache);

/* Borrowed until the next cache_set; NULL: none. An absent or empty namespace: a cluster-wide kind. */
const struct object *cache_get(const struct cache *cache, struct str namespace, struct str name);
uint64_t cache_len(const struct cache *cache);
uint64_t cache_changed(const struct cache *cache); /* revision of the last event */
/* How many bytes an object has in the store, about; the first says so of one. */
void cache_note_bytes(struct cache *cache, uint32_t bytes);
uint32_t cache_average_bytes(const struct cache *cache);

/* In key order from `after` (exclusive, relative to the prefix as keys are: "ns/name"; absent: the start). */
typedef bool cache_visit(void *arg, struct str key, const struct object *object); /* false: stop */
void cache_each(const struct cache *cache, struct str namespace, struct str after,
		cache_visit *visit, void *arg);

/*
 * The encodings that hang on its objects. The first drops those of what an object was before, and those that nobody has asked for since it was
 * called last, and gives the bytes that are left. The second drops at least so many bytes, if there are so many, and gives how many.
 */
uint64_t cache_age_bytes(struct cache *cache);
uint64_t cache_drop_bytes(struct cache *cache, uint64_t bytes);

/* ---- the state at one moment, for whoever cannot walk it at once --------------------------------- */

struct cache_snapshot {
	uint32_t refs;
	uint64_t changed; /* of the cache when it was taken */
	struct str namespace;
	const struct object **objects; /* referenced; in key order */
	uint32_t len;
};

/* Shared by all who ask before the next change. */
GIVE struct cache_snapshot *cache_snapshot(struct cache *cache, struct str namespace);
void cache_snapshot_unref(TAKE struct cache_snapshot *snapshot); /* NULL is fine */

/* ---- what was listed last ------------------------------------------------------------------------- */

/*
 * The items of all objects of a namespace (empty: of all) in this format as they are now, with a reference; NULL: they are to be put together.
 * That is said now and then though they are there: so the encodings that are asked for this way count as asked for (cache_age_bytes).
 */
GIVE struct listed *cache_listed(struct cache *cache, struct str namespace, enum format format);
/* These, until the next change; the caller keeps its reference. */
void cache_keep_listed(struct cache *cache, enum format format, struct listed *listed);

/* ---- who is told ---------------------------------------------------------------------------------- */

/* The links of whoever watches, those of our own hosts (watch_is_near) first; the caller's own. */
struct list *cache_watchers(struct cache *cache);
/* Puts the cache into a list of those with news, once. */
void cache_mark(struct cache *cache, struct list *marked);
void cache_unmark(struct cache *cache);
struct cache *cache_of_mark(struct list *link);
/* Its watchers were told just now and hear no more before that moment: news gather meanwhile (feed.c, tell_watchers). */
void cache_rest(struct cache *cache, struct mono until);
struct mono cache_rests_until(const struct cache *cache);

/* ---- the ring -------------------------------------------------------------------------------------- */

enum cache_change { CACHE_ADDED, CACHE_MODIFIED, CACHE_DELETED };

struct cache_event {
	enum cache_change change;
	uint64_t revision;
	struct mono at;
	const struct object *
	    object; /* as it is now; of a deletion: as it was, with the deletion's resourceVersion */
	const struct object *old; /* as it was; NULL for ADDED */
};

/* What a deletion shows: the object as it was, with the resourceVersion of its deletion. */
GIVE const struct object *cache_deleted(const struct object *old, uint64_t revision);

/* Events are numbered without gaps; cache_next is the number the next one will get. */
uint64_t cache_next(const struct cache *cache);
uint64_t cache_oldest(const struct cache *cache); /* equals cache_next: the ring is empty */
/* The number of the first event after `revision`; false: older ones than the ring has are needed. */
bool cache_find(const struct cache *cache, uint64_t revision, uint64_t *out_number);
/* NULL: the ring has gone past it. Borrowed until the next cache_set or cache_pack. */
const struct cache_event *cache_event(struct cache *cache, uint64_t number);
/*
 * Called now and then: what is in the ring alone, and was replaced some time ago, takes less memory from then on (ring.h); what was
 * listed, and not again since the last call, goes.
 */
void cache_pack(struct cache *cache, struct commons *commons, struct mono now);

#endif
