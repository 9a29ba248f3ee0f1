#include "actors/kinds/field/ip.h"
#include "actors/kinds/network/service-private.h"
#include "actors/kinds/seen.h"
#include "datastore/object/record.h"

/*
 * What a Service may be, in upstream's order (validateService, ValidateServiceUpdate).
 */

#define HINTS STR("service.kubernetes.io/topology-aware-hints")
#define TOPOLOGY_MODE STR("service.kubernetes.io/topology-mode")
#define SOURCE_RANGES STR("service.beta.kubernetes.io/load-balancer-source-ranges")
#define AFFINITY_MAX 86400 /* one day: upstream's MaxClientIPServiceAffinitySeconds */
#define NONE STR("None")
#define BALANCER_ONLY "may only be used when `type` is 'LoadBalancer'"

static struct core_service_spec *spec_of(const struct kind_change *change)
{
	return ((struct core_service *)change->object)->spec;
}

static const struct core_service_spec *old_spec_of(const struct kind_change *change)
{
	return change->old ? ((const struct core_service *)change->old)->spec : NULL;
}

/* ---- rules: ports ------------------------------------------------------------------------------------------- */

static void check_port(const struct path *at, const struct core_service_port *port, bool needs_name,
		       struct seen *names)
{
	if (port->name.len > 0) {
		rule_name(PATH(at, "name"), NAME_DNS_LABEL, port->name);
		if (!seen_add(names, port->name))
			path_duplicate(PATH(at, "name"), port->name);
	} else if (needs_name) {
		path_required(PATH(at, "name"), "");
	}
	rule_port(PATH(at, "port"), port->port);
	rule_needed_one_of(PATH(at, "protocol"), port->protocol, &core_protocol_values);
	rule_port_or_name(PATH(at, "targetPort"), port->target_port);
	if (port->app_protocol.at != NULL)
		rule_name(PATH(at, "appProtocol"), NAME_LABEL_KEY, port->app_protocol);
}

static struct str pair(const struct path *at, struct str protocol, int32_t port)
{
	return arena_printf(path_arena(at), STR_FMT "/%d", STR_ARG(protocol), port);
}

static void check_node_ports(const struct path *at, const struct core_service_spec *spec)
{
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < spec->ports.len && str_is(spec->type, "ClusterIP"); i++)
		if (spec->ports.at[i].node_port != 0)
			path_forbidden(PATH(PATH_AT(at, i), "nodePort"),
				       "may not be used when `type` is 'ClusterIP'");
	for (uint32_t i = 0; i < spec->ports.len; i++) {
		const struct core_service_port *port = &spec->ports.at[i];

		if (port->node_port != 0 &&
		    !seen_add(&seen, pair(at, port->protocol, port->node_port)))
			path_fault(PATH(PATH_AT(at, i), "nodePort"), FAULT_DUPLICATE,
				   arena_printf(path_arena(at), "%d", port->node_port), "%s", "");
	}
}

static void check_pairs(const struct path *at, const struct core_service_spec *spec)
{
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < spec->ports.len; i++) {
		const struct core_service_port *port = &spec->ports.at[i];
		struct str shown;

		if (seen_add(&seen, pair(at, port->protocol, port->port)))
			continue;
		/* Upstream shows its own struct. */
		shown = arena_printf(path_arena(at),
				     "{\"Name\":\"\",\"Protocol\":\"" STR_FMT
				     "\",\"AppProtocol\":null,\"Port\":%d,\"TargetPort\":0,"
				     "\"NodePort\":0}",
				     STR_ARG(port->protocol), port->port);
		path_fault(PATH_AT(at, i), FAULT_DUPLICATE, shown, "%s", "");
	}
}

static void check_ports(const struct path *at, const struct core_service_spec *spec)
{
	struct seen names = seen_in(path_arena(at));

	for (uint32_t i = 0; i < spec->ports.len; i++)
		check_port(PATH_AT(at, i), &spec->ports.at[i], spec->ports.len > 1, &names);
}

/* ---- rules: types ---------------------------------------------------------------------------------------------- */

