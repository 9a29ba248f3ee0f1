#include "actors/server/server-private.h"

/*
 * Events are kept for an hour, unless the configuration says another time. What is written within a minute shares one lease of the store, so that a
 * busy cluster has sixty of them and not one an event (upstream's lease manager does the same).
 */

#define TTL_S 3600U /* upstream's --event-ttl */
#define SHARED_MS 60000U
#define SHARED_MAX 1000U /* upstream's, of objects on one lease */

bool event_lease_is_wanted(const struct request *r)
{
	return str_is(r->resource->row->name, "events");
}

uint64_t event_lease_take(struct server *server)
{
	struct event_lease *lease = &server->event_lease;
	int64_t age_ns = act_now(server->act).ns - lease->granted.ns;

	if (lease->id == 0 || lease->count >= SHARED_MAX || age_ns > SHARED_MS * TIME_MS)
		return 0;
	lease->count++;
	return lease->id;
}

enum next event_lease_ask(struct request *r)
{
	uint32_t ttl_s = r->server->config->event_ttl_s;
	struct store_lease_grant grant = { .ttl_s = (ttl_s ? ttl_s : TTL_S) + SHARED_MS / 1000 };

	/* What was to be written is encoded anew when the lease is there: the question owns nothing. */
	arena_free(r->store_arena);
	r->store_arena = NULL;
	return request_ask(r, &store_lease_grant_type, &grant);
}

void event_lease_came(struct server *server, const struct store_lease_answer *answer)
{
	server->event_lease =
	    (struct event_lease){ .id = answer->id, .granted = act_now(server->act) };
}
