/*
 * Watches and logs over WebSocket: what a browser, or a client that prefers it, gets in place of a body that does not end.
 *
 * Each event is a message: text for JSON, else binary; each piece of a log is a binary one, as upstream's server sends it. What the peer
 * says is read for its pings and its farewell only.
 */
#ifndef ACTORS_SERVER_DOOR_WEBSOCKET_DOOR_H
#define ACTORS_SERVER_DOOR_WEBSOCKET_DOOR_H

#include "actors/server/request.h"
#include "transport/http/server.h"

extern const struct door websocket_door;

/* False: it was not asked for, or not so that it could be done; the answer begins as any other. Else `r` is this door's from now on. */
bool websocket_door_begin(struct request *r, struct http_exchange *exchange);
/* Something came from the peer; the request may be gone after it. */
void websocket_door_readable(struct request *r);

#endif
