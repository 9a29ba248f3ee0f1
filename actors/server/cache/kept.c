#include "actors/server/cache/kept.h"

#include "actors/server/server-private.h"

#define CALM_MS 5000U /* who asks for the same again does so within that, mostly */
#define OBJECT_MS 1U  /* until the next time, for each that was gone through, which took 200 ns */

static uint64_t budget(const struct server *server)
{
	return server->config->kept_bytes ? server->config->kept_bytes : LIMIT_KEPT_BYTES;
}

/* With some room, so that it is a while until all is gone through again: as long as it takes to encode as much as that. */
static uint64_t target(const struct server *server)
{
	return budget(server) - budget(server) / 4;
}

/* Gives how many bytes are left. Those are not looked at again before they could have been asked for. */
static uint64_t age(struct server *server)
{
	struct cache *cache;
	uint64_t left = 0, objects = 0;
	uint32_t at = 0;

	while ((cache = resources_next_cache(server->resources, &at)) != NULL) {
		left += cache_age_bytes(cache);
		objects += cache_len(cache);
	}
	server->kept_look = act_now(server->act);
	server->kept_look.ns +=
	    (int64_t)(objects * OBJECT_MS > CALM_MS ? objects * OBJECT_MS : CALM_MS) * TIME_MS;
	return left;
}

static void trim(struct server *server)
{
	struct cache *cache;
	uint64_t left = age(server);
	uint32_t at = 0;

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

void kept_tick(struct server *server, struct mono now)
{
	if (server->kept_bytes >= budget(server) / 32 && now.ns >= server->kept_look.ns)
		server->kept_bytes = age(server);
}
