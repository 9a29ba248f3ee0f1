#include "actors/controllers/controllers.h"
#include "tests/unit/actors/controllers/scene.h"

TEST(a_policy_says_what_is_wrong_with_its_types_once_a_generation)
{
	static const char plan[] =
	    "update status of admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy p\n"
	    "  status.observedGeneration: - -> 1\n"
	    "  status.typeChecking.expressionWarnings[0].fieldRef: - -> "
	    "spec.validations[0].expression\n"
	    "  status.typeChecking.expressionWarnings[0].warning: - -> /v1, Kind=Pod: ERROR: "
	    "<input>:1:12: undefined field 'sort'\n | object.spec.sort == 1\n | ...........^\n\n";
	struct scene scene = scene_open();

	scene_add(
	    &scene,
	    "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, "
	    "metadata: {name: p}, spec: {matchConstraints: {resourceRules: [{apiGroups: [''], "
	    "apiVersions: [v1], operations: ['*'], resources: [pods]}]}, validations: "
	    "[{expression: object.spec.sort == 1}]}}");
	scene.lag = 1;
	CHECK_PLAN(&scene, &validating_admission_policy_controller, "/p",
		   "await CustomResourceDefinition 101\n");
	scene.lag = 0;
	CHECK_PLAN(&scene, &validating_admission_policy_controller, "/p", plan);
	scene_apply(&scene, scene_reconcile(&scene, &validating_admission_policy_controller, "/p"));
	CHECK_PLAN(&scene, &validating_admission_policy_controller, "/p", "");
}
