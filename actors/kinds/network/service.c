#include "actors/kinds/field/ip.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/network/service-private.h"
#include "datastore/object/record.h"

#define PORTS_MAX 2048U /* ports are compared with each other; no proxy takes as many */
#define NONE STR("None")

static struct core_service_spec *spec_of(const struct kind_change *change)
{
	return ((struct core_service *)change->object)->spec;
}

/* ---- what a type needs ------------------------------------------------------------------------------------ */

bool service_is_balancer(const struct core_service_spec *spec)
{
	return str_is(spec->type, "LoadBalancer");
}

bool service_is_headless(const struct core_service_spec *spec)
{
	return spec->cluster_ips.len == 1 && str_eq(spec->cluster_ips.at[0], NONE);
}

bool service_needs_address(const struct core_service_spec *spec)
{
	return !str_is(spec->type, "ExternalName");
}

bool service_needs_node_ports(const struct core_service_spec *spec)
{
	return str_is(spec->type, "NodePort") || service_is_balancer(spec);
}

bool service_needs_health_port(const struct core_service_spec *spec)
{
	return service_is_balancer(spec) && str_is(spec->external_traffic_policy, "Local");
}

bool service_is_reachable(const struct core_service_spec *spec)
{
	return service_needs_node_ports(spec) ||
	       (str_is(spec->type, "ClusterIP") && spec->external_ips.len > 0);
}

static bool is_same_list(struct str_list a, struct str_list b)
{
	if (a.len != b.len)
		return false;
	for (uint32_t i = 0; i < a.len; i++)
		if (!str_eq(a.at[i], b.at[i]))
			return false;
	return true;
}

bool service_has_same_addresses(const struct core_service_spec *a, const struct core_service_spec *b)
{
	return str_eq(a->cluster_ip, b->cluster_ip) && is_same_list(a->cluster_ips, b->cluster_ips);
}

bool service_has_same_families(const struct core_service_spec *a, const struct core_service_spec *b)
{
	return is_same_list(a->ip_families, b->ip_families);
}

/* The list may be shared with the stored object: the old array is left alone. */
void service_list_add(struct kind_change *change, struct str_list *list, struct str value)
{
	struct str *at = arena_array(change->arena, struct str, list->len + 1);

	if (list->len > 0)
		memcpy(at, list->at, list->len * sizeof *at);
	at[list->len] = value;
	*list = (struct str_list){ at, list->len + 1 };
}

/* ---- before rules ------------------------------------------------------------------------------------------ */

static void allocate(struct kind_change *change, const struct core_service_spec *old)
{
	service_set_families(change, spec_of(change), old);
	if (change->faults->len == 0)
		service_reserve_addresses(change, spec_of(change), old);
	if (change->faults->len == 0 && change->failure == NULL)
		service_reserve_ports(change, spec_of(change), old);
}

static bool has_too_many_ports(struct kind_change *change)
{
	const struct path *at = PATH(PATH_ROOT(change->faults, "spec"), "ports");
	uint32_t len = spec_of(change)->ports.len;

	return len > PORTS_MAX && !path_too_many(at, len, PORTS_MAX);
}

static void service_prepare_create(struct kind_change *change)
{
	struct core_service_spec *spec = spec_of(change);

	if (has_too_many_ports(change))
		return;
	if (spec->cluster_ip.len > 0 && spec->cluster_ips.len == 0)
		service_list_add(change, &spec->cluster_ips, spec->cluster_ip);
	allocate(change, NULL);
}

static int32_t node_port_named(const struct core_service_spec *spec, struct str name)
{
	int32_t found = 0;

	for (uint32_t i = 0; i < spec->ports.len; i++)
		if (str_eq(spec->ports.at[i].name, name))
			found = spec->ports.at[i].node_port;
	return found;
}

static bool has_node_port(const struct core_service_spec *spec, int32_t node_port)
{
	for (uint32_t i = 0; i < spec->ports.len; i++)
		if (spec->ports.at[i].node_port == node_port)
			return true;
	return false;
}

