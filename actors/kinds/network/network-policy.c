#include "actors/kinds/field/ip.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/core.h"
#include "datastore/schema/networking.h"

/*
 * The NetworkPolicy: who may talk to whom (upstream: apis/networking/validation, ValidateNetworkPolicySpec).
 */

#define TYPES_MAX 2U

struct policy {
	bool allows_bad_values; /* of labels, for they are stored already */
	struct str_list ranges; /* stored already: as good as ever */
};

/* ---- ports --------------------------------------------------------------------------------------------- */

static void check_end(const struct path *at, const struct networking_network_policy_port *port)
{
	if (!port->has.port)
		path_invalid_number(at, port->end_port,
				    "may not be specified when `port` is not specified");
	else if (port->port.is_string)
		path_invalid_number(at, port->end_port,
				    "may not be specified when `port` is non-numeric");
	else {
		if (port->end_port < port->port.number)
			path_invalid_number(at, port->end_port,
					    "must be greater than or equal to `port`");
		rule_port(at, port->end_port);
	}
}

static void check_port(const struct path *at, const struct networking_network_policy_port *port)
{
	bool is_named = port->has.port && port->port.is_string;

	if (port->protocol.at != NULL && !str_is(port->protocol, "TCP") &&
	    !str_is(port->protocol, "UDP") && !str_is(port->protocol, "SCTP"))
		path_not_supported(PATH(at, "protocol"), port->protocol,
				   "\"TCP\", \"UDP\", \"SCTP\"");
	/* Upstream looks at a name after its end, at a number before. */
	if (port->has.port && !is_named)
		rule_port(PATH(at, "port"), port->port.number);
	if (port->has.end_port)
		check_end(PATH(at, "endPort"), port);
	if (is_named)
		rule_name(PATH(at, "port"), NAME_PORT_NAME, port->port.string);
}

/* ---- peers ---------------------------------------------------------------------------------------------- */

static bool is_strictly_within(const struct ip_range *inner, const struct ip_range *outer)
{
	return inner->base.is_v6 == outer->base.is_v6 && ip_range_has(outer, &inner->base) &&
	       inner->bits > outer->bits;
}

static void check_block(const struct path *at, const struct networking_ip_block *block,
			const struct policy *policy)
{
	struct ip_range range, except;

	if (!rule_needed(PATH(at, "cidr"), block->cidr, ""))
		return;
	ip_check_legacy_range(PATH(at, "cidr"), block->cidr, policy->ranges);
	if (!ip_range_parse(block->cidr, &range))
		return;
	for (uint32_t i = 0; i < block->except.len; i++) {
		const struct path *here = PATH_AT(PATH(at, "except"), i);

		ip_check_legacy_range(here, block->except.at[i], policy->ranges);
		if (ip_range_parse(block->except.at[i], &except) &&
		    !is_strictly_within(&except, &range))
			path_invalid(here, block->except.at[i], "must be a strict subset of `cidr`");
	}
}

static void check_peer(const struct path *at, const struct networking_network_policy_peer *peer,
		       const struct policy *policy)
{
	rule_selector(PATH(at, "podSelector"), peer->pod_selector, policy->allows_bad_values);
	rule_selector(PATH(at, "namespaceSelector"), peer->namespace_selector,
		      policy->allows_bad_values);
	if (peer->ip_block != NULL)
		check_block(PATH(at, "ipBlock"), peer->ip_block, policy);
	if (peer->pod_selector == NULL && peer->namespace_selector == NULL && peer->ip_block == NULL)
		path_required(at, "must specify a peer");
	else if (peer->ip_block != NULL &&
		 (peer->pod_selector != NULL || peer->namespace_selector != NULL))
		path_forbidden(at, "may not specify both ipBlock and another peer");
}

/* ---- rules ------------------------------------------------------------------------------------------------ */

static void check_ports(const struct path *at, struct networking_network_policy_port_list ports)
{
	for (uint32_t i = 0; i < ports.len; i++)
		check_port(PATH_AT(at, i), &ports.at[i]);
}

static void check_peers(const struct path *at, struct networking_network_policy_peer_list peers,
			const struct policy *policy)
{
	for (uint32_t i = 0; i < peers.len; i++)
		check_peer(PATH_AT(at, i), &peers.at[i], policy);
}

