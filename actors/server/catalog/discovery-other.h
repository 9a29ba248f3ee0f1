/*
 * Discovery of groups and versions that other servers serve: what they said is put among our own, at the end.
 *
 * Only for discovery.c. One that has not answered yet has no resources; one that is away has those that it had, and is Stale.
 */
#ifndef ACTORS_SERVER_CATALOG_DISCOVERY_OTHER_H
#define ACTORS_SERVER_CATALOG_DISCOVERY_OTHER_H

#include "actors/server/request.h"
#include "datastore/schema/apidiscovery.h"
#include "datastore/schema/meta.h"

void discovery_other_describe(struct request *r,
			      struct apidiscovery_api_group_discovery_items *groups);
void discovery_other_fill(struct request *r, struct meta_api_group_items *groups);

#endif
