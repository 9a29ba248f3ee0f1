#include "actors/kinds/field/ip.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"

/*
 * The Endpoints of a Service, all in one object. EndpointSlices are their successors.
 */

#define MANAGED_BY STR("endpoints.kubernetes.io/managed-by")

static void check_address(const struct path *at, const struct core_endpoint_address *address)
{
	ip_check_legacy(PATH(at, "ip"), address->ip, (struct str_list){ 0 });
	if (address->hostname.len > 0)
		rule_name(PATH(at, "hostname"), NAME_DNS_LABEL, address->hostname);
	if (address->node_name.at != NULL)
		rule_name(PATH(at, "nodeName"), NAME_DNS_SUBDOMAIN, address->node_name);
	ip_check_endpoint(PATH(at, "ip"), address->ip);
}

static void check_port(const struct path *at, const struct core_endpoint_port *port, bool needs_name)
{
	if (port->name.len > 0)
		rule_name(PATH(at, "name"), NAME_DNS_LABEL, port->name);
	else if (needs_name)
		path_required(PATH(at, "name"), "");
	rule_port(PATH(at, "port"), port->port);
	rule_needed_one_of(PATH(at, "protocol"), port->protocol, &core_protocol_values);
	if (port->app_protocol.at != NULL)
		rule_name(PATH(at, "appProtocol"), NAME_LABEL_KEY, port->app_protocol);
}

static void check_subset(const struct path *at, const struct core_endpoint_subset *subset)
{
	if (subset->addresses.len == 0 && subset->not_ready_addresses.len == 0)
		path_required(at, "must specify `addresses` or `notReadyAddresses`");
	for (uint32_t i = 0; i < subset->addresses.len; i++)
		check_address(PATH_AT(PATH(at, "addresses"), i), &subset->addresses.at[i]);
	for (uint32_t i = 0; i < subset->not_ready_addresses.len; i++)
		check_address(PATH_AT(PATH(at, "notReadyAddresses"), i),
			      &subset->not_ready_addresses.at[i]);
	for (uint32_t i = 0; i < subset->ports.len; i++)
		check_port(PATH_AT(PATH(at, "ports"), i), &subset->ports.at[i],
			   subset->ports.len > 1);
}

static void warn_of(struct kind_change *change, const struct path *at,
		    struct core_endpoint_address_list list)
{
	for (uint32_t i = 0; i < list.len; i++)
		kind_warn_text(change,
			       ip_warning(change->arena, path_text(PATH(PATH_AT(at, i), "ip")),
					  list.at[i].ip));
}

static void warn(struct kind_change *change, const struct path *at)
{
	const struct core_endpoints *endpoints = change->object;

	/* What the controller writes comes from pods. */
	if (str_is(str_map_get(endpoints->metadata->labels, MANAGED_BY), "endpoint-controller"))
		return;
	for (uint32_t i = 0; i < endpoints->subsets.len; i++) {
		const struct core_endpoint_subset *subset = &endpoints->subsets.at[i];

		warn_of(change, PATH(PATH_AT(at, i), "addresses"), subset->addresses);
		warn_of(change, PATH(PATH_AT(at, i), "notReadyAddresses"),
			subset->not_ready_addresses);
	}
}

static void validate(struct kind_change *change)
{
	const struct core_endpoints *endpoints = change->object;
	const struct path *at = PATH_ROOT(change->faults, "subsets");
	const struct field *subsets = type_field(&core_endpoints_type, STR("subsets"));
	bool is_same =
	    change->old != NULL && record_equal_field(subsets, change->object, change->old);

	for (uint32_t i = 0; i < endpoints->subsets.len && !is_same; i++)
		check_subset(PATH_AT(at, i), &endpoints->subsets.at[i]);
	warn(change, at);
}

const struct kind_rules kind_endpoints = {
	.group = "",
	.kind = "Endpoints",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.allows_create_on_update = true,
	.validate_create = validate,
	.validate_update = validate,
};
