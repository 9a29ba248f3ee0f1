#include "actors/server/proxy/connect.h"

#include "actors/server/aggregate/front-proxy.h"
#include "actors/server/outside/endpoint.h"
#include "actors/server/proxy/address.h"
#include "actors/server/proxy/kubelet.h"
#include "actors/server/proxy/proxy.h"
#include "actors/server/proxy/rewrite.h"
#include "actors/server/server-private.h"
#include "datastore/schema/core.h"
#include "datastore/schema/discovery.h"

bool connect_is_asked(const struct request *r)
{
	return r->subresource != NULL && str_is(r->subresource->name, "proxy");
}

enum next connect_failed(struct request *r, enum status status, struct str words)
{
	if (status == INVALID || proxy_upgrade(r).at != NULL)
		return request_fail(
		    r, failure_plain(
			   r->arena, 500,
			   request_printf(r, "error dialing backend: " STR_FMT, STR_ARG(words))));
	return request_fail(
	    r, failure_unavailable(
		   r->arena,
		   arena_cstr(r->arena, request_printf(r, "error trying to reach service: " STR_FMT,
						       STR_ARG(words)))));
}

/* ---- admission ------------------------------------------------------------------------------------------------ */

enum next connect_admit(struct request *r)
{
	enum next next;

	/* Before anybody has looked whether it is there. */
	for (; r->mechanism.phase < 2; r->mechanism.phase++) {
		next = write_admit(r, ADMISSION_CONNECT, r->shown.type, r->shown.object, NULL,
				   r->mechanism.phase == 1);
		if (next != NEXT)
			return next;
	}
	return NEXT;
}

/* The three are alike. */
static void show_options(struct request *r, struct str path)
{
	struct core_pod_proxy_options *pod;
	struct core_service_proxy_options *service;
	struct core_node_proxy_options *node;

	if (str_is(r->route.resource, "pods")) {
		r->shown.object = pod = arena_new_of(r->arena, struct core_pod_proxy_options);
		r->shown.type = &core_pod_proxy_options_type;
		pod->path = path;
	} else if (str_is(r->route.resource, "services")) {
		r->shown.object = service =
		    arena_new_of(r->arena, struct core_service_proxy_options);
		r->shown.type = &core_service_proxy_options_type;
		service->path = path;
	} else {
		r->shown.object = node = arena_new_of(r->arena, struct core_node_proxy_options);
		r->shown.type = &core_node_proxy_options_type;
		node->path = path;
	}
}

/* ---- who is meant ---------------------------------------------------------------------------------------------- */

static enum next not_found(struct request *r, struct str name)
{
	return request_fail(
	    r, failure_not_found(r->arena, request_group(r), request_resource(r), name));
}

static enum next not_allowed(struct request *r)
{
	return request_fail(r, failure_bad_request(r->arena, "address not allowed"));
}

static const void *record_of(const struct request *r, const struct type *type, struct str name)
{
	const struct reader *reader = &r->server->reader;
	const struct object *object = reader->get(reader->self, type, r->route.namespace, name);

	return object != NULL ? object->record : NULL;
}

static void set_place(struct place_spec *out, const struct address *address, struct str host,
		      uint16_t port)
{
	*out = (struct place_spec){
		.host = host,
		.port = port,
		.is_plain = !address->is_tls,
		.is_unverified = true,
		.connections_max = LIMIT_PROXIED_CONNECTIONS,
	};
}

/* The port of a URL that names none is its scheme's. */
static uint16_t usual_port(const struct address *address)
{
	return address->is_tls ? 443 : 80;
}

static uint16_t pod_port(const struct core_pod *pod, const struct address *address)
{
	if (address->port.len > 0)
		return address_port(address->port);
	for (uint32_t i = 0; i < pod->spec->containers.len; i++)
		if (pod->spec->containers.at[i].ports.len > 0)
			return (uint16_t)pod->spec->containers.at[i].ports.at[0].container_port;
	return usual_port(address);
}

static enum next simulated(struct request *r, struct str pod)
{
	return connect_failed(
	    r, UNAVAILABLE,
	    request_printf(r, "pod " STR_FMT " is simulated: nothing listens in it", STR_ARG(pod)));
}

static enum next find_pod(struct request *r, const struct address *address, struct place_spec *out)
{
	const struct core_pod *pod = record_of(r, &core_pod_type, address->name);
	uint16_t port;
	struct str ip;

