/*
 * The caches of one host: one informer a kind, however many controllers look at it.
 *
 * The actor `caches` owns them; controllers subscribe to kinds and are told of every change by message, with the
 * objects by reference, once the first list is complete: what that had stands in the cache. Reading goes through the counted `struct caches` directly, on the same thread. When the actor
 * ends the caches are dead: whoever holds a reference stops too and comes back with the next ones. A subscriber
 * whose mailbox overflows crashes and looks at everything again: nothing is lost, since controllers are level-triggered.
 *
 * A kind is kept whole if somebody wants it so; if it is wanted only among the kinds of everything, of its objects nothing is kept but who they
 * are (kinds_outline). Who wants the whole of few chooses them by a field selector: these have a cache of their own, beside what
 * those see who want everything.
 */
#ifndef ACTORS_CONTROLLER_CACHES_H
#define ACTORS_CONTROLLER_CACHES_H

#include "actors/client/informer.h"
#include "actors/controller/kinds.h"
#include "actors/controller/world-private.h"
#include "runtime/actor/act.h"

#define CACHES_TYPES_MAX \
	(KINDS_MAX + 16U) /* kinds one host caches: those of everything, and events */
#define CACHES_WANTED_MAX 80U

struct caches;

/* Its args; the actor's registered name is the child's id. */
struct caches_args {
	const char *api;           /* the API server's registered name */
	const char *user;          /* system:kube-controller-manager */
	struct kinds_config kinds; /* which are kinds of everything, besides those of definitions */
};
extern const struct act_class caches_class;

/* As a request: answered with caches_subscribed. Subscribing is for life: the end of the asker ends it. */
struct caches_subscribe {
	const struct type *types[CACHES_WANTED_MAX];
	const char *fields[CACHES_WANTED_MAX]; /* of that kind these alone; NULL: all. One choice a kind */
	uint32_t count;
	bool wants_everything; /* the kinds of everything, too, and those that are still to come */
};
ACT_TYPE_DECLARE(caches_subscribe);

struct caches_subscribed {
	struct caches
	    *caches; /* a reference, given back when the message is dropped: take one to keep it */
};
ACT_TYPE_DECLARE(caches_subscribed);

/* To a subscriber: one object changed. `old` is NULL for INFORMER_ADDED. References, given back with the message. */
struct caches_change {
	enum informer_change change;
	const struct object *object, *old;
};
ACT_TYPE_DECLARE(caches_change);

/*
 * To a subscriber: the first list of a kind is complete. Of a kind of a definition that came later its objects have not been told: they stand in
 * the cache.
 */
struct caches_synced {
	const struct type *type;
};
ACT_TYPE_DECLARE(caches_synced);

/* From a subscriber: it waits until the cache of that kind has seen more, or all there is. */
struct caches_hurry {
	const struct type *type;
};
ACT_TYPE_DECLARE(caches_hurry);

/* To the subscribers of a kind that somebody hurried: it has seen more, though no object changed. */
struct caches_passed {
	const struct type *type;
};
ACT_TYPE_DECLARE(caches_passed);

struct caches *caches_ref(struct caches *caches);
void caches_unref(TAKE struct caches *caches); /* NULL is fine */
bool caches_is_dead(const struct caches *caches);
bool caches_has_synced(const struct caches *caches, const struct type *type);
/* Whether everything that was there from the start has synced: kinds of definitions may come at any time and are not waited for. */
bool caches_have_synced_everything(const struct caches *caches);
/* Everything of this kind up to here has been seen; UINT64_MAX for a kind that is not cached. */
uint64_t caches_revision(const struct caches *caches, const struct type *type);
GIVE const struct object *caches_take(struct caches *caches, const struct type *type,
				      struct str namespace, struct str name);

/* An object is known by other means to be as it is: world_unchanged_ms begins anew. For kinds that are cached. */
void caches_confirm(struct caches *caches, const struct type *type, struct key key, struct mono now);
/* It is doubtful since then, unless it has changed later: see world_unchanged_ms. */
void caches_doubt(struct caches *caches, const struct type *type, struct key key, struct mono since);

/* A world over the caches. */
struct world caches_world(struct caches *caches, struct arena *arena, struct wall now);

#endif
