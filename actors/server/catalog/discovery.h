/*
 * The pages of /api and /apis: which groups, versions and resources there are. Only for actors/server.
 */
#ifndef ACTORS_SERVER_CATALOG_DISCOVERY_H
#define ACTORS_SERVER_CATALOG_DISCOVERY_H

#include "actors/server/request.h"

enum next discovery_api(struct request *r);
enum next discovery_apis(struct request *r);
enum next discovery_version(struct request *r); /* /api/v1, /apis/<group>[/<version>] */
void discovery_free(struct server *server);     /* what is kept of them */

#endif
