/*
 * What is kept of the objects of all caches: their encodings, so that a list or a watch event is not made twice.
 *
 * Of the server actor. They are counted when they come to be; an object's go with it, which is not counted, so the count is at most
 * too high. When it has passed the budget (server_config.kept_bytes, LIMIT_KEPT_BYTES) all caches are gone through: encodings that
 * nobody has asked for since the last time go, then, if that is not enough, others in order of keys, and what is left is counted.
 * In order, since a list that does not fit is asked for from its beginning: what the last one made last is then still there.
 *
 * While it is more than a 32nd of the budget all are gone through now and then, too: what nobody has asked for since the last time goes, so
 * a server that is calm keeps none of what the last lists needed. The more objects there are the more seldom: it costs a 5,000th of a core.
 */
#ifndef ACTORS_SERVER_CACHE_KEPT_H
#define ACTORS_SERVER_CACHE_KEPT_H

#include "runtime/base/base.h"

struct server;

/* Drops what is too much; nearly nothing when nothing is. Called when a message has been handled. */
void kept_trim(struct server *server);
/* Called once a second: drops what has not been asked for of late. */
void kept_tick(struct server *server, struct mono now);

#endif