static void check_external_name(const struct path *at, const struct core_service_spec *spec)
{
	static const char words[] = "may not be set for ExternalName services";
	struct str name = spec->external_name;

	if (spec->cluster_ips.len > 0)
		path_forbidden(PATH(at, "clusterIPs"), words);
	if (spec->ip_families.len > 0)
		path_forbidden(PATH(at, "ipFamilies"), words);
	if (spec->ip_family_policy.at != NULL)
		path_forbidden(PATH(at, "ipFamilyPolicy"), words);
	/* A dot at the end makes it absolute. */
	if (str_ends(name, STR(".")))
		name = str_slice(name, 0, name.len - 1);
	rule_needed_name(PATH(at, "externalName"), NAME_DNS_SUBDOMAIN, name, "");
}

static void check_type(const struct path *at, const struct core_service_spec *spec)
{
	const struct path *first = PATH_AT(PATH(at, "clusterIPs"), 0);
	bool is_headless = service_is_headless(spec);

	if (spec->ports.len == 0 && !is_headless && service_needs_address(spec))
		path_required(PATH(at, "ports"), "");
	if (is_headless && service_is_balancer(spec))
		path_invalid(first, NONE, "may not be set to 'None' for LoadBalancer services");
	if (is_headless && str_is(spec->type, "NodePort"))
		path_invalid(first, NONE, "may not be set to 'None' for NodePort services");
	if (!service_needs_address(spec))
		check_external_name(at, spec);
}

static void check_affinity(const struct path *at, const struct core_service_spec *spec)
{
	static const char words[] = "when session affinity type is ClientIP";
	const struct path *config = PATH(at, "sessionAffinityConfig");
	const struct path *timeout = PATH(PATH(config, "clientIP"), "timeoutSeconds");
	const struct core_session_affinity_config *sent = spec->session_affinity_config;

	rule_needed_one_of(PATH(at, "sessionAffinity"), spec->session_affinity,
			   &core_service_affinity_values);
	if (str_is(spec->session_affinity, "None") && sent != NULL)
		path_forbidden(config, "must not be set when session affinity is None");
	if (!str_is(spec->session_affinity, "ClientIP"))
		return;
	if (sent == NULL)
		path_required(config, words);
	else if (sent->client_ip == NULL)
		path_required(PATH(config, "clientIP"), words);
	else if (!sent->client_ip->has.timeout_seconds)
		path_required(timeout, words);
	else if (sent->client_ip->timeout_seconds <= 0 ||
		 sent->client_ip->timeout_seconds > AFFINITY_MAX)
		path_invalid_number(timeout, sent->client_ip->timeout_seconds,
				    "must be greater than 0 and less than 86400");
}

static void check_external_ips(const struct path *at, const struct core_service_spec *spec,
			       const struct core_service_spec *old)
{
	struct str_list before = old != NULL ? old->external_ips : (struct str_list){ 0 };

	for (uint32_t i = 0; i < spec->external_ips.len; i++)
		if (ip_check_legacy(PATH_AT(at, i), spec->external_ips.at[i], before))
			ip_check_endpoint(PATH_AT(at, i), spec->external_ips.at[i]);
}

/* ---- rules: load balancers and traffic ---------------------------------------------------------------------------- */

static struct str_list trimmed(const struct path *at, struct str_list list)
{
	struct str_list out = { arena_array(path_arena(at), struct str, list.len + 1), list.len };

	for (uint32_t i = 0; i < list.len; i++)
		out.at[i] = str_trim(list.at[i]);
	return out;
}

/* The annotation is the field's predecessor; ranges in it are separated by commas. */
static void check_source_annotation(const struct kind_change *change, struct str value)
{
	const struct path *at =
	    PATH_KEY(PATH(PATH_ROOT(change->faults, "metadata"), "annotations"), SOURCE_RANGES);
	const struct meta_object_meta *old =
	    change->old ? record_meta(change->type, change->old) : NULL;
	struct str rest = str_trim(value);

	if (!service_is_balancer(spec_of(change)))
		path_forbidden(at, BALANCER_ONLY);
	if (rest.len == 0 ||
	    (old != NULL && str_eq(str_map_get(old->annotations, SOURCE_RANGES), value)))
		return;
	while (rest.at != NULL)
		ip_check_legacy_range(at, str_trim(str_cut(&rest, ',')), (struct str_list){ 0 });
}