	if (pod == NULL)
		return not_found(r, address->name);
	ip = pod->status != NULL && pod->status->pod_ips.len > 0 ? pod->status->pod_ips.at[0].ip
								 : STR_NONE;
	if (!address_is_allowed(ip))
		return not_allowed(r);
	port = pod_port(pod, address);
	if (port == 0)
		return connect_failed(
		    r, UNAVAILABLE,
		    request_printf(r, "address " STR_FMT ": invalid port", STR_ARG(address->port)));
	if (kubelet_is_hollow(r->server, pod->spec->node_name))
		return simulated(r, address->name);
	set_place(out, address, arena_str(r->arena, ip), port);
	return NEXT;
}

/* Upstream sends nobody to an address only because some EndpointSlice says so: it has to be a pod's, of the same namespace. */
static bool is_of_pod(void *arg, const struct discovery_endpoint *endpoint)
{
	const struct core_object_reference *target = endpoint->target_ref;
	const struct request *r = arg;
	const struct core_pod *pod;

	if (target == NULL || !str_eq(target->namespace, r->route.namespace))
		return false;
	pod = record_of(r, &core_pod_type, target->name);
	for (uint32_t i = 0; pod != NULL && pod->status != NULL && i < pod->status->pod_ips.len; i++)
		if (str_eq(pod->status->pod_ips.at[i].ip, endpoint->addresses.at[0]))
			return true;
	return false;
}

static bool is_simulated(void *arg, const struct discovery_endpoint *endpoint)
{
	const struct request *r = arg;

	return is_of_pod(arg, endpoint) &&
	       kubelet_is_hollow(r->server, ((const struct core_pod *)record_of(
						 r, &core_pod_type, endpoint->target_ref->name))
						->spec->node_name);
}

static bool is_real(void *arg, const struct discovery_endpoint *endpoint)
{
	return is_of_pod(arg, endpoint) && !is_simulated(arg, endpoint) &&
	       address_is_allowed(endpoint->addresses.at[0]);
}

static enum next no_port(struct request *r, const struct address *address)
{
	return request_fail(
	    r, failure_unavailable(
		   r->arena,
		   arena_cstr(r->arena,
			      request_printf(
				  r, "no service port " STR_FMT " found for service \"" STR_FMT "\"",
				  STR_ARG(address->port), STR_ARG(address->name)))));
}

/* A port's number is that of the service; its name is what endpoints know. */
static enum next port_name(struct request *r, const struct address *address, struct str *out)
{
	const struct core_service *service;
	int64_t number;

	*out = address->port;
	if (str_to_i64(address->port, &number) != OK)
		return NEXT;
	service = record_of(r, &core_service_type, address->name);
	if (service == NULL)
		return not_found(r, address->name);
	for (uint32_t i = 0; i < service->spec->ports.len; i++) {
		if (service->spec->ports.at[i].port != number)
			continue;
		*out = service->spec->ports.at[i].name;
		return NEXT;
	}
	return no_port(r, address);
}

static bool pick(struct request *r, const struct address *address, struct str port,
		 bool (*likes)(void *arg, const struct discovery_endpoint *endpoint),
		 struct endpoint *out)
{
	return endpoint_pick(&r->server->reader, r->server->act, r->arena, r->route.namespace,
			     address->name, port, likes, r, out);
}

static enum next find_service(struct request *r, const struct address *address,
			      struct place_spec *out)
{
	struct endpoint endpoint;
	struct str port;
	enum next next = port_name(r, address, &port);

	if (next != NEXT)
		return next;
	if (pick(r, address, port, is_real, &endpoint)) {
		set_place(out, address, endpoint.host, endpoint.port);
		return NEXT;
	}
	if (pick(r, address, port, is_simulated, &endpoint))
		return connect_failed(r, UNAVAILABLE,
				      STR("the pods of the service are simulated: nothing listens "
					  "in them"));
	return request_fail(
	    r, failure_unavailable(
		   r->arena,
		   arena_cstr(r->arena,
			      request_printf(r, "no endpoints available for service \"" STR_FMT "\"",
					     STR_ARG(address->name)))));
}

static enum next find_node(struct request *r, const struct address *address, struct place_spec *out)
{
	struct fault why = { 0 };
	enum status status = kubelet_find(r->server, address->name, out, &why);
	uint16_t port = address_port(address->port);

