#include "actors/server/flow/flow.h"
#include "actors/server/server-private.h"

/*
 * Flight: how many requests may be under way at once.
 *
 * Priority and fairness say so (flow/). Without them those that change something and others are counted apart, and the cluster's own actors,
 * who come through the message door, have places of their own: clients from outside cannot keep controllers and nodes from their
 * work. Masters and questions about health are never turned away then. Watches have a limit of their own.
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
	r->answer.retry_after_s = (int32_t)flow_retry_after(r);
	return DONE;
}

static uint32_t *place_of(struct server *server, const struct request *r)
{
	return &server->in_flight[r->asked.is_trusted][r->is_mutating];
}

static bool has_place(const struct request *r)
{
	const struct server_config *config = r->server->config;
	uint32_t max = config->in_flight_max ? config->in_flight_max : LIMIT_IN_FLIGHT;
	uint32_t mutating_max =
	    config->mutating_max ? config->mutating_max : LIMIT_IN_FLIGHT_MUTATING;

	return is_exempt(r) || *place_of(r->server, r) < (r->is_mutating ? mutating_max : max);
}

enum next flight_enter(struct request *r)
{
	bool is_watch = r->route.verb == VERB_WATCH;
	enum next next = NEXT;

	r->is_mutating = verb_is_write(r->route.verb);
	if (is_watch && r->server->watch_count >= LIMIT_WATCHERS)
		return too_many(r);
	if (r->server->flow != NULL)
		next = flow_enter(r);
	else if (!is_watch && !has_place(r))
		next = DONE;
	if (next == DONE)
		return too_many(r);
	if (next == WAIT || is_watch)
		return next;
	r->is_counted = true;
	++*place_of(r->server, r);
	return NEXT;
}

void flight_leave(struct request *r)
{
	flow_leave(r);
	if (r->is_counted)
		--*place_of(r->server, r);
	r->is_counted = false;
}

uint32_t flight_count(const struct server *server, bool is_mutating)
{
	return server->in_flight[false][is_mutating] + server->in_flight[true][is_mutating];
}
