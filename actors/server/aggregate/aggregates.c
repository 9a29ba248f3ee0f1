#include "actors/server/aggregate/aggregates.h"

#include <stdlib.h>

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "actors/server/aggregate/front-proxy.h"
#include "actors/server/catalog/merge.h"
#include "actors/server/outside/endpoint.h"
#include "actors/server/outside/places.h"
#include "actors/server/server-private.h"
#include "datastore/custom/value.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "runtime/base/mem.h"
#include "transport/http/client.h"
#include "transport/wire/json.h"

#define LOOK_MS 2000
#define LOOK_WELL_MS 10000
#define PROBE_MS 5000U
#define WRITE_MS 5000U
#define PORT 443

typedef const struct apiregistration_api_service api_service;

#define V2_MS 60000 /* upstream's */

/* What is asked for: first what it serves, then where its OpenAPI is, and, not so often, its older form. */
enum asked_for { ASKED_NOTHING, ASKED_DISCOVERY, ASKED_OPENAPI, ASKED_V2 };

struct aggregate {
	struct list link;
	const struct object *object; /* the APIService as it was last seen; a reference */
	bool is_there;               /* in the walk that goes on */
	bool is_well;
	struct mono look_at;
	enum asked_for asked;
	uint64_t tag;
	struct place *place;
	struct http_call *call;
	struct arena *arena; /* of what it said */
	const struct meta_api_resource_list *resources;
	struct str openapi;
	struct mono v2_at;
	struct text v2; /* of OpenAPI v2; empty: there is none */
};

struct aggregates {
	struct server *server;
	struct list all; /* by the names of the APIServices */
	uint32_t count;
	struct aggregate **order; /* as they are shown */
	uint64_t tag_write;       /* of what nobody waits for */
	uint64_t changes;         /* of documents of OpenAPI v2 */
};

static api_service *record_of(const struct aggregate *aggregate)
{
	return aggregate->object->record;
}

/* ---- for requests ------------------------------------------------------------------------------------------ */

const struct apiregistration_api_service *aggregate_of(struct server *server, struct str group,
						       struct str version)
{
	const struct object *object;
	struct arena *arena;
	struct str name;

	if (group.len == 0 || version.len == 0 ||
	    resources_has_version(server->resources, group, version))
		return NULL;
	arena = arena_new(0);
	name = arena_printf(arena, STR_FMT "." STR_FMT, STR_ARG(version), STR_ARG(group));
	object = server->reader.get(server->reader.self, &apiregistration_api_service_type, STR(""),
				    name);
	arena_free(arena);
	if (object == NULL || ((api_service *)object->record)->spec->service == NULL)
		return NULL;
	return object->record;
}

static const struct apiregistration_api_service_condition *available(api_service *service)
{
	struct apiregistration_api_service_condition_list list = { 0 };

	if (service->status != NULL)
		list = service->status->conditions;
	for (uint32_t i = 0; i < list.len; i++)
		if (str_is(list.at[i].type, "Available"))
			return &list.at[i];
	return NULL;
}

bool aggregate_is_available(const struct apiregistration_api_service *service)
{
	const struct apiregistration_api_service_condition *condition = available(service);

	return condition != NULL && str_is(condition->status, "True");
}

enum status aggregate_place(struct server *server, const struct apiregistration_api_service *service,
			    struct arena *arena, struct place_spec *out, struct fault *why)
{
	const struct apiregistration_service_reference *to = service->spec->service;
	struct endpoint endpoint = { .port = 0 };

	TRY(endpoint_find(&server->reader, server->act, arena, to->namespace, to->name,
			  to->has.port ? to->port : PORT, &endpoint, why));
	*out = (struct place_spec){
		.host = endpoint.host,
		.port = endpoint.port,
		.server_name = arena_printf(arena, STR_FMT "." STR_FMT ".svc", STR_ARG(to->name),
					    STR_ARG(to->namespace)),
		.authorities =
		    service->spec->ca_bundle.len > 0 ? service->spec->ca_bundle : STR_NONE,
		.is_unverified = service->spec->insecure_skip_tls_verify,
		.certificate_pem = server->config->front_proxy_certificate_pem,
		.key_pem = server->config->front_proxy_key_pem,
	};
	return OK;
}

