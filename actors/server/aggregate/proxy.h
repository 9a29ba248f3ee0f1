/*
 * The proxy: requests for a group and version of another server, handed on and back as they are.
 *
 * For actors/server. Whoever asks was authenticated and authorized here; the other server is told by headers (front-proxy.h). Bodies of
 * answers, watches and upgraded connections go through as they come, each way only as fast as it is taken. Bounds: LIMIT_BODY_BYTES of a
 * request; the request's own time, but for watches and upgraded connections; LIMIT_PROXIED of those.
 */
#ifndef ACTORS_SERVER_AGGREGATE_PROXY_H
#define ACTORS_SERVER_AGGREGATE_PROXY_H

#include "actors/server/request.h"

extern const struct verb_steps proxy_steps;

/* Whether it is for another server: then its steps are those above. */
bool proxy_takes(struct request *r, struct str group, struct str version);
bool proxy_receive(struct server *server, const struct act_msg *msg);
/* Its peer takes more, or has said more. */
void proxy_moved(struct request *r);
void proxy_drop(struct request *r); /* it ends before its answer has */

#endif
