#include "actors/server/proxy/kubelet.h"

#include "actors/kinds/field/ip.h"
#include "actors/server/aggregate/front-proxy.h"
#include "actors/server/proxy/connect.h"
#include "actors/server/proxy/proxy.h"
#include "actors/server/server-private.h"
#include "datastore/schema/core.h"

#define PORT 10250U

static const struct core_node *node_of(const struct server *server, struct str name)
{
	const struct object *object =
	    server->reader.get(server->reader.self, &core_node_type, STR_NONE, name);

	return object != NULL ? object->record : NULL;
}

static bool is_hollow(const struct core_node *node)
{
	return node->status != NULL && node->status->node_info != NULL &&
	       str_starts(node->status->node_info->container_runtime_version, STR("hollow://"));
}

bool kubelet_is_hollow(const struct server *server, struct str node)
{
	const struct core_node *record = node_of(server, node);

	return record != NULL && is_hollow(record);
}

/* Names are for people: who they lead to is not known before they are resolved, and may be another then. */
static struct str address_of(const struct core_node_status *status, struct str_list types)
{
	static const struct str usual[] = { STR("InternalIP"), STR("ExternalIP"), STR("Hostname") };

	if (types.len == 0)
		types = (struct str_list){ (struct str *)(uintptr_t)usual,
					   sizeof usual / sizeof usual[0] };
	for (uint32_t i = 0; i < types.len; i++)
		for (uint32_t n = 0; n < status->addresses.len; n++)
			if (str_eq(status->addresses.at[n].type, types.at[i]) &&
			    ip_is(status->addresses.at[n].address))
				return status->addresses.at[n].address;
	return STR_NONE;
}

enum status kubelet_find(const struct server *server, struct str name, struct place_spec *out,
			 struct fault *why)
{
	const struct core_node *node = node_of(server, name);
	const struct core_daemon_endpoint *endpoint = NULL;
	const struct server_config *config = server->config;

	if (node == NULL)
		return NOT_FOUND;
	if (is_hollow(node))
		return fault_set(why, UNAVAILABLE, "",
				 "node " STR_FMT " is simulated: it has no kubelet", STR_ARG(name));
	*out = (struct place_spec){
		.host = node->status != NULL
			    ? address_of(node->status, config->kubelet_address_types)
			    : STR_NONE,
		.port = config->kubelet_port > 0 ? config->kubelet_port : PORT,
		.authorities = config->kubelet_authorities_pem,
		.is_unverified = config->kubelet_authorities_pem.len == 0,
		.certificate_pem = config->kubelet_certificate_pem,
		.key_pem = config->kubelet_key_pem,
		.connections_max = LIMIT_PROXIED_CONNECTIONS,
	};
	if (out->host.len == 0)
		return fault_set(why, INVALID, "", "no preferred addresses found");
	if (node->status->daemon_endpoints != NULL)
		endpoint = node->status->daemon_endpoints->kubelet_endpoint;
	if (endpoint != NULL && endpoint->port > 0 && endpoint->port <= UINT16_MAX)
		out->port = (uint16_t)endpoint->port;
	return OK;
}

enum next kubelet_send(struct request *r, struct str node, struct str path)
{
	struct proxy_target target = {
		.path = path,
		.authority = proxy_authority(r),
		.is_long = true,
		.failed = connect_failed,
	};
	struct fault why = { 0 };
	enum status status = kubelet_find(r->server, node, &target.place, &why);

	if (status == NOT_FOUND)
		return request_fail(r, failure_not_found(r->arena, STR(""), STR("nodes"), node));
	if (status != OK)
		return request_fail(
		    r, failure_plain(r->arena, 500, arena_str(r->arena, str_from(why.text))));
	if (front_proxy_headers(r->arena, proxy_headers(r), NULL, connect_remote(r),
				&target.headers) != OK)
		return request_fail(r, failure_bad_request(r->arena, "a header is none"));
	return proxy_send(r, &target);
}