/* ---- the condition -------------------------------------------------------------------------------------------- */

static void write_status(struct aggregates *aggregates, struct aggregate *aggregate, struct str body)
{
	static const struct str masters = { "system:masters", sizeof "system:masters" - 1 };
	struct act *act = aggregates->server->act;
	struct api_call call = request_call("PATCH", STR(""), STR("system:kube-aggregator"));

	call.path = arena_printf(call.arena,
				 "/apis/apiregistration.k8s.io/v1/apiservices/" STR_FMT "/status",
				 STR_ARG(object_name(aggregate->object)));
	call.groups = &masters;
	call.group_count = 1;
	request_set_body(&call, STR("application/merge-patch+json"), body);
	/* Nobody waits for the answer: what did not come about is found at the next look. */
	aggregates->tag_write = server_tag(aggregates->server);
	if (act_request(act, act_self(act), &api_call_type, &call, WRITE_MS,
			aggregates->tag_write) != OK)
		api_call_free(&call);
}

static void tell(struct aggregates *aggregates, struct aggregate *aggregate, const char *status,
		 struct str reason, struct str message)
{
	const struct apiregistration_api_service_condition *now = available(record_of(aggregate));
	struct wall at = act_wall(aggregates->server->act);
	struct arena *arena;
	char buffer[TIME_TEXT];
	struct text body;

	if (now != NULL && str_is(now->status, status) && str_eq(now->reason, reason) &&
	    str_eq(now->message, message))
		return;
	if (now != NULL && str_is(now->status, status))
		at = now->last_transition_time;
	at.ns -= at.ns % TIME_S;
	arena = arena_new(0);
	body = text_in(arena, LIMIT_OBJECT_BYTES);
	text_printf(&body,
		    "{\"status\":{\"conditions\":[{\"type\":\"Available\",\"status\":\"%s\","
		    "\"lastTransitionTime\":\"" STR_FMT "\",\"reason\":",
		    status, STR_ARG(time_print(at, buffer)));
	json_write_string(&body, reason);
	text_lit(&body, ",\"message\":");
	json_write_string(&body, message);
	text_lit(&body, "}]}}");
	write_status(aggregates, aggregate, text_str(&body));
	arena_free(arena);
}

static void is_away(struct aggregates *aggregates, struct aggregate *aggregate, struct str reason,
		    struct str message)
{
	aggregate->is_well = false;
	aggregate->look_at.ns = act_now(aggregates->server->act).ns + LOOK_MS * TIME_MS;
	tell(aggregates, aggregate, "False", reason, message);
}

static void is_well(struct aggregates *aggregates, struct aggregate *aggregate)
{
	aggregate->is_well = true;
	aggregate->look_at.ns = act_now(aggregates->server->act).ns + LOOK_WELL_MS * TIME_MS;
	tell(aggregates, aggregate, "True", STR("Passed"), STR("all checks passed"));
}

/* ---- looking ---------------------------------------------------------------------------------------------------- */

static void hang_up(struct aggregates *aggregates, struct aggregate *aggregate)
{
	if (aggregate->asked == ASKED_NOTHING)
		return;
	http_call_close(aggregate->call);
	place_leave(aggregate->place, act_now(aggregates->server->act));
	aggregate->asked = ASKED_NOTHING;
}

static enum status ask(struct aggregates *aggregates, struct aggregate *aggregate,
		       enum asked_for what, struct str path, struct arena *arena, struct fault *why)
{
	static const struct http_header accepts[] = { { STR("accept"), STR("application/json") } };
	static const struct str masters = { "system:masters", sizeof "system:masters" - 1 };
	const struct user user = { .name = STR("system:kube-aggregator"),
				   .groups = &masters,
				   .group_count = 1 };
	struct server *server = aggregates->server;
	struct http_request request = { .method = STR("GET"),
					.path = path,
					.timeout_ms = PROBE_MS,
					.answer_max_bytes = LIMIT_AGGREGATE_BYTES };
	struct place_spec spec;

