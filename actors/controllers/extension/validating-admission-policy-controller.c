/*
 * Status of ValidatingAdmissionPolicies: what their expressions would say to the kinds that they are for. Once for every generation, as upstream: a
 * definition that comes later changes nothing.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controller/world.h"
#include "actors/controllers/controllers.h"
#include "datastore/custom/policy/type-check.h"
#include "datastore/schema/admissionregistration.h"
#include "datastore/schema/apiextensions.h"

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct admissionregistration_validating_admission_policy *policy =
	    world_get(world, key, admissionregistration_validating_admission_policy);
	struct admissionregistration_validating_admission_policy_status *status;
	struct records definitions;
	uint64_t revision;

	if (policy == NULL || (policy->status != NULL &&
			       policy->metadata->generation <= policy->status->observed_generation))
		return OK;
	if (str_to_u64(policy->metadata->resource_version, &revision) != OK ||
	    !plan_has_seen(plan, world, &apiextensions_custom_resource_definition_type, revision))
		return OK; /* a definition that came before the policy counts */
	definitions = world_list(world, STR_NONE, apiextensions_custom_resource_definition);
	status = MAKE(
	    plan_status(plan, policy, admissionregistration_validating_admission_policy)->status,
	    plan_arena(plan));
	SET(status, observed_generation, policy->metadata->generation);
	status->type_checking =
	    arena_new_of(plan_arena(plan), struct admissionregistration_type_checking);
	status->type_checking->expression_warnings = type_check(
	    policy->spec, (struct type_check_definitions){ definitions.at, definitions.len },
	    plan_arena(plan));
	return OK;
}

const struct controller validating_admission_policy_controller = {
	.name = "validatingadmissionpolicy-status",
	.account = "validatingadmissionpolicy-status-controller",
	.reconciles = &admissionregistration_validating_admission_policy_type,
	.reads = { &apiextensions_custom_resource_definition_type },
	.reconcile = reconcile,
};
