/*
 * Pages of other places that may read what the API answers (Fetch, 3.2): upstream's --cors-allowed-origins, with its headers.
 */
#ifndef ACTORS_SERVER_DOOR_CORS_H
#define ACTORS_SERVER_DOOR_CORS_H

#include "datastore/schema/pattern.h"
#include "transport/http/server.h"

struct cors {
	struct pattern **origins; /* one that matches anywhere in it allows an origin */
	uint32_t count;
};

/* Beside the origin itself. */
#define CORS_HEADERS 5U

/* What the request says where it comes from, if that is allowed; else absent. `cors` may be NULL. */
struct str cors_origin(const struct cors *cors, struct http_exchange *exchange);
/* Adds CORS_HEADERS. */
void cors_add(struct str origin, struct http_header *out);
/* A question whether a request may be sent is answered here, before anybody asks who asks: true. */
bool cors_answer(struct str origin, struct http_exchange *exchange);

#endif
