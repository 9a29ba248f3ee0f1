/*
 * pods/proxy, services/proxy and nodes/proxy: any request, to what listens there.
 *
 * For actors/server. Steps of every method. Bounds: those of proxy.h.
 */
#ifndef ACTORS_SERVER_PROXY_CONNECT_H
#define ACTORS_SERVER_PROXY_CONNECT_H

#include "actors/server/request.h"

extern const struct verb_steps connect_steps;

/* Whether the request goes to somebody who is asked in words of his own: options and forms of the API mean nothing in it. */
bool connect_is_asked(const struct request *r);

/* r->shown is shown to admission as what is connected to; NEXT: it may be. */
enum next connect_admit(struct request *r);
/* What a target that does not answer is answered with: an upgrade is told so in other words. */
enum next connect_failed(struct request *r, enum status status, struct str words);
/* By whom it has come so far; absent: by nobody. */
struct str connect_remote(struct request *r);

#endif
