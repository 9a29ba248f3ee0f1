/*
 * Packing: bodies that are worth it leave as gzip, if who asks can read that.
 *
 * Of the HTTP door. Small ones are packed at once, large ones by a worker beside the loop: others are served meanwhile, and the exchange ends when
 * that has come back. Bounded: of those at most PACKING_MAX at once, the next leave as they are.
 */
#ifndef ACTORS_SERVER_DOOR_PACKING_H
#define ACTORS_SERVER_DOOR_PACKING_H

#include "actors/server/request.h"
#include "transport/http/server.h"

#define PACKING_MAX 8U

/* True: this answers the exchange; if r->is_packing is set it also ends it, later. */
bool packing_take(struct request *r, struct http_exchange *exchange, struct http_headers headers,
		  struct http_parts body);
bool packing_receive(struct server *server, const struct act_msg *msg);

#endif