static void check_types(const struct path *at, const struct networking_network_policy_spec *spec)
{
	struct str_list types = spec->policy_types;

	if (types.len > TYPES_MAX) {
		path_fault(at, FAULT_INVALID, path_shown_list(at, types),
			   "may not specify more than two policyTypes");
		return;
	}
	for (uint32_t i = 0; i < types.len; i++)
		if (!str_is(types.at[i], "Ingress") && !str_is(types.at[i], "Egress"))
			path_not_supported(PATH_AT(at, i), types.at[i], "\"Ingress\", \"Egress\"");
}

static void check(struct kind_change *change, const struct policy *policy)
{
	const struct networking_network_policy_spec *spec =
	    ((const struct networking_network_policy *)change->object)->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec"), *here;

	rule_selector(PATH(at, "podSelector"), spec->pod_selector, policy->allows_bad_values);
	for (uint32_t i = 0; i < spec->ingress.len; i++) {
		here = PATH_AT(PATH(at, "ingress"), i);
		check_ports(PATH(here, "ports"), spec->ingress.at[i].ports);
		check_peers(PATH(here, "from"), spec->ingress.at[i].from, policy);
	}
	for (uint32_t i = 0; i < spec->egress.len; i++) {
		here = PATH_AT(PATH(at, "egress"), i);
		check_ports(PATH(here, "ports"), spec->egress.at[i].ports);
		check_peers(PATH(here, "to"), spec->egress.at[i].to, policy);
	}
	check_types(PATH(at, "policyTypes"), spec);
}

/* ---- warnings --------------------------------------------------------------------------------------------- */

static void warn_of(struct kind_change *change, const struct path *at, struct str range)
{
	struct str words[2] = { 0 };
	uint32_t count = ip_range_warnings(change->arena, path_text(at), range, words);

	for (uint32_t i = 0; i < count; i++)
		kind_warn_text(change, words[i]);
}

static void warn_of_peers(struct kind_change *change, const struct path *at,
			  struct networking_network_policy_peer_list peers)
{
	for (uint32_t i = 0; i < peers.len; i++) {
		const struct networking_ip_block *block = peers.at[i].ip_block;
		const struct path *here = PATH(PATH_AT(at, i), "ipBlock");

		if (block == NULL)
			continue;
		warn_of(change, PATH(here, "cidr"), block->cidr);
		for (uint32_t e = 0; e < block->except.len; e++)
			warn_of(change, PATH_AT(PATH(here, "except"), e), block->except.at[e]);
	}
}

static void warn(struct kind_change *change)
{
	const struct networking_network_policy_spec *spec =
	    ((const struct networking_network_policy *)change->object)->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");

	for (uint32_t i = 0; i < spec->ingress.len; i++)
		warn_of_peers(change, PATH(PATH_AT(PATH(at, "ingress"), i), "from"),
			      spec->ingress.at[i].from);
	for (uint32_t i = 0; i < spec->egress.len; i++)
		warn_of_peers(change, PATH(PATH_AT(PATH(at, "egress"), i), "to"),
			      spec->egress.at[i].to);
}

/* ---- hooks --------------------------------------------------------------------------------------------------- */

static void validate_create(struct kind_change *change)
{
	check(change, &(struct policy){ 0 });
	warn(change);
}

static void add_range(struct kind_change *change, struct str_list *list, struct str range)
{
	list->at = arena_grow(change->arena, list->at, list->len * sizeof *list->at,
			      (list->len + 1) * sizeof *list->at);
	list->at[list->len++] = range;
}

static void add_ranges(struct kind_change *change, struct str_list *list,
		       struct networking_network_policy_peer_list peers)
{
	for (uint32_t i = 0; i < peers.len; i++) {
		const struct networking_ip_block *block = peers.at[i].ip_block;

		if (block == NULL)
			continue;
		add_range(change, list, block->cidr);
		for (uint32_t e = 0; e < block->except.len; e++)
			add_range(change, list, block->except.at[e]);
	}
}

static void validate_update(struct kind_change *change)
{
	const struct networking_network_policy_spec *old =
	    ((const struct networking_network_policy *)change->old)->spec;
	struct faults before = faults_in(change->arena);
	struct policy policy = {
		.allows_bad_values =
		    !rule_selector(PATH_ROOT(&before, "x"), old->pod_selector, false),
	};

	for (uint32_t i = 0; i < old->ingress.len; i++)
		add_ranges(change, &policy.ranges, old->ingress.at[i].from);
	for (uint32_t i = 0; i < old->egress.len; i++)
		add_ranges(change, &policy.ranges, old->egress.at[i].to);
	check(change, &policy);
	warn(change);
}

const struct kind_rules kind_network_policy = {
	.group = "networking.k8s.io",
	.kind = "NetworkPolicy",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.validate_create = validate_create,
	.validate_update = validate_update,
};
