#include "actors/kinds/field/ip.h"
#include "actors/kinds/network/service-private.h"

/*
 * IP families of a Service: IPv4, IPv6 or both; which of ipFamilies, ipFamilyPolicy and clusterIPs follows from which
 * (upstream's registry/core/service/storage/alloc.go, KEP-563).
 */

#define IPV4 STR("IPv4")
#define IPV6 STR("IPv6")
#define SINGLE STR("SingleStack")
#define PREFER STR("PreferDualStack")
#define REQUIRE STR("RequireDualStack")
#define NONE STR("None")

static struct str family_of(struct str address)
{
	return ip_is_v6(address) ? IPV6 : IPV4;
}

static struct str other_family(struct str family)
{
	return str_eq(family, IPV4) ? IPV6 : IPV4;
}

static bool is_headless(const struct core_service_spec *spec)
{
	return str_eq(spec->cluster_ip, NONE);
}

static bool is_selectorless_headless(const struct core_service_spec *spec)
{
	return is_headless(spec) && spec->selector.len == 0;
}

/* ---- rules ---------------------------------------------------------------------------------------------- */

static void check_single_and_list(const struct path *at, const struct core_service_spec *spec)
{
	const struct path *ips = PATH(at, "clusterIPs");

	if (spec->cluster_ip.len > 0 && spec->cluster_ips.len == 0)
		path_required(ips, "");
	else if (spec->cluster_ip.len > 0 && !str_eq(spec->cluster_ips.at[0], spec->cluster_ip))
		path_fault(ips, FAULT_INVALID, path_shown_list(ips, spec->cluster_ips),
			   "first value must match `clusterIP`");
	else if (spec->cluster_ip.len == 0 && spec->cluster_ips.len > 0)
		path_fault(ips, FAULT_INVALID, path_shown_list(ips, spec->cluster_ips),
			   "must be empty when `clusterIP` is not specified");
}

static void check_families(const struct path *at, struct str_list families)
{
	for (uint32_t i = 0; i < families.len; i++) {
		struct str family = families.at[i];

		if (!str_eq(family, IPV4) && !str_eq(family, IPV6))
			path_not_supported(PATH_AT(at, i), family, "\"IPv4\", \"IPv6\"");
		if (str_list_has((struct str_list){ families.at, i }, family))
			path_duplicate(PATH_AT(at, i), family);
		/* Two are all there can be; what follows only repeats. */
		if (i > 2)
			return;
	}
}

/* False: some address is none, so that there is no sense in comparing families. */
static bool check_each_address(const struct path *at, const struct core_service_spec *spec,
			       struct str_list old)
{
	bool is_good = true;

	for (uint32_t i = 0; i < spec->cluster_ips.len; i++) {
		struct str ip = spec->cluster_ips.at[i];

		if (i == 0 && str_eq(ip, NONE)) {
			if (spec->cluster_ips.len > 1)
				is_good = path_fault(at, FAULT_INVALID,
						     path_shown_list(at, spec->cluster_ips),
						     "'None' must be the first and only value");
			continue;
		}
		is_good = ip_check_legacy(PATH_AT(at, i), ip, old) && is_good;
	}
	return is_good;
}

static void check_family_of_each(const struct path *at, const struct core_service_spec *spec)
{
	uint32_t len = spec->cluster_ips.len < spec->ip_families.len ? spec->cluster_ips.len
								     : spec->ip_families.len;

	for (uint32_t i = 0; i < len; i++) {
		struct str ip = spec->cluster_ips.at[i], family = spec->ip_families.at[i];
		struct str shown;

		if ((!str_eq(family, IPV4) && !str_eq(family, IPV6)) ||
		    str_eq(family, family_of(ip)))
			continue;
		shown = name_quoted(path_arena(at), ip);
		path_fault(PATH_AT(at, i), FAULT_INVALID, shown,
			   "expected an " STR_FMT " value as indicated by `ipFamilies[%u]`",
			   STR_ARG(family), i);
	}
}