/* A client that sends its own text again means to keep what it was given. */
static void keep_node_ports(struct core_service_spec *spec, const struct core_service_spec *old)
{
	struct core_service_port_list sent = spec->ports;

	for (uint32_t i = 0; i < sent.len; i++) {
		struct core_service_port *port = &spec->ports.at[i];
		int32_t before;

		if (port->node_port != 0)
			continue;
		before = node_port_named(old, port->name);
		if (before != 0 && !has_node_port(spec, before))
			SET(port, node_port, before);
	}
}

static void keep_allocated(struct core_service_spec *spec, const struct core_service_spec *old)
{
	if (service_needs_address(spec) && service_needs_address(old)) {
		if (spec->cluster_ip.len == 0)
			spec->cluster_ip = old->cluster_ip;
		if (spec->cluster_ips.len == 0)
			spec->cluster_ips = old->cluster_ips;
	}
	if (service_needs_node_ports(spec) && service_needs_node_ports(old))
		keep_node_ports(spec, old);
	if (service_needs_health_port(spec) && service_needs_health_port(old) &&
	    spec->health_check_node_port == 0)
		SET(spec, health_check_node_port, old->health_check_node_port);
}

/* clusterIP is for old clients, clusterIPs for new ones; who changes one of them means both. */
static void follow_addresses(struct kind_change *change, struct core_service_spec *spec,
			     const struct core_service_spec *old)
{
	if (spec->cluster_ips.len == 0 && str_eq(spec->cluster_ip, old->cluster_ip))
		spec->cluster_ips = old->cluster_ips;
	if (str_eq(spec->cluster_ip, old->cluster_ip) ||
	    !is_same_list(spec->cluster_ips, old->cluster_ips))
		return;
	spec->cluster_ips = (struct str_list){ 0 };
	if (spec->cluster_ip.len > 0)
		service_list_add(change, &spec->cluster_ips, spec->cluster_ip);
}

static bool has_only_old_node_ports(const struct core_service_spec *spec,
				    const struct core_service_spec *old)
{
	for (uint32_t i = 0; i < spec->ports.len; i++)
		if (spec->ports.at[i].node_port != 0 &&
		    !has_node_port(old, spec->ports.at[i].node_port))
			return false;
	return true;
}

static void drop_address(struct core_service_spec *spec, const struct core_service_spec *old)
{
	if (service_has_same_addresses(spec, old)) {
		spec->cluster_ip = STR_NONE;
		spec->cluster_ips = (struct str_list){ 0 };
	}
	if (service_has_same_families(spec, old))
		spec->ip_families = (struct str_list){ 0 };
	if (str_eq(spec->ip_family_policy, old->ip_family_policy))
		spec->ip_family_policy = STR_NONE;
}

static void drop_balancer(struct core_service_spec *spec, const struct core_service_spec *old)
{
	if (spec->has.allocate_load_balancer_node_ports &&
	    old->has.allocate_load_balancer_node_ports &&
	    spec->allocate_load_balancer_node_ports == old->allocate_load_balancer_node_ports)
		UNSET(spec, allocate_load_balancer_node_ports);
	if (str_eq(spec->load_balancer_class, old->load_balancer_class))
		spec->load_balancer_class = STR_NONE;
}

/* Another type has no use for them, and whoever changed the type did not speak of them. */
static void drop_what_type_has_not(struct core_service *service, const struct core_service_spec *old)
{
	struct core_service_spec *spec = service->spec;

	if (service_needs_address(old) && !service_needs_address(spec))
		drop_address(spec, old);
	if (service_needs_node_ports(old) && !service_needs_node_ports(spec) &&
	    has_only_old_node_ports(spec, old))
		for (uint32_t i = 0; i < spec->ports.len; i++)
			UNSET(&spec->ports.at[i], node_port);
	if (service_needs_health_port(old) && !service_needs_health_port(spec) &&
	    spec->health_check_node_port == old->health_check_node_port)
		UNSET(spec, health_check_node_port);
	if (service_is_balancer(old) && !service_is_balancer(spec))
		drop_balancer(spec, old);
	if (service_is_reachable(old) && !service_is_reachable(spec) &&
	    str_eq(spec->external_traffic_policy, old->external_traffic_policy))
		spec->external_traffic_policy = STR_NONE;
	if (!service_is_balancer(spec) && service->status != NULL)
		service->status->load_balancer = NULL;
}

