#include "actors/kinds/field/ip.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "datastore/schema/discovery.h"
#include "datastore/schema/type.h"

/*
 * The EndpointSlice: some of those who answer for a Service (upstream: apis/discovery/validation, registry/discovery/endpointslice).
 */

#define ADDRESSES_MAX 100U
#define ENDPOINTS_MAX 1000U
#define PORTS_MAX 20000U
#define HINTS_MAX 8U
#define HOSTNAME STR("kubernetes.io/hostname")
#define MANAGED_BY STR("endpointslice.kubernetes.io/managed-by")

static struct discovery_endpoint_slice *new_of(const struct kind_change *change)
{
	return change->object;
}

/* ---- what v1 no longer has ------------------------------------------------------------------------------ */

static void clear_topology(struct discovery_endpoint_slice *slice)
{
	for (uint32_t i = 0; i < slice->endpoints.len; i++)
		slice->endpoints.at[i].deprecated_topology = (struct str_map){ 0 };
}

static void prepare_create(struct kind_change *change)
{
	clear_topology(new_of(change));
}

static bool is_same(const struct kind_change *change, const char *member)
{
	return record_equal_field(type_field(change->type, str_from(member)), change->object,
				  change->old);
}

/* What was written before there was a nodeName says the node in its topology: whoever sends that back means the same node. */
static void take_node_names(struct kind_change *change)
{
	const struct discovery_endpoint_slice *old = change->old;
	struct discovery_endpoint_list list = new_of(change)->endpoints;
	struct seen known = seen_in(change->arena);

	for (uint32_t i = 0; i < old->endpoints.len; i++) {
		struct str node = str_map_get(old->endpoints.at[i].deprecated_topology, HOSTNAME);

		if (node.at != NULL)
			seen_add(&known, node);
	}
	for (uint32_t i = 0; i < list.len && known.len > 0; i++) {
		struct str node = str_map_get(list.at[i].deprecated_topology, HOSTNAME);

		if (list.at[i].node_name.at == NULL && node.at != NULL && seen_has(&known, node) &&
		    name_is(NAME_DNS_SUBDOMAIN, node))
			list.at[i].node_name = node;
	}
}

static bool has_same_labels(const struct kind_change *change)
{
	const struct discovery_endpoint_slice *old = change->old;

	return record_equal_field(type_field(&meta_object_meta_type, STR("labels")),
				  new_of(change)->metadata, old->metadata);
}

static void prepare_update(struct kind_change *change)
{
	struct meta_object_meta *meta = new_of(change)->metadata;
	bool has_same_endpoints = is_same(change, "endpoints");

	if (!has_same_endpoints || !is_same(change, "ports") || !is_same(change, "addressType") ||
	    !has_same_labels(change))
		SET(meta, generation, meta->generation + 1);
	if (has_same_endpoints)
		return;
	take_node_names(change);
	clear_topology(new_of(change));
}

/* ---- endpoints -------------------------------------------------------------------------------------------- */

/* example.com, two parts at least; upstream's IsFullyQualifiedDomainName. */
static void check_domain(const struct path *at, struct str name)
{
	struct str words;

	if (name.len == 0) {
		path_required(at, "");
		return;
	}
	if (name.at[name.len - 1] == '.')
		name = str_slice(name, 0, name.len - 1);
	words = rule_words(at, NAME_DNS_SUBDOMAIN, name, ",");
	if (words.len > 0)
		path_invalid(at, name, words.at);
	else if (str_find_char(name, '.') < 0)
		path_invalid(at, name,
			     "should be a domain with at least two segments separated by dots");
	for (struct str rest = name; words.len == 0 && rest.at != NULL;) {
		struct str label = str_cut(&rest, '.');

		words = rule_words(at, NAME_DNS_LABEL, label, ",");
		if (words.len > 0)
			path_invalid(at, label, words.at);
	}
}

/* That it is of the other family is said of the list, as upstream does. */
static void check_family(const struct path *list, const struct path *at, struct str address,
			 bool is_v6)
{
	if (ip_is_v6(address) != is_v6)
		path_invalid(list, address,
			     is_v6 ? "must be a valid IPv6 address"
				   : "must be a valid IPv4 address");
	ip_check_endpoint(at, address);
}

static void check_address(const struct path *list, const struct path *at, struct str address,
			  struct str type)
{
	if (str_is(type, "IPv4") && ip_check_legacy(at, address, (struct str_list){ 0 }))
		check_family(list, at, address, false);
	else if (str_is(type, "IPv6") && ip_check(at, address))
		check_family(list, at, address, true);
	else if (str_is(type, "FQDN"))
		check_domain(at, address);
}

static void check_zones(const struct path *at, struct discovery_for_zone_list zones)
{
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < zones.len; i++) {
		const struct path *name = PATH(PATH_AT(at, i), "name");

		if (!seen_add(&seen, zones.at[i].name))
			path_duplicate(name, zones.at[i].name);
		rule_name(name, NAME_LABEL_VALUE, zones.at[i].name);
	}
}

static void check_nodes(const struct path *at, struct discovery_for_node_list nodes)
{
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < nodes.len; i++) {
		const struct path *name = PATH(PATH_AT(at, i), "name");

		if (!seen_add(&seen, nodes.at[i].name))
			path_duplicate(name, nodes.at[i].name);
		rule_name(name, NAME_DNS_SUBDOMAIN, nodes.at[i].name);
	}
}