static void check_source_ranges(const struct kind_change *change, const struct path *spec_path,
				const struct core_service_spec *old)
{
	const struct path *at = PATH(spec_path, "LoadBalancerSourceRanges");
	const struct core_service_spec *spec = spec_of(change);
	const struct meta_object_meta *meta = record_meta(change->type, change->object);
	struct str_list now, before = { 0 };

	if (spec->load_balancer_source_ranges.len == 0) {
		struct str value = str_map_get(meta->annotations, SOURCE_RANGES);

		if (value.at != NULL)
			check_source_annotation(change, value);
		return;
	}
	if (!service_is_balancer(spec))
		path_forbidden(at, BALANCER_ONLY);
	if (old != NULL)
		before = trimmed(at, old->load_balancer_source_ranges);
	now = trimmed(at, spec->load_balancer_source_ranges);
	for (uint32_t i = 0; i < now.len; i++)
		ip_check_legacy_range(PATH_AT(at, i), now.at[i], before);
}

static void check_balancer(const struct path *at, const struct core_service_spec *spec)
{
	if (!service_is_balancer(spec)) {
		if (spec->has.allocate_load_balancer_node_ports)
			path_forbidden(PATH(at, "allocateLoadBalancerNodePorts"), BALANCER_ONLY);
		if (spec->load_balancer_class.at != NULL)
			path_forbidden(PATH(at, "loadBalancerClass"), BALANCER_ONLY);
		return;
	}
	if (!spec->has.allocate_load_balancer_node_ports)
		path_required(PATH_ROOT(path_faults(at), "allocateLoadBalancerNodePorts"), "");
	if (spec->load_balancer_class.at != NULL)
		rule_name(PATH(at, "loadBalancerClass"), NAME_LABEL_KEY, spec->load_balancer_class);
}

static void check_external_traffic(const struct path *at, const struct core_service_spec *spec)
{
	const struct path *policy = PATH(at, "externalTrafficPolicy");
	const struct path *health = PATH(at, "healthCheckNodePort");

	if (service_is_reachable(spec))
		rule_needed_one_of(policy, spec->external_traffic_policy,
				   &core_service_external_traffic_policy_values);
	else if (spec->external_traffic_policy.len > 0)
		path_invalid(policy, spec->external_traffic_policy,
			     "may only be set for externally-accessible services");
	if (!service_needs_health_port(spec)) {
		if (spec->health_check_node_port != 0)
			path_invalid_number(health, spec->health_check_node_port,
					    "may only be set when `type` is 'LoadBalancer' and "
					    "`externalTrafficPolicy` is 'Local'");
	} else if (spec->health_check_node_port == 0) {
		path_required(health, "");
	} else {
		rule_port(health, spec->health_check_node_port);
	}
}

static void check_other_traffic(const struct path *at, const struct core_service_spec *spec)
{
	struct str distribution = spec->traffic_distribution;
	bool is_in_cluster = str_is(spec->type, "ClusterIP") || service_needs_node_ports(spec);

	if (spec->internal_traffic_policy.at != NULL)
		rule_one_of(PATH(at, "internalTrafficPolicy"), spec->internal_traffic_policy,
			    &core_service_internal_traffic_policy_values);
	else if (is_in_cluster)
		path_required(PATH(at, "internalTrafficPolicy"), "");
	if (distribution.at != NULL && !str_is(distribution, "PreferClose") &&
	    !str_is(distribution, "PreferSameZone") && !str_is(distribution, "PreferSameNode"))
		path_not_supported(PATH(at, "trafficDistribution"), distribution,
				   "\"PreferClose\", \"PreferSameZone\", \"PreferSameNode\"");
}

/* ---- rules: all of it -------------------------------------------------------------------------------------------- */

static void check_hints(const struct kind_change *change)
{
	const struct meta_object_meta *meta = record_meta(change->type, change->object);
	struct str mode = str_map_get(meta->annotations, TOPOLOGY_MODE);
	struct str hints = str_map_get(meta->annotations, HINTS);

	if (mode.at != NULL && hints.at != NULL && !str_eq(mode, hints))
		path_invalid(PATH_KEY(PATH(PATH_ROOT(change->faults, "metadata"), "annotations"),
				      TOPOLOGY_MODE),
			     mode,
			     "must match annotations[service.kubernetes.io/topology-aware-hints] "
			     "when both are specified");
}

