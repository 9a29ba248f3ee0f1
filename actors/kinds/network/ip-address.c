#include "actors/kinds/field/ip.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/networking.h"

/*
 * IPAddress and ServiceCIDR: which addresses Services may have, and which are taken (upstream: apis/networking/validation).
 */

#define RANGES_MAX 2U /* one of each family */

/* ---- IPAddress ------------------------------------------------------------------------------------------- */

static void check_parent(const struct path *at, const struct networking_parent_reference *parent)
{
	if (parent == NULL) {
		path_required(at, "");
		return;
	}
	if (parent->group.len > 0)
		rule_name(PATH(at, "group"), NAME_DNS_SUBDOMAIN, parent->group);
	rule_needed_name(PATH(at, "resource"), NAME_PATH_SEGMENT, parent->resource, "");
	rule_needed_name(PATH(at, "name"), NAME_PATH_SEGMENT, parent->name, "");
	if (parent->namespace.len > 0)
		rule_name(PATH(at, "namespace"), NAME_PATH_SEGMENT, parent->namespace);
}

static void check_address_name(const struct kind_change *change, const struct path *at,
			       struct str name, bool is_prefix)
{
	(void)change;
	(void)is_prefix;
	ip_check(at, name);
}

static void validate_address(struct kind_change *change)
{
	const struct networking_ip_address *address = change->object;

	check_parent(PATH(PATH_ROOT(change->faults, "spec"), "parentRef"),
		     address->spec->parent_ref);
}

/* That the parent stays says a mark. */
const struct kind_rules kind_ip_address = {
	.group = "networking.k8s.io",
	.kind = "IPAddress",
	.check_name = check_address_name,
	.keeps_prefix = true,
	.validate_create = validate_address,
	.validate_update = validate_address,
};

/* ---- ServiceCIDR ----------------------------------------------------------------------------------------- */

static bool is_one_family(struct str_list ranges)
{
	struct ip_range a, b;

	return ranges.len == 2 && ip_range_parse(ranges.at[0], &a) &&
	       ip_range_parse(ranges.at[1], &b) && a.base.is_v6 == b.base.is_v6;
}

static void check_ranges(const struct path *at, const struct networking_service_cidr_spec *spec)
{
	struct str_list ranges = spec->cidrs;

	if (ranges.len == 0) {
		path_required(at, "at least one CIDR required");
		return;
	}
	if (ranges.len > RANGES_MAX) {
		path_fault(at, FAULT_INVALID,
			   path_shown_record(at, &networking_service_cidr_spec_type, spec),
			   "may only hold up to 2 values");
		return;
	}
	for (uint32_t i = 0; i < ranges.len; i++)
		ip_check_range(PATH_AT(at, i), ranges.at[i]);
	if (is_one_family(ranges))
		path_fault(at, FAULT_INVALID, path_shown_list(at, ranges),
			   "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 "
			   "and 2001:db8::/64");
}

static const struct networking_service_cidr_spec *spec_of(const void *object)
{
	return ((const struct networking_service_cidr *)object)->spec;
}

static void validate_ranges(struct kind_change *change)
{
	check_ranges(PATH(PATH_ROOT(change->faults, "spec"), "cidrs"), spec_of(change->object));
}

/* A second family may be added; what is allocated from a range would be nobody's if the range changed. */
static void validate_ranges_update(struct kind_change *change)
{
	const struct path *at = PATH(PATH_ROOT(change->faults, "spec"), "cidrs");
	const struct networking_service_cidr_spec *spec = spec_of(change->object);
	struct str_list now = spec->cidrs, before = spec_of(change->old)->cidrs;
	bool is_growing = before.len == 1 && now.len == 2;

	if (now.len != before.len && !is_growing) {
		path_fault(at, FAULT_INVALID, path_shown_list(at, now), "field is immutable");
		return;
	}
	for (uint32_t i = 0; i < before.len; i++)
		if (!str_eq(now.at[i], before.at[i]))
			path_invalid(PATH_AT(at, i), now.at[i], "field is immutable");
	if (is_growing)
		check_ranges(at, spec);
}

static const struct kind_subresource subresources[] = {
	{ "status", kind_prepare_status_alone, NULL },
};

const struct kind_rules kind_service_cidr = {
	.group = "networking.k8s.io",
	.kind = "ServiceCIDR",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.validate_create = validate_ranges,
	.validate_update = validate_ranges_update,
	.subresources = subresources,
	.subresource_count = 1,
};
