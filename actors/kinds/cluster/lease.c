#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/coordination.h"

/*
 * The Lease: who does something now, and until when (upstream: apis/coordination/validation, ValidateLeaseSpec).
 */

/* A name of our own has a slash; the path is upstream's, with the member twice. */
static void check_strategy(const struct path *at, struct str strategy)
{
	const struct path *here = PATH(at, "strategy");

	if (str_find_char(strategy, '/') >= 0)
		rule_name(here, NAME_LABEL_KEY, strategy);
	else
		rule_one_of(here, strategy, &coordination_coordinated_lease_strategy_values);
}

static void validate(struct kind_change *change)
{
	const struct coordination_lease_spec *spec =
	    ((const struct coordination_lease *)change->object)->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");

	if (spec->has.lease_duration_seconds && spec->lease_duration_seconds <= 0)
		path_invalid_number(PATH(at, "leaseDurationSeconds"), spec->lease_duration_seconds,
				    "must be greater than 0");
	if (spec->has.lease_transitions && spec->lease_transitions < 0)
		path_invalid_number(PATH(at, "leaseTransitions"), spec->lease_transitions,
				    "must be greater than or equal to 0");
	if (spec->strategy.at != NULL)
		check_strategy(PATH(at, "strategy"), spec->strategy);
	if (spec->preferred_holder.len > 0 && spec->strategy.len == 0)
		path_forbidden(PATH(at, "preferredHolder"),
			       "may only be specified if `strategy` is defined");
}

const struct kind_rules kind_lease = {
	.group = "coordination.k8s.io",
	.kind = "Lease",
	.has_any_finalizer = true,
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.allows_create_on_update = true,
	.needs_resource_version = true,
	.validate_create = validate,
	.validate_update = validate,
};
