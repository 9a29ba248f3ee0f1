/*
 * Requests for a group and version of another server.
 *
 * For actors/server. The other server is told by headers who asks (front-proxy.h), and gets the request as it is (proxy/proxy.h).
 */
#ifndef ACTORS_SERVER_AGGREGATE_AGGREGATED_H
#define ACTORS_SERVER_AGGREGATE_AGGREGATED_H

#include "actors/server/request.h"

/* Whether it is for another server: then its steps are those of handing it on. */
bool aggregated_takes(struct request *r, struct str group, struct str version);

#endif
