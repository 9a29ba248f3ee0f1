#include "actors/server/server-private.h"

/*
 * Flight: how many requests may be under way at once, those that change something and others apart.
 *
 * The cluster's own actors, who come through the message door, have places of their own: clients from outside cannot keep controllers
 * and nodes from their work. Masters and questions about health are never turned away; watches have a limit of their own.
 */

static bool is_exempt(const struct request *r)
{
	static const char *const paths[] = { "/healthz", "/livez", "/readyz" };

	if (user_is_in(&r->user, GROUP_MASTERS))
		return true;
	for (size_t i = 0; !r->route.is_resource && i < sizeof paths / sizeof paths[0]; i++)
		if (str_starts(r->asked.path, str_from(paths[i])))
			return true;
	return false;
}

/* No Status: upstream's filter knows nothing of the form that was asked for. */
static enum next too_many(struct request *r)
{
	measure_terminated(r, 429);
	request_answer_body(r, 429, STR("text/plain; charset=utf-8"),
			    STR("Too many requests, please try again later.\n"));
	r->answer.retry_after_s = 1;
	return DONE;
}

static uint32_t *place_of(struct server *server, const struct request *r)
{
	return &server->in_flight[r->asked.is_trusted][r->is_mutating];
}

enum next flight_enter(struct request *r)
{
	struct server *server = r->server;
	const struct server_config *config = server->config;
	uint32_t max = config->in_flight_max ? config->in_flight_max : LIMIT_IN_FLIGHT;
	uint32_t mutating_max =
	    config->mutating_max ? config->mutating_max : LIMIT_IN_FLIGHT_MUTATING;

	if (r->route.verb == VERB_WATCH)
		return server->watch_count < LIMIT_WATCHERS ? NEXT : too_many(r);
	r->is_mutating = verb_is_write(r->route.verb);
	if (!is_exempt(r) && *place_of(server, r) >= (r->is_mutating ? mutating_max : max))
		return too_many(r);
	r->is_counted = true;
	++*place_of(server, r);
	return NEXT;
}

void flight_leave(struct request *r)
{
	if (r->is_counted)
		--*place_of(r->server, r);
	r->is_counted = false;
}

uint32_t flight_count(const struct server *server, bool is_mutating)
{
	return server->in_flight[false][is_mutating] + server->in_flight[true][is_mutating];
}