void service_check_addresses(const struct path *at, const struct core_service_spec *spec,
			     const struct core_service_spec *old)
{
	const struct path *ips = PATH(at, "clusterIPs");
	struct str_list list = spec->cluster_ips;

	if (!service_needs_address(spec))
		return;
	check_single_and_list(at, spec);
	check_families(PATH(at, "ipFamilies"), spec->ip_families);
	if (spec->ip_family_policy.at != NULL)
		rule_one_of(PATH(at, "ipFamilyPolicy"), spec->ip_family_policy,
			    &core_ip_family_policy_values);
	if (list.len > 2) {
		path_fault(ips, FAULT_INVALID, path_shown_list(ips, list),
			   "may only hold up to 2 values");
		return;
	}
	if (!check_each_address(ips, spec, old ? old->cluster_ips : (struct str_list){ 0 }))
		return;
	if (list.len == 2 && str_eq(family_of(list.at[0]), family_of(list.at[1])))
		path_fault(ips, FAULT_INVALID, path_shown_list(ips, list),
			   "may specify no more than one IP for each IP family");
	if (!service_is_headless(spec))
		check_family_of_each(ips, spec);
}

/* ---- what follows from what ------------------------------------------------------------------------------ */

void service_complete(struct kind_change *change, struct core_service_spec *spec)
{
	struct str families[2];

	if (spec->cluster_ip.len > 0 && spec->cluster_ips.len == 0)
		service_list_add(change, &spec->cluster_ips, spec->cluster_ip);
	if (!service_needs_address(spec)) {
		spec->internal_traffic_policy = STR_NONE;
		return;
	}
	if (spec->ip_families.len > 0)
		return;
	service_cluster_families(change, families);
	if (is_selectorless_headless(spec)) {
		spec->ip_family_policy = REQUIRE;
		service_list_add(change, &spec->ip_families, families[0]);
		service_list_add(change, &spec->ip_families, other_family(families[0]));
	} else if (is_headless(spec)) {
		spec->ip_family_policy = SINGLE;
		service_list_add(change, &spec->ip_families, families[0]);
	} else {
		for (uint32_t i = 0; i < spec->cluster_ips.len; i++)
			service_list_add(change, &spec->ip_families,
					 family_of(spec->cluster_ips.at[i]));
		if (spec->ip_families.len > 0)
			spec->ip_family_policy = spec->ip_families.len == 1 ? SINGLE : REQUIRE;
	}
}

bool service_keeps_families(const struct core_service_spec *spec,
			    const struct core_service_spec *old)
{
	return old != NULL && str_eq(spec->ip_family_policy, PREFER) &&
	       str_eq(spec->type, old->type) && service_needs_address(spec) &&
	       (old->ip_family_policy.at == NULL || str_eq(old->ip_family_policy, PREFER)) &&
	       service_has_same_addresses(spec, old) && service_has_same_families(spec, old);
}

static void set_policy(struct core_service_spec *spec, const struct core_service_spec *old)
{
	if (spec->ip_family_policy.at != NULL)
		return;
	if (old != NULL && old->ip_family_policy.at != NULL)
		spec->ip_family_policy = old->ip_family_policy;
	else
		spec->ip_family_policy = is_selectorless_headless(spec) ? REQUIRE : SINGLE;
}

static bool is_reduced(struct str_list now, struct str_list before)
{
	return now.len > 0 && now.len < before.len;
}

static void invalid_policy(const struct path *at, const struct core_service_spec *spec,
			   const char *words)
{
	path_invalid(PATH(at, "ipFamilyPolicy"), spec->ip_family_policy, words);
}