	TRY(aggregate_place(server, record_of(aggregate), arena, &spec, why));
	request.authority = spec.server_name;
	TRY(front_proxy_headers(arena, (struct http_headers){ accepts, 1 }, &user, STR_NONE,
				&request.headers));
	TRY(places_enter(server->places, server->act, &spec, &aggregate->place, why));
	aggregate->tag = server_tag(server);
	enum status status = http_call(server->act, place_client(aggregate->place), &request,
				       aggregate->tag, &aggregate->call);
	if (status != OK) {
		places_forget(server->places, aggregate->place);
		place_leave(aggregate->place, act_now(server->act));
		return fault_set(why, status, "", "%s", status_text(status));
	}
	aggregate->asked = what;
	return OK;
}

static struct str discovery_path(struct arena *arena, const struct aggregate *aggregate)
{
	const struct apiregistration_api_service_spec *spec = record_of(aggregate)->spec;

	return arena_printf(arena, "/apis/" STR_FMT "/" STR_FMT, STR_ARG(spec->group),
			    STR_ARG(spec->version));
}

static struct str failing(struct arena *arena, const struct aggregate *aggregate, struct str words)
{
	const struct apiregistration_service_reference *to = record_of(aggregate)->spec->service;
	struct str path = discovery_path(arena, aggregate);

	return arena_printf(arena,
			    "failing or missing response from https://" STR_FMT "." STR_FMT
			    ".svc:%d" STR_FMT ": " STR_FMT,
			    STR_ARG(to->name), STR_ARG(to->namespace),
			    to->has.port ? to->port : PORT, STR_ARG(path), STR_ARG(words));
}

static void look(struct aggregates *aggregates, struct aggregate *aggregate)
{
	struct arena *arena = arena_new(0);
	struct fault why = { 0 };
	struct str words;

	if (ask(aggregates, aggregate, ASKED_DISCOVERY, discovery_path(arena, aggregate), arena,
		&why) != OK) {
		words = arena_str(arena, str_from(why.text));
		if (why.field[0] != '\0')
			is_away(aggregates, aggregate, arena_str(arena, str_from(why.field)), words);
		else
			is_away(aggregates, aggregate, STR("FailedDiscoveryCheck"),
				failing(arena, aggregate, words));
	}
	arena_free(arena);
}

/* ---- what it said ------------------------------------------------------------------------------------------------ */

static void take_resources(struct aggregate *aggregate, struct str body)
{
	struct arena *arena = arena_new(0);
	void *record = NULL;

	if (json_decode(&meta_api_resource_list_type, body, arena, (struct json_options){ 0 },
			&record, NULL) != OK) {
		arena_free(arena);
		return;
	}
	arena_free(aggregate->arena);
	aggregate->arena = arena;
	aggregate->resources = record;
	aggregate->openapi = STR_NONE;
}

static void discovery_came(struct aggregates *aggregates, struct aggregate *aggregate,
			   const struct act_msg *msg)
{
	int code = msg->status == OK ? http_call_code(aggregate->call) : 0;
	const char *words = http_call_fault(aggregate->call)->text;
	struct arena *arena = arena_new(0);
	struct fault why = { 0 };
	struct str said;

	if (msg->status == TIMEOUT)
		said = STR("context deadline exceeded");
	else if (msg->status != OK)
		said =
		    arena_str(arena, str_from(words[0] != '\0' ? words : status_text(msg->status)));
	else
		said = arena_printf(arena, "bad status: %d", code);
	if (code >= 200 && code < 300)
		take_resources(aggregate, http_call_body(aggregate->call));
	hang_up(aggregates, aggregate);
	if (code >= 200 && code < 300) {
		is_well(aggregates, aggregate);
		(void)ask(aggregates, aggregate, ASKED_OPENAPI, STR("/openapi/v3"), arena, &why);
	} else {
		is_away(aggregates, aggregate, STR("FailedDiscoveryCheck"),
			failing(arena, aggregate, said));
	}
	arena_free(arena);
}

static void ask_v2(struct aggregates *aggregates, struct aggregate *aggregate, struct arena *arena)
{
	struct mono now = act_now(aggregates->server->act);
	struct fault why = { 0 };

	if (now.ns < aggregate->v2_at.ns)
		return;
	aggregate->v2_at.ns = now.ns + V2_MS * TIME_MS;
	(void)!ask(aggregates, aggregate, ASKED_V2, STR("/openapi/v2"), arena, &why);
}

