/*
 * Definitions: the CustomResourceDefinitions of the store and what is served because of them.
 *
 * One belongs to the server actor and is fed by feed.c with the events of that kind, in order. A definition whose names are accepted is served from
 * the same moment on at which the cache shows it. When its objects are in the store already, or lie in a cache by another schema, they are read anew first:
 *
 *     HIDDEN ──names accepted──> LOADING ──all objects read──> SHOWN ──changed──> LOADING (the old one shown meanwhile)
 *                  └──no objects──────────────────────────────> SHOWN ──gone──> HIDDEN
 *
 * Requests under way keep the resource they began with; watches are closed when it changes, for their clients to begin again.
 * Bounded by the definitions in the store; keys of kinds without one are counted, not kept.
 */
#ifndef ACTORS_SERVER_CATALOG_DEFINITION_H
#define ACTORS_SERVER_CATALOG_DEFINITION_H

#include "actors/server/catalog/resources.h"
#include "datastore/store/store.h"

#define DEFINITIONS_KEY STR("/registry/apiextensions.k8s.io/customresourcedefinitions/")
#define DEFINITIONS_KEY_END STR("/registry/apiextensions.k8s.io/customresourcedefinitions0")

struct server;
struct definitions;

GIVE struct definitions *definitions_new(const struct resources *resources);
void definitions_free(TAKE struct definitions *definitions, struct resources *resources);

/* An event of any cache: `object` as it is now, NULL when it has gone. */
void definitions_changed(struct server *server, const struct cache *cache, struct str key,
			 const struct object *object);
/* A row, or its deletion, that belongs to no cache. */
void definitions_unclaimed(struct server *server, const struct store_row *row, bool is_delete);

/* All caches are filled anew: again, then each definition that is there, then the end of them. */
void definitions_fill_again(struct server *server);
void definitions_fill(struct server *server, const struct store_row *row);
void definitions_filled(struct server *server);

/* The objects of one that has come are being read. */
bool definitions_are_loading(const struct definitions *definitions);

/* True when the message was an answer to a question of its own. */
bool definitions_receive(struct server *server, const struct act_msg *msg);

#endif
