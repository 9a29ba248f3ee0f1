#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/rbac.h"

/* ---- Role and ClusterRole ------------------------------------------------------------------------------------------ */

#define RULE(members) "{'rules':[{" members "}]}"

static const char role[] =
    "{'metadata':{'name':'r'},'rules':[{'apiGroups':[''],'resources':['pods'],"
    "'verbs':['get']}]}";

static const struct kind_case role_cases[] = {
	{ NULL, "" },
	{ "{'rules':null}", "" },
	{ "{'metadata':{'name':'system:Upper'}}", "" },
	{ "{'metadata':{'name':'a/b'}}",
	  "metadata.name: Invalid value: \"a/b\": may not contain '/'" },
	{ RULE("'apiGroups':[''],'resources':['pods'],'verbs':[]"),
	  "rules[0].verbs: Required value" },
	{ RULE("'verbs':['get']"),
	  "rules[0].apiGroups: Required value: resource rules must supply at least one api group\n"
	  "rules[0].resources: Required value: resource rules must supply at least one resource" },
	{ RULE("'verbs':['get'],'nonResourceURLs':['/x'],'resources':['pods']"),
	  "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to "
	  "non-resource URLs\n"
	  "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: rules cannot apply to both regular "
	  "resources and non-resource URLs" },
};

TEST(a_role_says_verbs_groups_and_resources)
{
	KIND_CREATES(&rbac_role_type, role, role_cases);
}

#define GATHERING(selectors) "{'aggregationRule':{'clusterRoleSelectors':[" selectors "]}}"

static const struct kind_case cluster_role_cases[] = {
	{ NULL, "" },
	{ RULE("'verbs':['get'],'nonResourceURLs':['/x']"), "" },
	{ RULE("'verbs':['get'],'nonResourceURLs':['/x'],'resourceNames':['n']"),
	  "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: rules cannot apply to both regular "
	  "resources and non-resource URLs" },
	{ GATHERING("{'matchLabels':{'a':'b'}}"), "" },
	{ GATHERING(""), "aggregationRule.clusterRoleSelectors: Required value: at least one "
			 "clusterRoleSelector required if aggregationRule is non-nil" },
	{ GATHERING("{'matchExpressions':[{'key':'a','operator':'In'}]}"),
	  "aggregationRule.clusterRoleSelectors[0].matchExpressions[0].values: Required value: "
	  "must be specified when `operator` is 'In' or 'NotIn'" },
};

TEST(a_cluster_role_may_speak_of_paths_and_gather_others)
{
	KIND_CREATES(&rbac_cluster_role_type, role, cluster_role_cases);
}

static const struct kind_case bad_selector_cases[] = {
	{ "{'metadata':{'labels':{'a':'b'}}}", "" },
	{ "{'aggregationRule':null}", "" },
};

TEST(a_bad_value_that_is_stored_may_stay)
{
	KIND_UPDATES(&rbac_cluster_role_type, "",
		     "{'metadata':{'name':'r'},'aggregationRule':{'clusterRoleSelectors':[{"
		     "'matchExpressions':[{'key':'a','operator':'In','values':['-']}]}]}}",
		     bad_selector_cases);
}

/* ---- bindings --------------------------------------------------------------------------------------------------------- */

#define BINDING_OF(kind)                                                                           \
	"{'metadata':{'name':'b'},'roleRef':{'apiGroup':'rbac.authorization.k8s.io','kind':'" kind \
	"','name':'r'},'subjects':[{'kind':'User','name':'u','apiGroup':'rbac.authorization.k8s."  \
	"io'"                                                                                      \
	"}]}"
#define SUBJECT(members) "{'subjects':[{" members "}]}"
#define ROLE(members) "{'roleRef':{" members "}}"

static const struct kind_case binding_cases[] = {
	{ NULL, "" },
	{ "{'subjects':null}", "" },
	{ ROLE("'kind':'ClusterRole'"), "" },
	{ ROLE("'kind':'Pod','apiGroup':'x'"),
	  "roleRef.apiGroup: Unsupported value: \"x\": supported values: "
	  "\"rbac.authorization.k8s.io\"\n"
	  "roleRef.kind: Unsupported value: \"Pod\": supported values: \"Role\", \"ClusterRole\"" },
	{ ROLE("'name':''"), "roleRef.name: Required value" },
	{ ROLE("'name':'..'"), "roleRef.name: Invalid value: \"..\": may not be '..'" },
	{ SUBJECT("'kind':'User','name':'','apiGroup':'rbac.authorization.k8s.io'"),
	  "subjects[0].name: Required value" },
	{ SUBJECT("'kind':'Group','name':'g','apiGroup':'x'"),
	  "subjects[0].apiGroup: Unsupported value: \"x\": supported values: "
	  "\"rbac.authorization.k8s.io\"" },
	{ SUBJECT("'kind':'Cat','name':'c'"),
	  "subjects[0].kind: Unsupported value: \"Cat\": supported values: \"ServiceAccount\", "
	  "\"User\", \"Group\"" },
	{ SUBJECT("'kind':'ServiceAccount','name':'a'"), "" },
	{ SUBJECT("'kind':'ServiceAccount','name':'A','apiGroup':'x'"),
	  "subjects[0].name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of "
	  "lower case alphanumeric characters, '-' or '.', and must start and end with an "
	  "alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "subjects[0].apiGroup: Unsupported value: \"x\": supported values: \"\"" },
};

TEST(a_binding_names_a_role_and_subjects)
{
	KIND_CREATES(&rbac_role_binding_type, BINDING_OF("Role"), binding_cases);
}

static const struct kind_case cluster_binding_cases[] = {
	{ NULL, "" },
	{ ROLE("'kind':'Role'"),
	  "roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"" },
	{ SUBJECT("'kind':'ServiceAccount','name':'a'"), "subjects[0].namespace: Required value" },
	{ SUBJECT("'kind':'ServiceAccount','name':'a','namespace':'n'"), "" },
};

TEST(a_cluster_binding_names_a_cluster_role)
{
	KIND_CREATES(&rbac_cluster_role_binding_type, BINDING_OF("ClusterRole"),
		     cluster_binding_cases);
}

#define FIXED                                                                           \
	"roleRef: Invalid value: {\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":" \
	"\"ClusterRole\",\"name\":\"other\"}: field is immutable"

static const struct kind_case fixed_cases[] = {
	{ SUBJECT("'kind':'User','name':'v','apiGroup':'rbac.authorization.k8s.io'"), "" },
	{ ROLE("'name':'other'"), FIXED },
};

TEST(what_a_binding_grants_stays)
{
	KIND_UPDATES(&rbac_role_binding_type, "", BINDING_OF("ClusterRole"), fixed_cases);
	KIND_UPDATES(&rbac_cluster_role_binding_type, "", BINDING_OF("ClusterRole"), fixed_cases);
}