/* {"paths":{"apis/group/version":{"serverRelativeURL":"..."}}} */
static void openapi_came(struct aggregates *aggregates, struct aggregate *aggregate,
			 const struct act_msg *msg)
{
	const struct value *paths, *own, *url;
	struct arena *arena = arena_new(0);
	struct str path = discovery_path(arena, aggregate);
	struct value value;

	if (msg->status == OK && http_call_code(aggregate->call) == 200 &&
	    value_parse(http_call_body(aggregate->call), arena, &value) == OK &&
	    (paths = value_member(&value, STR("paths"))) != NULL &&
	    (own = value_member(paths, str_slice(path, 1, path.len))) != NULL &&
	    (url = value_member(own, STR("serverRelativeURL"))) != NULL &&
	    url->kind == VALUE_STRING && str_starts(url->text, STR("/openapi/v3/")) &&
	    aggregate->arena != NULL)
		aggregate->openapi = arena_str(aggregate->arena, url->text);
	hang_up(aggregates, aggregate);
	ask_v2(aggregates, aggregate, arena);
	arena_free(arena);
}

static void set_v2(struct aggregates *aggregates, struct aggregate *aggregate, struct text v2)
{
	if (!str_eq(text_str(&v2), text_str(&aggregate->v2)))
		aggregates->changes++;
	text_fini(&aggregate->v2);
	aggregate->v2 = v2;
}

/* One that is away keeps what it has said. */
static void v2_came(struct aggregates *aggregates, struct aggregate *aggregate,
		    const struct act_msg *msg)
{
	const struct apiregistration_api_service_spec *spec = record_of(aggregate)->spec;
	int code = msg->status == OK ? http_call_code(aggregate->call) : 0;
	struct text v2 = text_new(LIMIT_AGGREGATE_BYTES);

	if (code == 200 &&
	    merge_read(http_call_body(aggregate->call), spec->group, spec->version, &v2) != OK) {
		text_fini(&v2);
		v2 = text_new(1);
	}
	if (code == 200 || code == 404)
		set_v2(aggregates, aggregate, v2);
	else
		text_fini(&v2);
	hang_up(aggregates, aggregate);
}

bool aggregates_receive(struct aggregates *aggregates, const struct act_msg *msg)
{
	if (msg->kind != ACT_ANSWER)
		return false;
	list_each (&aggregates->all, link) {
		struct aggregate *aggregate = list_item(link, struct aggregate, link);

		if (aggregate->asked == ASKED_NOTHING || aggregate->tag != msg->tag)
			continue;
		if (aggregate->asked == ASKED_DISCOVERY)
			discovery_came(aggregates, aggregate, msg);
		else if (aggregate->asked == ASKED_OPENAPI)
			openapi_came(aggregates, aggregate, msg);
		else
			v2_came(aggregates, aggregate, msg);
		return true;
	}
	return false;
}

/* ---- which there are ------------------------------------------------------------------------------------------------ */

static void drop(struct aggregates *aggregates, struct aggregate *aggregate)
{
	hang_up(aggregates, aggregate);
	list_remove(&aggregate->link);
	aggregates->count--;
	aggregates->changes += aggregate->v2.len > 0;
	text_fini(&aggregate->v2);
	arena_free(aggregate->arena);
	object_unref(aggregate->object);
	mem_free(aggregate);
}

static struct aggregate *find(const struct aggregates *aggregates, struct str name)
{
	list_each (&aggregates->all, link) {
		struct aggregate *aggregate = list_item(link, struct aggregate, link);

		if (str_eq(object_name(aggregate->object), name))
			return aggregate;
	}
	return NULL;
}

/* A status that was written is no news. */
static bool is_news(const struct aggregate *aggregate, const struct object *object)
{
	return !record_equal(&apiregistration_api_service_spec_type, record_of(aggregate)->spec,
			     ((api_service *)object->record)->spec);
}

