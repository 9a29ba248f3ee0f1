#include "tests/unit/actors/server/access/alice.h"

#define POLICIES "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
#define BINDINGS "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
#define MUTATING "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings"
#define CLAIMS "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims"
#define ALICE "&{alice  [system:authenticated] map[]}"

/* Alice may write policies, their bindings and claims, and what else `rule` says. */
static struct rig *open_with_alice(const char *rule)
{
	return alice_open(rig_printf("{'apiGroups':['admissionregistration.k8s.io'],'resources':["
				     "'*'],'verbs':['*']},{'apiGroups':['resource.k8s.io'],"
				     "'resources':['resourceclaims','resourceclaims/status'],"
				     "'verbs':['*']}%s",
				     rule)
			      .at);
}

#define POLICY(name, kind)                                                                     \
	"{'metadata':{'name':'" name "'},'spec':{'paramKind':{'apiVersion':'v1','kind':'" kind \
	"'},'matchConstraints':{'resourceRules':[{'apiGroups':[''],'apiVersions':['v1'],"      \
	"'operations':['CREATE'],'resources':['pods']}]},'validations':[{'expression':'true'}]}}"
#define BINDING(policy, which)                                                          \
	"{'metadata':{'name':'b'},'spec':{'policyName':'" policy "','paramRef':{" which \
	",'parameterNotFoundAction':'Deny'}}}"
#define ACTS ",'validationActions':['Deny']}}"
#define VALIDATING(policy, which)                                                       \
	"{'metadata':{'name':'b'},'spec':{'policyName':'" policy "','paramRef':{" which \
	",'parameterNotFoundAction':'Deny'}" ACTS

TEST(who_writes_a_policy_may_read_its_parameters)
{
	struct rig *rig = open_with_alice("");

	CHECK_FAILURE(
	    rig_as(rig, "alice", "POST", POLICIES, POLICY("p", "ConfigMap")), 422, "Invalid",
	    "ValidatingAdmissionPolicy.admissionregistration.k8s.io \"p\" is invalid: "
	    "spec.paramKind: Forbidden: user " ALICE " must have \"get\" permission on all "
	    "objects of the referenced paramKind (kind=ConfigMap, apiVersion=v1)");
	/* What is wrong with the policy is said first, and alone. */
	CHECK(str_find(rig_as(rig, "alice", "POST", POLICIES, POLICY("p", "")).body,
		       STR("spec.paramKind.kind: Required value\"")) >= 0);
	CHECK_CODE(rig_as(rig, NULL, "POST", POLICIES, POLICY("p", "ConfigMap")), 201);
	/* What was there before is nothing new. */
	CHECK_CODE(
	    rig_as(rig, "alice", "PATCH", POLICIES "/p", "{'metadata':{'labels':{'a':'b'}}}"), 200);
	CHECK_CODE(rig_as(rig, "alice", "PATCH", POLICIES "/p",
			  "{'spec':{'paramKind':{'kind':'Secret'}}}"),
		   422);
	rig_close(rig);
}

TEST(who_may_read_all_of_a_kind_may_make_it_parameters)
{
	struct rig *rig =
	    open_with_alice(",{'apiGroups':[''],'resources':['configmaps'],'verbs':['get']}");

	CHECK_CODE(rig_as(rig, "alice", "POST", POLICIES, POLICY("p", "ConfigMap")), 201);
	/* A kind that nobody knows here could be any. */
	CHECK_CODE(rig_as(rig, "alice", "POST", POLICIES, POLICY("q", "Nothing")), 422);
	CHECK_CODE(rig_as(rig, "alice", "POST", BINDINGS, VALIDATING("p", "'name':'c'")), 201);
	CHECK_FAILURE(
	    rig_as(rig, "alice", "PATCH", BINDINGS "/b",
		   "{'spec':{'paramRef':{'name':null,'selector':{}}}}"),
	    422, "Invalid",
	    "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io \"b\" is invalid: "
	    "spec.paramRef: Forbidden: user " ALICE
	    " does not have \"list\" permission on the object "
	    "referenced by paramRef");
	CHECK_FAILURE(
	    rig_as(rig, "alice", "POST", BINDINGS, VALIDATING("none", "'name':'c'")), 422, "Invalid",
	    "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io \"b\" is invalid: "
	    "spec.paramRef: Forbidden: unable to get policy none to determine minimum required "
	    "permissions and user " ALICE
	    " does not have \"get\" permission for all groups, versions "
	    "and resources");
	CHECK_CODE(rig_as(rig, "alice", "POST", MUTATING, BINDING("none", "'name':'c'")), 422);
	CHECK_CODE(rig_as(rig, NULL, "POST", MUTATING, BINDING("none", "'name':'c'")), 201);
	rig_close(rig);
}

/* ---- claims of devices ------------------------------------------------------------------------------------------ */

#define CLAIM                                                                             \
	"{'metadata':{'name':'c'},'spec':{'devices':{'requests':[{'name':'r','exactly':{" \
	"'deviceClassName':'x'}}]}}}"
#define GIVEN                                                                                      \
	"{'status':{'allocation':{'devices':{'results':[{'request':'r','driver':'a.io','pool':'p'" \
	","                                                                                        \
	"'device':'d'}]}}}}"
#define SAID "{'status':{'devices':[{'driver':'a.io','pool':'p','device':'d'}]}}"

TEST(who_gives_devices_has_a_right_of_his_own)
{
	struct rig *rig = open_with_alice("");

	CHECK_CODE(rig_as(rig, "alice", "POST", CLAIMS, CLAIM), 201);
	CHECK_FAILURE(
	    rig_as(rig, "alice", "PATCH", CLAIMS "/c/status", GIVEN), 422, "Invalid",
	    "ResourceClaim.resource.k8s.io \"c\" is invalid: status.allocation: Forbidden: "
	    "changing "
	    "status.allocation or status.reservedFor requires resource=\"resourceclaims/binding\", "
	    "verb=\"patch\" permission: resourceclaims.resource.k8s.io \"\" is forbidden: User "
	    "\"alice\" cannot patch resource \"resourceclaims/binding\" in API group "
	    "\"resource.k8s.io\" at the cluster scope");
	CHECK_CODE(rig_as(rig, NULL, "PATCH", CLAIMS "/c/status", GIVEN), 200);
	CHECK_FAILURE(
	    rig_as(rig, "alice", "PATCH", CLAIMS "/c/status", SAID), 422, "Invalid",
	    "ResourceClaim.resource.k8s.io \"c\" is invalid: status.devices: Forbidden: changing "
	    "status.devices requires resource=\"resourceclaims/driver\", "
	    "verb=\"[arbitrary-node:patch]\" permission: resourceclaims.resource.k8s.io \"a.io\" "
	    "is "
	    "forbidden: User \"alice\" cannot arbitrary-node:patch resource "
	    "\"resourceclaims/driver\" "
	    "in API group \"resource.k8s.io\" in the namespace \"default\"");
	rig_close(rig);
}

TEST(a_driver_speaks_of_its_own_devices)
{
	struct rig *rig = open_with_alice(
	    ",{'apiGroups':['resource.k8s.io'],'resources':['resourceclaims/driver'],'verbs':["
	    "'arbitrary-node:patch'],'resourceNames':['a.io']}");

	CHECK_CODE(rig_as(rig, NULL, "POST", CLAIMS, CLAIM), 201);
	CHECK_CODE(rig_as(rig, NULL, "PATCH", CLAIMS "/c/status", GIVEN), 200);
	CHECK_CODE(rig_as(rig, "alice", "PATCH", CLAIMS "/c/status", SAID), 200);
	rig_close(rig);
}