	if (status == NOT_FOUND)
		return not_found(r, address->name);
	if (status == INVALID)
		return request_fail(
		    r, failure_plain(r->arena, 500, arena_str(r->arena, str_from(why.text))));
	if (status != OK)
		return connect_failed(r, status, arena_str(r->arena, str_from(why.text)));
	if (!address_is_allowed(out->host))
		return not_allowed(r);
	if (address->port.len == 0 || port == out->port)
		return NEXT;
	if (port == 0)
		return connect_failed(
		    r, UNAVAILABLE,
		    request_printf(r, "address " STR_FMT ": invalid port", STR_ARG(address->port)));
	/* Whatever else listens there is no kubelet, and is not shown who we are. */
	set_place(out, address, out->host, port);
	return NEXT;
}

static enum next find(struct request *r, struct place_spec *out)
{
	struct address address;

	if (!address_split(r->route.name, &address))
		return request_fail(
		    r, failure_bad_request(r->arena, "invalid %s request \"" STR_FMT "\"",
					   str_is(r->route.resource, "pods")       ? "pod"
					   : str_is(r->route.resource, "services") ? "service"
										   : "node",
					   STR_ARG(r->route.name)));
	if (str_is(r->route.resource, "pods"))
		return find_pod(r, &address, out);
	return str_is(r->route.resource, "services") ? find_service(r, &address, out)
						     : find_node(r, &address, out);
}

/* ---- what it is sent ---------------------------------------------------------------------------------------------- */

/* Links in what is there are relative to it: without a slash at the end they would be to the API. */
static enum next redirect(struct request *r)
{
	r->answer = (struct answer){
		.code = 301,
		.is_empty = true,
		.location = proxy_path(r, request_printf(r, STR_FMT "/", STR_ARG(r->asked.path))),
	};
	return DONE;
}

struct str connect_remote(struct request *r)
{
	struct str remote = proxy_remote(r), before = r->asked.forwarded;

	return before.len > 0
		   ? request_printf(r, STR_FMT ", " STR_FMT, STR_ARG(before), STR_ARG(remote))
		   : remote;
}

static enum next send(struct request *r, const struct place_spec *place, struct str path)
{
	struct str prefix = address_prefix(r->asked.path, r->route.rest);
	bool is_v6 = str_find_char(place->host, ':') >= 0;
	struct proxy_target target = {
		.place = *place,
		.path = proxy_path(r, path.len > 0 ? path : STR("/")),
		.authority = proxy_authority(r),
		.is_long = true,
		.failed = connect_failed,
	};
	struct http_headers in = proxy_headers(r);
	struct http_header *at = arena_array(r->arena, struct http_header, in.count + 1);
	struct str host = request_printf(r, is_v6 ? "[" STR_FMT "]:%u" : STR_FMT ":%u",
					 STR_ARG(place->host), (unsigned)place->port);
	uint32_t count = 0;

	for (uint32_t i = 0; i < in.count; i++)
		if (!str_is(in.at[i].name, "x-forwarded-uri"))
			at[count++] = in.at[i];
	if (proxy_upgrade(r).at == NULL)
		at[count++] = (struct http_header){ STR("x-forwarded-uri"),
						    request_printf(r, STR_FMT STR_FMT,
								   STR_ARG(prefix), STR_ARG(path)) };
	if (front_proxy_headers(r->arena, (struct http_headers){ at, count }, NULL,
				connect_remote(r), &target.headers) != OK)
		return request_fail(r, failure_bad_request(r->arena, "a header is none"));
	target.rewrite = rewrite_new(r->arena, prefix, target.authority, host);
	return proxy_send(r, &target);
}

static enum next connect_read(struct request *r)
{
	struct place_spec place;
	struct str path;
	enum next next;

	if (r->proxied != NULL)
		return proxy_go_on(r);
	if (address_path(r->arena, r->asked.path, r->route.rest, &path) != OK)
		return request_fail(r, failure_bad_request(r->arena, "invalid URL escape in path"));
	if (r->shown.type == NULL)
		show_options(r, path);
	next = connect_admit(r);
	if (next == NEXT && !r->is_fresh)
		return request_refresh(r);
	if (next == NEXT)
		next = find(r, &place);
	if (next != NEXT)
		return next;
	if (path.len == 0 && proxy_upgrade(r).at == NULL &&
	    (str_is(r->asked.method, "GET") || str_is(r->asked.method, "HEAD")))
		return redirect(r);
	return send(r, &place, path);
}

const struct verb_steps connect_steps = { .name = "connect", .read = connect_read };
