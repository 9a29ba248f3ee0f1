#include "actors/server/server.h"

#include <stdio.h>

#include "actors/client/api.h"
#include "actors/server/aggregate/aggregates.h"
#include "actors/server/answer/convert.h"
#include "actors/server/catalog/definition.h"
#include "actors/server/catalog/discovery.h"
#include "actors/server/catalog/documents.h"
#include "actors/server/door/packing.h"
#include "actors/server/flow/flow.h"
#include "actors/server/outside/callers.h"
#include "actors/server/outside/conversions.h"
#include "actors/server/outside/places.h"
#include "actors/server/proxy/proxy.h"
#include "actors/server/server-private.h"
#include "actors/server/verb/carry.h"
#include "datastore/store/store.h"
#include "runtime/base/log.h"
#include "runtime/trace/host-metrics.h"

#define TICK_MS 1000U   /* a server at rest is woken this often */
#define LOOK_MS 500U    /* while a request wants to be looked at again */
#define TAG_FIRST 1000U /* below are those of the feed and of live resources */

struct server_tick {
	char nothing;
};
static const ACT_TYPE(server_tick, .id = 0);
ACT_TYPE(server_farewell);

/* ---- requests ------------------------------------------------------------------------------------------- */

static struct str tag_key(const uint64_t *tag)
{
	return str_of(tag, sizeof *tag);
}

uint64_t server_tag(struct server *server)
{
	return TAG_FIRST + server->last_tag++;
}

struct request *server_request_new(struct server *server, struct arena *arena)
{
	struct request *r = arena_new_of(arena, struct request);
	uint64_t request_ms =
	    server->config->request_ms ? server->config->request_ms : LIMIT_REQUEST_MS;

	r->server = server;
	r->arena = arena;
	r->tag = server_tag(server);
	r->began = act_now(server->act);
	r->deadline.ns = r->began.ns + (int64_t)request_ms * TIME_MS;
	list_init(&r->wait_link);
	list_init(&r->charge_link);
	list_push(&server->requests, &r->link);
	map_put(&server->by_tag, tag_key(&r->tag), r);
	return r;
}

void server_request_free(struct request *r)
{
	struct server *server = r->server;

	list_remove(&r->link);
	list_remove(&r->wait_link);
	carry_leave(r);
	quota_leave(r);
	arena_free(r->store_arena);
	r->store_arena = NULL;
	if (r->is_standing)
		measure_answered(r);
	map_remove(&server->by_tag, tag_key(&r->tag));
	flight_leave(r);
}

struct str_list server_audiences(const struct server *server)
{
	const struct server_config *config = server->config;

	if (config->audiences.len > 0)
		return config->audiences;
	return (struct str_list){ (struct str *)(uintptr_t)&config->issuer, 1 };
}

/* ---- the caches as others read them ----------------------------------------------------------------------- */

static struct cache *cache_of_type(struct server *server, const struct type *type)
{
	const struct resource *resource = resources_find_type(server->resources, type);

	return resource && resource->stored == type ? resource->cache : NULL;
}

static const struct object *reader_get(void *self, const struct type *type, struct str namespace,
				       struct str name)
{
	struct cache *cache = cache_of_type(self, type);

	return cache ? cache_get(cache, namespace, name) : NULL;
}

struct visit {
	bool (*visit)(void *arg, const struct object *object);
	void *arg;
};

static bool visit_one(void *arg, struct str key, const struct object *object)
{
	struct visit *visit = arg;

	(void)key;
	return visit->visit(visit->arg, object);
}

static void reader_each(void *self, const struct type *type, struct str namespace,
			bool (*visit)(void *arg, const struct object *object), void *arg)
{
	struct cache *cache = cache_of_type(self, type);
	struct visit each = { visit, arg };

	if (cache != NULL)
		cache_each(cache, namespace, STR_NONE, visit_one, &each);
}

/* Of definitions the version that is kept, whichever is asked for: they differ in nothing else. */
static const struct type *reader_kind(void *self, struct str api_version, struct str kind)
{
	const struct resources *resources = ((struct server *)self)->resources;

	for (uint32_t i = 0; i < resources_len(resources); i++) {
		const struct resource *resource = resources_at(resources, i);

		if (resource->type != NULL && str_eq(resource->api_version, api_version) &&
		    str_eq(type_kind(resource->type), kind))
			return resource->custom != NULL ? resource->stored : resource->type;
	}
	return NULL;
}