static void check_hints(const struct path *at, const struct discovery_endpoint_hints *hints)
{
	if (hints->for_zones.len > HINTS_MAX) {
		path_too_many(PATH(at, "forZones"), hints->for_zones.len, HINTS_MAX);
		return;
	}
	check_zones(PATH(at, "forZones"), hints->for_zones);
	if (hints->for_nodes.len > HINTS_MAX)
		path_too_many(PATH(at, "forNodes"), hints->for_nodes.len, HINTS_MAX);
	else
		check_nodes(PATH(at, "forNodes"), hints->for_nodes);
}

static void check_endpoint(const struct path *at, const struct discovery_endpoint *endpoint,
			   struct str type)
{
	const struct path *addresses = PATH(at, "addresses");

	if (endpoint->addresses.len == 0)
		path_required(addresses, "must contain at least 1 address");
	else if (endpoint->addresses.len > ADDRESSES_MAX)
		path_too_many(addresses, endpoint->addresses.len, ADDRESSES_MAX);
	for (uint32_t i = 0; i < endpoint->addresses.len; i++)
		check_address(addresses, PATH_AT(addresses, i), endpoint->addresses.at[i], type);
	if (endpoint->node_name.at != NULL)
		rule_name(PATH(at, "nodeName"), NAME_DNS_SUBDOMAIN, endpoint->node_name);
	if (endpoint->hostname.at != NULL)
		rule_name(PATH(at, "hostname"), NAME_DNS_LABEL, endpoint->hostname);
	if (endpoint->hints != NULL)
		check_hints(PATH(at, "hints"), endpoint->hints);
}

static void check_endpoints(struct kind_change *change)
{
	struct discovery_endpoint_list list = new_of(change)->endpoints;
	const struct path *at = PATH_ROOT(change->faults, "endpoints");

	if (list.len > ENDPOINTS_MAX) {
		path_too_many(at, list.len, ENDPOINTS_MAX);
		return;
	}
	if (change->old != NULL && is_same(change, "endpoints"))
		return;
	for (uint32_t i = 0; i < list.len; i++)
		check_endpoint(PATH_AT(at, i), &list.at[i], new_of(change)->address_type);
}

/* ---- ports -------------------------------------------------------------------------------------------------- */

static void check_port(const struct path *at, const struct discovery_endpoint_port *port,
		       struct seen *names)
{
	if (port->name.len > 0)
		rule_name(PATH(at, "name"), NAME_DNS_LABEL, port->name);
	if (!seen_add(names, port->name))
		path_duplicate(PATH(at, "name"), port->name);
	if (port->protocol.at == NULL)
		path_required(PATH(at, "protocol"), "");
	else
		rule_one_of(PATH(at, "protocol"), port->protocol, &core_protocol_values);
	if (port->app_protocol.at != NULL)
		rule_name(PATH(at, "appProtocol"), NAME_LABEL_KEY, port->app_protocol);
}

static void check_ports(const struct path *at, struct discovery_endpoint_port_list ports)
{
	struct seen names = seen_in(path_arena(at));

	if (ports.len > PORTS_MAX) {
		path_too_many(at, ports.len, PORTS_MAX);
		return;
	}
	for (uint32_t i = 0; i < ports.len; i++)
		check_port(PATH_AT(at, i), &ports.at[i], &names);
}

/* ---- the slice ------------------------------------------------------------------------------------------------ */

static void warn_of_addresses(struct kind_change *change)
{
	const struct discovery_endpoint_slice *slice = change->object;
	struct str maker = str_map_get(slice->metadata->labels, MANAGED_BY);
	const struct path *at = PATH_ROOT(change->faults, "endpoints");

	/* What the controllers write comes from pods, or was warned of where it was written. */
	if (str_is(maker, "endpointslice-controller.k8s.io") ||
	    str_is(maker, "endpointslicemirroring-controller.k8s.io"))
		return;
	for (uint32_t i = 0; i < slice->endpoints.len; i++) {
		const struct path *list = PATH(PATH_AT(at, i), "addresses");
		struct str_list addresses = slice->endpoints.at[i].addresses;

		for (uint32_t j = 0; j < addresses.len; j++)
			if (ip_is(addresses.at[j]))
				kind_warn_text(change, ip_warning(change->arena,
								  path_text(PATH_AT(list, j)),
								  addresses.at[j]));
	}
}

static void validate(struct kind_change *change)
{
	const struct discovery_endpoint_slice *slice = change->object;

	rule_needed_one_of(PATH_ROOT(change->faults, "addressType"), slice->address_type,
			   &discovery_address_type_values);
	check_endpoints(change);
	check_ports(PATH_ROOT(change->faults, "ports"), slice->ports);
	if (change->old == NULL && str_is(slice->address_type, "FQDN"))
		kind_warn(change, "spec.addressType: FQDN endpoints are deprecated");
	warn_of_addresses(change);
}

const struct kind_rules kind_endpoint_slice = {
	.group = "discovery.k8s.io",
	.kind = "EndpointSlice",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.prepare_create = prepare_create,
	.prepare_update = prepare_update,
	.validate_create = validate,
	.validate_update = validate,
};
