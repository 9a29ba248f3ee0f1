#include "actors/kinds/field/ip.h"
#include "actors/kinds/network/service-private.h"
#include "datastore/object/record.h"

/*
 * What is legal in a Service and does not do what its writer may think (upstream's GetWarningsForService).
 */

#define NONE STR("None")
#define HINTS STR("service.kubernetes.io/topology-aware-hints")

static const struct core_service_spec *spec_of(const struct kind_change *change)
{
	return ((const struct core_service *)change->object)->spec;
}

static void warn_of_addresses(struct kind_change *change, const char *member, struct str_list list)
{
	for (uint32_t i = 0; i < list.len; i++)
		kind_warn_text(change,
			       ip_warning(change->arena,
					  arena_printf(change->arena, "spec.%s[%u]", member, i),
					  list.at[i]));
}

static void warn_of_headless(struct kind_change *change, const struct core_service_spec *spec)
{
	if (spec->load_balancer_ip.len > 0)
		kind_warn(change, "spec.loadBalancerIP is ignored for headless services");
	if (spec->external_ips.len > 0)
		kind_warn(change, "spec.externalIPs is ignored for headless services");
	if (!str_is(spec->session_affinity, "None"))
		kind_warn(change, "spec.SessionAffinity is ignored for headless services");
}

static void warn_of_ranges(struct kind_change *change, struct str_list ranges)
{
	for (uint32_t i = 0; i < ranges.len; i++) {
		struct str path =
		    arena_printf(change->arena, "spec.loadBalancerSourceRanges[%u]", i);
		struct str found[2];
		uint32_t count = ip_range_warnings(change->arena, path, ranges.at[i], found);

		for (uint32_t j = 0; j < count; j++)
			kind_warn_text(change, found[j]);
	}
}

static void warn_of_types(struct kind_change *change, const struct core_service_spec *spec)
{
	bool is_external = !service_needs_address(spec);

	if (is_external && spec->external_ips.len > 0)
		kind_warn(change, "spec.externalIPs is ignored when spec.type is \"ExternalName\"");
	if (!is_external && spec->external_name.len > 0)
		kind_warn(change,
			  "spec.externalName is ignored when spec.type is not \"ExternalName\"");
	if (str_is(spec->traffic_distribution, "PreferClose"))
		kind_warn(change, "spec.trafficDistribution: \"PreferClose\" is deprecated; use "
				  "\"PreferSameZone\"");
}

void service_warn(struct kind_change *change)
{
	const struct core_service_spec *spec = spec_of(change);
	const struct meta_object_meta *meta = record_meta(change->type, change->object);
	bool is_headless = str_is(spec->type, "ClusterIP") && str_eq(spec->cluster_ip, NONE);

	if (str_map_get(meta->annotations, HINTS).at != NULL)
		kind_warn(change, "annotation service.kubernetes.io/topology-aware-hints is "
				  "deprecated, please use service.kubernetes.io/topology-mode "
				  "instead");
	if (!service_is_headless(spec))
		warn_of_addresses(change, "clusterIPs", spec->cluster_ips);
	if (is_headless)
		warn_of_headless(change, spec);
	warn_of_addresses(change, "externalIPs", spec->external_ips);
	if (spec->external_ips.len > 0 && !is_headless && service_needs_address(spec))
		kind_warn(change, "spec.externalIPs is deprecated and may no longer be implemented "
				  "in some clusters");
	if (spec->load_balancer_ip.len > 0)
		kind_warn_text(change, ip_warning(change->arena, STR("spec.loadBalancerIP"),
						  spec->load_balancer_ip));
	warn_of_ranges(change, spec->load_balancer_source_ranges);
	warn_of_types(change, spec);
}