static bool reader_equivalent(void *self, const struct resource_name *name, uint32_t at,
			      struct equivalent *out)
{
	const struct resources *resources = ((struct server *)self)->resources;
	const struct resource *asked =
	    resources_find(resources, name->group, name->version, name->resource);

	for (uint32_t i = 0; asked != NULL && i < resources_len(resources); i++) {
		const struct resource *other = resources_at(resources, i);

		if (other == asked || other->cache == NULL || other->cache != asked->cache)
			continue;
		if (at-- > 0)
			continue;
		out->name = (struct resource_name){ other->row->group, other->row->version,
						    other->row->name };
		out->type = other->type;
		out->is_outside = other->custom != NULL && other->custom->set != NULL &&
				  custom_set_converts(other->custom->set);
		return true;
	}
	return false;
}

static const void *reader_convert(void *self, const struct type *from, const void *record,
				  const struct type *to, struct arena *arena)
{
	(void)self;
	return convert_record(from, record, to, arena);
}

/* ---- time ---------------------------------------------------------------------------------------------------- */

static void pack_caches(struct server *server, struct mono now)
{
	struct cache *cache;
	uint32_t at = 0;

	while ((cache = resources_next_cache(server->resources, &at)) != NULL)
		cache_pack(cache, &server->commons, now);
}

static void tick(struct server *server)
{
	struct mono now = act_now(server->act);
	bool is_looking = false;

	line_forget(&server->lines);
	pack_caches(server, now);
	kept_tick(server, now);
	list_each (&server->watches, link)
		watch_tick(watch_of_server_link(link), now);
	feed_tick(server, now);
	reopen_tick(server);
	places_tick(server->places, server->act);
	aggregates_tick(server->aggregates);
	conversions_tick(server->conversions);
	live_tick(server, now);
	flow_tick(server, now);
	list_each (&server->requests, link) {
		struct request *r = list_item(link, struct request, link);

		is_looking |= r->look_at.ns != 0; /* before it may be gone */
		if (now.ns >= r->deadline.ns && r->is_waiting)
			request_expire(r);
		else if (r->look_at.ns != 0 && now.ns >= r->look_at.ns)
			request_run(r);
	}
	if (is_looking && server->look_timer == 0)
		server->look_timer =
		    act_after(server->act, LOOK_MS, &server_tick_type, &(struct server_tick){ 0 });
	metrics_set(server->counts.kept, (int64_t)server->kept_bytes);
	metrics_set(server->counts.in_flight, flight_count(server, false));
	metrics_set(server->counts.mutating, flight_count(server, true));
}

/* ---- metrics ---------------------------------------------------------------------------------------------------- */

static void make_counts(struct server *server)
{
	struct server_counts *counts = &server->counts;
	struct metrics *metrics = server->metrics;

	counts->in_flight = metrics_gauge(metrics, "apiserver_current_inflight_requests",
					  "Requests under way.", "request_kind=\"readOnly\"");
	counts->mutating = metrics_gauge(metrics, "apiserver_current_inflight_requests",
					 "Requests under way.", "request_kind=\"mutating\"");
	counts->kept = metrics_gauge(metrics, "troupe_apiserver_kept_encodings_bytes",
				     "Encodings of objects that are kept, at most.", NULL);
	counts->audited =
	    metrics_counter(metrics, "apiserver_audit_event_total", "Audit events made.", NULL);
	counts->unaudited = metrics_counter(metrics, "apiserver_audit_requests_rejected_total",
					    "Audit events that nobody took.", NULL);
}

/* ---- the actor ---------------------------------------------------------------------------------------------------- */

/* Those still there when the actor ends, in whatever way: nobody runs any more. */
static void abandon_all(struct server *server)
{
	list_each (&server->watches, link)
		watch_abandon(watch_of_server_link(link));
	list_each (&server->requests, link) {
		struct request *r = list_item(link, struct request, link);

		arena_free(r->store_arena);
		r->door->abandon(r);
	}
}

static void release(void *arg)
{
	struct server *server = arg;

	abandon_all(server);
	line_forget(&server->lines);
	feed_stop(server);
	flow_free(server->flow);
	conversions_free(server->conversions);
	callers_free(server->callers);
	aggregates_free(server->aggregates);
	places_free(server->places);
	documents_free(server->documents);
	discovery_free(server);
	policy_cache_fini(&server->policies);
	definitions_free(server->definitions, server->resources);
	resources_free(server->resources);
	commons_fini(&server->commons);
	map_fini(&server->by_tag);
	map_fini(&server->seals.by_key);
	map_fini(&server->seals.unread);
	slab_fini(&server->watch_slab);
	arena_free(server->scratch);
	measures_free(server->measures);
	if (server->owns_metrics)
		metrics_free(server->metrics);
}

