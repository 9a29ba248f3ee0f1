#include "actors/server/aggregate/aggregated.h"

#include "actors/server/aggregate/aggregates.h"
#include "actors/server/aggregate/front-proxy.h"
#include "actors/server/proxy/proxy.h"
#include "actors/server/server-private.h"

struct aggregated {
	struct str group, version;
};

/* Upstream's aggregator says so in plain words. */
static enum next unavailable(struct request *r, struct str words)
{
	return request_answer_body(r, 503, STR("text/plain; charset=utf-8"),
				   request_printf(r, STR_FMT "\n", STR_ARG(words)));
}

static enum next failed(struct request *r, enum status status, struct str words)
{
	const struct aggregated *a = r->work;

	if (status == INVALID)
		return request_answer_body(r, 500, STR("text/plain; charset=utf-8"),
					   request_printf(r, STR_FMT "\n", STR_ARG(words)));
	if (r->proxied != NULL)
		aggregates_doubt(r->server->aggregates, a->group, a->version);
	return unavailable(
	    r, request_printf(r, "error trying to reach service: " STR_FMT, STR_ARG(words)));
}

static enum next ask(struct request *r, const struct aggregated *a)
{
	const struct apiregistration_api_service *service =
	    aggregate_of(r->server, a->group, a->version);
	bool is_watch = r->route.verb == VERB_WATCH;
	struct proxy_target target = { .path = proxy_path(r, r->asked.path), .failed = failed };
	struct fault why = { 0 };

	if (service == NULL)
		return pages_not_found(r);
	if (!aggregate_is_available(service) ||
	    aggregate_place(r->server, service, r->arena, &target.place, &why) != OK)
		return unavailable(r, STR("service unavailable"));
	if (is_watch && r->door != &http_door)
		return request_fail(
		    r, failure_not_implemented(r->arena,
					       "watches of other servers are not for messages"));
	if (front_proxy_headers(r->arena, proxy_headers(r), &r->user, proxy_remote(r),
				&target.headers) != OK)
		return request_fail(r, failure_internal(r->arena, "the user cannot be told of"));
	target.is_long = is_watch || proxy_upgrade(r).at != NULL;
	target.authority = target.place.server_name;
	return proxy_send(r, &target);
}

static enum next aggregated_read(struct request *r)
{
	return r->proxied != NULL ? proxy_go_on(r) : ask(r, r->work);
}

static const struct verb_steps aggregated_steps = { .name = "proxy", .read = aggregated_read };

bool aggregated_takes(struct request *r, struct str group, struct str version)
{
	struct aggregated *a;

	if (aggregate_of(r->server, group, version) == NULL)
		return false;
	a = r->work = arena_new_of(r->arena, struct aggregated);
	a->group = group;
	a->version = version;
	r->steps = &aggregated_steps;
	return true;
}
