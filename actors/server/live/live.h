/*
 * Live resources: what can be read like any other resource but is kept nowhere: it is as somebody sees it now. `actors` and `members`
 * of troupe.internal are such.
 *
 * Who sees is an actor, named in the server's configuration for a resource whose row says that it is live. It is
 * asked (live_ask) and replies with all objects that there are now (live_seen): their names, unlike resourceVersion, are its own to
 * choose, and a uid of each life of them. What differs from what was seen before is an event in a cache like any other, so get, list,
 * watch, selectors and tables are those of every resource. A delete is its to do, too (live_delete).
 *
 * Promise: a read shows what was there after it began; who watches hears of a change within LIMIT_LIVE_LOOK_MS, of one in the member
 * `figures` alone within LIMIT_LIVE_FIGURES_MS. Nobody looks while nobody asks or watches, and what was seen is then forgotten after
 * LIMIT_LIVE_KEEP_MS. Versions are the milliseconds of the clock, always growing; each server has its own, and answers 410 to those
 * it cannot go on from. Bounds: LIMIT_LIVE_OBJECTS; one question at a time, LIMIT_LIVE_ASK_MS.
 */
#ifndef ACTORS_SERVER_LIVE_LIVE_H
#define ACTORS_SERVER_LIVE_LIVE_H

#include "datastore/object/object.h"
#include "runtime/actor/act.h"

struct live_source {
	const char *resource; /* "actors" */
	const char *actor;    /* who sees them: "admin" */
	const char *figures; /* the member that changes all the time: "usage"; NULL: there is none */
};

/* A request; answered with live_seen. */
struct live_ask {
	const struct type *type; /* of the objects that are wanted */
};
ACT_TYPE_DECLARE(live_ask);

struct live_seen {
	struct object **objects; /* of the heap, none frozen; none has the name of another */
	uint32_t len, cap;
};
ACT_TYPE_DECLARE(live_seen);
/* Takes over the object; past LIMIT_LIVE_OBJECTS it is not seen. */
void live_seen_add(struct live_seen *seen, TAKE struct object *object);

/* A request: somebody who may has said that this one is to go; answered with live_deleted. */
struct live_delete {
	const struct object *object; /* frozen; a reference that goes with the message */
};
ACT_TYPE_DECLARE(live_delete);
struct live_deleted {
	enum status status; /* FORBIDDEN: never this one */
	bool ends_us; /* the server, what it is reached by, or who sees: it ends after the answer, which names no uid to wait for */
	char words[256]; /* what became of it, for a person: a warning if it went well; "": nothing to say */
};
ACT_TYPE_DECLARE(live_deleted);

/* All of them, for hosts whose server and whoever sees are not in one. */
extern const struct act_type *const live_types[];
extern const uint32_t live_type_count;

#endif
