/*
 * What is kept of the objects of all caches: their encodings, so that a list or a watch event is not made twice.
 *
 * Of the server actor. They are counted when they come to be; an object's go with it, which is not counted, so the count is at most
 * too high. When it has passed the budget (server_config.kept_bytes, LIMIT_KEPT_BYTES) all caches are gone through: encodings that
 * nobody has asked for since the last time go, then, if that is not enough, others in order of keys, and what is left is counted.
 * In order, since a list that does not fit is asked for from its beginning: what the last one made last is then still there.
 */
#ifndef ACTORS_SERVER_CACHE_KEPT_H
#define ACTORS_SERVER_CACHE_KEPT_H

#include <stdint.h>

struct server;

/* Drops what is too much; nearly nothing when nothing is. Called when a message has been handled. */
void kept_trim(struct server *server);

#endif