static enum status server_init(struct act *act, void *state, const void *args)
{
	struct server *server = state;

	server->act = act;
	server->config = args;
	list_init(&server->requests);
	list_init(&server->watches);
	slab_init(&server->watch_slab, ARENA_SLAB_BYTES);
	list_init(&server->dirty);
	list_init(&server->carried);
	list_init(&server->calm);
	list_init(&server->quota_holding);
	list_init(&server->quota_waiting);
	policy_cache_init(&server->policies);
	server->resources = resources_new(server->config);
	server->definitions = definitions_new(server->resources);
	server->documents = documents_new(server->resources);
	server->places = places_new();
	server->aggregates = aggregates_new(server);
	server->callers = callers_new(server);
	server->conversions = conversions_new(server);
	server->scratch = arena_new(0);
	server->reader = (struct reader){ server,      reader_get,        reader_each,
					  reader_kind, reader_equivalent, reader_convert };
	server->owns_metrics = server->config->metrics == NULL;
	server->metrics = server->owns_metrics ? metrics_new() : server->config->metrics;
	if (server->owns_metrics)
		host_metrics_add(server->metrics, act_host_of(act));
	server->began = act_now(act);
	act_own(act, release, server);
	make_counts(server);
	if (!server->config->is_unfair)
		server->flow = flow_new(server);
	server->measures = measures_new(server->metrics);
	act_every(act, TICK_MS, &server_tick_type, &(struct server_tick){ 0 });
	feed_start(server);
	return OK;
}

/* Actors of the cluster stay: they do their work to the end. */
static void send_away(struct server *server)
{
	list_each (&server->watches, link) {
		struct watch *watch = watch_of_server_link(link);

		if (!watch_is_near(watch))
			watch_close(watch, 200);
	}
	list_each (&server->requests, link) {
		struct request *r = list_item(link, struct request, link);

		struct outlet to = request_outlet(r);

		if (!r->is_standing || r->is_answered || request_watch(r) != NULL)
			continue;
		r->door->end(&to, 200);
		r->is_answered = true;
		request_cancel(r);
	}
}

static bool farewell_came(struct server *server, const struct act_msg *msg)
{
	if (!ACT_IS(msg, server_farewell))
		return false;
	server->is_leaving = true;
	if (ACT_AS(msg, server_farewell)->ends_watches)
		send_away(server);
	return true;
}

static bool answer_came(struct server *server, const struct act_msg *msg)
{
	struct request *r;

	if (msg->kind != ACT_ANSWER)
		return false;
	r = map_get(&server->by_tag, tag_key(&msg->tag));
	if (r != NULL)
		request_store_answered(r, msg);
	return true;
}

static enum act_verdict server_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct server *server = state;

	server->act = act;
	if (feed_receive(server, msg) || definitions_receive(server, msg) ||
	    http_door_receive(server, msg) || documents_receive(server, msg) ||
	    packing_receive(server, msg) || live_receive(server, msg) ||
	    callers_receive(server->callers, msg) || aggregates_receive(server->aggregates, msg) ||
	    proxy_receive(server, msg) || answer_came(server, msg) || carry_receive(server, msg) ||
	    quota_receive(server, msg) || message_door_receive(server, msg) ||
	    farewell_came(server, msg) || flow_receive(server, msg)) {
		flow_pump(server);
		kept_trim(server);
		return ACT_OK;
	}
	if (!ACT_IS(msg, server_tick))
		return ACT_UNHANDLED;
	if (msg->tag == server->look_timer)
		server->look_timer = 0;
	tick(server);
	flow_pump(server);
	return ACT_OK;
}

/* Watchers hear that they should ask another server; requests under way are given up. */
static void server_stop(struct act *act, void *state, enum act_reason why)
{
	struct server *server = state;

	(void)why;
	server->act = act;
	server->is_stopping = true;
	list_each (&server->watches, link)
		watch_close(watch_of_server_link(link), 503);
}

const struct act_class server_class = {
	.name = "api",
	.state_size = sizeof(struct server),
	.init = server_init,
	.receive = server_receive,
	.stop = server_stop,
};
