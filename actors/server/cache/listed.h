/*
 * Listed: the items of a whole list in one form, as they lie between its head and its end.
 *
 * To put a list of 13,600 together again means to walk its objects, each of which lies somewhere else in memory; where nothing has changed
 * since, that is a fifth of what the list costs. The cache (cache.h) keeps the last one of each format until something changes, until
 * nobody has asked for it for a while, or until encodings are too many; whoever sends it holds it. Of the server actor only.
 */
#ifndef ACTORS_SERVER_CACHE_LISTED_H
#define ACTORS_SERVER_CACHE_LISTED_H

#include "datastore/object/object.h"
#include "runtime/base/base.h"

#define LISTED_LEAST \
	256U /* items; a shorter list is put together faster than it is worth keeping */

struct listed {
	uint32_t refs, uses;
	bool is_used;            /* since the last look */
	struct arena *arena;     /* of what follows; holds the encodings that the parts point to */
	struct str namespace;    /* empty: all */
	const struct str *parts; /* none of them empty */
	uint32_t count;
	uint64_t bytes; /* of all parts */
};

/* With the caller's reference; its arena is filled by the caller. */
GIVE struct listed *listed_new(struct str namespace);
GIVE struct listed *listed_ref(struct listed *listed);
void listed_unref(TAKE struct listed *listed); /* NULL is fine */

#endif