static bool see(void *arg, const struct object *object)
{
	struct aggregates *aggregates = arg;
	api_service *service = object->record;
	struct aggregate *aggregate;

	if (service->spec->service == NULL ||
	    resources_has_version(aggregates->server->resources, service->spec->group,
				  service->spec->version))
		return true;
	aggregate = find(aggregates, object_name(object));
	if (aggregate == NULL) {
		if (aggregates->count >= LIMIT_AGGREGATES)
			return true;
		aggregate = mem_new(struct aggregate);
		list_push(&aggregates->all, &aggregate->link);
		aggregates->count++;
	} else if (is_news(aggregate, object)) {
		hang_up(aggregates, aggregate);
		aggregate->look_at.ns = aggregate->v2_at.ns = 0;
	}
	object_ref(object);
	object_unref(aggregate->object);
	aggregate->object = object;
	aggregate->is_there = true;
	return true;
}

static int by_priority(const void *a, const void *b)
{
	const struct apiregistration_api_service_spec *x =
	    record_of(*(struct aggregate *const *)a)->spec;
	const struct apiregistration_api_service_spec *y =
	    record_of(*(struct aggregate *const *)b)->spec;
	int order = (y->group_priority_minimum > x->group_priority_minimum) -
		    (y->group_priority_minimum < x->group_priority_minimum);

	if (order == 0)
		order = str_cmp(x->group, y->group);
	if (order == 0)
		order = (y->version_priority > x->version_priority) -
			(y->version_priority < x->version_priority);
	return order != 0 ? order : custom_version_cmp(y->version, x->version);
}

static void put_in_order(struct aggregates *aggregates)
{
	uint32_t i = 0;

	mem_free(aggregates->order);
	aggregates->order = mem_zalloc((aggregates->count + 1) * sizeof *aggregates->order);
	list_each (&aggregates->all, link)
		aggregates->order[i++] = list_item(link, struct aggregate, link);
	if (i > 1)
		qsort(aggregates->order, i, sizeof *aggregates->order, by_priority);
}

void aggregates_tick(struct aggregates *aggregates)
{
	struct server *server = aggregates->server;
	struct mono now = act_now(server->act);

	if (!feed_is_ready(server))
		return;
	list_each (&aggregates->all, link)
		list_item(link, struct aggregate, link)->is_there = false;
	server->reader.each(server->reader.self, &apiregistration_api_service_type, STR_NONE, see,
			    aggregates);
	list_each (&aggregates->all, link) {
		struct aggregate *aggregate = list_item(link, struct aggregate, link);

		if (!aggregate->is_there)
			drop(aggregates, aggregate);
		else if (aggregate->asked == ASKED_NOTHING && now.ns >= aggregate->look_at.ns)
			look(aggregates, aggregate);
	}
	put_in_order(aggregates);
}

bool aggregates_next(const struct aggregates *aggregates, uint32_t *at, struct aggregate_view *out)
{
	const struct aggregate *aggregate;

	if (aggregates->order == NULL || *at >= aggregates->count)
		return false;
	aggregate = aggregates->order[(*at)++];
	*out = (struct aggregate_view){ .group = record_of(aggregate)->spec->group,
					.version = record_of(aggregate)->spec->version,
					.resources = aggregate->resources,
					.is_well = aggregate->is_well,
					.openapi = aggregate->openapi,
					.v2 = aggregate->v2.len > 0 ? text_str(&aggregate->v2)
								    : STR_NONE };
	return true;
}

uint64_t aggregates_changes(const struct aggregates *aggregates)
{
	return aggregates->changes;
}

void aggregates_doubt(struct aggregates *aggregates, struct str group, struct str version)
{
	list_each (&aggregates->all, link) {
		struct aggregate *aggregate = list_item(link, struct aggregate, link);

		if (str_eq(record_of(aggregate)->spec->group, group) &&
		    str_eq(record_of(aggregate)->spec->version, version))
			aggregate->look_at.ns = 0;
	}
}

struct aggregates *aggregates_new(struct server *server)
{
	struct aggregates *aggregates = mem_new(struct aggregates);

	aggregates->server = server;
	list_init(&aggregates->all);
	return aggregates;
}

/* Calls and places end with the server's actor. */
void aggregates_free(struct aggregates *aggregates)
{
	list_each (&aggregates->all, link) {
		struct aggregate *aggregate = list_item(link, struct aggregate, link);

		aggregate->asked = ASKED_NOTHING;
		drop(aggregates, aggregate);
	}
	mem_free(aggregates->order);
	mem_free(aggregates);
}
