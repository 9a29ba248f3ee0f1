/*
 * Resources: everything that can be asked for at this server, found by group, version and name.
 *
 * Made at start from the constant table (resource-row.h) and the custom resources of the configuration; of those that are live (live.h) the
 * ones that the configuration names who sees. Those of definitions in the store come and go (definition.h). Each resource that is kept or
 * seen has a cache; versions of one resource share it (their objects differ in type only, see convert.h).
 */
#ifndef ACTORS_SERVER_CATALOG_RESOURCES_H
#define ACTORS_SERVER_CATALOG_RESOURCES_H

#include "actors/kinds/kind.h"
#include "actors/server/cache/cache.h"
#include "actors/server/live/live.h"
#include "actors/server/server.h"
#include "datastore/schema/resource-row.h"

struct live;

struct resource {
	const struct resource_row *row;
	struct str api_version;    /* "apps/v1" */
	const struct type *type;   /* of its objects */
	const struct type *stored; /* what the cache holds; differs from `type` for other versions */
	const struct kind_rules *rules;
	struct cache *cache;                  /* NULL: nothing is kept */
	struct live *live;                    /* NULL: the cache shows what the store has */
	const struct custom_resource *custom; /* or NULL */
	uint64_t number;                      /* no other one of this server has it */
};

struct resources;

GIVE struct resources *resources_new(const struct server_config *config);
void resources_free(TAKE struct resources *resources); /* with all caches */

/* The resources of a definition with its cache, or their end. The first takes over a reference, the second gives it back. */
void resources_put_set(struct resources *resources, TAKE struct custom_set *set);
void resources_drop_set(struct resources *resources, TAKE struct custom_set *set);
/* Counts each change of what is served. */
uint64_t resources_changes(const struct resources *resources);

/* NULL: not served. */
const struct resource *resources_find(const struct resources *resources, struct str group,
				      struct str version, struct str name);
const struct resource *resources_find_type(const struct resources *resources,
					   const struct type *type);
bool resources_has_version(const struct resources *resources, struct str group, struct str version);
/* Whether a definition of the store made it. */
bool resources_is_custom(const struct resources *resources, struct str group, struct str version);
const struct subresource_row *resource_subresource(const struct resource *resource, struct str name);

/* In order of discovery: those of a group and version stand side by side. */
uint32_t resources_len(const struct resources *resources);
const struct resource *resources_at(const struct resources *resources, uint32_t i);

/* The cache that a key of the store belongs to, or NULL. */
struct cache *resources_cache_of(const struct resources *resources, struct str key);
/* Each cache of what the store has once; `*at` begins as 0; NULL at the end. */
struct cache *resources_next_cache(const struct resources *resources, uint32_t *at);

#endif