static void service_prepare_update(struct kind_change *change)
{
	struct core_service *service = change->object;
	struct core_service *old = record_clone_shallow(change->type, change->old, change->arena);

	if (has_too_many_ports(change))
		return;
	service_complete(change, old->spec);
	change->old = old;
	keep_allocated(service->spec, old->spec);
	follow_addresses(change, service->spec, old->spec);
	allocate(change, old->spec);
	drop_what_type_has_not(service, old->spec);
}

static void service_validate_create(struct kind_change *change)
{
	service_check(change);
	service_warn(change);
}

static void service_validate_update(struct kind_change *change)
{
	service_check_change(change);
	service_check(change);
	service_warn(change);
}

/* ---- status ------------------------------------------------------------------------------------------------------- */

static struct core_load_balancer_ingress_list ingress_of(const void *service)
{
	const struct core_service_status *status = ((const struct core_service *)service)->status;

	if (status == NULL || status->load_balancer == NULL)
		return (struct core_load_balancer_ingress_list){ 0 };
	return status->load_balancer->ingress;
}

static void check_ingress(const struct path *at, const struct core_load_balancer_ingress *ingress,
			  struct str_list old_ips)
{
	const struct path *mode = PATH(at, "ipMode");

	if (ingress->ip.len > 0)
		ip_check_legacy(PATH(at, "ip"), ingress->ip, old_ips);
	if (ingress->ip_mode.at == NULL && ingress->ip.len > 0)
		path_required(mode, "must be specified when `ip` is set");
	else if (ingress->ip_mode.at != NULL && ingress->ip.len == 0)
		path_forbidden(mode, "may not be specified when `ip` is not set");
	else if (ingress->ip_mode.at != NULL)
		rule_one_of(mode, ingress->ip_mode, &core_load_balancer_ip_mode_values);
	if (ingress->hostname.len == 0)
		return;
	rule_name(PATH(at, "hostname"), NAME_DNS_SUBDOMAIN, ingress->hostname);
	if (ip_is(ingress->hostname))
		path_invalid(PATH(at, "hostname"), ingress->hostname,
			     "must be a DNS name, not an IP address");
}

static void status_validate(struct kind_change *change)
{
	const struct path *at =
	    PATH(PATH(PATH_ROOT(change->faults, "status"), "loadBalancer"), "ingress");
	struct core_load_balancer_ingress_list now = ingress_of(change->object);
	struct core_load_balancer_ingress_list before = ingress_of(change->old);
	struct str_list old_ips = { arena_array(change->arena, struct str, before.len + 1), 0 };

	if (!service_is_balancer(spec_of(change)) && now.len > 0) {
		path_forbidden(at, "may only be used when `spec.type` is 'LoadBalancer'");
		return;
	}
	for (uint32_t i = 0; i < before.len; i++)
		old_ips.at[old_ips.len++] = before.at[i].ip;
	for (uint32_t i = 0; i < now.len; i++) {
		check_ingress(PATH_AT(at, i), &now.at[i], old_ips);
		kind_warn_text(change,
			       ip_warning(change->arena, path_text(PATH_AT(at, i)), now.at[i].ip));
	}
}

static void service_on_delete(struct kind_change *change)
{
	struct core_service *old = record_clone_shallow(change->type, change->old, change->arena);

	service_complete(change, old->spec);
	service_release_addresses(change, old->spec);
	service_release_ports(change, old->spec);
}

static const struct kind_subresource subresources[] = {
	{ .name = "status", .validate = status_validate },
};

const struct kind_rules kind_service = {
	.group = "",
	.kind = "Service",
	.name_syntax = NAME_DNS_LABEL,
	.allows_create_on_update = true,
	.returns_deleted = true,
	.prepare_create = service_prepare_create,
	.prepare_update = service_prepare_update,
	.validate_create = service_validate_create,
	.validate_update = service_validate_update,
	.on_delete = service_on_delete,
	.subresources = subresources,
	.subresource_count = 1,
};
