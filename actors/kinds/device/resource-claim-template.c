#include "actors/kinds/device/device-claim.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/type.h"

/*
 * The ResourceClaimTemplate: a claim for each pod that asks for one (upstream: apis/resource/validation, ValidateResourceClaimTemplate).
 */

static const struct resource_resource_claim_template_spec *spec_of(const void *object)
{
	return ((const struct resource_resource_claim_template *)object)->spec;
}

static void check(struct kind_change *change)
{
	const struct resource_resource_claim_template_spec *spec = spec_of(change->object);
	const struct path *at = PATH_ROOT(change->faults, "spec"), *metadata = PATH(at, "metadata");

	rule_annotations(PATH(metadata, "annotations"), spec->metadata->annotations);
	rule_labels(PATH(metadata, "labels"), spec->metadata->labels);
	device_check_claim(PATH(PATH(at, "spec"), "devices"), spec->spec->devices);
}

static void validate_create(struct kind_change *change)
{
	device_check_admin(change, spec_of(change->object)->spec->devices);
	check(change);
}

static void validate_update(struct kind_change *change)
{
	check(change);
	rule_unchanged(PATH_ROOT(change->faults, "spec"), change->type, "spec", change->object,
		       change->old);
}

const struct kind_rules kind_resource_claim_template = {
	.group = "resource.k8s.io",
	.kind = "ResourceClaimTemplate",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.returns_deleted = true,
	.validate_create = validate_create,
	.validate_update = validate_update,
};
