#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/object/record.h"
#include "datastore/schema/storage.h"
#include "datastore/schema/type.h"

/*
 * The CSIDriver: what a driver of volumes can do, and wants (upstream: apis/storage/validation, validateCSIDriverSpec).
 */

#define TOKEN_SECONDS_MIN 600
#define TOKEN_SECONDS_MAX (1LL << 32)
#define PERIOD_SECONDS_MIN 10

static const struct storage_csi_driver_spec *spec_of(const void *object)
{
	return ((const struct storage_csi_driver *)object)->spec;
}

/* A first generation is not counted, as upstream does not. */
static void prepare_update(struct kind_change *change)
{
	struct meta_object_meta *meta = ((struct storage_csi_driver *)change->object)->metadata;

	if (!record_equal(&storage_csi_driver_spec_type, spec_of(change->object),
			  spec_of(change->old)))
		SET(meta, generation, meta->generation + 1);
}

static void check_tokens(const struct path *at, struct storage_token_request_list tokens)
{
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < tokens.len; i++) {
		const struct storage_token_request *token = &tokens.at[i];
		const struct path *seconds = PATH(PATH_AT(at, i), "expirationSeconds");

		if (!seen_add(&seen, token->audience)) {
			path_duplicate(PATH(PATH_AT(at, i), "audience"), token->audience);
			continue;
		}
		if (token->has.expiration_seconds && token->expiration_seconds < TOKEN_SECONDS_MIN)
			path_invalid_number(seconds, token->expiration_seconds,
					    "may not specify a duration less than 10 minutes");
		if (token->has.expiration_seconds && token->expiration_seconds > TOKEN_SECONDS_MAX)
			path_invalid_number(seconds, token->expiration_seconds,
					    "may not specify a duration larger than 2^32 seconds");
	}
}

static void check_modes(const struct path *at, struct str_list modes)
{
	for (uint32_t i = 0; i < modes.len; i++)
		if (!str_is(modes.at[i], "Persistent") && !str_is(modes.at[i], "Ephemeral"))
			path_not_supported(at, modes.at[i], "\"Persistent\", \"Ephemeral\"");
}

static void check(struct kind_change *change)
{
	const struct storage_csi_driver_spec *spec = spec_of(change->object);
	const struct path *at = PATH_ROOT(change->faults, "spec");

	if (spec->fs_group_policy.at != NULL)
		rule_one_of(PATH(at, "fsGroupPolicy"), spec->fs_group_policy,
			    &storage_fs_group_policy_values);
	check_tokens(PATH(at, "tokenRequests"), spec->token_requests);
	check_modes(PATH(at, "volumeLifecycleModes"), spec->volume_lifecycle_modes);
	if (spec->has.node_allocatable_update_period_seconds &&
	    spec->node_allocatable_update_period_seconds < PERIOD_SECONDS_MIN)
		path_invalid_number(PATH(at, "nodeAllocatableUpdatePeriodSeconds"),
				    spec->node_allocatable_update_period_seconds,
				    "must be greater than or equal to 10 seconds");
	if (spec->has.service_account_token_in_secrets && spec->token_requests.len == 0)
		path_fault(
		    PATH(at, "serviceAccountTokenInSecrets"), FAULT_INVALID,
		    spec->service_account_token_in_secrets ? STR("true") : STR("false"),
		    "serviceAccountTokenInSecrets is set but no tokenRequests are specified");
}

static void warn_of_tokens(struct kind_change *change)
{
	const struct storage_csi_driver_spec *spec = spec_of(change->object);

	if (spec->token_requests.len > 0 && !spec->has.service_account_token_in_secrets)
		kind_warn(change,
			  "spec.serviceAccountTokenInSecrets is unset; if supported by this "
			  "CSI driver, set to true to prevent possible logging of tokens in "
			  "volume attributes");
}

static void validate_create(struct kind_change *change)
{
	check(change);
	warn_of_tokens(change);
}

/* The path of attachRequired is upstream's, misspelt. */
static void validate_update(struct kind_change *change)
{
	const struct path *at = PATH_ROOT(change->faults, "spec");
	const struct type *type = &storage_csi_driver_spec_type;

	check(change);
	rule_unchanged(PATH(at, "attachedRequired"), type, "attachRequired",
		       spec_of(change->object), spec_of(change->old));
	rule_unchanged(PATH(at, "volumeLifecycleModes"), type, "volumeLifecycleModes",
		       spec_of(change->object), spec_of(change->old));
	if (!record_equal_field(type_field(type, STR("tokenRequests")), spec_of(change->object),
				spec_of(change->old)))
		warn_of_tokens(change);
}

const struct kind_rules kind_csi_driver = {
	.group = "storage.k8s.io",
	.kind = "CSIDriver",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.needs_resource_version = true,
	.returns_deleted = true,
	.prepare_update = prepare_update,
	.validate_create = validate_create,
	.validate_update = validate_update,
};