/* To say SingleStack is to give up the second family; to give it up needs saying so. */
static void follow_policy(const struct path *at, struct core_service_spec *spec,
			  const struct core_service_spec *old)
{
	if (str_eq(spec->ip_family_policy, SINGLE)) {
		if (service_has_same_addresses(spec, old) && spec->cluster_ips.len > 1)
			spec->cluster_ips.len = 1;
		if (service_has_same_families(spec, old) && spec->ip_families.len > 1)
			spec->ip_families.len = 1;
		return;
	}
	if (is_reduced(spec->cluster_ips, old->cluster_ips))
		invalid_policy(at, spec,
			       "must be 'SingleStack' to release the secondary cluster IP");
	if (is_reduced(spec->ip_families, old->ip_families))
		invalid_policy(at, spec, "must be 'SingleStack' to release the secondary IP family");
}

static bool is_configured(const struct kind_change *change, struct str family)
{
	struct str families[2];
	uint32_t count = service_cluster_families(change, families);

	return str_list_has((struct str_list){ families, count }, family);
}

/* An address says of which family it is. */
static void infer_families(struct kind_change *change, const struct path *at,
			   struct core_service_spec *spec)
{
	const struct path *ips = PATH(at, "clusterIPs");

	for (uint32_t i = 0; i < spec->cluster_ips.len && !str_eq(spec->cluster_ips.at[i], NONE);
	     i++) {
		struct str family = family_of(spec->cluster_ips.at[i]);

		if (i < spec->ip_families.len)
			continue;
		if (is_configured(change, family))
			service_list_add(change, &spec->ip_families, family);
		else
			path_fault(PATH_AT(ips, i), FAULT_INVALID,
				   path_shown_list(ips, spec->cluster_ips),
				   STR_FMT " is not configured on this cluster", STR_ARG(family));
	}
}

static void check_policy(const struct path *at, const struct core_service_spec *spec)
{
	if (!str_eq(spec->ip_family_policy, SINGLE))
		return;
	if (spec->cluster_ips.len == 2)
		invalid_policy(at, spec,
			       "must be 'RequireDualStack' or 'PreferDualStack' when multiple "
			       "cluster IPs are specified");
	if (spec->ip_families.len == 2)
		invalid_policy(at, spec,
			       "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP "
			       "families are specified");
}

static void check_configured(struct kind_change *change, const struct path *at,
			     const struct core_service_spec *spec, uint32_t family_count)
{
	if (str_eq(spec->ip_family_policy, REQUIRE) && family_count < 2)
		invalid_policy(at, spec, "this cluster is not configured for dual-stack services");
	for (uint32_t i = 0; i < spec->ip_families.len; i++)
		if (!is_configured(change, spec->ip_families.at[i]))
			path_invalid(PATH_AT(PATH(at, "ipFamilies"), i), spec->ip_families.at[i],
				     "not configured on this cluster");
}

static void add_missing_families(struct kind_change *change, struct core_service_spec *spec,
				 struct str first, bool has_both)
{
	if (spec->ip_families.len == 0)
		service_list_add(change, &spec->ip_families, first);
	if (!str_eq(spec->ip_family_policy, SINGLE) && spec->ip_families.len == 1 && has_both)
		service_list_add(change, &spec->ip_families, other_family(spec->ip_families.at[0]));
}

void service_set_families(struct kind_change *change, struct core_service_spec *spec,
			  const struct core_service_spec *old)
{
	const struct path *at = PATH_ROOT(change->faults, "spec");
	struct str families[2];
	uint32_t family_count = service_cluster_families(change, families);

	if (!service_needs_address(spec) || service_keeps_families(spec, old))
		return;
	set_policy(spec, old);
	service_check_addresses(at, spec, old);
	if (change->faults->len > 0)
		return;
	if (old != NULL)
		follow_policy(at, spec, old);
	check_policy(at, spec);
	infer_families(change, at, spec);
	if (change->faults->len > 0)
		return;
	/* Nobody knows what its endpoints will be: both, even where the cluster has one. */
	if (is_selectorless_headless(spec)) {
		add_missing_families(change, spec, families[0], true);
		return;
	}
	check_configured(change, at, spec, family_count);
	if (change->faults->len == 0)
		add_missing_families(change, spec, families[0], family_count == 2);
}
