#include "actors/server/cache/kept.h"

#include "actors/server/server-private.h"

static uint64_t budget(const struct server *server)
{
	return server->config->kept_bytes ? server->config->kept_bytes : LIMIT_KEPT_BYTES;
}

/* With some room, so that it is a while until all is gone through again: as long as it takes to encode as much as that. */
static uint64_t target(const struct server *server)
{
	return budget(server) - budget(server) / 4;
}

static void trim(struct server *server)
{
	struct cache *cache;
	uint64_t left = 0;
	uint32_t at = 0;

	while ((cache = resources_next_cache(server->resources, &at)) != NULL)
		left += cache_age_bytes(cache);
	at = 0;
	while (left > target(server) &&
	       (cache = resources_next_cache(server->resources, &at)) != NULL)
		left -= cache_drop_bytes(cache, left - target(server));
	server->kept_bytes = left;
}

void kept_trim(struct server *server)
{
	if (server->kept_bytes > budget(server))
		trim(server);
}
