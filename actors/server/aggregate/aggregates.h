/*
 * Aggregates: groups and versions that an APIService gives to another server.
 *
 * For actors/server, on its actor. Each is asked for its discovery document now and then: that says whether it is there, which the
 * APIService's condition Available is told when it changes, and what it serves. Every server looks for itself, as upstream's. Bounds:
 * LIMIT_AGGREGATES, LOOK_MS while one is away and LOOK_WELL_MS while it is well between two looks, PROBE_MS for an answer,
 * LIMIT_AGGREGATE_BYTES of a document.
 */
#ifndef ACTORS_SERVER_AGGREGATE_AGGREGATES_H
#define ACTORS_SERVER_AGGREGATE_AGGREGATES_H

#include "actors/server/server.h"
#include "datastore/schema/apiregistration.h"
#include "datastore/schema/meta.h"

struct aggregates;
struct place_spec;
struct server;

/* Of one of them, borrowed until the next turn. */
struct aggregate_view {
	struct str group, version;
	const struct meta_api_resource_list
	    *resources; /* as it last said; NULL: it has said nothing yet */
	bool is_well;
	struct str openapi; /* where its document of OpenAPI v3 is, with its hash; absent: it has none */
	struct str v2; /* what of its document of OpenAPI v2 counts (catalog/merge.h); absent: it has none */
};

GIVE struct aggregates *aggregates_new(struct server *server);
void aggregates_free(TAKE struct aggregates *aggregates);
void aggregates_tick(struct aggregates *aggregates);
bool aggregates_receive(struct aggregates *aggregates, const struct act_msg *msg);
/* It did not answer somebody: it is looked at soon. */
void aggregates_doubt(struct aggregates *aggregates, struct str group, struct str version);
/* Those of groups with a higher priority first, then of versions; `*at` begins as 0; false at the end. */
bool aggregates_next(const struct aggregates *aggregates, uint32_t *at, struct aggregate_view *out);

/* Grows when documents of OpenAPI v2 come, go or change. */
uint64_t aggregates_changes(const struct aggregates *aggregates);

/* The APIService of a group and version, if that gives it to another server and we do not serve it; NULL: none. */
const struct apiregistration_api_service *aggregate_of(struct server *server, struct str group,
						       struct str version);
bool aggregate_is_available(const struct apiregistration_api_service *service);
/* Who is called for it. `why->field` is the reason that the condition would name. */
MUST_USE enum status aggregate_place(struct server *server,
				     const struct apiregistration_api_service *service,
				     struct arena *arena, struct place_spec *out, struct fault *why);

#endif