void service_check(struct kind_change *change)
{
	const struct path *at = PATH_ROOT(change->faults, "spec");
	const struct core_service_spec *spec = spec_of(change), *old = old_spec_of(change);

	check_hints(change);
	check_type(at, spec);
	check_ports(PATH(at, "ports"), spec);
	rule_labels(PATH(at, "selector"), spec->selector);
	check_affinity(at, spec);
	service_check_addresses(at, spec, old);
	check_external_ips(PATH(at, "externalIPs"), spec, old);
	rule_needed_one_of(PATH(at, "type"), spec->type, &core_service_type_values);
	check_node_ports(PATH(at, "ports"), spec);
	check_pairs(PATH(at, "ports"), spec);
	check_source_ranges(change, at, old);
	check_balancer(at, spec);
	check_external_traffic(at, spec);
	check_other_traffic(at, spec);
}

/* ---- rules: against what is stored -------------------------------------------------------------------------------- */

static void may_not_change(const struct path *at, struct str_list shown)
{
	path_fault(at, FAULT_INVALID, path_shown_list(at, shown), "may not change once set");
}

static void needs_single_stack(const struct path *at, const struct core_service_spec *spec,
			       const char *words)
{
	const struct path *policy = PATH(at, "ipFamilyPolicy");

	if (str_is(spec->ip_family_policy, "SingleStack"))
		return;
	path_fault(policy, FAULT_INVALID,
		   path_shown_field(policy, &core_service_spec_type, "ipFamilyPolicy", spec), "%s",
		   words);
}

/* The first address is for ever; a second one may come and go. */
static void check_address_change(const struct path *spec_path, const struct core_service_spec *spec,
				 const struct core_service_spec *old)
{
	const struct path *at = PATH(spec_path, "clusterIPs");
	struct str_list now = spec->cluster_ips, before = old->cluster_ips;

	if (now.len == before.len) {
		for (uint32_t i = 0; i < now.len; i++)
			if (!str_eq(now.at[i], before.at[i]))
				may_not_change(PATH_AT(at, i), now);
		return;
	}
	if (now.len == 0)
		path_fault(PATH_AT(at, 0), FAULT_INVALID, path_shown_list(at, now),
			   "primary clusterIP can not be unset");
	else if (before.len > 0 && !str_eq(now.at[0], before.at[0]))
		may_not_change(PATH_AT(at, 0), now);
	if (now.len < before.len && now.len == 1)
		needs_single_stack(spec_path, spec,
				   "must be set to 'SingleStack' when releasing the secondary "
				   "clusterIP");
}

static void check_family_change(const struct path *spec_path, const struct core_service_spec *spec,
				const struct core_service_spec *old)
{
	const struct path *first = PATH_AT(PATH(spec_path, "ipFamilies"), 0);
	struct str_list now = spec->ip_families, before = old->ip_families;

	if (now.len == before.len) {
		for (uint32_t i = 0; i < now.len; i++)
			if (!str_eq(now.at[i], before.at[i]))
				may_not_change(first, now);
		return;
	}
	if (now.len < before.len && spec->cluster_ips.len == 0)
		path_fault(first, FAULT_INVALID, path_shown_list(first, now),
			   "primary ipFamily can not be unset");
	if (now.len > 0 && before.len > 0 && !str_eq(now.at[0], before.at[0]))
		may_not_change(first, spec->cluster_ips);
	if (now.len < before.len && now.len == 1)
		needs_single_stack(
		    spec_path, spec,
		    "must be set to 'SingleStack' when releasing the secondary ipFamily");
}

static void check_class_change(const struct path *spec_path, const struct core_service_spec *spec,
			       const struct core_service_spec *old)
{
	const struct path *at = PATH(spec_path, "loadBalancerClass");

	if (service_is_balancer(spec) && service_is_balancer(old) &&
	    !str_eq(spec->load_balancer_class, old->load_balancer_class))
		path_fault(at, FAULT_INVALID,
			   path_shown_field(at, &core_service_spec_type, "loadBalancerClass", spec),
			   "may not change once set");
}

void service_check_change(struct kind_change *change)
{
	const struct path *at = PATH_ROOT(change->faults, "spec");
	const struct core_service_spec *spec = spec_of(change), *old = old_spec_of(change);
	bool is_headless = service_is_headless(spec), was_headless = service_is_headless(old);

	if (service_needs_address(spec) && service_needs_address(old)) {
		if (!is_headless || !was_headless)
			check_address_change(at, spec, old);
		if (!is_headless && !was_headless)
			check_family_change(at, spec, old);
	}
	check_class_change(at, spec, old);
	if (service_needs_health_port(spec) && service_needs_health_port(old) &&
	    spec->health_check_node_port != old->health_check_node_port)
		path_forbidden(PATH(at, "healthCheckNodePort"), "field is immutable");
}
